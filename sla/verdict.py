"""What a figure comes to against what a plan prints (V1-V3): verdicts over bounds, and numbers as people read them."""

import re
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from sla.availability import Ratio
from sla.numbers import meets, percent

PERCENT = "percent"
"""The unit of a ratio; every other unit is that of a count or a score, the word that the plan prints behind it."""

NUMBER = "number"
"""The unit of a count or a score behind which the plan prints nothing."""

AVAILABILITY_DECIMALS = 4
RATE_DECIMALS = 2
"""V3: decimals of a percent."""

_MORE_DIGITS = 40
_MULTIPLES = {"万": 10_000, "亿": 100_000_000}
_PRINTED = re.compile(r"(?P<op>[>＞≥]|>=)?\s*(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[^\s0-9.<>]*)")
_FIGURE = re.compile(r"[0-9０-９%％]|百分之|成$")


class Verdict(StrEnum):
    """V2; the first that holds, in this order."""

    NO_TARGET = "no_target"
    NOT_COMPUTABLE = "not_computable"
    NOT_APPLICABLE = "not_applicable"
    MET = "met"
    MISSED = "missed"
    UNDETERMINED = "undetermined"


class Op(StrEnum):
    """How a target binds: at least, more than, no figure printed, words instead of a figure."""

    GE = "ge"
    GT = "gt"
    NONE = "none"
    TEXT = "text"


class Target(NamedTuple):
    """A target as printed, and what is compared with it: 99.5% is the ratio 199/200, 12万 the number 120000.

    `year` is the printed column, None where the plan prints none at all; `advisory` one that only goes on from an
    earlier column (V2).
    """

    year: int | None
    text: str
    op: Op
    value: Fraction | None = None
    advisory: bool = False

    @property
    def binds(self) -> bool:
        """Whether a verdict can be held against it."""
        return self.value is not None and not self.advisory

    @property
    def strict(self) -> bool:
        """Equality is not enough."""
        return self.op is Op.GT

    @property
    def ratio(self) -> Ratio:
        """What a ratio has to reach. Errors: ValueError where no figure is printed."""
        if self.value is None:
            raise ValueError(f"the target {self.text!r} is no figure")
        return (self.value.numerator, self.value.denominator)


NO_TARGET = Target(None, "", Op.NONE)


def parse_target(year: int, text: str, unit: str) -> Target:
    """A printed cell. "/" is no figure, words without a number are words. Errors: ValueError, from "wanted" on."""
    if text.strip() in ("/", "／"):
        return Target(year, text, Op.NONE)
    found = _PRINTED.fullmatch(text.strip())
    if found is None:
        if _FIGURE.search(text):
            raise ValueError(
                "wanted a figure such as 99.5%, >95%, 12万 or 30 个, / for none, or words without a number"
            )
        return Target(year, text, Op.TEXT)
    op = Op.GT if found["op"] in (">", "＞") else Op.GE
    return Target(year, text, op, _value(Fraction(found["number"]), found["unit"], unit))


def _value(number: Fraction, printed: str, unit: str) -> Fraction:
    if unit == PERCENT:
        if printed not in ("%", "％"):
            raise ValueError("wanted a percentage such as 99.5%; for a count or a score name the row's unit")
        return number / 100
    if printed not in (("",) if unit == NUMBER else ("", unit)):
        wanted = "no unit" if unit == NUMBER else f"the row's unit {unit}"
        raise ValueError(f"wanted {wanted} behind the number; name the unit of the row as the plan prints it")
    return number * (multiple(unit) if printed else 1)


def multiple(unit: str) -> int:
    """How many one of a unit is: 12万 are 120000."""
    return _MULTIPLES.get(unit[:1], 1)


def judge(low: Ratio | None, high: Ratio | None, target: Target, *, computable: bool = True) -> Verdict:
    """V2, by cross-multiplication (V1). Shape: None where nothing at all is known of the figure, 0/0 for nothing rated.

    Met asks the low bound, missed the high one; a bound of 0/0 beside one that is none decides nothing.
    """
    if not target.binds:
        return Verdict.NO_TARGET
    if not computable:
        return Verdict.NOT_COMPUTABLE
    if low is None or high is None:
        return Verdict.UNDETERMINED
    if low[1] == 0 and high[1] == 0:
        return Verdict.NOT_APPLICABLE
    if low[1] and meets(low, target.ratio, strict=target.strict):
        return Verdict.MET
    if high[1] and not meets(high, target.ratio, strict=target.strict):
        return Verdict.MISSED
    return Verdict.UNDETERMINED


def settled(worst: Verdict, best: Verdict) -> bool:
    """Whether a period that still runs is decided: its worst and its best end say the same (T3)."""
    return worst is best and worst in (Verdict.MET, Verdict.MISSED)


def allowed_misses(n: int, target: Target) -> int | None:
    """The largest k with (n - k)/n meeting the target (F4); None without one, or where nothing is counted."""
    if target.value is None or n <= 0:
        return None
    needed, rest = divmod(target.value.numerator * n, target.value.denominator)
    needed += 1 if rest or target.strict else 0
    return max(n - needed, 0)


def display(ratio: Ratio | None, target: Target, decimals: int, unit: str = PERCENT) -> str:
    """A figure as it is printed: truncated, never looking like a target that it misses; "-" where there is none (V3).

    Only the whole prints as 100%. A count or a score is printed in the plan's unit.
    """
    if ratio is None or ratio[1] == 0:
        return "-"
    if unit != PERCENT:
        return _count(Fraction(*ratio), unit)
    if ratio[0] == ratio[1]:
        return "100%"
    return f"{percent(ratio, _decimals(ratio, target, decimals))}%"


def _decimals(ratio: Ratio, target: Target, decimals: int) -> int:
    """More digits where a value below the target would print like it; equal to a strict target it may."""
    if target.value is None or meets(ratio, target.ratio):
        return decimals
    while percent(ratio, decimals) == percent(target.ratio, decimals) and decimals < _MORE_DIGITS:
        decimals += 1
    return decimals


def _count(number: Fraction, unit: str) -> str:
    return f"{_plain(number / multiple(unit))}{'' if unit == NUMBER else unit}"


def _plain(number: Fraction) -> str:
    """Digits without a fraction of zeros; what has no end is cut after four."""
    whole, rest = divmod(number.numerator * 10_000 // number.denominator, 10_000)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".")
