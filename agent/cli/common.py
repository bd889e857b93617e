"""What commands share: options, opening a store, and saying what went wrong in one place."""

import getpass
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from agent.clock import SystemClock
from agent.config import ConfigError, load
from agent.config.schema import Witness
from agent.errors import AgentError, StoreError, UsageError
from agent.instants import parse_point
from agent.plans import configured_plans, plan_by_id
from agent.registers import Known, known_of
from agent.stores.holder import Holder
from agent.stores.opening import (
    SIMULATED,
    Location,
    check_ours,
    connect,
    migrate,
    migrations,
    parse_url,
    schema_version,
)
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from collectors import KINDS
from sla.plans import Plan

REFUSED = 2
"""Exit status: usage, configuration, refused input, store held by another."""

CONFIG_VARIABLE = "SLA_AGENT_CONFIG"
DEFAULT_CONFIG = Path("/etc/sla-agent/agent.yml")
DEFAULT_ZONE = "Asia/Shanghai"
_WIDTH = 200

SIMULATED_WORDS = "模拟数据 SIMULATED"
"""What every output of a simulated store begins with (E8)."""

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="URL", help="sqlite:///PATH; overrides the configuration's and is enough alone."),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config.file", metavar="FILE", help=f"Default: ${CONFIG_VARIABLE}, then {DEFAULT_CONFIG}."),
]


def default_config() -> Path:
    """The configuration's file where none is named: the environment's, else the system's."""
    return Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)


ConfigFile = Annotated[
    Path,
    typer.Option(
        "--config.file",
        metavar="FILE",
        default_factory=default_config,
        show_default=f"${CONFIG_VARIABLE}, then {DEFAULT_CONFIG}",
        help="The configuration, agent.yml.",
    ),
]
"""For commands that need a configuration; ConfigOption is for those to which a store is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which store a command is about, the agent's zone, and what its configuration knows; targets are id to kind."""

    location: Location
    zone: ZoneInfo
    registered: Mapping[str, str]
    known: Known | None = None
    plans: tuple[str, ...] = ()
    folder: Path = Path()
    algorithm: str = "sha256"
    witnesses: tuple[Witness, ...] = ()


def chosen_plan(name: str, where: Place) -> Plan:
    """The plan that --plan names. Errors: ConfigError with all problems of a file, UsageError."""
    return plan_by_id(name, configured_plans(where.plans, where.folder))


def fail(error: Exception) -> NoReturn:
    """Say what went wrong and leave with status 2."""
    typer.echo(f"sla-agent: {error}" if "\n" not in str(error) else str(error), err=True)
    raise typer.Exit(REFUSED) from error


@contextmanager
def failing_clearly() -> Iterator[None]:
    """What the agent refuses becomes its message and exit status 2, never a traceback."""
    try:
        yield
    except (AgentError, ConfigError) as exc:
        fail(exc)
    except sqlite3.Error as exc:
        fail(StoreError(f"cannot read the store: {exc}; is the file whole? try a backup"))


def place(store: str | None, config: Path | None) -> Place:
    """Where a command works. A store alone is enough. Errors: ConfigError, StoreError."""
    path = config or default_config()
    if store is not None and config is None and not path.exists():
        return Place(location=parse_url(store), zone=ZoneInfo(DEFAULT_ZONE), registered={})
    loaded = load(path, KINDS)
    return Place(
        location=parse_url(store or loaded.store.url, simulated=loaded.store.simulated),
        zone=loaded.zone_info,
        registered={target.id: target.kind for target in loaded.targets},
        known=known_of(loaded),
        plans=loaded.plans,
        folder=path.parent,
        algorithm=loaded.chain.algorithm,
        witnesses=loaded.witnesses,
    )


@contextmanager
def open_connection(location: Location) -> Iterator[sqlite3.Connection]:
    """A connection that only reads. Errors: StoreError for no store, another program's, or another schema."""
    connection = connect(location, read_only=True)
    try:
        if location.path is None:
            migrate(connection, location)
        have, known = schema_version(connection), len(migrations())
        check_ours(connection, location, have)
        if have != known:
            raise StoreError(
                f"store {location}: schema version {have}, this program reads {known}; "
                "an older one is brought up to date by a writing command, for a newer one use a newer program"
            )
        yield connection
    finally:
        connection.close()


@contextmanager
def open_reader(location: Location) -> Iterator[SqliteReader]:
    """The store to ask. Errors: StoreError."""
    with open_connection(location) as connection:
        yield SqliteReader(connection)


@contextmanager
def open_writer(location: Location, purpose: str) -> Iterator[SqliteWriter]:
    """The store to write, made if absent, held until the end. Errors: StoreError, StoreHeldError naming the holder."""
    with Holder(location, purpose):
        connection = connect(location)
        try:
            migrate(connection, location)
            yield SqliteWriter(connection)
        finally:
            connection.close()


def now_us() -> int:
    """The wall time. Units: microseconds UTC."""
    return SystemClock().wall_us()


def mark_simulated(reader: SqliteReader) -> None:
    """Say so first, of a simulated store (E8)."""
    if reader.meta(SIMULATED) == "true":
        typer.echo(SIMULATED_WORDS)


def present_us(reader: SqliteReader) -> int:
    """The wall time; of a simulated store whose story lies ahead, its end. Units: microseconds UTC."""
    now, run = now_us(), reader.last_run()
    return max(now, run.heartbeat_at) if run is not None and reader.meta(SIMULATED) == "true" else now


def os_user() -> str:
    """Who runs the command, for the ledger (E1)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"uid {os.getuid()}"


def instant(option: str, text: str, zone: ZoneInfo) -> int:
    """An instant from the command line. Units: microseconds UTC. Errors: UsageError naming the option."""
    try:
        return parse_point(text, zone)
    except ValueError as exc:
        raise UsageError(f"{option}: got {text!r}, {exc}") from None


def console() -> Console:
    """Standard output for people; a pipe gets lines of a fixed width and no colours."""
    plain = Console(emoji=False)
    return plain if plain.is_terminal else Console(width=_WIDTH, emoji=False)
