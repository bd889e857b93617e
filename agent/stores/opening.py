"""Opening an SQLite store: its address, pragmas, schema version and migrations."""

import sqlite3
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from agent.errors import StoreError
from agent.stores.refusal import why

APPLICATION_ID = 0x534C4167  # "SLAg": file(1) and we know the file as ours
MEMORY = ":memory:"
SIMULATED = "simulated"
"""The mark of a store that was born simulated (E8); it cannot be lost."""

_BORN_SIMULATED = f"INSERT INTO meta VALUES ('{SIMULATED}', 'true');"


class Location(NamedTuple):
    """Where a store is: a file, or memory (path is then None). `simulated`: only one that was born so will do (E8)."""

    path: Path | None
    simulated: bool = False

    def __str__(self) -> str:
        return str(self.path) if self.path is not None else MEMORY


def parse_url(url: str, *, simulated: bool = False) -> Location:
    """The location of sqlite:///relative, sqlite:////absolute or sqlite:///:memory:. Errors: StoreError."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url == prefix:
        raise StoreError(
            f"store {url}: wanted sqlite:///PATH (four slashes for an absolute path) or sqlite:///:memory:"
        )
    name = url.removeprefix(prefix)
    return Location(None if name == MEMORY else Path(name).absolute(), simulated)


def connect(location: Location, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with the pragmas the ledger rests on (WAL, synchronous=FULL). Errors: StoreError."""
    try:
        connection = _open(location, read_only=read_only)
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("PRAGMA foreign_keys = ON")
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as exc:
        raise StoreError(f"store {location}: {exc}; check the path, its permissions and that it is a store") from exc
    return connection


def migrate(connection: sqlite3.Connection, location: Location) -> None:
    """Bring the schema to this version, each step whole or not at all; a new store is born as its location says.

    Errors: StoreError for a newer schema, and for a store of real data where only a simulated one will do.
    """
    steps = migrations()
    try:
        have = int(connection.execute("PRAGMA user_version").fetchone()[0])
        check_ours(connection, location, have)
        if have > len(steps):
            raise StoreError(
                f"store {location}: schema version {have}, this program knows up to {len(steps)}; "
                "use the program that wrote it, or a newer one"
            )
        if have and location.simulated:
            _check_simulated(connection, location)
        for number, script in enumerate(steps[have:], start=have + 1):
            mark = _BORN_SIMULATED if location.simulated and number == 1 else ""
            connection.executescript(
                f"BEGIN IMMEDIATE; {script}; {mark} PRAGMA user_version = {number}; "
                f"PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            )
    except sqlite3.Error as exc:
        raise StoreError(f"store {location}: cannot prepare the schema: {why(exc)}") from exc


def _check_simulated(connection: sqlite3.Connection, location: Location) -> None:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (SIMULATED,)).fetchone()
    if row != ("true",):
        raise StoreError(
            f"store {location}: was not born simulated, but the configuration says store.simulated: true; "
            "name a new file in store.url, as simulated data may not stand beside real ones"
        )


def check_ours(connection: sqlite3.Connection, location: Location, user_version: int) -> None:
    """Refuse a database of another program before touching it. Errors: StoreError."""
    ours = int(connection.execute("PRAGMA application_id").fetchone()[0]) == APPLICATION_ID
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if not ours and (tables or user_version):
        raise StoreError(f"store {location}: a database of another program; name a new file")


def schema_version(connection: sqlite3.Connection) -> int:
    """The schema version that the file has."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrations() -> list[str]:
    """The numbered scripts, oldest first; they travel in the wheel."""
    folder = resources.files("agent.stores") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(folder / name).read_text(encoding="utf-8") for name in names]


def _open(location: Location, *, read_only: bool) -> sqlite3.Connection:
    name = MEMORY if location.path is None else location.path.as_uri()
    if location.path is not None and read_only:
        if not location.path.is_file():
            raise StoreError(f"store {location}: no such file; name the store that an agent writes")
        name += "?mode=ro"
    elif location.path is not None:
        location.path.parent.mkdir(parents=True, exist_ok=True)
    return sqlite3.connect(
        name, uri=location.path is not None, isolation_level=None, check_same_thread=False, cached_statements=256
    )
