"""Columns, and which heading of a file stands for which of them."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.config.problems import nearest

IGNORE = "ignore"
"""What a --map file names instead of a column that is to be passed over."""

ORDINAL = "序号"
"""A heading that every ledger has and no rule needs: a row that holds nothing else is blank."""

_MARKS = ("(必填)", "(选填)", "*")
"""What people add to a heading to say whether it must be filled in."""


class Column(NamedTuple):
    """One column of a kind of file: its name, other headings for it, and whether a file must have it.

    The rest is for templates: its heading in Chinese, what it means in both languages, and a value as an example.
    """

    name: str
    aliases: tuple[str, ...] = ()
    required: bool = True
    heading_zh: str = ""
    explain_zh: str = ""
    explain_en: str = ""
    example: str = ""

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading that stands for it."""
        return (self.name, *([self.heading_zh] if self.heading_zh else []), *self.aliases)


class Headings(NamedTuple):
    """Which cell of a row is which column: `positions` in the order of the columns, None where the file lacks it.

    `ordinals` number the rows, `blank` are cells without a heading.
    """

    positions: tuple[int | None, ...]
    unknown: tuple[tuple[int, str], ...]
    blank: tuple[int, ...]
    twice: tuple[str, ...]
    ordinals: tuple[int, ...] = ()

    def missing(self, columns: Sequence[Column]) -> list[str]:
        """Names of required columns that no heading stands for."""
        return [
            column.name for column, at in zip(columns, self.positions, strict=True) if at is None and column.required
        ]

    @property
    def found(self) -> int:
        """How many columns were recognised."""
        return sum(at is not None for at in self.positions)


def normal(heading: str) -> str:
    """A heading without what differs only in typing: width, case, white space, and a mark that it is required."""
    text = "".join(unicodedata.normalize("NFKC", heading).split()).casefold()
    for mark in _MARKS:
        text = text.removeprefix(mark).removesuffix(mark)
    return text


def recognise(cells: Sequence[str], columns: Sequence[Column], mapping: Mapping[str, str]) -> Headings:
    """Which heading is which column. Shape: mapping from a normal heading to a column's name or IGNORE."""
    names = _names(columns, mapping)
    places: dict[str, int] = {}
    unknown, blank, twice, ordinals = [], [], [], []
    for index, cell in enumerate(cells):
        name = _name(cell, names)
        if not cell.strip():
            blank.append(index)
        elif name is None:
            unknown.append((index, cell.strip()))
        elif name in places:
            twice.append(name)
        elif name == ORDINAL:
            ordinals.append(index)
        elif name != IGNORE:
            places[name] = index
    positions = tuple(places.get(column.name) for column in columns)
    return Headings(positions, tuple(unknown), tuple(blank), tuple(twice), tuple(ordinals))


def suggestion(heading: str, columns: Sequence[Column]) -> str:
    """What to do about a heading that stands for nothing."""
    return nearest(heading, [name for column in columns for name in column.headings])


def _names(columns: Sequence[Column], mapping: Mapping[str, str]) -> dict[str, str]:
    built_in = {normal(name): column.name for column in columns for name in column.headings}
    return {normal(ORDINAL): ORDINAL, **built_in, **mapping}


def _name(cell: str, names: Mapping[str, str]) -> str | None:
    """The column of a heading; it may be said in two languages, as templates do: 监测对象编号* target_id."""
    name = names.get(normal(cell))
    if name is None and len(parts := cell.split()) > 1:
        said = {names.get(normal(part)) for part in parts}
        return said.pop() if len(said) == 1 else None
    return name
