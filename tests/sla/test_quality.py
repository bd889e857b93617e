"""Quality faults (F12): DEGRADED by what counts, for more than 15 min, until the item is seen good."""

import pytest

from sla.faults import Outcome
from sla.model import Cause, Degraded, State
from sla.quality import quality_faults
from sla.timeline import Mark

MINUTE = 60_000_000
DAY = 1440
STATES = {
    "up": (State.UP, Degraded.NONE),
    "lossy": (State.DEGRADED, Degraded.LOSS),
    "slow": (State.DEGRADED, Degraded.SLOW),
    "lost": (State.DEGRADED, Degraded.REDUNDANCY | Degraded.MEMBER),
    "imported": (State.DEGRADED, Degraded.IMPORTED),
    "down": (State.DOWN, Degraded.NONE),
    "unknown": (State.UNKNOWN, Degraded.NONE),
    "out": (State.OUT, Degraded.NONE),
}


def found(*said: tuple[int, str], as_of: int = DAY) -> list[tuple[int, tuple[int, int] | None, str]]:
    """Start, restored and outcome of each, in minutes."""
    history = [Mark(at * MINUTE, *STATES[name], Cause.PROBE) for at, name in said]
    return [
        (
            fault.start // MINUTE,
            fault.restored and (fault.restored[0] // MINUTE, fault.restored[1] // MINUTE),
            str(fault.outcome),
        )
        for fault in quality_faults("s", "site", history, as_of * MINUTE)
    ]


@pytest.mark.parametrize("kind", ["lossy", "lost"])
def test_more_than_a_quarter_of_an_hour_is_one(kind: str) -> None:
    assert found((0, "up"), (10, kind), (26, "up")) == [(10, (26, 26), "in_time")]
    assert found((0, "up"), (10, kind), (25, "up")) == []


@pytest.mark.parametrize("kind", ["slow", "imported"])
def test_what_does_not_count_opens_none(kind: str) -> None:
    assert found((0, "up"), (10, kind), (300, "up")) == []


def test_worse_is_no_recovery() -> None:
    assert found((0, "up"), (10, "lossy"), (130, "down"), (160, "lossy"), (270, "up")) == [(10, (270, 270), "late")]
    assert found((0, "up"), (10, "lossy"), (130, "down"), (160, "up")) == [(10, (160, 160), "in_time")]


def test_what_has_not_lasted_when_it_fails_is_an_outage_and_nothing_else() -> None:
    assert found((0, "up"), (10, "lossy"), (12, "down"), (160, "up")) == []
    assert found((0, "up"), (10, "lossy"), (12, "down"), (100, "lossy"), (120, "up")) == [(100, (120, 120), "in_time")]


def test_unknown_between_bridges_and_at_the_ends_makes_bounds() -> None:
    assert found((0, "up"), (10, "lossy"), (20, "unknown"), (40, "lossy"), (50, "up")) == [(10, (50, 50), "in_time")]
    assert found((0, "up"), (10, "lossy"), (170, "unknown"), (200, "up")) == [(10, (170, 200), "undecided")]
    assert found((0, "lossy"), (60, "up")) == [(0, (60, 60), "undecided")]


def test_open_pending_late_and_taken_out_of_service() -> None:
    assert found((0, "up"), (10, "lossy"), as_of=20) == []
    assert found((0, "up"), (10, "lossy"), as_of=100) == [(10, None, "pending")]
    assert found((0, "up"), (10, "lossy"), as_of=191) == [(10, None, "late")]
    assert found((0, "up"), (10, "lossy"), (60, "out")) == [(10, None, "undecided")]


def test_it_is_of_the_lowest_priority_and_says_where_it_comes_from() -> None:
    history = [Mark(0, State.UP, Degraded.NONE, Cause.IMPORTED), Mark(MINUTE, *STATES["lost"], Cause.IMPORTED)]
    (fault,) = quality_faults("s", "site", history, DAY * MINUTE)
    assert (fault.priority, fault.source, fault.role, fault.outcome) == ("P4", "imported", "site", Outcome.LATE)
