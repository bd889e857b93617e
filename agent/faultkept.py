"""What the live reducer of faults works on: the last days of everything, and the counts of what is older.

It is cut out of what the reports say of all time, so that both say the same: of an item everything is kept that a
fault of the last days rests on, however long ago that began.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from agent.figures.book import Shelf
from agent.figures.faults import Faults
from agent.figures.timelines import JUST_NOW_US, Timelines, marks_of
from agent.stores.base import Batch, Component, Reader
from agent.stores.noting import FaultEvent
from sla.composite import Said
from sla.confirm import FOREVER
from sla.episodes import Root, tolerance
from sla.faults import REPEAT_US, DeskRow, Fault, Places, fault_id, is_open
from sla.model import Degraded, Edge, State, Window
from sla.outages import REOPEN_US, Outage
from sla.rootcause import Derived, begin, derive, settle, step, thinned
from sla.rootcause import State as Reduced
from sla.timeline import Mark
from sla.topology import Graph

HORIZON_US = 3 * 86_400_000_000
"""How far back the live reducer tells of what has ended."""

ALWAYS = Window(-FOREVER, FOREVER)


class Gone(NamedTuple):
    """A fault that was told of and is one no more; `holder` is the fault or planned outage that it joined."""

    id: str
    root: str
    start: int
    holder: str | None


class Began(NamedTuple):
    """The root and the first failed reading of a fault. Units: microseconds."""

    root: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The durable side: what is read from the store."""

    reader: Reader
    shelf: Shelf
    zone: ZoneInfo

    def known(self, now: int) -> Timelines:
        """What its edges say up to now. A doubt for the moment is no edge: it may pass without one (S3).

        Asked a little ahead, so that the last moments are not taken for what is only not durable yet.
        """
        return Timelines(self._edges, self.shelf.book(self.reader), _ahead(now))

    def desk(self, now: int) -> list[DeskRow]:
        """What the desk recorded, each row with the id that the reports take it to speak of."""
        if not self.shelf.book(self.reader).ids("faults"):
            return []
        told = Faults(self._edges, self.zone, self.shelf).find(ALWAYS, now=now).derived
        return [*(row for fault in told.faults for row in fault.desk), *told.unlinked]

    @property
    def _edges(self) -> Reader:
        return cast(Reader, _Undoubted(self.reader))


class _Undoubted:
    """A reader for which edges speak until the next one."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def known_until(self, component: int) -> int:
        return FOREVER

    def all_known_until(self) -> tuple[int, dict[int, int]]:
        return FOREVER, {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)


class Heard(NamedTuple):
    """What a batch says of states, by component. Nothing else of it waits for a look: edges come in thousands."""

    components: Sequence[Component]
    marks: Sequence[tuple[int, Mark]]


def heard(batch: Batch, floor: int) -> Heard:
    """An edge cannot rewrite what lies before `floor`: an earlier run made it durable."""
    return Heard(batch.components, [(row.component, _mark(row.edge, floor)) for row in batch.edges])


def _mark(edge: Edge, floor: int) -> Mark:
    return Mark(max(edge.at, floor), edge.state, edge.degraded, edge.cause)


@dataclass(slots=True, kw_only=True)
class Kept:
    """What the reducer works on. `older` are the outcomes, by period, of `past`: faults restored before `since`.

    `reread` are the items whose history is more than the edges of one component, by the components that they hear;
    `borders` are the instants, soonest first, at which the service of one of them begins or ends.
    `is_short` says that something was heard of which the registers knew nothing when it was built.
    """

    graph: Graph
    state: Reduced
    places: Places
    desk: Sequence[DeskRow]
    older: Mapping[str, Counter[str]]
    past: Set[str]
    since: int
    cuts: Mapping[str, int]
    names: dict[int, str]
    alive: dict[str, Began]
    gone: Sequence[Gone]
    reread: Mapping[str, Sequence[str]]
    borders: list[tuple[int, str]]
    is_short: bool = False

    def take(self, ledger: Ledger, news: Iterable[Heard], now: int) -> set[str]:
        """Edges became durable, and time passed. Shape: the items that this changed."""
        changed: set[str] = set()
        again: set[str] = set()
        for component, mark in self._named(news):
            items = self.reread.get(component, ())
            again.update(items)
            if component not in items and component in self.graph:
                step(self.graph, self.state, component, mark)
                changed.add(component)
        while self.borders and self.borders[0][0] < now:
            again.add(heapq.heappop(self.borders)[1])
        if again:
            self._reread(ledger, again, now)
        return changed | again

    def settle(self, now: int, pause: Callable[[], None]) -> int:
        """Look again at what that may have changed; how many faults became others."""
        changes = 0
        for change in settle(self.graph, self.state, now):
            if change is None:
                pause()
            else:
                changes += 1
        return changes

    def _named(self, news: Iterable[Heard]) -> Iterator[tuple[str, Mark]]:
        for heard in news:
            for component in heard.components:
                self.names[component.id] = component.name
                self.is_short |= component.name not in self.graph and component.name not in self.reread
            for number, mark in heard.marks:
                name = self.names.get(number)
                if name is None:
                    self.is_short = True
                else:
                    yield name, mark

    def _reread(self, ledger: Ledger, items: Iterable[str], now: int) -> None:
        known = ledger.known(now)
        for item in items:
            self.state.histories[item] = _tail(marks_of(known.served(item), known.until), self.cuts[item], now)
            self.state.dirty.add(item)

    def drain(self) -> None:
        """Nobody asks any more."""
        _drain(self.state.histories, self.state.outages, self.state.episodes)

    def said(self, item: str, now: int) -> Said:
        """What an item is in now."""
        for mark in reversed(self.state.histories.get(item, ())):
            if mark.at <= now:
                return _said(mark.state, mark.degraded)
        return _said(State.UNKNOWN, Degraded.NONE)


@lru_cache(maxsize=256)
def _said(state: State, degraded: Degraded) -> Said:
    """One for all who are in it."""
    return state, degraded


def build(ledger: Ledger, periods: Mapping[str, Window], told: Mapping[str, Began], now: int) -> Kept:
    """Everything anew out of the store. `told` are the faults that the ledger says have opened."""
    known = ledger.known(now)
    graph, places = known.topology.graph(), known.topology.places()
    histories = {id_: thinned(history, now) for id_, history in known.histories(graph.items)}
    planned = {id_: windows for id_ in graph.items if (windows := known.planned(id_))}
    all_time = begin(graph, histories, planned)
    whole = derive(graph, all_time, now, ledger.desk(now), places, known.causes())
    since = now - HORIZON_US
    cuts = _cuts(graph, whole, all_time.outages, since)
    recent = {id_: _tail(history, cuts[id_], now) for id_, history in histories.items()}
    began = {fault.id: began_of(fault) for fault in whole.faults}
    reread, borders = _reread(known, histories, now)
    kept = Kept(
        graph=graph,
        state=begin(graph, recent, planned),
        places=places,
        desk=list(_recent_rows(whole, since)),
        older={label: _older(whole, window, since) for label, window in periods.items()},
        past={fault.id for fault in whole.faults if not is_recent(fault, since)},
        since=since,
        cuts=cuts,
        names={component.id: component.name for component in ledger.reader.components()},
        alive={fault.id: began[fault.id] for fault in whole.faults if is_recent(fault, since)},
        gone=list(gone(whole, {id_: each for id_, each in told.items() if id_ not in began})),
        reread=reread,
        borders=borders,
    )
    _drain(histories, all_time.histories, all_time.outages, all_time.episodes, cast(dict[str, Any], whole.episodes))
    known.let_go()
    return kept


def _drain(*large: dict[str, Any]) -> None:
    """Give memory back in small pieces: every other thread waits for each of them."""
    for each in large:
        while each:
            each.popitem()


def is_recent(fault: Fault, since: int) -> bool:
    """Not restored before `since`: whatever has no confirmed recovery may go on any day."""
    return fault.restored is None or fault.restored[1] >= since


def began_of(fault: Fault) -> Began:
    """What its id is made of."""
    return Began(fault.root, fault.start if fault.source == "desk" else fault.onset[1])


def gone(found: Derived, vanished: Mapping[str, Began]) -> Iterator[Gone]:
    """What became of faults that are none any more (F6: ids never vanish)."""
    if not vanished:
        return
    of_desk = {_desk_id(row): fault.id for fault in found.faults for row in fault.desk}
    ids: dict[Root, str] = {}  # of few roots, each the holder of many
    for id_, (root, start) in vanished.items():
        of_it = _holder(found, root, start)
        if of_it is not None and of_it not in ids:
            ids[of_it] = of_it.id
        holder = of_desk.get(id_) if of_it is None else ids[of_it]
        yield Gone(id_, root, start, None if holder == id_ else holder)  # planned now: no fault, and joined to none


def _holder(found: Derived, item: str, start: int) -> Root | None:
    """The fault, or planned outage, that an item's outage belongs to now."""
    for episode in found.episodes.get(item, ()):
        if any(part.start <= start < part.down_end for part in episode.parts):
            return episode.root
    return None


def _desk_id(row: DeskRow) -> str:
    return fault_id(row.root, row.reported if row.onset is None else min(row.onset, row.reported))


def _older(whole: Derived, window: Window, since: int) -> Counter[str]:
    faults = (fault for fault in whole.faults if window.start <= fault.start < window.end)
    return Counter(str(fault.outcome) for fault in faults if not is_recent(fault, since))


def _recent_rows(whole: Derived, since: int) -> Iterator[DeskRow]:
    for fault in whole.faults:
        if is_recent(fault, since):
            yield from fault.desk
    yield from (row for row in whole.unlinked if row.reported >= since)


def _cuts(graph: Graph, whole: Derived, found: Mapping[str, Sequence[Outage]], since: int) -> Mapping[str, int]:
    """From when on each item's history is kept: nothing that a recent fault rests on, or repeats, lies before it."""
    recent = {began_of(fault) for fault in whole.faults if is_recent(fault, since)}
    usual = since - REPEAT_US
    cuts = {id_: _quiet(found.get(id_, ()), usual) for id_ in graph.items}
    for id_, episodes in whole.episodes.items():
        for episode in episodes:
            if (episode.root.item, episode.root.start) in recent:
                cuts[id_] = _quiet(found.get(id_, ()), min(cuts[id_], episode.start))
    for id_ in sorted(graph.items, key=graph.order.__getitem__, reverse=True):  # whatever stands behind comes first
        for parent in graph.parents(id_):
            at = cuts[id_] - tolerance(graph.items[parent].interval, graph.items[id_].interval)
            if at < cuts[parent]:
                cuts[parent] = _quiet(found.get(parent, ()), at)
    return cuts


def _quiet(found: Sequence[Outage], at: int) -> int:
    """The last instant up to `at` that lies in no outage, nor where the next one would be the same fault (F5)."""
    for outage in reversed(found):
        if outage.restored is not None and outage.restored + REOPEN_US < at:
            break
        at = min(at, outage.start)
    return at


def _tail(history: Sequence[Mark], since: int, now: int) -> list[Mark]:
    """The marks from `since` on, and before them those of the time that is DOWN or UNKNOWN when it begins.

    Of what only a question about the past would need, nothing is kept.
    """
    index = next((number for number, mark in enumerate(history) if mark.at >= since), len(history))
    while index > 0 and history[index - 1].state in (State.DOWN, State.UNKNOWN):
        index -= 1
    return thinned(history[max(index - 1, 0) :], now)


def _reread(
    known: Timelines, histories: Mapping[str, Sequence[Mark]], now: int
) -> tuple[dict[str, list[str]], list[tuple[int, str]]]:
    """What `Kept.reread` and `Kept.borders` hold: where service begins or ends, and lines by several evidences."""
    reread: dict[str, list[str]] = {}
    borders: list[tuple[int, str]] = []
    for id_, history in histories.items():
        first = history[0].at if history else now
        dates = [at for window in known.service(id_) for at in window if first < at < FOREVER]
        evidence = known.topology.interfaces(id_) if known.topology.role(id_) == "line" else ()
        if dates or evidence:
            for component in (id_, *evidence):
                reread.setdefault(component, []).append(id_)
        borders += [(at, id_) for at in dates if at >= now]
    heapq.heapify(borders)
    return reread, borders


def _ahead(now: int) -> int:
    return now + JUST_NOW_US + 1


def events(
    kept: Kept, derived: Derived, alive: Mapping[str, Began], told: Mapping[str, Began], now: int
) -> Iterator[FaultEvent]:
    """What is to be recorded. A fault of older days that only a file told of was never opened by an agent."""
    new = alive.keys() - told.keys()
    for fault in derived.faults if new else ():
        if fault.id in new and (fault.start >= kept.since or is_open(fault)):
            yield FaultEvent(fault.id, 0, now, "opened", *alive[fault.id], None, now)
    vanished = {id_: each for id_, each in kept.alive.items() if id_ in told and id_ not in alive}
    for each in (*kept.gone, *gone(derived, vanished)):
        if each.id in told and each.id not in alive:
            yield _ended(each, now)


def _ended(each: Gone, now: int) -> FaultEvent:
    return FaultEvent(each.id, 0, now, "joined" if each.holder else "void", each.root, each.start, each.holder, now)
