"""One uplink above 43 000 registered targets is cut, live: how long a look takes, and does the loop stay free."""

import asyncio
import contextlib
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from agent.process import settle_memory
from bench.aligned import Lags
from sla.model import State
from tests.agent.fault_worlds import World, world

TARGETS = 43_000
HEAD = "target_id,kind,address,module,role,parents"


class Look(NamedTuple):
    """Seconds of one look, of CPU meanwhile, and the loop's worst lag; what it found."""

    seconds: float
    cpu: float
    lag_max: float
    faults: int
    members: int


class Collapse(NamedTuple):
    """The same cut as it may come: the uplink seen first, or all that is behind it; and everything built anew."""

    known_uplink: Look
    children_first: Look
    uplink_after: Look
    anew: Look


def collapse() -> Collapse:
    """A city behind one core node; edges are durable before each look."""
    with TemporaryDirectory() as folder:
        return asyncio.run(_collapse(Path(folder)))


async def _collapse(folder: Path) -> Collapse:
    rows = [f"c{number:05},tcp,127.0.0.1:{1 + number % 60000},port,camera,core" for number in range(TARGETS)]
    names = [row.partition(",")[0] for row in rows]
    async with world(folder, targets=(HEAD, "core,tcp,127.0.0.1:9,port,core,", *rows)) as w:
        await _say(w, ("core", *names), 0, State.UP)
        w.to(700)
        await w.look()
        settle_memory()
        await _say(w, ("core", *names), 600, State.DOWN)
        known = await _measured(w)
        await _say(w, ("core", *names), 1000, State.UP)
        w.to(3000)
        await w.look()
        await _say(w, names, 2600, State.DOWN)
        first = await _measured(w)
        await _say(w, ("core",), 2610, State.DOWN)
        after = await _measured(w)
        w.watch.refresh()
        return Collapse(known, first, after, await _measured(w))


async def _say(w: World, names: tuple[str, ...] | list[str], seconds: float, state: State) -> None:
    await w.say(*((name, seconds, state) for name in names))


async def _measured(w: World) -> Look:
    lags = Lags()
    watch = asyncio.ensure_future(lags.watch())
    await asyncio.sleep(0.2)
    began, cpu = time.monotonic(), time.process_time()
    await w.watch.look()
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    await asyncio.sleep(0.05)
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    members = max((len(fault.members) for fault in w.watch.open), default=0)
    return Look(seconds, cpu, max(lags.seen), len(w.watch.open), members)
