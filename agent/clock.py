"""The only module that reads wall time. Everything else is given instants (T2)."""

import time
from typing import NamedTuple, Protocol


class Clock(Protocol):
    """What the shell may ask the machine: a monotonic and a wall clock, and which boot of the machine this is."""

    def monotonic_ns(self) -> int: ...
    def wall_us(self) -> int: ...
    def boot_id(self) -> str: ...


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


class Anchor(NamedTuple):
    """One instant on both clocks: the wall time of every reading of a run follows from it (T2)."""

    monotonic_ns: int
    wall_us: int

    def us(self, monotonic_ns: int) -> int:
        """Wall time in microseconds UTC of a monotonic instant of the same run."""
        return self.wall_us + (monotonic_ns - self.monotonic_ns) // 1000

    def drift_us(self, other: "Anchor") -> int:
        """How far the wall clock has stepped since this anchor: wall time passed minus monotonic time passed."""
        return other.wall_us - self.us(other.monotonic_ns)


def read_anchor(clock: Clock) -> Anchor:
    """Both clocks at one instant: the monotonic one is read around the wall one and halved."""
    before = clock.monotonic_ns()
    wall = clock.wall_us()
    after = clock.monotonic_ns()
    return Anchor((before + after) // 2, wall)


class RunClock:
    """The time of one run: its first anchor plus the monotonic clock, so that no clock step shifts a duration (T2)."""

    def __init__(self, clock: Clock, anchor: Anchor) -> None:
        self.clock = clock
        self.anchor = anchor

    def monotonic_ns(self) -> int:
        """The monotonic clock."""
        return self.clock.monotonic_ns()

    def us(self, monotonic_ns: int) -> int:
        """Wall time of a monotonic instant of this run."""
        return self.anchor.us(monotonic_ns)

    def now_us(self) -> int:
        """Wall time now, as this run dates it."""
        return self.anchor.us(self.clock.monotonic_ns())

    def compare(self) -> tuple[Anchor, int]:
        """Both clocks now, and how far the wall clock has stepped since the first anchor."""
        now = read_anchor(self.clock)
        return now, self.anchor.drift_us(now)
