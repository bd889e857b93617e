"""Numbers as people read them (V3): truncated, never rounded up; 100 % only for equality."""

from sla.availability import Ratio


def percent(ratio: Ratio | None, decimals: int) -> str:
    """A ratio as a percentage, truncated to `decimals` places; "-" where there is none.

    Errors: ValueError for a negative part.
    """
    if ratio is None or ratio[1] == 0:
        return "-"
    numerator, denominator = ratio
    if numerator < 0 or denominator < 0:
        raise ValueError(f"a ratio has no negative part: {numerator}/{denominator}")
    scale: int = 10**decimals
    whole, rest = divmod(numerator * 100 * scale // denominator, scale)
    return f"{whole}.{rest:0{decimals}d}" if decimals else str(whole)


def meets(ratio: Ratio, target: Ratio, *, strict: bool = False) -> bool:
    """Whether a ratio reaches a target, by cross-multiplication (V1). Errors: ValueError for a denominator of 0."""
    if ratio[1] <= 0 or target[1] <= 0:
        raise ValueError("nothing to compare: a denominator is 0")
    left, right = ratio[0] * target[1], target[0] * ratio[1]
    return left > right if strict else left >= right
