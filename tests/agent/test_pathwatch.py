"""Which faults get a trace: roots that went DOWN just now, once, few at a time, when what stands above is clear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config.schema import PathEvidence
from agent.pathwatch import _MANY, HELD_LIMIT, QUEUE
from collectors.base import Reason, failed, ok
from tests.agent.fault_worlds import DOWN, UP, World, of, world
from tests.agent.worlds import SECOND, START

REFUSED = failed(Reason.REFUSED, "refused")
ALONE = "alone,tcp,127.0.0.1:7,port,node,,,"
CORE, LEAF = "core,tcp,127.0.0.1:1,port,core,,,", "leaf,tcp,127.0.0.1:5,port,node,,core,"


async def probe(w: World, seconds: float, *names: str, good: bool = False) -> None:
    """One probe of each at that second."""
    w.to(seconds)
    for name in names:
        await w.web.probe(name, ok({"rtt_seconds": 0.001}) if good else REFUSED)


async def down(w: World, seconds: float, *names: str) -> None:
    """Confirmed DOWN at that second, and looked at."""
    for number in range(3):
        await probe(w, seconds + number * 10, *names)
    await w.look()


async def up(w: World, *names: str) -> None:
    for seconds in (0, 10):
        await probe(w, seconds, *names, good=True)
    await w.look()


@asynccontextmanager
async def serving(w: World) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(w.agent.paths.serve())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def metric(w: World, name: str, **labels: str) -> float:
    return w.agent.metrics.registry.get_sample_value(f"sla_agent_path_traces_{name}", labels) or 0.0


async def until(condition, w: World) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await w.look()
            await asyncio.sleep(0.05)


def held(w: World) -> list[str]:
    """The roots of the faults that wait, after all that was told of."""
    while w.agent.paths._news:
        w.agent.paths._hear()
    return sorted(each.fault.root for each in w.agent.paths._held.values())


async def test_a_fault_of_our_own_probes_is_traced_once_and_kept(tmp_path: Path):
    async with world(tmp_path, ALONE) as w:
        await up(w, "alone")
        await down(w, 60, "alone")
        async with serving(w):
            await until(lambda: metric(w, "total", result="kept") == 1, w)
        (path,) = w.agent.reader.fault_paths(of("alone", 60))
        assert (path.target, path.traced.address, path.traced.port) == ("alone", "127.0.0.1", 7)
        assert [hop.answers[0].words for hop in path.traced.hops] == ["refused"]
        w.agent.paths.opened(w.watch.open)
        async with serving(w):
            await until(lambda: metric(w, "dropped_total", cause="repeat") == 1, w)
        assert len(w.agent.reader.fault_paths(of("alone", 60))) == 1


async def test_a_storm_of_new_faults_is_bounded_and_what_is_left_out_is_counted(tmp_path: Path):
    async with world(tmp_path, ALONE) as w:
        await up(w, "alone")
        await down(w, 60, "alone")
        (fault,) = w.watch.open
        assert held(w) == ["alone"]
        w.agent.paths._held.clear()
        w.agent.paths.opened([replace(fault, id=f"F-{number}") for number in range(HELD_LIMIT + 5)], 42_000)
        assert held(w) == ["alone"] * HELD_LIMIT
        assert metric(w, "dropped_total", cause="full") == 42_005


@pytest.mark.parametrize("source", ["imported", "desk"])
async def test_what_is_imported_or_reported_is_no_news(tmp_path: Path, source: str):
    async with world(tmp_path, ALONE) as w:
        await up(w, "alone")
        await down(w, 60, "alone")
        (fault,) = w.watch.open
        assert held(w) == ["alone"]
        w.agent.paths._held.clear()
        w.agent.paths.opened([replace(fault, source=source)])
        assert held(w) == []


async def test_a_child_waits_for_its_parent_and_leaves_the_trace_to_it(tmp_path: Path):
    async with world(tmp_path, CORE, LEAF) as w:
        await up(w, "core", "leaf")
        await down(w, 60, "leaf")
        assert held(w) == ["leaf"]
        for _ in range(3):
            w.agent.paths._turn()
            await w.look()
        assert held(w) == ["leaf"]  # nobody has asked the parent since
        await probe(w, 85, "core")
        w.agent.paths._turn()
        assert held(w) == ["leaf"]  # a streak of the parent is open
        await probe(w, 95, "core")
        await probe(w, 105, "core")
        await w.look()
        async with serving(w):
            await until(lambda: metric(w, "total", result="kept") == 1, w)
        assert metric(w, "dropped_total", cause="over") == 1
        assert [path.target for path in w.agent.reader.fault_paths(of("core", 85))] == ["core"]


async def test_a_child_whose_parent_answers_is_traced_itself(tmp_path: Path):
    async with world(tmp_path, CORE, LEAF) as w:
        await up(w, "core", "leaf")
        await down(w, 60, "leaf")
        await probe(w, 85, "core", good=True)
        async with serving(w):
            await until(lambda: metric(w, "total", result="kept") == 1, w)
        assert [path.target for path in w.agent.reader.fault_paths(of("leaf", 60))] == ["leaf"]


async def test_of_too_many_at_once_those_with_the_most_members_are_taken(tmp_path: Path):
    names = [f"a{number}" for number in range(QUEUE + 20)]
    rows = [f"{name},tcp,127.0.0.1:7,port,node,,," for name in names]
    async with world(tmp_path, *rows, "z,tcp,127.0.0.1:8,port,core,,,", "behind,tcp,127.0.0.1:9,port,node,,z,") as w:
        await up(w, *names, "z", "behind")
        await down(w, 60, *names, "z", "behind")
        for _ in range(4):
            w.to(200)
            w.agent.paths._turn()
            await w.look()
        ready = list(w.agent.paths._ready.values())
        assert len(ready) == QUEUE
        assert ready[0].root == "z"
        assert metric(w, "dropped_total", cause="full") == 21


async def test_of_a_storm_one_trace_is_begun_a_turn_for_the_probes_need_the_core(tmp_path: Path):
    async with world(tmp_path, ALONE) as w:
        await up(w, "alone")
        await down(w, 60, "alone")
        (fault,) = w.watch.open
        w.agent.paths._ready = {f"F-{number}": replace(fault, id=f"F-{number}") for number in range(_MANY + 2)}
        at_once = w.agent.config.path.concurrency
        begun = [[each.id for each in w.agent.paths._next()] for _ in range(3)]
        assert begun == [["F-0"], ["F-1"], [f"F-{number}" for number in range(2, 2 + at_once)]]


async def test_a_store_that_refuses_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agent.pathwatch._RETRY_SECONDS", 0.01)
    async with world(tmp_path, ALONE) as w:
        await up(w, "alone")
        await down(w, 60, "alone")
        db = w.agent.writer._db
        db.execute("CREATE TEMP TRIGGER full BEFORE INSERT ON paths BEGIN SELECT RAISE(FAIL, 'full'); END")
        async with serving(w):
            await until(lambda: bool(w.agent.paths._finished), w)
            for _ in range(50):
                await asyncio.sleep(0.01)
            assert w.agent.reader.fault_paths(of("alone", 60)) == []
            db.execute("DROP TRIGGER full")
            await until(lambda: metric(w, "total", result="kept") == 1, w)
        assert len(w.agent.reader.fault_paths(of("alone", 60))) == 1


async def test_what_was_traced_when_the_stop_comes_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agent.pathwatch._KEPT_EVERY_SECONDS", 86_400)
    async with world(tmp_path, ALONE) as w:
        await up(w, "alone")
        await down(w, 60, "alone")
        async with serving(w):
            await until(lambda: bool(w.agent.paths._finished), w)
            assert w.agent.reader.fault_paths(of("alone", 60)) == []
        assert len(w.agent.reader.fault_paths(of("alone", 60))) == 1


async def test_a_trace_that_this_host_cannot_make_is_counted_and_said(tmp_path: Path, caplog):
    async with world(tmp_path, "alone,tcp,192.0.2.1:7,port,node,,,") as w:
        await up(w, "alone")
        await down(w, 60, "alone")
        watched = w.agent.watched["alone"]
        w.agent.watched["alone"] = replace(watched, target=replace(watched.target, address="[fe80::1%99999]:7"))
        async with serving(w):
            await until(lambda: metric(w, "total", result="failed") == 1, w)
        assert w.agent.reader.fault_paths(of("alone", 60)) == []
    assert "failed on our side" in caplog.text


async def test_while_the_vantage_is_cut_off_nothing_is_traced(tmp_path: Path):
    async with world(tmp_path, "far,tcp,192.0.2.1:7,port,node,,,") as w:
        await up(w, "far")
        await down(w, 60, "far")
        w.agent.ledger.vantage.plane("").since = w.web.now()
        async with serving(w):
            await until(lambda: metric(w, "dropped_total", cause="isolated") == 1, w)
        assert w.agent.reader.fault_paths(of("far", 60)) == []


async def test_where_it_is_switched_off_nothing_waits(tmp_path: Path):
    async with world(tmp_path, ALONE) as w:
        w.agent.config = replace(w.agent.config, path=PathEvidence(enabled=False))
        await up(w, "alone")
        await down(w, 60, "alone")
        assert held(w) == []


async def test_what_is_over_before_its_turn_is_not_traced(tmp_path: Path):
    async with world(tmp_path, CORE, LEAF) as w:
        await up(w, "core", "leaf")
        await down(w, 60, "leaf")
        for seconds in (90, 100):
            await probe(w, seconds, "leaf", good=True)
        await w.look()
        w.agent.paths._turn()
        assert held(w) == []
        assert metric(w, "dropped_total", cause="over") == 1


async def test_edges_that_a_register_changes_are_no_news(tmp_path: Path):
    """A member that becomes a root because its parent left the register was DOWN long ago."""
    async with world(tmp_path, ALONE) as w:
        await w.say(("alone", 0.0, UP), ("alone", 60.0, DOWN))
        w.agent.paths._went_down.clear()
        w.to(120)
        await w.look()
        assert w.watch.open[0].root == "alone"
        assert held(w) == []
        assert START < w.web.now() < START + 1000 * SECOND
