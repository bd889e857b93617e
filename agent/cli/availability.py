"""`sla-agent availability`: the figures of one component over one window."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from agent.cli.common import (
    SIMULATED_WORDS,
    ConfigOption,
    StoreOption,
    console,
    failing_clearly,
    instant,
    open_reader,
    place,
    present_us,
)
from agent.figures import Figure, Figures
from agent.figures.figure import Later
from agent.instants import format_duration
from agent.version import METHOD_VERSION
from sla.availability import Parts, Ratio
from sla.model import State, Window
from sla.numbers import percent
from sla.periods import Piece

DECIMALS = 4
"""V3: availability is printed to 4 decimals of a percent, truncated."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("availability")(availability)


def availability(  # noqa: PLR0913  # one parameter an option
    target: Annotated[str, typer.Option("--target", metavar="ID", help="Id of a target, or TARGET#COMPONENT.")],
    from_: Annotated[str, typer.Option("--from", metavar="T", help="Start: ISO 8601 with offset, or a date.")],
    to: Annotated[str, typer.Option("--to", metavar="T", help="End, exclusive.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="T", help="Cut time here, with today's knowledge; default now.")
    ] = None,
    breakdown: Annotated[Piece | None, typer.Option("--breakdown", help="Pieces of the agent's calendar too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer for machines.")] = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Availability of one component over one window: time by state, bounds, outages."""
    with failing_clearly():
        where = place(store, config)
        window = Window(instant("--from", from_, where.zone), instant("--to", to, where.zone))
        until = None if as_of is None else instant("--as-of", as_of, where.zone)
        with open_reader(where.location) as reader:
            figures = Figures(reader, where.zone)
            figure = figures.figure(target, window, now=present_us(reader), as_of=until)
            if as_json:
                typer.echo(json.dumps(figures.as_json(figure, breakdown), ensure_ascii=False))
            else:
                show(console(), figures, figure, breakdown)


def show(out: Console, figures: Figures, figure: Figure, breakdown: Piece | None = None) -> None:
    """Print a figure for people."""
    if figures.simulated:
        out.print(SIMULATED_WORDS, style="bold reverse")
    start, end, as_of = map(figures.time, (*figure.window, figure.as_of))
    out.print(f"{figure.name}  {start} to {end}", markup=False, highlight=False)
    out.print(f"as of {as_of}, method {METHOD_VERSION}", highlight=False)
    if figure.cut:
        out.print("the end asked for lies after as_of: the window is cut to as_of", highlight=False)
    out.print(_ratios(figure))
    out.print(_times(figure))
    _show_outages(out, figures, figure)
    if figure.later is not None:
        _show_later(out, figures, figure.later)
    if breakdown is not None:
        out.print(_pieces(figures, figure, breakdown))


def _ratios(figure: Figure) -> Table:
    table = _table("", "percent", "numerator us", "denominator us", "")
    measured = figure.measured
    none = "" if measured.value else "nothing measured: no value"
    _ratio(table, "all in, low (unknown as down)", measured.all_in.low, none, shown=measured.value is not None)
    _ratio(table, "all in, high (unknown as up)", measured.all_in.high)
    _ratio(
        table,
        "excluding approved, low",
        measured.excluding_approved.low,
        none,
        shown=measured.value is not None,
    )
    _ratio(table, "excluding approved, high", measured.excluding_approved.high)
    _ratio(table, "measured share of in-service time", measured.measured)
    _ratio(table, "up share of known time alone", measured.known)
    return table


def _ratio(table: Table, name: str, ratio: Ratio, note: str = "", *, shown: bool = True) -> None:
    text = percent(ratio, DECIMALS)
    shown = shown and text != "-"
    table.add_row(name, f"{text} %" if shown else "-", str(ratio[0]), str(ratio[1]), note)


def _times(figure: Figure) -> Table:
    table = _table("time", "", "us", "of it excluded")
    parts, excluded = figure.measured.parts, figure.measured.excluded
    for state in State:
        time, out = parts[state - 1], excluded[state - 1]
        table.add_row(_name(state), format_duration(time), str(time), format_duration(out) if out else "")
    for reason, time in figure.measured.degraded.items():
        table.add_row(f"  degraded by {reason}", format_duration(time), str(time), "")
    for source, time in (("own probes", figure.measured.probe), ("imported files", figure.measured.imported)):
        table.add_row(f"known from {source}", format_duration(time), str(time), "")
    return table


def _show_outages(out: Console, figures: Figures, figure: Figure) -> None:
    outages = figure.measured.outages
    if not outages:
        out.print("no outage in the window", highlight=False)
        return
    table = _table("outage in the window", "to", "lasting", "onset", "restored", "class")
    for outage in outages:
        restored = "-" if outage.restored is None else figures.time(outage.restored)
        table.add_row(
            figures.time(outage.start),
            figures.time(outage.end),
            format_duration(outage.end - outage.start),
            figures.time(outage.onset),
            "open" if figure.is_open(outage) else restored,
            figure.classes.of(outage.onset),
        )
    out.print(table)


def _show_later(out: Console, figures: Figures, later: Later) -> None:
    """The second figure: what was entered too late for the headline, by whom, and what it would make (A2)."""
    low, high = (percent(ratio, DECIMALS) for ratio in later.measured.all_in)
    out.print(f"with what was entered later: all in {low} % to {high} %", highlight=False)
    for entry in later.entries:
        said = f"  entered by {entry.recorded_by} at {figures.time(entry.recorded_at)}"
        out.print(said, markup=False, highlight=False)


def _pieces(figures: Figures, figure: Figure, breakdown: Piece) -> Table:
    table = _table(str(breakdown), "all in, low", "high", "down", "unknown", "out of service")
    for window, part in figures.parts(figure, breakdown):
        parts: Parts = part.parts
        low = percent(part.value, DECIMALS)
        high = percent(part.all_in.high, DECIMALS)
        table.add_row(figures.time(window.start), low, high, *map(format_duration, parts[2:]))
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for position, name in enumerate(names):
        table.add_column(name, justify="left" if position == 0 else "right", overflow="fold")
    return table


def _name(state: State) -> str:
    return state.label.replace("_", " ")
