"""V7: a definition that changed inside a period splits it; figures of different definitions are never summed. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from sla.model import Window
from sla.plans import Plan, Row
from sla.verdict import Verdict


class Piece(NamedTuple):
    """A part of a period, and the row as it is defined in it. Units: microseconds UTC."""

    window: Window
    row: Row


def split(row: Row, period: Window) -> tuple[Piece, ...]:
    """The period by the definitions in force; one piece where none of them begins inside it. They sum to it."""
    versions = row.versions
    if not versions:
        return (Piece(period, row),)
    ends = [*(version.since for version in versions[1:]), None]
    return tuple(_pieces(period, zip(versions, ends, strict=True)))


def _pieces(period: Window, versions: Iterable[tuple[tuple[int | None, Row], int | None]]) -> Iterator[Piece]:
    for (since, row), until in versions:
        start = period.start if since is None else max(period.start, since)
        end = period.end if until is None else min(period.end, until)
        if start < end:
            yield Piece(Window(start, end), row)


def in_force(row: Row, period: Window, as_of: int) -> Row:
    """The row as it is defined in the period; of a split one the definition that began last, with its versions."""
    pieces = split(row, period)
    begun = [piece for piece in pieces if piece.window.start < as_of] or list(pieces[:1])
    return begun[-1].row if len(pieces) == 1 else replace(begun[-1].row, versions=row.versions)


def plan_in_force(plan: Plan, period: Window, as_of: int) -> Plan:
    """The plan with each row as it is defined in the period."""
    return replace(plan, rows=tuple(in_force(row, period, as_of) for row in plan.rows))


def whole(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on all parts: what all say that have anything to rate; where they differ nothing is determined."""
    found = set(verdicts)
    said = found - {Verdict.NOT_APPLICABLE} or found
    return said.pop() if len(said) == 1 else Verdict.UNDETERMINED
