"""What a request asks for: times, pages, ids. Errors: UsageError, in words, for what cannot be meant."""

import base64
import binascii
import re
from collections.abc import Collection
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aiohttp import web

from agent.errors import UsageError
from agent.instants import format_instant, parse_point
from sla.model import Window
from sla.periods import Piece

LIMIT_DEFAULT = 100
LIMIT_MAX = 1000

_PLUS_LOST = re.compile(r"(.*T[0-9:.]+) ([0-9]{2}:?[0-9]{2})")
"""A + in a query that was not written %2B arrives as a space; a time with an offset has no other."""


class Paging(NamedTuple):
    """One page: at most `limit` ids after `after`."""

    limit: int
    after: str


def only(request: web.Request, names: Collection[str]) -> None:
    """Refuse parameters that nobody would look at."""
    for name in request.query:
        if name not in names:
            raise UsageError(f"parameter {name}: unknown; {request.path} takes {', '.join(names) or 'none'}")
        if len(request.query.getall(name)) > 1:
            raise UsageError(f"parameter {name}: given twice, wanted once")


def instant(request: web.Request, name: str, zone: ZoneInfo) -> int | None:
    """A time parameter in microseconds; None where it is not given."""
    text = request.query.get(name)
    if text is None:
        return None
    text = _PLUS_LOST.sub(r"\1+\2", text)
    try:
        return parse_point(text, zone)
    except ValueError as exc:
        raise UsageError(f"parameter {name}: got {text[:80]!r}, {exc}") from exc


def past(request: web.Request, name: str, zone: ZoneInfo, now: int) -> int:
    """A time parameter that has come (T3); now where it is not given."""
    at = instant(request, name, zone)
    if at is not None and at > now:
        text = format_instant(at, zone)
        raise UsageError(f"parameter {name}: {text} lies in the future, wanted a time that has come")
    return now if at is None else at


def window(request: web.Request, zone: ZoneInfo, default: Window) -> Window:
    """The window from= to=, each end with its default."""
    start, end = instant(request, "from", zone), instant(request, "to", zone)
    return Window(default.start if start is None else start, default.end if end is None else end)


def piece(request: web.Request) -> Piece | None:
    """What breakdown= asks for."""
    return None if (text := choice(request, "breakdown", list(Piece))) is None else Piece(text)


def choice(request: web.Request, name: str, known: Collection[str]) -> str | None:
    """One of a few words; None where it is not given."""
    text = request.query.get(name)
    if text is None or text in known:
        return text
    raise UsageError(f"parameter {name}: got {text[:80]!r}, wanted one of {', '.join(known)}")


def paging(request: web.Request) -> Paging:
    """limit= and cursor=."""
    text = request.query.get("limit", str(LIMIT_DEFAULT))
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= LIMIT_MAX:
        raise UsageError(f"parameter limit: got {text[:80]!r}, wanted a whole number from 1 to {LIMIT_MAX}")
    return Paging(int(text), _after(request.query.get("cursor", "")))


def cursor(last: str) -> str:
    """Where the next page goes on; opaque to those who ask."""
    return base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")


def _after(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as exc:
        raise UsageError(
            f"parameter cursor: got {text[:80]!r}, wanted the next_cursor of the page before, or none for the first"
        ) from exc
