"""The words of the method: states, reasons, readings and edges. Times are integer microseconds UTC (T1)."""

from enum import IntEnum, IntFlag, StrEnum
from typing import NamedTuple


class State(IntEnum):
    """What a component is in at an instant. The numbers are what the ledger stores; they never change."""

    UP = 1
    DEGRADED = 2
    DOWN = 3
    UNKNOWN = 4
    OUT = 5

    @property
    def label(self) -> str:
        """The name used in JSON keys and metric labels."""
        return _LABELS[self]


_LABELS = {
    State.UP: "up",
    State.DEGRADED: "degraded",
    State.DOWN: "down",
    State.UNKNOWN: "unknown",
    State.OUT: "out_of_service",
}


class Outcome(IntEnum):
    """What one reading says (S1). The numbers are what the ledger stores."""

    OK = 1
    FAILED = 2
    ERROR = 3


class Degraded(IntFlag):
    """Why a component that answers is DEGRADED (S4). Reasons may overlap; the bits are what is stored."""

    NONE = 0
    LOSS = 1
    RTT = 2
    JITTER = 4
    SLOW = 8
    CERTIFICATE = 16
    USAGE = 32
    BLIP = 64
    FLAPPING = 128
    REDUNDANCY = 256
    CLOCK_SKEW = 512
    FAMILY = 1024
    PICTURE = 2048
    VANTAGES = 4096
    IMPORTED = 8192
    CONFIRM = 16384
    MEMBER = 32768
    OTHER = 65536


DEGRADED_NAMES: dict[str, Degraded] = {flag.name.lower(): flag for flag in Degraded if flag.name is not None}
"""Names for JSON, metrics and the `over_limit` column of imported readings."""


class Cause(StrEnum):
    """Why the ledger holds an edge; for UNKNOWN, why we do not know."""

    PROBE = "probe"  # readings confirmed it
    NO_READING = "no_reading"  # S2: nothing valid any more
    UNCONFIRMED = "unconfirmed"  # S3: a contrary streak that was never confirmed
    AGENT_DOWN = "agent_down"  # S8: the agent did not run
    ISOLATED = "isolated"  # S6: the vantage was cut off
    WITHDRAWN = "withdrawn"  # the target left the configuration
    NEVER = "never"  # before the first reading or row (A1)
    IMPORTED = "imported"  # stated by an imported file


class Seen(NamedTuple):
    """One reading as the reducer and the evidence keep it: start of the probe, outcome, why, limits broken."""

    at: int
    outcome: Outcome
    reason: str = ""
    over: Degraded = Degraded.NONE


class Edge(NamedTuple):
    """From `at` on the component is in `state`, whatever was said before of any later time (E1).

    Units: at, uncertainty in microseconds; uncertainty None where there was no contrary reading (S5).
    Shape: evidence holds at most EVIDENCE_MAX readings, oldest first (E6).
    """

    at: int
    state: State
    degraded: Degraded
    cause: Cause
    uncertainty: int | None = None
    evidence: tuple[Seen, ...] = ()


EVIDENCE_MAX = 8


class Window(NamedTuple):
    """A half-open interval [start, end) in microseconds UTC (T1)."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Microseconds."""
        return self.end - self.start
