"""sla-agent clock: the wall clock beside the ledger's dating, its steps, and their acceptance by a person (T4)."""

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from agent.cli.asking import Json, agent_address, ask
from agent.cli.common import ConfigFile, console, failing_clearly, os_user

_SYNCHRONISED = {True: "synchronised", False: "NOT synchronised", None: "synchronised or not is unknown"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("clock")(clock)


def clock(
    config_file: ConfigFile,
    accept: Annotated[bool, typer.Option("--accept", help="Take the wall clock, as it is now, for right.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The answer for machines.")] = False,
) -> None:
    """The running agent's clock: its steps, whether they are resolved, and --accept for those that are not."""
    with failing_clearly():
        address = agent_address(config_file)
        said = ask(address, "/-/accept-clock", {"by": os_user()}, method="POST") if accept else None
        told = said["clock"] if said else ask(address, "/api/v1/status")["clock"]
    if as_json:
        typer.echo(json.dumps(said or told, ensure_ascii=False))
        return
    for line in said["text"] if said else ():
        typer.echo(line)
    console().print(table(told))


def table(told: Json) -> Table:
    """For people."""
    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_row("clock", escape(summary(told)))
    if told["behind_until"]:
        made.add_row("", f"behind the last record of the run before, {told['behind_until']}, until it has passed it")
    for step in told["recent"]:
        made.add_row("step", escape(_step(step)))
    return made


def summary(told: Json) -> str:
    """The clock in one line."""
    ahead = f"{told['offset_us'] / 1e6:+.3f} s from the ledger's dating"
    parts = [_SYNCHRONISED[told["synchronised"]], ahead, f"{told['steps']} steps in this run"]
    if told["unresolved"]:
        parts.append(f"UNRESOLVED ({told['open_steps']} steps): nothing irreversible runs")
    return ", ".join(parts)


def _step(step: Json) -> str:
    said = f"{step['seen_at']}  {step['step_us'] / 1e6:+.3f} s  run {step['boot_no']}"
    if step["resolution"] is None:
        return f"{said}  unresolved; if the clock is right now: sla-agent clock --accept"
    by = "" if step["resolved_by"] == "agent" else f" by {step['resolved_by']}"
    return f"{said}  {step['resolution']}{by} {step['resolved_at']}"
