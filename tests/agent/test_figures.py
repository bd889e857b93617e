"""Figures out of a store: the timeline put together, as_of, outages, pieces of the calendar."""

import json
from contextlib import closing
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import UsageError
from agent.figures import Figures
from agent.imports import apply_import
from agent.stores.base import Batch, Component, EdgeRow, Leaving, RunRequest
from agent.stores.inline import InlineRow
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from sla.model import Cause, Degraded, Edge, State, Window
from sla.periods import Piece
from tests.agent.import_cases import DAY, HISTORY, HOUR, ZONE, at, request

NOW = at("2026-06-01")
YEAR = Window(at("2025-01-01"), at("2026-01-01"))
JANUARY = Window(at("2025-01-01"), at("2025-02-01"))


@pytest.fixture
def db():
    with closing(connect(Location(None))) as connection:
        migrate(connection, Location(None))
        yield connection


@pytest.fixture
def figures(db):
    return Figures(SqliteReader(db), ZONE)


def states(db, *rows, until="2026-01-01"):
    """Import rows such as `a,2025-01-01,up`."""
    cells = (row.split(",") for row in rows)
    lines = [f"{target},{day}T00:00:00+08:00,{state}" for target, day, state in cells]
    apply_import(SqliteWriter(db), request("history", "\n".join([HISTORY, *lines]), as_of=at(until)))


def watched(db, start, end, *edges, killed=False):
    """A run of the agent from start to end."""
    writer = SqliteWriter(db)
    run = writer.start_run(RunRequest("core", "boot", start, (0, start), "test", 1))
    new = [] if SqliteReader(db).component("a") else [Component(1, "a", "", "icmp")]
    rows = [EdgeRow(1, run.boot_no, seq, edge) for seq, edge in enumerate(edges, start=1)]
    batch = Batch(end, new, rows)
    if killed:
        writer.write(run, batch)
    else:
        writer.stop_run(run, batch, Leaving({}))


def edge(when, state, degraded=Degraded.NONE, cause=Cause.PROBE):
    return Edge(when, state, degraded, cause)


def test_the_answer_has_exactly_the_keys_of_the_interface(db, figures):
    states(db, "a,2025-01-01,up", "a,2025-01-03,down", "a,2025-01-04,up")
    answer = figures.answer("a", JANUARY, now=NOW, breakdown=Piece.MONTH)
    assert list(answer) == [
        "target", "from", "to", "as_of", "method_version", "simulated", "us", "excluded_us", "degraded_us", "source_us",
        "all_in", "excluding_approved", "known", "measured", "outages", "breakdown",
    ]  # fmt: skip
    assert list(answer["us"]) == ["up", "degraded", "down", "unknown", "out_of_service"]
    assert list(answer["excluded_us"]) == ["up", "degraded", "down", "unknown"]
    assert list(answer["outages"][0]) == ["from", "to", "onset", "restored", "open", "class"]
    assert list(answer["breakdown"][0]) == ["from", "to", "us", "excluded_us", "all_in", "excluding_approved"]
    assert answer["from"] == "2025-01-01T00:00:00+08:00"
    assert json.loads(json.dumps(answer)) == answer


def test_times_are_printed_in_the_zone(db):
    states(db, "a,2025-01-01,up")
    answer = Figures(SqliteReader(db), ZoneInfo("UTC")).answer("a", JANUARY, now=NOW)
    assert answer["from"] == "2024-12-31T16:00:00+00:00"


def test_own_readings_and_imported_time_meet_at_the_first_heartbeat(db, figures):
    start = at("2025-01-11")
    watched(db, start, start + DAY, edge(start + HOUR, State.DEGRADED, Degraded.LOSS | Degraded.RTT), killed=True)
    states(db, "a,2025-01-01,up")
    answer = figures.answer("a", JANUARY, now=NOW)
    # imported: 1 to 10 January; unknown 1 h; own degraded 23 h until the last durable heartbeat; then unknown
    assert answer["us"]["up"] == 10 * DAY
    assert answer["us"]["degraded"] == 23 * HOUR
    assert answer["us"]["unknown"] == HOUR + 20 * DAY
    assert answer["degraded_us"] == {"loss": 23 * HOUR, "rtt": 23 * HOUR}
    assert answer["source_us"] == {"probe": 23 * HOUR, "imported": 10 * DAY}


def test_an_imported_outage_goes_on_into_own_readings(db, figures):
    start = at("2025-01-11")
    watched(db, start, start + DAY, edge(start + HOUR, State.DOWN), edge(start + 2 * HOUR, State.UP))
    states(db, "a,2025-01-01,up", "a,2025-01-10,down")
    outages = figures.answer("a", JANUARY, now=NOW)["outages"]
    assert [outage["onset"] for outage in outages] == ["2025-01-10T00:00:00+08:00"] * 2
    assert [outage["restored"] for outage in outages] == ["2025-01-11T02:00:00+08:00"] * 2


def test_out_of_service_is_in_no_denominator(db, figures):
    states(db, "a,2025-01-01,up")
    row = InlineRow("a", at("2025-01-11"), at("2025-01-21"), {"kind": "tcp"})
    SqliteWriter(db).set_inline([row], "digest", NOW)
    answer = figures.answer("a", JANUARY, now=NOW)
    assert answer["us"]["out_of_service"] == 21 * DAY
    assert answer["all_in"]["low"] == [10 * DAY, 10 * DAY]
    before = figures.answer("a", Window(at("2025-01-01"), at("2025-01-02")), now=NOW)
    assert before["all_in"] == {"low": None, "high": None}
    assert before["measured"] is None


def test_the_mark_of_a_simulated_store_is_in_the_answer(db, figures):
    states(db, "a,2025-01-01,up")
    assert figures.answer("a", JANUARY, now=NOW)["simulated"] is False
    SqliteWriter(db).set_meta("simulated", "true")
    assert figures.answer("a", JANUARY, now=NOW)["simulated"] is True


# as_of


def test_an_end_after_as_of_is_cut_to_it_and_said(db, figures):
    states(db, "a,2025-01-01,up")
    answer = figures.answer("a", YEAR, now=NOW, as_of=at("2025-01-11"))
    assert answer["to"] == answer["as_of"] == "2025-01-11T00:00:00+08:00"
    assert answer["cut_to_as_of"] is True
    assert sum(answer["us"].values()) == 10 * DAY
    assert "cut_to_as_of" not in figures.answer("a", YEAR, now=NOW)


def test_time_ahead_is_never_up(db, figures):
    """The default as_of is now."""
    states(db, "a,2025-01-01,up", until="2025-01-11")
    answer = figures.answer("a", YEAR, now=at("2025-01-12"))
    assert answer["us"]["up"] == 10 * DAY
    assert answer["us"]["unknown"] == DAY
    assert sum(answer["us"].values()) == 11 * DAY


@pytest.mark.parametrize(("as_of", "is_open"), [("2025-01-04", True), ("2025-01-05", True), ("2025-01-06", False)])
def test_a_restoration_at_or_after_as_of_is_not_yet_one(db, figures, as_of, is_open):
    states(db, "a,2025-01-01,up", "a,2025-01-03,down", "a,2025-01-05,up")
    (outage,) = figures.answer("a", JANUARY, now=NOW, as_of=at(as_of))["outages"]
    assert outage["open"] is is_open
    assert (outage["restored"] is None) is is_open


def test_down_then_nothing_more_is_open_for_no_recovery_was_seen(db, figures):
    states(db, "a,2025-01-01,up", "a,2025-01-03,down", "a,2025-01-05,unknown", until="2025-01-10")
    (outage,) = figures.answer("a", JANUARY, now=NOW)["outages"]
    assert outage["restored"] is None
    assert outage["open"] is True


def test_an_outage_ended_by_leaving_service_is_neither_restored_nor_open(db, figures):
    states(db, "a,2025-01-01,up", "a,2025-01-03,down", "a,2025-01-05,out", "a,2025-01-07,down", until="2025-01-10")
    first, second = figures.answer("a", JANUARY, now=NOW)["outages"]
    assert (first["restored"], first["open"]) == (None, False)
    assert (second["restored"], second["open"]) == (None, True)
    assert second["onset"] == "2025-01-07T00:00:00+08:00"


def test_an_outage_ended_by_the_end_of_service_is_not_open(db, figures):
    states(db, "a,2025-01-01,up", "a,2025-01-03,down")
    SqliteWriter(db).set_inline([InlineRow("a", None, at("2025-01-05"), {"kind": "tcp"})], "digest", NOW)
    (outage,) = figures.answer("a", JANUARY, now=NOW)["outages"]
    assert (outage["to"], outage["restored"], outage["open"]) == ("2025-01-05T00:00:00+08:00", None, False)
    (outage,) = figures.answer("a", JANUARY, now=NOW, as_of=at("2025-01-04"))["outages"]
    assert outage["open"] is True


# refused


@pytest.mark.parametrize(
    ("window", "as_of", "words"),
    [
        (Window(NOW + 1, NOW + 2), None, "from .* lies in the future"),
        (JANUARY, NOW + 1, "as_of .* lies in the future"),
        (Window(JANUARY.end, JANUARY.start), None, "wanted an end after the start"),
        (Window(JANUARY.start, JANUARY.start), None, "wanted an end after the start"),
        (JANUARY, JANUARY.start, "not before as_of"),
        (Window(NOW, NOW + 1), None, "not before as_of"),
    ],
)
def test_a_window_that_has_not_come_or_is_empty_is_refused(db, figures, window, as_of, words):
    states(db, "a,2025-01-01,up")
    with pytest.raises(UsageError, match=words):
        figures.answer("a", window, now=NOW, as_of=as_of)


def test_an_unknown_target_is_refused_with_the_nearest(db, figures):
    states(db, "core-1,2025-01-01,up")
    with pytest.raises(UsageError, match="did you mean core-1"):
        figures.answer("core-2", JANUARY, now=NOW)
    with pytest.raises(UsageError, match="knows no such id"):
        figures.answer("core-1#", JANUARY, now=NOW)


# pieces


@pytest.mark.parametrize(("piece", "count"), [(Piece.MONTH, 12), (Piece.DAY, 365), (Piece.HOUR, 8760)])
def test_the_pieces_of_a_year_follow_each_other_and_sum_to_it(db, figures, piece, count):
    states(db, "a,2025-01-05,up", "a,2025-03-03,down", "a,2025-03-04,degraded", "a,2025-10-01,out", "a,2025-11-01,up")
    answer = figures.answer("a", YEAR, now=NOW, breakdown=piece)
    parts = answer["breakdown"]
    assert len(parts) == count
    assert all(one["to"] == other["from"] for one, other in pairwise(parts))
    assert (parts[0]["from"], parts[-1]["to"]) == (answer["from"], answer["to"])
    for state, whole in answer["us"].items():
        assert sum(part["us"][state] for part in parts) == whole


@given(start=st.integers(0, 400 * DAY), length=st.integers(1, 40 * DAY), piece=st.sampled_from(list(Piece)))
@settings(max_examples=25, deadline=None)
def test_the_pieces_of_any_window_sum_to_it_exactly(start, length, piece):
    window = Window(YEAR.start - DAY + start, YEAR.start - DAY + start + length)
    with closing(connect(Location(None))) as connection:
        migrate(connection, Location(None))
        watched(connection, at("2025-07-01"), at("2025-08-01"), edge(at("2025-07-01") + 1, State.UP))
        states(connection, "a,2025-01-05,up", "a,2025-03-03,down", "a,2025-03-04,degraded", "a,2025-06-01,out")
        answer = Figures(SqliteReader(connection), ZONE).answer("a", window, now=NOW, breakdown=piece)
    assert sum(answer["us"].values()) == length
    for state, whole in answer["us"].items():
        assert sum(part["us"][state] for part in answer["breakdown"]) == whole
