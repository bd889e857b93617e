"""Settled time per state, kept up to date edge by edge: what the counters and period gauges of /metrics show.

Settled time never changes again, so the sums never fall; a restart builds the same sums from the ledger.
"""

from collections.abc import Sequence
from functools import lru_cache
from operator import sub

from sla.model import State, Window
from sla.timeline import Mark, out_of_service

Sums = tuple[int, ...]
"""Microseconds in each state, indexed by state - 1."""

NOTHING: Sums = (0,) * len(State)
"""Shared by all of whom nothing is settled."""

_MANY_MARKS = 4

_Bases = tuple[tuple[Window, Sums], ...]
"""Periods that have begun, with the sums then."""


@lru_cache(maxsize=64)
def _ordered(periods: tuple[Window, ...]) -> tuple[Window, ...]:
    """The same by their starts; one tuple for all who have them to come."""
    return tuple(sorted(periods))


@lru_cache(maxsize=64)
def _after_first(periods: tuple[Window, ...]) -> tuple[Window, ...]:
    return periods[1:]


@lru_cache(maxsize=64)
def _begun(before: _Bases, period: Window, sums: Sums) -> _Bases:
    """One more period. What begins before anything is settled, as nearly always, is one and the same for 43 000."""
    return (*before, (period, sums))


class Totals:
    """The time of one component since its first mark.

    `settled_at` is up to when the sums reach. Shape: `cut` only ever gets instants at or after it; a period is
    begun before its start is settled.
    """

    __slots__ = ("_bases", "_marks", "_pending", "_service", "settled_at", "sums")

    def __init__(
        self,
        standing: Sequence[Mark],
        settled_at: int,
        service: Sequence[Window] = (),
        periods: Sequence[Window] = (),
    ) -> None:
        self.sums = NOTHING
        self._service = service
        self._marks = tuple([(mark.at, mark.state) for mark in standing])
        self._bases: _Bases = ()
        self._pending = _ordered(tuple(periods))
        self.settled_at = self._marks[0][0] if self._marks else 0
        self.settle(settled_at)

    @property
    def is_long(self) -> bool:
        """Whether so many marks wait that they should be settled though nobody asks for the sums."""
        return len(self._marks) > _MANY_MARKS

    def cut(self, at: int, state: State) -> None:
        """From `at` on this state, whatever was said of later time."""
        marks = self._marks
        while marks and marks[-1][0] >= at:
            marks = marks[:-1]
        if not marks and not any(self.sums):
            self.settled_at = at
        self._marks = (*marks, (max(at, self.settled_at), state))

    def settle(self, upto: int) -> None:
        """Add what is settled now; earlier instants change nothing."""
        while self._pending and self._pending[0].start <= upto:
            begun = self._pending[0]
            self._settle(begun.start)
            self._bases = _begun(self._bases, begun, self.sums)
            self._pending = _after_first(self._pending)
        self._settle(upto)

    def begin(self, period: Window) -> None:
        """Keep the sums of a period from its start on; once begun, asking again changes nothing.

        Errors: ValueError if its start is settled already.
        """
        if period in self._pending or self._base(period) is not None:
            return
        if period.start < self.settled_at and any(self.sums):
            raise ValueError(f"the period's start {period.start} is settled already (up to {self.settled_at})")
        self._pending = _ordered((*self._pending, period))

    def of_period(self, period: Window, upto: int) -> Sequence[int]:
        """The time of a begun period up to now, what is not settled yet included."""
        base = self._base(period)
        sums = [0] * len(State) if base is None else list(map(sub, self.sums, base))
        settled, marks = self.settled_at, self._marks
        first = settled if settled > period.start else period.start
        last = upto if upto < period.end else period.end
        for index, (at, state) in enumerate(marks):
            start = at if at > first else first
            end = marks[index + 1][0] if index + 1 < len(marks) else last
            end = end if end < last else last
            if start < end:
                self._add(sums, start, end, state)
        return sums

    def _base(self, period: Window) -> Sums | None:
        return next((sums for begun, sums in self._bases if begun == period), None)

    def _settle(self, upto: int) -> None:
        marks = self._marks
        if not marks or self.settled_at >= upto:
            return
        sums = list(self.sums)
        while marks and self.settled_at < upto:
            following = marks[1][0] if len(marks) > 1 else upto
            end = min(upto, following)
            if end > self.settled_at:
                self._add(sums, self.settled_at, end, marks[0][1])
                self.settled_at = end
            if len(marks) > 1 and following <= self.settled_at:
                marks = marks[1:]
        self.sums, self._marks = tuple(sums), marks

    def _add(self, sums: list[int], start: int, end: int, state: State) -> None:
        if not self._service:
            sums[state - 1] += end - start
            return
        out = sum(span.length for span in out_of_service(self._service, Window(start, end)))
        sums[State.OUT - 1] += out
        sums[state - 1] += end - start - out
