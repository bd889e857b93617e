"""The beginning of the live reducer, out of the whole ledger.

A year of a city's faults is larger than the agent: first everything is looked at that something stands behind, then
the rest in portions, of which only the last days are kept and the counts of what is older.
"""

import heapq
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from agent.faultkept import HORIZON_US, Began, Gone, Kept, Ledger, began_of, gone, is_recent, tail, usual_cut
from agent.figures.classes import derived, was_down
from sla.confirm import FOREVER
from sla.episodes import Episode, RootKind, tolerance
from sla.faults import DeskRow, Fault, of_episode
from sla.model import Window
from sla.outages import REOPEN_US, Outage
from sla.rootcause import Derived, begin, derive, settle, thinned
from sla.timeline import Mark

_PORTION = 2000
"""Items that nothing stands behind, looked at together."""


def build(ledger: Ledger, periods: Mapping[str, Window], now: int) -> Kept:
    """Everything anew out of the store, with what the ledger says of the faults that it finds no more."""
    return _Building(ledger, periods, now).built()


class _Building:
    """Looks at every item once. Units: microseconds.

    Shape: `recent` and `cuts` by item; `ids` are the numbers of all faults, `alive` those of the last days.
    """

    def __init__(self, ledger: Ledger, periods: Mapping[str, Window], now: int) -> None:
        self._ledger, self._now, self._since = ledger, now, now - HORIZON_US
        self._usual = usual_cut(self._since)  # one for all: 43 000 numbers of their own are 1.4 MB
        self._periods = periods
        self._known = known = ledger.known(now)
        self._graph, self._places = known.topology.graph(), known.topology.places()
        self._planned = {id_: windows for id_ in self._graph.items if (windows := known.planned(id_))}
        self._all_time = begin(self._graph, {}, self._planned)
        self._desk = ledger.desk(now)
        self._older: dict[str, Counter[str]] = {label: Counter() for label in periods}
        self._past: set[str] = set()
        self._alive: dict[str, Began] = {}
        self._ids = array("q")
        self._began: set[Began] = set()
        self._cuts: dict[str, int] = {}
        self._recent: dict[str, list[Mark]] = {}
        self._reread: dict[str, list[str]] = {}
        self._borders: list[tuple[int, str]] = []

    def built(self) -> Kept:
        spoken_of = {row.root for row in self._desk}
        trunk = {id_ for id_ in self._graph.items if id_ in self._graph.children or id_ in spoken_of}
        found, histories = self._look_at_trunk(trunk)
        self._look_at_rest([id_ for id_ in self._graph.items if id_ not in trunk])
        self._cut_parents()
        for id_ in trunk:
            self._keep(id_, histories[id_])
        for fault in found.faults:
            self._note_past(fault)
        told, ended = self._told()
        heapq.heapify(self._borders)
        kept = Kept(
            graph=self._graph,
            state=begin(self._graph, self._recent, self._planned),
            places=self._places,
            desk=list(_recent_rows(found, self._since)),
            older=self._older,
            past=self._past,
            since=self._since,
            cuts={id_: cut for id_, cut in self._cuts.items() if cut != self._usual},
            names={component.id: component.name for component in self._ledger.reader.components()},
            alive=self._alive,
            told=told,
            gone=ended,
            reread=self._reread,
            borders=self._borders,
        )
        state = self._all_time
        drain(histories, state.histories, state.outages, state.episodes, cast(dict[str, Any], found.episodes))
        self._known.let_go()
        return kept

    def _look_at_trunk(self, trunk: Iterable[str]) -> tuple[Derived, dict[str, list[Mark]]]:
        """What something stands behind, and what the desk spoke of."""
        histories = {id_: thinned(history, self._now) for id_, history in self._known.histories(trunk)}
        self._take(histories)
        causes = self._known.causes()
        found = derive(self._graph, self._all_time, self._now, self._desk, self._places, causes)
        for fault in found.faults:
            self._count(fault)
        for id_ in histories:
            self._cuts[id_] = self._cut(id_)
        return found, histories

    def _look_at_rest(self, items: Sequence[str]) -> None:
        portion: dict[str, list[Mark]] = {}
        for id_, history in self._known.histories(items):
            portion[id_] = thinned(history, self._now)
            if len(portion) == _PORTION:
                self._look_at(portion)
                portion = {}
        self._look_at(portion)

    def _look_at(self, portion: Mapping[str, list[Mark]]) -> None:
        """Nothing stands behind these: once they were looked at nobody asks for their outages."""
        state = self._all_time
        self._take({id_: history for id_, history in portion.items() if was_down(history)})
        for _ in settle(self._graph, state, self._now):
            pass
        for id_, history in portion.items():
            role = self._graph.items[id_].role
            faults = [of_episode(each, role, (), self._now) for each in state.episodes.get(id_, ()) if _is_fault(each)]
            for fault in faults:
                self._count(fault)
            self._cuts[id_] = self._cut(id_)
            self._keep(id_, history)
            for fault in faults:
                self._note_past(fault)
            for each in (state.histories, state.outages, state.episodes, state.out, state.spells):
                each.pop(id_, None)
        state.changed.clear()

    def _take(self, histories: Mapping[str, list[Mark]]) -> None:
        self._all_time.histories.update({id_: history for id_, history in histories.items() if history})
        self._all_time.dirty.update(histories)

    def _count(self, fault: Fault) -> None:
        self._ids.append(_number(fault.id))
        began = began_of(fault)
        if is_recent(fault, self._since):
            self._alive[fault.id] = began
            self._began.add(began)
            return
        for label, window in self._periods.items():
            if window.start <= fault.start < window.end:
                self._older[label][str(fault.outcome)] += 1

    def _note_past(self, fault: Fault) -> None:
        """Of what was counted, and is no more, only that need be known which what is kept would make again."""
        kept = self._recent.get(fault.root)
        if not is_recent(fault, self._since) and (not kept or fault.source == "desk" or kept[0].at <= fault.onset[1]):
            self._past.add(fault.id)

    def _keep(self, id_: str, history: Sequence[Mark]) -> None:
        """Its last days, and what `Kept.reread` and `Kept.borders` hold of it."""
        self._recent[id_] = tail(history, self._cuts[id_], self._now)
        known = self._known
        first = history[0].at if history else self._now
        dates = [at for window in known.service(id_) for at in window if first < at < FOREVER]
        evidence = known.topology.interfaces(id_) if known.topology.role(id_) == "line" else ()
        if dates or evidence:
            for component in (id_, *evidence):
                self._reread.setdefault(component, []).append(id_)
        self._borders += [(at, id_) for at in dates if at >= self._now]

    def _cut(self, id_: str) -> int:
        """From when on its history is kept: no recent fault that it has part in, or repeats, lies before."""
        found = self._all_time.outages.get(id_, ())
        cut = _quiet(found, self._usual)
        for episode in self._all_time.episodes.get(id_, ()):
            if (episode.root.item, episode.root.start) in self._began:
                cut = _quiet(found, min(cut, episode.start))
        return cut

    def _cut_parents(self) -> None:
        """Nothing that a recent fault of what stands behind it rests on lies before either."""
        graph, cuts = self._graph, self._cuts
        for id_ in sorted(graph.items, key=graph.order.__getitem__, reverse=True):  # whatever stands behind comes first
            for parent in graph.parents(id_):
                at = cuts[id_] - tolerance(graph.items[parent].interval, graph.items[id_].interval)
                if at < cuts[parent]:
                    cuts[parent] = _quiet(self._all_time.outages.get(parent, ()), at)

    def _told(self) -> tuple[dict[str, Began], list[Gone]]:
        """Of what the ledger says has opened what is of the last days, and what became of those that are none now."""
        told: dict[str, Began] = {}
        vanished: dict[str, Began] = {}
        numbers = array("q", sorted(self._ids))
        for id_, root, start in self._ledger.reader.told_faults():
            if id_ in self._alive:
                told[id_] = Began(root, start)
            elif not _holds(numbers, _number(id_)):
                told[id_] = vanished[id_] = Began(root, start)
        if not vanished:
            return told, []
        roots = {root for root, _ in vanished.values() if root in self._graph}
        histories = {root: self._known.marks(root) for root in roots}
        return told, list(gone(derived(self._known, histories, self._desk), vanished))


def drain(*large: dict[str, Any]) -> None:
    """Give memory back in small pieces: every other thread waits for each of them."""
    for each in large:
        while each:
            each.popitem()


def _is_fault(episode: Episode) -> bool:
    return episode.is_root and episode.root.kind is not RootKind.PLANNED


def _number(id_: str) -> int:
    """A fault's id as a number of its own: half a million of them are held together, for a moment."""
    return int(id_.removeprefix("F-"), 36)


def _holds(numbers: Sequence[int], number: int) -> bool:
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number


def _recent_rows(whole: Derived, since: int) -> Iterator[DeskRow]:
    for fault in whole.faults:
        if is_recent(fault, since):
            yield from fault.desk
    yield from (row for row in whole.unlinked if row.reported >= since)


def _quiet(found: Sequence[Outage], at: int) -> int:
    """The last instant up to `at` that lies in no outage, nor where the next one would be the same fault (F5)."""
    for outage in reversed(found):
        if outage.restored is not None and outage.restored + REOPEN_US < at:
            break
        at = min(at, outage.start)
    return at
