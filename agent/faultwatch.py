"""Faults live: every durable edge goes through the reducer of the reports, and what comes of it is shown and recorded.

The reducer keeps the last days (agent.faultkept); it is built anew once a day and whenever registers change. A fault
that is one no more keeps its id: the ledger says what it joined. All the reckoning is done in a thread, for an edge
may concern everything that there is.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
from time import thread_time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from agent.behind import behind
from agent.commit import Committer
from agent.errors import StoreError
from agent.faultbuild import build, drain
from agent.faultkept import HORIZON_US, Began, Heard, Kept, Ledger, began_of, events, heard
from agent.faultparts import Taken, taken
from agent.figures.book import Shelf
from agent.idle import IDLE
from agent.population import Group, Population
from agent.process import undisturbed
from agent.runner import Runner
from agent.stores.base import Batch, Reader, Writer
from agent.stores.noting import FaultEvent
from agent.targets import Watched
from agent.whereabouts import Whereabouts
from collectors.base import Target
from sla.composite import Said
from sla.faults import Fault, is_open
from sla.model import Degraded, State, Window
from sla.rootcause import Derived, derive

LOG = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.5
REBUILD_US = 86_400_000_000
"""How long the reducer goes on before what has grown old leaves it."""

REST = 50
"""A look rests so many times what it reckoned: with everything DOWN it may not take more than a fiftieth of a core
from the probes that have to see it come back."""

QUIET_REST = 200
"""The same where nothing was heard since: only a clock can have run out, or a fault have become final."""

FINAL_US = 1_800_000_000
"""How long after its restoration a fault is final at the earliest."""

_ROWS_AT_ONCE = 1000
"""Rows of the ledger that are written between two commits of edges."""


TOLD_AT_ONCE = 1000
"""New faults of one look that others are told of."""

SAID_AT_ONCE = 2000
"""Targets and lines whose state is shown in one go."""

_FREED = 200
"""So many faults, or rows, are freed in one go."""

_MADE_OF = 3
"""A fault is so many objects that the collector of cycles would walk."""

_NOTHING: Said = (State.UNKNOWN, Degraded.NONE)


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
    opened: Callable[[Sequence[Fault], int], None] = lambda _, __: None


class _Looked(NamedTuple):
    """What one look found. `behind` is None where nothing can have changed it.

    `private` are all faults once more, in a list that nobody else has: it is what lets go of them in the end.

    `opened` are the new faults, of too many those with the most members; `unnamed` is how many more there were.
    """

    private: list[Fault]
    derived: Derived
    counts: Mapping[str, Mapping[str, int]]
    said: Mapping[str, Said]
    rows: Sequence[FaultEvent]
    opened: Sequence[Fault]
    unnamed: int
    open: Sequence[Fault]
    open_ids: Set[str]
    priorities: Mapping[str, int]
    taken: Sequence[Taken]
    alive: dict[str, Began]
    final: Sequence[Fault]
    population: Mapping[Group, Mapping[State, int]]
    changes: int
    behind: Mapping[str, Target] | None
    seconds: float


class FaultWatch:
    """All methods are called on the loop; looks reckon in a thread, one after the other.

    Shape: `open` are the faults that are neither restored nor withdrawn; `rest_seconds` is the time to the next look.
    """

    def __init__(self, agent: Parts) -> None:
        self._agent = agent
        self._ledger = Ledger(reader=agent.reader, shelf=agent.shelf, zone=agent.zone)
        self._kept: Kept | None = None
        self._is_new = False
        self._waiting: list[Heard] = []
        self._stale = True
        self._started_at: int | None = None
        self._final: set[str] = set()
        self._failing = False
        self._wake = asyncio.Event()
        self._said: dict[str, Said] = {}
        self._population = Population()
        self.population: Mapping[Group, Mapping[State, int]] = {}
        self.where = Whereabouts()
        self.faults: Sequence[Fault] = ()
        self.counts: Mapping[str, Mapping[str, int]] = {}
        self.open: Sequence[Fault] = ()
        self.open_ids: Set[str] = frozenset()
        self.priorities: Mapping[str, int] = {}
        self.taken: Sequence[Taken] = ()
        self._shown: _Looked | None = None
        self._done_with: list[object] = []
        self.looked_at = 0
        self.rest_seconds = LOOK_EVERY_SECONDS
        self._reckoned = 0.0

    def said(self, name: str) -> Said:
        """What a target or line is in, by all that is evidence of it, OUT outside its service (A2, A6)."""
        return self._said.get(name, _NOTHING)

    @property
    def knows(self) -> bool:
        """Whether it has looked since the start: before, no fault shown is not the same as no fault."""
        return self._started_at is not None

    def in_window(self, now: int) -> Iterator[str]:
        """Targets and lines of which a counting window runs (M1)."""
        planned = {} if self._kept is None else self._kept.state.planned
        for item, windows in planned.items():
            if any(window.start <= now < window.end for window in windows):
                yield item

    def above(self, name: str) -> set[str]:
        """Everything that any way of an item runs through, near or far."""
        found: set[str] = set()
        todo = [name]
        while todo and self._kept is not None:
            item = todo.pop()
            if item in self._kept.graph:
                new = set(self._kept.graph.parents(item)) - found
                found |= new
                todo += new
        return found

    def refresh(self) -> None:
        """Registers, windows or imported time have changed: look at everything again."""
        self._stale = True
        self._wake.set()

    def durable(self, batch: Batch) -> None:
        """Edges became durable."""
        if batch.components or batch.edges:
            self._waiting.append(heard(batch, self._agent.committer.run.floor))
            self._wake.set()

    async def serve(self) -> None:
        """Look again after edges, and as time passes, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(max(LOOK_EVERY_SECONDS * 10, self._reckoned * QUIET_REST)):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await self._look_safely()
            await asyncio.sleep(self.rest_seconds)

    async def look(self) -> None:
        """Bring everything that is shown up to now. Errors: StoreError when it cannot be recorded; look again then."""
        now = self._agent.now_us()
        with undisturbed() as quiet:
            kept = await self._current(now)
            waiting, self._waiting = self._waiting, []
            found = await asyncio.to_thread(self._reckon, kept, waiting, now)
            quiet.made = len(found.private) * _MADE_OF
            await self._say(found.said)
            self._show(found, now)
            if kept.is_short:
                self.refresh()
            await self._tell(kept, found.rows)
            self._done_with.append(kept.alive)
            kept.alive, kept.gone = found.alive, ()
            self.looked_at = now
            if found.opened:  # the ledger knows their ids now
                self._agent.opened(found.opened, found.unnamed)

    async def _look_safely(self) -> None:
        """A store that refuses, or a bug of ours, stops no probe; said once, until it works again."""
        try:
            await self.look()
        except StoreError as exc:
            if not self._failing:
                LOG.error("what became of faults cannot be recorded yet: %s", exc)  # noqa: TRY400 (says it all)
            self._failing = True
        except Exception:
            self._stale = True
            if not self._failing:
                LOG.exception("faults could not be looked at; trying again")
            self._failing = True
        else:
            self._failing = False

    async def _current(self, now: int) -> Kept:
        """What is kept; built anew where it is stale or has grown old."""
        if self._kept is not None and not self._stale and now - self._kept.since <= HORIZON_US + REBUILD_US:
            return self._kept
        self._stale = False
        self._waiting.clear()  # what is durable is read from the store
        kept, self.where = await asyncio.to_thread(self._build, dict(self._agent.periods()), now)
        self._kept, self._is_new = kept, True
        return kept

    def _build(self, periods: Mapping[str, Window], now: int) -> tuple[Kept, Whereabouts]:
        kept = build(self._ledger, periods, now)
        if self._kept is not None:  # nobody asks that one any more
            drain(self._kept.state.histories, self._kept.state.outages, self._kept.state.episodes)
        return kept, Whereabouts(self._agent.shelf.book(self._agent.reader))

    def _reckon(self, kept: Kept, waiting: list[Heard], now: int) -> _Looked:
        """In a thread: nothing else touches what is kept meanwhile."""
        began = thread_time()
        _let_go(self._done_with)
        changed = set(kept.graph.items) if self._is_new else set()
        if self._is_new:
            self._population.begin()
        changed |= kept.take(self._ledger, waiting, now)
        while waiting:  # tens of thousands of rows
            waiting.pop()
        changes = len(changed) + kept.settle(now, IDLE.wait)
        above = any(item in kept.graph.children for item in changed)
        derived = derive(
            kept.graph, kept.state, now, kept.desk, kept.places, self._agent.reader.fault_causes(), pause=IDLE.wait
        )
        faults = [fault for fault in derived.faults if fault.id not in kept.past]  # those are counted in `older`
        alive = {fault.id: kept.alive.get(fault.id) or began_of(fault) for fault in faults}
        rows = list(events(kept, derived, alive, now))
        new = {row.fault for row in rows if row.kind == "opened"}
        opened = [fault for fault in faults if fault.id in new and is_open(fault)] if new else []
        said = {item: kept.said(item, now) for item in changed}
        self._population.take(said, kept.graph, self.where)
        opens = [fault for fault in faults if is_open(fault)]
        told_of = nlargest(TOLD_AT_ONCE, opened, key=_members)  # a storm of them must not hold up the loop
        return _Looked(
            private=faults,
            derived=derived._replace(faults=tuple(faults)),
            counts=self._count(kept, faults, now),
            said=said,
            population=self._population.counts(),
            rows=rows,
            opened=told_of,
            unnamed=len(opened) - len(told_of),
            alive=alive,
            final=[fault for fault in faults if fault.restored is not None and self._is_now_final(kept, fault, now)],
            changes=changes,
            open=opens,
            open_ids={fault.id for fault in opens},
            priorities=Counter(fault.priority for fault in opens),
            taken=self._taken(kept, opens),
            behind=dict(behind(kept, self._agent.watched(), now)) if above or self._is_new else None,
            seconds=thread_time() - began,
        )

    def _taken(self, kept: Kept, opens: Sequence[Fault]) -> Sequence[Taken]:
        """What open faults have taken; the same object while that is the same."""
        items = kept.graph.items
        found = list(taken(lambda name: str(items[name].role) if name in items else "", opens))
        same = len(found) == len(self.taken) and all(one == other for one, other in zip(found, self.taken, strict=True))
        return self.taken if same else found  # one by one: a comparison of all lets no other thread in

    def _count(self, kept: Kept, faults: Sequence[Fault], now: int) -> Mapping[str, Mapping[str, int]]:
        counts: dict[str, Counter[str]] = {}
        for label, window in self._agent.periods().items():
            if window.start <= now < window.end:
                recent = Counter(fault.outcome for fault in faults if window.start <= fault.start < window.end)
                counts[label] = Counter(kept.older.get(label, ())) + Counter({str(key): n for key, n in recent.items()})
        return counts

    def _is_now_final(self, kept: Kept, fault: Fault, now: int) -> bool:
        """Nothing can reopen or re-parent it any more (F5, F6), which was not so when the agent started."""
        if fault.restored is None or fault.id in self._final or fault.restored[1] + FINAL_US >= now:
            return False
        at = fault.restored[1] + _final_after(kept, fault.root)
        return at < now and self._started_at is not None and at >= self._started_at

    async def _say(self, said: Mapping[str, Said]) -> None:
        """What each is in now; the loop runs between, for in a storm it is each of tens of thousands.

        Where all is found anew it is shown when it is whole: nobody may be UNKNOWN for our sake meanwhile.
        """
        shown = {} if self._is_new else self._said
        changed = iter(said.items())
        while some := list(islice(changed, SAID_AT_ONCE)):
            shown.update(some)
            await asyncio.sleep(0)
        self._said = shown

    def _show(self, found: _Looked, now: int) -> None:
        self._is_new = False
        self._done_with, self._shown = _parts_of(self._shown), found
        self.faults, self.counts, self.population = found.derived.faults, found.counts, found.population
        self.open, self.open_ids, self.taken = found.open, found.open_ids, found.taken
        self.priorities = found.priorities
        self._reckoned = found.seconds
        self.rest_seconds = max(LOOK_EVERY_SECONDS, REST * found.seconds)
        if found.behind is not None:
            self._agent.runner.stand_behind(found.behind)
        for fault in found.final:
            self._final.add(fault.id)
            self._agent.cleared(fault)
        if self._started_at is None:
            self._started_at = now

    async def _tell(self, kept: Kept, rows: Sequence[FaultEvent]) -> None:
        """Record what became of faults since the last look, so that no id ever vanishes."""
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            piece = rows[first : first + _ROWS_AT_ONCE]
            await self._agent.committer.run_in_writer(lambda piece=piece: self._agent.writer.add_fault_events(piece))  # type: ignore[misc]  # a default binds the piece
            for row in piece:
                if row.kind == "opened":
                    kept.told[row.fault] = Began(row.root, row.start)
                else:
                    kept.told.pop(row.fault, None)


def _parts_of(shown: _Looked | None) -> list[Any]:
    """What to let go of once another look is shown: the whole first, then what only it had."""
    return [] if shown is None else [shown.private, shown.said, shown.rows, shown]


def _let_go(things: list[Any]) -> None:
    """Free the last first, what nobody else has in pieces: every other thread waits for each of them."""
    while things:
        each = things.pop()
        if isinstance(each, list):
            while each:
                del each[-_FREED:]
        elif isinstance(each, dict):
            while each:
                each.popitem()


def _members(fault: Fault) -> int:
    return len(fault.members)


def _final_after(kept: Kept, root: str) -> int:
    """How long after its restoration something above may still be found to have failed first (F6)."""
    longest, seen, todo = 0, set[str](), [root]
    while todo:
        item = todo.pop()
        if item in kept.graph and item not in seen:
            seen.add(item)
            longest = max(longest, kept.graph.items[item].interval)
            todo += kept.graph.parents(item)
    return max(FINAL_US, 6 * longest)
