"""`sla-agent report --by`: a plan's indicators by their parts, in every format."""

import json
from pathlib import Path

import typer
from rich.table import Table as Grid
from rich.text import Text

from agent.cli.common import SIMULATED_WORDS, console
from agent.errors import UsageError
from agent.figures.plan import PlanTables
from agent.figures.rollup import By, RollUp
from agent.reports import rollup
from agent.reports.build import Wanted
from agent.reports.files import refuse_old, write_new
from agent.reports.forms import Form, rendered
from agent.reports.listing import text
from agent.reports.telling import Telling


def tell_rollup(tables: PlanTables, wanted: Wanted, by: By, form: str, output: Path | None, *, now: int) -> None:
    """Print it, or write it to a new file. Errors: UsageError."""
    if wanted.whose is not None:
        raise UsageError("--by: got --for beside it, wanted one of them: a sheet of one party has no other parts")
    if output is not None:
        refuse_old(output)
    made, telling = rollup.made(tables, wanted, by, now=now)
    if form == "table" and output is None:
        _show(made, telling)
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
        return rollup.csv_text(made, telling).encode()
    return rendered(rollup.report(made, telling), Form(form))


def _show(made: RollUp, telling: Telling) -> None:
    out, report, zone = console(), rollup.report(made, telling), made.table.plan.zone_info
    if made.table.simulated:
        out.print(SIMULATED_WORDS, style="bold reverse")
    for line in (report.title, report.subtitle, *report.lines, " · ".join(report.marks), *report.introduction):
        out.print(Text(line))
    for listing in report.lists:
        out.print(Text(listing.title, style="bold"))
        grid = Grid(box=None, pad_edge=False)
        for column in listing.columns:
            grid.add_column(Text(column.head), overflow="fold")
        for row in listing.rows:
            grid.add_row(*(Text(text(cell, zone)) for cell in row))
        out.print(grid)
        if listing.note:
            out.print(Text(listing.note))
