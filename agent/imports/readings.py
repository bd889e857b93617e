"""`import readings`: what probes of another tool said; S1 to S5 make states of it when a figure is asked for."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.imports.fields import Fields
from agent.imports.headings import AT, INTERVAL, OUTCOME, OVER, TARGET
from agent.imports.problems import Problems
from agent.imports.reduction import clashes, known, reduce_readings
from agent.imports.request import ImportRequest, Tally
from agent.instants import format_instant
from agent.sheets import Column, Row
from agent.stores.base import ImportedReading
from agent.stores.importing import ImportStore
from sla.model import Degraded, Outcome
from sla.timeline import Span

Content = tuple[Outcome, int, int]
"""Outcome, interval in microseconds, limits broken."""


class ReadingRow(NamedTuple):
    """One row."""

    at: int
    line: int
    content: Content


class Readings:
    """One file of readings. Errors go to the problems."""

    columns: tuple[Column, ...] = (TARGET, AT, OUTCOME, INTERVAL, OVER)

    def __init__(self, request: ImportRequest, problems: Problems) -> None:
        self._request = request
        self._problems = problems
        self._fields = Fields(problems, request)
        self._rows: dict[str, list[ReadingRow]] = {}
        self._damaged: set[str] = set()
        self._added: dict[str, list[ReadingRow]] = {}
        self.first_lines: dict[str, int] = {}
        self.tally = Tally()

    def take(self, row: Row) -> None:
        """Read one row; every cell of it, so that all its problems are told."""
        fields, line, cells = self._fields, row.line, row.cells
        target, at = fields.target(line, cells[0]), fields.at(line, cells[1])
        outcome, interval, over = fields.outcome(line, cells[2]), fields.interval(line, cells[3]), self._over(row)
        if target is None:
            return
        self.first_lines.setdefault(target, line)
        if at is None or outcome is None or interval is None or over is None:
            self._damaged.add(target)
        else:
            self._rows.setdefault(target, []).append(ReadingRow(at, line, (outcome, interval, int(over))))

    def compare(self, name: str, component: int | None, store: ImportStore, first_heartbeat: int | None) -> None:
        """Hold a target's rows against what is known; what is new is kept for `write`."""
        held = [] if component is None else store.readings(component)
        contents: dict[int, tuple[Content, int]] = {
            reading.at: ((reading.outcome, reading.interval, reading.over), 0) for reading in held
        }
        added = []
        for row in sorted(self._rows.get(name, ())):
            before = contents.get(row.at)
            if before is None:
                contents[row.at] = (row.content, row.line)
                added.append(row)
            elif before[0] != row.content:
                source = f"row {before[1]}" if before[1] else self._file(store, component, row.at)
                self._twice(row, before[0], source)
        if component is not None and added and name not in self._damaged:
            self._check(component, held, added, store)
        self._added[name] = added
        self._count(len(self._rows.get(name, ())), added, first_heartbeat)

    def write(self, number: int, ids: Mapping[str, int], store: ImportStore) -> None:
        """Add what `compare` found new."""
        for name in sorted(self._added, key=ids.__getitem__):
            new = [ImportedReading(ids[name], row.at, *row.content) for row in self._added[name]]
            store.add_readings(number, new)

    def _over(self, row: Row) -> Degraded | None:
        return self._fields.over(row.line, row.cells[4])

    def _file(self, store: ImportStore, component: int | None, at: int) -> str:
        return "an earlier import" if component is None else store.file_of_reading(component, at)

    def _twice(self, row: ReadingRow, before: Content, source: str) -> None:
        text = (
            f"got {_words(row.content)}, wanted {_words(before)} as {source} says for {self._time(row.at)}; "
            "a target has one reading at an instant, correct or remove the row"
        )
        self._problems.add(row.line, "outcome", text)

    def _check(
        self, component: int, held: Sequence[ImportedReading], added: Sequence[ReadingRow], store: ImportStore
    ) -> None:
        """Time that a history has stated keeps its state."""
        stated = store.spans(component)
        if not stated:
            return
        new = [ImportedReading(component, row.at, *row.content) for row in added]
        merged = sorted([*held, *new], key=lambda reading: reading.at)
        for span, other in clashes(known(reduce_readings(merged)), stated):
            source = store.file_of_span(component, other.start)
            self._contradiction(added, span, other, source)

    def _contradiction(self, added: Sequence[ReadingRow], span: Span, other: Span, source: str) -> None:
        at = max(span.start, other.start)
        line = added[max(bisect_right(added, at, key=lambda row: row.at) - 1, 0)].line
        text = (
            f"got readings that make {span.state.label} of {self._time(span.start)} to {self._time(span.end)}, wanted "
            f"{other.state.label} as imported from {source} for {self._time(other.start)} to {self._time(other.end)}; "
            "imported time keeps its state, leave that time out"
        )
        self._problems.add(line, "outcome", text)

    def _time(self, at: int) -> str:
        return format_instant(at, self._request.zone)

    def _count(self, rows: int, added: Sequence[ReadingRow], first_heartbeat: int | None) -> None:
        self.tally.added += len(added)
        self.tally.known += rows - len(added)
        if first_heartbeat is not None:
            self.tally.late += sum(row.at >= first_heartbeat for row in added)


def _words(content: Content) -> str:
    outcome, interval, over = content
    limits = ";".join((flag.name or "").lower() for flag in Degraded(over))
    return f"{outcome.name.lower()} every {interval // 1_000_000} s" + (f" over {limits}" if limits else "")
