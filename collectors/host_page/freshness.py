"""How old a page's figures are, by clocks that say so: never by the wall clock of this host.

The page's own stamp is held against the `Date` of the same answer, which the same machine's clock made, so a clock
that is wrong there shifts both. A shared cache says its own part in `Age`. Beside that, a stamp that has not moved
from one probe to the next is as old as our monotonic clock has seen it stand still.
"""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from multidict import CIMultiDictProxy

_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Sent:
    """What an answer's head says of time. Units: seconds; `date` is None where there is none."""

    date: float | None
    cached_for: float

    @classmethod
    def of(cls, headers: CIMultiDictProxy[str]) -> "Sent":
        """Read Date and Age; what is not readable was not said."""
        cached = headers.get("Age", "")
        known = cached.isascii() and cached.isdigit() and len(cached) <= _MAX_DIGITS
        return cls(_date(headers.get("Date", "")), float(cached) if known else 0.0)


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


class Stamps:
    """The stamps of one target's pages, from probe to probe."""

    def __init__(self) -> None:
        self._stamp: float | None = None
        self._since = 0.0
        self._has_moved = False

    def is_new(self, stamp: float) -> bool:
        """Whether the page before had another stamp, or there was none."""
        return stamp != self._stamp

    def age(self, stamp: float, sent: Sent, now: float) -> float | None:
        """Age of a page with this stamp, seen at `now` of the monotonic clock; None where nothing tells it."""
        if stamp != self._stamp:
            self._has_moved = self._stamp is not None
            self._stamp, self._since = stamp, now
        if sent.date is None and not self._has_moved:
            return None
        by_date = 0.0 if sent.date is None else sent.date - stamp
        return max(0.0, by_date, now - self._since) + sent.cached_for
