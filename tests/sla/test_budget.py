"""The hours that a target leaves (V3), and what a running period can still come to (T3)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.availability import Parts
from sla.budget import Outlook, budget, ends
from sla.numbers import meets
from sla.verdict import PERCENT, Op, Target, parse_target
from tests.sla.worlds import examples

HOUR = 3_600_000_000
HALF = 4380


def parts(up: int, down: int = 0, unknown: int = 0) -> Parts:
    """Hours."""
    return Parts(up * HOUR, 0, down * HOUR, unknown * HOUR, 0)


def target(text: str) -> Target:
    return parse_target(2025, text, PERCENT)


def test_half_a_year_with_ten_hours_down() -> None:
    found = budget(parts(HALF - 10 - 5, 10, 5), HALF * HOUR, target("99.5%"), as_of=HALF * HOUR)
    assert found is not None
    assert found.allowed == 157_680_000_000  # 43.8 h
    assert (found.spent, found.at_most, found.left) == (10 * HOUR, 15 * HOUR, 157_680_000_000 - 10 * HOUR)
    assert found.runs_out == HALF * HOUR + found.left * HALF // 10
    assert found.burn == Fraction(10 * 8760 * HOUR, HALF * 157_680_000_000)


def test_a_budget_that_is_used_up_has_run_out_by_now() -> None:
    found = budget(parts(HALF - 50, 50), HALF * HOUR, target("99.5%"), as_of=7)
    assert found is not None
    assert found.left < 0
    assert found.runs_out == 7


def test_a_target_of_all_hours_has_no_rate_at_which_it_runs_out() -> None:
    found = budget(parts(HALF - 1, 1), HALF * HOUR, target("100%"), as_of=7)
    assert found is not None
    assert (found.allowed, found.runs_out, found.burn, found.left) == (0, None, None, -HOUR)


def test_nothing_spent_burns_nothing() -> None:
    found = budget(parts(HALF), HALF * HOUR, target("99%"), as_of=7)
    assert found is not None
    assert (found.burn, found.runs_out) == (0, None)


def test_without_a_figure_or_time_in_service_there_is_no_budget() -> None:
    assert budget(parts(HALF), 0, target("/"), as_of=7) is None
    assert budget(parts(0), 0, target("99%"), as_of=7) is None


@pytest.mark.parametrize(
    ("down", "unknown", "ahead", "outlook"),
    [
        (0, 0, HALF, Outlook.OPEN),
        (44, 0, HALF, Outlook.LOST),
        (0, 44, HALF, Outlook.OPEN),
        (0, 0, 40, Outlook.SECURED),
        (43, 0, 0, Outlook.LOST),
        (10, 0, 0, Outlook.SECURED),
        (10, 31, 0, Outlook.OPEN),
    ],
)
def test_what_the_period_can_still_come_to(down: int, unknown: int, ahead: int, outlook: Outlook) -> None:
    found = ends(parts(8000 - down - unknown if ahead < HALF else HALF - down - unknown, down, unknown), ahead * HOUR)
    assert found.outlook(target("99.5%")) is outlook


SOME = st.integers(0, 10**6)


@examples(300)
@given(SOME, SOME, SOME, SOME, SOME)
def test_worst_and_best_enclose_every_end(up: int, down: int, unknown: int, ahead_up: int, ahead_down: int) -> None:
    found = ends(Parts(up, 0, down, unknown, 0), ahead_up + ahead_down)
    whole = up + down + unknown + ahead_up + ahead_down
    assert found.worst[1] == found.best[1] == whole
    assert found.worst[0] <= up + ahead_up <= up + unknown + ahead_up <= found.best[0]


@examples(300)
@given(SOME, SOME, SOME, st.fractions(0, 1, max_denominator=1000), st.booleans())
def test_just_the_allowed_time_may_be_lost(up: int, down: int, ahead: int, value: Fraction, strict: bool) -> None:
    wanted = Target(2025, "x", Op.GT if strict else Op.GE, value)
    found = budget(Parts(up, 0, down, 0, 0), ahead, wanted, 0)
    whole = up + down + ahead
    if found is None:
        assert whole == 0
        return
    assert not found.allowed or meets((whole - found.allowed, whole), wanted.ratio, strict=strict)
    assert found.allowed == whole or not meets((whole - found.allowed - 1, whole), wanted.ratio, strict=strict)


def test_degraded_time_is_up_time_in_both_ends() -> None:
    found = ends(Parts(3 * HOUR, 2 * HOUR, HOUR, 0, 0), ahead=HOUR)
    assert (found.worst, found.best) == ((5 * HOUR, 7 * HOUR), (6 * HOUR, 7 * HOUR))
