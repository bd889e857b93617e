"""What the agent has of the chain, put together: heads, seals, witnesses. No policy here."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from agent.chain import Chain
from agent.chainmetrics import ChainMetrics
from agent.commit import Committer
from agent.config import Config
from agent.headmaking import HeadMaker, Terms
from agent.sealing import Sealer, Sources
from agent.sealjobs import SealJobs, Watch
from agent.stores.writing import SqliteWriter
from agent.witnesses import Speaker, Witnesses, about


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
        self._heads, self._config = parts.heads, parts.config
        self._witnesses = Witnesses(parts.writer, parts.committer, parts.now_us, parts.metrics)
        config = parts.config()
        named = about(parts.sources.reader, config.vantage.name)
        self._speaker = Speaker(named, lambda: self._config().witnesses, parts.now_us)
        sealer = Sealer(parts.heads, parts.writer, config.zone_info, parts.sources, self._speaker.seal)
        self.seals = SealJobs(sealer, parts.now_us, parts.watch, parts.metrics)
        self.chain = Chain(parts.heads, parts.now_us, parts.watch, self.seals, parts.metrics, self._witnesses.wake)

    def take(self, config: Config) -> None:
        """Another algorithm, from the next head on, or other witnesses."""
        self._heads.terms = Terms(config.chain.algorithm, self._speaker.head)
        self._witnesses.take(config.witnesses)

    async def serve(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.chain.serve())
            group.create_task(self._witnesses.serve())
