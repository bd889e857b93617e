"""Where the headings of a file stand: which sheets have them, in which row, under which separator."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.sheets.columns import IGNORE, Column, Headings, recognise, suggestion
from agent.sheets.leaves import Leaf, Record
from agent.sheets.mapping import IGNORE_SHEETS, Rules
from agent.sheets.merges import Merges
from agent.sheets.problems import Problems, show

_ENOUGH = 2
"""Columns that make a row of a workbook a row of headings: one alone may be a word in a sheet of notes."""


class Part(NamedTuple):
    """One sheet and its headings: the line they stand in, and how many cells wide they are."""

    leaf: Leaf
    line: int
    width: int
    names: Headings


def best_part(leaves: Sequence[Leaf], columns: Sequence[Column], rules: Rules) -> Part | None:
    """The likeliest row of headings: all that is required, then the most columns, then the uppermost."""
    parts = [part for leaf in leaves for part in _candidates(leaf, columns, rules)]
    whole = [part for part in parts if not part.names.missing(columns)]
    return max(whole or parts, key=lambda part: (part.names.found, -part.line), default=None)


def with_headings(parts: Sequence[Part]) -> list[Part]:
    """The sheets of a workbook that are read. Shape: where none has headings, the likeliest, so that it is told why."""
    found = [part for part in parts if part.names.found >= _ENOUGH]
    return found or sorted(parts, key=lambda part: -part.names.found)[:1]


def check(parts: Sequence[Part], columns: Sequence[Column], problems: Problems) -> None:
    """Errors: ImportProblemsError with all that is wrong with the headings of all sheets."""
    for part in parts:
        for line, column, text in _wrong(part, columns):
            problems.add(line, column, text, part.leaf.name)
    problems.check()


def list_of(columns: Sequence[Column]) -> str:
    """The columns' names, for a message."""
    return ", ".join(column.name for column in columns)


def _candidates(leaf: Leaf, columns: Sequence[Column], rules: Rules) -> Iterator[Part]:
    merges = Merges(leaf.merged)
    above: list[str] = []
    for record in leaf.head():
        cells = _filled(record, merges)
        if any(map(str.strip, cells)):
            part = Part(leaf, record.line, len(cells), recognise(cells, columns, rules.names))
            yield part
            if above and part.names.missing(columns):
                yield from _under(part, above, cells, columns, rules)
        above = cells


def _filled(record: Record, merges: Merges) -> list[str]:
    """A row with what is merged down into it: a heading over two rows stands in the lower one too."""
    cells = list(record.cells)
    for at, value in merges.over(record).items():
        cells += [""] * (at + 1 - len(cells))
        cells[at] = value
    return cells


def _under(
    part: Part, above: Sequence[str], cells: Sequence[str], columns: Sequence[Column], rules: Rules
) -> Iterator[Part]:
    """Headings over two rows of a CSV file: a blank under one row's heading is what was merged."""
    width = max(len(above), len(cells))
    upper, lower = ([*row, *[""] * (width - len(row))] for row in (above, cells))
    both = [low if low.strip() else up for low, up in zip(lower, upper, strict=True)]
    names = recognise(both, columns, rules.names)
    if not names.missing(columns) and not names.unknown and not names.twice:
        yield part._replace(width=width, names=names)


def _wrong(part: Part, columns: Sequence[Column]) -> Iterator[tuple[int, str, str]]:
    names, sheet = part.names, part.leaf.name
    known = {column.name: column for column in columns}
    step = f", or pass over the sheet there: {IGNORE_SHEETS}: [{show(sheet)}]" if sheet else ""
    for name in names.missing(columns):
        others = known[name].headings[1:]
        wanted = f"wanted it, or {' or '.join(others)}" if others else "wanted it"
        text = f"got no such heading, {wanted}; add it, or name its heading with --map FILE{step}"
        yield part.line, name, text
    for name in names.twice:
        yield part.line, name, "got two headings for it, wanted one; remove or rename one"
    for _, cell in names.unknown:
        hint = f"{suggestion(cell, columns)} (--map FILE maps it to a column, or to {IGNORE})"
        yield part.line, show(cell), f"got an unknown heading, wanted one that is known; {hint}"
