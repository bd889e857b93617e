"""The seal of a month of a city beside live writes: hourly heads, the seal, and the walk of a verifier."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.figures.book import Shelf
from agent.headmaking import HOUR_US, HeadMaker
from agent.plans import plan_by_id
from agent.sealing import PROVISIONAL_US, Asked, Sealer, Sources
from agent.stores.base import Batch, Component, EdgeRow, RunRequest, RunStart
from agent.stores.chaincheck import Told, Walk
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from sla.model import Cause, Degraded, Edge, Outcome, Seen, State
from sla.periods import month
from sla.plans import Plan

TARGETS = 43_000
NODES = 2_407
ZONE = ZoneInfo("Asia/Shanghai")
PERIOD = "2025-06"
JUNE = month(2025, 6, ZONE)
NOW = JUNE.end + PROVISIONAL_US
PLAN = "ankang"


class Sealed(NamedTuple):
    """One month. Units: seconds of CPU for 10 000 rows of heads; seconds for the rest; batches written meanwhile.

    `alone` is the seal without a plan, `figures` with the table of one.
    """

    edges: int
    head_cpu: float
    alone: float
    figures: float
    live: int
    slowest_write: float
    walk: float


def sealed(edges_each: float, targets: int = TARGETS) -> Sealed:
    """A month in which each target has so many edges on average, its heads made hour by hour."""
    with TemporaryDirectory() as folder:
        location = Location(Path(folder) / "month.db")
        connection = connect(location)
        migrate(connection, location)
        connection.execute("PRAGMA synchronous = OFF")  # while it is filled
        writer, maker = SqliteWriter(connection), None
        maker = HeadMaker(location, writer, ZONE)
        run = writer.start_run(RunRequest("bench", "boot", JUNE.start, (0, JUNE.start), "bench", 1))
        writer.write(run, Batch(JUNE.start, [_component(number, targets) for number in range(1, targets + 1)]))
        cpu, edges = _fill(writer, maker, run, round(edges_each * targets), targets)
        connection.execute("PRAGMA synchronous = FULL")
        live = _Live(writer, run, edges)
        with live:
            alone = _seal(location, writer, maker, "2025-05", [])
            figures = _seal(location, writer, maker, PERIOD, [plan_by_id(PLAN)])
        began = time.monotonic()
        with closing(connect(location, read_only=True)) as db:
            found = Walk(db, Told(str, lambda *_: None)).walk()
        assert not found.bad, found.bad
        walk = time.monotonic() - began
        writer.close()
    return Sealed(edges, cpu, alone, figures, live.written, live.slowest, walk)


def _component(number: int, targets: int) -> Component:
    """Of the city that `bench plans` has too: mostly cameras, one in 18 a node whose faults a plan counts."""
    is_node = number <= targets * NODES // TARGETS
    return Component(number, f"{'node' if is_node else 'channel'}-{number:05}", "", "icmp" if is_node else "rtsp")


def _seal(location: Location, writer: SqliteWriter, maker: HeadMaker, period: str, plans: Sequence[Plan]) -> float:
    with closing(connect(location, read_only=True)) as db:
        sources = Sources(SqliteReader(db), Shelf(), lambda: plans)
        began = time.monotonic()
        Sealer(maker, writer, ZONE, sources).seal(period, Asked(NOW, "bench"))
        return time.monotonic() - began


def _fill(writer: SqliteWriter, maker: HeadMaker, run: RunStart, edges: int, targets: int) -> tuple[float, int]:
    """Hour by hour: edges, then the head of the hour; CPU seconds of the heads for 10 000 rows."""
    hours = (JUNE.end - JUNE.start) // HOUR_US
    dice, cpu, seq, rows = random.Random(1), 0.0, 0, 0
    for hour in range(hours):
        at = JUNE.start + hour * HOUR_US
        count = edges * (hour + 1) // hours - seq
        writer.write(run, Batch(at + HOUR_US - 1, edges=list(_edges(dice, run, at, seq, count, targets))))
        seq += count
        began = time.process_time()
        maker.begin("hour", at + HOUR_US)
        rows += sum(kept.head.rows for kept in maker.make_begun())
        cpu += time.process_time() - began
    return cpu / rows * 10_000, seq


def _edges(dice: random.Random, run: RunStart, at: int, first: int, count: int, targets: int) -> Iterator[EdgeRow]:
    for number in range(count):
        when = at + dice.randrange(HOUR_US)
        readings = tuple(Seen(when + n * 5_000_000, Outcome.FAILED, "timeout", Degraded.NONE) for n in range(3))
        state = dice.choice((State.UP, State.DOWN))
        edge = Edge(when, state, Degraded.NONE, Cause.PROBE, 60_000_000, readings)
        yield EdgeRow(dice.randint(1, targets), run.boot_no, first + number + 1, edge)


class _Live:
    """Batches of edges as a running agent writes them, ten a second, in a thread of their own."""

    def __init__(self, writer: SqliteWriter, run: RunStart, seq: int) -> None:
        self._writer, self._run, self._seq = writer, run, seq
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.written, self.slowest = 0, 0.0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        dice = random.Random(2)
        while not self._stop.wait(0.1):
            rows = list(_edges(dice, self._run, NOW, self._seq, 20, TARGETS))
            self._seq += len(rows)
            began = time.monotonic()
            self._writer.write(self._run, Batch(NOW + self.written, edges=rows))
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.written += 1
