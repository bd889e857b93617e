"""The 3-hour rate by itself (F4, F8, F10, F11): which faults count, the bounds, the misses it bears."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.faults import Fault, Outcome
from sla.model import Window
from sla.rate import Gap, Rate, rate
from tests.sla.worlds import examples

HOUR = 3_600_000_000
YEAR = Window(1000 * HOUR, 2000 * HOUR)
FOREVER = 1 << 62


def fault(outcome: Outcome, start: int = YEAR.start, end: int | None = None, role: str = "node") -> Fault:
    """Restored at `end`, an hour after its start where that is not said."""
    back = start + HOUR if end is None else end
    return Fault(
        id=f"F{start}",
        root="n",
        role=role,
        start=start,
        onset=(start, start),
        restored=(back, back),
        ended=back,
        outcome=outcome,
    )


def many(in_time: int = 0, late: int = 0, pending: int = 0, undecided: int = 0) -> list[Fault]:
    counts = [
        (Outcome.IN_TIME, in_time),
        (Outcome.LATE, late),
        (Outcome.PENDING, pending),
        (Outcome.UNDECIDED, undecided),
    ]
    return [fault(outcome) for outcome, count in counts for _ in range(count)]


def gap(start: int, end: int) -> Gap:
    """Hours after the start of the period."""
    return Gap("city", Window(YEAR.start + start * HOUR, YEAR.start + end * HOUR))


def rated(faults: list[Fault], *gaps: Gap) -> Rate:
    return rate(faults, YEAR, None, gaps, None)


# --- F4, F8: what counts -----------------------------------------------------------------------------------------


def test_in_time_late_and_undecided_make_n_and_pending_stands_beside_it() -> None:
    found = rated(many(5, 3, 7, 2))
    assert found == Rate(5, 3, 7, 2, 10, (5, 10), (7, 10), None)


def test_without_faults_there_is_no_rate() -> None:
    assert rated([]) == Rate(0, 0, 0, 0, 0, (0, 0), (0, 0), None)


def test_only_pending_faults_make_no_rate_either() -> None:
    assert rated(many(pending=2)) == Rate(0, 0, 2, 0, 0, (0, 0), (0, 0), None)


@pytest.mark.parametrize(("start", "counts"), [(YEAR.start - 1, 0), (YEAR.start, 1), (YEAR.end - 1, 1), (YEAR.end, 0)])
def test_a_fault_counts_in_the_period_its_clock_started_in(start: int, counts: int) -> None:
    assert rated([fault(Outcome.IN_TIME, start)]).n == counts


def test_the_clock_decides_and_not_the_onset() -> None:
    reported = replace(fault(Outcome.LATE, YEAR.start), start=YEAR.start - HOUR)
    assert rated([reported]).n == 0


def test_only_the_named_roles_count_and_without_a_plan_every_role() -> None:
    faults = [fault(Outcome.IN_TIME, role=role) for role in ("core", "line", "camera", "core")]
    assert rate(faults, YEAR, {"core", "line"}, [], None).n == 3
    assert rate(faults, YEAR, [], [], None).n == 0
    assert rate(faults, YEAR, None, [], None).n == 4


# --- F11: what a gap may hide --------------------------------------------------------------------------------------


def test_a_long_gap_may_hide_one_late_fault_in_the_low_bound_only() -> None:
    found = rated(many(50), gap(10, 16))
    assert (found.n, found.late, found.low, found.high) == (50, 0, (50, 51), (50, 50))


def test_a_gap_of_three_hours_hides_nothing_and_a_microsecond_more_does() -> None:
    three = gap(10, 13)
    longer = Gap("city", Window(three.window.start, three.window.end + 1))
    assert rated(many(1), three).low == (1, 1)
    assert rated(many(1), longer).low == (1, 2)


def test_each_gap_counts_once_for_itself() -> None:
    assert rated(many(4), gap(10, 16), gap(20, 28), gap(30, 32)).low == (4, 6)


def test_a_gap_without_any_fault_leaves_a_rate_of_nothing_known() -> None:
    found = rated([], gap(10, 16))
    assert (found.n, found.low, found.high) == (0, (0, 1), (0, 0))


@pytest.mark.parametrize(
    ("start", "end", "hidden"),
    [
        (-10, -1, 0),  # over before the period
        (-10, 3, 0),  # a late fault would have begun in [-10, 0)
        (-10, 4, 1),  # or in [0, 1)
        (-1, 2000, 1),
        (999, 1003, 1),  # the period's last hour
        (1000, 1010, 0),  # after it
    ],
)
def test_a_gap_counts_where_a_late_fault_could_have_begun_in_the_period(start: int, end: int, hidden: int) -> None:
    assert rated(many(1), gap(start, end)).low == (1, 1 + hidden)


@pytest.mark.parametrize(
    ("start", "end", "low"),
    [
        (9, 10, (0, 2)),  # ends where the gap begins: half-open
        (9, 11, (0, 1)),
        (12, 13, (0, 1)),
        (15, 20, (0, 1)),
        (16, 20, (0, 2)),  # begins where the gap ends
    ],
)
def test_an_undecided_fault_stands_for_the_gap_it_touches(start: int, end: int, low: tuple[int, int]) -> None:
    known = fault(Outcome.UNDECIDED, YEAR.start + start * HOUR, YEAR.start + end * HOUR)
    assert rated([known], gap(10, 16)).low == low


def test_a_decided_fault_in_the_gap_stands_for_nothing() -> None:
    inside = fault(Outcome.LATE, YEAR.start + 12 * HOUR)
    assert rated([inside], gap(10, 16)).low == (0, 2)


def test_an_undecided_fault_without_restoration_touches_all_that_comes_later() -> None:
    unseen = replace(fault(Outcome.UNDECIDED, YEAR.start + 5 * HOUR), restored=None)
    assert rated([unseen], gap(10, 16)).low == (0, 1)
    assert rated([unseen], gap(0, 4)).low == (0, 2)


def test_an_undecided_fault_that_may_have_begun_in_the_gap_touches_it() -> None:
    end = YEAR.start + 16 * HOUR
    known = replace(fault(Outcome.UNDECIDED, end), onset=(YEAR.start + 10 * HOUR, end))
    assert rated([known], gap(10, 16)).low == (0, 1)


def test_a_record_that_begins_down_does_not_stand_for_every_gap_before_it() -> None:
    """A root first seen in the period's last days says nothing about what a gap months before may hide."""
    start = YEAR.start + 900 * HOUR
    known = replace(fault(Outcome.UNDECIDED, start), onset=(None, start))
    assert rated([known], gap(10, 16), gap(100, 110)).low == (0, 3)


def test_an_undecided_fault_of_another_role_or_period_stands_for_nothing() -> None:
    other = fault(Outcome.UNDECIDED, YEAR.start + 12 * HOUR, role="camera")
    found = rate([other, fault(Outcome.IN_TIME)], YEAR, {"node"}, [gap(10, 16)], None)
    assert found.low == (1, 2)


# --- allowed -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "target", "strict", "allowed"),
    [
        ((118, 2), (99, 100), False, 1),
        ((19, 1), (95, 100), False, 1),
        ((19, 1), (95, 100), True, 0),
        ((100, 0), (99, 100), False, 1),
        ((99, 0), (99, 100), False, 0),
        ((100, 0), (1, 1), False, 0),
        ((40, 0), (90, 100), True, 3),
        ((0, 0), (99, 100), False, 0),
        ((3, 0), (0, 1), False, 3),
    ],
)
def test_allowed_misses_are_the_most_that_still_meet_the_target(
    counts: tuple[int, int], target: tuple[int, int], strict: bool, allowed: int
) -> None:
    assert rate(many(*counts), YEAR, None, [], target, strict).allowed == allowed


def test_undecided_faults_are_in_the_n_that_allowed_goes_by_and_hidden_ones_are_not() -> None:
    found = rate(many(98, 0, 5, 2), YEAR, None, [gap(10, 20)], (99, 100))
    assert (found.n, found.allowed) == (100, 1)


@examples(100)
@given(st.integers(1, 300), st.fractions(0, 1, max_denominator=1000), st.booleans())
def test_one_miss_more_than_allowed_misses_the_target(n: int, target: Fraction, strict: bool) -> None:
    found = rate(many(n), YEAR, None, [], (target.numerator, target.denominator), strict)
    assert found.allowed is not None
    fits = [k for k in range(n + 1) if (Fraction(n - k, n) > target if strict else Fraction(n - k, n) >= target)]
    assert found.allowed == max(fits, default=0)


@examples(100)
@given(*[st.integers(0, 20)] * 4, st.lists(st.tuples(st.integers(0, 900), st.integers(1, 90)), max_size=5))
def test_the_bounds_hold_every_truth(
    in_time: int, late: int, pending: int, undecided: int, holes: list[tuple[int, int]]
) -> None:
    found = rated(many(in_time, late, pending, undecided), *(gap(at + 10, at + 10 + length) for at, length in holes))
    hidden = found.low[1] - found.n
    assert found.n == in_time + late + undecided
    assert hidden == sum(length > 3 for _, length in holes)
    for good in range(undecided + 1):
        for gone in range(hidden + 1):
            total = found.n + gone
            if found.n:
                assert Fraction(*found.low) <= Fraction(in_time + good, total) <= Fraction(*found.high)
