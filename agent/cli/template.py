"""`sla-agent template`: an empty file of one kind to fill in, headings and explanations in Chinese and English."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.common import failing_clearly
from agent.config.problems import nearest, show
from agent.errors import UsageError
from agent.imports.history import History
from agent.imports.readings import Readings
from agent.registers import REGISTERS
from agent.sheets import Column
from agent.sheets.template import write_template

PLAN, SCENARIO = "plan", "scenario"
"""The kinds that are no tables."""

_EVIDENCE: Mapping[str, tuple[Column, ...]] = {"history": History.columns, "readings": Readings.columns}
_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "target_id": (
        "监测对象编号",
        "编号，部件写作 TARGET#COMPONENT。",
        "Its id; a component as TARGET#COMPONENT.",
        "zy-mb-01",
    ),
    "at": ("时间", "带时区的时间。", "Time with its offset.", "2025-03-01T08:30:00+08:00"),
    "state": ("状态", "up、degraded、down、unknown、out。", "up, degraded, down, unknown or out.", "up"),
    "outcome": ("结果", "ok、failed、error。", "ok, failed or error.", "ok"),
    "interval_seconds": ("间隔秒", "探测间隔的整秒数。", "Whole seconds between regular readings.", "60"),
    "over_limit": ("超限", "超出的限值，空为无。", "Limits that were broken; empty: none.", "loss"),
}
"""Of the columns of histories and readings: heading, meaning in Chinese and English, example."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("template")(template)


def template(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="Any register or record, history, readings, plan, scenario.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="A new .csv or .xlsx, of a plan or scenario .yml; else it is printed.",
        ),
    ] = None,
) -> None:
    """Write an empty file of a kind to fill in and import."""
    with failing_clearly():
        if kind in (PLAN, SCENARIO):
            _options(kind, output)
            return
        columns = columns_of(kind)
        if output is None:
            typer.echo(write_template(columns, "csv", kind).decode("utf-8-sig"), nl=False)
        elif output.suffix not in (".csv", ".xlsx"):
            raise UsageError(f"{output}: got {show(output.suffix)}, wanted a name that ends in .csv or .xlsx")
        else:
            _write(output, write_template(columns, "xlsx" if output.suffix == ".xlsx" else "csv", kind))


def _options(kind: str, output: Path | None) -> None:
    """A plan with one row of each sort, or a scenario with every key, explained."""
    data = (resources.files("agent") / "data" / "config" / f"{kind}s" / "template.yml").read_bytes()
    if output is None:
        typer.echo(data.decode(), nl=False)
    elif output.suffix not in (".yml", ".yaml"):
        raise UsageError(f"{output}: got {show(output.suffix)}, wanted a name that ends in .yml")
    else:
        _write(output, data)


def columns_of(kind: str) -> Sequence[Column]:
    """The columns of a kind of file. Errors: UsageError."""
    if kind in REGISTERS:
        return REGISTERS[kind].columns
    if kind in _EVIDENCE:
        return [_explained(column) for column in _EVIDENCE[kind]]
    raise UsageError(f"template {show(kind)}: no such kind; {nearest(kind, [*REGISTERS, *_EVIDENCE, PLAN, SCENARIO])}")


def _explained(column: Column) -> Column:
    heading, zh, en, example = _WORDS[column.name]
    return column._replace(heading_zh=heading, explain_zh=zh, explain_en=en, example=example)


def _write(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise UsageError(f"{path}: there is a file already, wanted a new name; nothing was written") from None
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}; name a file that can be written") from None
