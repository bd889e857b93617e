"""The committer: what was on its way to the store when the stop came is not lost; how long edges are gathered."""

import asyncio
import threading
from pathlib import Path

import pytest

from agent import commit
from agent.errors import StoreError
from agent.stores.base import Batch, EdgeRow, RunStart
from agent.stores.opening import connect
from agent.stores.reading import SqliteReader
from sla.model import Cause, Degraded, Edge, State
from tests.agent.worlds import START, World


async def stopped_while_a_batch_is_on_its_way(world: World) -> None:
    """The writer's thread is busy, so the batch waits for it while the loop is told to stop."""
    busy, done = threading.Event(), threading.Event()

    def work() -> None:
        busy.set()
        assert done.wait(60)

    async with asyncio.TaskGroup() as group:
        group.create_task(world.committer.run_in_writer(work))
        assert await asyncio.to_thread(busy.wait, 60)
        serving = group.create_task(world.committer.serve())
        world.committer.record(START, "note", "{}")
        while world.committer._records:
            await asyncio.sleep(0.005)
        serving.cancel()
        await asyncio.wait([serving])
        done.set()
    await world.committer.close(world.ledger.finish())
    world.is_running = False


def kept(world: World) -> list[str]:
    reader = SqliteReader(connect(world.location))
    try:
        return [record.kind for record in reader.records("note")]
    finally:
        reader.close()


async def test_a_batch_that_waits_for_the_thread_when_the_stop_comes_is_written(tmp_path: Path) -> None:
    with World(tmp_path / "ledger.db") as world:
        await stopped_while_a_batch_is_on_its_way(world)
        assert kept(world) == ["note"]


async def test_one_that_is_refused_then_goes_with_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(run: RunStart, batch: Batch) -> None:
        raise StoreError("no room left")

    with World(tmp_path / "ledger.db") as world:
        monkeypatch.setattr(world.writer, "write", full)
        await stopped_while_a_batch_is_on_its_way(world)
        assert kept(world) == ["note"]


def edges(world: World, many: int) -> None:
    """So many edges of the one target, each a microsecond behind the one before."""
    committer = world.committer
    component = next(world.ledger.entries()).component.id
    for _ in range(many):
        seq = committer.next_seq()
        edge = Edge(START + seq, State.UP if seq % 2 else State.DOWN, Degraded.NONE, Cause.PROBE)
        committer.edge(EdgeRow(component, committer.run.boot_no, seq, edge))


@pytest.mark.parametrize(
    ("came", "then"),
    [
        (1, commit.EDGE_DELAY_SECONDS),
        (commit.STORM_EDGES, commit.EDGE_DELAY_SECONDS),
        (commit.STORM_EDGES + 1, commit.STORM_DELAY_SECONDS),
    ],
)
async def test_in_a_storm_edges_are_gathered_for_longer_and_at_once_again_behind_it(
    tmp_path: Path, came: int, then: float
) -> None:
    with World(tmp_path / "ledger.db") as world:
        committer = world.committer
        assert committer.gather_seconds == commit.EDGE_DELAY_SECONDS
        edges(world, came)
        assert await committer.commit()
        assert committer.gather_seconds == then
        edges(world, 1)
        assert await committer.commit()
        assert committer.gather_seconds == commit.EDGE_DELAY_SECONDS
