"""`import history`: confirmed states with their instants, each holding until the target's next row."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from agent.imports.fields import Fields
from agent.imports.headings import AT, STATE, TARGET
from agent.imports.problems import Problems
from agent.imports.reduction import clashes, known, reduce_readings
from agent.imports.request import ImportRequest, Tally
from agent.instants import format_instant
from agent.sheets import Column, Row
from agent.stores.base import ImportedSpan
from agent.stores.importing import ImportStore
from sla.model import State
from sla.timeline import Span


class StateRow(NamedTuple):
    """One row."""

    at: int
    line: int
    state: State


class Claim(NamedTuple):
    """Time that the file gives a state, from the row in `line` on."""

    start: int
    end: int
    state: State
    line: int


class History:
    """One file of states. Errors go to the problems."""

    columns: tuple[Column, ...] = (TARGET, AT, STATE)

    def __init__(self, request: ImportRequest, as_of: int, problems: Problems) -> None:
        self._request = request
        self._as_of = as_of
        self._problems = problems
        self._fields = Fields(problems, request)
        self._rows: dict[str, list[StateRow]] = {}
        self._damaged: set[str] = set()
        self._added: dict[str, list[tuple[int, int, State]]] = {}
        self.first_lines: dict[str, int] = {}
        self.tally = Tally()

    def take(self, row: Row) -> None:
        """Read one row; every cell of it, so that all its problems are told."""
        target = self._fields.target(row.line, row.cells[0])
        at = self._fields.at(row.line, row.cells[1])
        state = self._fields.state(row.line, row.cells[2])
        if at is not None and at > self._as_of:
            as_of = format_instant(self._as_of, self._request.zone)
            text = f"got {row.cells[1]}, wanted a time not after --as-of {as_of}; correct one of them"
            self._problems.add(row.line, "at", text)
            at = None
        if target is None:
            return
        self.first_lines.setdefault(target, row.line)
        if at is None or state is None:
            self._damaged.add(target)
        else:
            self._rows.setdefault(target, []).append(StateRow(at, row.line, state))

    def compare(self, name: str, component: int | None, store: ImportStore, first_heartbeat: int | None) -> None:
        """Hold a target's rows against what is known; what is new is kept for `write`."""
        claims = list(self._claims(name))
        if name in self._damaged:  # spans around a bad row would only be guesses
            return
        held = [] if component is None else store.spans(component)
        if component is not None:
            self._check(claims, held, component, store)
        pieces = _joined(new_time(claims, held))
        self._added[name] = pieces
        self._count(claims, pieces, first_heartbeat)

    def write(self, number: int, ids: Mapping[str, int], store: ImportStore) -> None:
        """Add what `compare` found new."""
        for name in sorted(self._added, key=ids.__getitem__):
            store.add_spans(number, [ImportedSpan(ids[name], *piece) for piece in self._added[name]])

    def _claims(self, name: str) -> Iterator[Claim]:
        rows = sorted(self._rows.get(name, ()))
        for one, other in pairwise(rows):
            if one.at == other.at and one.state is not other.state:
                self._problems.add(other.line, "state", self._twice(one, other))
                self._damaged.add(name)
        ends = [row.at for row in rows[1:]] + [self._as_of]
        for row, end in zip(rows, ends, strict=False):
            if row.at < end:
                yield Claim(row.at, end, row.state, row.line)

    def _twice(self, one: StateRow, other: StateRow) -> str:
        return (
            f"got {_word(other.state)}, wanted {_word(one.state)} as row {one.line} says for "
            f"{self._time(one.at)}; a target has one state at an instant, correct one of the two"
        )

    def _check(self, claims: Sequence[Claim], held: Sequence[Span], component: int, store: ImportStore) -> None:
        for claim, span in clashes(claims, held):
            self._contradiction(claim, span, f"imported from {store.file_of_span(component, span.start)}")
        readings = store.readings(component)
        for claim, span in clashes(claims, known(reduce_readings(readings))) if readings else ():
            source = store.file_of_reading(component, max(claim.start, span.start))
            self._contradiction(claim, span, f"follows from the readings of {source}")

    def _contradiction(self, claim: Claim, span: Span, source: str) -> None:
        text = (
            f"got {_word(claim.state)} from {self._time(claim.start)} to {self._time(claim.end)}, wanted "
            f"{_word(span.state)} as {source} for {self._time(span.start)} to {self._time(span.end)}; "
            "imported time keeps its state, correct the row or leave that time out"
        )
        self._problems.add(claim.line, "state", text)

    def _time(self, at: int) -> str:
        return format_instant(at, self._request.zone)

    def _count(
        self, claims: Sequence[Claim], pieces: Sequence[tuple[int, int, State]], first_heartbeat: int | None
    ) -> None:
        tally = self.tally
        added = sum(end - start for start, end, _ in pieces)
        tally.added += len(pieces)
        tally.added_us += added
        tally.known_us += sum(claim.end - claim.start for claim in claims) - added
        if first_heartbeat is not None:
            late = [end - max(start, first_heartbeat) for start, end, _ in pieces if end > first_heartbeat]
            tally.late += len(late)
            tally.late_us += sum(late)


def new_time(claims: Sequence[Claim], held: Sequence[Span]) -> Iterator[tuple[int, int, State]]:
    """What of the claims no held span covers. Shape: both ordered and disjoint."""
    position = 0
    for claim in claims:
        start = claim.start
        while position < len(held) and held[position].end <= start:
            position += 1
        at = position
        while at < len(held) and held[at].start < claim.end:
            if start < held[at].start:
                yield start, held[at].start, claim.state
            start = held[at].end
            at += 1
        if start < claim.end:
            yield start, claim.end, claim.state


def _joined(pieces: Iterator[tuple[int, int, State]]) -> list[tuple[int, int, State]]:
    joined: list[tuple[int, int, State]] = []
    for start, end, state in pieces:
        last = joined[-1] if joined else None
        if last is not None and last[1] == start and last[2] is state:
            joined[-1] = (last[0], end, state)
        else:
            joined.append((start, end, state))
    return joined


def _word(state: State) -> str:
    return "out" if state is State.OUT else state.label
