"""A year of a city in one file: its size, the availability of all of it cold, of one target, and one uplink's cut."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from agent.process import settle_memory
from agent.stores.base import Batch, Component, EdgeRow, RunRequest
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from sla.availability import availability
from sla.model import Cause, Degraded, Edge, Outcome, Seen, State, Window
from sla.rootcause import State as Kept
from sla.rootcause import begin, derive, settle, step
from sla.sums import group, parts
from sla.timeline import Mark, spans
from sla.topology import Graph, Item, Way

TARGETS = 43_000
EDGES = 40
SECOND = 1_000_000
START = 1_735_660_800 * SECOND  # 2025-01-01 00:00 in Shanghai
YEAR = Window(START, START + 8760 * 3600 * SECOND)


class Year(NamedTuple):
    """Seconds of CPU, and bytes."""

    size: int
    all_cold: float
    one: float
    targets: int


def year() -> Year:
    """Write it, close it, open it anew, and measure."""
    with TemporaryDirectory() as folder:
        location = Location(Path(folder) / "year.db")
        _write(location)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        reader = SqliteReader(connect(location, read_only=True))
        began = time.process_time()
        found = group({str(component): parts(turns, YEAR, YEAR.end) for component, turns in reader.all_turns()})
        cold = time.process_time() - began
        began = time.process_time()
        for number in range(1, 101):
            availability(spans(reader.marks(number), YEAR, YEAR.end), (), YEAR)
        one = (time.process_time() - began) / 100
        reader.close()
        return Year(size, cold, one, found.members)


def _write(location: Location) -> None:
    connection = connect(location)
    migrate(connection, location)
    writer = SqliteWriter(connection)
    run = writer.start_run(RunRequest("bench", "boot", START, (0, START), "bench", 1))
    rows: list[EdgeRow] = []
    dice = random.Random(1)
    components = [Component(number, f"channel-{number:05}", "", "icmp") for number in range(1, TARGETS + 1)]
    writer.write(run, Batch(START, components))
    for component in components:
        rows += [EdgeRow(component.id, run.boot_no, len(rows) + n, edge) for n, edge in enumerate(_edges(dice))]
        if len(rows) > 50_000:
            writer.write(run, Batch(YEAR.end, edges=_numbered(rows)))
            rows = []
    writer.write(run, Batch(YEAR.end, edges=_numbered(rows)))
    writer.tidy()
    writer.close()


_seq = iter(range(1, 1 << 62))


def _numbered(rows: list[EdgeRow]) -> list[EdgeRow]:
    return [row._replace(seq=next(_seq)) for row in rows]


def _edges(dice: random.Random) -> Iterator[Edge]:
    """Up and down again, each edge with the readings that made it (E6)."""
    at = START
    for number in range(EDGES):
        state = State.DOWN if number % 2 else State.UP
        outcome = Outcome.FAILED if number % 2 else Outcome.OK
        streak = tuple(Seen(at + n * 10 * SECOND, outcome, "timeout" if number % 2 else "") for n in range(3))
        contrary = Seen(at - 60 * SECOND, Outcome.OK if number % 2 else Outcome.FAILED, "" if number % 2 else "timeout")
        yield Edge(at, state, Degraded.NONE, Cause.PROBE, 60 * SECOND, (contrary, *streak))
        at += dice.randrange(100, 2 * 8760 * 3600 // EDGES) * SECOND


class Cut(NamedTuple):
    """One uplink's cut above all targets: seconds of CPU until all are seen DOWN, and until they are its members.

    `longest` is the longest piece of work between two yields.
    """

    opened: float
    collapsed: float
    longest: float
    members: int


def cut() -> Cut:
    """Every child is seen DOWN before its parent; then the parent is, and all of them are its members."""
    items = [Item("uplink", "core", 60 * SECOND)]
    way = ((Window(-(2**62), 2**62), (Way(1, ("uplink",)),)),)
    items += [Item(f"channel-{number:05}", "camera", 60 * SECOND, way) for number in range(TARGETS)]
    graph = Graph(items)
    up = Mark(START, State.UP, Degraded.NONE, Cause.PROBE)
    state = begin(graph, {item.id: [up] for item in items}, {})
    now = START + 3600 * SECOND
    settle_memory()
    _settled(graph, state, now)
    began = time.process_time()
    for number, item in enumerate(items[1:]):
        step(graph, state, item.id, up._replace(at=now + number % 60 * SECOND, state=State.DOWN))
    longest = _settled(graph, state, now + 100 * SECOND)
    opened = time.process_time() - began
    step(graph, state, "uplink", up._replace(at=now + 30 * SECOND, state=State.DOWN))
    longest = max(longest, _settled(graph, state, now + 101 * SECOND))
    (fault,) = derive(graph, state, now + 102 * SECOND).faults
    return Cut(opened, time.process_time() - began - opened, longest, len(fault.members))


def _settled(graph: Graph, state: Kept, now: int) -> float:
    """The longest time between two yields."""
    longest, last = 0.0, time.perf_counter()
    for _ in settle(graph, state, now):
        longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
    return longest
