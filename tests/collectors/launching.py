"""A launched probe as something a test can await."""

import asyncio
from collections.abc import Sequence

from collectors.base import Landed, Launcher, Reading, Target


def landing() -> "tuple[asyncio.Future[Sequence[Reading]], Landed]":
    """A future and the landing that fills it; told a second time, it raises."""
    future: asyncio.Future[Sequence[Reading]] = asyncio.get_running_loop().create_future()

    def landed(said: Sequence[Reading] | Exception) -> None:
        if future.cancelled():
            return
        if isinstance(said, Exception):
            future.set_exception(said)
        else:
            future.set_result(said)

    return future, landed


def launched(collector: Launcher, target: Target) -> "asyncio.Future[Sequence[Reading]] | None":
    """The readings of a launched probe, or None where the collector leaves the target to `collect`."""
    future, landed = landing()
    return future if collector.launch(target, landed) else None
