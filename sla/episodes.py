"""What an outage is part of: a fault of its own, one above it, or a planned outage (F6, A7, M4)."""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple

from sla.model import Window
from sla.outages import Outage


class RootKind(StrEnum):
    """What an episode at the root is."""

    FAULT = "fault"
    OVERRUN = "overrun"  # M4: not restored when its window ended
    RESIDUAL = "residual"  # F6: outlasted the fault of its ancestor
    PLANNED = "planned"  # M4: its onset lies in a counting window


class Root(NamedTuple):
    """What others may be members of. Units: microseconds; end is FOREVER while open."""

    item: str
    start: int
    end: int
    kind: RootKind

    @property
    def id(self) -> str:
        """The fault's id; a planned outage has one of the same form."""
        return fault_id(self.item, self.start)

    def is_fault_of(self, item: str, start: int) -> bool:
        """Whether this is that item's own fault."""
        return self.item == item and self.start == start and self.kind is not RootKind.PLANNED


class Episode(NamedTuple):
    """One piece of an item's outages, and what it belongs to. `window` is the one that planned it."""

    item: str
    start: int
    end: int
    root: Root
    parts: tuple[Outage, ...]
    window: Window | None = None

    @property
    def is_root(self) -> bool:
        """Whether it is its own fault or planned outage."""
        return self.root.item == self.item and self.root.start == self.start

    @property
    def kind(self) -> str:
        """own, planned or upstream (A7)."""
        if not self.is_root:
            return "upstream"
        return "planned" if self.root.kind is RootKind.PLANNED else "own"


_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = [one + other for one in _BASE32 for other in _BASE32]
"""Two characters at a time: a city's year has hundreds of thousands of ids."""

_SHIFTS = (40, 30, 20, 10, 0)


def fault_id(root: str, start: int) -> str:
    """The id of a fault: the same for everybody who reads the same ledger. Units: start in microseconds UTC."""
    bits = int.from_bytes(hashlib.sha256(f"{root}|{start}".encode()).digest()[:7]) >> 6
    return "F-" + "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])


TOLERANCE_US = 180_000_000
"""F6: at least this far apart may the two probes of one cut be."""


def tolerance(parent_interval: int, child_interval: int) -> int:
    """How far apart the readings of one cut may lie (F6). Units: microseconds."""
    return max(2 * parent_interval, 2 * child_interval, TOLERANCE_US)


def covering(episodes: Sequence[Episode], at: int, tol: int) -> Episode | None:
    """The episode in which an item is down for a child that failed at `at`: the last that had begun, else the next.

    Shape: ordered by start; what was planned may lie between two halves of a fault (F5), and nothing else may.
    """
    index = bisect_right(episodes, at, key=_START)
    for place in range(index - 1, -1, -1):
        episode = episodes[place]
        if at < episode.end:
            return episode
        if episode.window is None:
            break
    return None if index == len(episodes) or episodes[index].start - tol > at else episodes[index]


_START = itemgetter(Episode._fields.index("start"))
