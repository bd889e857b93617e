"""The hours that a target leaves to lose (V3): how many are gone, when the rest will be, and what a year can come to.

A target of 100 % leaves nothing: every outage is an event, there is no rate at which nothing runs out.
"""

from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from sla.availability import Parts, Ratio
from sla.verdict import Target, Verdict, allowed_misses, judge


class Outlook(StrEnum):
    """What a period that still runs can come to (T3)."""

    SECURED = "secured"
    OPEN = "open"
    LOST = "lost"


class Ends(NamedTuple):
    """What the full period can still come to: all that is ahead down and all that is unknown too, and neither (T3)."""

    worst: Ratio
    best: Ratio

    def outlook(self, target: Target) -> Outlook:
        """Errors: ValueError for a target without a figure."""
        if judge(self.worst, self.worst, target._replace(advisory=False)) is Verdict.MET:
            return Outlook.SECURED
        return (
            Outlook.LOST
            if judge(self.best, self.best, target._replace(advisory=False)) is Verdict.MISSED
            else (Outlook.OPEN)
        )


class Budget(NamedTuple):
    """Units: microseconds. `spent` was DOWN for certain, `at_most` with all that is UNKNOWN.

    `runs_out` is when nothing is left at the rate of the time so far, None where nothing is spent or nothing was
    allowed; `burn` that rate in parts of the one that just uses all of it up.
    """

    allowed: int
    spent: int
    at_most: int
    runs_out: int | None
    burn: Fraction | None

    @property
    def left(self) -> int:
        """Negative where more is gone than was allowed."""
        return self.allowed - self.spent


def ends(parts: Parts, ahead: int) -> Ends:
    """Worst and best of a period of which so much in-service time is still to come."""
    up, whole = parts.up + parts.degraded, parts.in_service + ahead
    return Ends((up, whole), (up + parts.unknown + ahead, whole))


def budget(parts: Parts, ahead: int, target: Target, as_of: int) -> Budget | None:
    """The budget of the full period; None where the target is no figure, or nothing is in service."""
    whole, elapsed = parts.in_service + ahead, parts.in_service
    allowed = allowed_misses(whole, target)
    if allowed is None:
        return None
    runs_out = burn = None
    if parts.down and allowed:
        runs_out = as_of + max(allowed - parts.down, 0) * elapsed // parts.down
        burn = Fraction(parts.down * whole, elapsed * allowed)
    elif allowed:
        burn = Fraction(0)
    return Budget(allowed, parts.down, parts.down + parts.unknown, runs_out, burn)
