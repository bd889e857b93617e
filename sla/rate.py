"""The 3-hour rate with its bounds (F4, F8, F10, F11): two exact integers each."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from sla.availability import Ratio
from sla.faults import LIMIT_US, Fault, Outcome
from sla.model import Window
from sla.verdict import Op, Target, allowed_misses

_RATED = (Outcome.IN_TIME, Outcome.LATE, Outcome.UNDECIDED)


class Gap(NamedTuple):
    """When a vantage was blind."""

    vantage: str
    window: Window


class Rate(NamedTuple):
    """Counts, and the rate: `low` counts undecided faults, and one that each long gap may hide, as late (F11).

    `allowed` is how many late ones the target would bear, None without a target.
    """

    in_time: int
    late: int
    pending: int
    undecided: int
    n: int
    low: Ratio
    high: Ratio
    allowed: int | None


def rate(
    faults: Sequence[Fault],
    period: Window,
    roles: Collection[str] | None,
    gaps: Sequence[Gap],
    target: Ratio | None,
    strict: bool = False,
) -> Rate:
    """The rate of the faults whose clock started in the period (F8), of these roles or of all."""
    mine = [fault for fault in faults if _counts(fault, period, roles)]
    by = Counter(fault.outcome for fault in mine)
    undecided = [fault for fault in mine if fault.outcome is Outcome.UNDECIDED]
    return rate_of(by, undecided, period, gaps, None if target is None else (target, strict))


def rate_of(
    by: Mapping[Outcome, int],
    undecided_ones: Sequence[Fault],
    period: Window,
    gaps: Sequence[Gap],
    wanted: tuple[Ratio, bool] | None,
) -> Rate:
    """The rate of faults that are counted already. `wanted`: the target, and whether it is strict."""
    in_time, late, undecided = (by.get(each, 0) for each in _RATED)
    n = in_time + late + undecided
    hidden = sum(_may_hide_one(gap.window, period, undecided_ones) for gap in gaps)
    return Rate(
        in_time=in_time,
        late=late,
        pending=by.get(Outcome.PENDING, 0),
        undecided=undecided,
        n=n,
        low=(in_time, n + hidden),
        high=(in_time + undecided, n),
        allowed=None if wanted is None else allowed(n, wanted[0], strict=wanted[1]),
    )


def allowed(n: int, target: Ratio, *, strict: bool = False) -> int:
    """The largest k with (n - k)/n meeting the target; 0 where even k = 0 does not, or n is 0."""
    printed = Target(None, "", Op.GT if strict else Op.GE, Fraction(*target))
    return allowed_misses(n, printed) or 0


def by_detection(fault: Fault, detected: int | None, as_of: int) -> Fault:
    """The same fault with its clock from the declaration of DOWN, or from an earlier report (F2)."""
    stamps = [at for at in (detected, *(row.reported for row in fault.desk)) if at is not None]
    if detected is None or not stamps:
        return fault  # a file states no detection: the clock stays
    start = min(stamps)
    return replace(fault, start=start, outcome=_outcome(fault, start, as_of))


def _outcome(fault: Fault, start: int, as_of: int) -> Outcome:
    """F3, F4 and F10 for a clock that began at a known instant."""
    shortest = (min(fault.ended, as_of) if fault.restored is None else fault.restored[0]) - start
    if shortest > LIMIT_US:
        return Outcome.LATE
    if fault.restored is not None:
        return Outcome.IN_TIME if fault.restored[1] - start <= LIMIT_US else Outcome.UNDECIDED
    return Outcome.PENDING if as_of - start <= LIMIT_US and not fault.withdrawn else Outcome.UNDECIDED


def _counts(fault: Fault, period: Window, roles: Collection[str] | None) -> bool:
    return period.start <= fault.start < period.end and (roles is None or fault.role in roles)


def _may_hide_one(gap: Window, period: Window, undecided: Sequence[Fault]) -> bool:
    """Whether a late fault could lie in the gap unseen, and no undecided one stands for it (F11)."""
    if gap.length <= LIMIT_US or gap.start >= period.end or gap.end - LIMIT_US <= period.start:
        return False
    return not any(_touches(fault, gap) for fault in undecided)


def _touches(fault: Fault, gap: Window) -> bool:
    """Whether what is uncertain of the fault reaches into the gap; a record that begins DOWN is uncertain of no gap."""
    earliest, first = fault.onset
    start = first if earliest is None else min(earliest, first)
    return start < gap.end and (fault.restored is None or gap.start < fault.restored[1])
