"""`sla-agent report --by`: a plan's indicators by their parts, in every format."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import typer
from rich.table import Table as Grid
from rich.text import Text

from agent.cli.common import SIMULATED_WORDS, console, now_us
from agent.errors import UsageError
from agent.figures.plan import PlanTables
from agent.figures.rollup import By, RollUp
from agent.reports import rollup
from agent.reports.build import Wanted
from agent.reports.files import refuse_old, write_new
from agent.reports.forms import Form, rendered
from agent.reports.listing import Listing, text
from agent.reports.telling import Telling


def tell_rollup(tables: PlanTables, wanted: Wanted, by: By, form: str, output: Path | None) -> None:
    """Print it, or write it to a new file. Errors: UsageError."""
    if wanted.whose is not None:
        raise UsageError("--by: got --for beside it, wanted one of them: a sheet of one party has no other parts")
    if output is not None:
        refuse_old(output)
    made, telling = rollup.made(tables, wanted, by, now=now_us())
    if form == "table" and output is None:
        _show(made.table.simulated, rollup.listings(made, telling), made.table.plan.zone_info)
        return
    data = _data(made, telling, form)
    if output is None:
        typer.echo(data.decode().removeprefix("\ufeff"), nl=False)
    else:
        write_new(output, data)


def _data(made: RollUp, telling: Telling, form: str) -> bytes:
    if form == "json":
        return (json.dumps(rollup.as_json(made), ensure_ascii=False) + "\n").encode()
    if form in ("csv", "table"):
        return rollup.csv_text(made).encode()
    return rendered(rollup.report(made, telling), Form(form))


def _show(simulated: bool, listings: list[Listing], zone: ZoneInfo) -> None:
    out = console()
    if simulated:
        out.print(SIMULATED_WORDS, style="bold reverse")
    for listing in listings:
        out.print(Text(listing.title, style="bold"))
        grid = Grid(box=None, pad_edge=False)
        for column in listing.columns:
            grid.add_column(Text(column.head), overflow="fold")
        for row in listing.rows:
            grid.add_row(*(Text(text(cell, zone)) for cell in row))
        out.print(grid)
        if listing.note:
            out.print(Text(listing.note))
