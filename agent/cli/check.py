"""sla-agent check: everything that is wrong with a configuration, at once, without the network."""

import typer

from agent.cli.common import ConfigFile
from agent.config import ConfigError, load
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
    typer.echo(f"{config_file}: ok: {len(config.targets)} targets, {len(config.modules)} modules")
