"""The store's side of imports: what files have stated already, and adding to it. Nothing is ever rewritten (E1)."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from agent.stores.base import Component, ImportedReading, ImportedSpan
from agent.stores.opening import SIMULATED
from agent.stores.reading import SqliteReader
from agent.stores.registering import NewRow, RawRow, add_rows, raw_rows
from agent.stores.writing import SqliteWriter
from sla.timeline import Span

_SPAN_FILE = """
SELECT file FROM imported_spans s JOIN imports i ON i.id = s.import
WHERE component = ? AND start_at <= ? ORDER BY start_at DESC LIMIT 1
"""
_READING_FILE = """
SELECT file FROM imported_readings r JOIN imports i ON i.id = r.import
WHERE component = ? AND at <= ? ORDER BY at DESC LIMIT 1
"""

# The whole of a staged import by four statements: a million rows take seconds, in which nothing else is written.
_MERGE = """
INSERT INTO imports (kind, file, digest, as_of, rows, recorded_at, recorded_by)
SELECT kind, file, digest, as_of, rows, ?, ? FROM staged.imports
"""
_MERGE_SPANS = """
INSERT INTO imported_spans SELECT coalesce(i.id, s.component), start_at, end_at, state, ?
FROM staged.imported_spans s LEFT JOIN temp.ids i ON i.provisional = s.component
"""
_MERGE_READINGS = """
INSERT INTO imported_readings SELECT coalesce(i.id, r.component), at, outcome, interval, over, ?
FROM staged.imported_readings r LEFT JOIN temp.ids i ON i.provisional = r.component
"""
_MERGE_REGISTERS = """
INSERT INTO register_rows SELECT register, id, version, valid_from, valid_to, body, ?, ?, ? FROM staged.register_rows
"""
_MEASURED = """
SELECT id, coalesce(json_extract(body, '$.kind'), 'link') FROM register_rows
WHERE register IN ('links', 'targets') ORDER BY register, id, version
"""


class ImportRow(NamedTuple):
    """One file that was imported. Units: as_of, recorded_at in microseconds UTC."""

    kind: str
    file: str
    digest: str
    as_of: int | None
    rows: int
    recorded_at: int
    recorded_by: str


class ImportStore:
    """Imports of a store through one connection; writing happens inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._reader = SqliteReader(connection)

    def components(self) -> dict[str, int]:
        """Ids by name."""
        return {component.name: component.id for component in self._reader.components()}

    def spans(self, component: int) -> list[Span]:
        """Time that histories have stated, in order."""
        return self._reader.imported_spans(component)

    def readings(self, component: int) -> list[ImportedReading]:
        """Readings that files have brought, in order."""
        return self._reader.imported_readings(component)

    def first_heartbeat(self) -> int | None:
        """When the store's own record begins (A8)."""
        return self._reader.first_heartbeat()

    @property
    def is_simulated(self) -> bool:
        """Whether the store carries the mark (E8)."""
        return self._reader.meta(SIMULATED) == "true"

    def measured(self) -> dict[str, str]:
        """What the registers of targets and links say is measured: ids to kinds."""
        return dict(self._db.execute(_MEASURED))

    def register_rows(self, register: str) -> list[RawRow]:
        """All versions of a register's rows, by id and version."""
        return raw_rows(self._db, register)

    def file_of_span(self, component: int, at: int) -> str:
        """The file that stated the span around an instant."""
        return self._text(_SPAN_FILE, component, at)

    def file_of_reading(self, component: int, at: int) -> str:
        """The file of the last reading at or before an instant."""
        return self._text(_READING_FILE, component, at)

    def add_import(self, row: ImportRow) -> int:
        """Note a file; the id that its spans and readings refer to."""
        cursor = self._db.execute(
            "INSERT INTO imports (kind, file, digest, as_of, rows, recorded_at, recorded_by)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        return int(cursor.lastrowid or 0)

    def add_components(self, ids: Mapping[str, int], kinds: Mapping[str, str], recorded_at: int) -> None:
        """New components by name; those without a kind of their own are `imported`."""
        self._db.executemany(
            "INSERT INTO components VALUES (?, ?, ?, ?, ?)",
            [
                (number, target, part, kinds.get(name, "imported"), recorded_at)
                for name, number in ids.items()
                for target, _, part in [name.partition("#")]
            ],
        )

    def add_spans(self, number: int, spans: Sequence[ImportedSpan]) -> None:
        """Spans of an import. Errors: sqlite3.IntegrityError for a start that is there already."""
        self._db.executemany("INSERT INTO imported_spans VALUES (?, ?, ?, ?, ?)", [(*span, number) for span in spans])

    def add_readings(self, number: int, readings: Sequence[ImportedReading]) -> None:
        """Readings of an import. Errors: sqlite3.IntegrityError for an instant that is there already."""
        self._db.executemany(
            "INSERT INTO imported_readings VALUES (?, ?, ?, ?, ?, ?)", [(*reading, number) for reading in readings]
        )

    def add_register_rows(self, row: ImportRow, number: int, new: Sequence[NewRow]) -> None:
        """Rows of an import. Errors: sqlite3.IntegrityError for a version that is there already."""
        add_rows(self._db, (row.kind, row.recorded_at, row.recorded_by), number, new)

    def merge(self, ids: Mapping[int, int], recorded_at: int, by: str) -> None:
        """All rows of the attached store `staged`, which holds one import; `ids` are for its provisional ones."""
        self._db.execute("CREATE TEMP TABLE ids (provisional INTEGER PRIMARY KEY, id INTEGER NOT NULL)")
        self._db.executemany("INSERT INTO temp.ids VALUES (?, ?)", ids.items())
        number = self._db.execute(_MERGE, (recorded_at, by)).lastrowid
        self._db.execute(_MERGE_SPANS, (number,))
        self._db.execute(_MERGE_READINGS, (number,))
        self._db.execute(_MERGE_REGISTERS, (recorded_at, by, number))
        self._db.execute("DROP TABLE temp.ids")

    def _text(self, sql: str, *values: int) -> str:
        row = self._db.execute(sql, values).fetchone()
        return str(row[0]) if row else "an earlier import"


class StagedImport(NamedTuple):
    """One import in a store of its own, ready to be taken over. Units: recorded_at in microseconds UTC.

    Shape: its new components have provisional ids there; `ids` are their real ones, `made` those that are in no
    store yet.
    """

    path: Path
    ids: Mapping[int, int]
    made: Iterable[Component]
    recorded_at: int
    by: str

    def take_over(self, writer: SqliteWriter) -> None:
        """Add it to a store, whole or not at all. Errors: StoreError."""
        with ExitStack() as afterwards, writer.transaction() as db:
            db.execute("ATTACH ? AS staged", (f"{self.path.as_uri()}?immutable=1",))
            afterwards.callback(db.execute, "DETACH staged")
            rows = [(*component, self.recorded_at) for component in self.made]
            db.executemany("INSERT INTO components VALUES (?, ?, ?, ?, ?)", rows)
            ImportStore(db).merge(self.ids, self.recorded_at, self.by)
