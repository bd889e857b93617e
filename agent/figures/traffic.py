"""How full lines were, out of the bins of the interfaces at their ends and what their registers say (C4)."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from agent.figures.book import Body, Book
from agent.stores.base import Reader
from sla.bins import BIN_US, P95, Bin, Busy, counted, fuller, loads, p95
from sla.model import Window

DIRECTIONS = ("a_to_b", "b_to_a")
"""Of a line; a is its end nearer the core."""


class End(NamedTuple):
    """A counter that sees one direction of a line: what an interface sends, or what it receives."""

    component: str
    outward: bool


class Held(NamedTuple):
    """What a line's register says of some time. Units: bits per second."""

    window: Window
    contracted: int
    ends: Mapping[str, Sequence[End]]


class Way(NamedTuple):
    """One direction of a line over a window: what saw it, and how full it was."""

    ends: Sequence[End]
    p95: P95


class Traffic:
    """Answers of one store, by the registers of one book."""

    def __init__(self, reader: Reader, book: Book) -> None:
        self._reader = reader
        self._book = book

    def held(self, link: str, window: Window) -> list[Held]:
        """What held of a line in a window, as far as it was in service (A2)."""
        service = self._book.service(link) or [window]
        pieces = ((_common(window, held, serves), body) for held, body in self._book.bodies(link) for serves in service)
        return [held_of(body, piece) for piece, body in pieces if piece.length > 0]

    def way(self, held: Sequence[Held], direction: str) -> Way:
        """How full one direction was in all the bins that begin in these times."""
        found: dict[int, Fraction] = {}
        times = 0
        for each in held:
            bins = counted([Busy(each.window, each.contracted)])
            times += len(bins)
            for end in each.ends[direction]:
                found = fuller(found, loads(self.bins(end.component, each.window), bins, outward=end.outward))
        ends = dict.fromkeys(end for each in held for end in each.ends[direction])
        return Way(list(ends), p95(found.values(), times))

    def bins(self, name: str, window: Window) -> list[Bin]:
        """The bins of a component that begin in a window; none of what the store does not know."""
        component = self._reader.component(name)
        return [] if component is None else self._reader.bins(component.id, window)


def held_of(body: Body, window: Window) -> Held:
    """What a line's row says."""
    return Held(window, contracted(body), {way: list(_ends(body, way)) for way in DIRECTIONS})


def contracted(body: Body) -> int:
    """The contracted rate of a line. Units: bits per second."""
    return round(Fraction(str(body["contracted_mbps"])) * 1_000_000)


def ended(window: Window, as_of: int) -> Window:
    """The beginnings of those bins of a window that have ended: a bin that runs is not unknown yet (T3)."""
    return Window(window.start, min(window.end, as_of - BIN_US + 1))


def _ends(body: Body, direction: str) -> Iterator[End]:
    """What one end sends the other receives."""
    for end in "ab":
        device, interface = body.get(f"{end}_device"), body.get(f"{end}_if")
        if device and interface:
            yield End(f"{device}#if/{interface}", outward=direction.startswith(end))


def _common(*windows: Window) -> Window:
    return Window(max(window.start for window in windows), min(window.end for window in windows))
