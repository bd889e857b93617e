"""Faults counted one by one, so that one more or one less costs no new look at all the others (F4, F9, F11)."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from heapq import merge
from typing import NamedTuple

from sla.faults import Fault, Outcome
from sla.model import Window
from sla.rate import Gap, Rate, rate_of

SHORT_US = 300_000_000
"""A fault shorter than this is left out of one of the rates beside the headline."""

PORTION = 2_000
"""So many places are sorted at a time: about 2 ms."""

GRAVE = ("P1", "P2", "P3")

ALL = ("", "")
GRAVE_ONLY = ("priority", "P1-P3")
NOT_SHORT = ("without faults shorter than", "5 min")
NO_OVERRUNS = ("without", "overruns")
EVIDENCE = "evidence"

Group = tuple[str, str]
"""Which faults a rate is over: the name of what tells them apart, and its value."""


class Place(NamedTuple):
    """Where a fault stands in lists: by its start and root; quality faults and what the desk alone knows behind."""

    order: tuple[int, int, str, int]
    id: str


class Tally:
    """All that the rate of a plan's row and those beside it ask of its faults."""

    def __init__(self) -> None:
        self._counts: defaultdict[Group, Counter[Outcome]] = defaultdict(Counter)
        self._undecided: dict[Group, dict[Hashable, Fault]] = {}
        self._lists: dict[Outcome, list[Place]] = {each: [] for each in Outcome if each is not Outcome.IN_TIME}
        self._unsorted: set[Outcome] = set()

    def add(self, fault: Fault, place: Place) -> None:
        """Count it. `place` must be another one than that of every fault that is counted."""
        for group in groups(fault):
            self._counts[group][fault.outcome] += 1
            if fault.outcome is Outcome.UNDECIDED:
                self._undecided.setdefault(group, {})[place] = fault
        if fault.outcome in self._lists:
            self._lists[fault.outcome].append(place)
            self._unsorted.add(fault.outcome)

    def remove(self, fault: Fault, place: Place) -> None:
        """Count it no more. Errors: KeyError for one that is not counted as it is."""
        for group in groups(fault):
            counts = self._counts[group]
            counts[fault.outcome] -= 1
            if not counts.total():
                del self._counts[group]
            if fault.outcome is Outcome.UNDECIDED:
                del self._undecided[group][place]
        if fault.outcome in self._lists:
            found = self._in_order(fault.outcome)
            del found[bisect_left(found, place)]

    def rate(
        self, group: Group, period: Window, gaps: Sequence[Gap], wanted: tuple[tuple[int, int], bool] | None
    ) -> Rate:
        """The rate over a group. `wanted` is the target as a ratio, and whether it is strict."""
        undecided = list(self._undecided.get(group, {}).values())
        return rate_of(self._counts.get(group, Counter()), undecided, period, gaps, wanted)

    def evidence(self) -> Iterator[Group]:
        """The groups by evidence that there are, in order."""
        return iter(sorted(group for group in self._counts if group[0] == EVIDENCE))

    def listed(self, outcome: Outcome) -> list[str]:
        """The ids of the faults of an outcome other than in time, by start and root."""
        return [place.id for place in self._in_order(outcome)]

    def _in_order(self, outcome: Outcome) -> list[Place]:
        """Put in order when it is asked for: most of it is, and a city's year comes all at once."""
        if outcome in self._unsorted:
            self._lists[outcome] = _sorted(self._lists[outcome])
            self._unsorted.discard(outcome)
        return self._lists[outcome]


def _sorted(places: Sequence[Place]) -> list[Place]:
    """In portions: one sort of a city's year would keep the interpreter from every other thread."""
    portions = (sorted(places[start : start + PORTION]) for start in range(0, len(places), PORTION))
    return list(merge(*portions))


def groups(fault: Fault) -> Iterator[Group]:
    """The groups that a fault is counted in."""
    yield ALL
    if str(fault.priority) in GRAVE:
        yield GRAVE_ONLY
    yield EVIDENCE, str(fault.source)
    if not is_short(fault):
        yield NOT_SHORT
    if not fault.overrun:
        yield NO_OVERRUNS


def is_short(fault: Fault) -> bool:
    """Certainly shorter: even its longest reading is."""
    earliest = fault.onset[0]
    if fault.restored is None or earliest is None:
        return False
    return fault.restored[1] - min(earliest, fault.start) < SHORT_US
