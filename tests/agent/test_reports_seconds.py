"""Whole seconds for people: never in favour of what is measured, and exact everywhere that programs read."""

import json
import re
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from agent.figures.plan import PlanTables, as_json
from agent.plans import plan_by_id
from agent.reports.build import Wanted, build
from agent.reports.cells import cells
from agent.reports.csv_file import csv_text
from agent.reports.forms import Form, rendered
from agent.reports.listing import At, Lasting, Share, parts_text, text
from agent.reports.seconds import down, of_reason, up
from sla.indicators import Reason
from tests.agent.figure_cases import NOW, books
from tests.agent.test_figures_plan import cloud

ZONE = ZoneInfo("Asia/Shanghai")
SECOND = 1_000_000
FRACTION = re.compile(r"\d:\d\d\.\d|\d\d\.\d+ s\b")


@given(st.integers(0, 10**14))
def test_a_lost_second_is_whole_and_a_good_one_is_cut_off(us: int) -> None:
    assert up(us) - us in range(SECOND)
    assert us - down(us) in range(SECOND)
    lost, good = text(Lasting(us), ZONE), text(Lasting(us, is_good=True), ZONE)
    assert lost == text(Lasting(up(us)), ZONE)
    assert (lost == good) is (us % SECOND == 0)


def test_a_microsecond_over_three_hours_is_not_shown_as_three_hours() -> None:
    assert text(Lasting(3 * 3600 * SECOND), ZONE) == "3:00:00"
    assert text(Lasting(3 * 3600 * SECOND + 1), ZONE) == "3:00:01"


def test_parts_of_a_share_never_flatter() -> None:
    low, high = (99 * SECOND + 999_999, 100 * SECOND + 1), (99 * SECOND + 999_999, 100 * SECOND + 1)
    assert parts_text(Share(low, high, timed=True)) == "0:01:39 / 0:01:41"
    assert parts_text(Share((99, 100), (99, 100))) == "99 / 100"


def test_an_instant_is_cut_off() -> None:
    assert text(At(999_999), ZONE) == "1970-01-01 08:00:00"


def test_what_is_lost_is_rounded_up_in_a_sentence_and_what_is_left_down() -> None:
    said = of_reason(
        Reason(
            "budget",
            {"allowed": "1 h 00 min 00.9 s", "spent": "0 h 59 min 59.000001 s", "left": "0 h 00 min 01.9 s", "n": 3},
        )
    ).values
    assert said == {"allowed": "1 h 00 min 00 s", "spent": "1 h 00 min 00 s", "left": "0 h 00 min 01 s", "n": 3}
    values = {"id": "v1.5", "start": "2025-07-21T01:00:02.955259+08:00", "parts": "0:00:01.9 / 0:00:02.1"}
    assert of_reason(Reason("down_time", values)).values == {
        "id": "v1.5", "start": "2025-07-21T01:00:02+08:00", "parts": "0:00:01 / 0:00:03",
    }  # fmt: skip


def test_paper_has_whole_seconds_and_programs_have_all_of_it() -> None:
    with books() as made:
        cloud(made, "web,2025-01-01T00:00:00.250000,down", "web,2025-01-02T19:48:01.750001,up")
        tables = PlanTables(made.reader)
        table = tables.table(plan_by_id("ankang"), "2025", now=NOW)
        html = rendered(
            build(tables, Wanted(plan=plan_by_id("ankang"), period="2025", language="en"), now=NOW), Form.HTML
        )
        page = re.sub(r"<[^>]+>", " ", html.decode())
        assert not FRACTION.findall(page)
        assert "43 h 48 min 02 s" in page
        row = table.rows[9]
        assert not FRACTION.search(" ".join(cells(table, row, "en", exact=False).remarks))
        exact = (43 * 3600 + 48 * 60 + 1) * SECOND + 750_001  # a quarter of a second before is not known
        told = as_json(table)["indicators"][9]
        assert told["d"] - told["n"] == exact
        assert f"{told['n']},{told['d']}" in csv_text(table, "en")
        assert "48 min 01.500001 s" in json.dumps(told, ensure_ascii=False)
