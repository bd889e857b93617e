"""What API, command and metrics say of the clock, how a person accepts it, and a calendar whose clock steps."""

import asyncio
import json
from datetime import datetime
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from rich.console import Console

from agent.calendar import Calendar
from agent.cli.clock import summary, table
from agent.clock import SystemClock
from agent.web import api
from sla.model import State
from tests.agent.web_worlds import World, world
from tests.agent.worlds import SECOND

HOUR = 3600 * SECOND
ACCEPT = "/-/accept-clock"
DAY = 24 * HOUR


def step(w: World, step_us: int) -> None:
    w.clock.wall_offset += step_us
    w.agent.watch.look()


async def accept(w: World, path: str = ACCEPT, status: int = 200) -> dict:
    """The answer; it waits until what it says is durable, so a commit has to come meanwhile."""
    asked = asyncio.create_task(w.send("POST", path, status))
    while not asked.done():
        w.clock.seconds += 0.001
        await w.write()
        await asyncio.sleep(0)
    return (await asked).json


def said(w: World, name: str) -> float | None:
    return w.agent.metrics.registry.get_sample_value(name)


async def test_a_clock_that_never_stepped_is_shown_as_it_is(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        told = (await w.get("/api/v1/status")).json["clock"]
    assert told == {
        "offset_us": 0,
        "synchronised": None,
        "unresolved": False,
        "behind_until": None,
        "steps": 0,
        "open_steps": 0,
        "recent": [],
    }


async def test_a_step_is_shown_until_a_person_accepts_it_by_name(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.clock.in_sync = True
        step(w, HOUR)
        before = (await w.get("/api/v1/status")).json["clock"]
        answer = await accept(w, f"{ACCEPT}?by=zhang")
        (record,) = w.agent.reader.records("clock_anchor")
    assert (before["unresolved"], before["open_steps"], before["offset_us"]) == (True, 1, HOUR)
    assert before["synchronised"] is True
    assert before["recent"][0]["resolution"] is None
    assert (answer["accepted"], answer["jumped_us"], answer["clock"]["unresolved"]) == (1, HOUR, False)
    assert answer["clock"]["recent"][0]["resolved_by"] == "zhang"
    assert "the 3600.000 s between are UNKNOWN" in answer["text"][0]
    assert (record.by, json.loads(record.body)["jump_us"]) == ("zhang", HOUR)


async def test_what_acceptance_answers_is_what_the_description_says(tmp_path: Path) -> None:
    schemas = api.description()["components"]
    async with world(tmp_path) as w:
        step(w, -HOUR)
        answer = await accept(w)
    jsonschema.validate(answer, {"$ref": "#/components/schemas/AcceptedClock", "components": schemas})
    assert answer["clock"]["recent"][0]["resolved_by"] == "local"
    assert "its dates stay 3600.000 s ahead" in answer["text"][0]


async def test_where_nothing_is_open_nothing_is_accepted_and_the_answer_says_so(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await accept(w)
        assert w.agent.reader.records("clock_anchor") == []
    assert answer["accepted"] == 0
    assert answer["text"] == ["no step of the clock is unresolved; nothing was accepted"]


async def test_a_start_behind_the_ledger_is_shown_and_cannot_be_accepted(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.live()
    async with world(tmp_path) as w:  # a new machine whose clock is four minutes behind
        told = (await w.get("/api/v1/status")).json["clock"]
        answer = await accept(w)
    assert told["unresolved"] is True
    assert told["behind_until"] == "2026-01-01T08:04:00+08:00"
    assert "that cannot be accepted" in answer["text"][1]


@pytest.mark.parametrize(("query", "words"), [("?by=", "parameter by"), ("?who=zhang", "parameter who: unknown")])
async def test_a_question_that_cannot_be_meant_is_refused_and_accepts_nothing(
    tmp_path: Path, query: str, words: str
) -> None:
    async with world(tmp_path) as w:
        step(w, HOUR)
        refused = await w.send("POST", f"{ACCEPT}{query}", 400)
        assert w.agent.watch.unresolved
    assert words in refused.json["detail"]


async def test_a_jump_over_years_shows_the_periods_it_leads_to_and_no_counter_falls(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.live()
        before = await w.get("/metrics")
        step(w, 3652 * DAY)
        await accept(w)
        await w.probe("lo")
        after = await w.get("/metrics")
        spans = w.agent.reader.marks(w.agent.reader.component("lo").id)
    assert [mark.state for mark in spans] == [State.UP, State.UNKNOWN]
    assert set(w.agent.exporter.periods) == {"2036", "2036-01", "2037", "2036-02"}
    for line in before.text.splitlines():
        if line.startswith("sla_target_seconds_total"):
            name, _, value = line.rpartition(" ")
            (now,) = [new for new in after.text.splitlines() if new.startswith(f"{name} ")]
            assert float(now.rpartition(" ")[2]) >= float(value)


async def test_metrics_tell_offset_doubt_and_what_the_kernel_says(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert said(w, "sla_agent_clock_synchronised") is None
        assert (said(w, "sla_agent_clock_offset_seconds"), said(w, "sla_agent_clock_unresolved")) == (0, 0)
        w.clock.in_sync = False
        step(w, -600 * SECOND)
        assert said(w, "sla_agent_clock_synchronised") == 0
        assert (said(w, "sla_agent_clock_offset_seconds"), said(w, "sla_agent_clock_unresolved")) == (-600, 1)
        assert said(w, "sla_agent_clock_steps_total") == 1
        text = (await w.get("/metrics")).text
    assert "sla_agent_clock_synchronised 0.0" in text


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (
            {"offset_us": 0, "synchronised": True, "steps": 0, "open_steps": 0, "unresolved": False},
            "synchronised, +0.000 s from the ledger's dating, 0 steps in this run",
        ),
        (
            {"offset_us": -600_000_000, "synchronised": False, "steps": 2, "open_steps": 3, "unresolved": True},
            (
                "NOT synchronised, -600.000 s from the ledger's dating, 2 steps in this run, "
                "UNRESOLVED (3 steps): nothing irreversible runs"
            ),
        ),
    ],
)
def test_the_clock_in_one_line(told: dict, line: str) -> None:
    assert summary(told) == line


async def test_the_command_lists_the_steps_with_how_they_ended(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        step(w, HOUR)
        await accept(w, f"{ACCEPT}?by=zhang")
        step(w, -HOUR)
        told = (await w.get("/api/v1/status")).json["clock"]
    printed = StringIO()
    Console(width=200, file=printed).print(table(told))
    first, second, third = printed.getvalue().splitlines()
    assert "UNRESOLVED (1 steps)" in first
    assert "+3600.000 s  run 1  accepted by zhang 2026-01-01T08:00:00" in second
    assert "-3600.000 s  run 1  unresolved; if the clock is right now: sla-agent clock --accept" in third


SHANGHAI = ZoneInfo("Asia/Shanghai")


async def planned_after(*steps_us: int) -> tuple[list[datetime], datetime]:
    """When the daily job is planned for after each step, and the real next 03:30."""
    offset = 0
    calendar = Calendar(SHANGHAI, lambda: SystemClock().wall_us() + offset)
    calendar.daily("clean-up", list)
    calendar.clock_stepped()  # before it runs there is nothing to plan anew
    calendar.start()
    planned = []
    for step_us in (0, *steps_us):
        offset += step_us
        calendar.clock_stepped()
        planned.append(calendar.planned("clean-up"))
    calendar.stop()
    return planned[1:], planned[0]


async def test_after_a_jump_of_ten_years_the_daily_job_is_due_at_once_and_once() -> None:
    now = SystemClock().wall_us()
    (due,), usual = await planned_after(3652 * DAY)
    assert (usual.hour, usual.minute) == (3, 30)
    assert 0 <= round(due.timestamp() * 1e6) - now - 3652 * DAY < DAY


async def test_after_a_clock_that_comes_back_from_the_future_the_daily_job_waits_for_no_year() -> None:
    (_, back), usual = await planned_after(3652 * DAY, -3652 * DAY)
    assert back == usual


async def test_a_small_step_back_changes_no_plan() -> None:
    (back,), usual = await planned_after(-600 * SECOND)
    assert back in {usual, datetime.fromtimestamp(usual.timestamp() - 86_400, SHANGHAI)}  # if 03:30 has just passed
