"""The hours of a platform on paper: each piece in its place, to its length, and never more of UP than there was."""

import re
from collections.abc import Iterable

import pytest

from agent.figures.plan import PlanTables
from agent.plans import plan_by_id
from agent.reports import strips
from agent.reports.html import html_text
from agent.reports.strips import HEIGHT, PIECES_MAX, TOP, WIDTH, Rectangle, Strip, strip
from agent.reports.telling import Telling
from tests.agent.figure_cases import NOW, Books, books
from tests.agent.import_cases import at
from tests.agent.report_worlds import city, told

HOUR = HEIGHT / 24
BEGINS = {"2025-02": "02-01", "2025-05": "05-01", "2025-Q1": "01-01", "2025": "01-01"}


@pytest.fixture
def made():
    with books() as empty:
        yield empty


@pytest.fixture
def full(made: Books) -> Books:
    city(made)
    return made


def drawn(made: Books, id_: str = "cloud-1", period: str = "2025", language: str = "zh", as_of: str = "") -> Strip:
    given = {"as_of": at(as_of)} if as_of else {}
    asked, _ = PlanTables(made.reader).asked(plan_by_id("ankang"), period, now=NOW, **given)
    return strip(Telling(asked, language), id_)


def of(found: Strip, fill: str) -> list[Rectangle]:
    return [each for each in found.rectangles if each.fill == fill]


def total(pieces: Iterable[Rectangle]) -> float:
    """Units: hours."""
    return sum(float(each.height) for each in pieces) / HOUR


def test_an_outage_stands_in_the_column_of_its_day_at_its_hours(full: Books) -> None:
    first, second = of(drawn(full), "f-down")
    column = WIDTH / 365
    assert (float(first.x), float(first.width)) == (
        pytest.approx(41 * column, abs=0.01),
        pytest.approx(column, abs=0.01),
    )
    assert float(first.y) == pytest.approx(TOP + 9 * HOUR, abs=0.01)
    assert float(first.height) == pytest.approx(7 / 3 * HOUR, abs=0.01)
    assert first.title == "2025-02-11 09:00:00 – 2025-02-11 11:20:00 中断"
    assert float(second.x) == pytest.approx(151 * column, abs=0.01)


def test_each_state_has_its_own_time_and_the_sentence_says_it_exactly(full: Books) -> None:
    found = drawn(full)
    assert total(of(found, "f-unknown")) == pytest.approx(8, abs=0.05)
    assert total(of(found, "f-down")) == pytest.approx(19 / 3, abs=0.05)
    assert found.label == "正常 8745:40:00；中断 6:20:00；未知 8:00:00"
    assert drawn(full, language="en").label == "up 8745:40:00; down 6:20:00; not known 8:00:00"
    assert {each.fill for each in found.rectangles} == {"f-unknown", "f-down"}


@pytest.mark.parametrize(
    ("period", "columns", "ticks"),
    [
        ("2025-02", 28, ["02-01", "02-06", "02-11", "02-16", "02-21", "02-26"]),
        ("2025-05", 31, ["05-01", "05-06", "05-11", "05-16", "05-21", "05-26"]),
        ("2025-Q1", 90, ["2025 年 1 月", "2025 年 2 月", "2025 年 3 月"]),
        ("2025", 365, [f"2025 年 {month} 月" for month in range(1, 13)]),
    ],
)
def test_a_month_and_a_quarter_have_their_own_days(full: Books, period: str, columns: int, ticks: list[str]) -> None:
    found = drawn(full, period=period)
    assert [tick.text for tick in found.ticks] == ticks
    ahead = of(drawn(full, period=period, as_of=f"{period[:4]}-{BEGINS[period]}T00:00:01"), "f-ahead")
    assert len(ahead) == columns
    assert float(ahead[-1].x) + float(ahead[-1].width) == pytest.approx(WIDTH, abs=0.02)


def test_time_to_come_is_neither_up_nor_unknown(full: Books) -> None:
    found = drawn(full, as_of="2025-02-11T10:00:00")
    assert total(of(found, "f-ahead")) == pytest.approx((365 - 42) * 24 + 14, abs=2)
    assert total(of(found, "f-down")) == pytest.approx(1, abs=0.05)
    assert of(found, "f-unknown") == []


def test_nothing_known_is_drawn_unknown_all_over_and_up_nowhere(made: Books) -> None:
    city(made)
    found = drawn(made, period="2024")
    assert total(of(found, "f-unknown")) == pytest.approx(366 * 24, rel=0.001)
    assert found.label == "未知 8784:00:00"


def test_out_of_service_and_windows_are_drawn(made: Books) -> None:
    made.enter("targets", "target_id,kind,address,in_service_from", "late,icmp,10.0.0.9,2025-01-11")
    made.states("late,2025-01-01,up")
    made.window("W", "late", "2025-01-20T00:00:00", "2025-01-20T06:00:00", approved="2025-01-10", recorded="2025-01-16")
    found = drawn(made, "late", "2025-01")
    assert total(of(found, "f-out")) == pytest.approx(240, abs=0.5)
    (window,) = of(found, "l-window")
    assert float(window.height) == pytest.approx(6 * HOUR + 1, abs=0.01)
    assert float(window.x) == pytest.approx(19 * WIDTH / 31 - 0.5, abs=0.01)  # outside: it hides nothing of its time


def test_many_changes_are_drawn_by_slots_of_the_worst_and_say_so(made: Books) -> None:
    made.targets("shaky")
    rows = [
        f"shaky,2025-{month:02}-{day:02}T{hour:02}:0{minute}:00,{state}"
        for month in (1, 2)
        for day in range(1, 29)
        for hour in range(0, 24, 2)
        for minute, state in ((0, "down"), (3, "unknown"), (6, "up"))
    ]
    made.states("shaky,2025-01-01T00:00:00,up", *rows[1:])
    found = drawn(made, "shaky")
    assert "按每" in found.note
    assert of(found, "f-unknown") == []
    assert total(of(found, "f-down")) >= 2 * 28 * 12 * 0.05
    assert len(found.rectangles) <= PIECES_MAX
    assert drawn(made, "shaky", "2025-03").note == ""


@pytest.mark.parametrize(("language", "words"), [("zh", "逐日状态"), ("en", "Day by day")])
def test_the_page_draws_it_with_titles_and_a_legend(full: Books, language: str, words: str) -> None:
    text = html_text(told(full, language=language))
    assert text.count('<svg class="strip"') == 1
    assert words in text
    assert re.search(r"<title>2025-02-11 09:00:00 – 2025-02-11 11:20:00 (中断|down)</title>", text)
    picture = text[text.index('<svg class="strip"') :]
    drawn_fills = re.findall(r'<rect class="([a-z-]+)"', picture[: picture.index("</svg>")])
    assert drawn_fills == ["f-up", "f-unknown", "f-down", "f-down", "l-frame"]
    sheet = text[: text.index("</style>")]
    assert all(f".{fill} {{" in sheet for fill in (*strips.FILLS.values(), "f-up", "f-ahead", "l-window", "l-hatch"))


def test_too_many_platforms_are_not_all_drawn_and_that_is_said(full: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "STRIPS_MAX", 1)
    asked, _ = PlanTables(full.reader).asked(plan_by_id("ankang"), "2025", now=NOW)
    found = strips.strips(Telling(asked, "zh"), ["cloud-1", "web-1", "db-1"])
    assert found is not None
    assert ([each.name for each in found.strips], found.more) == (["市政务云平台"], 2)
