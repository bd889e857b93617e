"""An empty table to fill in: CSV or XLSX, its headings in Chinese and under their names, each column explained."""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import xlsxwriter

from agent.sheets.columns import Column
from agent.sheets.xlsx_cells import column_name

NOTES = "说明 Notes"
"""The sheet of explanations. Its rows name one column each, so that none is taken for headings."""

_NOTES_HEADINGS = ("列", "表头 heading", "必填 must be filled in", "说明", "explanation", "示例 example")
_NOTES_WIDTHS = (5, 30, 12, 48, 48, 30)
_SHEET_NAME_MAX = 31
_WIDTH_MIN, _WIDTH_MAX = 14, 40
_CREATED = datetime(2026, 1, 1)  # noqa: DTZ001  # fixed, so that a template is the same bytes each time

Sheet = Any
Book = Any
"""Of xlsxwriter, which declares no types."""


def heading(column: Column) -> str:
    """A column's heading as a template has it, which open_table knows: 监测对象编号* target_id."""
    mark = "*" if column.required else ""
    return f"{column.heading_zh}{mark} {column.name}" if column.heading_zh else f"{column.name}{mark}"


def write_template(columns: Sequence[Column], form: Literal["csv", "xlsx"], name: str) -> bytes:
    """An empty table. Shape: `name` is what the sheet is called; the same bytes each time."""
    return csv_template(columns) if form == "csv" else xlsx_template(columns, name)


def csv_template(columns: Sequence[Column]) -> bytes:
    """As CSV that spreadsheet programs open: explanations and an example stand above the headings, as titles do."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows(_titles(columns))
    writer.writerow(map(heading, columns))
    return text.getvalue().encode("utf-8-sig")


def xlsx_template(columns: Sequence[Column], name: str) -> bytes:
    """As a workbook: the sheet to fill in, all of it text so that nothing is rewritten, and a sheet of explanations."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": _CREATED})
        _data_sheet(book, columns, name[:_SHEET_NAME_MAX])
        _notes_sheet(book, columns)
    return file.getvalue()


def _titles(columns: Sequence[Column]) -> Iterator[list[str]]:
    for mark, cells in (
        ("说明：", [column.explain_zh for column in columns]),
        ("Notes: ", [column.explain_en for column in columns]),
        ("示例 Example: ", [column.example for column in columns]),
    ):
        if any(cells):
            yield [mark + cells[0], *cells[1:]]


def _data_sheet(book: Book, columns: Sequence[Column], name: str) -> None:
    sheet = book.add_worksheet(name)
    text = book.add_format({"num_format": "@"})
    must, may = (book.add_format({**_HEADING, "bg_color": color}) for color in ("#F4D9B0", "#DDE6EF"))
    for at, column in enumerate(columns):
        title = heading(column)
        width = max(_width(word) for word in (*title.split(), column.example))
        sheet.set_column(at, at, min(max(width + 2, _WIDTH_MIN), _WIDTH_MAX), text)
        sheet.write_string(0, at, title, must if column.required else may)
    sheet.freeze_panes(1, 0)


def _notes_sheet(book: Book, columns: Sequence[Column]) -> None:
    sheet = book.add_worksheet(NOTES)
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    bold = book.add_format(_HEADING)
    for at, (title, width) in enumerate(zip(_NOTES_HEADINGS, _NOTES_WIDTHS, strict=True)):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, title, bold)
    for row, column in enumerate(columns, start=1):
        must = "是 yes" if column.required else "否 no"
        cells = (
            column_name(row - 1), heading(column), must, column.explain_zh, column.explain_en, column.example,
        )  # fmt: skip
        for at, cell in enumerate(cells):
            sheet.write_string(row, at, cell, wrapped)
    sheet.freeze_panes(1, 0)


def _width(text: str) -> int:
    """How wide text is: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


_HEADING = {"bold": True, "text_wrap": True, "valign": "top", "border": 1}
