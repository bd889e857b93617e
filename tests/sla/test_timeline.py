"""From edges to spans (A1, E1): what stands, what is cut, what is laid over what."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sla.model import Cause, Degraded, State, Window
from sla.timeline import Mark, Span, clip, fold, join, out_of_service, overlay, spans

UP, DEGRADED, DOWN, UNKNOWN, OUT = State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN, State.OUT


def mark(at: int, state: State, cause: Cause = Cause.PROBE, floor: int = 0) -> Mark:
    return Mark(at, state, Degraded.NONE, cause, floor)


def brief(timeline: list[Span]) -> list[tuple[int, int, State]]:
    return [(s.start, s.end, s.state) for s in timeline]


def test_a_back_dated_edge_cuts_off_what_was_said_of_later_time() -> None:
    written = [mark(0, UP), mark(50, UNKNOWN), mark(60, UP), mark(40, DOWN)]
    assert [(m.at, m.state) for m in fold(written)] == [(0, UP), (40, DOWN)]


def test_an_edge_at_the_same_instant_replaces_the_one_before() -> None:
    assert [(m.at, m.state) for m in fold([mark(0, UP), mark(0, DOWN)])] == [(0, DOWN)]


def test_an_edge_below_its_floor_is_moved_up_to_it() -> None:
    written = [mark(0, UP), mark(50, DOWN), mark(20, UNKNOWN, floor=70)]
    assert [(m.at, m.state) for m in fold(written)] == [(0, UP), (50, DOWN), (70, UNKNOWN)]


def test_a_cut_that_says_what_stood_before_merges_with_it() -> None:
    assert [(m.at, m.state) for m in fold([mark(0, UP), mark(50, DOWN), mark(40, UP)])] == [(0, UP)]


def test_a_gap_of_the_agent_before_anything_was_known_is_not_the_component_s() -> None:
    written = [mark(10, UNKNOWN, Cause.AGENT_DOWN), mark(30, UP)]
    assert brief(spans(fold(written), Window(0, 40), 40)) == [(0, 30, UNKNOWN), (30, 40, UP)]


def test_nothing_written_is_unknown_never_out() -> None:
    assert brief(spans([], Window(5, 9), 7)) == [(5, 7, UNKNOWN), (7, 9, UNKNOWN)]
    assert spans([], Window(5, 5), 7) == []


def test_time_from_as_of_on_is_unknown() -> None:
    standing = [mark(0, UP)]
    assert brief(spans(standing, Window(10, 20), 15)) == [(10, 15, UP), (15, 20, UNKNOWN)]
    assert brief(spans(standing, Window(10, 20), 10)) == [(10, 20, UNKNOWN)]
    assert brief(spans(standing, Window(10, 20), 3)) == [(10, 20, UNKNOWN)]
    assert brief(spans(standing, Window(10, 20), 99)) == [(10, 20, UP)]


def test_the_state_at_the_start_of_a_window_is_the_last_one_said() -> None:
    standing = [mark(0, UP), mark(10, DOWN), mark(20, UP)]
    assert brief(spans(standing, Window(10, 12), 99)) == [(10, 12, DOWN)]
    assert brief(spans(standing, Window(9, 21), 99)) == [(9, 10, UP), (10, 20, DOWN), (20, 21, UP)]


def test_out_of_service_is_what_no_interval_covers() -> None:
    service = [Window(30, 40), Window(10, 20), Window(15, 25)]
    assert brief(out_of_service(service, Window(0, 50))) == [(0, 10, OUT), (25, 30, OUT), (40, 50, OUT)]
    assert out_of_service([], Window(0, 50)) == []
    assert brief(out_of_service([Window(60, 70)], Window(0, 50))) == [(0, 50, OUT)]
    assert brief(out_of_service([Window(-9, -5)], Window(0, 50))) == [(0, 50, OUT)]
    assert out_of_service([Window(-9, 99)], Window(0, 50)) == []
    assert sum(span.length for span in out_of_service([Window(5, 5)], Window(0, 10))) == 10


TICK = st.integers(0, 30)


@st.composite
def layers(draw: st.DrawFn) -> list[Span]:
    """Sorted and disjoint, with holes."""
    out, at = [], 0
    for gap, length, state in draw(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6), st.sampled_from(State)))):
        out.append(Span(at + gap, at + gap + length, state))
        at += gap + length
    return out


def at(pieces: list[Span], t: int) -> State | None:
    found = [s.state for s in pieces if s.start <= t < s.end]
    assert len(found) <= 1
    return found[0] if found else None


@settings(max_examples=200, deadline=None)
@given(layers(), layers())
def test_overlay_says_at_every_tick_what_the_top_says_else_the_base(base: list[Span], top: list[Span]) -> None:
    laid = overlay(base, top)
    for t in range(200):
        want = at(top, t)
        assert at(laid, t) == (at(base, t) if want is None else want)


@settings(max_examples=200, deadline=None)
@given(layers(), TICK, TICK)
def test_clip_says_at_every_tick_what_was_said_and_nothing_outside(pieces: list[Span], a: int, b: int) -> None:
    window = Window(min(a, b), max(a, b))
    cut = clip(pieces, window)
    for t in range(200):
        assert at(cut, t) == (at(pieces, t) if window.start <= t < window.end else None)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TICK, TICK), max_size=5), TICK, TICK)
def test_out_of_service_is_the_complement_at_every_tick(service: list[tuple[int, int]], a: int, b: int) -> None:
    window = Window(min(a, b), max(a, b))
    intervals = [Window(min(p), max(p)) for p in service]
    out = out_of_service(intervals, window)
    for t in range(40):
        inside = window.start <= t < window.end
        covered = not service or any(s <= t < e for s, e in intervals)
        assert at(out, t) == (OUT if inside and not covered else None)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TICK, st.sampled_from([UP, DEGRADED, DOWN, UNKNOWN]), TICK), max_size=12), TICK)
def test_fold_says_at_every_tick_what_the_last_edge_at_or_before_it_said(
    written: list[tuple[int, State, int]], until: int
) -> None:
    """Brute force over E1: each edge, as it is written, repaints all time from its instant (or its floor) on."""
    marks = [mark(a, state, floor=floor) for a, state, floor in written]
    painted: list[State] = [UNKNOWN] * 40
    for m in marks:
        painted[max(m.at, m.floor) :] = [m.state] * (40 - max(m.at, m.floor))
    painted[until:] = [UNKNOWN] * (40 - until)
    assert [at(spans(fold(marks), Window(0, 40), until), t) for t in range(40)] == painted


def test_join_keeps_apart_what_differs_in_cause_reason_or_source() -> None:
    same = [Span(0, 1, UP), Span(1, 2, UP)]
    assert join(same) == [Span(0, 2, UP)]
    for other in (Span(1, 2, UP, cause=Cause.PROBE), Span(1, 2, UP, imported=True), Span(1, 2, UP, Degraded.LOSS)):
        assert join([Span(0, 1, UP), other]) == [Span(0, 1, UP), other]
    assert join([Span(0, 1, UP), Span(2, 3, UP)]) == [Span(0, 1, UP), Span(2, 3, UP)]
