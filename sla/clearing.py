"""How long clearing took, and order statistics by nearest rank (F9)."""

from collections.abc import Sequence
from typing import NamedTuple


class Clearing(NamedTuple):
    """Of the restored faults. Units: microseconds; None where there is none."""

    faults: int
    median: int | None
    p95: int | None


def clearing(durations: Sequence[int]) -> Clearing:
    """Median and 95th percentile of clearing times, by nearest rank."""
    return Clearing(len(durations), nearest_rank(durations, 50), nearest_rank(durations, 95))


def nearest_rank(values: Sequence[int], percent: int) -> int | None:
    """The smallest value that at least `percent` of all values do not exceed; None of no values.

    Errors: ValueError for a percentage outside 1 to 100.
    """
    if not 1 <= percent <= 100:
        raise ValueError(f"{percent} is no rank, wanted 1 to 100")
    ordered = sorted(values)
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else None
