"""sla-agent check: everything that is wrong with a configuration, at once, without the network."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import typer

from agent.cli.common import ConfigFile, now_us, open_trial
from agent.config import Config, ConfigError, load
from agent.errors import AgentError
from agent.figures.book import Book
from agent.imports import apply_import
from agent.registered import with_registers
from agent.registerfiles import apply_files
from agent.stores.opening import parse_url
from collectors import KINDS


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(config_file: ConfigFile) -> None:
    """Say everything that is wrong with the configuration, by file and line; exit 1 if anything is."""
    try:
        config = load(config_file, KINDS)
    except ConfigError as exc:
        for problem in exc.problems:
            typer.echo(str(problem))
        count = len(exc.problems)
        typer.echo(f"{count} problem{'s' if count > 1 else ''}; nothing was started", err=True)
        raise typer.Exit(1) from None
    with failing_as_problem():
        registered = _registers(config, config_file)
    words = f", {registered} rows in {len(config.registers)} register files" if config.registers else ""
    typer.echo(f"{config_file}: ok: {len(config.targets)} targets, {len(config.modules)} modules{words}")


@contextmanager
def failing_as_problem() -> Iterator[None]:
    """What is wrong with a register file is a problem of the configuration: exit 1."""
    try:
        yield
    except AgentError as exc:
        typer.echo(str(exc))
        typer.echo("the registers have problems; nothing was started", err=True)
        raise typer.Exit(1) from None


def _registers(config: Config, path: Path) -> int:
    """How many rows the register files have, tried out on a copy of the store's registers that nobody keeps."""
    if not config.registers:
        return 0
    store, now = parse_url(config.store.url), now_us()
    with open_trial(store) as writer:
        rows = sum(outcome.rows for outcome in apply_files(config, path, now, partial(apply_import, writer)))
        with_registers(config, Book.read(writer.reader), now)
    return rows
