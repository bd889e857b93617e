"""The faults that plans count, kept from look to look: an edge costs what it changes, and so does time that passes.

Cameras, hosts and certificates have lists of their own (F4): where no row counts them they take no part, for they
are above nothing and what they are members of loses no site by them (F1).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from agent.figures.classes import with_ancestors
from agent.figures.faults import desk_rows, leaves_of
from agent.figures.timelines import JUST_NOW_US, Timelines
from agent.figures.topology import LINE, NODE_ROLES
from sla.desk import desk_faults, heard
from sla.faults import Fault
from sla.model import Cause, Window
from sla.rootcause import begin
from sla.roots import Roots
from sla.tally import Place, Tally
from sla.timeline import Mark

_DESK = ""
"""Where the faults stand that only the desk knows: no item has this id."""

_MANY = 4
"""From this part of all components on their edges are read in one pass."""


class KeptFaults:
    """All methods are called by one thread at a time. Units: microseconds."""

    def __init__(self, known: Timelines, roles: Collection[str], fresh: int) -> None:
        self.roles = frozenset(roles)
        graph = known.topology.graph()
        wanted = {id_ for id_, item in graph.items.items() if item.role in {*roles, LINE, *NODE_ROLES}}
        wanted.update(leaf for row in desk_rows(known) for leaf in leaves_of(known, row.root))
        self._part = graph.part(with_ancestors(graph, wanted))
        if len(self._part.items) * _MANY > len(known.measured):
            known.load_all()
        self._items_of: dict[str, list[str]] = {}
        for id_ in self._part.items:
            for component in known.evidence_of(id_):
                self._items_of.setdefault(component, []).append(id_)
        self._young: set[str] = set()
        histories = {id_: self._history(known, id_, fresh) for id_ in self._part.items}
        planned = {id_: windows for id_ in self._part.items if (windows := known.planned(id_))}
        self._state = begin(self._part, histories, planned)
        self._roots = Roots(self._part, self._state, known.topology.places())
        self._shown: dict[str, tuple[Fault, ...]] = {}
        self._told: set[str] = set()
        self._tallies: dict[tuple[frozenset[str], Window], Tally] = {}
        self._show(known, self._roots.advance(known.until))

    def advance(self, known: Timelines, touched: Iterable[str], fresh: int) -> None:
        """Bring everything up to the end of what is known. `touched` are components with other edges or doubts."""
        again, self._young = self._young, set()
        again |= {item for component in touched for item in self._items_of.get(component, ())}
        for item in again:
            self._state.histories[item] = self._history(known, item, fresh)
            self._state.dirty.add(item)
        self._show(known, self._roots.advance(known.until))

    def tally(self, roles: Collection[str], period: Window) -> Tally:
        """The faults of these roles whose clock started in a period, counted."""
        key = frozenset(roles), period
        if key not in self._tallies:
            self._tallies = {each: tally for each, tally in self._tallies.items() if each[1] == period}
            self._tallies[key] = tally = Tally()
            for item, faults in self._shown.items():
                for fault in _of(faults, key):
                    tally.add(fault, _place(item, fault))
        return self._tallies[key]

    def let_go(self) -> None:
        """Nobody asks any more: give the memory back in small pieces, for every other thread waits for each of them."""
        self._tallies.clear()
        self._roots.let_go()
        for each in (self._shown, self._state.episodes, self._state.outages, self._state.spells, self._state.histories):
            while each:
                each.popitem()

    def _history(self, known: Timelines, item: str, fresh: int) -> list[Mark]:
        """Its marks. Silence that is not yet taken for one is looked at again: it becomes one without an edge."""
        last = known.served(item)[-1:]
        if last and last[0].cause is Cause.NO_READING and last[0].start < fresh and last[0].length <= JUST_NOW_US:
            self._young.add(item)
        return known.marks(item)

    def _show(self, known: Timelines, changed: set[str]) -> None:
        """Faults as they are told: with what the desk said of them, and what it alone knows."""
        told = self._by_desk(known)
        for item in changed | self._told | told.keys():
            made = told[item] if item in told else self._roots.of(item)
            before = self._shown.get(item, ())
            if made == before:
                continue
            for key, tally in self._tallies.items():
                for fault in _of(before, key):
                    tally.remove(fault, _place(item, fault))
                for fault in _of(made, key):
                    tally.add(fault, _place(item, fault))
            if made:
                self._shown[item] = made
            else:
                self._shown.pop(item, None)
        self._told = set(told)

    def _by_desk(self, known: Timelines) -> Mapping[str, tuple[Fault, ...]]:
        """The faults of every item of which the desk may have spoken, linked to its rows (F1)."""
        rows = list(desk_rows(known))
        if not rows:
            return {}
        roots = sorted({root for row in rows for root in self._roots.roots_above(row.root)})
        candidates = [fault for root in roots for fault in self._roots.of(root)]
        listened = heard(candidates, rows, known.until)
        alone, _ = desk_faults(listened.unlinked, self._part, self._state.histories, known.until)
        found = {_DESK: tuple(alone)}
        for root in roots:
            found[root] = tuple(fault for fault in listened.faults if fault.root == root)
        return found


def _of(faults: Sequence[Fault], key: tuple[frozenset[str], Window]) -> Iterator[Fault]:
    roles, period = key
    return (fault for fault in faults if fault.role in roles and period.start <= fault.start < period.end)


def _place(item: str, fault: Fault) -> Place:
    return Place((0, fault.start, fault.root, int(item == _DESK)), fault.id)
