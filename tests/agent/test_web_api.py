"""The JSON API over a real agent: what it says, how it refuses, and that it is what its description says."""

import asyncio
import json
import os
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import jsonschema
import pytest

from agent.figures import Figures
from agent.web import api
from agent.web.questions import WAITING_LIMIT, Questions
from sla.faults import fault_id
from sla.model import State, Window
from tests.agent.web_worlds import GOLDEN, REFUSED, world
from tests.agent.worlds import START

API = "/api/v1"
SAMPLES = {
    "/api/v1/status": ["/api/v1/status"],
    "/api/v1/targets": ["/api/v1/targets", "/api/v1/targets?limit=2", "/api/v1/targets?state=down&kind=tcp"],
    "/api/v1/targets/{id}": [
        *(f"/api/v1/targets/{quote(name, safe='')}" for name in ("lo", "zy/maoba:9", "never", "me", "me#disk//")),
        "/api/v1/targets/line-7",
        "/api/v1/targets/old",
    ],
    "/api/v1/targets/{id}/timeline": [
        *(f"/api/v1/targets/{quote(name, safe='')}/timeline" for name in ("lo", "zy/maoba:9", "me#disk//", "old")),
        "/api/v1/targets/slow/timeline?from=2026-01-01&to=2026-02-01",
    ],
    "/api/v1/targets/{id}/utilisation": ["/api/v1/targets/me/utilisation?component=disk//"],
    "/api/v1/links/{id}/utilisation": [],  # tests/agent/test_web_traffic.py: it takes a register
    "/api/v1/availability": [
        "/api/v1/availability?target=zy/maoba:9",
        "/api/v1/availability?target=lo&from=2026-01-01&to=2026-01-02&breakdown=hour",
        "/api/v1/availability?target=old&from=2026-01-01",
    ],
    "/api/v1/coverage": ["/api/v1/coverage", "/api/v1/coverage?network=video&level=village&days=yes"],
    "/api/v1/faults": ["/api/v1/faults", "/api/v1/faults?period=2026-Q1&state=open&as_of=2026-01-01T08:03:00%2B08:00"],
    "/api/v1/faults/{id}": [f"/api/v1/faults/{fault_id('zy/maoba:9', START)}"],
    "/api/v1/plans": ["/api/v1/plans"],
    "/api/v1/plans/{id}/indicators": [
        *(f"/api/v1/plans/{plan}/indicators" for plan in ("ankang", "weinan", "xian", "guangyuan")),
        "/api/v1/plans/ankang/indicators?period=2025&as_of=2026-01-01&lang=en",
    ],
    "/api/v1/plans/{id}/indicators/{indicator}/evidence": [],  # tests/agent/test_web_evidence.py: it asks by Accept
    "/api/v1/plans/{id}/report": ["/api/v1/plans/ankang/report?format=json&period=2026-01"],
    "/api/v1/plans/{id}/rollup": [
        f"/api/v1/plans/ankang/rollup?period=2026-01&by={by}"
        for by in ("county", "township", "village", "responsible_unit", "city")
    ],
    "/api/v1/maintenance": ["/api/v1/maintenance"],
    "/api/v1/seals": ["/api/v1/seals", "/api/v1/seals?period=2025-12"],
    "/api/v1/openapi.json": ["/api/v1/openapi.json"],
}


def test_every_route_is_in_the_description_and_nothing_more(tmp_path: Path):
    async def ask():
        async with world(tmp_path) as w:
            return {
                (route.method.lower(), _template(route.resource.canonical))
                for route in w.client.app.router.routes()
                if route.method != "HEAD" and route.resource.canonical.startswith(("/api/", "/-/"))
            }

    served = asyncio.run(ask())
    written = {(method, path) for path, methods in api.description()["paths"].items() for method in methods}
    assert served == written


@pytest.mark.parametrize("path", SAMPLES)
async def test_every_answer_is_what_the_description_says(tmp_path: Path, path: str):
    schema = api.description()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    async with world(tmp_path) as w:
        await w.live()
        for sample in SAMPLES[path]:
            got = await w.get(sample)
            assert got.headers["Content-Type"] == "application/json; charset=utf-8"
            check_schema(got.json, schema)


def test_the_samples_reach_every_described_answer():
    described = {
        path for path, methods in api.description()["paths"].items() if path.startswith("/api/") and "get" in methods
    }
    assert described == set(SAMPLES)


async def test_a_target_that_is_down_says_since_when_and_why(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        got = (await w.get("/api/v1/targets/zy%2Fmaoba:9")).json
    assert_golden("web_target_down.json", got)
    assert got["state"] == "down"
    assert got["since"] == "2026-01-01T08:00:00+08:00"
    assert got["last_reading"]["reason"] == "refused"


async def test_the_state_shown_is_the_durable_one_never_the_one_ahead_of_it(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=2)
        await w.probe("zy/maoba:9", REFUSED)
        assert w.agent.ledger.of_target("zy/maoba:9")[""].track.state is State.DOWN
        before = (await w.get("/api/v1/targets/zy/maoba:9")).json
        await w.write()
        after = (await w.get("/api/v1/targets/zy/maoba:9")).json
    assert (before["state"], after["state"]) == ("unknown", "down")


async def test_unknown_comes_as_unknown_with_its_cause(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        never = (await w.get("/api/v1/targets/never")).json
        unmeasured = (await w.get("/api/v1/targets/line-7")).json
        w.clock.seconds += 600
        w.agent.ledger.tick(w.now())
        await w.write()
        silent = (await w.get("/api/v1/targets/lo")).json
    assert (never["state"], never["cause"], never["since"], never["last_reading"]) == ("unknown", "never", None, None)
    assert (unmeasured["state"], unmeasured["last_reading"]["outcome"]) == ("unknown", "error")
    assert (silent["state"], silent["cause"]) == ("unknown", "no_reading")
    assert silent["since"] == "2026-01-01T08:04:30+08:00"  # one and a half intervals after the last reading


async def test_a_failure_while_the_vantage_is_cut_off_is_shown_as_not_measured(tmp_path: Path):
    async with world(tmp_path) as w:
        for _ in range(4):
            for anchor in [name for name in w.agent.watched if name.startswith("vantage:")]:
                await w.probe(anchor, REFUSED)
            await w.probe("line-7", REFUSED)
            w.clock.seconds += 60
        await w.write()
        target = (await w.get("/api/v1/targets/line-7")).json
        check = (await w.get("/api/v1/status")).json["selfcheck"][1]
    assert target["state"] == "unknown"
    assert (target["last_reading"]["outcome"], target["last_reading"]["reason"]) == ("error", "isolated")
    assert (check["plane"], check["present"], check["isolated_since"]) == ("业务", True, "2026-01-01T08:00:00+08:00")


async def test_out_of_service_dates_make_a_target_out_whatever_it_answers(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        old = (await w.get("/api/v1/targets/old")).json
        timeline = (await w.get("/api/v1/targets/old/timeline")).json
    assert (old["state"], old["cause"], old["since"]) == ("out_of_service", None, None)
    assert {span["state"] for span in timeline["spans"]} == {"out_of_service"}


async def test_pages_hold_every_target_once_and_in_order(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        seen, path = [], f"{API}/targets?limit=3"
        while path:
            got = await w.get(path)
            seen += [target["id"] for target in got.json["targets"]]
            following = got.json["next_cursor"]
            assert ("Link" in got.headers) == (following is not None)
            path = f"{API}/targets?limit=3&cursor={following}" if following else ""
    assert seen == sorted(["lo", "zy/maoba:9", "slow", "never", "line-7", "old", "me"])


async def test_the_link_to_the_next_page_keeps_the_question(tmp_path: Path):
    async with world(tmp_path) as w:
        got = await w.get(f"{API}/targets?kind=icmp&limit=1")
        link = got.headers["Link"].partition(">")[0].removeprefix("<")
        second = await w.get(link)
    assert [target["kind"] for target in got.json["targets"] + second.json["targets"]] == ["icmp", "icmp"]
    assert got.json["targets"][0]["id"] < second.json["targets"][0]["id"]


async def test_a_state_filters_targets_and_keeps_their_components(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        degraded = (await w.get(f"{API}/targets?state=degraded")).json["targets"]
        up = (await w.get(f"{API}/targets?state=up")).json["targets"]
    assert [(target["id"], target["degraded"]) for target in degraded] == [("slow", ["rtt"])]
    parts = {part["id"]: part["state"] for target in up for part in target["components"]}
    assert parts == {"me#disk//": "up", "me#disk//srv <b>": "down"}


@pytest.mark.parametrize("written", ["zy/maoba:9", "zy%2Fmaoba:9", "zy%2fmaoba%3A9"])
async def test_an_id_is_understood_however_it_is_encoded(tmp_path: Path, written: str):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        assert (await w.get(f"{API}/targets/{written}")).json["id"] == "zy/maoba:9"
        assert (await w.get(f"{API}/targets/{written}/timeline")).json["target"] == "zy/maoba:9"


async def test_a_component_is_asked_for_by_target_hash_part(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        part = (await w.get(f"{API}/targets/{quote('me#disk//srv <b>', safe='')}")).json
        spans = (await w.get(f"{API}/targets/{quote('me#disk//srv <b>', safe='')}/timeline")).json["spans"]
        await w.get(f"{API}/targets/me%23", status=404)
    assert (part["id"], part["target"], part["state"], part["components"]) == ("me#disk//srv <b>", "me", "down", [])
    assert [span["state"] for span in spans] == ["unknown", "down"]


async def test_an_unknown_id_is_a_404_that_names_near_ids(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        target = await w.get(f"{API}/targets/lin-7", status=404)
        timeline = await w.get(f"{API}/targets/lin-7/timeline", status=404)
        figure = await w.get(f"{API}/availability?target=lin-7", status=404)
        part = await w.get(f"{API}/targets/me%23disk", status=404)
    for got in (target, timeline, figure):
        assert got.headers["Content-Type"] == "application/problem+json; charset=utf-8"
        assert got.json["near"] == ["line-7"]
        check_schema(got.json, {"$ref": "#/components/schemas/Problem"})
    assert part.json["near"][0] == "me#disk//"


async def test_a_retired_target_keeps_its_timeline_and_says_so(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        kept = [line for line in w.agent.path.read_text().splitlines() if "target_id: slow" not in line]
        w.agent.path.write_text("\n".join(kept))
        await w.send("POST", "/-/reload", 200)
        await w.write()
        assert "ledger" in (await w.get(f"{API}/targets/slow", status=404)).json["detail"]
        states = [span["state"] for span in (await w.get(f"{API}/targets/slow/timeline")).json["spans"]]
    assert "degraded" in states


async def test_spans_cover_the_window_exactly_and_say_why(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        got = (await w.get(f"{API}/targets/zy/maoba:9/timeline")).json
        cut = (await w.get(f"{API}/targets/zy/maoba:9/timeline?from=2026-01-01&to=2026-01-09")).json
    assert_golden("web_timeline.json", got)
    spans = got["spans"]
    assert (spans[0]["from"], spans[-1]["to"]) == (got["from"], got["to"])
    assert all(left["to"] == right["from"] for left, right in pairwise(spans))
    assert [(span["state"], span["cause"]) for span in spans] == [("unknown", "never"), ("down", "probe")]
    assert (cut["cut_to_as_of"], cut["to"]) == (True, "2026-01-01T08:04:00+08:00")


async def test_too_many_spans_are_refused_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api, "SPANS_MAX", 1)
    async with world(tmp_path) as w:
        await w.live()
        got = await w.get(f"{API}/targets/lo/timeline", status=400)
        assert "ask for a shorter window" in got.json["detail"]


async def test_availability_is_the_dict_of_the_command(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        query = "target=zy/maoba:9&from=2026-01-01&to=2026-01-02&as_of=2026-01-01T08:03:30%2B08:00&breakdown=day"
        got = (await w.get(f"{API}/availability?{query}")).json
        zone = w.agent.config.zone_info
        day = Window(w.now() - 8 * 3600 * 10**6 - 240 * 10**6, w.now() + 16 * 3600 * 10**6 - 240 * 10**6)
        figures = Figures(w.agent.reader, zone)
        said = figures.answer("zy/maoba:9", day, now=w.now(), as_of=w.now() - 30 * 10**6, breakdown=api.asked.Piece.DAY)
    assert got == json.loads(json.dumps(said))
    assert_golden("web_availability.json", got)
    assert got["us"]["down"] == 210 * 10**6
    assert sum(got["us"].values()) == 8 * 3600 * 10**6 + 210 * 10**6


async def test_availability_without_a_window_is_of_the_running_year(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        got = (await w.get(f"{API}/availability?target=lo")).json
    assert (got["from"], got["to"]) == ("2026-01-01T00:00:00+08:00", "2026-01-01T08:04:00+08:00")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("availability?target=lo&from=2026-01-01T08:00:00", "write 2026-01-01T08:00:00+08:00 if"),
        ("availability?target=lo&from=yesterday", "wanted ISO 8601"),
        ("availability?target=lo&from=2027-01-01", "lies in the future"),
        ("availability?target=lo&as_of=2027-01-01", "lies in the future"),
        ("availability?target=lo&from=2026-01-01T08:03:00%2B08:00&to=2026-01-01T08:01:00%2B08:00", "end after the"),
        ("availability?target=lo&breakdown=week", "wanted one of month, day, hour"),
        ("availability?from=2026-01-01", "parameter target: got nothing"),
        ("availability?target=lo&until=2026", "parameter until: unknown"),
        ("targets/lo/timeline?from=2026-01-01T08:00:00", "without an offset"),
        ("targets?limit=0", "wanted a whole number from 1 to 1000"),
        ("targets?limit=100000000000", "wanted a whole number from 1 to 1000"),
        ("targets?limit=2&limit=3", "given twice"),
        ("targets?cursor=%21", "wanted the next_cursor"),
        ("targets?cursor=gAAA", "wanted the next_cursor"),
        ("targets?state=broken", "wanted one of up, degraded, down, unknown, out_of_service"),
        ("targets?kind=snmp4", "wanted one of icmp"),
    ],
)
async def test_a_question_that_cannot_be_meant_is_a_400_that_says_what_to_write(tmp_path, query: str, wanted: str):
    async with world(tmp_path) as w:
        await w.live()
        got = await w.get(f"{API}/{query}", status=400)
    assert got.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert wanted in got.json["detail"]


async def test_a_plus_that_arrives_as_a_space_is_understood(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        got = await w.get(f"{API}/availability?target=lo&from=2026-01-01T08:00:00+08:00")
    assert got.json["from"] == "2026-01-01T08:00:00+08:00"


async def test_status_tells_how_fresh_and_how_sound_the_agent_is(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        got = (await w.get(f"{API}/status")).json
    assert got["durable_until"] == got["now"] == "2026-01-01T08:04:00+08:00"
    assert (got["boot_no"], got["ready"], got["simulated"], got["vantage"]) == (1, True, False, "汇聚机房-1")
    numbers = {"up": 2, "degraded": 1, "down": 1, "unknown": 2, "out_of_service": 1}
    assert got["targets"] == {"total": 7, "measured": 5, **numbers}
    assert got["components"] == {"total": 2, "up": 1, "degraded": 0, "down": 1, "unknown": 0, "out_of_service": 0}
    assert [(check["plane"], check["present"]) for check in got["selfcheck"]] == [("gateway", False), ("业务", True)]
    assert got["selfcheck"][1]["last_ok"] == "2026-01-01T08:03:00+08:00"
    assert got["config"]["last_reload_ok"] is True
    assert got["store"]["waiting_edges"] == 0
    assert got["store"]["bytes"] > 0


async def test_status_says_that_a_reload_was_refused(tmp_path: Path):
    async with world(tmp_path) as w:
        w.agent.path.write_text("targets: 7")
        refused = await w.send("POST", "/-/reload", 500)
        got = (await w.get(f"{API}/status")).json
    assert "agent.yml:1" in refused.json["detail"]
    assert got["config"]["last_reload_ok"] is False


async def test_a_question_that_takes_long_ends_and_the_loop_goes_on(tmp_path: Path):
    questions = Questions(deadline_seconds=0.05)
    reading, writing = os.pipe()
    try:
        with pytest.raises(Exception, match="Service Unavailable"):
            await questions.ask(partial(os.read, reading, 1))
    finally:
        os.write(writing, b"x")
        await questions.close()
        os.close(reading)
        os.close(writing)


async def test_more_questions_than_there_is_room_for_are_refused_at_once():
    questions = Questions()
    reading, writing = os.pipe()
    try:
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(questions.ask(partial(os.read, reading, 1))) for _ in range(WAITING_LIMIT)]
            await asyncio.sleep(0)
            with pytest.raises(Exception, match="Service Unavailable"):
                await questions.ask(int)
            os.write(writing, b"x" * WAITING_LIMIT)
        assert [task.result() for task in waiting] == [b"x"] * WAITING_LIMIT
        assert await questions.ask(int) == 0  # there is room again
    finally:
        await questions.close()
        os.close(reading)
        os.close(writing)


def check_schema(body: object, schema: dict) -> None:
    """Whether a body is what the description says."""
    document = {"components": api.description()["components"], **schema}
    checker = jsonschema.FormatChecker(())
    checker.checks("date-time", raises=ValueError)(_is_instant)
    jsonschema.Draft202012Validator(document, format_checker=checker).validate(body)


def _is_instant(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


def _template(canonical: str) -> str:
    return canonical.replace("{id:.+}", "{id}")


def assert_golden(name: str, body: object) -> None:
    """The answer as it was agreed; SLA_TEST_WRITE_GOLDENS=1 writes what is new, for a person to read."""
    text = json.dumps(body, ensure_ascii=False, indent=1) + "\n"
    file = GOLDEN / name
    if os.environ.get("SLA_TEST_WRITE_GOLDENS") == "1":
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text
