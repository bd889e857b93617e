"""sla-agent check: everything that is wrong with a configuration, at once, without the network."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from agent.cli.common import ConfigFile, now_us
from agent.config import ConfigError, load
from agent.errors import AgentError
from agent.registerfiles import try_files
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
        rows = try_files(config, config_file, now_us(), parse_url(config.store.url, simulated=config.store.simulated))
    words = f", {len(config.registers)} register files with {rows} new rows" if config.registers else ""
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
