"""sla-agent status: the running agent itself: how fresh, how sound, on what store and configuration."""

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from agent.cli.asking import Json, agent_address, ask
from agent.cli.clock import summary
from agent.cli.common import SIMULATED_WORDS, ConfigFile, console, failing_clearly


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(
    config_file: ConfigFile,
    as_json: Annotated[bool, typer.Option("--json", help="The answer for machines.")] = False,
) -> None:
    """The running agent itself: how fresh, how sound, on what store and configuration."""
    with failing_clearly():
        address = agent_address(config_file)
        answer = ask(address, "/api/v1/status")
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        console().print(table(address, answer))


def table(address: str, answer: Json) -> Table:
    """For people."""
    made = Table(box=None, pad_edge=False, show_header=False)
    for name, text in _rows(address, answer):
        made.add_row(name, escape(text))
    return made


def _rows(address: str, answer: Json) -> list[tuple[str, str]]:
    store, config = answer["store"], answer["config"]
    marked = f"  {SIMULATED_WORDS}" if answer["simulated"] else ""
    return [
        ("agent", f"{answer['version']}, method {answer['method_version']}, http://{address}/{marked}"),
        ("vantage", f"{answer['vantage']}, zone {answer['zone']}"),
        (
            "running",
            f"since {answer['started_at']}, run {answer['boot_no']}, {'ready' if answer['ready'] else 'not ready'}",
        ),
        ("clock", summary(answer["clock"])),
        ("ledger", f"durable until {answer['durable_until'] or '-'}, {store['waiting_edges']} edges waiting"),
        ("store", f"{store['path'] or 'in memory'}, {store['bytes']} bytes, schema {store['schema']}"),
        ("targets", _counts(answer["targets"])),
        ("components", _counts(answer["components"])),
        *(("self-check", _selfcheck(check)) for check in answer["selfcheck"]),
        ("configuration", f"{config['digest'][:16]}, loaded {config['loaded_at']}, {_reload(config)}"),
        ("loop lag", f"{answer['loop_lag_seconds']:.3f} s"),
    ]


def _counts(numbers: Json) -> str:
    parts = [f"{number} {name.replace('_', ' ')}" for name, number in numbers.items() if name != "total" and number]
    return f"{numbers['total']}" + (f": {', '.join(parts)}" if parts else "")


def _selfcheck(check: Json) -> str:
    if not check["present"]:
        return f"{check['plane']}: absent, what its targets fail to answer is blamed on them"
    if check["isolated_since"]:
        return f"{check['plane']}: CUT OFF since {check['isolated_since']}"
    return f"{check['plane']}: last ok {check['last_ok'] or '-'}"


def _reload(config: Json) -> str:
    return "last reload taken" if config["last_reload_ok"] else "LAST RELOAD REFUSED: see the log, or sla-agent check"
