"""Instants as rows and command lines write them, and durations as people read them (T1). Units: microseconds."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.config.instants import format_instant, parse_instant

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_STAMP = re.compile(rf"{_DAY}[T ]{_CLOCK}(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)")
_NAIVE = re.compile(rf"({_DAY})([T ]({_CLOCK}))?")
_MANGLED = re.compile(r"[0-9]{4,6}([.,][0-9]+)?|.*[0-9][/.年][0-9].*|[0-9]{1,2}-[A-Za-z0-9]{1,3}-[0-9]{2,4}.*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_YEARS = range(1970, 2200)
_WANTED = "wanted ISO 8601 with its offset"
_EXAMPLE = "for example 2026-01-31T08:00:00+08:00"

__all__ = ["format_duration", "format_instant", "hours", "parse_point", "parse_stamp"]


def parse_stamp(text: str, zone: ZoneInfo) -> int:
    """The instant of a row: ISO 8601 with an offset. Shape: zone is that of the hint. Errors: ValueError, in words."""
    if _STAMP.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as exc:
            raise ValueError(f"wanted a time that exists ({exc}); {_EXAMPLE}") from None
        if moment.year in _YEARS:
            return (moment - _EPOCH) // _MICROSECOND
        raise ValueError("wanted a year from 1970 to 2199; correct the year")
    raise ValueError(_why_not(text, zone))


def parse_point(text: str, zone: ZoneInfo) -> int:
    """An instant of a command line: as in a row, or a date for its local 00:00 (T1). Errors: ValueError, in words."""
    if re.fullmatch(_DAY, text):
        return parse_instant(text, zone)
    return parse_stamp(text, zone)


def format_duration(us: int) -> str:
    """Hours, minutes and seconds, exact: 43 h 48 min 00 s; fractions only where there are some."""
    seconds, fraction = divmod(us, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    rest = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{hours} h {minutes:02} min {seconds:02}{rest} s"


def hours(us: int) -> str:
    """Hours, minutes, seconds, short: 8717:10:00; fractions only where there are some."""
    seconds, fraction = divmod(us, 1_000_000)
    rest = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}{rest}"


def _why_not(text: str, zone: ZoneInfo) -> str:
    if naive := _NAIVE.fullmatch(text):
        return _without_offset(naive[1], naive[3] or "00:00:00", zone)
    if _MANGLED.fullmatch(text):
        return f"which a spreadsheet has rewritten, {_WANTED}; make the column text and write it, {_EXAMPLE}"
    return f"{_WANTED}, {_EXAMPLE}"


def _without_offset(day: str, clock: str, zone: ZoneInfo) -> str:
    try:
        local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)
    except ValueError as exc:
        return f"wanted a time that exists ({exc}); {_EXAMPLE}"
    return f"without an offset, {_WANTED}; write {local.isoformat()} if it is the time of {zone.key}"
