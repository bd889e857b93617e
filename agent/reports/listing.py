"""What stands behind a report, as lists of typed cells: paper and spreadsheet show the same facts, each in its way."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from agent.reports.seconds import clock, down, up
from sla.availability import Ratio
from sla.periods import to_datetime
from sla.verdict import AVAILABILITY_DECIMALS, NO_TARGET, RATE_DECIMALS, display


class At(NamedTuple):
    """An instant. Units: microseconds UTC."""

    us: int


class Lasting(NamedTuple):
    """A length of time. Units: microseconds. `is_good`: the longer the better, so that text cuts it off."""

    us: int
    is_good: bool = False


class Share(NamedTuple):
    """A ratio with its bounds; never without its parts (V3). `timed`: the parts are microseconds."""

    low: Ratio | None
    high: Ratio | None
    timed: bool = False

    @property
    def decimals(self) -> int:
        """Of a percent, as they are printed (V3)."""
        return AVAILABILITY_DECIMALS if self.timed else RATE_DECIMALS

    @property
    def texts(self) -> tuple[str, str]:
        """Both bounds, truncated."""
        return self._text(self.low), self._text(self.high)

    def _text(self, ratio: Ratio | None) -> str:
        return display(ratio, NO_TARGET, self.decimals)


Cell = str | int | At | Lasting | Share | None


class Column(NamedTuple):
    """One column. Units: `width` in half-width characters. `paper`: it is printed; a spreadsheet has all."""

    head: str
    width: int
    paper: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list. Shape: each row has a cell for each column; `empty` is said where there is no row at all.

    `sums`: that many of the last rows are totals. `on_paper`: only so many of the first rows are printed, None for
    all; the others are well.
    """

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    empty: str = ""
    sums: int = 0
    on_paper: int | None = None


def text(cell: Cell, zone: ZoneInfo) -> str:
    """A cell as people read it."""
    if cell is None:
        return ""
    if isinstance(cell, At):
        return time_text(cell.us, zone)
    if isinstance(cell, Lasting):
        return clock(down(cell.us) if cell.is_good else up(cell.us))
    if isinstance(cell, Share):
        return share_text(cell)
    return str(cell)


def width_of(text: str) -> int:
    """How wide a text is. Units: half-width characters; a Chinese one is two wide."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def time_text(us: int, zone: ZoneInfo) -> str:
    """Local time to the second; the zone is named once on the page."""
    return to_datetime(us, zone).strftime("%Y-%m-%d %H:%M:%S")


def share_text(share: Share) -> str:
    """The value, or both bounds where they differ."""
    low, high = share.texts
    return low if share.low == share.high or high == "-" else f"{low} – {high}"


def parts_text(share: Share) -> str:
    """Numerator and denominator, as ranges where the bounds differ."""
    if share.low is None or share.high is None:
        return ""
    above, below = zip(share.low, share.high, strict=True)
    sides = [_side(above, down, timed=share.timed), _side(below, up, timed=share.timed)]
    return " / ".join(one if one == other else f"{one} – {other}" for one, other in sides)


def _side(counts: Iterable[int], whole: Callable[[int], int], *, timed: bool) -> list[str]:
    return [clock(whole(us)) if timed else str(us) for us in counts]
