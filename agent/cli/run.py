"""sla-agent run: the agent itself, until a signal."""

import asyncio
import faulthandler
from dataclasses import replace
from typing import Annotated, NamedTuple, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from agent.app import Agent
from agent.cli.common import ConfigFile, fail
from agent.clock import SystemClock
from agent.config import Config, ConfigError, load
from agent.errors import AgentError, UsageError
from agent.idle import new_loop
from agent.logs import set_up
from collectors import KINDS

STDERR = 2
SectionT = TypeVar("SectionT", bound=BaseModel)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run)


def run(
    config_file: ConfigFile,
    listen_address: Annotated[
        str | None, typer.Option("--web.listen-address", help="HOST:PORT instead of web.listen_address.")
    ] = None,
    log_level: Annotated[str | None, typer.Option("--log.level", help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option("--log.format", help="logfmt or json.")] = None,
    store: Annotated[str | None, typer.Option("--store", help="Store URL instead of store.url.")] = None,
) -> None:
    """Probe, keep the ledger and serve /metrics until SIGTERM or SIGINT; SIGHUP reloads the configuration."""
    changes = Overrides(listen_address, log_level, log_format, store)

    def load_config() -> Config:
        return changes.over(load(config_file, KINDS))

    faulthandler.enable(file=STDERR)  # a watchdog's SIGABRT leaves in the log where every thread stood
    try:
        config = load_config()
        set_up(config.log.level, config.log.format)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(Agent(config_file, config, load_config, KINDS, SystemClock()).serve())
    except* (ConfigError, AgentError) as group:
        fail(first(group))


class Overrides(NamedTuple):
    """What the command line says instead of the file, at the start and at every reload."""

    listen_address: str | None
    log_level: str | None
    log_format: str | None
    store: str | None

    def over(self, config: Config) -> Config:
        """The configuration with them. Errors: UsageError for one that the file could not say either."""
        log = {"level": self.log_level, "format": self.log_format}
        return replace(
            config,
            web=_changed(config.web, "--web.listen-address", {"listen_address": self.listen_address}),
            log=_changed(config.log, "--log.level or --log.format", log),
            store=_changed(config.store, "--store", {"url": self.store}),
        )


def _changed(section: SectionT, option: str, changes: dict[str, str | None]) -> SectionT:
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return type(section).model_validate({**section.model_dump(), **given})
    except ValidationError as exc:
        raise UsageError(f"{option}: {exc.errors()[0]['msg'].removeprefix('Value error, ')}") from exc


def first(group: BaseExceptionGroup[Exception]) -> Exception:
    """The first problem of a group, whatever is nested."""
    problem = group.exceptions[0]
    return first(problem) if isinstance(problem, BaseExceptionGroup) else problem
