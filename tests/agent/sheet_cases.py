"""Helps tests of tables: the columns of a small register of lines, and files read the way an import reads them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from agent.sheets import Column, ImportProblemsError, Problems, Row, Table, check_map, open_table

LINK = Column("link_id", ("线路编号",))
COUNTY = Column("division_code", ("县区",))
CARRIER = Column("carrier", ("运营商",))
RATE = Column("contracted_mbps", ("带宽（Mbps）", "带宽"))
FROM = Column("in_service_from", ("开通日期",), required=False)
COLUMNS = (LINK, COUNTY, CARRIER, RATE, FROM)
HEADINGS = "线路编号,县区,运营商,带宽,开通日期"


def opened(data: bytes | str, mapping: dict[str, str] | None = None, columns=COLUMNS) -> tuple[Table, list[Row]]:
    """A table and all its rows, when nothing is wrong with it."""
    given = mapping or {}
    check_map(given, columns)
    raw = data.encode() if isinstance(data, str) else data
    problems = Problems("台账.xlsx" if raw.startswith(b"PK") else "台账.csv")
    table = open_table(raw, columns, given, problems)
    found = list(table.rows())
    problems.check()
    return table, found


def rows(data: bytes | str, mapping: dict[str, str] | None = None, columns=COLUMNS) -> list[tuple[str, ...]]:
    """The cells of all rows."""
    return [row.cells for row in opened(data, mapping, columns)[1]]


def refusal(data: bytes | str, mapping: dict[str, str] | None = None, columns=COLUMNS) -> list[str]:
    """What is wrong with a file, a line each."""
    with pytest.raises(ImportProblemsError) as caught:
        opened(data, mapping, columns)
    return str(caught.value).splitlines()


def workbook(*fills: Callable[[Worksheet], Any], names: tuple[str, ...] = ("台账", "二", "三")) -> bytes:
    """A workbook as openpyxl writes it, a sheet for each function."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for fill, name in zip(fills, names, strict=False):
        fill(book.create_sheet(name))
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def sheet_of(*lines: list[Any], merged: tuple[str, ...] = ()) -> Callable[[Worksheet], None]:
    """Fills a sheet with these lines, then merges."""

    def fill(sheet: Worksheet) -> None:
        for line in lines:
            sheet.append(line)
        for cells in merged:
            sheet.merge_cells(cells)

    return fill
