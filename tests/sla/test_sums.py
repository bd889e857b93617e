"""Sums without spans are those of availability (A1), for any marks, windows and dates; groups are sums of sums (A5)."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from sla.availability import Parts, availability
from sla.model import Cause, Degraded, State, Window
from sla.sums import group, parts
from sla.timeline import Mark, fold, spans
from tests import depth

INSTANT = st.integers(0, 40)
TURN = st.tuples(INSTANT, st.sampled_from([int(state) for state in State]), INSTANT)
WINDOW = st.tuples(INSTANT, INSTANT).map(lambda ends: Window(min(ends), max(ends)))


@settings(max_examples=depth.examples(300))
@given(st.lists(TURN, max_size=8), WINDOW, INSTANT, st.lists(WINDOW, max_size=3))
def test_they_are_the_parts_of_availability(
    turns: list[tuple[int, int, int]], window: Window, until: int, service: list[Window]
) -> None:
    marks = fold(Mark(at, State(state), Degraded.NONE, Cause.PROBE, floor) for at, state, floor in turns)
    spanned = availability(spans(marks, Window(0, 50), until), service, window)
    assert parts(turns, window, until, service) == spanned.parts


def test_a_back_dated_turn_cuts_off_what_was_said_of_later_time() -> None:
    up, down = int(State.UP), int(State.DOWN)
    assert parts([(0, up, 0), (20, down, 0), (10, down, 0), (30, up, 0)], Window(0, 40), 40) == Parts(20, 0, 20, 0, 0)
    assert parts([(0, up, 0), (20, down, 0), (5, down, 15)], Window(0, 40), 40) == Parts(15, 0, 25, 0, 0)


MEMBER = st.builds(Parts, *[st.integers(0, 9)] * 5)


@given(st.dictionaries(st.sampled_from("abcdef"), MEMBER))
def test_a_group_is_weighted_by_time_and_names_its_worst(members: dict[str, Parts]) -> None:
    found = group(members)
    up = sum(each.up + each.degraded for each in members.values())
    assert found.bounds.low == (up, sum(each.in_service for each in members.values()))
    assert found.members == len(members)
    lows = {
        name: Fraction(each.up + each.degraded, each.in_service) for name, each in members.items() if each.in_service
    }
    assert found.worst == (min(lows, key=lambda name: (lows[name], name)) if lows else None)


def test_the_mean_of_percentages_is_not_what_is_said() -> None:
    """Up 1 of 1 h and 0 of 99 h is 1 %, not 50 %."""
    assert group({"a": Parts(1, 0, 0, 0, 0), "b": Parts(0, 0, 99, 0, 0)}).bounds.low == (1, 100)
