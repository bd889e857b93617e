"""The faults of a graph, item by item: after an edge only those are made anew that it may have changed (F1-F6).

What `derive` says of everything at once, kept: an item's own faults rest on its episodes, on who is a member of them,
and for their priority on the lines of its site. The desk's rows and repeats are no matter of one item, and not here.
"""

from collections.abc import Iterable
from dataclasses import replace

from sla.collapse import State, settle
from sla.derivation import lines_down
from sla.episodes import Episode, RootKind
from sla.faults import NO_PLACES, Fault, Places, may_change_by_itself, of_episode, priority
from sla.topology import Graph

_Key = tuple[str, int]
"""A root: its item and start."""


class Roots:
    """All faults by the item at their root. Units: microseconds."""

    def __init__(self, graph: Graph, state: State, places: Places = NO_PLACES) -> None:
        self._graph, self._state, self._places = graph, state, places
        self._roles = {item.id: item.role for item in graph.items.values()}
        self._seen: dict[str, list[Episode]] = {}
        self._members: dict[_Key, set[str]] = {}
        self._made: dict[str, tuple[Fault, ...]] = {}
        self._open: set[str] = set()
        self._at_site: dict[str, list[str]] = {}
        for id_ in graph.items:
            if (site := places.site_of.get(id_)) is not None:
                self._at_site.setdefault(site, []).append(id_)

    def of(self, item: str) -> tuple[Fault, ...]:
        """The faults of an item, in order of time."""
        return self._made.get(item, ())

    def roots_above(self, item: str) -> set[str]:
        """The items whose faults an item has a part in, its own included."""
        return {episode.root.item for episode in self._state.episodes.get(item, ())}

    def advance(self, as_of: int) -> set[str]:
        """Settle what is open, and make anew what that changed. Shape: the items whose faults are others now."""
        for _ in settle(self._graph, self._state, as_of):
            pass
        changed, self._state.changed = self._state.changed, set()
        touched = set(self._open)
        for item in changed:
            touched |= self._touched_by(item)
        return {item for item in touched if self._make(item, as_of)}

    def let_go(self) -> None:
        """Nobody asks any more: give the memory back in small pieces, for every other thread waits for each of them."""
        for each in (self._made, self._seen, self._members):
            while each:
                each.popitem()

    def _touched_by(self, item: str) -> set[str]:
        """Whose faults another history of this item concerns; its place among the members is brought up to date."""
        before, after = self._seen.get(item, []), self._state.episodes.get(item, [])
        self._seen[item] = after
        roots = {episode.root.item for episode in (*before, *after)}
        for episode in before:
            self._members.get(_key(episode), set()).discard(item)
        for episode in after:
            if not episode.is_root:
                self._members.setdefault(_key(episode), set()).add(item)
        site = self._places.site_of.get(item)
        if site is not None and item in self._places.lines_of.get(site, ()):
            roots.update(self._at_site[site])
        return roots | {item}

    def _make(self, item: str, as_of: int) -> bool:
        """Whether its faults are others than before."""
        made = tuple(self._faults(item, as_of))
        if made == self._made.get(item, ()):
            return False
        if made:
            self._made[item] = made
        else:
            self._made.pop(item, None)
        if any(map(may_change_by_itself, made)):
            self._open.add(item)
        else:
            self._open.discard(item)
        return True

    def _faults(self, item: str, as_of: int) -> Iterable[Fault]:
        for episode in self._state.episodes.get(item, ()):
            if episode.is_root and episode.root.kind is not RootKind.PLANNED:
                members = tuple(sorted(self._members.get(_key(episode), ())))
                fault = of_episode(episode, self._roles[item], members, as_of)
                together = {*lines_down(self._state, fault, self._places)}
                found = priority(fault, together, self._roles, self._places)
                yield fault if fault.priority == found else replace(fault, priority=found)


def _key(episode: Episode) -> _Key:
    return episode.root.item, episode.root.start
