"""The engine against an independent reference, and the algebra of its figures, on random worlds."""

from dataclasses import replace
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla import confirm
from sla.availability import Availability, Parts, Ratio, availability
from sla.confirm import settled_until
from sla.model import Cause, Degraded, State, Window
from sla.periods import Piece, pieces
from sla.timeline import Mark, fold, spans
from sla.totals import Totals
from tests.sla import oracle
from tests.sla.driver import Driver, Event
from tests.sla.oracle import R, World
from tests.sla.worlds import DEEP, Case, cases, checked_cases, examples, plain, random_case, ticks_of, world

pytestmark = pytest.mark.torture

GOOD = (oracle.UP, oracle.DEGRADED)


def engine(case: Case) -> list[tuple[int, int, int, int]]:
    return plain(case.driver().feed(case.events).timeline(case.window, case.end))


def reference(case: Case, known: World | None = None) -> list[tuple[int, int, int, int]]:
    return oracle.spans(oracle.ticks(case.method, known or world(case), 0, case.end), 0)


# --- S2-S5 against the oracle ---------------------------------------------------------------------------------


@pytest.mark.parametrize("block", range(10))
def test_thousands_of_random_worlds_come_out_as_the_reference_says(block: int) -> None:
    for seed in range(block * 300 * DEEP, (block + 1) * 300 * DEEP):
        case = random_case(seed)
        assert engine(case) == reference(case), f"seed {seed}: {case}"


@examples(300)
@given(cases())
def test_the_spans_are_those_of_the_reference(case: Case) -> None:
    assert engine(case) == reference(case)


@examples(200)
@given(cases(), st.data())
def test_at_every_instant_we_say_what_the_reference_says_with_that_knowledge(case: Case, data: st.DataObject) -> None:
    now = data.draw(st.integers(0, case.end))
    cut = replace(case, readings=tuple(r for r in case.readings if r.at <= now), end=max(now, 1))
    assert engine(cut) == reference(cut)


@examples(200)
@given(cases(), st.lists(st.integers(0, 400), max_size=30))
def test_live_ticks_change_nothing(case: Case, ticks: list[int]) -> None:
    assert plain(_ticked(case, ticks).timeline(case.window, case.end)) == engine(case)


@examples(150)
@given(checked_cases(), st.lists(st.integers(0, 1600), max_size=30))
def test_live_ticks_change_nothing_with_a_self_check(case: Case, ticks: list[int]) -> None:
    assert plain(_ticked(case, ticks).timeline(case.window, case.end)) == engine(case)


def _ticked(case: Case, ticks: list[int]) -> Driver:
    driver, waiting = case.driver(), sorted(ticks)
    for event in case.events:
        while waiting and waiting[0] <= event[0]:
            driver.tick(waiting.pop(0))
        driver.feed([event])
    for now in waiting:
        if now <= case.end:
            driver.tick(now)
    return driver


@examples(200)
@given(cases(), st.data())
def test_a_killed_agent_leaves_what_the_reference_says(case: Case, data: st.DataObject) -> None:
    """S8: UNKNOWN from the last heartbeat to the first new reading; no streak lives on."""
    cut = data.draw(st.integers(0, len(case.readings)))
    before, after = case.readings[:cut], case.readings[cut:]
    last = before[-1].at if before else 0
    first = after[0].at if after else case.end
    heartbeat = data.draw(st.integers(last, first))
    driver = case.driver().feed(e for e in case.events if e[0] <= last and before)
    driver.killed(heartbeat, first)
    driver.feed(e for e in case.events if e[0] >= first and after)
    got = plain(driver.timeline(case.window, case.end))
    assert got == reference(case, World(case.readings, dead=((heartbeat, first),)))


@examples(200)
@given(cases(), st.data())
def test_a_clean_stop_and_start_changes_nothing(case: Case, data: st.DataObject) -> None:
    """S8: its last readings are written; S2 alone decides."""
    driver, last = case.driver(), 0
    for event in case.events:
        if data.draw(st.integers(0, 4)) == 0:
            stop = data.draw(st.integers(last, event[0]))
            driver.stopped(stop, data.draw(st.integers(stop, event[0])))
        driver.feed([event])
        last = event[0]
    assert plain(driver.timeline(case.window, case.end)) == engine(case)


# --- S5: uncertainty ------------------------------------------------------------------------------------------


@examples(150)
@given(cases())
def test_the_uncertainty_of_an_edge_is_the_gap_to_the_last_contrary_reading(case: Case) -> None:
    for edge in case.driver().feed(case.events).edges:
        if edge.state in (State.DOWN, State.UP) and (edge.state is State.DOWN or _recovery(edge.at, case)):
            contrary = oracle.OK if edge.state is State.DOWN else oracle.FAILED
            before = [r.at for r in case.readings if r.at < edge.at and r.outcome == contrary]
            assert edge.uncertainty == (edge.at - before[-1] if before else None)


def _recovery(at: int, case: Case) -> bool:
    """Whether the evidence right before this UP is a failed reading (an end of DEGRADED has other contraries)."""
    before = [r for r in case.readings if r.at < at and r.outcome != oracle.ERROR]
    return bool(before) and before[-1].outcome == oracle.FAILED


# --- S6: isolation --------------------------------------------------------------------------------------------


@examples(250)
@given(checked_cases())
def test_a_self_check_never_makes_time_good_that_the_reference_does_not_call_good(case: Case) -> None:
    """Nothing flatters: UP and DEGRADED only where the method says so, whatever gateway and anchors do."""
    got = ticks_of(case.driver().feed(case.events).timeline(case.window, case.end))
    want = oracle.ticks(case.method, world(case), 0, case.end)
    assert [t for t, (g, w) in enumerate(zip(got, want, strict=True)) if g[0] in GOOD and w[0] not in GOOD] == []


@examples(250)
@given(checked_cases())
def test_a_self_check_never_creates_down_time(case: Case) -> None:
    """DOWN with a self-check is a part of DOWN without one."""
    with_check = ticks_of(case.driver().feed(case.events).timeline(case.window, case.end))
    alone = replace(case, own=())
    without = ticks_of(alone.driver().feed(alone.events).timeline(case.window, case.end))
    assert [t for t, (a, b) in enumerate(zip(with_check, without, strict=True)) if a[0] == 3 and b[0] != 3] == []


@examples(250)
@given(checked_cases())
def test_no_down_time_rests_on_readings_of_our_own_isolation(case: Case) -> None:
    """In worlds where the target is silent while we are cut off, is probed without a gap and recovers at once."""
    case = _silent_while_cut_off(case)
    got = ticks_of(case.driver().feed(case.events).timeline(case.window, case.end))
    want = oracle.ticks(case.method, world(case), 0, case.end)
    assert [t for t, (g, w) in enumerate(zip(got, want, strict=True)) if g[0] == 3 and w[0] != 3] == []


def _silent_while_cut_off(case: Case) -> Case:
    """No answer in isolation, and a probe every interval; only the gateway decides about isolation."""
    gateway = tuple(stream for stream in case.own if stream[0] == "gateway") or (("gateway", case.own[0][1]),)
    case = replace(case, own=gateway, method=replace(case.method, up_after=1))
    cut = world(case).isolated
    dense: dict[int, R] = {r.at: r for r in case.readings}
    last = None
    for at in range(4, case.end, 4):
        if at in dense:
            last = dense[at]
        elif last is not None and at - last.at >= case.method.interval:
            dense[at] = last = R(at, last.outcome, last.over)
    said = (R(r.at, 2) if r.outcome == 1 and oracle.inside(r.at, cut) else r for r in dense.values())
    return replace(case, readings=tuple(sorted(said, key=lambda r: r.at)))


# --- settled time: what makes counters never fall -------------------------------------------------------------


@examples(200)
@given(cases())
def test_settled_time_never_changes(case: Case) -> None:
    _assert_settled(case, case.events)


@examples(250)
@given(checked_cases())
def test_settled_time_never_changes_with_a_self_check(case: Case) -> None:
    _assert_settled(case, case.events)


def _assert_settled(case: Case, events: list[Event]) -> None:
    driver, promised = case.driver(), []
    for event in events:
        driver.feed([event])
        until = settled_until(driver.track)
        said = spans(fold(driver.marks), Window(0, case.end), case.end)
        promised.append((until, ticks_of(said)[:until]))
    final = ticks_of(driver.timeline(case.window, case.end))
    for until, before in promised:
        assert before == final[:until]


@examples(150)
@given(cases())
def test_counters_never_fall_and_count_what_the_spans_say(case: Case) -> None:
    """What /metrics adds up edge by edge is what a report finds afterwards."""
    driver, totals, known, last = case.driver(), Totals([], 0), 0, [0] * len(State)
    for event in case.events:
        driver.feed([event])
        for edge in driver.edges[known:]:
            totals.cut(edge.at, edge.state)
        known = len(driver.edges)
        totals.settle(settled_until(driver.track))
        assert all(now >= before for now, before in zip(totals.sums, last, strict=True))
        last = list(totals.sums)
    final = ticks_of(driver.timeline(case.window, case.end))
    first = min((edge.at for edge in driver.edges), default=case.end)
    counted = final[first : totals.settled_at]
    assert list(totals.sums) == [sum(1 for state, _ in counted if state == which) for which in State]


# --- A1-A4: sums, pieces, bounds ------------------------------------------------------------------------------

INSTANT = st.integers(1_700_000_000_000_000, 1_790_000_000_000_000)
ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe")]


@st.composite
def timelines(draw: st.DrawFn) -> tuple[list[Mark], list[Window]]:
    """Marks in the order written, some back-dated, over three years; in-service intervals in any order."""
    marks = draw(
        st.lists(
            st.builds(
                Mark,
                INSTANT,
                st.sampled_from([State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN]),
                st.sampled_from([Degraded.NONE, Degraded.LOSS, Degraded.RTT | Degraded.BLIP]),
                st.sampled_from(list(Cause)),
                st.sampled_from([0, 0, 1_720_000_000_000_000]),
            ),
            max_size=12,
        )
    )
    service = draw(st.lists(windows(), max_size=3))
    return marks, service


@st.composite
def windows(draw: st.DrawFn, days: int = 400) -> Window:
    start = draw(INSTANT)
    return Window(start, start + draw(st.integers(0, days * 86_400_000_000)))


def measure(marks: list[Mark], service: list[Window], window: Window) -> Availability:
    timeline = spans(fold(marks), Window(1_600_000_000_000_000, 1_900_000_000_000_000), 1_780_000_000_000_000)
    return availability(timeline, service, window)


def add(parts: list[Parts]) -> Parts:
    return Parts(*(sum(column) for column in zip(*parts, strict=True))) if parts else Parts(0, 0, 0, 0, 0)


@examples(100)
@given(timelines(), windows(days=40), st.sampled_from(ZONES), st.sampled_from(list(Piece)))
def test_hours_days_and_months_sum_to_the_whole(
    made: tuple[list[Mark], list[Window]], window: Window, zone: ZoneInfo, piece: Piece
) -> None:
    """Vector 21."""
    marks, service = made
    if piece is Piece.HOUR:
        window = Window(window.start, min(window.end, window.start + 5 * 86_400_000_000))
    cut = list(pieces(window, piece, zone))
    assert [p.start for p in cut[1:]] == [p.end for p in cut[:-1]]
    found = [measure(marks, service, p) for p in cut]
    whole = measure(marks, service, window)
    assert add([f.parts for f in found]) == whole.parts
    assert sum(whole.parts) == window.length
    for reason, us in whole.degraded.items():
        assert sum(f.degraded.get(reason, 0) for f in found) == us
    assert sum(o.end - o.start for f in found for o in f.outages) == sum(o.end - o.start for o in whole.outages)


@examples(200)
@given(timelines(), windows(), st.data())
def test_splitting_a_window_anywhere_adds_up(
    made: tuple[list[Mark], list[Window]], window: Window, data: st.DataObject
) -> None:
    marks, service = made
    at = data.draw(st.integers(window.start, window.end))
    left = measure(marks, service, Window(window.start, at))
    right = measure(marks, service, Window(at, window.end))
    assert add([left.parts, right.parts]) == measure(marks, service, window).parts


@examples(200)
@given(timelines(), windows())
def test_the_bounds_are_ordered_and_unknown_is_never_up(made: tuple[list[Mark], list[Window]], window: Window) -> None:
    found = measure(*made, window)
    p = found.parts
    assert found.all_in.low == (p.up + p.degraded, p.up + p.degraded + p.down + p.unknown)
    assert found.all_in.high[0] - found.all_in.low[0] == p.unknown
    assert (found.value is None) == (p.up + p.degraded + p.down == 0)
    if found.value is not None:
        low, known, high = (Fraction(*r) for r in (found.all_in.low, found.known, found.all_in.high))
        assert 0 <= low <= known <= high <= 1
        assert found.value == found.all_in.low


@examples(200)
@given(cases(size=20), st.lists(st.tuples(st.integers(0, 200), st.integers(1, 100)), max_size=3), st.data())
def test_figures_and_outages_are_those_of_counting_every_tick(
    case: Case, service: list[tuple[int, int]], data: st.DataObject
) -> None:
    periods = [(a, a + n) for a, n in service] or [(0, case.end)]
    start = data.draw(st.integers(0, case.end))
    end = data.draw(st.integers(start, case.end))
    timeline = case.driver().feed(case.events).timeline(case.window, case.end)
    found = availability(timeline, [Window(*p) for p in periods], Window(start, end))
    states = oracle.in_service(oracle.ticks(case.method, world(case), 0, case.end), 0, periods)
    want = oracle.figures(states[start:end])
    assert tuple(found.parts) == want.ticks
    assert _ratio(found.value) == want.low
    assert _ratio(found.measured) == want.measured
    assert _ratio(found.known) == want.known
    assert (_ratio(found.all_in.high) if found.value else None) == want.high
    _assert_outages(found, oracle.outages(states, 0), start, end)


def _ratio(ratio: Ratio | None) -> Fraction | None:
    return Fraction(*ratio) if ratio is not None and ratio[1] else None


def _assert_outages(found: Availability, runs: list[list[tuple[int, int]]], start: int, end: int) -> None:
    want = [(max(a, start), min(b, end), run[0][0]) for run in runs for a, b in run if max(a, start) < min(b, end)]
    assert [(o.start, o.end, o.onset) for o in found.outages] == want


# --- the ledger: order, duplicates ----------------------------------------------------------------------------


@examples(150)
@given(timelines(), st.data())
def test_folding_goes_on_from_what_stands(made: tuple[list[Mark], list[Window]], data: st.DataObject) -> None:
    """Only what stands need be kept: folding the rest onto it gives what folding all of it gives."""
    marks = [_plausible(m) for m in made[0]]
    cut = data.draw(st.integers(0, len(marks)))
    assert _as_spans(fold([*fold(marks[:cut]), *marks[cut:]])) == _as_spans(fold(marks))


def _plausible(mark: Mark) -> Mark:
    """A gap of the agent says UNKNOWN."""
    gap = mark.cause is Cause.AGENT_DOWN
    return mark._replace(state=State.UNKNOWN, degraded=Degraded.NONE) if gap else mark


def _as_spans(standing: list[Mark]) -> list[tuple[int, int, int, int]]:
    return plain(spans(standing, Window(1_690_000_000_000_000, 1_800_000_000_000_000), 1_800_000_000_000_000))


@examples(100)
@given(cases(), st.data())
def test_duplicates_and_reordering_change_nothing(case: Case, data: st.DataObject) -> None:
    """Readings uploaded in any order, some of them several times, are one set of (boot_no, seq) (E2)."""
    numbered = [((1, seq), event) for seq, event in enumerate(case.events)]
    again = data.draw(st.lists(st.sampled_from(numbered), max_size=10)) if numbered else []
    uploaded = data.draw(st.permutations(numbered + again))
    kept = [event for _, event in sorted(dict(uploaded).items())]
    assert plain(case.driver().feed(kept).timeline(case.window, case.end)) == engine(case)


@examples(100)
@given(cases())
def test_an_edge_read_twice_in_a_row_changes_nothing(case: Case) -> None:
    marks = case.driver().feed(case.events).marks
    assert fold(mark for mark in marks for _ in range(2)) == fold(marks)


@examples(100)
@given(cases())
def test_the_engine_is_deterministic_and_leaves_its_arguments_alone(case: Case) -> None:
    track, rules = confirm.NEW, case.rules
    for _, _, seen in case.events:
        first = confirm.step(track, seen, rules)
        assert confirm.step(track, seen, rules) == first
        track = first.track
    assert confirm.Track() == confirm.NEW
