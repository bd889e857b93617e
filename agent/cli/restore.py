"""sla-agent restore: a backup becomes the store; what was there is moved aside, never overwritten."""

import contextlib
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer

from agent.cli.common import (
    ConfigOption,
    Place,
    StoreOption,
    failing_clearly,
    now_us,
    open_connection,
    os_user,
    place,
)
from agent.cli.copies import Contents, check, copy, sha256, sync
from agent.errors import StoreError, UsageError
from agent.headmaking import HeadMaker, Terms
from agent.instants import format_instant
from agent.stores import chaining
from agent.stores.base import Batch, Record, RunStart
from agent.stores.chaining import Kept
from agent.stores.holder import Holder, lock_path
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from agent.witnesses import Speaker, about
from sla.periods import to_datetime
from sla.seal import Json

COMPANIONS = ("-wal", "-shm")
"""Files that belong to a store beside its own."""

RECORD = "restore"


class Restored(NamedTuple):
    """What was done."""

    contents: Contents
    aside: Path | None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("restore")(restore)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a backup the store. Refused while a process holds it; the store that was there is moved aside."""
    with failing_clearly():
        where = place(store, config)
        done = put(where.location, file, where.zone, where)
    if done.aside is not None:
        typer.echo(f"the store that was there is now {done.aside}")
    until = done.contents.heartbeat_at
    typer.echo(f"{where.location}: restored from {file}, {done.contents.components} components")
    if until is not None:
        typer.echo(f"it speaks until {format_instant(until, where.zone)}; from then to the next start time is UNKNOWN")


def put(location: Location, file: Path, zone: ZoneInfo, where: Place | None = None) -> Restored:
    """Everything is checked and ready before the old store is touched. Errors: StoreError, StoreHeldError."""
    path = location.path
    if path is None:
        raise UsageError("store :memory: cannot be restored; name a store that is a file")
    path = path.resolve()
    if file.resolve() == path:
        raise UsageError(f"{file} is the store itself; name a backup")
    if not file.is_file():
        raise StoreError(f"{file}: no such file; name a backup")
    with Holder(location, "sla-agent restore"):
        ready = path.with_name(f"{path.name}.restoring-{os.getpid()}")
        try:
            copy(Location(file.absolute()), ready)
            contents = check(ready, file)
            _record(ready, file, zone, _Ends(contents.heartbeat_at, chain_end(location), where))
            _give_to_owner(ready, path)
            aside = move_aside(path, zone) if path.exists() else None
            ready.rename(path)
            sync(path)
        except OSError as exc:
            raise StoreError(f"cannot restore to {path}: {exc}; look at {path.parent} before you go on") from exc
        finally:
            ready.unlink(missing_ok=True)
    return Restored(contents, aside)


def move_aside(path: Path, zone: ZoneInfo) -> Path:
    """Rename the store with its companions: NAME.before-restore-TIME. Errors: OSError, StoreError if that exists."""
    with contextlib.suppress(StoreError, sqlite3.Error), closing(connect(Location(path))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # a damaged store is moved as it is
    aside = path.with_name(f"{path.name}.before-restore-{to_datetime(now_us(), zone):%Y%m%dT%H%M%S}")
    if aside.exists():
        raise StoreError(f"{aside} exists; restore again in a second")
    for suffix in ("", *COMPANIONS):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


class _Ends(NamedTuple):
    """Up to when the backup speaks, and where the chain ended that is put aside."""

    until: int | None
    aside: Json | None
    where: Place | None


def chain_end(location: Location) -> Json | None:
    """The last head of a store, for the one that takes its place to name; None where it has none, or is no store."""
    with contextlib.suppress(StoreError, sqlite3.Error, ValueError), open_connection(location) as db:
        kept = chaining.last_head(db)
        return None if kept is None else {"number": kept.head.number, "digest": f"{kept.head.algorithm}:{kept.digest}"}
    return None


def _record(path: Path, file: Path, zone: ZoneInfo, ends: _Ends) -> None:
    """The restored store says so itself (E7), and its chain begins a new epoch: nothing of it goes unsaid (E3)."""
    body = json.dumps({"file": str(file.absolute()), "sha256": sha256(file)}, ensure_ascii=False)
    location = Location(path)
    with closing(connect(location)) as connection:
        migrate(connection, location)
        writer = SqliteWriter(connection)
        maker = HeadMaker(location, writer, zone)
        if ends.where is not None:
            speaker = Speaker(about(writer.reader), lambda: ends.where.witnesses if ends.where else (), now_us)
            maker.terms = Terms(ends.where.algorithm, speaker.head)
        maker.begin_late(now_us())
        maker.make_begun()
        before = chaining.last_head(connection)
        _note(connection, writer, body)
        maker.begin(RECORD, now_us(), {"restore": _said(connection, before, json.loads(body), ends, zone)})
        maker.make_begun()
        connection.execute("PRAGMA journal_mode = DELETE")


def _said(db: sqlite3.Connection, before: Kept | None, body: Json, ends: _Ends, zone: ZoneInfo) -> Json:
    """What the head of a restore says: the chain it goes on from, and the time that nobody recorded."""
    earlier = db.execute("SELECT count(*) FROM heads WHERE kind = ?", (RECORD,)).fetchone()[0]
    return {
        **body,
        "epoch": earlier + 2,
        "continues": "" if before is None else f"{before.head.algorithm}:{before.digest}",
        "speaks_until": None if ends.until is None else format_instant(ends.until, zone),
        "put_aside": ends.aside,
    }


def _note(connection: sqlite3.Connection, writer: SqliteWriter, body: str) -> None:
    """On the last run of the backup, or of the store itself where none ever ran."""
    run = SqliteReader(connection).last_run()
    if run is None:
        writer.set_meta(RECORD, body)
    else:
        start = RunStart(run.vantage, run.boot_no, run.floor, run.heartbeat_at, clean=False, tracks={})
        record = Record(_next_seq(connection, start), now_us(), RECORD, body, os_user())
        writer.write(start, Batch(run.heartbeat_at, records=[record]))


def _next_seq(connection: sqlite3.Connection, run: RunStart) -> int:
    """Behind everything that the run has written (E2)."""
    key = (run.vantage, run.boot_no)
    edges, records = (
        connection.execute(
            f"SELECT coalesce(max(seq), 0) FROM {table} WHERE vantage = ? AND boot_no = ?", key
        ).fetchone()[0]
        for table in ("edges", "records")
    )
    return int(max(edges, records)) + 1


def _give_to_owner(ready: Path, path: Path) -> None:
    """What root restores belongs to whom the store belonged to, or the folder: else its agent could not write it."""
    if os.geteuid() != 0:
        return
    like = (path if path.exists() else path.parent).stat()
    for name in (ready, lock_path(path)):
        os.chown(name, like.st_uid, like.st_gid)
    if path.exists():
        ready.chmod(like.st_mode & 0o777)
