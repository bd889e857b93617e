"""Composites (A5, A6, M3): by hand, and on random worlds against a reference that looks at every tick by itself.

The reference knows no counters and no sweep: for a gate it tries every way in which the UNKNOWN members could turn out.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.composite import (
    ALL,
    Gate,
    combine,
    evaluate,
    excluded,
    excluded_time,
    families,
    line,
    redundancy_lost,
    site,
    state_now,
)
from sla.model import Cause, Degraded, State, Window
from sla.timeline import Span
from tests.depth import examples

UP, DEGRADED, DOWN, UNKNOWN, OUT = State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN, State.OUT
NONE, MEMBER, REDUNDANCY = Degraded.NONE, Degraded.MEMBER, Degraded.REDUNDANCY
KNOWN = (UP, DEGRADED, DOWN)
WORKS = (UP, DEGRADED)
HOUR = Window(0, 60)

Said = tuple[State, Degraded]
Timelines = dict[str, list[Span]]


def told(*states: State, cause: Cause = Cause.PROBE, imported: bool = False, length: int = 10) -> list[Span]:
    """One span of ten ticks for each state."""
    return [
        Span(
            number * length, (number + 1) * length, state, Degraded.LOSS if state is DEGRADED else NONE, cause, imported
        )
        for number, state in enumerate(states)
    ]


def whole(state: State, why: Degraded = NONE, cause: Cause = Cause.PROBE) -> list[Span]:
    return [Span(HOUR.start, HOUR.end, state, why, cause)]


def brief(timeline: Sequence[Span]) -> list[tuple[int, int, State]]:
    return [(span.start, span.end, span.state) for span in timeline]


# --- by hand ----------------------------------------------------------------------------------------------------

TABLE = [
    (ALL, [UP, UP], UP, NONE),
    (ALL, [UP, DOWN], DOWN, NONE),
    (ALL, [UP, UNKNOWN], UNKNOWN, NONE),
    (ALL, [DOWN, UNKNOWN], DOWN, NONE),
    (ALL, [UP, OUT], UP, NONE),
    (ALL, [DOWN, OUT], DOWN, NONE),
    (ALL, [OUT, OUT], OUT, NONE),
    (ALL, [], OUT, NONE),
    (ALL, [DEGRADED, UP], DEGRADED, MEMBER),
    (1, [DOWN, DOWN], DOWN, NONE),
    (1, [DOWN, UNKNOWN], UNKNOWN, NONE),
    (1, [UP, UNKNOWN], UP, NONE),
    (1, [UP, DOWN], DEGRADED, REDUNDANCY),
    (1, [DEGRADED, DOWN], DEGRADED, REDUNDANCY | MEMBER),
    (1, [OUT, UNKNOWN], UNKNOWN, NONE),
    (1, [], OUT, NONE),
    (2, [UP, UP, DOWN], DEGRADED, REDUNDANCY),
    (2, [UP, DOWN, DOWN], DOWN, NONE),
    (2, [UP, DOWN, UNKNOWN], UNKNOWN, NONE),
    (2, [UP, UP, UNKNOWN], UP, NONE),
    (2, [UP, DOWN, OUT], DOWN, NONE),
    (2, [UP, OUT, OUT], UNKNOWN, NONE),
    (2, [DOWN, OUT, OUT], UNKNOWN, NONE),
    (2, [OUT, OUT, OUT], OUT, NONE),
    (3, [UP, UP], UNKNOWN, NONE),
]


@pytest.mark.parametrize(("need", "states", "state", "why"), TABLE)
def test_a_gate_says_what_the_logic_says_in_the_timeline_and_live(
    need: int, states: list[State], state: State, why: Degraded
) -> None:
    (span,) = combine(need, [whole(each, Degraded.LOSS if each is DEGRADED else NONE) for each in states], HOUR)
    assert (span.start, span.end, span.state, span.degraded) == (0, 60, state, why)
    names = [str(number) for number in range(len(states))]
    said = dict(zip(names, states, strict=True))
    assert state_now(Gate(need, tuple(names)), lambda name: (said[name], Degraded.LOSS)) == (state, why)


def test_what_a_member_leaves_out_of_the_window_is_unknown() -> None:
    member = [Span(-50, 10, UP, cause=Cause.PROBE), Span(20, 30, UP, cause=Cause.PROBE)]
    assert brief(combine(1, [member], HOUR)) == [(0, 10, UP), (10, 20, UNKNOWN), (20, 30, UP), (30, 60, UNKNOWN)]
    assert brief(combine(1, [[]], HOUR)) == [(0, 60, UNKNOWN)]


def test_neighbours_that_say_the_same_are_one() -> None:
    a, b = told(UP, DOWN, UP, DOWN, UP, UP), told(DOWN, UP, DOWN, UP, UP, UP)
    assert brief(combine(1, [a, b], HOUR)) == [(0, 40, DEGRADED), (40, 60, UP)]


def test_an_empty_window_has_no_spans_and_a_reversed_one_is_refused() -> None:
    assert combine(1, [whole(UP)], Window(5, 5)) == []
    assert combine(1, [], Window(5, 5)) == []
    with pytest.raises(ValueError, match="window ends at 4, before its start 5"):
        combine(1, [whole(UP)], Window(5, 4))


def test_a_negative_need_is_refused_as_it_would_always_be_met() -> None:
    with pytest.raises(ValueError, match=r"need: got -1, wanted ALL \(0\) or how many"):
        combine(-1, [whole(DOWN)], HOUR)


def test_a_gate_inside_a_gate_is_judged_first() -> None:
    timelines = {"core": told(UP, UP, UP, UP), "a": told(UP, DOWN, DOWN, UNKNOWN), "b": told(UP, UP, DOWN, DOWN)}
    platform = Gate(ALL, ("core", Gate(1, ("a", "b"))))
    found = evaluate(platform, timelines.__getitem__, Window(0, 40))
    assert [(s.start, s.state, s.degraded) for s in found] == [
        (0, UP, NONE),
        (10, DEGRADED, MEMBER),
        (20, DOWN, NONE),
        (30, UNKNOWN, NONE),
    ]


def test_the_cause_is_that_of_the_first_unknown_member() -> None:
    a = [Span(0, 20, UP, cause=Cause.PROBE), Span(20, 60, UNKNOWN, cause=Cause.ISOLATED)]
    b = [Span(0, 10, UP, cause=Cause.PROBE), Span(10, 40, UNKNOWN, cause=Cause.AGENT_DOWN), Span(40, 60, UP)]
    causes = [(s.start, s.state, s.cause) for s in combine(ALL, [a, b], HOUR)]
    assert causes == [(0, UP, Cause.PROBE), (10, UNKNOWN, Cause.AGENT_DOWN), (20, UNKNOWN, Cause.ISOLATED)]


def test_a_member_that_is_unknown_again_is_found_again() -> None:
    a = [Span(0, 10, UNKNOWN, cause=Cause.ISOLATED), Span(10, 20, UP), Span(20, 30, UNKNOWN, cause=Cause.AGENT_DOWN)]
    b = [Span(0, 30, UNKNOWN, cause=Cause.UNCONFIRMED)]
    causes = [(s.start, s.cause) for s in combine(ALL, [a, b], Window(0, 30))]
    assert causes == [(0, Cause.ISOLATED), (10, Cause.UNCONFIRMED), (20, Cause.AGENT_DOWN)]


def test_unknown_for_want_of_members_has_a_cause_though_no_member_is_unknown() -> None:
    (span,) = combine(2, [whole(UP), whole(OUT)], HOUR)
    assert (span.state, span.cause) == (UNKNOWN, Cause.NO_READING)


def test_time_is_imported_where_a_file_says_anything_of_a_member() -> None:
    a = [*told(UP, imported=True), Span(10, 30, UP, cause=Cause.PROBE)]
    b = told(UP, UNKNOWN, DOWN, imported=True)
    found = [(s.start, s.state, s.cause, s.imported) for s in combine(1, [a, b], Window(0, 30))]
    assert found == [
        (0, UP, Cause.IMPORTED, True),
        (10, UP, Cause.PROBE, False),
        (20, DEGRADED, Cause.IMPORTED, True),
    ]


def test_redundancy_lost_is_time_with_that_flag_inside_the_window() -> None:
    timeline = [
        Span(0, 10, DEGRADED, REDUNDANCY),
        Span(10, 20, DEGRADED, MEMBER),
        Span(20, 40, DEGRADED, MEMBER | REDUNDANCY),
        Span(40, 50, DOWN),
    ]
    assert redundancy_lost(timeline, Window(5, 35)) == 5 + 15


def test_a_site_up_by_its_node_alone_is_not_degraded_by_it() -> None:
    answering = [Span(0, 60, DEGRADED, Degraded.RTT, Cause.PROBE)]
    (span,) = site([whole(UNKNOWN), whole(UNKNOWN)], [answering], HOUR)
    assert (span.state, span.degraded, span.cause) == (UP, NONE, Cause.PROBE)


def test_nothing_to_go_by_is_unknown_for_all_that_is_in_service() -> None:
    assert brief(line([], HOUR)) == brief(site([], [], HOUR)) == brief(families([], HOUR)) == [(0, 60, UNKNOWN)]


def test_a_site_whose_line_is_out_and_where_nothing_stands_is_out() -> None:
    assert brief(site([whole(OUT)], [], HOUR)) == [(0, 60, OUT)]


def test_a_composite_inside_brings_its_own_exclusion() -> None:
    timelines = {"site": told(UP, DOWN, DOWN, UP, UP, UP), "core": whole(UP)}
    windows = {"site": [Window(15, 25)], "core": []}
    service = Gate(ALL, ("core", "site"))
    assert excluded(service, (), timelines.__getitem__, windows.__getitem__, HOUR) == [Window(15, 25)]


def test_windows_that_meet_are_one_and_nothing_lies_outside() -> None:
    own = [Window(50, 90), Window(20, 30), Window(10, 20), Window(30, 30), Window(-9, 5), Window(70, 80)]
    found = excluded(Gate(1, ("a",)), own, lambda _: whole(UP), lambda _: [], HOUR)
    assert found == [Window(0, 5), Window(10, 30), Window(50, 60)]


def test_a_window_across_two_outages_excludes_both_and_not_what_lies_between() -> None:
    timelines = {"a": told(DOWN, UP, DOWN, DOWN, UP, DOWN)}
    found = excluded(Gate(1, ("a",)), (), timelines.__getitem__, lambda _: [Window(5, 35)], HOUR)
    assert found == [Window(5, 10), Window(20, 35)]


def test_a_site_is_excluded_by_its_lines_and_not_where_a_node_shows_that_it_works() -> None:
    lines, router = [whole(DOWN)], told(UP, UP, UP, DOWN, DOWN, DOWN)
    timeline = site(lines, [router], HOUR)
    assert excluded_time(timeline, [(lines[0], [Window(10, 50)])], (), HOUR) == [Window(30, 50)]


def test_43_000_members_of_one_gate() -> None:
    """The n-th fails from tick n to tick n + 100: at most 100 are down at once, and 43 000 - 100 are needed."""
    n = 43_000
    window = Window(0, n + 100)
    members = [[Span(0, k, UP), Span(k, k + 100, DOWN), Span(k + 100, window.end, UP)] for k in range(n)]
    flags = [(s.start, s.end, s.state, s.degraded) for s in combine(n - 100, members, window)]
    assert flags == [(0, n + 99, DEGRADED, REDUNDANCY), (n + 99, n + 100, UP, NONE)]
    down = [(s.start, s.end) for s in combine(n - 99, members, window) if s.state is DOWN]
    assert down == [(99, n)]


# --- the reference: every tick by itself --------------------------------------------------------------------------


def at(timeline: Sequence[Span], tick: int) -> Span:
    return next((s for s in timeline if s.start <= tick < s.end), Span(tick, tick + 1, UNKNOWN))


def said_at(timelines: Timelines, tick: int, name: str) -> Said:
    span = at(timelines[name], tick)
    return span.state, span.degraded


def possible(states: Sequence[State], enough: Callable[[int, int], bool]) -> State:
    """UP or DOWN if it comes out so however the UNKNOWN members turn out, else UNKNOWN; OUT members left out."""
    part = [state for state in states if state is not OUT]
    ways = product(*[(True, False) if s is UNKNOWN else (s in WORKS,) for s in part])
    outcomes = {enough(sum(way), len(part)) for way in ways}
    return UNKNOWN if len(outcomes) > 1 else UP if outcomes == {True} else DOWN


def lacking(states: Sequence[State]) -> Said:
    why = (REDUNDANCY if DOWN in states else NONE) | (MEMBER if DEGRADED in states else NONE)
    return (DEGRADED, why) if why else (UP, NONE)


def logic(need: int, states: Sequence[State]) -> Said:
    left = len([state for state in states if state is not OUT])
    if left == 0:
        return OUT, NONE
    if left < need:
        return UNKNOWN, NONE
    state = possible(states, lambda up, of: up >= (need or of))
    return lacking(states) if state is UP else (state, NONE)


def logic_of(gate: Gate, timelines: Timelines, tick: int) -> Said:
    return logic(gate.need, [state_of(member, timelines, tick) for member in gate.members])


def state_of(member: str | Gate, timelines: Timelines, tick: int) -> State:
    if isinstance(member, Gate):
        return logic_of(member, timelines, tick)[0]
    return at(timelines[member], tick).state


def site_logic(lines: Sequence[State], answers: Sequence[State]) -> Said:
    if not lines and not answers:
        return UNKNOWN, NONE
    if all(state is OUT for state in lines):
        return logic(1, answers)
    if any(state in WORKS for state in (*lines, *answers)):
        return lacking(lines)
    return logic(1, lines)


def line_logic(evidence: Sequence[Span]) -> Said:
    states = [span.state for span in evidence]
    if DOWN in states:
        return DOWN, NONE
    if DEGRADED in states:
        return DEGRADED, all_reasons(evidence)
    return (UP if UP in states else UNKNOWN), NONE


def family_logic(evidence: Sequence[Span]) -> Said:
    states = [span.state for span in evidence]
    if not states:
        return UNKNOWN, NONE
    state = logic(1, states)[0]
    if state not in WORKS:
        return state, NONE
    why = all_reasons(evidence) | (Degraded.FAMILY if DOWN in states else NONE)
    return (DEGRADED, why) if DOWN in states or DEGRADED in states else (UP, NONE)


def all_reasons(evidence: Sequence[Span]) -> Degraded:
    why = NONE
    for span in evidence:
        why |= span.degraded if span.state is DEGRADED else NONE
    return why


def excused(gate: Gate, timelines: Timelines, windows: dict[str, list[Window]], tick: int) -> bool:
    """M3 without the windows that name the composite."""
    bad = [member for member in gate.members if state_of(member, timelines, tick) in (DOWN, UNKNOWN)]
    if logic_of(gate, timelines, tick)[0] not in (DOWN, UNKNOWN) or not bad:
        return False
    return all(
        excused(member, timelines, windows, tick) if isinstance(member, Gate) else covered(windows[member], tick)
        for member in bad
    )


def covered(windows: Sequence[Window], tick: int) -> bool:
    return any(start <= tick < end for start, end in windows)


def covers_exactly(timeline: Sequence[Span], window: Window) -> bool:
    """No hole, no overlap, nothing empty, nothing left unjoined."""
    if not timeline:
        return window.length == 0
    ends = (timeline[0].start, timeline[-1].end) == window
    joined = all(a.end == b.start and a[2:] != b[2:] for a, b in pairwise(timeline))
    return ends and joined and all(span.length > 0 for span in timeline)


# --- random small worlds ------------------------------------------------------------------------------------------

NAMES = "abcdef"
STATE = st.sampled_from([UP, UP, DEGRADED, DOWN, DOWN, UNKNOWN, OUT])
REASON = st.sampled_from([Degraded.LOSS, Degraded.RTT, Degraded.LOSS | Degraded.BLIP, Degraded.REDUNDANCY])
CAUSE = st.sampled_from([Cause.AGENT_DOWN, Cause.ISOLATED, Cause.UNCONFIRMED])


@st.composite
def timelines_(draw: st.DrawFn) -> list[Span]:
    """Sorted and disjoint, with holes, reaching beyond any window."""
    out, start = [], draw(st.integers(0, 4))
    for state in draw(st.lists(STATE, max_size=5)):
        end = start + draw(st.integers(1, 5))
        why = draw(REASON) if state is DEGRADED else NONE
        cause = draw(CAUSE) if state is UNKNOWN else Cause.PROBE
        out.append(Span(start, end, state, why, cause, draw(st.booleans())))
        start = end + draw(st.sampled_from([0, 0, 0, 2]))
    return out


WINDOW = st.tuples(st.integers(0, 6), st.integers(0, 14)).map(lambda pair: Window(pair[0], pair[0] + pair[1]))
WINDOWS = st.lists(WINDOW, max_size=3)
MEMBERS = st.lists(timelines_(), max_size=5)
WORLD = st.fixed_dictionaries(dict.fromkeys(NAMES, timelines_()))
GATE: st.SearchStrategy[Gate] = st.recursive(
    st.builds(Gate, st.integers(0, 3), st.lists(st.sampled_from(NAMES), max_size=4).map(tuple)),
    lambda inner: st.builds(
        Gate, st.integers(0, 3), st.lists(st.one_of(inner, st.sampled_from(NAMES)), max_size=4).map(tuple)
    ),
    max_leaves=4,
)


@settings(max_examples=examples(120), deadline=None)
@given(st.integers(0, 5), MEMBERS, WINDOW)
def test_combine_says_at_every_tick_what_the_reference_says(
    need: int, members: list[list[Span]], window: Window
) -> None:
    found = combine(need, members, window)
    assert covers_exactly(found, window)
    for tick in range(*window):
        span = at(found, tick)
        now = [at(member, tick) for member in members]
        assert (span.state, span.degraded) == logic(need, [s.state for s in now])
        assert span.imported == any(s.imported and s.state in KNOWN for s in now)
        assert span.cause is cause_of(span, now)


def cause_of(span: Span, now: Sequence[Span]) -> Cause:
    if span.state in KNOWN:
        return Cause.IMPORTED if span.imported else Cause.PROBE
    if span.state is OUT:
        return Cause.NEVER
    return next((s.cause for s in now if s.state is UNKNOWN), Cause.NO_READING)


@settings(max_examples=examples(100), deadline=None)
@given(GATE, WORLD, WINDOW)
def test_gates_inside_gates_and_the_live_page_say_the_same_at_every_tick(
    gate: Gate, timelines: Timelines, window: Window
) -> None:
    found = evaluate(gate, timelines.__getitem__, window)
    assert covers_exactly(found, window)
    for tick in range(*window):
        said = logic_of(gate, timelines, tick)
        assert (at(found, tick).state, at(found, tick).degraded) == said
        assert state_now(gate, partial(said_at, timelines, tick)) == said


@settings(max_examples=examples(100), deadline=None)
@given(MEMBERS, MEMBERS, WINDOW)
def test_a_site_says_at_every_tick_what_the_reference_says(
    lines: list[list[Span]], answers: list[list[Span]], window: Window
) -> None:
    found = site(lines, answers, window)
    assert covers_exactly(found, window)
    for tick in range(*window):
        said = site_logic([at(each, tick).state for each in lines], [at(each, tick).state for each in answers])
        assert (at(found, tick).state, at(found, tick).degraded) == said


@settings(max_examples=examples(100), deadline=None)
@given(MEMBERS, WINDOW)
def test_lines_and_families_say_at_every_tick_what_the_reference_says(
    evidence: list[list[Span]], window: Window
) -> None:
    as_line, as_families = line(evidence, window), families(evidence, window)
    assert covers_exactly(as_line, window)
    assert covers_exactly(as_families, window)
    for tick in range(*window):
        now = [at(each, tick) for each in evidence]
        assert (at(as_line, tick).state, at(as_line, tick).degraded) == line_logic(now)
        assert (at(as_families, tick).state, at(as_families, tick).degraded) == family_logic(now)


@settings(max_examples=examples(120), deadline=None)
@given(GATE, WORLD, st.fixed_dictionaries(dict.fromkeys(NAMES, WINDOWS)), WINDOWS, WINDOW)
def test_what_is_excluded_is_what_the_reference_says_at_every_tick(
    gate: Gate, timelines: Timelines, windows: dict[str, list[Window]], own: list[Window], window: Window
) -> None:
    found = excluded(gate, own, timelines.__getitem__, windows.__getitem__, window)
    assert all(a.end < b.start for a, b in pairwise(found))
    assert all(window.start <= each.start < each.end <= window.end for each in found)
    for tick in range(*window):
        assert covered(found, tick) == (covered(own, tick) or excused(gate, timelines, windows, tick))


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 5), MEMBERS, WINDOW, st.data())
def test_to_learn_what_was_unknown_never_turns_up_into_down_or_back(
    need: int, members: list[list[Span]], window: Window, data: st.DataObject
) -> None:
    """Kleene: knowledge only ever replaces UNKNOWN."""
    learnt = [
        [s._replace(state=data.draw(st.sampled_from([UP, DOWN]))) if s.state is UNKNOWN else s for s in member]
        for member in members
    ]
    before, after = combine(need, members, window), combine(need, learnt, window)
    for tick in range(*window):
        was, now = at(before, tick).state, at(after, tick).state
        assert was is UNKNOWN or (was in WORKS) == (now in WORKS)
