"""A plan's table as a workbook: the plan's own layout, why, the exact parts, the faults it counts, the method."""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from agent.figures.faults import Found
from agent.figures.plan import Table, as_json
from agent.instants import format_instant, hours
from agent.language import N_, catalogue
from agent.reports import head
from agent.reports.cells import Cells, cells, heads

SHEETS = (N_("Indicators"), N_("Why"), N_("Exact parts"), N_("Faults"), N_("Method"))
FAULT_HEADS = (
    N_("Fault"), N_("Root"), N_("Role"), N_("Priority"), N_("Clock from"), N_("Restored"), N_("Lasting"), N_("Outcome"),
    N_("Members"), N_("Source"),
)  # fmt: skip

_CREATED = datetime(2026, 1, 1)  # noqa: DTZ001  # fixed, so that the same table is the same bytes each time
_WIDTHS = (5, 10, 30, 44, 8, 12, 24, 34, 16, 9)
_PAIRS = ("low", "high", "best", "worst", "claimed")
_PLAIN = ("n", "d", "display", "verdict", "provisional", "basis", "late", "pending", "allowed")
_HEADING_ROW = 2

Book = Any
Sheet = Any
Format = Any
"""Of xlsxwriter, which declares no types."""


def xlsx_bytes(table: Table, found: Found | None, language: str) -> bytes:
    """The whole report. `found` are the faults that the plan's row counts, None without such a row."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": _CREATED, "title": head.title(table, language)})
        names = [catalogue(language).gettext(name) for name in SHEETS]
        rows = [cells(table, row, language) for row in table.rows]
        _summary(book, book.add_worksheet(names[0]), table, rows, language)
        _why(book, book.add_worksheet(names[1]), rows, language)
        _exact(book, book.add_worksheet(names[2]), table, language)
        _faults(book, book.add_worksheet(names[3]), table, found, language)
        _method(book.add_worksheet(names[4]), table, language)
    return file.getvalue()


def _summary(book: Book, sheet: Sheet, table: Table, rows: Sequence[Cells], language: str) -> None:
    """The plan's own layout: the category stands once beside its rows."""
    title = book.add_format({"bold": True, "font_size": 14})
    cell = book.add_format({"border": 1, "text_wrap": True, "valign": "vcenter"})
    sheet.write_string(0, 0, head.title(table, language), title)
    lines = [*([head.SIMULATED] if table.simulated else []), *head.lines(table, language)]
    last = len(_WIDTHS) - 1
    sheet.merge_range(1, 0, 1, last, "\n".join(lines), book.add_format({"text_wrap": True, "valign": "top"}))
    sheet.set_row(1, 15 * len(lines))
    _heading(book, sheet, _HEADING_ROW, heads(language)[:-1])
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    for number, row in enumerate(rows, start=_HEADING_ROW + 1):
        for column, text in enumerate(row[:-1]):
            sheet.write_string(number, column, str(text), cell)
    _merge(sheet, rows, cell)
    sheet.freeze_panes(_HEADING_ROW + 1, 3)
    sheet.print_area(0, 0, _HEADING_ROW + len(rows), last)
    sheet.repeat_rows(_HEADING_ROW)


def _merge(sheet: Sheet, rows: Sequence[Cells], cell: Format) -> None:
    first = _HEADING_ROW + 1
    for category, of_it in groupby(rows, key=lambda row: row.category):
        count = len(list(of_it))
        if count > 1:
            sheet.merge_range(first, 1, first + count - 1, 1, category, cell)
        first += count


def _heading(book: Book, sheet: Sheet, row: int, names: Iterable[str]) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    bold = book.add_format({"bold": True, "border": 1, "bg_color": "#ECECEC", "text_wrap": True, "align": "center"})
    for column, name in enumerate(names):
        sheet.write_string(row, column, name, bold)


def _why(book: Book, sheet: Sheet, rows: Sequence[Cells], language: str) -> None:
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    names = heads(language)
    _heading(book, sheet, 0, (names[0], names[2], names[-1]))
    sheet.set_column(1, 1, 36)
    sheet.set_column(2, 2, 110)
    lines = ((row, remark) for row in rows for remark in row.remarks)
    for number, (row, remark) in enumerate(lines, start=1):
        for column, text in enumerate((row.no, row.name, remark)):
            sheet.write_string(number, column, text, wrapped)


def _exact(book: Book, sheet: Sheet, table: Table, language: str) -> None:
    """As the JSON has them; whole numbers beyond 15 digits stay text, for a spreadsheet would round them."""
    _heading(book, sheet, 0, ("no", "id", *_PLAIN, *(f"{name}_{part}" for name in _PAIRS for part in "nd")))
    sheet.set_column(1, 1, 40)
    sheet.set_column(2, 30, 20)
    for number, told in enumerate(as_json(table, language)["indicators"], start=1):
        pairs = [value for name in _PAIRS for value in (told[name] or (None, None))]
        for column, value in enumerate((told["no"], told["id"], *(told[name] for name in _PLAIN), *pairs)):
            _write(sheet, number, column, value)


def _write(sheet: Sheet, row: int, column: int, value: object) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15:
        sheet.write_number(row, column, value)
    elif value is not None:
        sheet.write_string(row, column, str(value).lower() if isinstance(value, bool) else str(value))


def _faults(book: Book, sheet: Sheet, table: Table, found: Found | None, language: str) -> None:
    words, zone = catalogue(language).gettext, table.plan.zone_info
    _heading(book, sheet, 0, map(words, FAULT_HEADS))
    sheet.set_column(0, 9, 22)
    for number, fault in enumerate(() if found is None else found.faults, start=1):
        end = None if fault.restored is None else fault.restored[1]
        texts = (
            fault.id,
            fault.root,
            fault.role,
            str(fault.priority),
            format_instant(fault.start, zone),
            "-" if end is None else format_instant(end, zone),
            hours((table.as_of if end is None else end) - fault.start),
            str(fault.outcome),
            str(len(fault.members)),
            str(fault.source),
        )
        for column, text in enumerate(texts):
            sheet.write_string(number, column, text)


def _method(sheet: Sheet, table: Table, language: str) -> None:
    sheet.set_column(0, 0, 140)
    for number, line in enumerate((head.title(table, language), *head.lines(table, language))):
        sheet.write_string(number, 0, line)
