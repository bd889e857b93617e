"""`sla-agent report`: a plan's whole table for a period, each number with its verdict and why."""

import io
import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from agent.cli.common import (
    ConfigOption,
    StoreOption,
    chosen_plan,
    console,
    failing_clearly,
    instant,
    open_reader,
    place,
    present_us,
)
from agent.cli.rollup import tell_rollup
from agent.cli.telling import bar
from agent.errors import UsageError
from agent.figures.asked import Asked
from agent.figures.parts import questions, span
from agent.figures.plan import PlanTables, Table, as_json, only
from agent.figures.rollup import By
from agent.packs.explanation import lines
from agent.reports import head
from agent.reports.build import Wanted, build
from agent.reports.cells import Cells, cells, heads, part_cells
from agent.reports.csv_file import csv_text
from agent.reports.explain import explained
from agent.reports.files import refuse_old, write_new
from agent.reports.forms import Form, rendered
from agent.reports.party import Party, parse
from sla.indicators import Judged

_SHOWN = (0, 2, 5, 6, 7, 8, 9)
"""Columns of the table on a terminal: the category stands above its rows, the remarks below all of them."""


class Format(StrEnum):
    """What a report is written as."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    XLSX = "xlsx"


class Language(StrEnum):
    """The language of the words around the plan's own."""

    ZH = "zh"
    EN = "en"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(  # noqa: PLR0913  # one parameter an option
    plan: Annotated[str, typer.Option("--plan", metavar="ID", help="A plan's id, or the file of one.")],
    period: Annotated[
        str | None, typer.Option("--period", metavar="P", help="2025, 2025-Q2 or 2025-06; default the running year.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="T", help="Cut time here, with today's knowledge; default now.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="table for people; html for A4; xlsx, json, csv.")
    ] = Format.TABLE,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="INDICATOR", help="One row by id or number, with what it rests on."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it to a new file; else it is printed.")
    ] = None,
    whose: Annotated[
        str | None,
        typer.Option("--for", metavar="WHOSE", help="carrier=NAME or county=CODE: only its sheet, as html or xlsx."),
    ] = None,
    by: Annotated[
        By | None, typer.Option("--by", help="Each indicator by its parts, and their sum (V4); in every format.")
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="Language of all but the plan's own words.")] = Language.ZH,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """A plan's whole table for a period: each figure with its parts, its verdict and why."""
    with failing_clearly():
        where = place(store, config)
        chosen = chosen_plan(plan, where)
        chosen = chosen if explain is None else only(chosen, explain)
        until = None if as_of is None else instant("--as-of", as_of, chosen.zone_info)
        wanted = Wanted(plan=chosen, period=period, language=lang, as_of=until, whose=_party(whose, form, output))
        with open_reader(where.location) as reader:
            if by is not None:
                tell_rollup(PlanTables(reader), wanted, by, str(form), output, now=present_us(reader))
                return
            if form in (Format.HTML, Format.XLSX):
                _file(PlanTables(reader), wanted, Form(form), output, now=present_us(reader))
                return
            tables = PlanTables(reader)
            question = tables.asked(chosen, period, now=present_us(reader), as_of=until)
            table = tables.table_of(*question)
            why = list(_why(question[0], table.rows[0], lang)) if explain is not None else []
        if explain is not None and form is Format.TABLE:
            text = "\n".join((*explained(table, table.rows[0], lang), *why))
            _write(f"{text}\n", output)
        else:
            _tell(table, form, lang, output)


def _why(asked: Asked, row: Judged, lang: Language) -> Iterator[str]:
    """What the number rests on; of a split row part by part (V7)."""
    if not row.parts:
        yield from lines(asked, row, lang)
    for question, part in questions(asked, row):
        yield f"{span(asked, part.window)}:"
        yield from lines(question, part.judged, lang)


def _party(whose: str | None, form: Format, output: Path | None) -> Party | None:
    """Errors: UsageError for forms that have no such sheet, or cannot be printed on a terminal."""
    if form is Format.XLSX and output is None:
        raise UsageError("--format xlsx: got no -o FILE, wanted one: a workbook is not for a terminal")
    if whose is None:
        return None
    if form not in (Format.HTML, Format.XLSX):
        raise UsageError(f"--for: got --format {form}, wanted html or xlsx; such a sheet has no other form")
    return parse(whose)


def _file(tables: PlanTables, wanted: Wanted, form: Form, output: Path | None, *, now: int) -> None:
    if output is not None:
        refuse_old(output)
    with bar("report") as told:
        data = rendered(build(tables, wanted, now=now, told=told), form)
    if output is None:
        typer.echo(data.decode(), nl=False)
    else:
        write_new(output, data)


def _tell(table: Table, form: Format, lang: Language, output: Path | None) -> None:
    if form is Format.CSV:
        _write(csv_text(table, lang), output)
    elif form is Format.JSON:
        _write(json.dumps(as_json(table, lang), ensure_ascii=False) + "\n", output)
    else:
        _print(table, lang, output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text.removeprefix("\ufeff"), nl=False)
    else:
        write_new(output, text.encode())


def _print(table: Table, lang: Language, output: Path | None) -> None:
    if output is None:
        _show(console(), table, lang)
        return
    text = io.StringIO()
    _show(Console(width=console().width, file=text, emoji=False), table, lang)
    _write(text.getvalue(), output)


def _show(out: Console, table: Table, lang: Language) -> None:
    if table.simulated:
        out.print(head.SIMULATED, style="bold reverse")
    out.print(Text(head.title(table, lang), style="bold"))
    for line in head.lines(table, lang):
        out.print(Text(line))
    rows = [each for row in table.rows for each in _with_parts(table, row, lang)]
    out.print(_grid(rows, lang))
    for line in _remarks(rows):
        out.print(Text(line))


def _with_parts(table: Table, row: Judged, lang: Language) -> tuple[Cells, ...]:
    return cells(table, row, lang, exact=False), *part_cells(table, row, lang, exact=False)


def _grid(rows: list[Cells], lang: Language) -> Grid:
    grid = Grid(box=None, pad_edge=False)
    names = heads(lang)
    for column in _SHOWN:
        grid.add_column(Text(names[column]), overflow="fold", no_wrap=column == 0)
    category = ""
    for row in rows:
        if row.category != category:
            category = row.category
            grid.add_row("", Text(category, style="bold"))
        grid.add_row(*(Text(str(row[column])) for column in _SHOWN))
    return grid


def _remarks(rows: list[Cells]) -> Iterator[str]:
    """Why, row by row; what is said of every row is said once."""
    common = set.intersection(*(set(row.remarks) for row in rows)) if rows else set()
    yield from (f"* {remark}" for remark in rows[0].remarks if remark in common) if rows else ()
    for row in rows:
        for remark in row.remarks:
            if remark not in common:
                yield f"{row.no} {row.name}: {remark}"
