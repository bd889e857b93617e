"""What stands behind what (F6): items, their dated redundant ways to the top, and the order to look at them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sla.model import Window


class Way(NamedTuple):
    """One way to the top, blocked when fewer than `need` of its members are left. A plain parent is (1, (id,))."""

    need: int
    members: tuple[str, ...]


class Item(NamedTuple):
    """What may be the root of a fault. Units: interval in microseconds.

    Shape: `ways` are dated; those of one window are redundant, none is the top or an unknown topology.
    """

    id: str
    role: str
    interval: int
    ways: tuple[tuple[Window, tuple[Way, ...]], ...] = ()


class Graph:
    """Items and what lies between them. Members that are no items are left out, and so is a way that closes a cycle."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.items = {item.id: item for item in items}
        self._parents = {id_: self._members(item) for id_, item in self.items.items()}
        self.order: dict[str, int] = {}
        self._cut: set[tuple[str, str]] = set()
        self._rank_all()
        self._ways = {id_: self._cleaned(item) for id_, item in self.items.items()}
        self.children: dict[str, list[str]] = {}
        for id_ in self.items:
            for parent in self.parents(id_):
                self.children.setdefault(parent, []).append(id_)

    def __contains__(self, id_: object) -> bool:
        return id_ in self.items

    def parents(self, id_: str) -> list[str]:
        """What any of its ways, at any time, runs through next."""
        return [parent for parent in self._parents[id_] if (id_, parent) not in self._cut]

    def ways_at(self, id_: str, at: int) -> Sequence[Way]:
        """Its ways at an instant."""
        for window, ways in self._ways[id_]:
            if window.start <= at < window.end:
                return ways
        return ()

    def behind(self, id_: str) -> Iterator[str]:
        """Everything that stands behind it, near or far, each once."""
        seen: set[str] = set()
        todo = list(self.children.get(id_, ()))
        while todo:
            child = todo.pop()
            if child not in seen:
                seen.add(child)
                yield child
                todo += self.children.get(child, ())

    def part(self, ids: Iterable[str]) -> "Graph":
        """These items alone; with an item its ancestors must be among them."""
        return Graph(self.items[id_] for id_ in sorted(set(ids)) if id_ in self.items)

    def _members(self, item: Item) -> tuple[str, ...]:
        found = (member for _, ways in item.ways for way in ways for member in way.members)
        return tuple(member for member in dict.fromkeys(found) if member in self.items)

    def _rank_all(self) -> None:
        """Ancestors before descendants; the way that would close a cycle is cut."""
        for id_ in sorted(self.items):
            if id_ not in self.order:
                self._rank(id_)

    def _rank(self, top: str) -> None:
        path = {top: iter(self._parents[top])}
        while path:
            id_, parents = next(reversed(path.items()))
            parent = next(parents, None)
            if parent is None:
                self.order[id_] = len(self.order)
                del path[id_]
            elif parent in path:
                self._cut.add((id_, parent))
            elif parent not in self.order:
                path[parent] = iter(self._parents[parent])

    def _cleaned(self, item: Item) -> tuple[tuple[Window, tuple[Way, ...]], ...]:
        known = set(self.parents(item.id))
        dated = []
        for window, ways in item.ways:
            kept = [Way(way.need, tuple(member for member in way.members if member in known)) for way in ways]
            dated.append((window, tuple(way for way in kept if way.members)))
        return tuple(dated)
