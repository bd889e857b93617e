"""Whole seconds for people. What is cut off never flatters: time that was lost is rounded up, time that is left down.

The exact microseconds stay in JSON, in the number columns of CSV and in packs.
"""

import re

from agent.instants import format_duration
from sla.indicators import Reason

SECOND = 1_000_000
_LEFT = frozenset({"left", "allowed", "probe", "imported"})
"""Values of reasons that are good to have: shown too small rather than too large."""

_STAMP = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.\d+")
_DURATION = re.compile(r"(\d+) h (\d{2}) min (\d{2})\.(\d{1,6}) s")
_CLOCK = re.compile(r"(\d+):(\d{2}):(\d{2})\.(\d{1,6})")


def down(us: int) -> int:
    """Cut off. Units: microseconds."""
    return us // SECOND * SECOND


def up(us: int) -> int:
    """The next whole second. Units: microseconds."""
    return -(-us // SECOND) * SECOND


def of_reason(reason: Reason) -> Reason:
    """The same with whole seconds in its values."""
    return reason._replace(values={name: _value(name, value) for name, value in reason.values.items()})


def _value(name: str, value: str | int) -> str | int:
    if not isinstance(value, str) or "." not in value:
        return value
    if name == "parts":
        above, _, below = value.partition(" / ")
        return f"{_CLOCK.sub(_cut, above)} / {_CLOCK.sub(_next, below)}" if below else value
    value = _STAMP.sub(r"\1", value)
    return _DURATION.sub(lambda found: format_duration((down if name in _LEFT else up)(_us(found))), value)


def _us(found: re.Match[str]) -> int:
    hours, minutes, seconds, fraction = found.groups()
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * SECOND + int(fraction.ljust(6, "0"))


def _cut(found: re.Match[str]) -> str:
    return clock(down(_us(found)))


def _next(found: re.Match[str]) -> str:
    return clock(up(_us(found)))


def clock(us: int) -> str:
    """h:mm:ss of whole seconds."""
    seconds = us // SECOND
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
