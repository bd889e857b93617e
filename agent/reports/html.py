"""A report as one HTML file that prints on A4: its style sheet inside, no script, nothing fetched from anywhere."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import groupby
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agent.language import catalogue
from agent.reports import listing
from agent.reports.cells import heads
from agent.reports.content import Indicator, Report
from agent.reports.listing import At, Cell, Lasting, Listing, Share
from agent.version import VERSION

ROWS_MAX = 400
"""Rows of one list on paper; the spreadsheet has them all."""

GROUP_MAX = 8
"""Rows of a category that stay together on a page; a longer one goes on under its name again."""


_SHORT = 13
"""A text that is not broken over lines: an id, an outcome."""


class Group(NamedTuple):
    """Rows of one category; `again`: its name stood above before."""

    category: str
    again: bool
    rows: Sequence[Indicator]

    @property
    def height(self) -> int:
        """Its lines: a split row has one more for each part."""
        return sum(1 + len(row.parts) for row in self.rows)


class Printed(NamedTuple):
    """What of a list is printed. `more`: rows that are left to the spreadsheet, `well`: rows that need no printing."""

    listing: Listing
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    sums: Sequence[Sequence[Cell]]
    more: int
    well: int


def html_text(report: Report) -> str:
    """The whole file."""
    style = _style(report)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            style=Markup(style),  # our own sheet; what people wrote is escaped in `_css_string`
            policy=policy(report),
            _=catalogue(report.language).gettext,
            heads=heads(report.language),
            groups=list(_groups(report.indicators)),
            common=report.common,
            printed=printed,
            kind=_kind,
            text=_teller(report, listing.text),
            parts=listing.parts_text,
            version=VERSION,
        )
    )


def policy(report: Report) -> str:
    """What a browser may do with the file: nothing but show it with this style sheet."""
    digest = base64.b64encode(hashlib.sha256(_style(report).encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def printed(found: Listing) -> Printed:
    """The columns and rows of a list that are printed; totals always are."""
    columns = [number for number, column in enumerate(found.columns) if column.paper]
    end = len(found.rows) - found.sums
    body = found.rows[:end] if found.on_paper is None else found.rows[: found.on_paper]
    cut = body[:ROWS_MAX]
    return Printed(
        listing=found,
        heads=[found.columns[number].head for number in columns],
        rows=[[row[number] for number in columns] for row in cut],
        sums=[[row[number] for number in columns] for row in found.rows[end:]],
        more=len(body) - len(cut),
        well=end - len(body),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("agent", "reports/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _sheet() -> str:
    return (resources.files("agent") / "reports" / "templates" / "print.css").read_text(encoding="utf-8")


def _style(report: Report) -> str:
    """The sheet, and what stands in the margins of every page."""
    _ = catalogue(report.language).gettext
    before, between, after = re.split(r"%\(\w+\)s", _("page %(page)s of %(pages)s"))
    boxes = {
        "top-left": _css_string(f"{report.title} · {report.subtitle}"),
        "top-right": _css_string(" · ".join(report.marks)),
        "bottom-left": _css_string(report.footer),
        "bottom-right": " ".join(
            (_css_string(before), "counter(page)", _css_string(between), "counter(pages)", _css_string(after))
        ),
    }
    margins = " ".join(f"@{name} {{ content: {content}; }}" for name, content in boxes.items())
    return f"{_sheet()}\n@page {{ {margins} }}\n"


def _css_string(text: str) -> str:
    """A CSS string of any text: all but letters, figures and spaces is escaped, so nothing can end the string."""
    return '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in text) + '"'


def _groups(indicators: Sequence[Indicator]) -> Iterator[Group]:
    """Neighbours of one category, in parts of like length that each fit a page."""
    for category, rows in groupby(indicators, key=lambda each: each.cells.category):
        mine = list(rows)
        size = -(-len(mine) // -(-len(mine) // GROUP_MAX))
        for start in range(0, len(mine), size):
            yield Group(category, start > 0, mine[start : start + size])


def _kind(cell: Cell) -> str:
    """The class of a cell: how it is set."""
    if isinstance(cell, At):
        return "t"
    if isinstance(cell, Share):
        return "s"
    if isinstance(cell, int | Lasting):
        return "n"
    return "b" if cell and listing.width_of(cell) <= _SHORT else ""


def _teller(report: Report, tell: Callable[..., str]) -> Callable[[Cell], str]:
    return lambda cell: tell(cell, report.zone)
