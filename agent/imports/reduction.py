"""Imported readings into spans, by the same reducer as live ones (S1 to S5)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from agent.stores.base import ImportedReading
from sla.confirm import FOREVER, NEW, Rules, advance, step
from sla.model import Degraded, Edge, Seen, State, Window
from sla.timeline import Mark, Span, fold, spans


class Timed(Protocol):
    """Anything that says one state of an interval."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def state(self) -> State: ...


A = TypeVar("A", bound=Timed)
B = TypeVar("B", bound=Timed)


def reduce_readings(readings: Sequence[ImportedReading], until: int = FOREVER) -> list[Span]:
    """The spans that readings make, each valid by its own interval, marked as imported. Shape: ordered by time."""
    if not readings or readings[0].at >= until:
        return []
    standing = fold(Mark(edge.at, edge.state, edge.degraded, edge.cause) for edge in _edges(readings))
    window = Window(readings[0].at, until)
    return [span._replace(imported=True) for span in spans(standing, window, FOREVER)]


def known(pieces: Iterable[Span]) -> list[Span]:
    """What readings speak about: their silence states nothing."""
    return [span for span in pieces if span.state is not State.UNKNOWN]


def clashes(claims: Sequence[A], held: Sequence[B]) -> Iterator[tuple[A, B]]:
    """Each claim with the first held span that gives some of its time another state. Shape: both ordered, disjoint."""
    position = 0
    for claim in claims:
        while position < len(held) and held[position].end <= claim.start:
            position += 1
        at = position
        while at < len(held) and held[at].start < claim.end:
            if held[at].state is not claim.state:
                yield claim, held[at]
                break
            at += 1


def _edges(readings: Sequence[ImportedReading]) -> Iterator[Edge]:
    track, rules = NEW, Rules(readings[0].interval)
    for reading in readings:
        if reading.interval != rules.interval:
            rules = Rules(reading.interval)
        track, edges = step(track, Seen(reading.at, reading.outcome, "", Degraded(reading.over)), rules)
        yield from edges
    yield from advance(track, FOREVER, rules).edges
