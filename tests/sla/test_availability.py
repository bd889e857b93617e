"""A1-A4 and the outages of S8, where a case file would not say it better."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.availability import Bounds, Outage, Parts, availability, outages
from sla.model import Degraded, State, Window
from sla.timeline import Span
from tests import depth

UP, DEGRADED, DOWN, UNKNOWN, OUT = State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN, State.OUT


def line(*pieces: tuple[int, State]) -> list[Span]:
    """(end, state) one after the other from 0 on."""
    out, start = [], 0
    for end, state in pieces:
        out.append(Span(start, end, state))
        start = end
    return out


def test_what_the_timeline_leaves_out_is_unknown() -> None:
    found = availability([Span(10, 20, UP)], [], Window(0, 30))
    assert found.parts == Parts(10, 0, 0, 20, 0)


def test_nothing_ever_told_has_no_outages() -> None:
    assert availability([], [], Window(0, 10)).outages == ()


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="before its start"):
        availability([], [], Window(10, 9))


def test_an_empty_window_has_no_value() -> None:
    found = availability(line((50, UP)), [], Window(10, 10))
    assert (found.value, found.parts, found.outages) == (None, Parts(0, 0, 0, 0, 0), ())


def test_one_microsecond_of_knowledge_makes_a_value_and_it_is_the_low_bound() -> None:
    found = availability([Span(0, 1, UP)], [], Window(0, 1_000_000))
    assert found.value == (1, 1_000_000)
    assert found.known == (1, 1)
    assert found.measured == (1, 1_000_000)


def test_of_the_known_time_degraded_is_up() -> None:
    assert availability(line((2, UP), (5, DEGRADED), (9, DOWN), (20, UNKNOWN)), [], Window(0, 20)).known == (5, 9)


def test_degraded_time_is_up_time_and_is_listed_by_reason() -> None:
    spans = [Span(0, 10, DEGRADED, Degraded.LOSS), Span(10, 15, DEGRADED, Degraded.LOSS | Degraded.RTT)]
    found = availability(spans, [], Window(5, 15))
    assert found.degraded == {"loss": 10, "rtt": 5}
    assert found.all_in.low == (10, 10)


def test_imported_and_probed_time_are_told_apart() -> None:
    spans = [Span(0, 10, UP, imported=True), Span(10, 30, DOWN), Span(30, 40, UNKNOWN, imported=True)]
    found = availability(spans, [], Window(0, 40))
    assert (found.probe, found.imported) == (20, 10)
    assert found.probe + found.imported == found.parts.known


def test_out_of_service_time_is_in_no_denominator() -> None:
    found = availability(line((10, DOWN), (20, UP)), [Window(10, 20)], Window(0, 30))
    assert found.all_in.low == (10, 10)
    assert found.parts.out_of_service == 20
    assert found.outages == ()


def test_an_outage_over_the_border_of_service_begins_at_the_border() -> None:
    found = availability(line((10, UP), (30, DOWN), (40, UP)), [Window(20, 40)], Window(0, 40))
    assert found.outages == (Outage(20, 30, 20, 30),)


@pytest.mark.parametrize(("between", "joined"), [(UNKNOWN, True), (UP, False), (DEGRADED, False), (OUT, False)])
def test_only_unknown_time_joins_two_down_spans(between: State, *, joined: bool) -> None:
    found = outages(line((10, DOWN), (20, between), (30, DOWN), (40, UP)), [], Window(0, 40))
    assert [o.onset for o in found] == ([0, 0] if joined else [0, 20])


def test_an_outage_keeps_onset_and_end_outside_the_window() -> None:
    timeline = line((10, UP), (20, DOWN), (30, UNKNOWN), (40, DOWN), (50, UP))
    assert outages(timeline, [], Window(35, 38)) == (Outage(35, 38, 10, 40),)
    assert outages(timeline, [], Window(22, 28)) == ()


def test_a_recovery_over_a_limit_is_a_recovery() -> None:
    assert outages(line((10, DOWN), (20, DEGRADED), (30, UP)), [], Window(0, 30)) == (Outage(0, 10, 0, 10),)


def test_an_outage_followed_by_nothing_known_is_open() -> None:
    assert outages(line((10, DOWN), (20, UNKNOWN)), [], Window(0, 20)) == (Outage(0, 10, 0, None),)


# --- A3: what counting windows take out -----------------------------------------------------------------------


def test_without_windows_both_variants_are_one() -> None:
    found = availability(line((10, UP), (20, DOWN)), [], Window(0, 30))
    assert found.excluded == Parts(0, 0, 0, 0, 0)
    assert found.remaining == found.parts
    assert found.excluding_approved == found.all_in


def test_a_window_takes_time_out_of_both_sides_whatever_the_state() -> None:
    timeline = line((10, UP), (20, DEGRADED), (30, DOWN), (40, UNKNOWN), (50, UP))
    found = availability(timeline, [], Window(0, 50), [Window(5, 38)])
    assert found.parts == Parts(20, 10, 10, 10, 0)
    assert found.excluded == Parts(5, 10, 10, 8, 0)
    assert found.all_in == ((30, 50), (40, 50))
    assert found.excluding_approved == ((15, 17), (17, 17))


def test_a_window_says_nothing_of_time_out_of_service() -> None:
    found = availability(line((40, DOWN)), [Window(10, 30)], Window(0, 40), [Window(5, 15)])
    assert found.excluded == Parts(0, 0, 5, 0, 0)
    assert found.excluding_approved.low == (0, 15)


def test_a_window_reaches_no_further_than_what_is_measured() -> None:
    found = availability(line((100, DOWN)), [], Window(10, 20), [Window(-50, 12), Window(18, 500), Window(30, 40)])
    assert found.excluded == Parts(0, 0, 4, 0, 0)


def test_overlapping_windows_take_an_instant_once() -> None:
    """M2."""
    found = availability(line((40, DOWN)), [], Window(0, 40), [Window(20, 30), Window(5, 22), Window(6, 7)])
    assert found.excluded.down == 25


def test_time_that_was_never_measured_is_excluded_as_unknown() -> None:
    found = availability([], [], Window(0, 40), [Window(5, 15)])
    assert found.excluded == Parts(0, 0, 0, 10, 0)


def test_when_windows_take_all_there_is_no_ratio_left() -> None:
    found = availability(line((40, UP)), [], Window(0, 40), [Window(0, 40)])
    assert found.excluding_approved == ((0, 0), (0, 0))
    assert found.all_in.low == (40, 40)


def test_when_windows_take_all_that_is_known_nothing_is_known_of_the_rest() -> None:
    found = availability(line((10, UP), (40, UNKNOWN)), [], Window(0, 40), [Window(0, 10)])
    assert found.remaining == Parts(0, 0, 0, 30, 0)
    assert found.remaining.known == 0


def test_windows_change_nothing_of_the_states_and_the_outages() -> None:
    timeline = line((10, UP), (30, DOWN), (40, UP))
    bare, less = (availability(timeline, [], Window(0, 40), gone) for gone in ([], [Window(0, 25)]))
    assert (less.parts, less.outages, less.all_in) == (bare.parts, bare.outages, bare.all_in)
    assert (less.measured, less.known, less.value, less.probe) == (bare.measured, bare.known, bare.value, bare.probe)


PIECES = st.lists(st.tuples(st.integers(1, 8), st.sampled_from([UP, DEGRADED, DOWN, UNKNOWN])), max_size=8)
WINDOWS = st.lists(st.tuples(st.integers(-5, 50), st.integers(0, 20)), max_size=4).map(
    lambda pairs: [Window(start, start + length) for start, length in pairs]
)


def tick(timeline: list[Span], service: list[Window], at: int) -> State:
    if service and not any(start <= at < end for start, end in service):
        return OUT
    return next((span.state for span in timeline if span.start <= at < span.end), UNKNOWN)


@settings(max_examples=depth.examples(200), deadline=None)
@given(PIECES, WINDOWS, WINDOWS, st.integers(0, 50))
def test_excluded_time_is_that_of_counting_every_tick_and_pieces_sum_to_the_whole(
    pieces: list[tuple[int, State]], service: list[Window], gone: list[Window], cut: int
) -> None:
    """A1, A3, M2 and vector 21."""
    timeline, end = [], 0
    for length, state in pieces:
        timeline.append(Span(end, end + length, state))
        end += length
    whole = availability(timeline, service, Window(0, 50), gone)
    for span, found in [
        (Window(0, 50), whole),
        (Window(0, cut), availability(timeline, service, Window(0, cut), gone)),
        (Window(cut, 50), availability(timeline, service, Window(cut, 50), gone)),
    ]:
        inside = [tick(timeline, service, at) for at in range(*span) if any(w.start <= at < w.end for w in gone)]
        assert found.excluded == Parts(*(0 if state is OUT else inside.count(state) for state in State))
        assert sum(found.remaining) == span.length - sum(found.excluded)
        assert min(found.remaining) >= 0


def test_time_stated_in_two_pieces_is_one_outage() -> None:
    pieces = [Span(0, 10, State.UP), Span(10, 20, State.DOWN), Span(20, 30, State.DOWN), Span(30, 40, State.UP)]
    found = availability(pieces, (), Window(0, 40))
    assert [tuple(outage) for outage in found.outages] == [(10, 30, 10, 30)]


def test_degraded_time_is_known_time() -> None:
    assert Parts(3, 2, 1, 10, 100).known == 6
    assert Parts(3, 2, 1, 10, 100).bounds() == Bounds((5, 16), (15, 16))
