"""`sla-agent evidence`: one published number with all that it rests on, as a file that a stranger can check."""

import os
import tempfile
from pathlib import Path
from typing import IO, Annotated

import typer

from agent.cli.common import (
    SIMULATED_WORDS,
    ConfigOption,
    Place,
    StoreOption,
    chosen_plan,
    failing_clearly,
    instant,
    open_connection,
    place,
    present_us,
)
from agent.cli.report import Language
from agent.errors import UsageError
from agent.figures.plan import PlanTables, only
from agent.packs.build import Packed, write_pack
from agent.reports.files import refuse_old
from agent.stores.reading import SqliteReader
from sla.plans import Plan

_MODE = 0o644
DONE = {
    "zh": "{path}：{rows} 行，{size} 字节，计入对象 {objects} 个；摘要 {digest}；核对：sla-agent verify {path}",
    "en": "{path}: {rows} rows, {size} bytes, {objects} objects; digest {digest}; check it: sla-agent verify {path}",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evidence")(evidence)


def evidence(  # noqa: PLR0913  # one parameter an option
    plan: Annotated[str, typer.Option("--plan", metavar="ID", help="A plan's id, or the file of one.")],
    indicator: Annotated[str, typer.Option("--indicator", metavar="ID", help="The row, by id or number.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="PACK", help="A new file, PACK.zip.")],
    period: Annotated[
        str | None, typer.Option("--period", metavar="P", help="2025, 2025-Q2 or 2025-06; default the running year.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="T", help="Cut time here, with today's knowledge; default now.")
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="Language of what is said here.")] = Language.ZH,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Write the evidence pack of one number: its inputs, their proofs, and the program that makes it again."""
    with failing_clearly():
        where = place(store, config)
        chosen = only(chosen_plan(plan, where), indicator)
        until = None if as_of is None else instant("--as-of", as_of, chosen.zone_info)
        refuse_old(output)
        packed, is_simulated = _write(where, chosen, (period, until), output)
        if is_simulated:
            typer.echo(SIMULATED_WORDS)
        typer.echo(DONE[lang].format(path=output, size=output.stat().st_size, **packed._asdict()))


def _write(where: Place, plan: Plan, asked: tuple[str | None, int | None], output: Path) -> tuple[Packed, bool]:
    """Under a name of its own until it is whole. Errors: UsageError, StoreError."""
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    except OSError as exc:
        raise UsageError(f"{output}: {exc.strerror}; name a file that can be written") from None
    try:
        with open(handle, "w+b") as file:
            made = _pack(where, plan, asked, file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_MODE)
        os.link(name, output)
    except FileExistsError:
        raise UsageError(f"{output}: there is a file already, wanted a new name; nothing was written") from None
    except OSError as exc:
        raise UsageError(f"{output}: {exc.strerror}; name a file that can be written") from None
    finally:
        Path(name).unlink(missing_ok=True)
    return made


def _pack(where: Place, plan: Plan, asked: tuple[str | None, int | None], out: IO[bytes]) -> tuple[Packed, bool]:
    """Of one instant of the store, also while an agent writes it."""
    with open_connection(where.location) as connection:
        connection.execute("BEGIN")
        reader = SqliteReader(connection)
        tables = PlanTables(reader)
        question = tables.asked(plan, asked[0], now=present_us(reader), as_of=asked[1])
        packed = write_pack(tables, question, question[0].plan.rows[0], out)
        return packed, tables.head_of(*question).simulated
