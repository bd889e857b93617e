"""What a cell of a workbook holds, as text: the same text for the same cell on every machine."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, unique
from types import MappingProxyType

_DIGITS_MAX = 15
"""Digits of a number that a spreadsheet keeps; of a longer one the rest has become zeros."""

_PRECISION = 10**_DIGITS_MAX
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_MS_PER_DAY = 86_400_000


@unique
class Look(Enum):
    """How a number is shown, where it is an instant or a length of time."""

    DAY = "day"
    MOMENT = "moment"
    ELAPSED = "elapsed"


class FlawError(Exception):
    """A cell that cannot be read: what was got, wanted, and the next step."""


def _built_in() -> dict[int, Look]:
    """Number formats that every workbook has without saying so; 27 to 36 and 50 to 58 are those of Chinese ones."""
    days = {*range(14, 18), *range(27, 32), 36, *range(50, 55), 57, 58}
    moments = {*range(18, 23), *range(32, 36), 45, 47, 55, 56}
    return {46: Look.ELAPSED, **dict.fromkeys(days, Look.DAY), **dict.fromkeys(moments, Look.MOMENT)}


BUILT_IN_LOOKS: Mapping[int, Look] = MappingProxyType(_built_in())


def look_of(number_format: str) -> Look | None:
    """What a number format makes of a number; None leaves it one."""
    shown = _QUOTED.sub("", number_format).partition(";")[0].casefold()
    if "[" in shown:
        return Look.ELAPSED
    if shown.startswith(("general", "g/")):
        return None
    if any(letter in shown for letter in "hs"):
        return Look.MOMENT
    return Look.DAY if any(letter in shown for letter in "ymd") else None


def number_text(text: str) -> str:
    """A number, whole without a fraction. Errors: FlawError for one that has lost digits, or is none."""
    if text.isdecimal() and text.isascii() and len(text) <= _DIGITS_MAX:
        return text
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FlawError(f"got the number {text[:40]}, wanted one that can be read; enter it anew")
    if abs(value) >= _PRECISION:
        raise FlawError(
            f"got a number of {len(str(int(abs(value))))} digits, of which a spreadsheet keeps {_DIGITS_MAX}, wanted "
            "text; make the column text and enter it anew"
        )
    return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")


def time_text(text: str, look: Look, epoch: datetime) -> str:
    """A day (2025-03-01), a moment (2025-03-01T08:00:00), a time of day or a length (08:00:00). Errors: FlawError."""
    try:
        ms = round(float(text) * _MS_PER_DAY)
        if look is Look.ELAPSED or (0 <= ms < _MS_PER_DAY and look is Look.MOMENT):
            return _clock(ms)
        moment = epoch + timedelta(milliseconds=_without_leap_day(ms, epoch))
    except (ValueError, OverflowError):
        raise FlawError(f"got {text[:40]} shown as a time, wanted a date that exists; enter it anew") from None
    midnight = ms % _MS_PER_DAY == 0
    return moment.date().isoformat() if midnight and look is Look.DAY else moment.isoformat()


def iso_text(text: str) -> str:
    """A date that the file holds as ISO 8601."""
    return text.removesuffix("T00:00:00").removesuffix("T00:00:00.000")


def unescape(text: str) -> str:
    """Text as it was typed: a character that XML cannot hold is written _x000D_."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _without_leap_day(ms: int, epoch: datetime) -> int:
    """Days of 1900 count a 29 February that was none: no date falls on it, those before it are one day later."""
    if epoch.year != 1899 or ms >= 61 * _MS_PER_DAY:
        return ms
    if not _MS_PER_DAY <= ms < 60 * _MS_PER_DAY:
        raise ValueError
    return ms + _MS_PER_DAY


def _clock(ms: int) -> str:
    seconds, rest = divmod(abs(ms), 1000)
    sign, fraction = "-" if ms < 0 else "", f".{rest:03}" if rest else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"
