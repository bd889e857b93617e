"""Working days (V5) and rates of what was to be done by a deadline (V5, V6)."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.workdays import built_in
from sla.deadlines import Deadline, Incident, Issue, data_issues, security_incidents
from sla.model import Window
from sla.periods import midnight, named
from sla.shares import Share
from sla.workdays import CalendarYear, MissingYearError, WorkCalendar
from tests.depth import examples

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = built_in()
HOUR = 3_600_000_000
YEAR = named("2025", ZONE)
END = YEAR.end


def at(text: str, hour: int = 0) -> int:
    return midnight(date.fromisoformat(text), ZONE) + hour * HOUR


def test_vector_24_the_day_of_issue_is_not_counted_and_make_up_days_are() -> None:
    """2025-09-29 is a Monday; 10-01 to 10-08 are off, so the third working day is 10-10, and due is its 24:00."""
    assert CALENDAR.due(at("2025-09-29", 9), 3, ZONE) == at("2025-10-11")


@pytest.mark.parametrize(
    ("issued", "count", "last"),
    [
        ("2025-09-26", 1, "2025-09-28"),  # a Sunday at work
        ("2025-09-27", 1, "2025-09-28"),  # issued on a Saturday
        ("2025-10-01", 1, "2025-10-09"),
        ("2025-10-09", 3, "2025-10-13"),  # 10-10, the Saturday 10-11, 10-13
        ("2025-12-31", 1, "2026-01-04"),  # over the year: 01-01 to 01-03 off, the Sunday 01-04 at work
        ("2020-01-23", 1, "2020-02-03"),  # lengthened 春节: 02-01 and 02-02 off too
        ("2024-02-09", 1, "2024-02-18"),
    ],
)
def test_the_last_working_day(issued: str, count: int, last: str) -> None:
    assert CALENDAR.after(date.fromisoformat(issued), count) == date.fromisoformat(last)


def test_a_year_that_the_calendar_lacks_is_an_error_never_a_guess() -> None:
    with pytest.raises(MissingYearError, match=r"lacks 2027.*add the calendar file of 2027"):
        CALENDAR.due(at("2026-12-31"), 1, ZONE)
    with pytest.raises(ValueError, match="at least 1"):
        CALENDAR.after(date(2025, 1, 6), 0)


def test_the_years_that_come_with_the_program() -> None:
    """Working days of each year, counted from the notices by an independent library."""
    assert {year: sum(map(CALENDAR.is_working, days(year))) for year in CALENDAR.years} == {
        2020: 249, 2021: 250, 2022: 249, 2023: 249, 2024: 251, 2025: 248, 2026: 248,
    }  # fmt: skip
    assert all("国办发明电" in text for each in CALENDAR.years.values() for text in each.documents)


def test_busy_hours_are_those_of_working_days_cut_at_the_window() -> None:
    """2025-10-09 is the Thursday after the holidays; 10-11 is a Saturday at work, 10-12 is off."""
    found = [*CALENDAR.busy(Window(at("2025-10-08"), at("2025-10-12", 12)), ZONE)]
    assert found == [Window(at(day, 8), at(day, 18)) for day in ("2025-10-09", "2025-10-10", "2025-10-11")]
    cut = [*CALENDAR.busy(Window(at("2025-10-09", 9), at("2025-10-09", 10)), ZONE)]
    assert cut == [Window(at("2025-10-09", 9), at("2025-10-09", 10))]
    assert not [*CALENDAR.busy(Window(at("2025-10-09", 18), at("2025-10-10", 8)), ZONE)]
    with pytest.raises(ValueError, match="wanted an end after the begin"):
        [*CALENDAR.busy(YEAR, ZONE, (time(18), time(8)))]


def days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=count) for count in range((date(year + 1, 1, 1) - first).days)]


@settings(max_examples=examples(200))
@given(st.integers(0, 2190), st.integers(1, 30))
def test_between_issue_and_deadline_lie_exactly_so_many_working_days(offset: int, count: int) -> None:
    issued = date(2020, 1, 1) + timedelta(days=offset)
    last = CALENDAR.after(issued, count)
    between = [issued + timedelta(days=n + 1) for n in range((last - issued).days)]
    assert sum(map(CALENDAR.is_working, between)) == count
    assert CALENDAR.is_working(last)


@pytest.mark.parametrize(
    ("off", "working", "message"),
    [
        ({date(2026, 1, 1)}, set(), "in the calendar of 2025"),
        ({date(2025, 1, 4)}, {date(2025, 1, 4)}, "as a day off and as a working day"),
        (set(), {date(2025, 1, 6)}, "wanted a Saturday or Sunday"),
    ],
)
def test_a_year_that_contradicts_itself_is_refused(off: set[date], working: set[date], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CalendarYear(2025, ("d",), frozenset(off), frozenset(working))


def test_a_year_comes_once() -> None:
    with pytest.raises(ValueError, match="2025 twice"):
        WorkCalendar.of([CALENDAR.years[2025], CalendarYear(2025, ("d",), frozenset(), frozenset())])


def rated(*issues: Issue, as_of: int = END, days: int = 3) -> Share:
    return data_issues(issues, days, YEAR, as_of, CALENDAR, ZONE)


def test_a_problem_is_late_at_the_instant_it_is_due() -> None:
    due = at("2025-10-11")
    issued = at("2025-09-29", 9)
    found = rated(Issue("a", issued, due - 1), Issue("b", issued, due), Issue("c", issued))
    assert found.lists == {"in_time": ("a",), "late": ("b", "c")}
    assert (found.low, found.high) == ((1, 3), (1, 3))


def test_open_and_not_yet_due_is_pending_and_outside_the_rate() -> None:
    issue = Issue("a", at("2025-09-29", 9))
    assert rated(issue, as_of=at("2025-10-11") - 1).beside == {"pending": ("a",)}
    assert rated(issue, as_of=at("2025-10-11") - 1).d == 0
    assert rated(issue, as_of=at("2025-10-11")).lists["late"] == ("a",)


def test_what_was_rectified_after_as_of_was_open_then() -> None:
    issue = Issue("a", at("2025-09-29", 9), at("2025-09-30", 9))
    assert rated(issue, as_of=at("2025-09-30", 9)).beside["pending"] == ("a",)
    assert rated(issue, as_of=at("2025-09-30", 9) + 1).n == 1


def test_a_problem_counts_in_the_period_it_was_issued_in() -> None:
    old, new = Issue("old", YEAR.start - 1, YEAR.start + 1), Issue("new", YEAR.end)
    late = Issue("late", YEAR.end - 1)
    assert rated(old, new, late, as_of=at("2026-02-01")).lists == {"in_time": (), "late": ("late",)}


def test_a_missing_year_makes_the_rate_not_computable_and_names_the_problems() -> None:
    period = named("2026", ZONE)
    found = data_issues([Issue("a", at("2026-12-31"))], 3, period, period.end, CALENDAR, ZONE)
    assert "lacks 2027" in found.not_computable
    assert (found.beside, found.d) == ({"issues": ("a",)}, 0)


def made(rows: list[tuple[int, int | None]]) -> list[Issue]:
    """Problems by the day of issue and the days that it took."""
    begins = [at("2025-01-01") + day * 24 * HOUR for day, _ in rows]
    ends = [None if took is None else begin + took * 24 * HOUR for begin, (_, took) in zip(begins, rows, strict=True)]
    return [Issue(f"i{n}", begin, end) for n, (begin, end) in enumerate(zip(begins, ends, strict=True))]


ISSUES = st.lists(st.tuples(st.integers(0, 300), st.none() | st.integers(0, 90)), max_size=12).map(made)


@settings(max_examples=examples(100))
@given(ISSUES, st.integers(0, 365))
def test_every_problem_issued_so_far_stands_in_one_list(issues: list[Issue], day: int) -> None:
    as_of = at("2025-01-01") + day * 24 * HOUR
    found = rated(*issues, as_of=as_of)
    ids = [*found.lists["in_time"], *found.lists["late"], *found.beside["pending"]]
    assert sorted(ids) == sorted(issue.id for issue in issues if issue.issued < as_of)
    assert found.d == len(found.lists["in_time"]) + len(found.lists["late"])


@settings(max_examples=examples(100))
@given(ISSUES)
def test_months_add_up_to_the_year(issues: list[Issue]) -> None:
    months = [named(f"2025-{number:02}", ZONE) for number in range(1, 13)]
    parts = [data_issues(issues, 3, month, END, CALENDAR, ZONE) for month in months]
    whole = rated(*issues)
    assert (sum(p.n for p in parts), sum(p.d for p in parts)) == (whole.n, whole.d)


TABLE = {"P1": Deadline(hours=4), "P2": Deadline(working_days=3)}


def secured(*incidents: Incident, period: Window = YEAR, as_of: int = END) -> Share:
    return security_incidents(incidents, TABLE, period, as_of, CALENDAR, ZONE)


def test_v6_without_a_deadline_table_there_is_no_rate() -> None:
    found = security_incidents([Incident("a", "P1", at("2025-03-03"))], {}, YEAR, END, CALENDAR, ZONE)
    assert "no approved deadlines" in found.not_computable
    assert (found.low, found.high) == ((0, 0), (0, 0))


def test_v6_a_severity_without_a_deadline_makes_it_not_computable() -> None:
    found = secured(Incident("a", "P3", at("2025-03-03")), Incident("b", "P1", at("2025-03-03"), at("2025-03-03", 1)))
    assert "severity P3" in found.not_computable
    assert found.beside == {"incidents": ("a",)}


def test_incidents_are_in_time_when_verified_before_the_deadline() -> None:
    began = at("2025-09-29", 9)
    found = secured(
        Incident("a", "P1", began, began + 4 * HOUR - 1),
        Incident("b", "P1", began, began + 4 * HOUR),
        Incident("c", "P2", began, at("2025-10-10", 23)),
        Incident("d", "P2", began),
        Incident("e", "P1", began, began + HOUR, reopened=began + 50 * HOUR),
    )
    assert found.lists == {"in_time": ("a", "c"), "late": ("b", "d", "e")}


def test_an_incident_counts_where_its_deadline_falls() -> None:
    """2025-12-31 and 3 working days: 01-04 (a Sunday at work), 01-05, 01-06, so due 2026-01-07 00:00."""
    incident = Incident("a", "P2", at("2025-12-31"))
    assert secured(incident).d == 0
    year = named("2026", ZONE)
    assert secured(incident, period=year, as_of=at("2026-01-06")).beside["pending"] == ("a",)
    assert secured(incident, period=year, as_of=at("2026-01-07")).lists["late"] == ("a",)
