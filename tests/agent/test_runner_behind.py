"""Behind a dead parent (F7): probing goes on in lanes of its own with a short timeout, and nothing healthy waits."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.runner import BEHIND, OpenModule, Runner
from agent.selfmetrics import SelfMetrics
from agent.targets import Watched
from collectors import KINDS
from collectors.base import Outcome, Reason, Target, failed
from sla.model import State
from tests.agent.fault_worlds import CITY, DOWN, UP
from tests.agent.fault_worlds import world as fault_world
from tests.agent.worlds import World, target

CHILDREN = 3000
ROOM = 5

TCP = next(kind for kind in KINDS if kind.name == "tcp")


@contextmanager
def listener() -> Iterator[tuple[socket.socket, str]]:
    """A peer whose kernel takes connections, and of which no program ever says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as made:
        yield made, f"127.0.0.1:{made.getsockname()[1]}"


def watched(target_id: str, address: str, module: str = "silent") -> Watched:
    return replace(
        target(target_id), target=Target(id=target_id, address=address, timeout_seconds=600.0), module=module
    )


@asynccontextmanager
async def running(world: World, targets: list[Watched]) -> AsyncIterator[Runner]:
    """A runner with real collectors and lanes with little room; the test launches."""
    for one in targets:
        world.ledger.watch(one)
    runner = Runner(world.run_clock, world.ledger, world.committer, SelfMetrics())
    runner.limit("tcp", ROOM, 100_000)
    silent = TCP.module_type.model_validate({"dialogue": [{"expect": "a word"}]})
    async with TCP.build(silent) as waits, TCP.build(TCP.module_type()) as connects, asyncio.TaskGroup() as group:
        runner.modules["silent"] = OpenModule(TCP, waits, launcher=waits)
        runner.modules["m"] = OpenModule(TCP, connects, launcher=connects)
        runner._group = group
        yield runner
        runner._group = None


def launch(runner: Runner, one: Watched) -> None:
    runner.schedule.add(one)
    runner.launch(runner.schedule._jobs[one.id])


async def ended(world: World, target_id: str) -> None:
    """Until its probe has ended: the loop runs, nothing else."""
    while world.ledger.of_target(target_id)[""].last is None:
        await asyncio.sleep(0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path / "ledger.db") as made:
        yield made


async def test_a_healthy_target_is_probed_at_once_while_thousands_hang_behind_what_is_down(world: World) -> None:
    with listener() as (_, address):
        children = [watched(f"c{number}", address) for number in range(CHILDREN)]
        healthy = watched("healthy", address, "m")
        async with running(world, [*children, healthy]) as runner:
            runner.behind = {child.id: replace(child.target, timeout_seconds=2.0) for child in children}
            for child in children:
                launch(runner, child)
            launch(runner, healthy)
            assert len(runner.lanes["tcp"].waiting) == 0, "launched at its turn"
            assert (runner.lanes[BEHIND + "tcp"].active, len(runner.lanes[BEHIND + "tcp"].waiting)) == (
                ROOM, CHILDREN - ROOM,
            )  # fmt: skip
            await ended(world, "healthy")
            last = world.ledger.of_target("healthy")[""].last
            assert last is not None
            assert last.outcome is Outcome.OK
            assert runner.lanes["tcp"].active == 0


async def test_without_a_lane_of_their_own_it_would_wait_behind_them(world: World) -> None:
    with listener() as (_, address):
        children = [watched(f"c{number}", address) for number in range(CHILDREN)]
        async with running(world, children) as runner:
            for child in children:
                launch(runner, child)
            launch(runner, watched("healthy", address, "m"))
            assert (runner.lanes["tcp"].active, len(runner.lanes["tcp"].waiting)) == (ROOM, CHILDREN - ROOM + 1)


async def test_a_child_is_probed_with_the_short_timeout_and_after_restoration_with_its_own(world: World) -> None:
    asked: list[float] = []

    class Noting:
        def launch(self, target: Target, landed: object) -> bool:
            asked.append(target.timeout_seconds)
            return True

    child = watched("c", "127.0.0.1:1")
    async with running(world, [child]) as runner:
        runner.modules["silent"] = runner.modules["silent"]._replace(launcher=Noting())
        runner.behind = {"c": replace(child.target, timeout_seconds=2.0)}
        launch(runner, child)
        assert (runner.lanes[BEHIND + "tcp"].active, runner.lanes["tcp"].active) == (1, 0)
        runner.behind = {}
        launch(runner, child)
        assert (runner.lanes[BEHIND + "tcp"].active, runner.lanes["tcp"].active) == (1, 1)
    assert asked == [2.0, 600.0]


async def test_who_waits_when_the_parent_fails_changes_lanes_and_back_when_it_returns(world: World) -> None:
    """The outage becomes known only after thousands have been launched as healthy."""
    with listener() as (_, address):
        children = [watched(f"c{number}", address) for number in range(CHILDREN)]
        async with running(world, children) as runner:
            for child in children:
                launch(runner, child)
            launch(runner, watched("healthy", address, "m"))
            normal, behind = runner.lanes["tcp"], runner.lanes[BEHIND + "tcp"]
            runner.stand_behind({child.id: replace(child.target, timeout_seconds=2.0) for child in children})
            assert (normal.active, [job.watched.id for job in normal.waiting]) == (ROOM, ["healthy"])
            assert (behind.active, len(behind.waiting)) == (ROOM, CHILDREN - 2 * ROOM)
            assert [job.watched.id for job in behind.waiting] == [f"c{n}" for n in range(2 * ROOM, CHILDREN)]
            runner.stand_behind({})
            assert (behind.active, len(behind.waiting)) == (ROOM, 0)
            assert len(normal.waiting) == CHILDREN - 2 * ROOM + 1


async def test_a_probe_frees_the_lane_that_it_was_launched_in(world: World) -> None:
    """Its parent came back while it was under way."""
    with listener() as (_, address):
        child = watched("c", address, "m")
        async with running(world, [child]) as runner:
            runner.behind = {"c": replace(child.target, timeout_seconds=2.0)}
            launch(runner, child)
            runner.behind = {}
            await ended(world, "c")
            assert (runner.lanes[BEHIND + "tcp"].active, runner.lanes["tcp"].active) == (0, 0)


async def test_half_of_the_short_timeout_is_how_late_our_loop_may_be(world: World) -> None:
    """A failure while the loop stood still for 2 of 2 s is ours (S1), be the target's own timeout 600 s."""
    child = watched("c", "127.0.0.1:1")
    async with running(world, [child]) as runner:
        refused = failed(Reason.REFUSED, "connect refused")
        started = runner._clock.monotonic_ns()
        world.clock.seconds += 2
        assert runner._in_time(refused, child, started).outcome is Outcome.FAILED
        runner.behind = {"c": replace(child.target, timeout_seconds=2.0)}
        assert runner._in_time(refused, child, started).reason is Reason.LATE


async def test_evidence_from_behind_a_dead_parent_is_evidence(tmp_path: Path) -> None:
    """A child that fails three times there is DOWN, with its own time; one that answers stays UP (A7)."""
    async with fault_world(tmp_path) as w:
        await w.say(*((row.partition(",")[0], 0, UP) for row in CITY))
        w.to(700)
        await w.say(("east", 600, DOWN), ("leaf", 610, DOWN))
        await w.look()
        w.check()
        assert sorted(w.agent.runner.behind) == ["leaf", "twig"]
        assert w.watch.said("leaf")[0] is DOWN
        assert w.watch.said("twig")[0] is State.UP
        assert [fault.members for fault in w.watch.open] == [("leaf",)]
