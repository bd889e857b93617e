"""The cells of one sheet of a workbook as text, row by row."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from xml.etree import ElementTree as ET

from agent.sheets.leaves import SOUND, Record
from agent.sheets.xlsx_package import space_of, text_of
from agent.sheets.xlsx_values import FlawError, Look, iso_text, number_text, time_text, unescape
from agent.sheets.xlsx_xml import BrokenError

ROWS_MAX = 1_048_576
COLUMNS_MAX = 200
_DIGITS = "0123456789"
_LETTERS_MAX = 3


class Texts(NamedTuple):
    """What cells refer to."""

    shared: Sequence[str]
    looks: Mapping[str, Look]
    epoch: datetime


class Cells:
    """Makes records of a sheet's rows. Errors: BrokenError for what is too large."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._columns = _Columns()
        self._line = 0

    def records(self, rows: ET.Element) -> Iterator[Record]:
        """Rows that hold something. Shape: each call goes on where the last one ended."""
        space = space_of(rows)
        value_tag, formula_tag = f"{space}v", f"{space}f"
        for row in rows:
            self._line = line = self._line_of(row)
            cells: list[str] = []
            flaws: dict[int, str] = {}
            at, digits = -1, len(str(line))
            for cell in row:
                place = cell.get("r")
                at = at + 1 if place is None else self._columns[place[:-digits]]
                value = cell.findtext(value_tag)
                try:
                    text = self._text(cell, value) if value else self._without_value(cell, value, formula_tag)
                except FlawError as exc:
                    flaws[at] = f"{exc} (cell {column_name(at)}{line})"
                    continue
                if not text:
                    continue
                if at == len(cells) < COLUMNS_MAX:
                    cells.append(text)
                else:
                    self._put(cells, at, text)
            if cells or flaws:
                yield Record(line, cells, flaws or SOUND)

    def _line_of(self, row: ET.Element) -> int:
        number = row.get("r", "")
        line = int(number) if number.isdecimal() else self._line + 1
        if line <= self._line or line > ROWS_MAX:
            raise BrokenError(f"row {line} after row {self._line}, at most {ROWS_MAX} rows in order are read")
        return line

    def _put(self, cells: list[str], at: int, text: str) -> None:
        if at >= COLUMNS_MAX:
            place = f"{column_name(at)}{self._line}"
            raise BrokenError(f"text in cell {place}, at most {COLUMNS_MAX} columns are read: clear what lies beyond")
        if at > len(cells):
            cells.extend([""] * (at - len(cells)))
            cells.append(text)
        else:
            cells[at] = text

    def _text(self, cell: ET.Element, value: str) -> str:
        sort = cell.get("t", "n")
        if sort == "s":
            return self._shared(value)
        if sort == "n":
            look = self._texts.looks.get(cell.get("s", ""))
            return number_text(value) if look is None else time_text(value, look, self._texts.epoch)
        if sort == "e":
            raise FlawError(f"got the error {value[:40]}, wanted a value; correct the cell")
        if sort == "b":
            return "true" if value == "1" else "false"
        return iso_text(value) if sort == "d" else unescape(value).strip()

    def _shared(self, number: str) -> str:
        if number.isdecimal() and (at := int(number)) < len(self._texts.shared):
            return self._texts.shared[at]
        raise FlawError("got text that the workbook does not hold, wanted a value; enter it anew")

    def _without_value(self, cell: ET.Element, value: str | None, formula_tag: str) -> str:
        if cell.get("t") == "inlineStr":
            return "".join(text_of(item, space_of(cell)) for item in cell)
        computed_empty = cell.get("t") == "str" and value is not None
        if cell.find(formula_tag) is None or computed_empty:
            return ""
        raise FlawError("got a formula without a result, wanted a value; open it, let it calculate, save it again")


class _Columns(dict[str, int]):
    """Letters to positions, found out as they come."""

    def __missing__(self, letters: str) -> int:
        at = self[letters] = column_at(letters)
        return at


def column_at(letters: str) -> int:
    """The position of a column: A is 0, AA is 26. Errors: BrokenError."""
    if not (0 < len(letters) <= _LETTERS_MAX and letters.isascii() and letters.isalpha()):
        raise BrokenError(f"a cell in column {letters[:20]!r}, which there is not")
    at = 0
    for letter in letters.upper():
        at = at * 26 + ord(letter) - ord("A") + 1
    return at - 1


def column_name(at: int) -> str:
    """What people call the column at a position."""
    name = ""
    at += 1
    while at:
        at, letter = divmod(at - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
