"""What /metrics says of lines: what was contracted, and how full the last probe of an interface at an end saw them.

Written in pieces at the scrape, as there may be thousands.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from agent import metrics
from agent.entries import Entry
from agent.figures.book import Book
from agent.figures.traffic import DIRECTIONS, End, Held, held_of
from agent.meters import IN, OUT
from agent.page import pieces
from collectors.base import Outcome
from sla.model import Window

_MOMENT = Window(0, 1)


class Line(NamedTuple):
    """A line of which an interface is registered, as its row says now."""

    id: str
    held: Held


def lines_of(book: Book, now: int) -> list[Line]:
    """The lines in service now that name an interface at either end."""
    rows = ((id_, book.at(id_, now)) for id_ in book.ids("links") if _serves(book, id_, now))
    lines = (Line(id_, held_of(body, _MOMENT)) for id_, body in rows)
    return [line for line in lines if any(line.held.ends.values())]


class LinkMetrics:
    """The families of lines; `of_target` is what the ledger keeps of a target, by component."""

    def __init__(
        self, of_target: Callable[[str], Mapping[str, Entry]], now_us: Callable[[], int], common: Mapping[str, str]
    ) -> None:
        self._of_target = of_target
        self._now_us = now_us
        self._common = common
        self.lines: list[Line] = []

    def chunks(self, *, open_metrics: bool) -> Iterator[str]:
        """The page, piece by piece."""
        rates = (([line.id], repr(line.held.contracted / 8)) for line in self.lines)
        yield from pieces(metrics.LINK_CONTRACTED, rates, self._common, open_metrics=open_metrics)
        yield from pieces(metrics.LINK_UTILISATION, self._utilisations(), self._common, open_metrics=open_metrics)

    def _utilisations(self) -> Iterator[tuple[list[str], str]]:
        now = self._now_us()
        for line in self.lines:
            for way in DIRECTIONS:
                rates = [rate for end in line.held.ends[way] if (rate := self._rate(end, now)) is not None]
                if rates:
                    yield [line.id, way], repr(max(rates) / line.held.contracted)

    def _rate(self, end: End, now: int) -> float | None:
        """Bits per second by the last reading, for as long as it is valid (S2)."""
        device, _, interface = end.component.partition("#")
        entry = self._of_target(device).get(interface)
        if entry is None or entry.last is None or entry.last.outcome is Outcome.ERROR or entry.track.valid_until < now:
            return None
        octets = entry.values.get(OUT if end.outward else IN)
        return None if octets is None else octets * 8


def _serves(book: Book, id_: str, now: int) -> bool:
    service = book.service(id_)
    return not service or any(window.start <= now < window.end for window in service)
