"""What the running agent knows of one target: how to probe it, how to judge it, how it is named in metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zlib import crc32

from collectors.base import Target
from sla.confirm import Rules
from sla.limits import Limit
from sla.model import Window

GRID_NS = 20_000_000
"""What is due within 20 ms starts together: to wake a sleeping processor, with its caches gone cold, costs more than a
probe's own work (ADR 0003). What has come is served between two launches, so it makes no latency longer."""


class Duty(StrEnum):
    """Why it is probed: for its own sake, or as a part of the vantage's check of itself (S6)."""

    TARGET = "target"
    GATEWAY = "gateway"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One target as the agent runs it. Units: microseconds in rules, nanoseconds in *_ns.

    `plane` is the plane whose self-check its failures need, None where they need none (loopback, this host).
    `families` are the IP versions it must answer on where there are several: component and module of each.
    `phase_ns` is where in its interval it is probed: the same at every start, spread by its id.
    """

    target: Target
    kind: str
    module: str
    vantage: str
    rules: Rules
    retry_ns: int
    down_loss: float
    role: str = "node"
    name: str = ""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    site: str = ""
    plane: str | None = None
    confirm: str | None = None
    duty: Duty = Duty.TARGET
    labels: tuple[tuple[str, str], ...] = ()
    service: tuple[Window, ...] = ()
    families: tuple[tuple[str, str], ...] = ()
    parents: tuple[str, ...] = ()
    phase_ns: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        place = crc32(self.id.encode()) * self.interval_ns >> 32
        object.__setattr__(self, "phase_ns", place - place % self.grid_ns)

    @property
    def id(self) -> str:
        """The target's id."""
        return self.target.id

    @property
    def interval_ns(self) -> int:
        """The regular interval."""
        return self.rules.interval * 1000

    @property
    def timeout_ns(self) -> int:
        """The whole probe's timeout."""
        return int(self.target.timeout_seconds * 1e9)

    @property
    def grid_ns(self) -> int:
        """Its turns lie on multiples of this: those of many targets fall together, never many of one interval."""
        return min(GRID_NS, self.interval_ns // 20 or 1)


def modules_of(watched: Watched) -> Iterator[str]:
    """The modules that probe it."""
    yield watched.module
    yield from (module for _, module in watched.families)
    if watched.confirm:
        yield watched.confirm
