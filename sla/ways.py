"""Whether every way to the top ran through something DOWN, and which of it was the highest (F6)."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sla.episodes import Episode, covering, tolerance
from sla.model import State
from sla.timeline import Mark
from sla.topology import Graph, Way


class Blocked(NamedTuple):
    """What is down on the ways of an item: `every` such ancestor, and those that `alone` block every way."""

    is_blocked: bool
    every: frozenset[str]
    alone: frozenset[str]


CLEAR = Blocked(False, frozenset(), frozenset())


class Known(Protocol):
    """What is known of the items above. Shape: `out` has only what ever left service."""

    @property
    def histories(self) -> Mapping[str, Sequence[Mark]]: ...
    @property
    def episodes(self) -> Mapping[str, Sequence[Episode]]: ...
    @property
    def out(self) -> Mapping[str, Sequence[int]]: ...


def highest(graph: Graph, known: Known, item: str, at: int) -> Episode | None:
    """The episode of the ancestor that an outage of `item` from `at` on is put down to, None for a fault of its own.

    Where no way forks, as for most of what a city has, it is the last one down on the way; else all are looked at.
    """
    found: Episode | None = None
    interval, member = graph.items[item].interval, item
    while ways := open_ways(graph, known, member, at):
        if len(ways) > 1 or len(ways[0].members) > 1:
            return _Look(graph, known, item, at).highest()
        member = ways[0].members[0]
        episodes = known.episodes.get(member)
        if episodes:
            tol = tolerance(graph.items[member].interval, interval)
            found = covering(episodes, at, tol) or found
    return found


def open_ways(graph: Graph, known: Known, item: str, at: int) -> Sequence[Way]:
    """Its ways without what is out of service: that takes no part (A5)."""
    ways = graph.ways_at(item, at)
    if not known.out:
        return ways
    kept = []
    for way in ways:
        members = tuple(member for member in way.members if not _is_out(known, member, at))
        if len(members) == len(way.members):
            kept.append(way)
        elif members:  # all of them is all of those that are left, at least so many stays so many
            kept.append(Way(len(members) if way.need == len(way.members) else way.need, members))
    return kept


def _is_out(known: Known, member: str, at: int) -> bool:
    if member not in known.out:
        return False
    history = known.histories[member]
    index = bisect_right(history, at, key=_at) - 1
    return index >= 0 and history[index].state is State.OUT


class _Look:
    """One look at the ways of an item whose outage began at `at`."""

    def __init__(self, graph: Graph, known: Known, item: str, at: int) -> None:
        self._graph, self._known, self._item, self._at = graph, known, item, at
        self._interval = graph.items[item].interval
        self._down: dict[str, Episode | None] = {}
        self._seen: dict[str, Blocked] = {}
        self._far: dict[str, int] = {}

    def highest(self) -> Episode | None:
        """The episode of the ancestor that the outage is put down to, None for a fault of its own."""
        blocked = self._of_ways(self._item)
        if not blocked.is_blocked:
            return None
        return self._down[min(blocked.alone or blocked.every, key=self._height)]

    def _height(self, ancestor: str) -> tuple[int, int, str]:
        """Fewest hops to the top, then the last to fail, then the smallest id."""
        episode = self._down[ancestor]
        assert episode is not None
        return self._hops(ancestor), -episode.start, ancestor

    def _hops(self, item: str) -> int:
        """The shortest way to a top, by the ways of the time."""
        if item not in self._far:
            above = [member for way in self._open_ways(item) for member in way.members]
            self._far[item] = min((self._hops(member) + 1 for member in above), default=0)
        return self._far[item]

    def _of_ways(self, item: str) -> Blocked:
        found = [self._of_way(way) for way in self._open_ways(item)]
        if not found or not all(way.is_blocked for way in found):
            return CLEAR
        every = frozenset[str]().union(*(way.every for way in found))
        alone = frozenset.intersection(*(way.alone for way in found))
        return Blocked(True, every, alone)

    def _open_ways(self, item: str) -> Sequence[Way]:
        return open_ways(self._graph, self._known, item, self._at)

    def _of_way(self, way: Way) -> Blocked:
        if len(way.members) == 1:
            return self._of_member(way.members[0])
        said = [self._of_member(member) for member in way.members]
        spare = len(said) - way.need
        if spare < 0 or sum(member.is_blocked for member in said) <= spare:
            return CLEAR
        every = frozenset[str]().union(*(member.every for member in said))
        alone = frozenset(one for one in every if sum(one in member.alone for member in said) > spare)
        return Blocked(True, every, alone)

    def _of_member(self, member: str) -> Blocked:
        known = self._seen.get(member)
        if known is None:
            above = self._of_ways(member)
            known = above
            if self._is_down(member):
                own = frozenset((member,))
                known = Blocked(True, above.every | own, above.alone | own)
            self._seen[member] = known
        return known

    def _is_down(self, member: str) -> bool:
        if member not in self._down:
            tol = tolerance(self._graph.items[member].interval, self._interval)
            self._down[member] = covering(self._known.episodes.get(member, ()), self._at, tol)
        return self._down[member] is not None


def _at(mark: Mark) -> int:
    return mark.at
