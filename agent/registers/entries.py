"""The cells of a register's rows into typed values; what they cannot be goes to the problems of the file."""

import json
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from agent.config.problems import show
from agent.instants import format_instant
from agent.registers.schema import Field, Register
from agent.registers.types import Value
from agent.sheets.problems import Problems
from agent.sheets.table import Row

BLANK = frozenset({"-", "--", "—", "——", "/", "无"})
"""Cells that say there is nothing."""

_KEPT = 4096
"""Different cells of a column whose values are kept: most columns repeat a few."""

_WHOLE: frozenset[str] = frozenset()
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)


@dataclass(slots=True)
class Entry:
    """One row of the file. Shape: `values` without the id; `damaged` are the columns that could not be read."""

    line: int
    sheet: str
    id: str = ""
    values: dict[str, Value] = field(default_factory=dict)
    damaged: frozenset[str] = _WHOLE
    start: int | None = None
    end: int | None = None

    @property
    def key(self) -> tuple[str, int | None]:
        """What makes it the same dated row in the next file."""
        return self.id, self.start

    @property
    def body(self) -> str:
        """Its canonical JSON: sorted, without blanks."""
        return _ENCODER.encode(self.values)


class Cells:
    """Reads rows of one register."""

    def __init__(self, register: Register, zone: ZoneInfo, now: int, problems: Problems) -> None:
        self._register, self._zone, self._now, self._problems = register, zone, now, problems
        self._columns: list[tuple[str, bool, Field, dict[str, Value]]] = [
            (column.name, column.required, column, {}) for column in register.fields
        ]

    def entry(self, row: Row) -> Entry:
        """One row; every cell of it is read, so that all its problems are told."""
        entry = Entry(row.line, row.sheet)
        values = entry.values
        for (name, required, column, seen), text in zip(self._columns, row.cells, strict=True):
            if not text and not required:
                continue
            value = seen.get(text)
            if value is None and (value := self._value(entry, column, text)) is not None and len(seen) < _KEPT:
                seen[text] = value
            if value is not None:
                values[name] = value
        entry.id = str(values.pop(self._register.id, ""))
        if self._register.dated:
            entry.start, entry.end = values.get(self._register.start), values.get(self._register.end)
        return entry

    def _value(self, entry: Entry, column: Field, text: str) -> Value:
        if text and text not in BLANK:
            return self._read(entry, column, text)
        if column.required:
            self._miss(entry, column, text)
        return None

    def note(self, entry: Entry, column: str, text: str) -> None:
        """A problem of one cell."""
        self._problems.add(entry.line, column, text, entry.sheet)

    def _read(self, entry: Entry, column: Field, text: str) -> Value:
        try:
            value = column.type.read(text, self._zone)
            wrong = "" if not column.type.stamp or value <= self._now else self._future()
        except ValueError as exc:
            value, wrong = None, str(exc)
        if not wrong:
            return value
        entry.damaged |= {column.name}
        self.note(entry, column.name, f"got {show(text)}, {wrong}")
        return None

    def _future(self) -> str:
        now = format_instant(self._now, self._zone)
        return f"wanted a time that has come (it is {now}); correct the time"

    def _miss(self, entry: Entry, column: Field, text: str) -> None:
        entry.damaged |= {column.name}
        self.note(entry, column.name, f"got {show(text) if text else 'nothing'}, wanted a value; fill it in")
