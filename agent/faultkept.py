"""What the live reducer of faults works on: the last days of everything, and the counts of what is older.

It is cut out of what the reports say of all time, so that both say the same: of an item everything is kept that a
fault of the last days rests on, however long ago that began.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

from agent.figures.book import Shelf
from agent.figures.faults import desk_rows
from agent.figures.timelines import JUST_NOW_US, Timelines, marks_of
from agent.stores.base import Batch, Component, Reader
from agent.stores.noting import FaultEvent
from sla.composite import Said
from sla.confirm import FOREVER
from sla.episodes import Root
from sla.faults import REPEAT_US, DeskRow, Fault, Places, fault_id, is_open
from sla.model import Degraded, Edge, State, Window
from sla.rootcause import Derived, settle, step, thinned
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
        return list(desk_rows(Timelines(self._edges, self.shelf.book(self.reader), now)))

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
    """What the reducer works on. `older` are the outcomes, by period, of faults restored before `since`.

    `past` are those of them that it would find again; `cuts` from when on a history is kept, where not from the usual
    instant on. `told` are faults of `alive`, the last days', that the ledger
    says have opened; `gone` are those that it said that of and that are none now.

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
    told: dict[str, Began]
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
        known, usual = ledger.known(now), usual_cut(self.since)
        for item in items:
            history, cut = marks_of(known.served(item), known.until), self.cuts.get(item, usual)
            self.state.histories[item] = tail(history, cut, now)
            self.state.dirty.add(item)

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


def usual_cut(since: int) -> int:
    """From when on nearly every history is kept: nothing of the last days repeats what was over before."""
    return since - REPEAT_US


def tail(history: Sequence[Mark], since: int, now: int) -> list[Mark]:
    """The marks from `since` on, and before them those of the time that is DOWN or UNKNOWN when it begins.

    Of what only a question about the past would need, nothing is kept.
    """
    index = next((number for number, mark in enumerate(history) if mark.at >= since), len(history))
    while index > 0 and history[index - 1].state in (State.DOWN, State.UNKNOWN):
        index -= 1
    return thinned(history[max(index - 1, 0) :], now)


def _ahead(now: int) -> int:
    return now + JUST_NOW_US + 1


def events(kept: Kept, derived: Derived, alive: Mapping[str, Began], now: int) -> Iterator[FaultEvent]:
    """What is to be recorded. A fault of older days that only a file told of was never opened by an agent."""
    told = kept.told
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
