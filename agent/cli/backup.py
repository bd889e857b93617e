"""sla-agent backup: a whole, checked copy of the store, also while an agent writes it."""

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import ConfigOption, StoreOption, failing_clearly, place
from agent.cli.copies import Contents, check, copy, sha256, sync
from agent.errors import StoreError, UsageError
from agent.instants import format_instant
from agent.stores.opening import Location


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backup")(backup)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; one that exists is never overwritten.")],
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Copy the store into one file, also while an agent writes it; the copy is read from end to end."""
    with failing_clearly():
        where = place(store, config)
        contents = make(where.location, file)
        until = "no agent ever ran on it"
        if contents.heartbeat_at is not None:
            until = f"durable until {format_instant(contents.heartbeat_at, where.zone)}"
        typer.echo(f"{file}: {file.stat().st_size} bytes, read from end to end")
        typer.echo(f"schema {contents.schema}, {contents.components} components, {until}")
        typer.echo(f"sha256 {sha256(file)}")


def make(location: Location, file: Path) -> Contents:
    """The copy under its name only once it is checked. Errors: StoreError, UsageError; then there is no file."""
    if location.path is None:
        raise UsageError("the store is in memory and ends with its agent; there is nothing to back up")
    if file.exists():
        raise StoreError(f"{file} exists and is never overwritten; name a new file, or move it away")
    part = file.with_name(f"{file.name}.part-{os.getpid()}")
    copy(location, part)
    try:
        contents = check(part, file)
        shutil.copymode(location.path, part)
        os.link(part, file)  # unlike a rename it fails where somebody else has made that file meanwhile
        sync(file)
    except OSError as exc:
        raise StoreError(f"{file}: {exc.strerror}; name a new file in a folder that takes hard links") from exc
    finally:
        part.unlink(missing_ok=True)
    return contents
