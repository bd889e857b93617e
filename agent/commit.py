"""Making the ledger durable: one writer thread, one transaction a second, at once where an edge waits (E5).

What is put here is not acknowledged until `on_durable` is told of it. A store that refuses keeps everything
waiting, in order, and is asked again; nothing is dropped.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from agent.errors import StoreError
from agent.stores.base import Batch, Component, Counted, EdgeRow, Leaving, Record, RunStart, Writer
from agent.stores.binning import BinRow
from agent.stores.clocksteps import ClockStep, Resolution
from agent.stores.identifying import DayMet
from agent.stores.sighting import DaySeen

LOG = logging.getLogger(__name__)

EDGE_DELAY_SECONDS = 0.05
STORM_DELAY_SECONDS = 0.5
STORM_EDGES = 20
"""Where so many edges came while the last were gathered, the next are gathered for longer: in a storm each commit would
write the same pages again for a few edges more."""

IDLE_DELAY_SECONDS = 1.0
RETRY_DELAY_SECONDS = 1.0
WAITING_LIMIT = 1_000_000
"""Edges that may wait for a store that refuses; beyond it no probe is started, so time becomes UNKNOWN."""

BINS_LIMIT = 1_000_000
"""Bins of traffic that may wait for it, some hours of a large network; beyond it they are given up: unknown."""


SIGHTINGS_LIMIT = 1_000_000
"""Days of components that may wait for it; beyond it they are given up, which makes no unit more covered."""

IDENTITIES_LIMIT = 1_000_000
"""Days on which they answered as somebody; beyond it they are given up: who still answers so is met again soon."""


class Tally(Protocol):
    """Told how writing goes, for the agent's own metrics."""

    def committed(self, edges: int) -> None: ...
    def refused(self) -> None: ...


class Committer:
    """The queue between the loop and the writer. All methods are called on the loop."""

    def __init__(
        self,
        writer: Writer,
        run: RunStart,
        now_us: Callable[[], int],
        on_durable: Callable[[Batch], Awaitable[None]],
        tally: Tally,
    ) -> None:
        self._writer = writer
        self.run = run
        self._now_us = now_us
        self._on_durable = on_durable
        self._tally = tally
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._seq = 0
        self.durable_until = 0
        self._refused = False
        self.gather_seconds = EDGE_DELAY_SECONDS
        """How long the next edges are gathered before they are written."""
        self._under_way: tuple[Batch, asyncio.Future[None]] | None = None
        self._clear()

    @property
    def waiting(self) -> int:
        """Edges that are decided and not yet durable; a locked store may hold a commit for long."""
        return len(self._edges) + (len(self._under_way[0].edges) if self._under_way else 0)

    @property
    def is_choked(self) -> bool:
        """So much waits that nothing more may be measured."""
        return self.waiting >= WAITING_LIMIT

    def next_seq(self) -> int:
        """The next number in this run's order (T2)."""
        self._seq += 1
        return self._seq

    def edge(self, row: EdgeRow) -> None:
        """Queue an edge; it is durable within about 50 ms, in a storm half a second."""
        self._edges.append(row)
        self._wake.set()

    def component(self, component: Component) -> None:
        """Queue a new component; it is written before any edge of it."""
        self._components.append(component)

    def doubt(self, component: int, since: int | None) -> None:
        """Queue that a component is UNKNOWN from `since` if nothing more arrives, or that it is not any more."""
        self._doubts[component] = since

    def count(self, counted: Counted) -> None:
        """Queue counts of readings."""
        self._counts.append(counted)

    def bins(self, rows: Sequence[BinRow]) -> None:
        """Queue bins of traffic that are full (C4)."""
        if len(self._bins) + len(rows) <= BINS_LIMIT:
            self._bins += rows

    def sightings(self, rows: Sequence[DaySeen]) -> None:
        """Queue when components were seen (C2)."""
        if len(self._sightings) + len(rows) <= SIGHTINGS_LIMIT:
            self._sightings += rows

    def identities(self, rows: Sequence[DayMet]) -> None:
        """Queue as whom components answered (C2)."""
        if len(self._identities) + len(rows) <= IDENTITIES_LIMIT:
            self._identities += rows

    def record(self, at: int, kind: str, body: str, by: str = "agent") -> None:
        """Queue a record (E7)."""
        self._records.append(Record(self.next_seq(), at, kind, body, by))
        self._wake.set()

    def anchor(self, monotonic_ns: int, wall_us: int) -> None:
        """Queue an anchor (T2)."""
        self._anchors.append((monotonic_ns, wall_us))

    def clock_step(self, step: ClockStep) -> None:
        """Queue a step of the wall clock (T4)."""
        self._clock_steps.append(step)

    def resolve(self, resolution: Resolution) -> None:
        """Queue how the doubt over steps ended (T4); it is written behind the steps."""
        self._resolutions.append(resolution)

    async def serve(self) -> None:
        """Commit until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(IDLE_DELAY_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            else:
                await asyncio.sleep(self.gather_seconds)
            self._wake.clear()
            if not await self._commit(loop):
                await asyncio.sleep(RETRY_DELAY_SECONDS)

    async def close(self, leaving: Leaving) -> None:
        """The clean stop: the last batch and what every component was known by. Errors: StoreError."""
        await self._end_what_is_under_way()
        batch = self._take()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._writer.stop_run, self.run, batch, leaving)
            await self._on_durable(batch)
        finally:
            self._thread.shutdown()

    async def commit(self) -> bool:
        """One transaction now, where nobody serves; False where the store refuses."""
        return await self._commit(asyncio.get_running_loop())

    def abandon(self) -> None:
        """End as a kill does: nothing more is written."""
        self._thread.shutdown()

    async def _end_what_is_under_way(self) -> None:
        """A commit that was cut short by the stop: it is written, or waits for the last batch."""
        if self._under_way is None:
            return
        batch, writing = self._under_way
        self._under_way = None
        try:
            await writing
        except StoreError:
            self._give_back(batch)
        else:
            await self._on_durable(batch)

    async def run_in_writer(self, work: Callable[[], object]) -> None:
        """Something else to write, in the writer's thread and between two commits. Errors: what it raises."""
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _commit(self, loop: asyncio.AbstractEventLoop) -> bool:
        batch = self._take()
        self.gather_seconds = STORM_DELAY_SECONDS if len(batch.edges) > STORM_EDGES else EDGE_DELAY_SECONDS
        writing = loop.run_in_executor(self._thread, self._writer.write, self.run, batch)
        self._under_way = (batch, writing)
        try:
            await asyncio.shield(writing)  # cancelling it while it waits for the thread would lose the batch
        except StoreError as exc:
            self._under_way = None
            self._give_back(batch)
            self._tally.refused()
            if not self._refused:
                LOG.error(  # noqa: TRY400 (the message says it; a traceback would not help an operator)
                    "the store refuses to write; everything waits: %s", exc
                )
            self._refused = True
            return False
        self._under_way = None
        if self._refused:
            LOG.info("the store writes again; edges that waited are durable")
        self._refused = False
        self.durable_until = batch.heartbeat
        self._tally.committed(len(batch.edges))
        await self._on_durable(batch)
        return True

    def _take(self) -> Batch:
        batch = Batch(
            self._now_us(), self._components, self._edges, list(self._doubts.items()), self._counts, self._records,
            self._anchors, self._clock_steps, self._resolutions, self._bins, self._sightings, self._identities,
        )  # fmt: skip
        self._clear()
        return batch

    def _clear(self) -> None:
        self._components: list[Component] = []
        self._edges: list[EdgeRow] = []
        self._doubts: dict[int, int | None] = {}
        self._counts: list[Counted] = []
        self._records: list[Record] = []
        self._anchors: list[tuple[int, int]] = []
        self._clock_steps: list[ClockStep] = []
        self._resolutions: list[Resolution] = []
        self._bins: list[BinRow] = []
        self._sightings: list[DaySeen] = []
        self._identities: list[DayMet] = []

    def _give_back(self, batch: Batch) -> None:
        """What was not written stands before what came meanwhile; of doubts the later word holds."""
        self._components = [*batch.components, *self._components]
        self._edges = [*batch.edges, *self._edges]
        self._doubts = {**dict(batch.doubts), **self._doubts}
        self._counts = [*batch.counts, *self._counts]
        self._records = [*batch.records, *self._records]
        self._anchors = [*batch.anchors, *self._anchors]
        self._clock_steps = [*batch.clock_steps, *self._clock_steps]
        self._resolutions = [*batch.resolutions, *self._resolutions]
        self._bins = [*batch.bins, *self._bins]
        self._sightings = [*batch.sightings, *self._sightings]
        self._identities = [*batch.identities, *self._identities]
