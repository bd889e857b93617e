"""sla-agent check: everything that is wrong with a configuration, at once, without the network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import ConfigFile, fail, now_us
from agent.config import Config, ConfigError, load
from agent.config.load import located, read_text
from agent.config.nodes import parse
from agent.errors import AgentError, UsageError
from agent.notices.checking import check_notices
from agent.plans import configured_plans, plan_by_id
from agent.registerfiles import try_files
from agent.reportjobs import job_problems
from agent.stores.opening import parse_url
from collectors import KINDS


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    config_file: ConfigFile,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="ID", help="Check this plan's file, and no configuration.")
    ] = None,
) -> None:
    """Say everything that is wrong with the configuration or a plan, by file and line; exit 1 if anything is."""
    with telling_all_problems():
        if plan is not None:
            _check_plan(plan)
            return
        config = load(config_file, KINDS)
    with telling_all_problems(), failing_as_problem("the registers have problems"):
        plans = configured_plans(config.plans, config_file.parent)
        rows = try_files(config, config_file, now_us(), parse_url(config.store.url, simulated=config.store.simulated))
    with telling_all_problems():
        _check_reports(config, config_file)
    with telling_all_problems(), failing_as_problem(f"{config_file}: notices could never be sent"):
        check_notices(config.notices, config_file.parent, config.zone_info)
    words = f", {len(config.registers)} register files with {rows} new rows" if config.registers else ""
    words += f", {len(config.reports)} report job{'s' if len(config.reports) > 1 else ''}" if config.reports else ""
    sinks = len(config.notices.sinks)
    words += f", {sinks} sink{'s' if sinks > 1 else ''} of notices" if sinks else ""
    words += f", {len(plans)} plan{'s' if len(plans) > 1 else ''}" if plans else ""
    typer.echo(f"{config_file}: ok: {len(config.targets)} targets, {len(config.modules)} modules{words}")


def _check_plan(id_: str) -> None:
    try:
        found = plan_by_id(id_)
    except UsageError as exc:
        fail(exc)
    rows = f"{len(found.rows)} row{'' if len(found.rows) == 1 else 's'}"
    adopted = "" if found.adopted else "; its definitions are not adopted (V7)"
    typer.echo(f"{id_}: ok: plan {found.id}, {rows}{adopted}")


def _check_reports(config: Config, file: Path) -> None:
    """Scheduled reports that could never be written. Errors: ConfigError with all of them, by line."""
    found = list(job_problems(config.reports, config.plans, file.parent))
    if found:
        raise ConfigError(located(str(file), parse(read_text(file)), found))


@contextmanager
def telling_all_problems() -> Iterator[None]:
    """All problems of a file, one a line; exit 1."""
    try:
        yield
    except ConfigError as exc:
        for problem in exc.problems:
            typer.echo(str(problem))
        count = len(exc.problems)
        typer.echo(f"{count} problem{'s' if count > 1 else ''}; nothing was started", err=True)
        raise typer.Exit(1) from None


@contextmanager
def failing_as_problem(said: str) -> Iterator[None]:
    """What is wrong with a register file or a folder is a problem of the configuration: exit 1."""
    try:
        yield
    except AgentError as exc:
        typer.echo(str(exc))
        typer.echo(f"{said}; nothing was started", err=True)
        raise typer.Exit(1) from None
