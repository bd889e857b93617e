"""T1: periods come from the calendar of a zone, half-open, exact."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from sla.model import Window
from sla.periods import Piece, midnight, month, named, pieces, to_datetime, to_us, year

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
HOUR = 3_600_000_000
ALL = [
    SHANGHAI,
    BERLIN,
    ZoneInfo("America/Sao_Paulo"),
    ZoneInfo("America/Havana"),
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("Pacific/Apia"),
    ZoneInfo("UTC"),
]


@pytest.mark.parametrize(("number", "hours"), [(2023, 8760), (2024, 8784), (2025, 8760), (2100, 8760), (2000, 8784)])
def test_a_year_has_the_hours_of_its_calendar(number: int, hours: int) -> None:
    for zone in (SHANGHAI, BERLIN, ZoneInfo("UTC")):
        assert year(number, zone).length == hours * HOUR


def test_a_year_begins_at_local_midnight() -> None:
    assert to_datetime(year(2025, SHANGHAI).start, ZoneInfo("UTC")) == datetime(2024, 12, 31, 16, tzinfo=UTC)


def test_years_and_months_meet_without_a_gap() -> None:
    for zone in ALL:
        assert year(2011, zone).end == year(2012, zone).start
        months = [month(2011, n, zone) for n in range(1, 13)]
        assert months[0].start == year(2011, zone).start
        assert months[-1].end == year(2011, zone).end
        assert all(a.end == b.start for a, b in pairwise(months))


def test_february_of_a_leap_year_has_29_days() -> None:
    assert month(2024, 2, SHANGHAI).length == 29 * 24 * HOUR
    assert month(2025, 2, SHANGHAI).length == 28 * 24 * HOUR


@pytest.mark.parametrize(("day", "hours"), [((2025, 3, 30), 23), ((2025, 10, 26), 25), ((2025, 6, 1), 24)])
def test_a_day_of_a_clock_change_has_23_or_25_hours(day: tuple[int, int, int], hours: int) -> None:
    start, end = midnight(date(*day), BERLIN), midnight(date(*day) + timedelta(days=1), BERLIN)
    assert end - start == hours * HOUR
    assert len(list(pieces(Window(start, end), Piece.HOUR, BERLIN))) == hours


@pytest.mark.parametrize("zone", ALL, ids=str)
@pytest.mark.parametrize("piece", list(Piece))
@pytest.mark.parametrize("number", [2011, 2018, 2024])
def test_the_pieces_of_a_year_sum_to_it_in_every_zone(zone: ZoneInfo, piece: Piece, number: int) -> None:
    whole = year(number, zone)
    cut = list(pieces(whole, piece, zone))
    assert cut[0].start == whole.start
    assert cut[-1].end == whole.end
    assert all(a.end == b.start and a.length > 0 for a, b in pairwise(cut))


@pytest.mark.parametrize("zone", ALL, ids=str)
def test_every_piece_lies_in_one_day_and_one_month(zone: ZoneInfo) -> None:
    for piece, key in ((Piece.DAY, lambda d: d.date()), (Piece.MONTH, lambda d: (d.year, d.month))):
        keys = []
        for cut in pieces(year(2011, zone), piece, zone):
            first, last = to_datetime(cut.start, zone), to_datetime(cut.end - 1, zone)
            assert key(first) == key(last)
            keys.append(key(first))
        assert len(keys) == len(set(keys))


def test_the_ends_of_a_window_cut_its_pieces() -> None:
    start = midnight(date(2026, 3, 2), SHANGHAI) + 1
    cut = list(pieces(Window(start, start + HOUR), Piece.HOUR, SHANGHAI))
    assert [c.length for c in cut] == [HOUR - 1, 1]
    assert list(pieces(Window(5, 5), Piece.DAY, SHANGHAI)) == []


def test_where_a_clock_change_skips_midnight_the_day_begins_with_its_first_instant() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    start = midnight(date(2018, 11, 4), zone)
    assert to_datetime(start, zone).hour == 1
    assert to_datetime(start - 1, zone).date() == date(2018, 11, 3)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        to_us(datetime(2026, 1, 1))


def test_instants_are_exact_to_the_microsecond() -> None:
    instant = datetime(2026, 3, 2, 10, 0, 0, 1, tzinfo=timezone(timedelta(hours=8)))
    assert to_us(instant) == to_us(instant.replace(microsecond=0)) + 1
    assert to_datetime(to_us(instant), SHANGHAI) == instant
    assert to_us(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2025", date(2025, 1, 1), date(2026, 1, 1)),
        ("2024", date(2024, 1, 1), date(2025, 1, 1)),
        ("2025-Q1", date(2025, 1, 1), date(2025, 4, 1)),
        ("2025-Q4", date(2025, 10, 1), date(2026, 1, 1)),
        ("2025-06", date(2025, 6, 1), date(2025, 7, 1)),
        ("2025-12", date(2025, 12, 1), date(2026, 1, 1)),
    ],
)
def test_a_named_period_is_the_calendars(text: str, start: date, end: date) -> None:
    assert named(text, SHANGHAI) == Window(midnight(start, SHANGHAI), midnight(end, SHANGHAI))


@pytest.mark.parametrize(
    "text", ["", "25", "2025-Q5", "2025-Q0", "2025-13", "2025-6", "2025-06-01", "0000", "２０２５", "9999"]
)
def test_what_names_no_period_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="wanted a year, a quarter or a month: 2025, 2025-Q2 or 2025-06"):
        named(text, SHANGHAI)
