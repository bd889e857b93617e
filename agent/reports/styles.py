"""How cells of a spreadsheet look: formats made once for a workbook, and the numbers that stand in typed cells."""

from collections.abc import Mapping
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format

SECONDS_A_DAY = 86_400
DURATION = "[h]:mm:ss"
TIME = "yyyy-mm-dd hh:mm:ss"
FONT = "宋体"
_BASE: Mapping[str, Any] = {"font_name": FONT, "font_size": 10, "valign": "vcenter"}
_CELL: Mapping[str, Any] = {**_BASE, "border": 1, "border_color": "#777777"}


class Styles:
    """Formats by what they are for; each is made when it is first asked for."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}
        self.title = self._of(_BASE, bold=True, font_size=14)
        self.line = self._of(_BASE)
        self.mark = self._of(_BASE, bold=True, font_color="#8f1d10")
        self.section = self._of(_BASE, bold=True, font_size=11)
        self.head = self._of(_CELL, bold=True, align="center", text_wrap=True, bg_color="#efefec")
        self.category = self._of(_CELL, bold=True, align="center", text_wrap=True)

    def text(self, *, bold: bool = False, center: bool = False, red: bool = False) -> Format:
        """Words, wrapped."""
        colour = {"font_color": "#8f1d10"} if red else {}
        return self._of(_CELL, text_wrap=True, bold=bold, align="center" if center else "left", **colour)

    def number(self, *, bold: bool = False) -> Format:
        """A whole number."""
        return self._of(_CELL, num_format="#,##0", bold=bold)

    def time(self, *, bold: bool = False) -> Format:
        """An instant of the plan's zone."""
        return self._of(_CELL, num_format=TIME, bold=bold)

    def duration(self, *, bold: bool = False) -> Format:
        """Hours, minutes, seconds; hours do not wrap at 24."""
        return self._of(_CELL, num_format=DURATION, bold=bold)

    def percent(self, decimals: int, *, bold: bool = False) -> Format:
        """A share with as many decimals as were cut to."""
        fraction = f".{'0' * decimals}" if decimals else ""
        return self._of(_CELL, num_format=f"0{fraction}%", bold=bold)

    def link(self) -> Format:
        """A name that leads to its sheet."""
        return self._of(_CELL, text_wrap=True, font_color="#0b5394", underline=1)

    def _of(self, base: Mapping[str, Any], **more: Any) -> Format:
        key = tuple(sorted({**base, **more}.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(dict(key))
        return self._made[key]
