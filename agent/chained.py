"""What the agent has of the chain, put together: heads, seals, witnesses. No policy here."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.chain import Chain
from agent.chainmetrics import ChainMetrics
from agent.commit import Committer
from agent.config import Config
from agent.headmaking import HeadMaker, Terms
from agent.sealing import Sealer, Sources
from agent.sealjobs import SealJobs, Watch
from agent.stores.chaining import Kept
from agent.stores.writing import SqliteWriter
from agent.witnesses import Speaker, Witnesses, about

if TYPE_CHECKING:
    from agent.app import Agent


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the chain works with."""

    heads: HeadMaker
    writer: SqliteWriter
    committer: Committer
    sources: Sources
    config: Callable[[], Config]
    now_us: Callable[[], int]
    watch: Callable[[], Watch]
    metrics: ChainMetrics


class Chained:
    """The chain of one run."""

    def __init__(self, parts: Parts) -> None:
        self._heads, self._config, self._metrics = parts.heads, parts.config, parts.metrics
        last = parts.sources.reader.last_head()
        if last is not None:
            self._metrics.chained(last.head.number, last.head.until)
        self._witnesses = Witnesses(parts.writer, parts.committer, parts.now_us, parts.metrics)
        config = parts.config()
        named = about(parts.sources.reader, config.vantage.name)
        self._speaker = Speaker(named, lambda: self._config().witnesses, parts.now_us)
        sealer = Sealer(parts.heads, parts.writer, config.zone_info, parts.sources, self._speaker.seal)
        self.seals = SealJobs(sealer, parts.now_us, parts.watch, parts.metrics)
        self.chain = Chain(parts.heads, parts.now_us, parts.watch, self.seals, parts.metrics, self._witnesses.wake)

    def take(self, config: Config) -> None:
        """Another algorithm, from the next head on, or other witnesses."""
        self._heads.terms = Terms(config.chain.algorithm, self._added)
        self._witnesses.take(config.witnesses)

    def _added(self, db: sqlite3.Connection, kept: Kept) -> None:
        self._speaker.head(db, kept)
        self._metrics.chained(kept.head.number, kept.head.until)

    async def serve(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.chain.serve())
            group.create_task(self._witnesses.serve())


def chained_of(agent: "Agent") -> Chained:
    """The chain of an agent, whose parts may be made later."""
    return Chained(
        Parts(
            heads=agent.heads,
            writer=agent.writer,
            committer=agent.committer,
            sources=Sources(agent.reader, agent.shelf, lambda: agent.indicators.plans),
            config=lambda: agent.config,
            now_us=agent.clock.now_us,
            watch=lambda: agent.watch,
            metrics=ChainMetrics(agent.metrics.registry),
        )
    )
