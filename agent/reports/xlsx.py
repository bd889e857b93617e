"""A report as a spreadsheet: the plan's own table, a sheet for each indicator, the lists behind them, the method.

Rows go to a temporary file as they are written, so memory does not grow with the report. Texts are always written as
texts: nothing that people entered can become a formula. Shares are cut off as on paper, so no format rounds one up.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException

from agent.errors import AgentError
from agent.language import catalogue
from agent.reports.cells import heads
from agent.reports.content import Indicator, Report
from agent.reports.listing import Listing, Share
from agent.reports.page import Page
from agent.reports.styles import Styles
from sla.periods import to_datetime
from sla.verdict import PERCENT, display

NAME_MAX = 31
"""Characters in the name of a sheet."""

_REMARKS = 52
"""Widths. Units: half-width characters."""

_WIDTHS = (8, 6, 24, 32, 8, 9, 10, 10, 14, 14, 11, 8, _REMARKS)
_DEFINITION = 3


def write_xlsx(report: Report, target: Path | BinaryIO) -> None:
    """The whole workbook. Errors: AgentError where it cannot be written."""
    plain = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with TemporaryDirectory(prefix="sla-agent-report-") as folder:
            book = Workbook(str(target) if isinstance(target, Path) else target, {**plain, "tmpdir": folder})
            try:
                _fill(book, report)
                book.close()
            finally:
                _let_go(book)
    except (OSError, XlsxWriterException) as exc:
        raise AgentError(f"the spreadsheet cannot be written: {exc}; is there room for temporary files?") from exc


def _let_go(book: Workbook) -> None:
    """A book that could not be written leaves the files of its rows open."""
    for sheet in book.worksheets():
        if sheet.row_data_fh is not None:
            sheet.row_data_fh.close()


def _fill(book: Workbook, report: Report) -> None:
    _ = catalogue(report.language).gettext
    book.set_properties(
        {
            "title": f"{report.title} {report.subtitle}",
            "comments": " · ".join(report.marks),
            "created": to_datetime(report.at, report.zone).replace(tzinfo=None),
        }
    )
    styles, names = Styles(book), list(sheet_names(report.indicators))
    if report.indicators:
        _summary(Page(book, styles, report, _("Summary")), report, names)
    for indicator, name in zip(report.indicators, names, strict=True):
        _indicator(Page(book, styles, report, name), indicator, report)
    for found in report.lists:
        _listing(Page(book, styles, report, _name(found.title)), found)
    _method(Page(book, styles, report, _("Method")), report)


def sheet_names(indicators: Sequence[Indicator]) -> Iterator[str]:
    """The number makes each unlike the others."""
    return (_name(f"{int(each.cells.no):02} {each.cells.name}") for each in indicators)


def _name(text: str) -> str:
    """Only what a sheet's name may hold."""
    return "".join(c if c.isalnum() or c in " -" else " " for c in text)[:NAME_MAX].strip()


def _summary(page: Page, report: Report, names: Sequence[str]) -> None:
    """The plan's own table, its categories merged as the plan prints them."""
    _ = catalogue(report.language).gettext
    page.widths(_WIDTHS)
    page.top()
    page.lines(f"{count.word} {count.number}" for count in report.counts)
    for line in (*report.introduction, *report.common):
        page.line(line)
    named = heads(report.language)
    shown = [named[1], named[0], *named[2:6], _("low bound"), _("high bound"), _("numerator"), _("denominator")]
    page.head([*shown, *named[8:]])
    start, category = page.row, None
    for indicator, name in zip(report.indicators, names, strict=True):
        if indicator.cells.category != category:
            page.merge_down(start, 0)
            start, category = page.row, indicator.cells.category
        _summary_row(page, indicator, name, report.common, is_first=start == page.row)
        for part in indicator.parts:
            _summary_row(page, part, name, report.common, is_first=False)
    page.merge_down(start, 0)


def _summary_row(page: Page, indicator: Indicator, name: str, common: Sequence[str], *, is_first: bool) -> None:
    shown, row = indicator.cells, indicator.judged
    figure = row.figure
    page.category(0, shown.category if is_first else "")
    page.cell(1, int(shown.no) if shown.no.isdecimal() else shown.no)
    page.link(2, shown.name, name)
    for column, text in enumerate((shown.definition, shown.attribute, shown.target), 3):
        page.text(column, text, center=column > 3)
    low = row.display
    high = "-" if low == "-" else display(figure.high, row.target, figure.decimals, row.row.unit)
    page.shown(6, low, is_share=row.row.unit == PERCENT)
    page.shown(7, high, is_share=row.row.unit == PERCENT)
    page.parts(8, figure.value, timed=figure.timed)
    page.text(10, shown.verdict, center=True, strong=str(row.verdict) == "missed")
    page.text(11, shown.basis, center=True)
    remarks = [remark for remark in shown.remarks if remark not in common]
    page.text(12, "\n".join(remarks))
    page.tall(shown.definition, _WIDTHS[_DEFINITION], *((remark, _REMARKS) for remark in remarks))
    page.next()


def _indicator(page: Page, indicator: Indicator, report: Report) -> None:
    _ = catalogue(report.language).gettext
    lists = indicator.lists
    page.widths(_widest([28, 40, 20, 20], lists))
    page.top(f"{indicator.cells.no} {indicator.cells.name}")
    page.head([_("what"), _("value"), _("numerator"), _("denominator")])
    _facts(page, indicator, report)
    for part in indicator.parts:
        page.next()
        page.section(f"{part.cells.no} {part.cells.name}")
        _facts(page, part, report)
    for found in lists:
        page.next()
        _under(page, found)


def _facts(page: Page, indicator: Indicator, report: Report) -> None:
    for fact in indicator.facts:
        page.text(0, fact.label)
        page.cell(1, fact.cell)
        if isinstance(fact.cell, Share):
            page.parts(2, fact.cell.low, timed=fact.cell.timed)
        page.next()
    for number, remark in enumerate(indicator.cells.remarks):
        page.text(0, heads(report.language)[10] if number == 0 else "")
        page.text(1, remark)
        page.tall("", 1, (remark, 40))
        page.next()


def _listing(page: Page, found: Listing) -> None:
    page.widths(page.widths_of(found))
    page.top(found.title)
    if found.note:
        page.line(found.note)
    page.table(found, is_alone=True)


def _under(page: Page, found: Listing) -> None:
    page.section(found.title)
    if found.note:
        page.line(found.note)
    page.table(found)


def _method(page: Page, report: Report) -> None:
    page.widths([110])
    page.top()
    for line in (*report.introduction, *report.method):
        page.text(0, line)
        page.tall("", 1, (line, 110))
        page.next()


def _widest(least: Sequence[int], lists: Sequence[Listing]) -> list[int]:
    """A width for each column that serves all lists below one another."""
    wanted = [least, *(Page.widths_of(found) for found in lists)]
    return [max(each[n] for each in wanted if n < len(each)) for n in range(max(map(len, wanted)))]
