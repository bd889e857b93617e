"""From edges to spans: what a component was in, at each instant of a window (A1).

Edges are read in the order in which they were written. Each says: from `at` on, this; so a back-dated edge cuts
off whatever had been said of later time. Nothing is ever removed from the ledger to do so (E1).
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from sla.model import Cause, Degraded, State, Window


class Mark(NamedTuple):
    """The part of an edge that makes time: from `at` on, this state. `floor` is the earliest it may rewrite."""

    at: int
    state: State
    degraded: Degraded
    cause: Cause
    floor: int = 0


class Span(NamedTuple):
    """[start, end) in one state. `imported` is True for time that a file stated (A8)."""

    start: int
    end: int
    state: State
    degraded: Degraded = Degraded.NONE
    cause: Cause = Cause.NEVER
    imported: bool = False

    @property
    def length(self) -> int:
        """Microseconds."""
        return self.end - self.start


def fold(marks: Iterable[Mark]) -> list[Mark]:
    """The marks that still stand, in order of time: each one read cuts off all that was said from its time on.

    A mark below its floor is moved up to it: a later run cannot rewrite what an earlier one made durable. A gap
    of the agent before anything was known of the component says nothing about it.
    """
    standing: list[Mark] = []
    last: Mark | None = None
    for mark in marks:
        if last is None and mark.cause is Cause.AGENT_DOWN:
            continue
        at = mark.at if mark.at >= mark.floor else mark.floor
        while last is not None and last.at >= at:
            standing.pop()
            last = standing[-1] if standing else None
        if last is None or last[1:4] != mark[1:4]:  # another state, degraded or cause
            last = mark if mark.at == at else mark._replace(at=at)
            standing.append(last)
    return standing


def spans(standing: Sequence[Mark], window: Window, until: int) -> list[Span]:
    """The window's spans: UNKNOWN before the first mark (A1) and from `until` on (nothing is known there)."""
    known_end = min(window.end, max(until, window.start))
    cut: list[Span] = []
    index = max(bisect_right(standing, window.start, key=_at) - 1, 0)
    first = standing[index].at if standing else known_end
    if first > window.start:
        cut.append(Span(window.start, min(first, known_end), State.UNKNOWN))
    for mark, end in _ends(standing, index, known_end):
        start = max(mark.at, window.start)
        if start >= end:
            continue
        cut.append(Span(start, end, mark.state, mark.degraded, mark.cause))
    if known_end < window.end:
        cut.append(Span(known_end, window.end, State.UNKNOWN, cause=Cause.NO_READING))
    return join(span for span in cut if span.end > span.start)


def join(pieces: Iterable[Span]) -> list[Span]:
    """Neighbours that say the same made one."""
    joined: list[Span] = []
    for span in pieces:
        if joined and joined[-1].end == span.start and joined[-1][2:] == span[2:]:
            joined[-1] = joined[-1]._replace(end=span.end)
        else:
            joined.append(span)
    return joined


def overlay(base: Sequence[Span], top: Sequence[Span]) -> list[Span]:
    """The base with the top's spans laid over it. Shape: both sorted and disjoint."""
    cuts = sorted({t for span in (*base, *top) for t in (span.start, span.end)})
    laid = []
    for start, end in pairwise(cuts):
        span = _covering(top, start) or _covering(base, start)
        if span is not None:
            laid.append(span._replace(start=start, end=end))
    return join(laid)


def clip(pieces: Sequence[Span], window: Window) -> list[Span]:
    """What of the spans lies in the window."""
    low = max(bisect_right(pieces, window.start, key=_start) - 1, 0)
    clipped = []
    for span in pieces[low:]:
        if span.start >= window.end:
            break
        start, end = max(span.start, window.start), min(span.end, window.end)
        if start < end:
            clipped.append(span._replace(start=start, end=end))
    return clipped


def out_of_service(service: Sequence[Window], window: Window) -> list[Span]:
    """OUT wherever no in-service interval covers the window (A2); no intervals at all: always in service."""
    if not service:
        return []
    out = []
    at = window.start
    for start, end in sorted(service):
        if start > at:
            out.append(Span(at, min(start, window.end), State.OUT))
        at = max(at, end)
        if at >= window.end:
            break
    if at < window.end:
        out.append(Span(at, window.end, State.OUT))
    return [span for span in out if span.end > span.start]


def _ends(standing: Sequence[Mark], index: int, known_end: int) -> Iterator[tuple[Mark, int]]:
    for position in range(index, len(standing)):
        if standing[position].at >= known_end:
            return
        following = standing[position + 1].at if position + 1 < len(standing) else known_end
        yield standing[position], min(following, known_end)


def _covering(pieces: Sequence[Span], at: int) -> Span | None:
    index = bisect_right(pieces, at, key=_start) - 1
    return pieces[index] if index >= 0 and pieces[index].end > at else None


def _at(mark: Mark) -> int:
    return mark.at


def _start(span: Span) -> int:
    return span.start
