"""Faults live: every durable edge goes through the reducer of the reports, and what comes of it is shown and recorded.

The reducer keeps the last days; what is older is counted by the reports' own way whenever registers change. A fault
that is one no more keeps its id: the ledger says what it joined.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.commit import Committer
from agent.figures.book import Shelf
from agent.figures.timelines import Timelines, marks_of
from agent.runner import Runner
from agent.stores.base import Batch, Reader, Writer
from agent.stores.noting import FaultEvent
from agent.targets import Watched
from collectors.base import Target
from sla.confirm import FOREVER
from sla.faults import Fault, Places, is_open
from sla.model import State as Now
from sla.model import Window
from sla.rootcause import Derived, State, begin, derive, settle, step
from sla.timeline import Mark
from sla.topology import Graph
from sla.ways import Look

LOG = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.5
HORIZON_US = 3 * 86_400_000_000
"""How far back the live reducer remembers what has ended: longer than a repeat (F5) needs."""

BEHIND_TIMEOUT = 2.0
"""Seconds that a probe behind something DOWN may take (F7)."""

FINAL_US = 1_800_000_000
"""How long after its restoration a fault is final: nothing can reopen or re-parent it any more (F5, F6)."""

_PAUSE_EVERY = 200


class Kept(NamedTuple):
    """What the reducer works on, built anew when the registers change."""

    graph: Graph
    state: State
    places: Places
    older: Mapping[str, Counter[str]]
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What of the agent it needs."""

    reader: Reader
    writer: Writer
    committer: Committer
    runner: Runner
    shelf: Shelf
    zone: ZoneInfo
    now_us: Callable[[], int]
    watched: Callable[[], Mapping[str, Watched]]
    periods: Callable[[], Mapping[str, Window]]
    cleared: Callable[[Fault], None]


class FaultWatch:
    """All methods are called on the loop; building anew reads the store in a thread."""

    def __init__(self, agent: Parts) -> None:
        self._agent = agent
        self._names: dict[int, str] = {}
        self._kept: Kept | None = None
        self._waiting: list[tuple[str, Mark]] = []
        self._stale = True
        self._told: dict[str, tuple[str, int]] | None = None
        self._started = False
        self._final: set[str] = set()
        self._wake = asyncio.Event()
        self.faults: Sequence[Fault] = ()
        self.counts: Mapping[str, Mapping[str, int]] = {}

    @property
    def open(self) -> list[Fault]:
        """Faults that are neither restored nor withdrawn."""
        return [fault for fault in self.faults if is_open(fault)]

    def refresh(self) -> None:
        """Registers, windows or imported time have changed: look at everything again."""
        self._stale = True
        self._wake.set()

    def durable(self, batch: Batch) -> None:
        """Edges became durable."""
        for component in batch.components:
            self._names[component.id] = component.name
            self._stale = True
        for row in batch.edges:
            name = self._names.get(row.component)
            if name is not None:
                edge = row.edge
                self._waiting.append((name, Mark(edge.at, edge.state, edge.degraded, edge.cause)))
        if batch.edges:
            self._wake.set()

    async def serve(self) -> None:
        """Look again after edges, and as time passes, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_SECONDS * 10):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await self.look()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def look(self) -> None:
        """Bring everything that is shown up to now."""
        if self._stale:
            self._stale = False
            self._waiting.clear()  # what is durable is read from the store
            self._kept = await asyncio.to_thread(self._build)
        kept = self._kept
        if kept is None:
            return
        waiting, self._waiting = self._waiting, []
        for item, mark in waiting:
            step(kept.graph, kept.state, item, mark)
        now = self._agent.now_us()
        moved = await self._settle(kept, now)
        found = await asyncio.to_thread(self._derive, kept, now)
        self._show(kept, found, now)
        await self._tell(kept, found, now)
        if moved or waiting:
            self._agent.runner.behind = {id_: target async for id_, target in self._behind(kept, now)}

    async def _settle(self, kept: Kept, now: int) -> bool:
        """Whether anything is another than before; the loop runs between two pieces of the work."""
        moved = False
        for change in settle(kept.graph, kept.state, now):
            moved = moved or change is not None
            await asyncio.sleep(0)
        return moved

    def _derive(self, kept: Kept, now: int) -> Derived:
        return derive(kept.graph, kept.state, now, (), kept.places, self._agent.reader.fault_causes())

    def _show(self, kept: Kept, found: Derived, now: int) -> None:
        self.faults = [fault for fault in found.faults if fault.start >= kept.since or is_open(fault)]
        counts: dict[str, Counter[str]] = {period: Counter(older) for period, older in kept.older.items()}
        for label, window in self._agent.periods().items():
            if window.start <= now < window.end:
                of_period = counts.setdefault(label, Counter())
                for fault in found.faults:
                    if fault.start >= kept.since and window.start <= fault.start < window.end:
                        of_period[str(fault.outcome)] += 1
        self.counts = counts
        for fault in found.faults:
            if fault.restored is not None and fault.restored[1] + FINAL_US < now and fault.id not in self._final:
                self._final.add(fault.id)
                if self._started:  # what was final when the agent started has been counted before
                    self._agent.cleared(fault)
        self._started = True

    async def _tell(self, kept: Kept, found: Derived, now: int) -> None:
        """Record what became of faults since the last look, so that no id ever vanishes."""
        known = {fault.id: (fault.root, fault.start) for fault in found.faults if fault.start >= kept.since}
        if self._told is None:
            self._told = self._agent.reader.told_faults(kept.since)
        rows = [FaultEvent(id_, 0, now, "opened", *known[id_], None, now) for id_ in known.keys() - self._told.keys()]
        for id_ in self._told.keys() - known.keys():
            root, start = self._told[id_]
            if start >= kept.since:
                merged = _holder(found, root, start)
                rows.append(FaultEvent(id_, 0, now, "joined" if merged else "void", root, start, merged, now))
        self._told = known
        if rows:
            writer = self._agent.writer
            await self._agent.committer.run_in_writer(lambda: writer.add_fault_events(rows))

    async def _behind(self, kept: Kept, now: int) -> AsyncIterator[tuple[str, Target]]:
        """Targets all of whose ways are DOWN now, with the short timeout that they are probed with then (F7)."""
        watched = self._agent.watched()
        for number, id_ in enumerate(_below_what_is_down(kept), start=1):
            one = watched.get(id_)
            if one is not None and Look(kept.graph, kept.state, id_, now).highest() is not None:
                seconds = min(one.target.timeout_seconds, BEHIND_TIMEOUT)
                yield id_, replace(one.target, timeout_seconds=seconds)
            if number % _PAUSE_EVERY == 0:
                await asyncio.sleep(0)

    def _build(self) -> Kept:
        """In a thread: the registers, the last days of every item, and the counts of what is older."""
        agent, now = self._agent, self._agent.now_us()
        known = Timelines(agent.reader, agent.shelf.book(agent.reader), now)
        known.load_all()
        self._names = {component.id: component.name for component in agent.reader.components()}
        graph, places = known.topology.graph(), known.topology.places()
        histories = {id_: marks_of(known.served(id_), now) for id_ in graph.items}
        planned = {id_: windows for id_ in graph.items if (windows := known.planned(id_))}
        since = now - HORIZON_US
        older = self._older(graph, histories, planned, since, now)
        recent = {id_: _tail(history, since) for id_, history in histories.items()}
        return Kept(graph, begin(graph, recent, planned), places, older, since)

    def _older(
        self,
        graph: Graph,
        histories: Mapping[str, Sequence[Mark]],
        planned: Mapping[str, Sequence[Window]],
        since: int,
        now: int,
    ) -> dict[str, Counter[str]]:
        whole = derive(graph, begin(graph, histories, planned), now)
        counts: dict[str, Counter[str]] = {}
        for label, window in self._agent.periods().items():
            if window.start <= now < window.end:
                faults = [each for each in whole.faults if window.start <= each.start < min(window.end, since)]
                counts[label] = Counter(str(fault.outcome) for fault in faults)
        return counts


def _tail(history: Sequence[Mark], since: int) -> list[Mark]:
    """The marks from `since` on, and before them those of an outage that reaches there."""
    index = next((number for number, mark in enumerate(history) if mark.at >= since), len(history))
    while index > 0 and history[index - 1].state in (Now.DOWN, Now.UNKNOWN):
        index -= 1
    return list(history[max(index - 1, 0) :])


def _below_what_is_down(kept: Kept) -> Iterator[str]:
    seen: set[str] = set()
    for item, episodes in kept.state.episodes.items():
        if episodes and episodes[-1].end == FOREVER and item in kept.graph.children:
            for child in kept.graph.behind(item):
                if child not in seen:
                    seen.add(child)
                    yield child


def _holder(found: Derived, item: str, start: int) -> str | None:
    """The fault, or planned outage, that an item's outage belongs to now."""
    for episode in found.episodes.get(item, ()):
        if any(part.start <= start < part.down_end for part in episode.parts):
            return episode.root.id
    return None
