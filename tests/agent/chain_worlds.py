"""Stores with rows in every table of the ledger, of every schema that was ever released, for the tests of the chain."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.headmaking import HeadMaker
from agent.stores.chaincheck import Bad, Found, Told, Walk
from agent.stores.covering import COVERED, Covered
from agent.stores.opening import APPLICATION_ID, Location, connect, migrate, migrations
from agent.stores.writing import SqliteWriter

ZONE = ZoneInfo("Asia/Shanghai")
HOUR_US = 3_600_000_000
JUNE = 1_748_707_200_000_000
"""2025-06-01 00:00 in the zone."""

ROWS = 4
FIRST_CHAINED = 6
"""The schema that brought the chain."""

_TEXTS = {"text": ("probe", "unconfirmed", "agent_down", "timeout"), "kind": ("start", "reload", "tcp", "stop")}
_SMALL = {
    "state", "degraded", "cause", "import", "outcome", "component", "vantage", "boot_no", "version", "number", "id",
    "hop",
}  # fmt: skip


class World:
    """A store in a file, its writer, and its heads."""

    def __init__(self, path: Path) -> None:
        self.location = Location(path)
        connection = connect(self.location)
        migrate(connection, self.location)
        self.writer = SqliteWriter(connection)
        self.maker = HeadMaker(self.location, self.writer, ZONE)

    def head(self, at: int, kind: str = "hour") -> str:
        """Begin a head and make it; its digest."""
        self.maker.begin(kind, at)
        return self.maker.make_begun()[-1].digest

    def sql(self, text: str, *values: object) -> None:
        """Past the agent, as somebody with the file would: no trigger sees it."""
        tamper(self.location.path, text, *values)

    def walk(self) -> Found:
        return walk(self.location)

    def bad(self) -> Bad:
        """The first record that is wrong."""
        found = self.walk().bad
        assert found, "nothing was found wrong"
        return found[0]

    def close(self) -> None:
        self.writer.close()


def walk(location: Location) -> Found:
    with closing(connect(location, read_only=True)) as db:
        return Walk(db, Told(str, lambda *_: None)).walk()


def tamper(path: Path | None, text: str, *values: object) -> None:
    """One statement without the triggers of the store, which are put back."""
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute(text, values)
        for _, sql in triggers:
            db.execute(sql)
        db.execute("COMMIT")


def fill(db: sqlite3.Connection, rows: int = ROWS, first: int = 1) -> None:
    """So many rows in every table of the ledger that this schema has."""
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for covered in COVERED:
        if covered.table in there:
            for number in range(first, first + rows):
                columns = _columns(db, covered.table)
                values = [value_of(covered, name, kind, number) for name, kind in columns.items()]
                marks = ", ".join("?" * len(values))
                db.execute(f"INSERT INTO {covered.table} VALUES ({marks})", values)


def value_of(covered: Covered, name: str, kind: str, number: int) -> object:
    """A value that the schema and the readers understand."""
    if name == "month":
        return 202500 + number
    if name in ("day", "hour"):
        return (739_000 if name == "day" else JUNE // HOUR_US) + number
    if kind == "BLOB":
        return bytes([number, 0, number, 0])
    if name == "body":
        return f'{{"n": {number}}}'
    if kind == "TEXT":
        return _TEXTS.get(name, (f"{name}-{number}",) * 99)[(number - 1) % len(_TEXTS.get(name, "x" * 99))]
    if name in _SMALL:
        return 1 if name in ("state", "degraded", "outcome") else (number - 1) % ROWS + 1 if name in _REFERS else number
    return JUNE + number


_REFERS = {"cause", "import", "vantage"} - {"id"}


def old_store(path: Path, schema: int) -> None:
    """A store as the release with that schema left it, rows in all its tables."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        for number, script in enumerate(migrations()[:schema], start=1):
            db.executescript(
                f"BEGIN; {script}; PRAGMA user_version = {number}; PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            )
        fill(db)


def _columns(db: sqlite3.Connection, table: str) -> Mapping[str, str]:
    return {row[1]: row[2] for row in db.execute(f"PRAGMA table_info({table})")}


def rows_of(location: Location) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of the ledger, to compare."""
    with closing(connect(location, read_only=True)) as db:
        there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {
            covered.table: db.execute(f"SELECT * FROM {covered.table} ORDER BY {', '.join(covered.key)}").fetchall()
            for covered in COVERED
            if covered.table in there
        }
