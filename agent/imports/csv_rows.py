"""The bytes of a CSV file into rows of cells: encoding, separator and headings are found, or refused by name."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from agent.imports.headings import IGNORE, Column, Headings, recognise, suggestion
from agent.imports.problems import Problems, show

HEADING_WITHIN = 10
"""Rows that are searched for the headings: titles may stand above them."""

PROGRESS_EVERY = 5_000
_HEAD = 64 * 1024
_SEPARATORS = (",", ";", "\t")
_NO_CSV = {
    b"PK\x03\x04": "an Excel workbook (.xlsx)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    codecs.BOM_UTF16_LE: "UTF-16 text",
    codecs.BOM_UTF16_BE: "UTF-16 text",
}


class Row(NamedTuple):
    """One row. Shape: line is the first line of the row, from 1; cells in the order of the columns, stripped."""

    line: int
    cells: tuple[str, ...]


class Heading(NamedTuple):
    """Where the headings stand (which record, from 0, and its line) and how cells are separated."""

    separator: str
    number: int
    line: int
    width: int
    names: Headings


class Sheet:
    """A CSV file of known columns.

    Errors: ImportProblemsError where the file cannot be read on; what is wrong with a row goes to `problems`.
    """

    def __init__(self, data: bytes, columns: Sequence[Column], mapping: Mapping[str, str], problems: Problems) -> None:
        self._data = data
        self._problems = problems
        self._encoding = encoding_of(data, problems)
        self._heading = self._headings(columns, mapping)
        self._width = self._heading.width
        self._positions, self._blank = self._heading.names.positions, self._heading.names.blank

    def rows(self, progress: Callable[[int, int], None] | None = None) -> Iterator[Row]:
        """Every row below the headings that is not blank."""
        raw = io.BytesIO(self._data)
        text = io.TextIOWrapper(raw, self._encoding, newline="")
        for number, (line, cells) in enumerate(self._records(text)):
            if number > self._heading.number and (row := self._row(line, cells)):
                yield row
            if progress is not None and number % PROGRESS_EVERY == 0:
                progress(raw.tell(), len(self._data))
        if progress is not None:
            progress(len(self._data), len(self._data))

    def _records(self, text: io.TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(text, delimiter=self._heading.separator, strict=True)
        line = 1
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
        except csv.Error as exc:
            words = f"got a row that is no CSV ({exc}), wanted quotes closed, and doubled inside; correct this row"
            raise self._problems.refuse(line, "row", words) from None

    def _row(self, line: int, cells: list[str]) -> Row | None:
        extra = cells[self._width :]
        if len(cells) < self._width:
            cells += [""] * (self._width - len(cells))
        values = tuple([cells[at].strip() if at is not None else "" for at in self._positions])
        if not any(values) and not any(map(str.strip, cells)):
            return None
        if extra and any(map(str.strip, extra)):
            width = self._width
            words = f"got {len(cells)} cells, wanted {width} as in the headings; quote a cell that holds a separator"
            self._problems.add(line, "row", words)
            return None
        for at in self._blank:
            if cells[at].strip():
                words = f"got {show(cells[at])} under an empty heading, wanted a heading; add it or empty the cell"
                self._problems.add(line, "row", words)
        return Row(line, values)

    def _headings(self, columns: Sequence[Column], mapping: Mapping[str, str]) -> Heading:
        candidates = list(self._candidates(columns, mapping))
        if not candidates:
            raise self._problems.refuse(
                0, "headings", f"got an empty file, wanted {_list(columns)}; name the right one"
            )
        whole = [heading for heading in candidates if not heading.names.missing(columns)]
        best = max(whole or candidates, key=lambda heading: (heading.names.found, -heading.number))
        self._check(best, columns)
        return best

    def _candidates(self, columns: Sequence[Column], mapping: Mapping[str, str]) -> Iterator[Heading]:
        """The first rows under each separator."""
        head = io.TextIOWrapper(io.BytesIO(self._data), self._encoding, newline="").read(_HEAD)
        for separator in _SEPARATORS:
            reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
            line = 1
            try:
                for index, cells in zip(range(HEADING_WITHIN), reader, strict=False):
                    if any(map(str.strip, cells)):
                        yield Heading(separator, index, line, len(cells), recognise(cells, columns, mapping))
                    line = reader.line_num + 1
            except csv.Error:  # said by the whole reading, with its line
                continue

    def _check(self, heading: Heading, columns: Sequence[Column]) -> None:
        names = heading.names
        wanted = f"wanted {_list(columns)}"
        for name in names.missing(columns):
            words = f"got no such heading, {wanted}; add it, or name its heading with --map FILE"
            self._problems.add(heading.line, name, words)
        for name in names.twice:
            self._problems.add(heading.line, name, "got two headings for it, wanted one; remove or rename one")
        for _, cell in names.unknown:
            step = f"{suggestion(cell, columns)} (--map FILE maps it to a column, or to {IGNORE})"
            self._problems.add(heading.line, show(cell), f"got an unknown heading, {wanted}; {step}")
        self._problems.check()


def encoding_of(data: bytes, problems: Problems) -> str:
    """The encoding of a file: UTF-8 or, where it is that beyond doubt, GB18030. Errors: ImportProblemsError."""
    for magic, what in _NO_CSV.items():
        if data.startswith(magic):
            raise problems.refuse(0, "file", f"got {what}, wanted CSV in UTF-8 or GB18030; save it as CSV")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        if _is_gb18030(data):
            return "gb18030"
        words = "got bytes that are neither UTF-8 nor GB18030, wanted one of them; save the file as UTF-8"
        raise problems.refuse(line, "file", words) from None
    return "utf-8-sig"


def _is_gb18030(data: bytes) -> bool:
    """Whether it can be read as GB18030 and is not UTF-8 with a few broken bytes, which could be read so too."""
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    as_utf8 = data.decode("utf-8", errors="replace")
    broken = as_utf8.count("\ufffd")
    return not data.startswith(codecs.BOM_UTF8) and broken > sum(c > "\x7f" for c in as_utf8) - broken


def _list(columns: Sequence[Column]) -> str:
    return ", ".join(column.name for column in columns)
