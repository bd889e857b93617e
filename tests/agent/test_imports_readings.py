"""import readings, the whole way: rows run through S1 to S5 with their own intervals."""

import random

import pytest

from agent.imports import apply_import
from agent.stores.writing import SqliteWriter
from sla.model import State
from tests.agent.import_cases import DAY, HOUR, READINGS, SECOND, City, at, request


@pytest.fixture
def city(tmp_path):
    return City(tmp_path)


def rows(*readings: tuple[int, str], target: str = "a", interval: int = 60, over: str = "") -> list[str]:
    """Readings at seconds after 2025-01-01 00:00 Beijing time."""
    return [
        f"{target},2025-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02},{outcome},{interval},{over}"
        for second, outcome in readings
    ]


def seconds(city: City, end: int = 3600) -> dict[str, int]:
    """The first hour of 2025 by state, in seconds, without zeros."""
    last = f"2025-01-01T{end // 3600:02}:{end // 60 % 60:02}:{end % 60:02}"
    answer = city.answer("a", "2025-01-01", last)
    return {state: us // SECOND for state, us in answer["us"].items() if us}


def test_vector_27_silence_is_unknown_after_one_and_a_half_intervals(city):
    city.readings(*rows((0, "ok"), (60, "ok")))
    assert seconds(city) == {"up": 150, "unknown": 3450}


def test_vector_28_a_streak_that_nothing_follows_is_unknown_from_its_first_failure(city):
    city.readings(*rows((0, "ok"), (60, "ok"), (120, "failed"), (130, "failed")))
    assert seconds(city) == {"up": 120, "unknown": 3480}
    assert city.answer("a", "2025-01-01", "2025-01-02")["outages"] == []


def test_vector_29_an_error_breaks_no_streak_and_down_counts_from_the_first_failure(city):
    city.readings(*rows((0, "ok"), (60, "ok"), (120, "failed"), (130, "error"), (140, "failed"), (150, "failed")))
    # up 0 to 120, down from 120 until the last reading runs out at 150 + 90
    assert seconds(city) == {"up": 120, "down": 120, "unknown": 3360}


def test_vector_29_two_failures_and_a_recovery_are_a_blip(city):
    city.readings(*rows((0, "ok"), (60, "ok"), (120, "failed"), (130, "failed"), (140, "ok"), (200, "ok")))
    # up 0 to 120 and 140 to 290 (200 + 90); degraded 120 to 140
    assert seconds(city) == {"up": 270, "degraded": 20, "unknown": 3310}
    answer = city.answer("a", "2025-01-01", "2025-01-02")
    assert answer["degraded_us"] == {"blip": 20 * SECOND}
    assert answer["outages"] == []


def test_vector_41_a_recovery_counts_from_the_first_of_its_two_good_readings(city):
    city.readings(
        *rows(
            (0, "failed"), (10, "failed"), (20, "failed"), (80, "ok"), (90, "failed"), (100, "ok"), (110, "ok"),
        )
    )  # fmt: skip
    # down 0 to 100, the second-last ok; up 100 until 110 + 90
    assert seconds(city) == {"up": 100, "down": 100, "unknown": 3400}
    (outage,) = city.answer("a", "2025-01-01", "2025-01-02")["outages"]
    assert (outage["onset"], outage["restored"]) == ("2025-01-01T00:00:00+08:00", "2025-01-01T00:01:40+08:00")


def test_errors_alone_are_never_an_outage(city):
    city.readings(*rows(*[(60 * n, "error") for n in range(10)]))
    assert seconds(city) == {"unknown": 3600}


def test_a_broken_limit_is_degraded_time_under_its_own_name(city):
    city.readings(*rows((0, "ok"), (60, "ok")), *rows((120, "ok"), over="loss;rtt"), *rows((180, "ok")))
    answer = city.answer("a", "2025-01-01", "2025-01-02")
    assert answer["degraded_us"] == {"loss": 60 * SECOND, "rtt": 60 * SECOND}
    assert answer["us"]["degraded"] == 60 * SECOND
    assert answer["source_us"] == {"probe": 0, "imported": 270 * SECOND}


def test_each_reading_is_valid_by_its_own_interval(city):
    city.readings(*rows((0, "ok"), (60, "ok")), *rows((120, "ok"), interval=300))
    assert seconds(city) == {"up": 120 + 450, "unknown": 3600 - 570}


def test_flapping_ends_six_hundred_seconds_after_the_last_blip(city):
    """S4: three blips within 600 s; flapping from the start of the third until 600 s after its end."""
    readings = [(60 * n, "ok") for n in range(40)]
    for blip in (120, 240, 360):
        readings[blip // 60] = (blip, "failed")
    city.readings(*rows(*readings))
    answer = city.answer("a", "2025-01-01", "2025-01-02")
    # three blips of 60 s; the third starts at 360, ends at 420, so flapping lasts to 1020
    assert answer["degraded_us"] == {"blip": 180 * SECOND, "flapping": 660 * SECOND}
    assert answer["us"]["degraded"] == (120 + 660) * SECOND


def test_the_order_of_rows_changes_nothing(tmp_path):
    readings = rows(*[(20 * n, "failed" if n % 11 in (3, 4, 5, 9) else "ok") for n in range(150)])
    answers = []
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        city = City(folder)
        random.Random(seed).shuffle(readings)
        assert city.readings(*readings).exit_code == 0
        answers.append(seconds(city))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["down"] > 0


def test_a_file_in_two_parts_says_the_same_as_the_whole(tmp_path):
    readings = rows(*[(20 * n, "failed" if n % 13 in (3, 4, 5) else "ok") for n in range(150)])
    said = []
    for name, files in {"whole": [readings], "parts": [readings[75:], readings[:75]]}.items():
        folder = tmp_path / name
        folder.mkdir()
        city = City(folder)
        for number, one in enumerate(files):
            assert city.readings(*one, name=f"{number}.csv").exit_code == 0
        said.append(seconds(city))
    assert said[0] == said[1]


def test_the_same_file_again_changes_nothing_and_says_so(city):
    readings = rows((0, "ok"), (60, "ok"))
    city.readings(*readings)
    before = city.dump()
    again = city.readings(*readings, *readings)
    assert again.exit_code == 0
    assert "nothing new" in again.stdout
    assert city.dump() == before


@pytest.mark.parametrize("other", ["failed,60,", "ok,30,", "ok,60,loss"])
def test_another_reading_at_the_same_instant_is_refused_naming_both(city, other):
    city.readings(*rows((0, "ok"), (60, "ok")), name="first.csv")
    before = city.dump()
    refused = city.readings(f"a,2025-01-01T00:01:00,{other}", name="second.csv")
    assert refused.exit_code == 2
    assert "second.csv:2: outcome" in refused.stderr
    assert "first.csv says for 2025-01-01T00:01:00+08:00" in refused.stderr
    assert city.dump() == before


def test_two_readings_at_one_instant_of_a_file_are_refused_naming_both_rows(city):
    refused = city.readings(*rows((0, "ok"), (0, "failed")))
    assert refused.exit_code == 2
    assert ":3: outcome: got failed every 60 s, wanted ok every 60 s as row 2 says" in refused.stderr


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ("good,60,", "outcome", "wanted one of ok, failed, error"),
        (",60,", "outcome", "got nothing"),
        ("ok,0,", "interval_seconds", "whole seconds from 1 to 86400"),
        ("ok,-60,", "interval_seconds", "got -60"),
        ("ok,60.0,", "interval_seconds", "got 60.0"),
        ("ok,６０,", "interval_seconds", "got ６０"),
        ("ok,999999999,", "interval_seconds", "got 999999999"),
        ("ok,,", "interval_seconds", "got nothing"),
        ("ok,60,los", "over_limit", "did you mean loss?"),
        ("ok,60,blip", "over_limit", "got blip"),
        ("ok,60,flapping", "over_limit", "got flapping"),
        ("ok,60,imported", "over_limit", "got imported"),
        ("ok,60,loss;;rtt", "over_limit", "got nothing"),
    ],
)
def test_a_cell_that_says_nothing_clear_is_refused(city, cells, column, words):
    refused = city.readings(f"a,2025-01-01T00:00:00,{cells}")
    assert refused.exit_code == 2
    assert f":2: {column}: " in refused.stderr
    assert words in refused.stderr


def test_readings_take_no_as_of(city):
    refused = city.readings(*rows((0, "ok")), options=["--as-of", "2025-01-02"])
    assert refused.exit_code == 2
    assert "wanted none" in refused.stderr


def test_a_reading_in_the_future_is_refused(city):
    assert ":2: at: " in city.readings("a,2199-01-01T00:00:00,ok,60,").stderr


def test_imported_readings_fill_only_what_lies_before_the_first_heartbeat(city):
    city.agent_ran("2025-01-01T00:30:00", "2025-01-01T01:00:00", (at("2025-01-01T00:30:00"), State.UP), target="a")
    told = city.readings(*rows(*[(60 * n, "failed") for n in range(60)]))
    assert "after the store's first heartbeat: 30" in told.stdout
    assert seconds(city) == {"up": 1800, "down": 1800}
    assert city.answer("a", "2025-01-01", "2025-01-01T01:00:00")["source_us"] == {
        "probe": 1800 * SECOND, "imported": 1800 * SECOND
    }  # fmt: skip


def test_dry_run_says_what_would_change_and_writes_nothing(city):
    told = city.readings(*rows((0, "ok"), (60, "ok")), options=["--dry-run"])
    assert "readings would be added: 2" in told.stdout
    assert not city.store.exists()


def test_silence_of_readings_takes_nothing_from_a_history(city):
    city.history("a,2025-01-01,up", until="2025-01-02")
    assert city.readings(*rows((0, "ok"), (60, "ok"))).exit_code == 0
    assert city.answer("a", "2025-01-01", "2025-01-02")["us"]["up"] == DAY


def test_readings_never_give_the_time_of_a_history_another_state(city):
    city.history("a,2025-01-01,up", until="2025-01-02")
    before = city.dump()
    refused = city.readings(*rows((0, "ok"), (60, "ok"), (120, "failed"), (130, "failed"), (140, "failed")))
    assert refused.exit_code == 2
    assert "readings.csv:4: outcome: got readings that make down" in refused.stderr
    assert "history.csv" in refused.stderr
    assert city.dump() == before


def test_a_history_never_gives_the_time_of_readings_another_state(city):
    city.readings(*rows((0, "failed"), (10, "failed"), (20, "failed")))
    refused = city.history("a,2025-01-01,up", until="2025-01-02")
    assert refused.exit_code == 2
    assert "follows from the readings of" in refused.stderr
    assert city.history("a,2025-01-01T01:00:00,up", until="2025-01-02").exit_code == 0


def test_a_file_without_the_column_over_limit_breaks_no_limit(city):
    text = READINGS.removesuffix(",over_limit") + "\na,2025-01-01T00:00:00+08:00,ok,3600\n"
    with city.connection() as db:
        outcome = apply_import(SqliteWriter(db), request("readings", text))
        assert outcome.tally.added == 1
        assert db.execute("SELECT interval, over FROM imported_readings").fetchone() == (HOUR, 0)
