"""Dates and times of the configuration and the registers: ISO 8601 text into microseconds UTC (T1)."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS = "wanted a date (2026-01-01) or a time with its offset (2026-01-01T08:00:00+08:00)"


def parse_instant(text: str, zone: ZoneInfo) -> int:
    """Microseconds UTC; a date without a time is 00:00 in the zone. Errors: ValueError naming what was wanted."""
    try:
        moment = _moment(text, zone)
    except ValueError:
        raise ValueError(_WORDS) from None
    if not 1970 <= moment.year <= 2199:
        raise ValueError("wanted a year from 1970 to 2199")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    if _DATE.fullmatch(text):
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    if _TIME.fullmatch(text):
        return datetime.fromisoformat(text)
    raise ValueError(text)


def format_instant(us: int, zone: ZoneInfo) -> str:
    """The instant as text that `parse_instant` reads back to the same microsecond."""
    return (_EPOCH + timedelta(microseconds=us)).astimezone(zone).isoformat()
