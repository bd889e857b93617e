"""When each target was last seen before a cut-off, as the record proves it (C2, C3): never later than it really was.

Three witnesses, and the best of them counts. Days of sightings have the very readings. Single readings of files are
exact too. A state proves one: while a target is UP its last reading was ok and no older than its validity (S2); while
it is DOWN one of its last two had failed (S3). What a file states holds as long as it is stated.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.figures.timelines import Timelines, by_name
from agent.stores.base import Component, Reader
from agent.stores.sighting import DaySeen
from sla.coverage import WITHIN_US
from sla.model import Cause, Degraded, Outcome, State, Window
from sla.periods import Piece, midnight, pieces, to_datetime
from sla.timeline import Span, clip

Told = tuple[int, Outcome]
"""A reading that is proven: no later than it was, and what it said."""

_GOOD = (State.UP, State.DEGRADED)
_BLIND = (Cause.AGENT_DOWN, Cause.WITHDRAWN)
"""Why a component is UNKNOWN without a reading of ours that could have been ok."""

_UTC = ZoneInfo("UTC")

_ONE_BY_ONE = 500
"""Up to so many targets their days are read each by itself."""


class Seen(NamedTuple):
    """The last ok and failed reading that the record proves, and whether there may be an ok one that it does not."""

    ok: int | None
    failed: int | None
    maybe_ok: bool


class Sightings:
    """Answers about one cut-off. Shape: `known` knows all up to the cut-off at least."""

    def __init__(
        self, reader: Reader, known: Timelines, cut: int, components: Mapping[str, Component] | None = None
    ) -> None:
        self._reader = reader
        self._known = known
        self._week = Window(cut - WITHIN_US, cut)
        found = by_name(reader) if components is None else components
        self._ids = {name: component.id for name, component in found.items()}
        self._heartbeat = reader.first_heartbeat()
        self._asked = 0

    def of(self, id_: str) -> Seen:
        """What is known of one target or line in the 168 h before the cut-off, and of nothing before them."""
        spans = self._spans(id_)
        told = [*self._days_told(id_), *self._files_told(id_), *_states_tell(spans, self._validity(id_))]
        inside = [each for each in told if self._week.start <= each[0] < self._week.end]
        ok = max((at for at, outcome in inside if outcome is Outcome.OK), default=None)
        failed = max((at for at, outcome in inside if outcome is Outcome.FAILED), default=None)
        return Seen(ok, failed, ok is None and any(map(self._may_hide_an_ok, spans)))

    def last_ok(self) -> dict[str, int]:
        """Of every target that days of sightings say was ok in those 168 h, the last time that they tell of."""
        seen = self._reader.seen_ok(self._days, self._week)
        return {name: seen[id_] for name, id_ in self._ids.items() if id_ in seen}

    def day_ok(self, id_: str) -> int | None:
        """The same of one target."""
        told = (at for at, outcome in self._days_told(id_) if outcome is Outcome.OK)
        return max((at for at in told if self._week.start <= at < self._week.end), default=None)

    def answers(self, id_: str) -> bool | None:
        """Whether it answered in those 168 h: False where only failures are known, None where nothing is."""
        seen = self.of(id_)
        return True if seen.ok is not None else False if seen.failed is not None and not seen.maybe_ok else None

    def days(self, id_: str, period: Window, zone: ZoneInfo) -> frozenset[int]:
        """On which days of a period an ok reading is proven (C3). Shape: ordinals of days of the agent's zone."""
        first, last = (_day(at, zone) for at in (period.start, period.end - 1))
        kept = self._reader.days_seen(self._ids.get(id_, 0), first, last)
        spans = clip(self._known.of(id_), period) if self._known.has(id_) else ()
        return frozenset((*kept, *_days_of(spans, self._validity(id_), zone)))

    def _rows_of(self, component: int) -> Sequence[DaySeen]:
        """One by one where few are asked for, else all at once."""
        self._asked += 1
        if self._asked > _ONE_BY_ONE:
            return self._rows.get(component, ())
        return self._reader.sightings_of(component, *self._days)

    @property
    def _days(self) -> tuple[int, int]:
        """The days of that week; one more on either side, as the agent's zone may be another one."""
        return _day(self._week.start, _UTC) - 1, _day(self._week.end, _UTC) + 1

    @cached_property
    def _rows(self) -> dict[int, list[DaySeen]]:
        """Days of sightings by component."""
        found: dict[int, list[DaySeen]] = {}
        for row in self._reader.sightings(*self._days):
            found.setdefault(row.component, []).append(row)
        return found

    @cached_property
    def _first_kept(self) -> int | None:
        """The first day of which the store kept sightings; all that it ever measured, if it began with them."""
        first = self._reader.first_sighting()
        if first is None or self._heartbeat is None:
            return first
        return 0 if _day(self._heartbeat, _UTC) >= first - 1 else first

    @cached_property
    def _imported(self) -> frozenset[int]:
        return self._reader.imported_components()

    def _spans(self, id_: str) -> Sequence[Span]:
        return clip(self._known.of(id_), self._week) if self._known.has(id_) else ()

    def _validity(self, id_: str) -> int:
        """How long a reading spoke at most (S2), by the longest interval that was ever registered."""
        book = self._known.book
        rows = book.versions(book.register_of(id_) or "", id_)
        stated = [row.body["interval_seconds"] for row in rows if "interval_seconds" in row.body]
        return max([book.interval(id_), *(round(float(seconds) * 1_000_000) for seconds in stated)]) * 3 // 2

    def _days_told(self, id_: str) -> Iterator[Told]:
        """The very readings; of a day that goes on beyond the cut-off its first may lie before it."""
        for row in self._rows_of(self._ids.get(id_, 0)):
            yield from ((at, Outcome.OK) for at in (row.first_ok, row.last_ok) if at is not None)
            yield from ((at, Outcome.FAILED) for at in (row.first_failed, row.last_failed) if at is not None)

    def _files_told(self, id_: str) -> Iterator[Told]:
        """What files say, as far as imported time counts at all (A8)."""
        component = self._ids.get(id_)
        if component is None or component not in self._imported:
            return
        end = self._week.end if self._heartbeat is None else min(self._heartbeat, self._week.end)
        for each in self._reader.imported_readings(component):
            if each.at < end:
                yield each.at, each.outcome
        for span in self._reader.imported_spans(component):
            if span.start < end and (outcome := _stated(span.state)) is not None:
                yield min(span.end, end) - 1, outcome

    def _may_hide_an_ok(self, span: Span) -> bool:
        """UP of which too little lies inside, or a time whose single readings nobody kept."""
        if span.imported or span.cause in _BLIND or span.state is State.OUT:
            return False
        return span.state in _GOOD or self._first_kept is None or _day(span.start, _UTC) - 1 <= self._first_kept


def _states_tell(spans: Sequence[Span], validity: int) -> Iterator[Told]:
    """What own states prove: see above. A recovery begins with an ok reading, an outage with a failed one."""
    before: Span | None = None
    for span in spans:
        if not span.imported and span.state is State.DOWN:
            yield span.end - 2 * validity, Outcome.FAILED
            if before is not None:
                yield span.start, Outcome.FAILED
        elif _is_steady(span):
            yield span.end - validity, Outcome.OK
            if before is not None and before.state in (State.DOWN, State.UNKNOWN) and before.end == span.start:
                yield span.start, Outcome.OK
        before = span


def _is_steady(span: Span) -> bool:
    """A time of ours in which every reading was ok."""
    return not span.imported and span.state in _GOOD and Degraded.BLIP not in span.degraded


def _days_of(spans: Sequence[Span], validity: int, zone: ZoneInfo) -> Iterator[int]:
    """Days that states prove: all that a file states, and those on which a steady time outlasts its last reading."""
    for span in spans:
        if not (_is_steady(span) or (span.imported and span.state in _GOOD)):
            continue
        for piece in pieces(Window(span.start, span.end), Piece.DAY, zone):
            day = to_datetime(piece.start, zone).date()
            if span.imported or piece.end - validity >= midnight(day, zone):
                yield day.toordinal()


def _stated(state: State) -> Outcome | None:
    return Outcome.OK if state in _GOOD else Outcome.FAILED if state is State.DOWN else None


def _day(at: int, zone: ZoneInfo) -> int:
    return to_datetime(at, zone).date().toordinal()
