"""The table of one plan over a city's year: cold out of the file, after one edge, and beside a loop that must go on."""

import asyncio
import random
import resource
import statistics
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from agent.figures.book import Shelf
from agent.figures.kept import Kept
from agent.figures.plan import PlanTables, Table
from agent.plans import plan_by_id
from agent.process import settle_memory, share_the_interpreter, undisturbed
from agent.stores.base import Batch, Component, EdgeRow
from agent.stores.opening import connect
from agent.stores.reading import SqliteReader
from bench.aligned import Lags
from bench.ledger import SECOND
from bench.planworld import NOW, City, build, edge

TARGETS, EDGES = 43_000, 40
PLAN = "ankang"
TURNS = 60


class Cost(NamedTuple):
    """Of one table. Units: seconds of CPU and of the wall, and of the worst lateness of a loop beside it."""

    cpu: float
    wall: float
    lag_max: float


class Found(NamedTuple):
    """What the tables cost. `same`: the last one, held against one reckoned anew. Units: megabytes."""

    targets: int
    cold: Cost
    edges: list[Cost]
    kept_mb: float
    peak_mb: float
    whole: float
    same: bool


def measure(targets: int = TARGETS) -> Found:
    """Write a city's year, ask for its table, then again after one edge, many times."""
    with TemporaryDirectory() as folder:
        city = build(Path(folder), targets, EDGES)
        settle_memory()
        share_the_interpreter()
        with closing(SqliteReader(connect(city.location, read_only=True))) as reader:
            return _measure(city, reader)


def _measure(city: City, reader: SqliteReader) -> Found:
    kept = Kept(reader)
    tables, plan, before = PlanTables(reader, Shelf(), kept), plan_by_id(PLAN), _resident_mb()
    tables_at = lambda now: tables.table(plan, None, now=now)  # noqa: E731 (a name for what is timed)
    cold, _ = _timed(lambda: tables_at(NOW))
    kept_mb = _resident_mb() - before
    costs, now, dice = [], NOW, random.Random(1)
    components = reader.components()
    for turn in range(TURNS):
        now += 2 * SECOND
        _one_edge(city, kept, dice.choice(components), now, turn)
        cost, table = _timed(lambda now=now: tables_at(now))  # type: ignore[misc]  # a default binds it
        costs.append(cost)
    began = time.process_time()
    anew = PlanTables(reader, Shelf()).table(plan, None, now=now)
    whole = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Found(city.targets, cold, costs, kept_mb, peak, whole, replace(anew) == table)


def _one_edge(city: City, kept: Kept, component: Component, now: int, turn: int) -> None:
    """Of any target: a fault opens, or one ends."""
    row = EdgeRow(component.id, city.run.boot_no, 10_000_000 + turn, edge(now - SECOND, up=bool(turn % 2)))
    batch = Batch(now, edges=[row])
    city.writer.write(city.run, batch)
    kept.heard(batch)


def _timed(ask: Callable[[], Table]) -> tuple[Cost, Table]:
    """In a thread, as the running agent does, beside a loop that wants to go on."""
    return asyncio.run(_beside_a_loop(ask))


async def _beside_a_loop(ask: Callable[[], Table]) -> tuple[Cost, Table]:
    lags = Lags()
    watch = asyncio.ensure_future(lags.watch())
    await asyncio.sleep(0.02)
    cpu, wall = time.process_time(), time.perf_counter()
    with undisturbed():
        table = await asyncio.to_thread(ask)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    await asyncio.sleep(0.01)
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    return Cost(cpu, wall, max(lags.seen, default=0.0)), table


def text(found: Found) -> str:
    """What is printed."""
    cold = found.cold
    cpu, wall = [cost.cpu for cost in found.edges], [cost.wall for cost in found.edges]
    lag = max(cost.lag_max for cost in found.edges)
    return (
        f"cold: CPU {cold.cpu:.1f} s, wall {cold.wall:.1f} s, loop lag max {_ms(cold.lag_max)}\n"
        f"after one edge, of {len(cpu)}: CPU median {_ms(statistics.median(cpu))}, max {_ms(max(cpu))}; "
        f"wall median {_ms(statistics.median(wall))}, max {_ms(max(wall))}; loop lag max {_ms(lag)}\n"
        f"memory kept {found.kept_mb:.0f} MB, peak of the process {found.peak_mb:.0f} MB\n"
        f"reckoned anew at the end: CPU {found.whole:.1f} s, the same table: {found.same}"
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6
