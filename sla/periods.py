"""Calendar periods in a zone (T1): years, quarters, months, days and hours, from the calendar, never a constant."""

import re
from collections.abc import Iterator
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sla.model import Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NAMED = re.compile(r"(?P<year>[0-9]{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")


class Piece(StrEnum):
    """What a window can be broken down into."""

    MONTH = "month"
    DAY = "day"
    HOUR = "hour"


def to_us(instant: datetime) -> int:
    """Microseconds UTC of an aware instant, exact. Errors: ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no offset")
    return (instant - _EPOCH) // _MICROSECOND


def to_datetime(us: int, zone: ZoneInfo) -> datetime:
    """The aware local time of an instant."""
    return (_EPOCH + timedelta(microseconds=us)).astimezone(zone)


def midnight(day: date, zone: ZoneInfo) -> int:
    """The local 00:00 of a day; where a clock change skips it, the first instant of that day."""
    return to_us(datetime(day.year, day.month, day.day, tzinfo=zone))


def year(number: int, zone: ZoneInfo) -> Window:
    """[1 Jan 00:00, next 1 Jan 00:00): 8760 h or 8784 h by the calendar."""
    return Window(midnight(date(number, 1, 1), zone), midnight(date(number + 1, 1, 1), zone))


def month(year_number: int, number: int, zone: ZoneInfo) -> Window:
    """[first of the month 00:00, first of the next 00:00)."""
    following = date(year_number + number // 12, number % 12 + 1, 1)
    return Window(midnight(date(year_number, number, 1), zone), midnight(following, zone))


def quarter(year_number: int, number: int, zone: ZoneInfo) -> Window:
    """Three months, the first of them the (3 n - 2)th."""
    last = 3 * number
    return Window(month(year_number, last - 2, zone).start, month(year_number, last, zone).end)


def named(text: str, zone: ZoneInfo) -> Window:
    """The period that 2025, 2025-Q2 or 2025-06 names. Errors: ValueError saying what is wanted."""
    found = _NAMED.fullmatch(text)
    if found is None or not 1 <= int(found["year"]) < MAXYEAR:
        raise ValueError("wanted a year, a quarter or a month: 2025, 2025-Q2 or 2025-06")
    number = int(found["year"])
    if found["quarter"]:
        return quarter(number, int(found["quarter"]), zone)
    return month(number, int(found["month"]), zone) if found["month"] else year(number, zone)


def pieces(window: Window, piece: Piece, zone: ZoneInfo) -> Iterator[Window]:
    """The calendar pieces of a window, its ends cut; they sum to it exactly."""
    at = window.start
    while at < window.end:
        end = min(_next_border(at, piece, zone), window.end)
        yield Window(at, end)
        at = end


def _next_border(at: int, piece: Piece, zone: ZoneInfo) -> int:
    local = to_datetime(at, zone)
    if piece is Piece.HOUR:  # by elapsed time: a clock change of an hour neither repeats nor skips a border
        hour = timedelta(hours=1) // _MICROSECOND
        into = (local.minute * 60 + local.second) * 1_000_000 + local.microsecond
        return at - into + hour
    if piece is Piece.DAY:
        return midnight(local.date() + timedelta(days=1), zone)
    return midnight(date(local.year + local.month // 12, local.month % 12 + 1, 1), zone)
