"""Questions to the store, asked in threads of the web's own.

Neither the loop nor what probes do in the loop's default threads (looking names up) ever waits for a page.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from aiohttp import web

T = TypeVar("T")

THREADS = 2
WAITING_LIMIT = 16
DEADLINE_SECONDS = 15.0


class Questions:
    """A few threads and a bounded queue before them."""

    def __init__(
        self, deadline_seconds: float = DEADLINE_SECONDS, threads: int = THREADS, waiting: int = WAITING_LIMIT
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="web")
        self._waiting = waiting
        self._room = threading.BoundedSemaphore(waiting)
        self._deadline = deadline_seconds

    async def ask(self, question: Callable[[], T]) -> T:
        """The answer. Errors: what the question raises; 503 when too many wait, or when it takes too long."""
        if not self._room.acquire(blocking=False):
            raise busy(f"{self._waiting} questions wait already")
        future = self._threads.submit(question)
        future.add_done_callback(self._release)
        try:
            async with asyncio.timeout(self._deadline):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise busy(f"the store did not answer within {self._deadline:g} s") from None

    async def close(self) -> None:
        """Let what runs end; nothing uses the store afterwards."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    def _release(self, _: Future[T]) -> None:
        self._room.release()


def busy(why: str) -> web.HTTPServiceUnavailable:
    """503: ask again, or for less."""
    return web.HTTPServiceUnavailable(headers={"Retry-After": "5"}, text=f"{why}; ask again in 5 s, or for less")
