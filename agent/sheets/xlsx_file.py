"""The bytes of an Excel workbook (.xlsx) into its sheets.

The reader is our own: that of a library takes several times as long for the same rows, says neither what is merged nor
which formulas have no result, and does not know the dates of Chinese number formats.
"""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from agent.sheets.leaves import HEADING_WITHIN, Range, Record
from agent.sheets.problems import Problems
from agent.sheets.xlsx_cells import Cells, Texts, column_at
from agent.sheets.xlsx_package import Named, Package, reading
from agent.sheets.xlsx_xml import PIECE, BrokenError, pieces

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLD = b"\xd0\xcf\x11\xe0"
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref=["']\$?([A-Z]+)\$?(\d+):\$?([A-Z]+)\$?(\d+)["']""")
_OVERLAP = 512
_STEP = "wanted .xlsx or CSV; open it in a spreadsheet program and save it as .xlsx, without a password"


class XlsxLeaf:
    """One sheet."""

    hint = "add a heading or empty the cells"

    def __init__(self, package: Package, sheet: Named, problems: Problems) -> None:
        self.name = sheet.name
        self.size = package.size(sheet.part)
        self._package, self._part, self._problems = package, sheet.part, problems
        self._texts = Texts(package.shared, package.looks, package.epoch)

    @cached_property
    def merged(self) -> list[Range]:
        """Merged cells, by their first line. They stand behind the rows, so they are looked for beforehand."""
        try:
            with reading():
                return sorted(self._ranges())
        except BrokenError as exc:
            raise self._broken(exc) from None

    def head(self) -> list[Record]:
        """The first records."""
        found: list[Record] = []
        for record in self.records(lambda _: None):
            found.append(record)
            if len(found) == HEADING_WITHIN:
                break
        return found

    def records(self, progress: Callable[[int], None]) -> Iterator[Record]:
        """All records that hold something. Errors: ImportProblemsError where the sheet cannot be read on."""
        cells = Cells(self._texts)
        try:
            with reading(), self._package.open(self._part) as stream:
                for done, rows in pieces(stream, "worksheet", "row", "sheetData"):
                    yield from cells.records(rows)
                    progress(done)
        except BrokenError as exc:
            raise self._broken(exc) from None

    def _ranges(self) -> Iterator[Range]:
        seen = b""
        with self._package.open(self._part) as stream:
            while piece := stream.read(PIECE):
                seen += piece
                end = 0
                for match in _MERGED.finditer(seen):
                    yield _range(*(part.decode() for part in match.groups()))
                    end = match.end()
                seen = seen[max(end, len(seen) - _OVERLAP) :]

    def _broken(self, exc: BrokenError) -> Exception:
        return self._problems.refuse(0, "file", f"got {exc}, {_STEP}", self.name)


def is_workbook(data: bytes, problems: Problems) -> bool:
    """Whether it is an .xlsx. Errors: ImportProblemsError for an old one, or one with a password."""
    if data.startswith(_OLD):
        raise problems.refuse(0, "file", f"got an old Excel workbook (.xls) or one with a password, {_STEP}")
    return data.startswith(_ZIP)


def xlsx_leaves(data: bytes, problems: Problems) -> list[XlsxLeaf]:
    """Its sheets in their order. Errors: ImportProblemsError."""
    try:
        package = Package(data)
        return [XlsxLeaf(package, sheet, problems) for sheet in package.sheets]
    except BrokenError as exc:
        raise problems.refuse(0, "file", f"got {exc}, {_STEP}") from None


def _range(first: str, first_line: str, last: str, last_line: str) -> Range:
    text = f"{first}{first_line}:{last}{last_line}"
    return Range(int(first_line), column_at(first), int(last_line), column_at(last), text)
