"""`sla-agent import`: files of other tools into the store."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from agent.cli.common import (
    ConfigOption,
    Place,
    StoreOption,
    fail,
    failing_clearly,
    instant,
    now_us,
    open_connection,
    open_writer,
    os_user,
    place,
)
from agent.cli.posting import post_import
from agent.errors import UsageError
from agent.imports import (
    ImportProblemsError,
    ImportRequest,
    apply_import,
    check_request,
    preview_import,
    read_map,
)
from agent.imports.files import read_file
from agent.instants import format_instant
from agent.stores.holder import live_holder
from agent.stores.opening import Location

_MAX_MAP = 1024 * 1024

Progressed = Callable[[int, int], None]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_)


def import_(  # noqa: PLR0913  # one parameter an option
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Any register or record, history, readings.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV in UTF-8 or GB18030, or XLSX; rows in any order.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="T", help="history: until when the last rows hold. Required.")
    ] = None,
    create_targets: Annotated[bool, typer.Option("--create-targets", help="Make unknown ids.")] = False,
    map_file: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="More headings: YAML or CSV, heading to column.")
    ] = None,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Import a file: all of it, or nothing and every row that is wrong. A running agent takes it by its API."""
    with failing_clearly():
        where = place(store, config)
        mapping = read_map(str(map_file), read_file(map_file, _MAX_MAP)) if map_file else {}
        with _progress() as progress:
            request = ImportRequest(
                kind=kind,
                file=str(file),
                data=read_file(file),
                now=now_us(),
                by=os_user(),
                zone=where.zone,
                as_of=None if as_of is None else instant("--as-of", as_of, where.zone),
                create_targets=create_targets,
                dry_run=dry_run,
                mapping=mapping,
                registered=where.registered,
                known=where.known,
                progress=progress,
            )
            check_request(request)
            lines = _run(where, request)
        typer.echo("\n".join(lines))


def _run(where: Place, request: ImportRequest) -> list[str]:
    try:
        if request.dry_run:
            return _preview(where.location, request)
        if holder := _agent_of(where.location):
            return post_import(holder, _query(request), request)
        with open_writer(where.location, f"sla-agent import {request.kind}") as writer:
            return apply_import(writer, request).words()
    except ImportProblemsError as exc:
        typer.echo(exc, err=True)
        fail(UsageError(exc.in_short(request.file)))


def _agent_of(location: Location) -> dict[str, str] | None:
    """The agent that holds the store; None where nobody holds it, or something that takes no files."""
    try:
        holder = live_holder(location)
    except OSError as exc:
        raise UsageError(f"store {location}: {exc.strerror}; import as the agent's user") from exc
    return holder if holder and holder.get("address") else None


def _query(request: ImportRequest) -> dict[str, str]:
    query = {"file": request.file, "by": request.by}
    if request.as_of is not None:
        query["as_of"] = format_instant(request.as_of, request.zone)
    if request.create_targets:
        query["create_targets"] = "true"
    if request.mapping:
        query["map"] = json.dumps(dict(request.mapping), ensure_ascii=False)
    return query


def _preview(location: Location, request: ImportRequest) -> list[str]:
    """Against the store as it is; where there is none yet, against an empty one that is not made."""
    absent = location.path is not None and not location.path.exists()
    with open_connection(Location(None) if absent else location) as connection:
        return preview_import(connection, request).words()


@contextmanager
def _progress() -> Iterator[Progressed | None]:
    """A bar on a terminal, nothing where the output goes elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = TextColumn("importing"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("importing", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show
