"""One indicator's figure (V1-V3, T3): exact bounds, all that a reader needs to check them, and the verdict on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sla.availability import Ratio
from sla.budget import Budget
from sla.changes import whole
from sla.model import Window
from sla.plans import Basis, Row
from sla.verdict import RATE_DECIMALS, Target, Verdict, allowed_misses, display, judge, settled


class Reason(NamedTuple):
    """Why a figure is as it is: a code with a sentence in each language, and what fills the sentence's places."""

    code: str
    values: Mapping[str, str | int] = {}


class Variation(NamedTuple):
    """A figure beside the headline: what it is over, and its bounds."""

    name: str
    low: Ratio | None
    high: Ratio | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a formula found. Shape: bounds None where nothing at all is known, 0/0 where nothing is rated.

    `measured` False: nothing was, so there is no value, whatever the bounds. `timed`: the parts are microseconds.
    `best` and `worst` are of the full period, None where nothing says what it can still come to. `misses_of`: of how
    many the target allows misses. `units`: of coverage, how many units of each level are in each status. `lists` has
    all ids behind the number by what they are, `why` what is missing of one.
    """

    low: Ratio | None = None
    high: Ratio | None = None
    best: Ratio | None = None
    worst: Ratio | None = None
    claimed: Ratio | None = None
    basis: Basis
    decimals: int = RATE_DECIMALS
    computable: bool = True
    measured: bool = True
    timed: bool = False
    late: int | None = None
    pending: int | None = None
    misses_of: int | None = None
    measured_share: Ratio | None = None
    budget: Budget | None = None
    units: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    beside: tuple[Variation, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    why: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Never publish bounds that enclose nothing."""
        low, high = self.low, self.high
        if low and high and low[1] and high[1] and low[0] * high[1] > high[0] * low[1]:
            raise AssertionError(f"low {low} lies above high {high}")

    @property
    def value(self) -> Ratio | None:
        """The published value: the low bound, None without data (A4)."""
        return self.low if self.measured and self.computable and self.low and self.low[1] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A row with its figure and the verdict. `running`: the period was not over; `provisional`: nor is the verdict.

    `parts`: of a period in which the definition changed; the whole then has no figure of its own (V7).
    """

    row: Row
    target: Target
    figure: Figure
    verdict: Verdict
    running: bool
    provisional: bool
    parts: "tuple[Part, ...]" = ()

    @property
    def display(self) -> str:
        """As it is printed (V3)."""
        return display(self.figure.value, self.target, self.figure.decimals, self.row.unit)

    @property
    def in_force(self) -> "Judged":
        """The part that began last, where the period is split: what holds now (V7)."""
        return next((part.judged for part in reversed(self.parts) if part.has_begun), self)

    @property
    def allowed(self) -> int | None:
        """How many misses the target bears, None where it is no figure (F4)."""
        counted = self.figure.misses_of
        return None if counted is None or self.target.advisory else allowed_misses(counted, self.target)


class Part(NamedTuple):
    """One part of a split period, by the definition in force in it. Units: microseconds UTC."""

    window: Window
    judged: Judged
    has_begun: bool


def joined(row: Row, target: Target, parts: tuple[Part, ...]) -> Judged:
    """A split row: its parts side by side, nothing summed; a verdict only where the parts agree on it (V7)."""
    told = [part.judged for part in parts if part.has_begun]
    return Judged(
        row=row,
        target=target,
        figure=Figure(basis=row.basis, measured=False),
        verdict=whole(each.verdict for each in told) if told else Verdict.UNDETERMINED,
        running=any(part.judged.running for part in parts),
        provisional=len(told) < len(parts) or any(each.provisional for each in told),
        parts=parts,
    )


def judged(row: Row, target: Target, figure: Figure, *, running: bool) -> Judged:
    """The verdict; of a period that runs it is final only if worst and best say the same (T3)."""
    verdict = judge(figure.low, figure.high, target, computable=figure.computable)
    return Judged(
        row=row,
        target=target,
        figure=figure,
        verdict=verdict,
        running=running,
        provisional=running and not _is_decided(figure, target),
    )


def _is_decided(figure: Figure, target: Target) -> bool:
    if figure.worst is None or figure.best is None or not target.binds or not figure.computable:
        return False
    return settled(judge(figure.worst, figure.worst, target), judge(figure.best, figure.best, target))
