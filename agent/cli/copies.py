"""Copies of a store: made from one that may be in use, checked before anybody relies on them."""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from agent.errors import StoreError
from agent.stores.opening import Location, check_ours, connect, migrations, schema_version
from agent.stores.reading import SqliteReader

PAGES = 4096
"""Copied at a time; between two pieces a progress bar moves."""

CHUNK_BYTES = 1024 * 1024

Copied = Callable[[int, int, int], None]


class Contents(NamedTuple):
    """What a checked copy holds. Units: microseconds UTC; None for a store in which no agent ever ran."""

    schema: int
    components: int
    heartbeat_at: int | None


def copy(source: Location, target: Path) -> None:
    """Copy a store into a new file, one instant of it, also while an agent writes. Errors: StoreError, no file."""
    with new_file(target), _bar() as copied, closing(connect(source, read_only=True)) as connection:
        try:
            connection.execute("BEGIN")  # one snapshot from here on: without it each commit of the agent starts us anew
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            check_ours(connection, source, schema_version(connection))
            with closing(sqlite3.connect(target, isolation_level=None)) as written:
                connection.backup(written, pages=PAGES, progress=copied, sleep=0)
                written.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        except sqlite3.Error as exc:
            raise StoreError(f"{source}: cannot be copied: {exc}; is it a whole store, and is there room?") from exc
        sync(target)


def check(path: Path, name: Path) -> Contents:
    """Read a copy from end to end. Errors: StoreError saying what is wrong with `name`."""
    location = Location(path)
    with closing(connect(location, read_only=True)) as connection:
        try:
            schema = schema_version(connection)
            check_ours(connection, Location(name), schema)
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
        except sqlite3.Error as exc:
            raise StoreError(f"{name}: not a whole store: {exc}; take another backup") from exc
        if found != ["ok"]:
            raise StoreError(f"{name}: damaged: {'; '.join(found)}; take another backup")
        if not 1 <= schema <= len(migrations()):
            raise StoreError(
                f"{name}: schema version {schema}, this program knows 1 to {len(migrations())}; "
                "use the program that wrote it, or a newer one"
            )
        return _contents(connection, schema)


def _contents(connection: sqlite3.Connection, schema: int) -> Contents:
    reader = SqliteReader(connection)
    run = reader.last_run()
    return Contents(schema, len(reader.components()), None if run is None else run.heartbeat_at)


@contextmanager
def new_file(path: Path) -> Iterator[None]:
    """The file is new and empty, private, and is removed again if what follows fails. Errors: StoreError."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        raise StoreError(f"{path} exists and is never overwritten; name a new file, or move it away") from None
    except OSError as exc:
        raise StoreError(f"{path.parent}: takes no new file: {exc.strerror}; name a file in another folder") from None
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """The file and its name are on the disk when this returns."""
    for name in (path, path.parent):
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sha256(path: Path) -> str:
    """The digest of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _bar() -> Iterator[Copied | None]:
    """A bar on a terminal, nothing where the output goes elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(TextColumn("copying"), BarColumn(), TaskProgressColumn(), console=console, transient=True) as bar:
        task = bar.add_task("copying", total=None)

        def copied(_: int, left: int, total: int) -> None:
            bar.update(task, completed=total - left, total=total)

        yield copied
