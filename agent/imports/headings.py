"""Columns and the headings that people give them, and the --map file that adds more."""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.config.nodes import UnreadableError, parse
from agent.config.problems import nearest, show
from agent.errors import UsageError

IGNORE = "ignore"
"""What a --map file names instead of a column that is to be passed over."""


class Column(NamedTuple):
    """One column of a kind of file: its name, other headings for it, and whether a file must have it."""

    name: str
    aliases: tuple[str, ...]
    required: bool = True


TARGET = Column("target_id", ("目标编号", "监测对象", "目标", "对象编号"))
AT = Column("at", ("时间", "时刻", "监测时间"))
STATE = Column("state", ("状态",))
OUTCOME = Column("outcome", ("结果", "监测结果"))
INTERVAL = Column("interval_seconds", ("间隔秒", "间隔（秒）", "监测间隔秒"))
OVER = Column("over_limit", ("超限", "超限项"), required=False)


class Headings(NamedTuple):
    """Which cell of a row is which column: `positions` in the order of the columns, None where the file lacks it."""

    positions: tuple[int | None, ...]
    unknown: tuple[tuple[int, str], ...]
    blank: tuple[int, ...]
    twice: tuple[str, ...]

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
    """A heading without what differs only in typing: width, case, white space around it."""
    return unicodedata.normalize("NFKC", heading).strip().casefold()


def recognise(cells: Sequence[str], columns: Sequence[Column], mapping: Mapping[str, str]) -> Headings:
    """Which heading is which column."""
    names = _names(columns, mapping)
    places: dict[str, int] = {}
    unknown, blank, twice = [], [], []
    for index, cell in enumerate(cells):
        name = names.get(normal(cell))
        if not normal(cell):
            blank.append(index)
        elif name is None:
            unknown.append((index, cell.strip()))
        elif name in places:
            twice.append(name)
        elif name != IGNORE:
            places[name] = index
    return Headings(tuple(places.get(column.name) for column in columns), tuple(unknown), tuple(blank), tuple(twice))


def suggestion(heading: str, columns: Sequence[Column]) -> str:
    """What to do about a heading that stands for nothing."""
    return nearest(heading, [name for column in columns for name in (column.name, *column.aliases)])


def read_map(file: str, data: bytes) -> dict[str, str]:
    """A --map file: YAML `heading: column`, or CSV with two cells a row. Errors: UsageError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{file}: got bytes that are not UTF-8, wanted UTF-8 text; save it as UTF-8") from None
    pairs = _csv_pairs(file, text) if file.casefold().endswith(".csv") else _yaml_pairs(file, text)
    return {normal(heading): column.strip() for heading, column in pairs}


def check_map(mapping: Mapping[str, str], columns: Sequence[Column]) -> None:
    """Errors: UsageError for a mapping to a column that this kind of file does not have."""
    names = [column.name for column in columns]
    for heading, column in mapping.items():
        if column != IGNORE and column not in names:
            raise UsageError(
                f"--map: {show(heading)}: got {show(column)}, wanted a column of this file or {IGNORE}; "
                f"{nearest(column, names)}"
            )


def _names(columns: Sequence[Column], mapping: Mapping[str, str]) -> dict[str, str]:
    built_in = {normal(name): column.name for column in columns for name in (column.name, *column.aliases)}
    return {**built_in, **mapping}


def _yaml_pairs(file: str, text: str) -> list[tuple[str, str]]:
    try:
        tree = parse(text)
    except UnreadableError as exc:
        raise UsageError(f"{file}:{exc.place[0]}: {exc.text}") from None
    for found in tree.found:
        raise UsageError(f"{file}: {found.text}")
    for heading, column in tree.data.items():
        if not isinstance(column, str):
            raise UsageError(f"{file}: {show(heading)}: got {show(column)}, wanted the name of a column")
    return [(heading, str(column)) for heading, column in tree.data.items()]


def _csv_pairs(file: str, text: str) -> list[tuple[str, str]]:
    pairs = []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
            if not any(row):
                continue
            if len(row) != 2:
                raise UsageError(f"{file}:{number}: got {len(row)} cells, wanted two: heading, column")
            pairs.append((row[0], row[1]))
    except csv.Error as exc:
        raise UsageError(f"{file}: {exc}; wanted CSV with two cells a row: heading, column") from None
    return pairs
