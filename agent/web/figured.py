"""Figures for pages: what one component was in the last day, and its availability of today, this month, this year."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from agent.figures import Figures
from agent.web.display import DAY_US, Display, Rate
from agent.web.shown import Known, Shown, known
from agent.web.spans import whole
from agent.web.strip import Strip, strip
from sla.availability import Availability, availability
from sla.model import State, Window
from sla.periods import midnight, month, to_datetime, year
from sla.timeline import Span, clip

if TYPE_CHECKING:
    from agent.app import Agent


class Periods(NamedTuple):
    """Running periods up to `as_of`, and the last 24 hours."""

    day: Window
    today: Window
    month: Window
    year: Window


class Figured(NamedTuple):
    """One component with its figures."""

    spans: tuple[Span, ...]
    strip: Strip
    today: Rate
    month: Rate
    year: Rate


def periods(display: Display) -> Periods:
    """The periods that run at the display's instant; never any time ahead (T3)."""
    as_of, zone = display.as_of, display.zone
    local = to_datetime(as_of, zone)
    return Periods(
        Window(as_of - DAY_US, as_of),
        Window(midnight(local.date(), zone), as_of),
        Window(month(local.year, local.month, zone).start, as_of),
        Window(year(local.year, zone).start, as_of),
    )


class Figurer:
    """Asks the store, in a thread, for what pages show of many components."""

    def __init__(self, agent: "Agent", display: Display) -> None:
        self._reader = agent.reader
        self._known = Figures(agent.reader, display.zone, agent.shelf).timelines(display.as_of)
        self._display = display
        self._periods = periods(display)

    def of(self, one: Shown, width: int, hours: int = 0) -> Figured:
        """The figures of a component, with a strip so many units wide."""
        timeline, service = self._known.of(one.name), self._known.service(one.name)
        spans = whole(timeline, service, self._periods.day)

        def rate(window: Window) -> Rate:
            return self._display.rate(_measured(timeline, service, window))

        drawn = self.drawn(spans, width, hours)
        today, of_month, of_year = (rate(window) for window in self._periods[1:])
        return Figured(tuple(spans), drawn, today, of_month, of_year)

    def drawn(self, spans: Sequence[Span], width: int, hours: int = 0) -> Strip:
        """The strip of the last day's spans."""
        return strip(spans, self._periods.day, self._display, width, hours)

    def known(self, one: Shown) -> Known | None:
        """Why it is UNKNOWN, None if it is not."""
        return known(self._reader, one.component, self._display.as_of) if one.state is State.UNKNOWN else None


def _measured(timeline: list[Span], service: list[Window], window: Window) -> Availability:
    return availability(clip(timeline, window), service, window)
