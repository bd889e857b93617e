"""A period as a strip for paper: a column a day, midnight at the top, and all that is not UP drawn, the worst last.

Pieces keep their place and length within the day, so that a short outage never paints a whole day and a long one
never hides in a day that was mostly well. Each piece says in words what it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from agent.instants import hours
from agent.language import N_
from agent.reports.listing import time_text
from agent.reports.seconds import clock, down, up
from agent.reports.telling import Telling
from sla.model import State, Window
from sla.periods import Piece, pieces, to_datetime
from sla.timeline import Span, join

WIDTH, HEIGHT, TOP = 680, 72, 14
"""Of the drawing, and what its labels take above it. Units: those of the view box."""

PIECES_MAX = 400
SLOTS_US = (900_000_000, 3_600_000_000, 21_600_000_000)
"""More pieces than that are shown by slots of such a length, each by the worst state that it touches."""

STRIPS_MAX = 40
LEAST = {State.DOWN: 2.2}
LEAST_ELSE = 1.6
"""Heights under which nothing would be seen."""

OUTSET = 0.5
"""A window's outline runs so far outside of its time: a line drawn on it could hide a short outage."""

BY_MONTHS_FROM_DAYS = 45
EVERY_DAYS, LAST_DAYS = 5, 3
"""Each fifth day of a short period is named; none whose name would run out of the drawing."""

WORST_FIRST = (State.DOWN, State.UNKNOWN, State.DEGRADED, State.OUT)
FILLS = {State.DOWN: "f-down", State.UNKNOWN: "f-unknown", State.DEGRADED: "f-degraded", State.OUT: "f-out"}
WORDS = {
    State.UP: N_("up"),
    State.DEGRADED: N_("degraded, which counts as up"),
    State.DOWN: N_("down"),
    State.UNKNOWN: N_("not known"),
    State.OUT: N_("not in service"),
}
WINDOW, AHEAD = N_("maintenance window that counts"), N_("still to come")
MONTH = N_("%(year)s-%(month)s")
SLOTS = N_("There are many changes: drawn by pieces of %(length)s, each by the worst state in it.")


class Rectangle(NamedTuple):
    """One drawn piece, and what it says. Units: those of the view box."""

    x: str
    y: str
    width: str
    height: str
    fill: str
    title: str

    @property
    def middle(self) -> str:
        """Where the line runs that hatches it."""
        return f"{float(self.x) + float(self.width) / 2:.2f}"


class Tick(NamedTuple):
    """A border that is named."""

    x: str
    text: str


class Strip(NamedTuple):
    """What a template draws of one object; `label` says the same as a sentence, `note` how it was made less."""

    name: str
    label: str
    note: str
    rectangles: Sequence[Rectangle]
    ticks: Sequence[Tick]


class Strips(NamedTuple):
    """Those of one indicator with one legend: fill and word; `more` have no room on paper."""

    strips: Sequence[Strip]
    legend: Sequence[tuple[str, str]]
    more: int


class _Drawing(NamedTuple):
    """The days of a period, and how wide each is."""

    telling: Telling
    days: Sequence[Window]

    @property
    def wide(self) -> float:
        return WIDTH / len(self.days)


def strips(telling: Telling, ids: Sequence[str]) -> Strips | None:
    """A strip for each object; None for none."""
    if not ids:
        return None
    return Strips([strip(telling, id_) for id_ in ids[:STRIPS_MAX]], legend(telling), max(len(ids) - STRIPS_MAX, 0))


def strip(telling: Telling, id_: str) -> Strip:
    """The strip of one platform, line or target over the whole period, time to come included."""
    _, asked = telling.words, telling.asked
    whole = telling.whole(id_)
    drawing = _Drawing(telling, list(pieces(asked.period, Piece.DAY, asked.zone)))
    drawn, slot = _fewer(drawing, [span for span in whole if span.state is not State.UP])
    windows = [clipped for each in asked.known.excluded(id_) if (clipped := _inside(each, asked.window)) is not None]
    return Strip(
        name=telling.name(id_),
        label=sentence(telling, whole),
        note=_(SLOTS) % {"length": hours(slot)} if slot else "",
        rectangles=[
            *_ahead(drawing),
            *(
                each
                for state in reversed(WORST_FIRST)
                for span in drawn
                if span.state is state
                for each in _pieces(drawing, span, FILLS[state], _(WORDS[state]), LEAST.get(state, LEAST_ELSE))
            ),
            *(
                _around(each)
                for window in windows
                for each in _pieces(drawing, window, "l-window", _(WINDOW), LEAST[State.DOWN])
            ),
        ],
        ticks=list(_ticks(drawing)),
    )


def sentence(telling: Telling, whole: Iterable[Span]) -> str:
    """How long it was in each state, in words and to the second."""
    _, told = telling.words, list(whole)
    lengths = {state: sum(span.length for span in told if span.state is state) for state in WORDS}
    shown = {state: (down if state is State.UP else up)(us) for state, us in lengths.items()}
    parts = [f"{_(word)} {clock(shown[state])}" for state, word in WORDS.items() if lengths[state]]
    return _("; ").join(parts)


def legend(telling: Telling) -> list[tuple[str, str]]:
    """Fill and word of everything that can be drawn."""
    _ = telling.words
    found = [("f-up", _(WORDS[State.UP])), *((FILLS[state], _(WORDS[state])) for state in WORST_FIRST)]
    return [*found, ("l-window", _(WINDOW)), *([("f-ahead", _(AHEAD))] if telling.asked.running else [])]


def _fewer(drawing: _Drawing, spans: list[Span]) -> tuple[list[Span], int]:
    """The spans as they are or, where they are too many, by slots; and how long a slot is."""
    if len(spans) <= PIECES_MAX:
        return spans, 0
    window = drawing.telling.asked.window
    slot = next((each for each in SLOTS_US[:-1] if len(_by_slot(spans, window, each)) <= PIECES_MAX), SLOTS_US[-1])
    return _by_slot(spans, window, slot), slot


def _by_slot(spans: Sequence[Span], window: Window, slot: int) -> list[Span]:
    """Each slot that holds anything but UP in the worst state that it touches."""
    rank = {state: number for number, state in enumerate(WORST_FIRST)}
    worst: dict[int, State] = {}
    for span in spans:
        for number in range((span.start - window.start) // slot, (span.end - 1 - window.start) // slot + 1):
            worst[number] = min(worst.get(number, span.state), span.state, key=lambda state: rank[state])
    found = (
        Span(window.start + number * slot, min(window.start + (number + 1) * slot, window.end), state)
        for number, state in sorted(worst.items())
    )
    return join(found)


def _inside(one: Window, other: Window) -> Window | None:
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Window(start, end) if start < end else None


def _around(piece: Rectangle) -> Rectangle:
    x, y = (f"{float(each) - OUTSET:.2f}" for each in (piece.x, piece.y))
    width, height = (f"{float(each) + 2 * OUTSET:.2f}" for each in (piece.width, piece.height))
    return piece._replace(x=x, y=y, width=width, height=height)


def _ahead(drawing: _Drawing) -> Iterator[Rectangle]:
    """What has not come yet stands empty: neither up nor unknown."""
    asked = drawing.telling.asked
    if asked.running:
        ahead = Window(asked.window.end, asked.period.end)
        yield from _pieces(drawing, ahead, "f-ahead", drawing.telling.words(AHEAD), LEAST_ELSE)


def _pieces(drawing: _Drawing, span: Span | Window, fill: str, word: str, least: float) -> Iterator[Rectangle]:
    """One piece for each day that a span touches."""
    zone = drawing.telling.asked.zone
    title = f"{time_text(span.start, zone)} – {time_text(span.end, zone)} {word}"
    for number, day in enumerate(drawing.days):
        inside = _inside(Window(span.start, span.end), day)
        if inside is None:
            continue
        scale = HEIGHT / day.length
        high = max(inside.length * scale, least)
        y = TOP + min((inside.start - day.start) * scale, HEIGHT - high)
        x, wide = number * drawing.wide, drawing.wide
        yield Rectangle(f"{x:.2f}", f"{y:.2f}", f"{wide:.2f}", f"{high:.2f}", fill, title)


def _ticks(drawing: _Drawing) -> Iterator[Tick]:
    """Months of a long period, each fifth day of a short one."""
    _, zone = drawing.telling.words, drawing.telling.asked.zone
    dates = [(number, to_datetime(day.start, zone)) for number, day in enumerate(drawing.days)]
    if len(dates) < BY_MONTHS_FROM_DAYS:
        for number, date in dates[: -LAST_DAYS + 1 : EVERY_DAYS]:
            yield Tick(f"{number * drawing.wide:.2f}", f"{date.month:02}-{date.day:02}")
        return
    for (year, month), days in groupby(dates, key=lambda each: (each[1].year, each[1].month)):
        first = next(iter(days))[0]
        yield Tick(f"{first * drawing.wide:.2f}", _(MONTH) % {"year": year, "month": month})
