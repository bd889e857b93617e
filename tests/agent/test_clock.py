"""The clocks: how a run is dated, over a jump too, and how a run that starts is dated (T2, T4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import Anchor, RunClock, SystemClock, kernel_clock_state, read_anchor
from agent.clockwatch import Begin, begin
from agent.stores.clocksteps import Dating
from tests.agent.worlds import SECOND, START, HandClock

HOUR = 3600 * SECOND
NS = 1_000_000_000


class Interrupted:
    """A clock whose first comparison is torn apart: 4 s pass between the wall clock and what is read after it."""

    def __init__(self) -> None:
        self._monotonic = iter([0, 4 * NS, 4 * NS, 4 * NS + 2, 4 * NS + 2, 4 * NS + 10])
        self._wall = iter([START, START + 4 * SECOND, START + 4 * SECOND])

    def monotonic_ns(self) -> int:
        return next(self._monotonic)

    def wall_us(self) -> int:
        return next(self._wall)

    def boot_id(self) -> str:
        return ""

    def synchronised(self) -> bool | None:
        return None


def test_of_several_comparisons_the_closest_counts_so_that_a_pause_is_no_step() -> None:
    assert read_anchor(Interrupted()) == Anchor(4 * NS + 1, START + 4 * SECOND)


def test_the_kernel_is_asked_and_what_it_says_is_three_valued() -> None:
    assert kernel_clock_state() in (None, *range(6))
    assert SystemClock().synchronised() in (None, False, True)


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


def test_a_step_of_the_wall_clock_changes_no_date_of_a_run(hand: HandClock) -> None:
    run = RunClock(hand, read_anchor(hand))
    hand.seconds, hand.wall_offset = 5.0, HOUR
    assert run.now_us() == START + 5 * SECOND
    assert run.compare() == (Anchor(5 * NS, START + 5 * SECOND + HOUR), HOUR)


def test_a_new_anchor_holds_from_its_instant_on_and_what_was_before_stays_dated_as_it_was(hand: HandClock) -> None:
    run = RunClock(hand, read_anchor(hand))
    run.go_over(Anchor(10 * NS, START + 10 * SECOND + HOUR))
    run.go_over(Anchor(20 * NS, START + 20 * SECOND + 3 * HOUR))
    dated = [run.us(second * NS) - START for second in (5, 10, 15, 20, 25)]
    assert dated == [5 * SECOND, HOUR + 10 * SECOND, HOUR + 15 * SECOND, 3 * HOUR + 20 * SECOND, 3 * HOUR + 25 * SECOND]
    assert run.us(10 * NS - 1000) == START + 10 * SECOND - 1


def test_a_run_cannot_go_over_to_a_dating_that_would_date_its_time_twice(hand: HandClock) -> None:
    run = RunClock(hand, read_anchor(hand))
    with pytest.raises(ValueError, match="dated already"):
        run.go_over(Anchor(10 * NS, START + 10 * SECOND - 1))


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 10**9)), max_size=6), st.lists(st.integers(0, 700 * NS)))
def test_later_instants_are_never_dated_earlier(jumps: list[tuple[int, int]], asked: list[int]) -> None:
    hand = HandClock()
    run = RunClock(hand, read_anchor(hand))
    for seconds, jump in jumps:
        hand.seconds += seconds
        now = hand.monotonic_ns()
        run.go_over(Anchor(now, run.us(now) + jump))
    dated = [run.us(instant) for instant in sorted(asked)]
    assert dated == sorted(dated)


LAST = Dating("boot-a", 100 * NS, START, 0, START + 50 * SECOND)
"""A run dated START at 100 s of boot-a, last durable 50 s later."""


def at(seconds: int, ahead: int) -> Anchor:
    """So long after LAST's anchor, with the wall clock so far ahead of its dating. Units: seconds, microseconds."""
    return Anchor((100 + seconds) * NS, START + seconds * SECOND + ahead)


def test_a_new_store_is_dated_by_the_wall_clock() -> None:
    assert begin(at(0, 7), "boot-a", None) == Begin(at(0, 7))


def test_a_restart_with_a_clock_that_agrees_takes_the_wall_clock() -> None:
    assert begin(at(60, SECOND), "boot-a", LAST) == Begin(at(60, SECOND))


@pytest.mark.parametrize("step", [SECOND + 1, HOUR, 10 * 365 * 24 * HOUR])
def test_a_restart_does_not_make_a_clock_true_that_stepped_forward_in_the_same_boot(step: int) -> None:
    assert begin(at(60, step), "boot-a", LAST) == Begin(at(60, 0), 0, None, "continued")


def test_a_restart_does_not_go_back_with_a_clock_that_was_set_back_in_the_same_boot() -> None:
    assert begin(at(60, -600 * SECOND), "boot-a", LAST) == Begin(at(60, 0), 0, LAST.last_durable, "continued")
    assert begin(at(900, -600 * SECOND), "boot-a", LAST) == Begin(at(900, 0), 0, None, "continued")


def test_after_another_boot_the_wall_clock_counts_but_nothing_before_the_last_record() -> None:
    later = at(60, HOUR)
    assert begin(later, "boot-b", LAST) == Begin(later, follows=False)
    behind = Anchor(5 * NS, START + 20 * SECOND)
    expected = Begin(Anchor(5 * NS, LAST.last_durable), -30 * SECOND, LAST.last_durable, "behind", follows=False)
    assert begin(behind, "boot-b", LAST) == expected


def test_a_machine_that_does_not_name_its_boot_is_never_the_same_boot() -> None:
    nameless = LAST._replace(boot_id="")
    assert begin(at(60, HOUR), "", nameless) == Begin(at(60, HOUR), follows=False)


def test_a_step_back_that_was_accepted_is_worked_off_at_restarts_and_never_seen_as_a_new_step() -> None:
    accepted = LAST._replace(offset_us=-600 * SECOND)
    early = begin(at(60, -600 * SECOND), "boot-a", accepted)
    assert early == Begin(Anchor(160 * NS, LAST.last_durable), -590 * SECOND, LAST.last_durable, "behind")
    late = at(700, -600 * SECOND)
    assert begin(late, "boot-a", accepted) == Begin(late)
