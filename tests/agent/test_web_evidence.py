"""Evidence over HTTP: the pack of a running agent's number, and what explains it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.packs.checking import check_pack
from agent.web import api
from collectors.base import ok
from tests.agent.test_web_api import check_schema
from tests.agent.web_worlds import REFUSED, World, world

RATE = "/api/v1/plans/ankang/indicators/fault_timely_handling_rate/evidence"
PATH = "/api/v1/plans/{id}/indicators/{indicator}/evidence"


async def some_time(w: World) -> None:
    """A few minutes with a short fault."""
    for reading in (ok(), ok(), REFUSED, REFUSED, REFUSED, ok(), ok(), ok(), ok(), ok(), ok(), ok()):
        await w.probe("zy/maoba:9", reading)
        w.clock.seconds += 60
    await w.write()


async def raw(w: World, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    async with w.client.get(path, headers=headers) as got:
        return got.status, {name.lower(): value for name, value in got.headers.items()}, await got.read()


async def test_the_pack_of_a_running_agent_holds(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await some_time(w)
        rows = (await w.get("/api/v1/plans/ankang/indicators?lang=en")).json["indicators"]
        row = next(row for row in rows if row["id"] == "fault_timely_handling_rate")
        status, headers, data = await raw(w, row["evidence"])
    assert status == 200
    assert headers["content-type"] == "application/zip"
    assert headers["content-disposition"] == 'attachment; filename="ankang-fault-timely-handling-rate-2026.zip"'
    path = tmp_path / "got.zip"
    path.write_bytes(data)
    checked = check_pack(path, language="en")
    assert checked.holds, checked.words
    assert "agrees: low = [1, 1]" in checked.words
    assert "readings: " in checked.words
    assert headers["etag"].strip('"') in checked.words


async def test_the_explanation_is_what_the_description_says(tmp_path: Path) -> None:
    content = api.description()["paths"][PATH]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"]
    async with world(tmp_path) as w:
        await some_time(w)
        for indicator in ("fault_timely_handling_rate", "gov_cloud_availability", "extranet_coverage_rate", "12"):
            path = RATE.replace("fault_timely_handling_rate", indicator)
            got = await w.get(f"{path}?lang=en", Accept="application/json")
            check_schema(got.json, schema)
        got = await w.get(f"{RATE}?lang=en", Accept="application/json")
    told: dict[str, Any] = got.json
    assert told["with_values"] == {"low": "1 / 1", "high": "1 / 1"}
    assert "zy/maoba:9, in time" in told["contributions"][0]["text"]
    assert told["parameters_since"][0]["kind"] == "start"


@pytest.mark.parametrize(
    ("path", "status", "what"),
    [
        ("/api/v1/plans/nowhere/indicators/x/evidence", 404, "no such plan"),
        ("/api/v1/plans/ankang/indicators/nothing/evidence", 404, "no such indicator"),
        (f"{RATE}?format=zip", 400, "format"),
        (f"{RATE}?period=2031", 400, "future"),
    ],
)
async def test_what_is_refused(tmp_path: Path, path: str, status: int, what: str) -> None:
    async with world(tmp_path) as w:
        got = await w.get(path, status)
    assert what in got.text


def test_the_command_and_verify(tmp_path: Path) -> None:
    """As a user would: a pack from a store, checked by the command; a changed one refused."""
    store, path = f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "one.zip"
    history = tmp_path / "h.csv"
    history.write_text("target_id,at,state\nt,2025-01-01T00:00:00+08:00,up\nt,2025-05-01T00:00:00+08:00,down\n")
    run = CliRunner()
    words = ["import", "history", str(history), "--as-of", "2026-01-01", "--create-targets", "--store", store]
    assert run.invoke(app, words).exit_code == 0
    asked = ["--plan", "ankang", "--indicator", "12", "--period", "2025", "--store", store]
    made = run.invoke(app, ["evidence", *asked, "-o", str(path), "--lang", "en"])
    assert made.exit_code == 0, made.output
    assert "digest " in made.output
    assert run.invoke(app, ["evidence", *asked, "-o", str(path)]).exit_code == 2
    said = run.invoke(app, ["verify", str(path)])
    assert (said.exit_code, "包内自洽" in said.output) == (0, True), said.output
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(bytes(data))
    assert run.invoke(app, ["verify", str(path)]).exit_code == 1
    assert run.invoke(app, ["verify", str(tmp_path / "absent.zip")]).exit_code == 2
    told = run.invoke(app, ["report", *asked[:2], "--explain", *asked[3:], "--lang", "en"])
    assert "what weighs most:" in told.output
    assert "t, late: 5880 h 00 min 00 s" in told.output
    assert json.loads(run.invoke(app, ["report", *asked[:2], *asked[4:], "--format", "json"]).output)
