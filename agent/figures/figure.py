"""The figures of one component out of a store: its whole timeline, put together, and what the method makes of it.

Own readings speak from the store's first heartbeat on, imported time only before it (A8).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from agent.config.problems import nearest_ids, show
from agent.errors import UsageError
from agent.figures.book import Shelf
from agent.figures.classes import Classes, classes
from agent.figures.timelines import Timelines
from agent.instants import format_instant
from agent.stores.base import Reader
from agent.stores.opening import SIMULATED
from agent.version import METHOD_VERSION
from sla.availability import Availability, Outage, Parts, Ratio, availability
from sla.dated import Revision
from sla.model import State, Window
from sla.periods import Piece, pieces
from sla.timeline import Span, clip, out_of_service


class Later(NamedTuple):
    """What people entered too late for the headline, the document that each names, and the figure with it (A2)."""

    entries: Sequence[Revision]
    documents: Sequence[str | None]
    measured: Availability


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One component over one window, as of an instant. Units: microseconds UTC. `cut`: the end asked for was later."""

    name: str
    window: Window
    as_of: int
    cut: bool
    timeline: Sequence[Span]
    service: Sequence[Window]
    excluded: Sequence[Window]
    measured: Availability
    later: Later | None
    classes: Classes

    def is_open(self, outage: Outage) -> bool:
        """Not restored, and not ended by leaving service: it may go on beyond the record."""
        if outage.restored is not None or not self.timeline:
            return False
        whole = Window(self.timeline[0].start, self.as_of)
        out = [span for span in self.timeline if span.state is State.OUT] + out_of_service(self.service, whole)
        return not any(span.start >= outage.end for span in out)

    def part(self, window: Window) -> Availability:
        """The same component over a piece of the window; its outages know only the piece."""
        return availability(clip(self.timeline, window), self.service, window, self.excluded)


class Figures:
    """Answers from a store. Units: instants in microseconds UTC."""

    def __init__(self, reader: Reader, zone: ZoneInfo, shelf: Shelf | None = None) -> None:
        self._reader = reader
        self._zone = zone
        self._shelf = shelf or Shelf()

    def timelines(self, until: int) -> Timelines:
        """Everything that is known before an instant, by today's registers."""
        return Timelines(self._reader, self._shelf.book(self._reader), until)

    def figure(
        self,
        name: str,
        window: Window,
        *,
        now: int,
        as_of: int | None = None,
        timelines: Timelines | None = None,
    ) -> Figure:
        """Measure what has that id. Errors: UsageError for an unknown id, or a window that has not come or is empty."""
        as_of = now if as_of is None else as_of
        cut = self._window(window, as_of, now)
        known = timelines or self.timelines(as_of)
        if not known.has(name):
            raise UsageError(f"target {show(name)}: the store knows no such id; {nearest_ids(name, known.names)}")
        timeline, service, excluded = known.of(name), known.service(name), known.excluded(name)
        measured = availability(timeline, service, cut, excluded)
        return Figure(
            name=name,
            window=cut,
            as_of=as_of,
            cut=cut != window,
            timeline=timeline,
            service=service,
            excluded=excluded,
            measured=measured,
            later=later(known, name, cut, measured),
            classes=classes(known, name),
        )

    def answer(
        self, name: str, window: Window, *, now: int, as_of: int | None = None, breakdown: Piece | None = None
    ) -> dict[str, Any]:
        """What `availability --json` prints. Errors: as `figure`."""
        figure = self.figure(name, window, now=now, as_of=as_of)
        return self.as_json(figure, breakdown)

    def as_json(self, figure: Figure, breakdown: Piece | None = None) -> dict[str, Any]:
        """A figure in the words of the interface."""
        measured = figure.measured
        answer = {
            "target": figure.name,
            **self._ends(figure.window),
            "as_of": self.time(figure.as_of),
            "method_version": METHOD_VERSION,
            "simulated": self.simulated,
            **_times(measured),
            "degraded_us": measured.degraded,
            "source_us": {"probe": measured.probe, "imported": measured.imported},
            **_ratios(measured),
            "known": _pair(measured.known),
            "measured": _pair(measured.measured),
            "outages": [self._outage(figure, outage) for outage in measured.outages],
        }
        if figure.cut:
            answer["cut_to_as_of"] = True
        if figure.later is not None:
            answer["with_later_entries"] = self._later(figure.later)
        if breakdown is not None:
            answer["breakdown"] = [
                {**self._ends(window), **_shares(part)} for window, part in self.parts(figure, breakdown)
            ]
        return answer

    def parts(self, figure: Figure, breakdown: Piece) -> Iterator[tuple[Window, Availability]]:
        """The calendar pieces of a figure's window; they sum to it exactly (A1)."""
        return ((piece, figure.part(piece)) for piece in pieces(figure.window, breakdown, self._zone))

    @property
    def simulated(self) -> bool:
        """Whether the store carries the mark (E8)."""
        return self._reader.meta(SIMULATED) == "true"

    def _later(self, later: Later) -> dict[str, Any]:
        """The second figure, and who entered what it rests on, when and why (A2)."""
        return {
            "entries": [
                {
                    "recorded_at": self.time(entry.recorded_at),
                    "recorded_by": entry.recorded_by,
                    "source_doc": document,
                }
                for entry, document in zip(later.entries, later.documents, strict=True)
            ],
            **_shares(later.measured),
        }

    def time(self, at: int) -> str:
        """An instant as it is printed: ISO 8601 in the zone."""
        return format_instant(at, self._zone)

    def _window(self, window: Window, as_of: int, now: int) -> Window:
        """The window cut to `as_of` (T3)."""
        if as_of > now:
            raise UsageError(f"as_of {self.time(as_of)} lies in the future, wanted a time that has come")
        if window.start > now:
            raise UsageError(f"from {self.time(window.start)} lies in the future, wanted a time that has come")
        if window.start >= window.end:
            ends = f"from {self.time(window.start)} to {self.time(window.end)}"
            raise UsageError(f"{ends} is no time, wanted an end after the start; the end is exclusive")
        if window.start >= as_of:
            start, end = self.time(window.start), self.time(as_of)
            raise UsageError(f"from {start} is not before as_of {end}, wanted an earlier start or a later as_of")
        return Window(window.start, min(window.end, as_of))

    def _ends(self, window: Window) -> dict[str, str]:
        return {"from": self.time(window.start), "to": self.time(window.end)}

    def _outage(self, figure: Figure, outage: Outage) -> dict[str, Any]:
        return {
            **self._ends(Window(outage.start, outage.end)),
            "onset": self.time(outage.onset),
            "restored": None if outage.restored is None else self.time(outage.restored),
            "open": figure.is_open(outage),
            "class": str(figure.classes.of(outage.onset)),
        }


def later(known: Timelines, name: str, window: Window, measured: Availability) -> Later | None:
    """The figure with all that was entered later, where it differs from the headline (A2)."""
    book = known.book
    if known.gate(name) is None:
        target = name.partition("#")[0]
        entries = [(target, entry) for entry in book.later(target, window)]
    else:
        entries = [(id_, entry) for id_ in dict.fromkeys(known.related(name)) for entry in book.changed_later(id_)]
    if not entries:
        return None
    seen = known.in_hindsight()
    second = availability(seen.of(name), seen.service(name), window, seen.excluded(name))
    if (second.parts, second.excluded) == (measured.parts, measured.excluded):
        return None
    return Later([entry for _, entry in entries], [book.document(id_, entry) for id_, entry in entries], second)


def _shares(measured: Availability) -> dict[str, Any]:
    return {**_times(measured), **_ratios(measured)}


def _times(measured: Availability) -> dict[str, Any]:
    return {
        "us": _by_state(measured.parts),
        "excluded_us": _by_state(measured.excluded, in_service_only=True),
    }


def _ratios(measured: Availability) -> dict[str, Any]:
    return {
        "all_in": {"low": _pair(measured.all_in.low), "high": _pair(measured.all_in.high)},
        "excluding_approved": {
            "low": _pair(measured.excluding_approved.low),
            "high": _pair(measured.excluding_approved.high),
        },
    }


def _by_state(parts: Parts, *, in_service_only: bool = False) -> Mapping[str, int]:
    sums = parts._asdict()
    if in_service_only:
        del sums["out_of_service"]
    return sums


def _pair(ratio: Ratio) -> list[int] | None:
    return list(ratio) if ratio[1] else None
