"""A strip of time as rectangles: UP is the ground, only other states are drawn, the worst on top."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from agent.web.display import Display
from sla.model import State, Window
from sla.periods import to_datetime, to_us
from sla.timeline import Span

RECTANGLES_MAX = 400
SLOT_US = 900_000_000
"""More spans than that are shown by quarters of an hour, each by the worst state that it holds."""

WORST_FIRST = (State.DOWN, State.UNKNOWN, State.DEGRADED, State.OUT, State.UP)
LEAST_WIDTH = {State.DOWN: 2.2}
LEAST_WIDTH_ELSE = 1.6
FILLS = {
    State.UP: "f-up",
    State.DEGRADED: "f-degraded",
    State.DOWN: "f-down",
    State.UNKNOWN: "f-unknown",
    State.OUT: "f-out",
}


class Rectangle(NamedTuple):
    """One drawn piece. Units: those of the view box."""

    x: str
    width: str
    fill: str


class Tick(NamedTuple):
    """A line at a full hour with its label."""

    x: str
    text: str


class Strip(NamedTuple):
    """What a template draws; `label` says the same as a sentence."""

    width: int
    rectangles: tuple[Rectangle, ...]
    ticks: tuple[Tick, ...]
    label: str


def strip(spans: Sequence[Span], window: Window, display: Display, width: int, hours: int = 0) -> Strip:
    """The strip of a window; `hours` between ticks, 0 for none. Shape: the spans cover the window."""
    shown = spans if len(spans) <= RECTANGLES_MAX else _by_slot(spans, window)
    scale = width / max(window.length, 1)
    rectangles = [
        _rectangle(span, window, scale, width)
        for state in reversed(WORST_FIRST)
        for span in shown
        if span.state is state and state is not State.UP
    ]
    ticks = _ticks(window, display, scale, hours) if hours else ()
    return Strip(width, tuple(rectangles), tuple(ticks), sentence(spans, display))


def sentence(spans: Iterable[Span], display: Display) -> str:
    """What the strip shows, in words."""
    told = list(spans)
    parts = []
    for state in WORST_FIRST:
        of_it = [span.length for span in told if span.state is state]
        if of_it and state is not State.UP:
            word, total = display.state(state), display.duration(sum(of_it))
            text = display.words.ngettext("%(state)s %(total)s", "%(state)s %(total)s in %(n)d pieces", len(of_it))
            parts.append(text % {"state": word, "total": total, "n": len(of_it)})
    if not parts:
        return display.words.gettext("Last 24 hours: up throughout")
    told_parts = display.words.gettext(", ").join(parts)
    return display.words.gettext("Last 24 hours: %(parts)s") % {"parts": told_parts}


def _rectangle(span: Span, window: Window, scale: float, width: int) -> Rectangle:
    least = LEAST_WIDTH.get(span.state, LEAST_WIDTH_ELSE)
    wide = max(span.length * scale, least)
    x = min((span.start - window.start) * scale, width - wide)
    return Rectangle(f"{x:.1f}", f"{wide:.1f}", FILLS[span.state])


def _by_slot(spans: Sequence[Span], window: Window) -> list[Span]:
    """One span a quarter of an hour, in the worst state that it touches."""
    rank = {state: number for number, state in enumerate(WORST_FIRST)}
    worst: dict[int, State] = {}
    for span in spans:
        first, last = (span.start - window.start) // SLOT_US, (span.end - 1 - window.start) // SLOT_US
        for slot in range(first, last + 1):
            worst[slot] = min(worst.get(slot, State.UP), span.state, key=lambda state: rank[state])
    return [
        Span(window.start + slot * SLOT_US, min(window.start + (slot + 1) * SLOT_US, window.end), state)
        for slot, state in sorted(worst.items())
    ]


def _ticks(window: Window, display: Display, scale: float, hours: int) -> Iterable[Tick]:
    start = to_datetime(window.start, display.zone)
    local = start.replace(minute=0, second=0, microsecond=0)
    for _ in range(26):
        local += timedelta(hours=1)
        at = to_us(local)
        if at >= window.end:
            return
        if local.hour % hours == 0:
            yield Tick(f"{(at - window.start) * scale:.1f}", f"{local:%H:%M}")
