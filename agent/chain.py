"""The running agent's chain: a head every hour, seals when they are due, beside the ledger, never in its way (E3)."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from agent.errors import StoreError
from agent.headmaking import HeadMaker

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
PAUSE_SECONDS = 0.005
"""Between two batches of rows: probes and commits have their turn."""


class StoppingError(Exception):
    """The agent stops; what was begun is made after the next start."""


class Tally(Protocol):
    """Told how the chain goes, for the agent's own metrics."""

    def chained(self, number: int, until: int) -> None: ...
    def chain_failed(self) -> None: ...


class Chain:
    """Looks whether an hour has ended, and works in a thread of its own."""

    def __init__(
        self,
        maker: HeadMaker,
        now_us: Callable[[], int],
        is_in_doubt: Callable[[], bool],
        after: Callable[[], None],
        tally: Tally,
    ) -> None:
        self._maker, self._now_us, self._is_in_doubt = maker, now_us, is_in_doubt
        self._after, self._tally = after, tally
        self._stopping = False
        self._is_refused = False

    async def serve(self) -> None:
        """Until cancelled."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="chain")
        loop = asyncio.get_running_loop()
        try:
            while True:
                await loop.run_in_executor(thread, self.look)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._stopping = True
            await asyncio.to_thread(thread.shutdown)  # it reads the store until then

    def look(self) -> None:
        """Begin a head where an hour has ended, make what was begun, and see what follows from it."""
        try:
            now = self._now_us()
            if self._maker.is_due(now):
                self._maker.begin("hour", now, is_sound=not self._is_in_doubt())
            for kept in self._maker.make_begun(self._pause):
                self._tally.chained(kept.head.number, kept.head.until)
            self._after()
        except StoppingError:
            return
        except StoreError as exc:
            self._refused(exc)
        except Exception:
            self._tally.chain_failed()
            LOG.exception("the chain: our own bug; it is tried again")
        else:
            self._is_refused = False

    def _refused(self, exc: StoreError) -> None:
        self._tally.chain_failed()
        if not self._is_refused:
            LOG.error("the chain waits, and is tried again: %s", exc)
        self._is_refused = True

    def _pause(self) -> None:
        if self._stopping:
            raise StoppingError
        time.sleep(PAUSE_SECONDS)
