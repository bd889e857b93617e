"""One sheet of a report's workbook, written row by row from the top: rows that are left cannot be written any more."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from xlsxwriter import Workbook

from agent.language import catalogue
from agent.reports.content import Report
from agent.reports.listing import At, Cell, Column, Lasting, Listing, Share, width_of
from agent.reports.styles import SECONDS_A_DAY, Styles
from sla.availability import Ratio
from sla.periods import to_datetime

ROWS_MAX = 200_000
"""Rows of one list; more than people read, and far below the form's own limit."""

TEXT_MAX = 32_000
EXACT_MAX = 10**15
"""Beyond it a spreadsheet's numbers are not exact: then the digits are text."""

HEADER_MAX = 240
LINE_POINTS = 13
FIRST_YEAR = 1900
_SHARE_WIDTHS = (10, 10, 15, 15)


class _Placed(NamedTuple):
    """A column of a list, and what it takes of the sheet: bounds and both parts of a share stand beside one another."""

    number: int
    column: Column
    is_share: bool

    @property
    def widths(self) -> tuple[int, ...]:
        return _SHARE_WIDTHS if self.is_share else (self.column.width,)

    @property
    def room(self) -> int:
        return len(self.widths)


class Page:
    """A sheet that is being written; `row` is the one that is next."""

    def __init__(self, book: Workbook, styles: Styles, report: Report, name: str) -> None:
        self._sheet = book.add_worksheet(name)
        self._styles, self._report = styles, report
        self._words = catalogue(report.language).gettext
        self._bold = False
        self.row = 0
        self._print_setup()

    def _print_setup(self) -> None:
        """A4 across, as many pages down as it takes, the marks on each of them."""
        _, report = self._words, self._report
        self._sheet.set_paper(9)
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_margins(left=0.5, right=0.5, top=0.75, bottom=0.6)
        title, marks = _plain(f"{report.title} {report.subtitle}"), _plain(" · ".join(report.marks))
        room = HEADER_MAX - len(marks)
        self._sheet.set_header(f"&L{_fit(title, room)}&R{marks}")
        number = _("page %(page)s of %(pages)s") % {"page": "&P", "pages": "&N"}
        self._sheet.set_footer(f"&L{_plain(report.footer)}&R{number}"[:HEADER_MAX])

    def widths(self, widths: Sequence[int]) -> None:
        """Units: half-width characters."""
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, width)

    @staticmethod
    def widths_of(found: Listing) -> list[int]:
        """Those of a list; a share takes four columns."""
        return [width for each in _columns(found) for width in each.widths]

    def top(self, title: str = "") -> None:
        """Title, marks, period; then an empty row."""
        report = self._report
        self._sheet.write_string(self.row, 0, _cut(title or f"{report.title} {report.subtitle}"), self._styles.title)
        self.next()
        self._sheet.write_string(self.row, 0, _cut(" · ".join(report.marks)), self._styles.mark)
        self.next()
        for line in (f"{report.title} {report.subtitle}", *report.lines) if title else report.lines:
            self.line(line)
        self.line(report.footer)
        self.next()

    def line(self, text: str) -> None:
        """A line of words across the sheet."""
        self._sheet.write_string(self.row, 0, _cut(text), self._styles.line)
        self.next()

    def lines(self, texts: Iterable[str]) -> None:
        """Several things in one line."""
        self.line("    ".join(texts))

    def section(self, text: str) -> None:
        """A heading between lists."""
        self._sheet.write_string(self.row, 0, _cut(text), self._styles.section)
        self.next()

    def head(self, names: Sequence[str], *, is_last: bool = True) -> None:
        """The heading of a table; of the only one in a sheet it stays in sight and is printed on each page."""
        for column, name in enumerate(names):
            self._sheet.write_string(self.row, column, _cut(name), self._styles.head)
        if is_last:
            self._sheet.repeat_rows(self.row)
            self._sheet.freeze_panes(self.row + 1, 0)
        self.next()

    def table(self, found: Listing, *, is_alone: bool = False) -> None:
        """A whole list, its totals last; what is not for paper stands to the right of what is printed."""
        columns = _columns(found)
        if not found.rows:
            self.line(found.empty)
            return
        first = self.row
        self.head([name for each in columns for name in self._heads(each)], is_last=is_alone)
        for number, row in enumerate(found.rows[:ROWS_MAX]):
            self._bold = number >= len(found.rows) - found.sums
            self._row(columns, row)
        self._bold = False
        if is_alone:
            self._sheet.autofilter(first, 0, self.row - 1, len(self.widths_of(found)) - 1)
            self._sheet.print_area(0, 0, self.row - 1, sum(each.room for each in columns if each.column.paper) - 1)
        if len(found.rows) > ROWS_MAX:
            self.line(self._more(len(found.rows) - ROWS_MAX))

    def _more(self, left: int) -> str:
        _ = self._words
        return _("%(n)s more rows are not listed; ask for a shorter period.") % {"n": left}

    def _row(self, columns: Sequence[_Placed], row: Sequence[Cell]) -> None:
        at = 0
        for each in columns:
            self._place(at, row[each.number], is_share=each.is_share)
            at += each.room
        self.next()

    def _place(self, at: int, cell: Cell, *, is_share: bool) -> None:
        if not is_share:
            self.cell(at, cell)
        elif isinstance(cell, Share):
            for offset, shown in enumerate(cell.texts):
                self.shown(at + offset, shown, is_share=True)
            self.parts(at + 2, cell.low, timed=cell.timed)

    def _heads(self, each: _Placed) -> Sequence[str]:
        _, head = self._words, each.column.head
        if not each.is_share:
            return (head,)
        return (f"{head} {_('low bound')}", f"{head} {_('high bound')}", _("numerator"), _("denominator"))

    def cell(self, column: int, cell: Cell) -> None:
        """A typed cell as what it is: number, date, length of time, text."""
        if isinstance(cell, At):
            self._time(column, cell.us)
        elif isinstance(cell, Lasting):
            self._sheet.write_number(self.row, column, _days(cell.us), self._styles.duration(bold=self._bold))
        elif isinstance(cell, Share):
            self.shown(column, cell.texts[0], is_share=True)
        elif isinstance(cell, int):
            self._number(column, cell)
        else:
            self.text(column, cell or "", strong=False)

    def shown(self, column: int, shown: str, *, is_share: bool) -> None:
        """A printed figure as a number of just those digits; what is none stays text."""
        digits = shown.removesuffix("%")
        if not is_share or not digits.replace(".", "", 1).isdecimal():
            if digits.isdecimal() and not is_share:
                self._number(column, int(digits))
            else:
                self.text(column, shown, center=True)
            return
        decimals = len(digits.partition(".")[2])
        style = self._styles.percent(decimals, bold=self._bold)
        self._sheet.write_number(self.row, column, float(digits) / 100, style)

    def parts(self, column: int, ratio: Ratio | None, *, timed: bool) -> None:
        """Numerator and denominator in two columns."""
        for offset in (0, 1):
            part: Cell = None if ratio is None else Lasting(ratio[offset]) if timed else ratio[offset]
            self.cell(column + offset, part)

    def text(self, column: int, text: str, *, center: bool = False, strong: bool = False) -> None:
        """Words, whatever they begin with."""
        style = self._styles.text(bold=strong or self._bold, center=center, red=strong)
        if text:
            self._sheet.write_string(self.row, column, _cut(text), style)
        else:
            self._sheet.write_blank(self.row, column, None, style)

    def category(self, column: int, text: str) -> None:
        """The first cell of a category, or one below it that is merged into it."""
        if text:
            self._sheet.write_string(self.row, column, _cut(text), self._styles.category)
        else:
            self._sheet.write_blank(self.row, column, None, self._styles.category)

    def link(self, column: int, text: str, sheet: str) -> None:
        """A name that leads to another sheet."""
        quoted = sheet.replace("'", "''")
        self._sheet.write_url(self.row, column, f"internal:'{quoted}'!A1", self._styles.link(), _cut(text))

    def merge_down(self, start: int, column: int) -> None:
        """Merge the rows from `start` to the last one written.

        The library's own call writes the cells again, which rows that have left memory do not bear; theirs stand.
        """
        if self.row - 1 > start:
            self._sheet.merge.append([start, column, self.row - 1, column])

    def tall(self, text: str, width: int, *more: tuple[str, int]) -> None:
        """Make the row as high as its longest text needs: spreadsheets do not all reckon it by themselves."""
        lines = sum(_lines(each, room) for each, room in more)
        self._sheet.set_row(self.row, LINE_POINTS * max(_lines(text, width), lines, 1) + 2)

    def next(self) -> None:
        """Go on to the next row."""
        self.row += 1

    def _time(self, column: int, us: int) -> None:
        local = to_datetime(us, self._report.zone).replace(tzinfo=None)
        if local.year < FIRST_YEAR:
            self.text(column, str(local))
            return
        self._sheet.write_datetime(self.row, column, local, self._styles.time(bold=self._bold))

    def _number(self, column: int, number: int) -> None:
        if abs(number) > EXACT_MAX:
            self.text(column, str(number))
            return
        self._sheet.write_number(self.row, column, number, self._styles.number(bold=self._bold))


def _columns(found: Listing) -> list[_Placed]:
    """Those that are printed first, in their order."""
    placed = [_Placed(n, column, _is_share(found, n)) for n, column in enumerate(found.columns)]
    return sorted(placed, key=lambda each: not each.column.paper)


def _is_share(found: Listing, number: int) -> bool:
    """Whether a column holds shares, by its first rows; those of one column are alike."""
    return any(isinstance(row[number], Share) for row in found.rows[:3])


def _days(us: int) -> float:
    return us / 1_000_000 / SECONDS_A_DAY


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}…"


def _plain(text: str) -> str:
    """For headers and footers, where & begins a command."""
    return text.replace("&", "&&").replace("\n", " ")[:HEADER_MAX]


def _lines(text: str, width: int) -> int:
    """How many lines a text takes; a Chinese character is two wide."""
    return max(-(-width_of(text) // max(width - 2, 1)), 1)


def _fit(text: str, room: int) -> str:
    """No longer than a header bears, and never half of a doubled &."""
    return text if len(text) <= room else text[:room].rstrip("&")
