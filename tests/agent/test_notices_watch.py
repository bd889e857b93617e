"""The notifier in an agent whose time and edges are the test's, with a real robot: what is kept, bounded, unsaid."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.config.notice_schema import Notices
from agent.notices import watch as watching
from agent.notices.desk import Desk
from agent.notices.keeping import Keeping
from agent.notices.notice import Notice, Sort
from agent.notices.parts import kept_in
from tests.agent.fault_worlds import DOWN, UP, World, of, world
from tests.e2e.notice_peers import Robot, robot

DEADLINE_SECONDS = 60


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watching, "LOOK_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(watching, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(watching, "LONGEST_PAUSE", 0.05)


@pytest.fixture
def duty() -> Iterator[Robot]:
    with robot() as made:
        yield made


@asynccontextmanager
async def telling(w: World, sinks: dict[str, object], **options: object) -> AsyncIterator[None]:
    """The notifier runs meanwhile."""
    whole = {"wait": "0s", "clock": ["1h", "2h", "150m", "3h"], "repeat": "0s", "webhooks": sinks, **options}
    w.agent.notices.take(Notices.model_validate(whole), Path())
    serving = asyncio.create_task(w.agent.notices.serve())
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def until(condition) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


async def quiet(w: World, duty: Robot, count: int) -> None:
    """Two whole looks go by and nothing more is said."""
    for _ in range(2):
        before = w.agent.notices._desk.looked_at
        w.to(w.web.clock.seconds + 1)
        await until(lambda before=before: w.agent.notices._desk.looked_at > before)
    assert len(duty.bodies) == count, duty.sorts


def sample(w: World, sink: str, outcome: str) -> float | None:
    return w.agent.metrics.registry.get_sample_value("sla_agent_notices_total", {"sink": sink, "outcome": outcome})


async def test_one_message_for_a_fault_with_its_members_and_its_place(tmp_path: Path, duty: Robot):
    async with world(tmp_path) as w, telling(w, {"duty": {"url": duty.url}}):
        w.to(400)
        await w.say(("core", 0, UP), ("east", 0, UP), ("leaf", 0, UP), ("twig", 0, UP))
        await w.say(("east", 300, DOWN), ("leaf", 301, DOWN), ("twig", 302, DOWN))
        await w.look()
        await until(lambda: duty.sorts == ["opened"])
        assert (duty.bodies[0]["notice"]["root"], duty.bodies[0]["notice"]["members"]) == ("east", 2)
        await w.say(("east", 400, UP), ("leaf", 400, UP), ("twig", 400, UP))
        w.to(500)
        await w.look()
        await until(lambda: duty.sorts == ["opened", "restored"])
        assert duty.bodies[1]["notice"]["outcome"] == "in_time"
        await quiet(w, duty, 2)
        assert sample(w, "duty", "sent") == 2


async def test_a_child_that_was_told_first_joins_its_parent_once(tmp_path: Path, duty: Robot):
    async with world(tmp_path) as w, telling(w, {"duty": {"url": duty.url}}):
        w.to(400)
        await w.say(("leaf", 300, DOWN))
        await w.look()
        await until(lambda: duty.sorts == ["opened"])
        await w.say(("east", 310, DOWN))
        await w.look()
        await until(lambda: sorted(duty.sorts) == ["joined", "opened", "opened"])
        joined = next(body["notice"] for body in duty.bodies if body["notice"]["sort"] == "joined")
        assert (joined["root"], joined["of"]) == ("leaf", of("east", 310))
        await quiet(w, duty, 3)


async def test_a_planned_outage_has_no_message_and_its_overrun_has(tmp_path: Path, duty: Robot):
    window = (
        "window_id,scope,start,end,approved_by,approved_at,notified_at,reason",
        "W-1,alone,2026-01-01T08:10:00+08:00,2026-01-01T08:20:00+08:00,王,2025-12-20,2025-12-20,割接",
    )
    async with world(tmp_path) as w, telling(w, {"duty": {"url": duty.url}}):
        w.take("maintenance", *window)
        w.watch.refresh()
        await w.say(("alone", 0, UP), ("alone", 650, DOWN))
        w.to(700)
        await w.look()
        await quiet(w, duty, 0)
        w.to(1300)
        await w.look()
        await until(lambda: duty.sorts == ["opened"])
        assert duty.bodies[0]["notice"]["start"] == w.web.now() - 100_000_000, "its clock starts where the window ends"


async def test_nothing_is_said_while_the_vantage_is_cut_off_and_once_that_it_was(tmp_path: Path, duty: Robot):
    async with world(tmp_path) as w:
        check = w.agent.ledger.vantage.plane("")
        check.since = w.web.now()
        async with telling(w, {"duty": {"url": duty.url}}):
            w.to(400)
            await w.say(("alone", 300, DOWN))
            await w.look()
            await quiet(w, duty, 0)
            check.since = None
            await until(lambda: sorted(duty.sorts) == ["isolated", "opened"])
            await quiet(w, duty, 2)


async def test_a_restart_says_nothing_twice_and_sends_what_is_owed(tmp_path: Path, duty: Robot):
    duty.status = 503
    async with world(tmp_path) as w, telling(w, {"duty": {"url": duty.url}}):
        await w.say(("alone", 300, DOWN))
        w.to(400)
        await w.look()
        await until(lambda: duty.refused > 2)
        assert sample(w, "duty", "dropped") == 0
    duty.status = 200
    async with world(tmp_path) as w, telling(w, {"duty": {"url": duty.url}}):
        w.to(500)
        await w.look()
        await until(lambda: duty.sorts == ["opened"])
        await quiet(w, duty, 1)
    async with world(tmp_path) as w, telling(w, {"duty": {"url": duty.url}}):
        w.to(600)
        await w.say(("alone", 590, UP))
        await w.look()
        await until(lambda: duty.sorts == ["opened", "restored"])


async def test_a_dead_sink_holds_up_no_other_and_its_queue_is_bounded(
    tmp_path: Path, duty: Robot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watching, "QUEUE", 2)
    with robot() as dead:
        dead.status = 500
        async with world(tmp_path) as w, telling(w, {"duty": {"url": duty.url}, "dead": {"url": dead.url}}):
            edges = (("alone", 300, DOWN), ("alone", 310, UP), ("core", 400, DOWN))
            for number, edge in enumerate(edges):
                w.to(500 + number)
                await w.say(edge)
                await w.look()
                await until(lambda number=number: len(duty.bodies) > number)
            assert sample(w, "dead", "dropped") == 1
            assert w.agent.metrics.registry.get_sample_value("sla_agent_notices_waiting", {"sink": "dead"}) == 2
            dead.status = 200
            await until(lambda: len(dead.bodies) == 2)


async def test_a_notice_that_nobody_took_for_a_day_is_dropped(tmp_path: Path, duty: Robot):
    duty.status = 500
    async with world(tmp_path) as w, telling(w, {"duty": {"url": duty.url}}):
        w.to(400)
        await w.say(("alone", 300, DOWN))
        await w.look()
        await until(lambda: duty.refused > 0)
        w.to(400 + 86_401)
        await until(lambda: (sample(w, "duty", "dropped") or 0) >= 1)


async def test_a_sink_may_ask_for_grave_faults_alone(tmp_path: Path, duty: Robot):
    with robot() as leader:
        sinks = {"duty": {"url": duty.url}, "leader": {"url": leader.url, "least_priority": "P1"}}
        async with world(tmp_path) as w, telling(w, sinks):
            w.to(400)
            await w.say(("alone", 300, DOWN), ("core", 310, DOWN))
            await w.look()
            await until(lambda: len(duty.bodies) == 2)
            await until(lambda: len(leader.bodies) == 1)
            assert leader.bodies[0]["notice"]["root"] == "core"


async def test_what_is_said_meanwhile_by_a_reload_goes_the_new_way(tmp_path: Path, duty: Robot):
    with robot() as other:
        duty.status = 500
        async with world(tmp_path) as w, telling(w, {"duty": {"url": duty.url}}):
            w.to(400)
            await w.say(("alone", 300, DOWN))
            await w.look()
            await until(lambda: duty.refused > 0)
            w.agent.notices.take(Notices.model_validate({"webhooks": {"duty": {"url": other.url}}}), Path())
            await until(lambda: other.sorts == ["opened"])


def test_what_was_kept_comes_back_and_a_broken_file_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = kept_in(tmp_path / "ledger.db")
    assert path is not None
    notice = Notice(id="x", sort=Sort.OPENED, at=1, examples=("a",))
    Keeping(path).save(Desk(looked_at=7, isolated={"p": 3}), {"duty": [notice]})
    desk, waiting = Keeping(path).load()
    assert (desk.looked_at, desk.isolated, waiting) == (7, {"p": 3}, {"duty": [notice]})
    for text in ("{", "[]", '{"version": 2}', json.dumps({"version": 1})):
        path.write_text(text, encoding="utf-8")
        assert Keeping(path).load() == (Desk(), {})
        assert not path.exists()
    assert "set aside" in caplog.text
    assert kept_in(None) is None


def test_a_folder_that_takes_no_file_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    keeping = Keeping(tmp_path / "none" / "file")
    keeping.save(Desk(), {})
    keeping.save(Desk(), {})
    assert caplog.text.count("notices may be sent twice") == 1
