"""A1-A4 and the outages of S8, where a case file would not say it better."""

import pytest

from sla.availability import Outage, Parts, availability, outages
from sla.model import Degraded, State, Window
from sla.timeline import Span

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
