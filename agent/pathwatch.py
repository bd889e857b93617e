"""One trace towards the root of a new fault, kept with it as evidence of where the path broke.

A fault waits until it is clear that nothing above its root has failed too: what stands behind a router that went DOWN
is a member of that router's fault a moment later, and one trace shows the break. Nothing here ever delays a probe.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from time import monotonic
from typing import Any

from agent.commit import Committer
from agent.config import Config
from agent.config.schema import PathEvidence
from agent.entries import Entry
from agent.errors import StoreError
from agent.faultwatch import FaultWatch
from agent.ledger import Ledger
from agent.pathplan import Plan, plan
from agent.selfmetrics import SelfMetrics
from agent.stores.base import Batch, Reader, Writer
from agent.stores.pathing import KeptPath
from agent.targets import Watched
from collectors.base import Reading
from collectors.path import Tracers, sentence
from sla.faults import Fault
from sla.model import State

LOG = logging.getLogger(__name__)

QUEUE = 100
"""Faults that may wait for their trace; of more, those with the most members are taken."""

HELD_LIMIT = 1000
"""New faults that may wait until what stands above them is clear; of more, those with the most members."""

HELD_SECONDS = 180.0
"""How long a fault waits for that at most."""

AGAIN_SECONDS = 600.0
"""A target is traced at most once in this time, and an edge this old is no news."""

_TURN_SECONDS = 0.25
_AT_ONCE = 100
"""Faults that wait and are looked at in one turn."""

_MANY = 20
"""Where more are ready one is begun a turn: then each is one of a storm, in which the probes need the core."""

_KEPT_EVERY_SECONDS = 1.0
"""Traces of so long are kept in one transaction: in a storm each alone would cost what a second's edges cost."""

_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What of the agent it needs."""

    reader: Reader
    writer: Writer
    committer: Committer
    ledger: Ledger
    faults: FaultWatch
    config: Callable[[], Config]
    watched: Callable[[], Mapping[str, Watched]]
    now_us: Callable[[], int]
    metrics: SelfMetrics


@dataclass(slots=True)
class _Held:
    """A fault that waits. Units: `since` monotonic seconds; `clear_at` microseconds, None while it is not clear."""

    fault: Fault
    since: float
    clear_at: int | None = None


def _members(fault: Fault) -> int:
    return len(fault.members)


def _drop_old(known: dict[Any, float], now: float) -> None:
    while known and now - next(iter(known.values())) > AGAIN_SECONDS:
        del known[next(iter(known))]


class PathWatch:
    """All methods are called on the loop; a trace runs in a thread of its own."""

    def __init__(self, agent: Parts) -> None:
        self._agent = agent
        self._held: dict[str, _Held] = {}
        self._ready: dict[str, Fault] = {}
        self._news: deque[tuple[Fault, float]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._finished: list[KeptPath] = []
        self._went_down: dict[int, float] = {}
        self._traced: dict[str, float] = {}
        self._failing = False
        self._seen_at = 0

    def durable(self, batch: Batch) -> None:
        """Edges of our own probes became durable: only what went DOWN just now is traced, never what is imported."""
        now = monotonic()
        for row in batch.edges:
            if row.edge.state is State.DOWN:
                self._went_down.pop(row.component, None)  # the order is that of the instants
                self._went_down[row.component] = now

    def opened(self, faults: Sequence[Fault], more: int = 0) -> None:
        """Faults that have just been recorded as opened, the largest first; so many `more` are not among them."""
        if not self._settings.enabled:
            return
        room = max(HELD_LIMIT - len(self._held) - len(self._news), 0)
        self._news += [(fault, monotonic()) for fault in faults[:room]]
        self._agent.metrics.path_dropped("full", more + max(len(faults) - room, 0))

    async def serve(self) -> None:
        """Make the traces that are due until cancelled."""
        tracers = Tracers(16)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep())
                while True:
                    self._turn()
                    for fault in self._next():
                        task = group.create_task(self._trace_safely(tracers, fault))
                        self._under_way.add(task)
                        task.add_done_callback(self._under_way.discard)
                    await asyncio.sleep(_TURN_SECONDS)
        finally:
            tracers.close()
            await self._write_finished()

    @property
    def _settings(self) -> PathEvidence:
        return self._agent.config().path

    def _is_news(self, fault: Fault) -> bool:
        component = self._agent.ledger.component_of(fault.root) if fault.source == "probe" else None
        return component is not None and component.id in self._went_down

    def _plan(self, fault: Fault) -> Plan | None:
        """Where to trace to; None for a part of a target, or a kind without an address."""
        watched = self._agent.watched().get(fault.root)
        if watched is None:
            return None
        module = self._agent.config().modules.get(watched.module)
        return plan(watched, None if module is None else module.options, self._settings)

    # who is next

    def _turn(self) -> None:
        now = monotonic()
        self._hear()
        self._forget(now)
        if not self._held and not self._ready:
            return
        self._leave_what_is_over()
        due = []
        for id_ in list(islice(self._held, _AT_ONCE)):
            held = self._held.pop(id_)
            if self._is_due(held, now):
                due.append(held.fault)
            else:
                self._held[id_] = held  # behind the others
        self._queue(due)

    def _hear(self) -> None:
        """Hold what opened since; a thousand in one go would hold up the loop."""
        for _ in range(min(_AT_ONCE, len(self._news))):
            fault, since = self._news.popleft()
            if self._is_news(fault) and self._plan(fault) is not None:
                self._held[fault.id] = _Held(fault, since)

    def _leave_what_is_over(self) -> None:
        """Restored, or joined to the fault of something above: looked for once after each look."""
        if self._seen_at == self._agent.faults.looked_at:
            return
        self._seen_at = self._agent.faults.looked_at
        for id_ in self._held.keys() - self._agent.faults.open_ids:
            del self._held[id_]
            self._agent.metrics.path_dropped("over")

    def _forget(self, now: float) -> None:
        _drop_old(self._went_down, now)
        _drop_old(self._traced, now)

    def _is_due(self, held: _Held, now: float) -> bool:
        """Whether a look has begun since everything above was clear, or it has waited long enough."""
        if now - held.since > HELD_SECONDS:
            return True
        if held.clear_at is None and all(map(partial(self._is_clear, held.fault), self._above(held.fault))):
            held.clear_at = self._agent.now_us()
        return held.clear_at is not None and self._agent.faults.looked_at >= held.clear_at

    def _above(self, fault: Fault) -> list[Entry]:
        entries = []
        for name in self._agent.faults.above(fault.root):
            target, _, part = name.partition("#")
            entry = self._agent.ledger.of_target(target).get(part)
            if entry is not None:
                entries.append(entry)
        return entries

    def _is_clear(self, fault: Fault, entry: Entry) -> bool:
        """It was probed since the fault began, and no streak of it is open."""
        return entry.track.last_at >= fault.onset[1] and not entry.track.streak and entry.pending == 0

    def _queue(self, due: Sequence[Fault]) -> None:
        for fault in sorted(due, key=_members, reverse=True):
            if len(self._ready) < QUEUE:
                self._ready[fault.id] = fault
            else:
                self._agent.metrics.path_dropped("full")

    def _next(self) -> Iterator[Fault]:
        """Those whose trace begins this turn, the largest first."""
        room = self._settings.concurrency - len(self._under_way)
        for _ in range(min(room, 1 if len(self._ready) > _MANY else len(self._ready))):
            yield self._ready.pop(next(iter(self._ready)))

    # the trace itself

    async def _trace_safely(self, tracers: Tracers, fault: Fault) -> None:
        """A bug of ours here stops nothing else."""
        try:
            await self._trace(tracers, fault)
        except Exception:
            self._agent.metrics.path_traced("failed")
            LOG.exception("the path of fault %s could not be traced", fault.id)

    async def _trace(self, tracers: Tracers, fault: Fault) -> None:
        kept = await asyncio.to_thread(self._agent.reader.fault_paths, fault.id)
        wanted, why_not = self._plan(fault), "repeat" if kept else self._why_not(fault)
        if wanted is None or why_not:
            self._agent.metrics.path_dropped(why_not or "over")
            return
        self._traced[fault.root] = monotonic()
        at = self._agent.now_us()
        traced = await tracers.trace(wanted.host, wanted.port, wanted.recipe)
        if isinstance(traced, Reading):
            self._agent.metrics.path_traced("failed")
            log = LOG.debug if self._failing else LOG.warning
            log("fault %s has no path: the trace to %s failed on our side: %s", fault.id, wanted.host, traced.detail)
            self._failing = True
            return
        self._failing = False
        self._finished.append(KeptPath(fault.id, 0, at, fault.root, traced, self._agent.now_us()))

    def _why_not(self, fault: Fault) -> str:
        """What speaks against a trace now, "" if nothing."""
        watched = self._agent.watched().get(fault.root)
        if fault.id not in self._agent.faults.open_ids:
            return "over"
        plane = None if watched is None else watched.plane
        if plane is not None and self._agent.ledger.vantage.plane(plane).since is not None:
            return "isolated"
        return "repeat" if fault.root in self._traced else ""

    async def _keep(self) -> None:
        """Write down what was traced, until cancelled; a store that refuses is asked again."""
        while True:
            await asyncio.sleep(_KEPT_EVERY_SECONDS)
            if not await self._write_finished():
                await asyncio.sleep(_RETRY_SECONDS)

    async def _write_finished(self) -> bool:
        """Whether all that was finished by now is kept."""
        paths = self._finished[:]
        if not paths:
            return True
        try:
            await self._agent.committer.run_in_writer(partial(self._agent.writer.add_paths, paths))
        except StoreError:
            return False
        del self._finished[: len(paths)]
        for path in paths:
            self._agent.metrics.path_traced("kept")
            LOG.info("fault %s of %s: %s", path.fault, path.target, sentence(path.traced))
        return True
