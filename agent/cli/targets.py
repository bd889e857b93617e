"""sla-agent targets: the running agent's targets and their states now."""

import json
import re
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from agent.cli.asking import Json, agent_address, ask
from agent.cli.common import SIMULATED_WORDS, ConfigFile, console, failing_clearly
from agent.errors import UsageError
from sla.model import State

PAGE = "1000"
STYLES = {"up": "green", "degraded": "yellow", "down": "bold red", "unknown": "magenta", "out_of_service": "dim"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("targets")(targets)


def targets(
    config_file: ConfigFile,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help="Only those: " + ", ".join(s.label for s in State) + "."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer for machines.")] = False,
) -> None:
    """The targets of the running agent, with their components: state, since when, last reading."""
    with failing_clearly():
        known = [one.label for one in State]
        if state is not None and state not in known:
            raise UsageError(f"--state: got {state}, wanted one of {', '.join(known)}")
        pages = list(fetch(agent_address(config_file), state))
    rows = [row for page in pages for row in page["targets"]]
    simulated = pages[0]["simulated"]
    if as_json:
        typer.echo(json.dumps({"simulated": simulated, "targets": rows}, ensure_ascii=False))
        return
    if simulated:
        console().print(SIMULATED_WORDS, style="bold reverse")
    if rows:
        console().print(table(rows))
    else:
        typer.echo("no target" if state is None else f"no target is {state}")


def fetch(address: str, state: str | None) -> Iterator[Json]:
    """Every page of targets. Errors: UsageError."""
    query = {"limit": PAGE} | ({} if state is None else {"state": state})
    while True:
        page = ask(address, "/api/v1/targets", query)
        yield page
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def table(rows: list[Json]) -> Table:
    """For people: components that are not up stand below their target."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("target", "kind", "address", "state", "since", "last reading"):
        made.add_column(name, overflow="fold")
    for row in rows:
        name = f"{row['target']}  {row['name']}" if row["name"] else row["target"]
        made.add_row(escape(name), row["kind"], escape(row["address"]), *_state(row))
        for part in row["components"]:
            if part["state"] not in ("up", "out_of_service"):
                made.add_row(escape(f"  {part['id']}"), "", "", *_state(part))
    return made


def _state(row: Json) -> tuple[str, str, str]:
    label, style = row["state"], STYLES.get(row["state"], "")
    why = ", ".join(row["degraded"]) or row["cause"] or ""
    text = label.replace("_", " ") + (f" ({why})" if why else "")
    last = row["last_reading"]
    said = (
        ""
        if last is None
        else " ".join(filter(None, (last["outcome"], last["reason"], _measured(last), last["detail"])))
    )
    return f"[{style}]{escape(text)}[/]" if style else escape(text), _seconds(row["since"] or "-"), escape(said)


def _measured(last: Json) -> str:
    """Round trip and loss, where the kind measures them."""
    values = last["values"]
    rtt = f"{values['rtt_seconds'] * 1000:.2f} ms" if "rtt_seconds" in values else ""
    return rtt + (f" loss {values['loss_ratio']:.0%}" if values.get("loss_ratio") else "")


def _seconds(instant: str) -> str:
    """Without the fraction, which only machines need."""
    return re.sub(r"[.][0-9]+", "", instant)
