"""import history, the whole way: CSV file, command line, store's file, JSON answer; numbers derived by hand."""

import random

import pytest

from agent.imports import apply_import
from agent.stores.holder import Holder
from agent.stores.opening import parse_url
from agent.stores.writing import SqliteWriter
from sla.model import State
from tests.agent.import_cases import DAY, HISTORY, HOUR, City, at, request


@pytest.fixture
def city(tmp_path):
    return City(tmp_path)


def percent(pair):
    """As printed: truncated to 4 decimals (V3)."""
    return f"{pair[0] * 1_000_000 // pair[1] / 10_000:.4f}"


def test_vector_1_an_hour_without_history_is_unknown_and_has_no_value(city):
    assert city.history("a,2025-06-01,up", until="2025-06-02").exit_code == 0
    answer = city.answer("a", "2025-01-01T00:00:00", "2025-01-01T01:00:00")
    assert answer["us"] == {"up": 0, "degraded": 0, "down": 0, "unknown": HOUR, "out_of_service": 0}
    assert answer["all_in"] == {"low": [0, HOUR], "high": [HOUR, HOUR]}
    assert answer["known"] is None
    assert answer["measured"] == [0, HOUR]
    assert answer["outages"] == []


@pytest.mark.parametrize(
    ("restored", "shown"),
    [
        # 8760 h - 43.8 h = 8716.2 h; 8716.2 / 8760 = 0.995
        ("2025-03-02T19:48:00", "99.5000"),
        # one second more: 31 378 319 / 31 536 000 = 0.99499997
        ("2025-03-02T19:48:01", "99.4999"),
    ],
)
def test_vector_2_down_for_43_8_hours_of_a_year_is_exactly_99_5(city, restored, shown):
    city.history("a,2025-01-01,up", "a,2025-03-01,down", f"a,{restored},up")
    answer = city.answer("a", "2025-01-01", "2026-01-01")
    assert answer["all_in"]["low"][1] == 8760 * HOUR
    assert percent(answer["all_in"]["low"]) == shown
    assert answer["all_in"]["low"] == answer["all_in"]["high"] == answer["known"]


def test_vector_3_a_leap_year_has_8784_hours(city):
    city.history("a,2024-01-01,up", "a,2024-03-01,down", "a,2024-03-02T19:48:00,up", until="2025-01-01")
    answer = city.answer("a", "2024-01-01", "2025-01-01")
    # 8784 h - 43.8 h = 8740.2 h; 8740.2 / 8784 = 0.9950136…
    assert answer["all_in"]["low"] == [8740 * HOUR + HOUR // 5, 8784 * HOUR]
    assert percent(answer["all_in"]["low"]) == "99.5013"


def test_vector_4_unknown_time_widens_the_bounds(city):
    # 20 h down and 40 h unknown of 8760 h: low 8700/8760, high 8740/8760
    city.history(
        "a,2025-01-01,up", "a,2025-05-01,down", "a,2025-05-01T20:00:00,up", "a,2025-07-01,unknown",
        "a,2025-07-02T16:00:00,up",
    )  # fmt: skip
    answer = city.answer("a", "2025-01-01", "2026-01-01")
    assert answer["us"] == {
        "up": 8700 * HOUR, "degraded": 0, "down": 20 * HOUR, "unknown": 40 * HOUR, "out_of_service": 0
    }  # fmt: skip
    assert (percent(answer["all_in"]["low"]), percent(answer["all_in"]["high"])) == ("99.3150", "99.7716")
    assert answer["measured"] == [8720 * HOUR, 8760 * HOUR]
    assert answer["known"] == [8700 * HOUR, 8720 * HOUR]
    assert answer["source_us"] == {"probe": 0, "imported": 8720 * HOUR}
    assert answer["excluding_approved"] == answer["all_in"]


def test_before_the_first_row_is_unknown_and_the_last_row_holds_until_as_of(city):
    city.history("a,2025-01-10,up", until="2025-01-12")
    answer = city.answer("a", "2025-01-09", "2025-01-15")
    # 9th unknown; 10th and 11th up; from the 12th on unknown
    assert answer["us"]["up"] == 2 * DAY
    assert answer["us"]["unknown"] == 4 * DAY


def test_out_rows_are_in_no_denominator(city):
    city.history("a,2025-01-01,up", "a,2025-01-03,out", "a,2025-01-05,up")
    answer = city.answer("a", "2025-01-01", "2025-01-11")
    assert answer["us"]["out_of_service"] == 2 * DAY
    assert answer["all_in"]["low"] == [8 * DAY, 8 * DAY]


def test_imported_degraded_is_up_time_with_the_reason_imported(city):
    city.history("a,2025-01-01,up", "a,2025-01-02,降级", "a,2025-01-03,down")
    answer = city.answer("a", "2025-01-01", "2025-01-05")
    assert answer["us"]["degraded"] == DAY
    assert answer["degraded_us"] == {"imported": DAY}
    assert answer["all_in"]["low"] == [2 * DAY, 4 * DAY]


def test_down_unknown_down_is_one_outage_with_two_entries(city):
    city.history("a,2025-01-01,up", "a,2025-01-02,down", "a,2025-01-03,unknown", "a,2025-01-04,down", "a,2025-01-05,up")
    outages = city.answer("a", "2025-01-01", "2025-02-01")["outages"]
    onset, restored = "2025-01-02T00:00:00+08:00", "2025-01-05T00:00:00+08:00"
    assert [(one["onset"], one["restored"], one["open"], one["class"]) for one in outages] == [
        (onset, restored, False, "own"),
        (onset, restored, False, "own"),
    ]
    assert [(one["from"], one["to"]) for one in outages] == [
        ("2025-01-02T00:00:00+08:00", "2025-01-03T00:00:00+08:00"),
        ("2025-01-04T00:00:00+08:00", "2025-01-05T00:00:00+08:00"),
    ]


def test_an_outage_is_clipped_to_the_window_but_keeps_its_own_onset_and_restoration(city):
    city.history("a,2025-01-01,up", "a,2025-01-02,down", "a,2025-01-06,up")
    (outage,) = city.answer("a", "2025-01-03", "2025-01-04")["outages"]
    assert (outage["from"], outage["to"]) == ("2025-01-03T00:00:00+08:00", "2025-01-04T00:00:00+08:00")
    assert (outage["onset"], outage["restored"]) == ("2025-01-02T00:00:00+08:00", "2025-01-06T00:00:00+08:00")


def test_the_same_file_again_changes_nothing_and_says_so(city):
    rows = ("a,2025-01-01,up", "b,2025-02-01,down", "a,2025-01-02,down")
    assert city.history(*rows).exit_code == 0
    before = city.dump()
    again = city.history(*rows)
    assert again.exit_code == 0
    assert "nothing new" in again.stdout
    assert city.dump() == before


def test_a_later_file_extends_and_an_earlier_one_fills(city):
    city.history("a,2025-02-01,up", until="2025-03-01")
    assert city.history("a,2025-02-01,up", "a,2025-03-02,down", until="2025-03-04", name="later.csv").exit_code == 0
    assert city.history("a,2025-01-31,down", "a,2025-02-01,up", until="2025-02-02", name="fill.csv").exit_code == 0
    answer = city.answer("a", "2025-01-01", "2025-04-01")
    # down on 31 January (1 day) and 2 to 4 March (2 days); up 1 February to 2 March (29 days)
    assert (answer["us"]["up"], answer["us"]["down"]) == (29 * DAY, 3 * DAY)
    assert answer["us"]["unknown"] == (90 - 32) * DAY


def test_imported_time_is_never_given_another_state_and_both_are_named(city):
    city.history("a,2025-01-01,up", until="2025-03-01", name="first.csv")
    before = city.dump()
    refused = city.history("a,2025-02-01,down", "a,2025-02-02,up", until="2025-03-01", name="second.csv")
    assert refused.exit_code == 2
    assert "second.csv:2: state: got down from 2025-02-01T00:00:00+08:00 to 2025-02-02T00:00:00+08:00" in refused.stderr
    assert "first.csv" in refused.stderr.replace("second.csv", "")
    assert "nothing was applied" in refused.stderr
    assert city.dump() == before


def test_a_stated_unknown_is_imported_time_too(city):
    city.history("a,2025-01-01,up", "a,2025-01-02,unknown", until="2025-01-03")
    assert city.history("a,2025-01-02,up", until="2025-01-03", name="second.csv").exit_code == 2


def test_every_import_that_changes_the_store_is_recorded(city):
    city.history("a,2025-01-01,up", until="2025-03-01", name="first.csv")
    city.history("a,2025-01-01,up", until="2025-03-01", name="first.csv")
    city.history("a,2025-01-01,up", until="2025-03-02", name="second.csv")
    with city.connection() as db:
        rows = db.execute("SELECT kind, file, as_of, rows, length(digest), recorded_by FROM imports").fetchall()
    assert [row[0] for row in rows] == ["history", "history"]
    assert [row[1].rpartition("/")[2] for row in rows] == ["first.csv", "second.csv"]
    assert [row[2] for row in rows] == [at("2025-03-01"), at("2025-03-02")]
    assert all(row[3:5] == (1, 64) and row[5] for row in rows)


def test_all_row_errors_are_told_at_once_and_nothing_is_applied(city):
    good = "a,2025-01-01T00:00:00+08:00,up"
    bad = [
        "a,2025/1/2 0:00,up",
        "a,2025-01-03 00:00:00,up",
        "a,45658.3,up",
        "a b,2025-01-04T00:00:00+08:00,up",
        "a,2199-01-01T00:00:00+08:00,up",
        "a,2025-02-30T00:00:00+08:00,up",
        "a,2025-01-05T00:00:00+08:00,broken",
        "a,2025-01-01T00:00:00+08:00,down",
        ",,",
        "a,,up",
    ]
    path = city.file("bad.csv", "\n".join([HISTORY, good, *bad]))
    refused = city.run("import", "history", path, "--as-of", "2026-01-01", "--create-targets")
    assert refused.exit_code == 2
    told = {line.removeprefix(f"{path}:").split(":")[0] for line in refused.stderr.splitlines() if path in line}
    assert {"3", "4", "5", "6", "7", "8", "9", "10", "12"} <= told
    assert "11" not in told  # blank rows are no rows
    assert "write 2025-01-03T00:00:00+08:00 if it is the time of Asia/Shanghai" in refused.stderr
    assert "a spreadsheet has rewritten" in refused.stderr
    assert "wanted up as row 2 says" in refused.stderr
    with city.connection() as db:
        assert db.execute("SELECT count(*) FROM components").fetchone() == (0,)


def test_a_bad_row_is_told_alone_without_contradictions_that_only_follow_from_it(city):
    rows = ("a,2025-01-01,up", "a,2025-01-02,down", "a,2025-01-03,up")
    city.history(*rows, until="2025-01-04")
    refused = city.history(rows[0], rows[1].replace("down", "dwn"), rows[2], until="2025-01-04", name="again.csv")
    assert "refused, 1 problem;" in refused.stderr
    assert "did you mean down?" in refused.stderr


def test_the_same_state_twice_at_one_instant_is_no_contradiction(city):
    assert city.history("a,2025-01-01,up", "a,2025-01-01,正常", "a,2025-01-02,down").exit_code == 0


def test_an_unknown_id_needs_create_targets_and_is_compared_with_known_ones(city):
    city.history("core-1,2025-01-01,up", until="2025-01-02")
    path = city.file("more.csv", f"{HISTORY}\ncore-l,2025-01-02T00:00:00+08:00,up\n")
    refused = city.run("import", "history", path, "--as-of", "2025-01-03")
    assert refused.exit_code == 2
    assert "did you mean core-1?" in refused.stderr
    assert "--create-targets" in refused.stderr
    created = city.run("import", "history", path, "--as-of", "2025-01-03", "--create-targets")
    assert created.exit_code == 0
    assert "targets created: 1 (core-l)" in created.stdout
    with city.connection() as db:
        assert db.execute("SELECT kind FROM components").fetchall() == [("imported",), ("imported",)]


def test_a_target_of_the_configuration_is_known_before_the_agent_ever_ran(city):
    rows = f"{HISTORY}\ncore-1,2025-01-02T00:00:00+08:00,up\n"
    with city.connection() as db:
        asked = request("history", rows, create_targets=False, registered={"core-1": "icmp"})
        outcome = apply_import(SqliteWriter(db), asked)
        assert outcome.created == ("core-1",)
        assert "registered targets with their first evidence: 1 (core-1)" in outcome.words()
        assert not [line for line in outcome.words() if "created" in line]
        assert db.execute("SELECT target, kind FROM components").fetchall() == [("core-1", "icmp")]


def test_a_running_agent_gives_out_the_ids_of_new_components(city):
    numbers = iter([41, 42])
    asked = request(
        "history", f"{HISTORY}\nb,2025-01-02T00:00:00Z,up\na,2025-01-02T00:00:00Z,up", allocate=numbers.__next__
    )
    with city.connection() as db:
        apply_import(SqliteWriter(db), asked)
        assert db.execute("SELECT id, target FROM components ORDER BY id").fetchall() == [(41, "a"), (42, "b")]


def test_a_component_of_a_target_has_a_history_of_its_own(city):
    city.history("sw1#if/7,2025-01-01,down", "sw1,2025-01-01,up", until="2025-01-02")
    assert city.answer("sw1#if/7", "2025-01-01", "2025-01-02")["us"]["down"] == DAY
    assert city.answer("sw1", "2025-01-01", "2025-01-02")["us"]["up"] == DAY


@pytest.mark.parametrize(
    ("until", "words"),
    [("2199-01-01", "lies in the future"), ("2025-01-01", "not after --as-of"), (None, "got no --as-of")],
)
def test_as_of_is_required_past_and_not_before_the_last_row(city, until, words):
    path = city.file("rows.csv", f"{HISTORY}\na,2025-01-02T00:00:00+08:00,up\n")
    options = ("--as-of", until) if until else ()
    refused = city.run("import", "history", path, "--create-targets", *options)
    assert refused.exit_code == 2
    assert words in refused.stderr


def test_dry_run_says_what_would_change_and_writes_nothing(city):
    told = city.history("a,2025-01-01,up", "a,2025-01-02,down", until="2025-01-03", options=["--dry-run"])
    assert told.exit_code == 0
    assert "targets would be created: 1 (a)" in told.stdout
    assert "spans would be added: 2, together 48 h 00 min 00 s" in told.stdout
    assert not city.store.exists()
    city.history("a,2025-01-01,up", until="2025-01-02")
    city.agent_ran("2025-01-04T00:00:00", "2025-01-05T00:00:00", target="a")
    before = city.dump()
    told = city.history("a,2025-01-01,up", until="2025-01-05", options=["--dry-run"])
    assert "spans would be added: 1, together 72 h 00 min 00 s" in told.stdout
    assert "known already and left as it is: 24 h 00 min 00 s" in told.stdout
    assert "after the store's first heartbeat: 24 h 00 min 00 s" in told.stdout
    assert city.dump() == before


def test_a_held_store_is_refused_naming_the_holder_but_a_dry_run_only_reads(city):
    city.history("a,2025-01-01,up", until="2025-01-02")
    with Holder(parse_url(city.url), "sla-agent run", "127.0.0.1:9610"):
        refused = city.history("a,2025-01-01,up", until="2025-01-03")
        assert refused.exit_code == 2
        assert "sla-agent run" in refused.stderr
        assert "127.0.0.1:9610" in refused.stderr
        assert city.history("a,2025-01-01,up", until="2025-01-03", options=["--dry-run"]).exit_code == 0
        assert city.answer("a", "2025-01-01", "2025-01-02")["us"]["up"] == DAY
    assert city.history("a,2025-01-01,up", until="2025-01-03").exit_code == 0


def test_imported_time_fills_only_what_lies_before_the_first_heartbeat(city):
    city.agent_ran("2025-06-01T00:00:00", "2025-06-11T00:00:00", (at("2025-06-01T01:00:00"), State.UP))
    outcome = city.history(
        "core-1,2025-05-01,up", "core-1,2025-05-31,down", "core-1,2025-06-01T06:00:00,up", "core-1,2025-06-05,down",
        until="2025-06-11",
    )  # fmt: skip
    assert "changes no headline (A8)" in outcome.stdout
    answer = city.answer("core-1", "2025-05-01", "2025-06-11")
    # imported: up 1 to 31 May (30 days), down 31 May (1 day); unknown 1 h; own: up to 11 June (10 days - 1 h)
    assert answer["us"] == {
        "up": 40 * DAY - HOUR, "degraded": 0, "down": DAY, "unknown": HOUR, "out_of_service": 0
    }  # fmt: skip
    assert answer["source_us"] == {"probe": 10 * DAY - HOUR, "imported": 31 * DAY}
    (outage,) = answer["outages"]
    assert (outage["to"], outage["restored"]) == ("2025-06-01T00:00:00+08:00", "2025-06-01T01:00:00+08:00")


def test_a_second_run_opens_no_time_to_imports(city):
    """A8: a gap between two runs stays unknown whatever a file says of it."""
    city.agent_ran(
        "2025-06-01T00:00:00", "2025-06-02T00:00:00", (at("2025-06-01"), State.UP), (at("2025-06-02"), State.UNKNOWN)
    )
    city.agent_ran("2025-06-05T00:00:00", "2025-06-06T00:00:00", (at("2025-06-05"), State.UP))
    city.history("core-1,2025-06-01,up", until="2025-06-06")
    assert city.answer("core-1", "2025-06-01", "2025-06-06")["us"]["unknown"] == 3 * DAY


def test_a_new_target_opens_no_time_after_the_first_heartbeat(city):
    city.agent_ran("2025-06-01T00:00:00", "2025-06-02T00:00:00", (at("2025-06-01"), State.UP))
    city.history("new,2025-05-31,up", until="2025-06-02")
    answer = city.answer("new", "2025-05-31", "2025-06-02")
    assert (answer["us"]["up"], answer["us"]["unknown"]) == (DAY, DAY)


def test_a_large_file_in_no_order_is_applied_whole_and_tells_how_far_it_is(city):
    states = ("up", "degraded", "down", "unknown", "out")
    rows = [
        f"t{n % 100},2025-01-{1 + n // 2400:02}T{n // 100 % 24:02}:00:00+08:00,{states[n % 5]}" for n in range(24_000)
    ]
    random.Random(1).shuffle(rows)
    seen = []
    asked = request("history", "\n".join([HISTORY, *rows]), progress=lambda done, total: seen.append((done, total)))
    with city.connection() as db:
        outcome = apply_import(SqliteWriter(db), asked)
    assert (outcome.rows, outcome.targets, len(outcome.created)) == (24_000, 100, 100)
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] == len(asked.data)


def test_instants_are_exact_to_the_microsecond(city):
    city.history(
        "a,2025-01-01,up", "a,2025-01-01T00:00:00.000001,down", "a,2025-01-01T00:00:01.5,up", until="2025-01-02"
    )
    answer = city.answer("a", "2025-01-01", "2025-01-02")
    assert answer["us"]["down"] == 1_500_000 - 1
    assert answer["us"]["up"] == DAY - 1_499_999
    assert sum(answer["us"].values()) == DAY
