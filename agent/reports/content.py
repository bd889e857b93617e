"""What a report holds, before it is paper or a spreadsheet: every form is written from the same content."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.reports.cells import Cells
from agent.reports.listing import Cell, Listing
from agent.reports.strips import Strips
from sla.indicators import Judged


class Count(NamedTuple):
    """How many rows came to a verdict."""

    verdict: str
    number: int
    word: str


class Fact(NamedTuple):
    """One thing that is said of an indicator."""

    label: str
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A row of the plan's table with all that stands behind its number. `shown`: facts that the table shows too.

    `parts`: those of a row whose definition changed inside the period (V7).
    """

    judged: Judged
    cells: Cells
    facts: Sequence[Fact]
    lists: Sequence[Listing]
    shown: int
    parts: "Sequence[Indicator]" = ()
    strips: Strips | None = None

    @property
    def parameters(self) -> Sequence[Fact]:
        """The facts that the table of the plan does not show."""
        return self.facts[self.shown :]

    @property
    def is_well(self) -> bool:
        """Nothing has to be explained: met, or the plan prints no target for it."""
        return str(self.judged.verdict) in ("met", "no_target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report in one language.

    Shape: `marks` must be read on every page; `indicators` is empty in the sheet of one carrier or county, whose
    figures are `lists` alone. `stem`: what its file is called. Units: `at`, the as-of, in microseconds UTC.
    """

    language: str
    stem: str
    title: str
    subtitle: str
    lines: Sequence[str]
    marks: Sequence[str]
    footer: str
    is_simulated: bool
    zone: ZoneInfo
    at: int
    counts: Sequence[Count] = ()
    introduction: Sequence[str] = ()
    indicators: Sequence[Indicator] = ()
    lists: Sequence[Listing] = ()
    method: Sequence[str] = ()

    @property
    def told(self) -> Sequence[Indicator]:
        """The rows, each with its parts behind it (V7)."""
        return [each for row in self.indicators for each in (row, *row.parts)]

    @property
    def common(self) -> Sequence[str]:
        """Remarks that every indicator has: they are said once."""
        if not self.indicators:
            return ()
        shared = set.intersection(*(set(each.cells.remarks) for each in self.indicators))
        return [remark for remark in self.indicators[0].cells.remarks if remark in shared]
