"""Dates and times as people and spreadsheets write them, into microseconds UTC (T1)."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.instants import parse_point

_DAY = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|\.([0-9]{1,2})\.([0-9]{1,2})(?![0-9])"
    r"|年([0-9]{1,2})月([0-9]{1,2})[日号])"
)
_CLOCK = re.compile(
    r"([0-9]{1,2})[:：]([0-9]{2})(?:[:：]([0-9]{2}))?|([0-9]{1,2})[时点](?:([0-9]{1,2})分(?:([0-9]{1,2})秒)?)?"
)
_YEARS = range(1970, 2200)
_WANTED = "wanted a date (2025-03-01, 2025/3/1, 2025年3月1日) or a time (2025-03-01T08:30:00+08:00, 2025-03-01 08:30)"


def parse_moment(text: str, zone: ZoneInfo) -> int:
    """Microseconds UTC; a date is its 00:00 in the zone, so is a time without an offset the zone's. Errors: ValueError.

    Shape: a time that the zone's clocks skip or show twice is refused: it needs its offset.
    """
    day = _DAY.match(text)
    if day is None:
        raise ValueError(_without_day(text))
    rest = text[day.end() :].strip().removeprefix("T")
    clock = _CLOCK.fullmatch(rest) if rest else None
    if rest and clock is None:
        return _stamp(text, zone)
    return _local(_numbers(day), _numbers(clock) if clock else [], zone)


def _numbers(match: re.Match[str]) -> list[int]:
    return [int(group) for group in match.groups() if group is not None]


def _local(day: list[int], clock: list[int], zone: ZoneInfo) -> int:
    hour, minute, second = (*clock, 0, 0, 0)[:3]
    try:
        moment = datetime(day[0], day[1], day[2], hour, minute, second, tzinfo=zone)
    except ValueError as exc:
        raise ValueError(f"wanted a time that exists ({exc}); correct it") from None
    if moment.year not in _YEARS:
        raise ValueError("wanted a year from 1970 to 2199; correct the year")
    if clock and moment.utcoffset() != moment.replace(fold=1).utcoffset():
        raise ValueError(f"wanted its offset too: the clocks of {zone.key} were changed at that hour")
    return int(moment.timestamp()) * 1_000_000


def _stamp(text: str, zone: ZoneInfo) -> int:
    try:
        return parse_point(text, zone)
    except ValueError as exc:
        reason = str(exc)
    raise ValueError(reason if "exists" in reason or "year" in reason else _WANTED)


def _without_day(text: str) -> str:
    if re.fullmatch(r"[0-9]{4,6}(\.[0-9]+)?", text):
        return f"which a spreadsheet has made of a date, {_WANTED}; make the column a date or text"
    return _WANTED
