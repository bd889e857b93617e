"""Rows of registers and records: dated, versioned, only ever added (E1). Nothing here says what a column means."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from decimal import Decimal
from sys import intern
from typing import Any, NamedTuple

Body = dict[str, Any]

STARTS = 1_000_000
"""In the number of a register's state: an import counts so much, a start or reload one."""

_COLUMNS = "register, id, version, valid_from, valid_to, body, recorded_at, recorded_by"
_ROWS = f"SELECT {_COLUMNS} FROM register_rows WHERE register = ? ORDER BY id, version"
_VERSIONS = """
SELECT i.kind, max(i.id), i.digest, i.file, i.recorded_at, i.recorded_by FROM imports i
WHERE i.kind IN (SELECT DISTINCT register FROM register_rows) GROUP BY i.kind
"""
# bare columns beside max() are those of the row that has it: SQLite says so
_ADD = f"INSERT INTO register_rows ({_COLUMNS}, import) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class RegisterRow(NamedTuple):
    """One dated row as it was recorded. Units: microseconds UTC; valid_* None is unbounded.

    Shape: a dated row is known by (id, valid_from), its highest version holds; version counts the rows of the id.
    `body` has every column that was filled in but the id's; decimals are Decimal.
    """

    register: str
    id: str
    version: int
    valid_from: int | None
    valid_to: int | None
    body: Body
    recorded_at: int
    recorded_by: str


class RawRow(NamedTuple):
    """The same with its body as text, as it lies in the store."""

    register: str
    id: str
    version: int
    valid_from: int | None
    valid_to: int | None
    body: str
    recorded_at: int
    recorded_by: str

    def read(self) -> RegisterRow:
        """With the body as values."""
        register, recorded_by = intern(self.register), intern(self.recorded_by)  # 43 000 rows of one file say the same
        return RegisterRow(register, *self[1:5], parse_body(self.body), self.recorded_at, recorded_by)


class NewRow(NamedTuple):
    """One row on its way into the store, which stamps it. Shape: as RawRow."""

    id: str
    version: int
    valid_from: int | None
    valid_to: int | None
    body: str


class RegisterVersion(NamedTuple):
    """Which state of a register holds: the last import that changed it. Units: recorded_at in microseconds UTC."""

    register: str
    number: int
    digest: str
    file: str
    recorded_at: int
    recorded_by: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


def parse_body(text: str) -> Body:
    """A body's text as values; decimals stay exact."""
    body: Body = json.loads(text, parse_float=Decimal, object_pairs_hook=_shared)
    return body


def _shared(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Equal words of 43 000 rows are one string: the rows say camera and the names of columns over and over."""
    return {intern(name): intern(value) if type(value) is str else value for name, value in pairs}


def raw_rows(db: sqlite3.Connection, register: str) -> list[RawRow]:
    """All versions of a register's rows, by id and version."""
    return [RawRow(*row) for row in db.execute(_ROWS, (register,))]


def rows(db: sqlite3.Connection, register: str) -> list[RegisterRow]:
    """All versions of a register's rows, by id and version."""
    return [row.read() for row in raw_rows(db, register)]


def current(db: sqlite3.Connection, register: str) -> list[RegisterRow]:
    """What a register says now: of each dated row the highest version, by id and begin.

    Shape: a row without an end of its own ends where the next row of its id begins.
    """
    return [row.read() for row in standing(raw_rows(db, register))]


def latest(versions: Iterable[RawRow]) -> list[RawRow]:
    """Of each dated row the highest version, by id and begin, with the end that it says itself."""
    newest = {(row.id, row.valid_from): row for row in versions}
    return sorted(newest.values(), key=_place)


def standing(versions: Iterable[RawRow]) -> list[RawRow]:
    """The rows of `current` from all versions. Shape: as `raw_rows` orders them."""
    found = latest(versions)
    after = [*found[1:], None]
    return [_ended(row, follower) for row, follower in zip(found, after, strict=True)]


def register_versions(db: sqlite3.Connection) -> dict[str, RegisterVersion]:
    """The version of each register that has rows."""
    return {row[0]: RegisterVersion(*row) for row in db.execute(_VERSIONS)}


def add_rows(db: sqlite3.Connection, row: tuple[str, int, str], import_: int, new: Sequence[NewRow]) -> None:
    """Rows of an import, inside the caller's transaction. Shape: row is register, recorded_at, recorded_by.

    Errors: sqlite3.IntegrityError for a version that is there already.
    """
    register, at, by = row
    db.executemany(_ADD, [(register, *one, at, by, import_) for one in new])


def _place(row: RawRow) -> tuple[str, bool, int]:
    return row.id, row.valid_from is not None, row.valid_from or 0


def _ended(row: RawRow, follower: RawRow | None) -> RawRow:
    if row.valid_to is None and follower is not None and follower.id == row.id:
        return row._replace(valid_to=follower.valid_from)
    return row
