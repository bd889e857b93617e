"""What is kept of readings beside their edges: outcomes by month (E6), when a site's target was seen, and as whom (C2).

A kill loses what was seen since the last flush: a unit is less covered for it. That a target answered as somebody, new
on its day, is handed on at the next turn: until it is durable two units that share it would both be covered.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

from agent.entries import NOTHING_COUNTED, Entry
from agent.stores.base import Counted
from agent.stores.identifying import DayMet
from agent.stores.sighting import DaySeen
from sla.model import Outcome

SEEN_EVERY = 10
"""Every so many flushes what was seen is handed on too: a row a target and day, written again and again."""

PORTION = 250
"""Rows that are handed on in one turn."""

_Row = TypeVar("_Row")
_Held = list[int | None]
"""First ok, last ok, first failed, last failed."""

_Met = tuple[int, int, str]
"""Day, component, identity."""


class Keeper(Protocol):
    """Takes what is to be written."""

    def count(self, counted: Counted) -> None: ...
    def sightings(self, rows: Sequence[DaySeen]) -> None: ...
    def identities(self, rows: Sequence[DayMet]) -> None: ...


class Tallies:
    """Shape: `month_of` gives yyyymm of an instant, `day_of` the ordinal of its day, both in the agent's zone."""

    def __init__(self, keeper: Keeper, month_of: Callable[[int], int], day_of: Callable[[int], int]) -> None:
        self._keeper = keeper
        self._month_of = month_of
        self._day_of = day_of
        self._counted: set[Entry] = set()
        self._seen: dict[int, dict[int, _Held]] = {}  # by day and component
        self._met: dict[_Met, tuple[int, int]] = {}
        self._told: set[_Met] = set()
        self._told_day = 0
        self._leaving: list[Entry] = []
        self._seen_leaving: list[tuple[int, int, _Held]] = []
        self._met_leaving: list[DayMet] = []
        self._flushes = 0

    def take(self, entry: Entry, outcome: Outcome, at: int) -> None:
        """A reading whose probe began at an instant."""
        month = self._month_of(at)
        if entry.month != month:
            self.let_go(entry)
            entry.month = month
        entry.counted = _more(entry.counted, outcome, 1)
        self._counted.add(entry)
        if entry.watched.site and outcome is not Outcome.ERROR and not entry.component.part:
            self._see(entry.component.id, outcome, at)

    def take_many(self, entry: Entry, outcome: Outcome, first: int, last: int, readings: int) -> None:
        """So many readings alike, all of one day of the zone, as `take` would have taken each."""
        self.take(entry, outcome, first)
        if readings > 1:
            entry.counted = _more(entry.counted, outcome, readings - 2)
            self.take(entry, outcome, last)

    def recognise(self, entry: Entry, identity: str, at: int) -> None:
        """Who answered a probe that began at an instant, whatever the answer was worth; no more of them than probes."""
        if entry.watched.site and not entry.component.part:
            key = (self._day_of(at), entry.component.id, identity)
            first, last = self._met.get(key, (at, at))
            self._met[key] = (min(first, at), max(last, at))
            if key not in self._told:
                self._tell_new(key, at)

    def flush(self, *, all_of_it: bool = False) -> None:
        """Begin to hand the counts to the next commits; now and then, or for `all_of_it`, what was seen too.

        A turn hands on PORTION rows, the rest follows with `go_on`: one pass over 43 000 would hold the loop for 0.1 s.
        """
        self._leaving += self._counted
        self._counted.clear()
        self._flushes += 1
        if all_of_it or self._flushes % SEEN_EVERY == 0:
            for day, of_day in self._seen.items():
                self._seen_leaving += [(day, component, held) for component, held in of_day.items()]
            self._met_leaving += (DayMet(*key, *held) for key, held in self._met.items())
            self._seen, self._met = {}, {}
        whole = max(len(self._leaving), len(self._seen_leaving), len(self._met_leaving))
        self.go_on(whole if all_of_it else PORTION)

    def go_on(self, most: int = PORTION) -> None:
        """Hand on so many more of what a flush began."""
        for entry in _taken(self._leaving, most):
            self.let_go(entry)
        rows = _taken(self._seen_leaving, most)
        if rows:
            self._keeper.sightings([DaySeen(day, component, *held) for day, component, held in rows])
        if self._met_leaving:
            self._keeper.identities(_taken(self._met_leaving, most))

    def let_go(self, entry: Entry) -> None:
        """Hand on what was counted of one."""
        if any(entry.counted):
            self._keeper.count(Counted(entry.component.id, entry.month, *entry.counted))
            entry.counted = NOTHING_COUNTED

    def _tell_new(self, key: _Met, at: int) -> None:
        """It is handed on with the next turn; what was told of a day before the last is forgotten."""
        if key[0] > self._told_day:
            self._told_day = key[0]
            self._told = {each for each in self._told if each[0] == key[0] - 1}
        self._told.add(key)
        self._met_leaving.append(DayMet(*key, at, at))

    def _see(self, component: int, outcome: Outcome, at: int) -> None:
        of_day = self._seen.setdefault(self._day_of(at), {})
        held = of_day.get(component)
        if held is None:
            held = of_day[component] = [None, None, None, None]
        place = 0 if outcome is Outcome.OK else 2
        first, last = held[place], held[place + 1]
        held[place] = at if first is None or at < first else first
        held[place + 1] = at if last is None or at > last else last


def _taken(waiting: list[_Row], most: int) -> list[_Row]:
    """The first so many, which leave the list."""
    taken = waiting[:most]
    del waiting[:most]
    return taken


@lru_cache(maxsize=4096)
def _more(counted: tuple[int, int, int], outcome: Outcome, readings: int) -> tuple[int, int, int]:
    """So many more of an outcome; one tuple for the thousands that were read as often."""
    counts = list(counted)
    counts[outcome - 1] += readings
    ok, failed, error = counts
    return ok, failed, error
