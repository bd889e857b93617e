"""The running agent's chain: a head every hour, seals when they are due, beside the ledger, never in its way (E3)."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from agent.chainmetrics import ChainMetrics
from agent.errors import StoreError, UsageError
from agent.headmaking import HeadMaker
from agent.sealjobs import SealJobs, Watch
from agent.stores.chaining import Kept

T = TypeVar("T")

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
PAUSE_SECONDS = 0.005
"""Between two batches of rows: probes and commits have their turn."""


class StoppingError(Exception):
    """The agent stops; what was begun is made after the next start."""


class Chain:
    """Looks whether an hour has ended, and works in a thread of its own."""

    def __init__(
        self,
        maker: HeadMaker,
        now_us: Callable[[], int],
        watch: Callable[[], Watch],
        seals: SealJobs,
        metrics: ChainMetrics,
        spoke: Callable[[], None],
    ) -> None:
        self._maker, self._now_us, self._watch = maker, now_us, watch
        self.seals, self._metrics, self._spoke = seals, metrics, spoke
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chain")
        self._stopping = False
        self._is_refused = False

    async def serve(self) -> None:
        """Until cancelled. What is new for the witnesses is told on the loop."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                if await loop.run_in_executor(self._thread, self.look):
                    self._spoke()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._stopping = True
            await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)  # it reads the store until then

    async def ask(self, work: Callable[[], T]) -> T:
        """Something else of the chain, in its thread. Errors: what it raises, UsageError while the agent stops."""
        if self._stopping:
            raise UsageError("the agent stops; ask again when it runs")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._spoke()

    def look(self) -> bool:
        """Begin a head where an hour has ended, make what was begun, seal what is due; True if anything was made."""
        made: list[Kept] = []
        sealed = False
        try:
            now = self._now_us()
            if self._maker.is_due(now):
                self._maker.begin("hour", now, is_sound=not self._watch().unresolved)
            made = self._maker.make_begun(self._pause)
            for kept in made:
                self._metrics.chained(kept.head.number, kept.head.until)
            sealed = self.seals.look(self._pause)
        except StoppingError:
            return False
        except StoreError as exc:
            self._refused(exc)
        except Exception:
            self._metrics.chain_failed()
            LOG.exception("the chain: our own bug; it is tried again")
        else:
            self._is_refused = False
        return bool(made) or sealed

    def _refused(self, exc: StoreError) -> None:
        self._metrics.chain_failed()
        if not self._is_refused:
            LOG.error("the chain waits, and is tried again: %s", exc)
        self._is_refused = True

    def _pause(self) -> None:
        if self._stopping:
            raise StoppingError
        time.sleep(PAUSE_SECONDS)
