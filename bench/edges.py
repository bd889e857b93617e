"""43 000 edges in one second, all at once: when are they durable, and does the loop stay free."""

import asyncio
import contextlib
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from agent.process import settle_memory
from bench.aligned import Lags
from sla.confirm import advance
from tests.agent.worlds import World, target

TARGETS = 43_000


class Storm(NamedTuple):
    """Seconds from the first decision to the last durable edge, and the loop's worst lag."""

    durable: float
    lag_max: float
    edges: int


async def _storm(world: World) -> Storm:
    committer = asyncio.ensure_future(world.committer.serve())
    lags = Lags()
    watch = asyncio.ensure_future(lags.watch())
    await asyncio.sleep(0.2)
    began = time.monotonic()
    number = 0
    async for entry in world.ledger._in_passes():  # noqa: SLF001 (the same passes as isolation takes)
        rules = entry.watched.rules
        world.ledger._apply(entry, advance(entry.track, entry.track.valid_until + 1, rules))  # noqa: SLF001 (the step that is measured)
        number += 1
    while any(entry.pending for entry in world.ledger.entries()):
        await asyncio.sleep(0.01)
    durable = time.monotonic() - began
    for task in (committer, watch):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return Storm(durable, max(lags.seen), number)


def storm() -> Storm:
    """All targets UP, then all UNKNOWN at once."""
    with (
        TemporaryDirectory() as folder,
        World(Path(folder) / "l.db", [target(f"t{n}") for n in range(TARGETS)]) as world,
    ):
        asyncio.run(_all_up(world))
        world.commit()
        settle_memory()
        return asyncio.run(_storm(world))


async def _all_up(world: World) -> None:
    from collectors.base import ok

    for at in (0, 10):
        world.clock.seconds = at
        now = world.run_clock.now_us()
        for watched in world.watched:
            world.ledger.record(watched, now, 0.001, [ok({"rtt_seconds": 0.0001})])
