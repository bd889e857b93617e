"""A row whose definition changed inside the period (V7): each part by its own definition, never one sum of them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from agent.errors import UsageError
from agent.figures.asked import Asked
from agent.figures.formulas import FORMULAS
from agent.instants import format_instant
from sla.changes import Piece, in_force, split
from sla.indicators import Figure, Judged, Part, Reason, joined, judged
from sla.model import Window
from sla.periods import Piece as Calendar
from sla.periods import pieces, to_datetime
from sla.plans import Adoption, Row

ASKED_MAX = 12
"""Periods that a refusal names: a year has no more months."""


def measured(asked: Asked, row: Row) -> Judged:
    """A row with its figure and verdict, in parts where its definition changed."""
    found = split(row, asked.period)
    if len(found) == 1:
        return _measured(asked, found[0].row)
    told = in_force(row, asked.period, asked.as_of)
    return joined(told, told.target(asked.year), tuple(_part(asked, piece) for piece in found))


def _measured(asked: Asked, row: Row) -> Judged:
    target = row.target(asked.year)
    return judged(row, target, FORMULAS[row.formula].measure(asked, row, target), running=asked.running)


def _part(asked: Asked, piece: Piece) -> Part:
    if piece.window.start < asked.as_of:
        return Part(piece.window, _measured(asked_of(asked, piece.window, piece.row), piece.row), True)
    why = Reason("part_to_come", {"at": asked.time(piece.window.start)})
    figure = Figure(basis=piece.row.basis, measured=False, reasons=(why,))
    return Part(piece.window, judged(piece.row, piece.row.target(asked.year), figure, running=True), False)


def asked_of(asked: Asked, window: Window, row: Row) -> Asked:
    """The question of one part: its window, and the plan as it was defined then."""
    rows = tuple(row if each.id == row.id else each for each in asked.plan.rows)
    return replace(asked, period=window, plan=replace(asked.plan.at(window.start), rows=rows))


def questions(asked: Asked, row: Judged) -> Iterator[tuple[Asked, Part]]:
    """The question of each part that has begun."""
    return ((asked_of(asked, part.window, part.judged.row), part) for part in row.parts if part.has_begun)


def span(asked: Asked, window: Window) -> str:
    """From when to when, as it is printed."""
    return f"{asked.time(window.start)} – {asked.time(window.end)}"


def refuse_split(asked: Asked, row: Row, what: str) -> None:
    """Say which periods can be asked for one by one. Errors: UsageError for a row that is split in the period."""
    found = split(row, asked.period)
    if len(found) > 1:
        spans = "; ".join(_span(asked, piece.window) for piece in found)
        text = f"{row.id}: its definition changed inside the period, and {what} holds one definition (V7): {spans}"
        raise UsageError(text)


def _span(asked: Asked, window: Window) -> str:
    names = ", ".join(periods(asked, window)[:ASKED_MAX]) or "no whole month"
    return f"from {asked.time(window.start)} to {asked.time(window.end)} ask for {names}"


def periods(asked: Asked, window: Window) -> list[str]:
    """The quarters and months that lie wholly in a window, as they are asked for."""
    whole = {each.start: each for each in pieces(asked.period, Calendar.MONTH, asked.zone)}
    inside = [each for each in whole.values() if window.start <= each.start and each.end <= window.end]
    months = [(local.year, local.month) for each in inside for local in (to_datetime(each.start, asked.zone),)]
    named: list[str] = []
    for year, month in months:
        first = month - (month - 1) % 3
        full = all((year, first + step) in months for step in range(3))
        name = f"{year}-Q{(month + 2) // 3}" if full else f"{year}-{month:02}"
        named += [] if name in named else [name]
    return named


def reasons(row: Judged, adopted: Adoption | None, time: Callable[[int], str]) -> Iterator[Reason]:
    """What a split row says of itself: that nothing was summed, and each part in a line."""
    if not row.parts:
        return
    yield Reason("split", {"n": len(row.parts)})
    for part in row.parts:
        one = part.judged
        values = {"start": time(part.window.start), "end": time(part.window.end), "figure": one.display}
        yield Reason("part", {**values, "verdict": str(one.verdict), "adopted": _by(one.row.adopted or adopted)})


def _by(adopted: Adoption | None) -> str:
    return "-" if adopted is None else f"{adopted.by}, {adopted.document}, {adopted.date}"


def instants(window: Window, zone: ZoneInfo) -> dict[str, str]:
    """A part's window for programs."""
    return {"from": format_instant(window.start, zone), "to": format_instant(window.end, zone)}
