"""Faults, notes and maintenance windows over HTTP: what is said, what is refused, and who wrote what."""

from pathlib import Path

import pytest

from agent.imports import apply_import
from agent.notes import KINDS
from agent.registers import known_of
from agent.web import api
from agent.web.faults import STATES
from collectors.base import ok
from sla.faults import fault_id
from sla.maintenance import Why
from tests.agent.register_cases import request
from tests.agent.test_web_api import check_schema
from tests.agent.web_worlds import REFUSED, Got, World, world
from tests.agent.worlds import SECOND, START

API = "/api/v1"
MINUTE = 60 * SECOND
PORT = "zy/maoba:9"
FAULT = fault_id(PORT, START + 2 * MINUTE)

WINDOWS = (
    "window_id,scope,start,end,approved_by,approved_at,notified_at,reason,document\n"
    "W-1,line-7,2026-01-03T00:00:00+08:00,2026-01-03T04:00:00+08:00,张主任,2025-12-20,2025-12-21,割接,政办〔2025〕9号\n"
    "W-2,site=S6109,2026-01-03T00:00:00+08:00,2026-01-03T04:00:00+08:00,,,,扩容,\n"
)


async def cut_off(w: World) -> None:
    """UP at 08:00 and 08:01, failed at 08:02, 08:03 and 08:04, answering again at 08:05 and 08:06."""
    for reading in (ok(), ok(), REFUSED, REFUSED, REFUSED, ok(), ok()):
        await w.probe(PORT, reading)
        w.clock.seconds += 60
    await w.write()


async def post(w: World, path: str, body: bytes | str, status: int = 200, **headers: str) -> Got:
    data = body.encode() if isinstance(body, str) else body
    named = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    async with w.client.post(path, data=data, headers=named) as got:
        text = await got.text()
        assert got.status == status, f"{path}: {got.status}\n{text}"
        return Got(got.status, dict(got.headers), text, {})


async def test_a_fault_is_told_in_the_words_and_the_order_of_the_interface(tmp_path: Path):
    async with world(tmp_path) as w:
        await cut_off(w)
        got = (await w.get(f"{API}/faults")).json
    assert list(got) == ["faults", "planned", "quality", "gaps", "rate"]
    assert got["faults"] == [
        {
            "id": FAULT,
            "root": PORT,
            "role": "node",
            "start": "2026-01-01T08:02:00+08:00",
            "onset": ["2026-01-01T08:02:00+08:00", "2026-01-01T08:02:00+08:00"],
            "detected": "2026-01-01T08:04:00+08:00",
            "restored": ["2026-01-01T08:05:00+08:00", "2026-01-01T08:05:00+08:00"],
            "outcome": "in_time",
            "members": [],
            "priority": "P1",  # the only site there is has lost its node
            "overrun": False,
            "repeat": False,
            "withdrawn": False,
            "source": "probe",
        }
    ]
    assert list(got["faults"][0]) == list(api.description()["components"]["schemas"]["Fault"]["properties"])
    assert (got["planned"], got["quality"], got["gaps"]) == ([], [], [])
    assert got["rate"] == {
        "in_time": 1, "late": 0, "pending": 0, "undecided": 0, "n": 1, "low": [1, 1], "high": [1, 1],
        "allowed_late": None,
    }  # fmt: skip


async def test_an_open_fault_of_a_record_that_began_with_it_has_no_bound_and_is_pending(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        got = (await w.get(f"{API}/faults")).json
    by_root = {fault["root"]: fault for fault in got["faults"]}
    assert sorted(by_root) == ["me#disk//srv <b>", PORT]
    assert by_root[PORT]["onset"] == [None, "2026-01-01T08:00:00+08:00"]
    assert by_root[PORT]["restored"] is None
    assert by_root["me#disk//srv <b>"]["role"] == "host"
    assert got["rate"] == {
        "in_time": 0, "late": 0, "pending": 2, "undecided": 0, "n": 0, "low": None, "high": None,
        "allowed_late": None,
    }  # fmt: skip


async def test_a_state_leaves_the_rate_that_of_all(tmp_path: Path):
    async with world(tmp_path) as w:
        await cut_off(w)
        for _ in range(3):
            await w.probe("me", ok(), *w._parts())
            w.clock.seconds += 60
        await w.write()
        told = {state: (await w.get(f"{API}/faults?state={state}")).json for state in STATES}
    assert [fault["id"] for fault in told["closed"]["faults"]] == [FAULT]
    assert [fault["root"] for fault in told["open"]["faults"]] == ["me#disk//srv <b>"]
    assert told["open"]["rate"] == told["closed"]["rate"]
    assert (told["open"]["rate"]["n"], told["open"]["rate"]["pending"]) == (1, 1)


async def test_as_of_cuts_time_and_a_period_holds_the_faults_that_began_in_it(tmp_path: Path):
    async with world(tmp_path) as w:
        await cut_off(w)
        earlier = (await w.get(f"{API}/faults?as_of=2026-01-01T08:04:30%2B08:00")).json
        of_month, of_last_year = [(await w.get(f"{API}/faults?period={each}")).json for each in ("2026-01", "2025")]
    assert (earlier["faults"][0]["restored"], earlier["faults"][0]["outcome"]) == (None, "pending")
    assert [fault["id"] for fault in of_month["faults"]] == [FAULT]
    assert of_last_year["faults"] == []


async def test_one_fault_comes_with_its_bounds_its_unit_and_what_people_said(tmp_path: Path):
    async with world(tmp_path) as w:
        await cut_off(w)
        await post(w, f"{API}/faults/{FAULT}/notes", '{"kind": "ack", "by": "zhang"}')
        await post(w, f"{API}/faults/{FAULT}/notes", '{"kind": "priority", "value": "P2", "why": "县局无人办公"}')
        got = (await w.get(f"{API}/faults/{FAULT}")).json
    check_schema(got, {"$ref": "#/components/schemas/FaultDetails"})
    # last ok 08:01, first failed 08:02, last failed 08:04, first ok 08:05 (S5): 2 to 4 minutes
    assert got["duration_us"] == [2 * MINUTE, 4 * MINUTE]
    assert (got["residual"], got["responsible_unit"], got["carrier"], got["desk"]) == (False, None, None, [])
    assert got["priority"] == "P1"  # the computed one; a person's stands beside it
    assert got["notes"] == [
        {"kind": "ack", "value": "", "why": "", "recorded_at": "2026-01-01T08:07:00+08:00", "recorded_by": "zhang"},
        {
            "kind": "priority", "value": "P2", "why": "县局无人办公", "recorded_at": "2026-01-01T08:07:00+08:00",
            "recorded_by": "local",
        },
    ]  # fmt: skip


async def test_a_note_is_answered_as_it_is_recorded(tmp_path: Path):
    async with world(tmp_path) as w:
        await cut_off(w)
        got = await post(w, f"{API}/faults/{FAULT}/notes", '{"kind": "cause", "value": " 光缆中断 ", "by": "王"}')
        assert w.agent.reader.fault_causes() == {FAULT: "光缆中断"}
    assert got.json == {"fault": FAULT, "kind": "cause", "value": "光缆中断", "why": "", "recorded_by": "王"}
    check_schema(got.json, {"$ref": "#/components/schemas/RecordedNote"})


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("", "wanted JSON such as"),
        ("[]", "wanted JSON such as"),
        ("[" * 60_000, "wanted JSON such as"),
        (b"\xff\xfe\xfd", "wanted JSON such as"),
        ('{"kind": "ack", "at": "2026-01-01"}', "wanted JSON such as"),
        ('{"kind": 1}', "wanted JSON such as"),
        ("{}", "note kind empty text: no such kind"),
        ('{"kind": "acc"}', "did you mean ack?"),
        ('{"kind": "note"}', "note of kind note: got no text"),
        ('{"kind": "note", "value": "a\\u0000b"}', "printable characters"),
        ('{"kind": "note", "value": "\\ud800"}', "printable characters"),
        ('{"kind": "priority", "value": "P5", "why": "x"}', "wanted one of P1, P2, P3, P4"),
        ('{"kind": "priority", "value": "P1"}', "got no reason"),
        ('{"kind": "ack", "by": ""}', "by: got empty text"),
        ('{"kind": "ack", "by": "a\\nb"}', "by: got a\\nb, wanted 1 to 1024 printable characters"),
        (b'{"kind": "note", "value": "' + b"a" * 70_000 + b'"}', "more than 64 KiB"),
    ],
)
async def test_a_body_that_is_no_note_is_a_400_and_nothing_is_written(tmp_path: Path, body, wanted: str):
    async with world(tmp_path) as w:
        await cut_off(w)
        got = await post(w, f"{API}/faults/{FAULT}/notes", body, status=400)
        assert w.agent.reader.fault_notes(FAULT) == []
    assert got.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert wanted in got.json["detail"]


async def test_a_charset_that_nobody_knows_does_not_matter(tmp_path: Path):
    async with world(tmp_path) as w:
        await cut_off(w)
        await post(w, f"{API}/faults/{FAULT}/notes", '{"kind": "ack"}', Content_Type="application/json; charset=none")


async def test_a_note_that_another_site_sends_is_refused(tmp_path: Path):
    async with world(tmp_path) as w:
        await cut_off(w)
        await post(w, f"{API}/faults/{FAULT}/notes", '{"kind": "ack"}', 403, Origin="http://evil.example")
        assert w.agent.reader.fault_notes(FAULT) == []


async def test_an_unknown_fault_is_a_404_that_names_near_ids(tmp_path: Path):
    async with world(tmp_path) as w:
        await cut_off(w)
        wrong = FAULT[:-1] + ("A" if FAULT[-1] != "A" else "B")
        asked = await w.get(f"{API}/faults/{wrong}", status=404)
        written = await post(w, f"{API}/faults/{wrong}/notes", '{"kind": "ack"}', status=404)
    for got in (asked, written):
        assert got.headers["Content-Type"] == "application/problem+json; charset=utf-8"
        assert got.json["near"] == [FAULT]
        assert f"did you mean {FAULT}?" in got.json["detail"]
        check_schema(got.json, {"$ref": "#/components/schemas/Problem"})


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("faults?periode=2026", "parameter periode: unknown; /api/v1/faults takes period, state, as_of"),
        ("faults?period=2026-13", "wanted a year, a quarter or a month: 2025, 2025-Q2 or 2025-06"),
        ("faults?period=2026-q1", "wanted a year, a quarter or a month"),
        ("faults?period=", "wanted a year, a quarter or a month"),
        ("faults?period=2027", "in the future"),
        ("faults?period=2025&period=2026", "given twice"),
        ("faults?period=2026&as_of=2025-06-01", "not before as_of"),
        ("faults?state=late", "wanted one of open, closed"),
        ("faults?as_of=2027-01-01", "lies in the future"),
        (f"faults/{FAULT}?period=2026", "parameter period: unknown"),
        (f"faults/{FAULT}?as_of=2027-01-01", "lies in the future"),
        ("maintenance?period=2026", "parameter period: unknown"),
    ],
)
async def test_a_question_that_cannot_be_meant_is_a_400_that_says_what_to_write(tmp_path, query: str, wanted: str):
    async with world(tmp_path) as w:
        await cut_off(w)
        got = await w.get(f"{API}/{query}", status=400)
    assert wanted in got.json["detail"]


async def test_every_window_is_listed_with_what_it_excludes_and_why_not(tmp_path: Path):
    def planned(agent):
        apply_import(agent.writer, request("maintenance", WINDOWS, now=START, known=known_of(agent.config)))

    async with world(tmp_path, before=planned) as w:
        got = (await w.get(f"{API}/maintenance")).json
    check_schema(got, {"$ref": "#/components/schemas/Maintenance"})
    first, second = got["windows"]
    assert first == {
        "window_id": "W-1",
        "version": 1,
        "start": "2026-01-03T00:00:00+08:00",
        "end": "2026-01-03T04:00:00+08:00",
        "approved_at": "2025-12-20T00:00:00+08:00",
        "notified_at": "2025-12-21T00:00:00+08:00",
        "recorded_at": "2026-01-01T08:00:00+08:00",
        "counts": True,
        "effective": ["2026-01-03T00:00:00+08:00", "2026-01-03T04:00:00+08:00"],
        "reasons": [],
        "documented": False,
        "short_notice": False,
        "scope": "line-7",
        "approved_by": "张主任",
        "reason": "割接",
        "document": "政办〔2025〕9号",
    }
    assert (second["counts"], second["effective"], second["reasons"]) == (False, None, ["no_approval", "short_notice"])
    assert (second["approved_by"], second["approved_at"], second["document"]) == (None, None, None)


def test_the_description_knows_every_word_that_is_said():
    schemas = api.description()["components"]["schemas"]
    assert schemas["NoteKind"]["enum"] == list(KINDS)
    reasons = schemas["MaintenanceWindow"]["properties"]["reasons"]["items"]["enum"]
    assert sorted(reasons) == sorted(Why)
