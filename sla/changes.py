"""V7: a definition that changed inside a period splits it; figures of different definitions are never summed. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from sla.model import Window
from sla.plans import Change, Options, Plan, Row, Version
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
    """The plan with each row as it is defined in the period, and the options that began last in it."""
    last = min(period.end, max(as_of, period.start + 1)) - 1
    return replace(plan.at(last), rows=tuple(in_force(row, period, as_of) for row in plan.rows))


def with_options(plan: Plan, reads: Callable[[Row], Collection[str]]) -> Plan:
    """The plan with a version of each row from where an option changes that it reads; its words stay what they were."""
    return replace(plan, rows=tuple(_redated(plan, row, reads) for row in plan.rows)) if plan.history else plan


def options_changed(plan: Plan, window: Window) -> Iterator[tuple[Change, dict[str, str]]]:
    """The changes of its options that begin in a window, each with what is otherwise from then on."""
    for before, change in pairwise(plan.history):
        if window.start <= change.since < window.end:
            old = before.options.written
            yield change, {name: word for name, word in change.options.written.items() if old[name] != word}


def _redated(plan: Plan, row: Row, reads: Callable[[Row], Collection[str]]) -> Row:
    versions = list(row.versions or (Version(None, row),))
    for before, change in pairwise(plan.history):
        place = max(n for n, each in enumerate(versions) if each.since is None or each.since <= change.since)
        held = versions[place].row
        differ = {name for name in Options._fields if getattr(before.options, name) != getattr(change.options, name)}
        if differ & set(reads(held)) and versions[place].since != change.since:
            is_adopted = held.adopted is not None or plan.adopted is not None
            told = replace(held, adopted=change.adopted if is_adopted else None)
            versions.insert(place + 1, Version(change.since, told))
    return replace(row, versions=tuple(versions)) if len(versions) > 1 else row


def whole(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on all parts: what all say that have anything to rate; where they differ nothing is determined."""
    found = set(verdicts)
    said = found - {Verdict.NOT_APPLICABLE} or found
    return said.pop() if len(said) == 1 else Verdict.UNDETERMINED
