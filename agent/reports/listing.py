"""What stands behind a report, as lists of typed cells: paper and spreadsheet show the same facts, each in its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from agent.instants import hours
from sla.availability import Ratio
from sla.periods import to_datetime
from sla.verdict import AVAILABILITY_DECIMALS, NO_TARGET, RATE_DECIMALS, display


class At(NamedTuple):
    """An instant. Units: microseconds UTC."""

    us: int


class Lasting(NamedTuple):
    """A length of time. Units: microseconds."""

    us: int


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
        return hours(cell.us)
    if isinstance(cell, Share):
        return share_text(cell)
    return str(cell)


def width_of(text: str) -> int:
    """How wide a text is. Units: half-width characters; a Chinese one is two wide."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def time_text(us: int, zone: ZoneInfo) -> str:
    """Local time, the zone is named once on the page; fractions only where there are some."""
    local = to_datetime(us, zone)
    shown = local.strftime("%Y-%m-%d %H:%M:%S")
    return f"{shown}.{local.microsecond:06}".rstrip("0") if local.microsecond else shown


def share_text(share: Share) -> str:
    """The value, or both bounds where they differ."""
    low, high = share.texts
    return low if share.low == share.high or high == "-" else f"{low} – {high}"


def parts_text(share: Share) -> str:
    """Numerator and denominator, as ranges where the bounds differ."""
    if share.low is None or share.high is None:
        return ""
    sides = ([hours(us) if share.timed else str(us) for us in side] for side in zip(share.low, share.high, strict=True))
    return " / ".join(one if one == other else f"{one} – {other}" for one, other in sides)
