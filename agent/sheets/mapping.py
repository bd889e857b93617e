"""The --map file: more headings for columns, and how a ledger is to be understood.

Shape: a flat mapping of text, as it travels to a running agent. `heading: column`, `heading: column, fill` (a blank
takes the value above it, as where merged cells were exported), `heading: ignore`, and the options ignore_rows and
ignore_sheets with words between commas.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from agent.config.nodes import Plain, UnreadableError, parse
from agent.config.problems import nearest, show
from agent.errors import UsageError
from agent.sheets.columns import IGNORE, Column, normal

FILL = "fill"
IGNORE_ROWS = "ignore_rows"
IGNORE_SHEETS = "ignore_sheets"
_OPTIONS = (IGNORE_ROWS, IGNORE_SHEETS)
_COMMA = re.compile("[,，、]")


class Rules(NamedTuple):
    """A mapping, understood. Shape: `names` from a normal heading to a column's name or IGNORE."""

    names: Mapping[str, str]
    fill: frozenset[str]
    ignore_rows: tuple[str, ...]
    ignore_sheets: tuple[str, ...]


def rules_of(mapping: Mapping[str, str]) -> Rules:
    """What a checked mapping says."""
    pairs = [(normal(heading), _words(value)) for heading, value in mapping.items() if heading not in _OPTIONS]
    return Rules(
        {heading: words[0] for heading, words in pairs if words},
        frozenset(words[0] for _, words in pairs if FILL in words[1:]),
        tuple(_words(mapping.get(IGNORE_ROWS, ""))),
        tuple(_words(mapping.get(IGNORE_SHEETS, ""))),
    )


def read_map(file: str, data: bytes) -> dict[str, str]:
    """A --map file: YAML, or CSV with two cells a row, which holds no options. Errors: UsageError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{file}: got bytes that are not UTF-8, wanted UTF-8 text; save it as UTF-8") from None
    pairs = _csv_pairs(file, text) if file.casefold().endswith(".csv") else _yaml_pairs(file, text)
    return {heading if heading in _OPTIONS else normal(heading): value.strip() for heading, value in pairs}


def check_map(mapping: Mapping[str, str], columns: Sequence[Column]) -> None:
    """Errors: UsageError for a mapping to a column that this kind of file does not have, or to no known option."""
    names = [column.name for column in columns]
    for heading, value in mapping.items():
        if heading in _OPTIONS:
            continue
        column, *options = _words(value) or [""]
        if column != IGNORE and column not in names:
            wanted = f"wanted a column of this file or {IGNORE}; {nearest(column, names)}"
            raise UsageError(f"--map: {show(heading)}: got {show(column)}, {wanted}")
        if options not in ([], [FILL]) or (options and column == IGNORE):
            said, wanted = show(", ".join(options)), f"wanted nothing, or {FILL} after a column: {names[0]}, {FILL}"
            raise UsageError(f"--map: {show(heading)}: got {said} after {column}, {wanted}")


def _words(text: str) -> list[str]:
    return [word.strip() for word in _COMMA.split(text) if word.strip()]


def _yaml_pairs(file: str, text: str) -> Iterable[tuple[str, str]]:
    try:
        tree = parse(text)
    except UnreadableError as exc:
        raise UsageError(f"{file}:{exc.place[0]}: {exc.text}") from None
    for found in tree.found:
        raise UsageError(f"{file}: {found.text}")
    return [(heading, _option(file, heading, value)) for heading, value in tree.data.items()]


def _option(file: str, heading: str, value: Plain) -> str:
    if isinstance(value, str):
        return value
    if heading not in _OPTIONS:
        raise UsageError(f"{file}: {show(heading)}: got {show(value)}, wanted the name of a column")
    if not isinstance(value, list):
        raise UsageError(f"{file}: {heading}: got {show(value)}, wanted words: {heading}: [合计, 备注]")
    for word in value:
        if not isinstance(word, str) or len(_words(word)) != 1:
            raise UsageError(f"{file}: {heading}: got {show(word)}, wanted one word without a comma")
    return ", ".join(map(str, value))


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
