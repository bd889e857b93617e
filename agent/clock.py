"""The only module that reads wall time. Everything else is given instants (T2)."""

import ctypes
import time
from functools import cache
from typing import NamedTuple, Protocol

ATTEMPTS = 3
"""Readings of both clocks at one instant: the closest counts, as a process put aside in between would see a step."""

TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""

_STA_UNSYNC = 0x0040


class Clock(Protocol):
    """What the shell may ask the machine of its clocks; `synchronised` is None where the kernel does not say."""

    def monotonic_ns(self) -> int: ...
    def wall_us(self) -> int: ...
    def boot_id(self) -> str: ...
    def synchronised(self) -> bool | None: ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def wall_us(self) -> int:
        return time.time_ns() // 1000

    def boot_id(self) -> str:
        """The kernel's id of this boot; empty where there is none to read."""
        try:
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
                return file.read().strip()
        except OSError:
            return ""

    def synchronised(self) -> bool | None:
        """Whether the kernel calls its clock synchronised; None if it does not say."""
        state = kernel_clock_state()
        return None if state is None else state != TIME_ERROR


class _Timex(ctypes.Structure):
    """The head of struct timex, and room for the rest of it. All zero asks and sets nothing."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    )


def kernel_clock_state() -> int | None:
    """What the kernel says of its clock by adjtimex(2), which needs no privilege to ask; None if it does not say."""
    state, asked = _asked()
    if state < 0:
        return None
    return TIME_ERROR if asked.status & _STA_UNSYNC else state


def kernel_clock_error_us() -> int | None:
    """How far off the kernel holds its clock to be at most, in microseconds; it grows while no source is heard."""
    state, asked = _asked()
    return None if state < 0 else int(asked.maxerror)


def _asked() -> tuple[int, _Timex]:
    asked = _Timex()
    try:
        return int(_c_library().adjtimex(ctypes.byref(asked))), asked
    except (OSError, AttributeError):
        return -1, asked


@cache
def _c_library() -> ctypes.CDLL:
    """Opened once: each opening leaves a class behind."""
    return ctypes.CDLL(None, use_errno=True)


class Anchor(NamedTuple):
    """One instant on both clocks: the wall time of every reading of a run follows from it (T2)."""

    monotonic_ns: int
    wall_us: int

    def us(self, monotonic_ns: int) -> int:
        """Wall time in microseconds UTC of a monotonic instant of the same boot."""
        return self.wall_us + (monotonic_ns - self.monotonic_ns) // 1000

    def drift_us(self, other: "Anchor") -> int:
        """How far the wall clock has stepped since this anchor: wall time passed minus monotonic time passed."""
        return other.wall_us - self.us(other.monotonic_ns)


def read_anchor(clock: Clock) -> Anchor:
    """Both clocks at one instant: the monotonic one is read around the wall one and halved."""
    return min(_read(clock) for _ in range(ATTEMPTS))[1]


def _read(clock: Clock) -> tuple[int, Anchor]:
    before = clock.monotonic_ns()
    wall = clock.wall_us()
    after = clock.monotonic_ns()
    return after - before, Anchor((before + after) // 2, wall)


class RunClock:
    """The time of one run: an anchor plus the monotonic clock, so that no clock step shifts a duration (T2).

    `anchor` is the first one until the run goes over to another (T4); what was before stays dated as it was.
    """

    def __init__(self, clock: Clock, anchor: Anchor) -> None:
        self.clock = clock
        self.anchor = anchor
        self._earlier: list[Anchor] = []
        self._since_ns = anchor.monotonic_ns

    def monotonic_ns(self) -> int:
        """The monotonic clock."""
        return self.clock.monotonic_ns()

    def us(self, monotonic_ns: int) -> int:
        """Wall time of a monotonic instant of this run."""
        if monotonic_ns >= self._since_ns or not self._earlier:
            return self.anchor.us(monotonic_ns)
        return next((a for a in reversed(self._earlier) if a.monotonic_ns <= monotonic_ns), self._earlier[0]).us(
            monotonic_ns
        )

    def now_us(self) -> int:
        """Wall time now, as this run dates it."""
        return self.us(self.clock.monotonic_ns())

    def compare(self) -> tuple[Anchor, int]:
        """Both clocks now, and how far the wall clock is ahead of this run's dating."""
        now = read_anchor(self.clock)
        return now, self.anchor.drift_us(now)

    def go_over(self, anchor: Anchor) -> None:
        """Date by another anchor from its instant on. Errors: ValueError if that would date anything twice."""
        if anchor.wall_us < self.us(anchor.monotonic_ns):
            raise ValueError(f"{anchor} lies before what this run has dated already, {self.us(anchor.monotonic_ns)}")
        self._earlier.append(self.anchor)
        self.anchor, self._since_ns = anchor, anchor.monotonic_ns
