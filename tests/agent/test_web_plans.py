"""Plans over HTTP: the same answer as the command's, to the last digit, and what is refused."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from collectors.base import ok
from tests.agent.web_worlds import REFUSED, World, world

API = "/api/v1/plans"
AS_OF = "2026-01-01T08:12:00+08:00"
PORT = "zy/maoba:9"


async def some_time(w: World) -> None:
    """A few minutes with a short fault."""
    for reading in (ok(), ok(), REFUSED, REFUSED, REFUSED, ok(), ok(), ok(), ok(), ok(), ok(), ok()):
        await w.probe(PORT, reading)
        w.clock.seconds += 60
    await w.write()


def told(store: Path, plan: str, *options: str) -> str:
    answer = CliRunner().invoke(
        app, ["report", "--plan", plan, "--store", f"sqlite:///{store}", "--as-of", AS_OF, *options]
    )
    assert answer.exit_code == 0, answer.output
    return answer.output


@pytest.mark.parametrize("plan", ["ankang", "weinan", "xian", "guangyuan"])
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_api_answers_what_the_command_prints(tmp_path: Path, plan: str, lang: str) -> None:
    async with world(tmp_path) as w:
        await some_time(w)
        query = f"as_of={AS_OF.replace('+', '%2B')}&lang={lang}&period=2026"
        got = await w.get(f"{API}/{plan}/indicators?{query}")
        file = await w.get(f"{API}/{plan}/report?format=csv&{query}")
        store = w.agent.location.path
        assert store is not None
        printed = told(store, plan, "--period", "2026", "--format", "json", "--lang", lang)
        rows = told(store, plan, "--period", "2026", "--format", "csv", "--lang", lang)
    assert got.text == printed.rstrip("\n")
    assert file.text.removeprefix("\ufeff").splitlines() == rows.splitlines()
    assert file.headers["Content-Disposition"] == f'attachment; filename="{plan}-2026.csv"'


async def test_the_fault_of_the_day_is_in_the_answer(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await some_time(w)
        rows = (await w.get(f"{API}/ankang/indicators")).json["indicators"]
    (rate,) = (row for row in rows if row["id"] == "fault_timely_handling_rate")
    assert (rate["low"], rate["target"]["advisory"], rate["verdict"]) == ([1, 1], True, "no_target")


async def test_without_a_period_it_is_the_running_year(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        got = (await w.get(f"{API}/weinan/indicators")).json
    assert (got["period"], got["plan"], got["status"]) == ("2026", "weinan", "provisional")
    assert all(row["provisional"] for row in got["indicators"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{API}/ankng/indicators", 404),
        (f"{API}/%2Fetc%2Fpasswd/indicators", 404),
        (f"{API}/own.yml/indicators", 404),
        (f"{API}/ankang/indicators?period=2027", 400),
        (f"{API}/ankang/indicators?period=25", 400),
        (f"{API}/ankang/indicators?as_of=2030-01-01", 400),
        (f"{API}/ankang/indicators?format=csv", 400),
        (f"{API}/ankang/report?format=pdf", 400),
        (f"{API}/ankang/report?lang=fr", 400),
        (f"{API}?x=1", 400),
    ],
)
async def test_what_cannot_be_meant_is_refused_in_words(tmp_path: Path, path: str, status: int) -> None:
    async with world(tmp_path) as w:
        got = await w.get(path, status)
    assert json.loads(got.text)["detail"]


async def test_all_plans_are_listed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        got = (await w.get(API)).json["plans"]
    assert [plan["id"] for plan in got] == ["ankang", "weinan", "xian", "guangyuan"]
    assert [plan["indicators"] for plan in got][:3] == [29, 30, 37]
    assert [plan["draft"] for plan in got] == [False, False, True, False]
    assert not any(plan["configured"] for plan in got)
