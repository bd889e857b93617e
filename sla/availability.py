"""Availability of one component over one window (semantics A1-A4): integers, bounds, and the outages behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sla.maintenance import union
from sla.model import Degraded, State, Window
from sla.timeline import Span, clip, join, out_of_service, overlay

Ratio = tuple[int, int]
"""Numerator and denominator, never divided (V1). A denominator of 0 means that there is no ratio."""


class Bounds(NamedTuple):
    """Unknown time counted as down (low) and as up (high); the published value is `low` (A4)."""

    low: Ratio
    high: Ratio


class Parts(NamedTuple):
    """Microseconds in each state; with out_of_service they sum to the window exactly (A1)."""

    up: int
    degraded: int
    down: int
    unknown: int
    out_of_service: int

    @property
    def in_service(self) -> int:
        """The denominator: time in which the component was to work (A2)."""
        return self.up + self.degraded + self.down + self.unknown

    @property
    def known(self) -> int:
        """Time that readings or files speak about."""
        return self.up + self.degraded + self.down

    def bounds(self) -> Bounds:
        """A4."""
        up = self.up + self.degraded
        return Bounds((up, self.in_service), (up + self.unknown, self.in_service))


class Outage(NamedTuple):
    """One DOWN span inside the window, and the whole outage that it belongs to (S8).

    `onset` and `restored` are the outage's, which may lie outside the window; `restored` is None while no
    recovery is confirmed.
    """

    start: int
    end: int
    onset: int
    restored: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """All that is said about one component and one window. Units: microseconds."""

    window: Window
    parts: Parts
    excluded: Parts
    degraded: dict[str, int]
    probe: int
    imported: int
    outages: tuple[Outage, ...]

    @property
    def all_in(self) -> Bounds:
        """Every in-service instant counts (A3)."""
        return self.parts.bounds()

    @property
    def excluding_approved(self) -> Bounds:
        """The union of counting windows has left numerator and denominator (A3)."""
        return self.remaining.bounds()

    @property
    def remaining(self) -> Parts:
        """What is left of the window outside the counting windows; with nothing known in it there is no value (A4)."""
        return Parts(*(whole - out for whole, out in zip(self.parts, self.excluded, strict=True)))

    @property
    def measured(self) -> Ratio:
        """How much of the in-service time we can speak about (A4)."""
        return (self.parts.in_service - self.parts.unknown, self.parts.in_service)

    @property
    def known(self) -> Ratio:
        """Availability of the known time alone; beside the bounds, never instead of them (A4)."""
        return (self.parts.up + self.parts.degraded, self.parts.known)

    @property
    def value(self) -> Ratio | None:
        """The published value: the low bound, or None where nothing was measured (A4)."""
        return self.all_in.low if self.parts.known else None


def availability(
    timeline: Sequence[Span], service: Sequence[Window], window: Window, excluded: Sequence[Window] = ()
) -> Availability:
    """Measure one component over one window.

    Shape: timeline is sorted and disjoint and covers the window at least (what it leaves out is UNKNOWN);
    service are the in-service intervals, empty for always; excluded is the time of counting windows (M1).
    Errors: ValueError for a window that ends before it starts.
    """
    if window.end < window.start:
        raise ValueError(f"window ends at {window.end}, before its start {window.start}")
    inside = _inside(timeline, service, window)
    parts = _parts(inside)
    if sum(parts) != window.length:  # A1: never publish a figure whose parts do not make the whole
        raise AssertionError(f"parts {parts} do not sum to {window.length}")
    left_out = _excluded(inside, excluded, window)
    if any(out > whole for out, whole in zip(left_out, parts, strict=True)):
        raise AssertionError(f"excluded {left_out} is more than there is: {parts}")
    return Availability(
        window=window,
        parts=parts,
        excluded=left_out,
        degraded=_degraded(inside),
        probe=_known(inside, imported=False),
        imported=_known(inside, imported=True),
        outages=outages(timeline, service, window),
    )


def _inside(timeline: Sequence[Span], service: Sequence[Window], window: Window) -> list[Span]:
    """The window without holes, OUT outside the service dates."""
    pieces = clip(timeline, window)
    if sum(span.length for span in pieces) != window.length:  # what the timeline leaves out is UNKNOWN (A1)
        blank = [Span(window.start, window.end, State.UNKNOWN)]
        pieces = overlay(blank, pieces)
    return overlay(pieces, out_of_service(service, window)) if service else pieces


def outages(timeline: Sequence[Span], service: Sequence[Window], window: Window) -> tuple[Outage, ...]:
    """One entry per DOWN span in the window; spans with nothing but UNKNOWN between are one outage (S8)."""
    if not timeline:
        return ()
    whole = Window(timeline[0].start, timeline[-1].end)
    history = overlay(timeline, out_of_service(service, whole)) if service else join(timeline)
    return tuple(
        Outage(span.start, span.end, run[0].start, restored)
        for run, restored in runs(history)
        for span in clip(run, window)
    )


def runs(history: Sequence[Span]) -> list[tuple[list[Span], int | None]]:
    """The DOWN spans of each outage (S8), with the instant of its restoration."""
    found: list[tuple[list[Span], int | None]] = []
    run: list[Span] = []
    for span in history:
        if span.state is State.DOWN:
            run.append(span)
        elif span.state is not State.UNKNOWN and run:
            found.append((run, span.start if span.state is not State.OUT else None))
            run = []
    if run:
        found.append((run, None))
    return found


def _excluded(pieces: Sequence[Span], excluded: Sequence[Window], window: Window) -> Parts:
    """In-service time of counting windows, by state, whatever the state (A3); each instant once (M2)."""
    near = [e for e in excluded if e.start < window.end and e.end > window.start]
    return _parts(span for each in union(near) for span in clip(pieces, each))._replace(out_of_service=0)


def _parts(pieces: Iterable[Span]) -> Parts:
    sums = dict.fromkeys(State, 0)
    for span in pieces:
        sums[span.state] += span.length
    return Parts(*(sums[state] for state in State))


def _degraded(pieces: Sequence[Span]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for span in pieces:
        if span.state is State.DEGRADED:
            for flag in Degraded(span.degraded):
                name = (flag.name or "other").lower()
                sums[name] = sums.get(name, 0) + span.length
    return dict(sorted(sums.items()))


def _known(pieces: Sequence[Span], *, imported: bool) -> int:
    known = (State.UP, State.DEGRADED, State.DOWN)
    return sum(span.length for span in pieces if span.state in known and span.imported is imported)
