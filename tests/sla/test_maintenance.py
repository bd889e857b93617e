"""M1 and M2 on a clock of hours: what counts, what of it is excluded, and what no sequence of versions can do."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.maintenance import NOTICE, Ruling, Why, WindowRow, excluded, lets, rule, union, without
from sla.model import Window
from tests import depth

HOUR = 3_600_000_000
BEAT = 0
END = 40


def row(start: int, end: int, *, recorded: int = -200, version: int = 1, **changes: Any) -> WindowRow:
    """A window approved and notified in time; units of start, end, recorded: hours after the first heartbeat."""
    whole = WindowRow("W1", version, start * HOUR, end * HOUR, True, -300 * HOUR, -300 * HOUR, recorded * HOUR)
    return whole._replace(**changes)


def hours(*pairs: tuple[int, int]) -> list[Window]:
    return [Window(start * HOUR, end * HOUR) for start, end in pairs]


def only(made: WindowRow, beat: int | None = BEAT, *, short_notice_excludes: bool = False) -> Ruling:
    (ruling,) = rule([made], beat, short_notice_excludes=short_notice_excludes)
    return ruling


def taken(*rows: WindowRow, outages: list[Window] | None = None, beat: int | None = BEAT) -> list[Window]:
    return excluded(rule(rows, beat), outages or [], beat)


# --- what counts ----------------------------------------------------------------------------------------------


def test_a_window_approved_recorded_and_notified_in_time_counts() -> None:
    made = row(10, 14)
    assert only(made) == Ruling(made, True, Window(10 * HOUR, 14 * HOUR), (), False, False)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"approved": False}, Why.NO_APPROVAL),
        ({"approved_at": None}, Why.NO_APPROVAL),
        ({"approved": False, "approved_at": None}, Why.NO_APPROVAL),
        ({"approved_at": 10 * HOUR}, Why.APPROVED_LATE),
        ({"approved_at": 10 * HOUR + 1}, Why.APPROVED_LATE),
        ({"recorded_at": 10 * HOUR + 1}, Why.RECORDED_LATE),
        ({"notified_at": None}, Why.SHORT_NOTICE),
        ({"notified_at": 10 * HOUR - NOTICE + 1}, Why.SHORT_NOTICE),
        ({"notified_at": 10 * HOUR + 1}, Why.SHORT_NOTICE),
    ],
)
def test_what_does_not_count_excludes_nothing_and_says_why(changes: dict[str, Any], why: Why) -> None:
    made = row(10, 14, **changes)
    ruling = only(made)
    assert (ruling.counts, ruling.effective, ruling.reasons) == (False, Window(10 * HOUR, 10 * HOUR), (why,))
    assert excluded([ruling], [], BEAT) == []


@pytest.mark.parametrize("end", [10, 9])
def test_a_window_without_time_does_not_count(end: int) -> None:
    ruling = only(row(10, end))
    assert (ruling.counts, ruling.effective.length, ruling.reasons) == (False, 0, (Why.EMPTY,))


def test_all_reasons_are_given_at_once() -> None:
    made = row(10, 14, approved_at=11 * HOUR, recorded_at=30 * HOUR, notified_at=None)
    assert only(made).reasons == (Why.APPROVED_LATE, Why.RECORDED_LATE, Why.SHORT_NOTICE)


@pytest.mark.parametrize(
    "changes",
    [
        {"approved_at": 10 * HOUR - 1},
        {"recorded_at": 10 * HOUR},
        {"notified_at": 10 * HOUR - NOTICE},
    ],
)
def test_the_last_instant_that_is_in_time(changes: dict[str, Any]) -> None:
    """Vector 30 for the approval: strictly before the start. Recording may fall on it; 72 h is not under 72 h."""
    assert only(row(10, 14, **changes)).effective == Window(10 * HOUR, 14 * HOUR)


@pytest.mark.parametrize("notified_at", [None, 10 * HOUR - NOTICE + 1])
def test_short_notice_excludes_only_where_the_plan_lets_it_and_is_told_either_way(notified_at: int | None) -> None:
    made = row(10, 14, notified_at=notified_at)
    for does in (False, True):
        ruling = only(made, short_notice_excludes=does)
        assert (ruling.counts, ruling.short_notice) == (does, True)


# --- before the first heartbeat -------------------------------------------------------------------------------


@pytest.mark.parametrize(("beat", "documented"), [(None, True), (10 * HOUR + 1, True), (10 * HOUR, False), (0, False)])
def test_before_the_first_heartbeat_the_stamps_of_the_file_stand(beat: int | None, *, documented: bool) -> None:
    ruling = only(row(10, 14, recorded=500), beat)
    assert ruling.documented is documented
    assert ruling.counts is documented


def test_a_documented_window_excludes_of_an_outage_that_was_open_when_it_was_recorded() -> None:
    made = row(-20, -10, recorded=-15)
    assert taken(made, outages=hours((-18, -5))) == hours((-20, -10))
    assert taken(row(10, 14, recorded=12), outages=hours((11, 30)), beat=None) == hours((10, 14))


@pytest.mark.parametrize("changes", [{"approved": False}, {"approved_at": -20 * HOUR}, {"notified_at": None}])
def test_a_documented_window_needs_its_approval_and_its_notice_all_the_same(changes: dict[str, Any]) -> None:
    assert taken(row(-20, -10, **changes)) == []
    assert taken(row(-20, -10, **changes), beat=None) == []


def test_a_documented_window_drawn_up_late_reaches_no_measured_time() -> None:
    """Else one that begins an instant before the first heartbeat could hide every outage since."""
    late = only(row(-1, 900, recorded=800))
    assert (late.counts, late.effective, late.reasons) == (True, Window(-HOUR, 0), (Why.RECORDED_LATE,))
    in_time = only(row(-1, 900, recorded=0))
    assert (in_time.counts, in_time.effective, in_time.reasons) == (True, Window(-HOUR, 900 * HOUR), ())


def test_from_the_heartbeat_on_a_documented_window_spares_no_outage_that_was_already_open() -> None:
    made = row(-10, 10, recorded=-5)
    assert taken(made, outages=hours((-7, 3))) == hours((-10, 0), (3, 10))


# --- outages already open -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outage", "left"),
    [
        ((3, 12), [(12, 14)]),  # open when the window was recorded at 5
        ((5, 12), [(12, 14)]),  # it began in that instant
        ((6, 12), [(10, 14)]),  # it began later
        ((3, 5), [(10, 14)]),  # it was over in that instant
        ((3, 20), []),
    ],
)
def test_nothing_is_excluded_of_an_outage_open_when_the_window_was_recorded(
    outage: tuple[int, int], left: list[tuple[int, int]]
) -> None:
    assert taken(row(10, 14, recorded=5), outages=hours(outage)) == hours(*left)


def test_an_outage_open_when_one_window_was_recorded_is_excluded_by_another_that_was_there_before() -> None:
    known, drawn_up = row(8, 12, recorded=2), row(10, 16, recorded=5, window_id="W2")
    assert taken(known, drawn_up, outages=hours((4, 14))) == hours((8, 12), (14, 16))


# --- versions -------------------------------------------------------------------------------------------------


def test_a_window_moved_in_time_holds_where_it_was_moved_to() -> None:
    assert taken(row(10, 14), row(20, 24, version=2, recorded=5)) == hours((20, 24))


def test_the_rulings_of_a_moved_window() -> None:
    first, second = rule([row(10, 14), row(20, 24, version=2, recorded=5)], BEAT)
    assert (first.counts, first.effective, first.reasons) == (False, Window(10 * HOUR, 10 * HOUR), (Why.SUPERSEDED,))
    assert (second.counts, second.reasons) == (True, ())


def test_the_rulings_stand_in_the_order_of_the_rows() -> None:
    rows = [row(20, 24, version=2, recorded=5), row(10, 14), row(0, 1, window_id="W2")]
    assert [ruling.row for ruling in rule(rows, BEAT)] == rows


def test_a_running_window_gives_way_when_the_next_version_is_recorded() -> None:
    """Work breaks off at 12 and goes on at 20: two hours of the first stay excluded, two were never used."""
    versions = row(10, 14), row(20, 24, version=2, recorded=12)
    assert taken(*versions) == hours((10, 12), (20, 24))
    assert [ruling.reasons for ruling in rule(versions, BEAT)] == [(Why.SUPERSEDED,), ()]


def test_an_extension_recorded_while_the_window_runs_adds_nothing_and_takes_nothing() -> None:
    longer = row(10, 18, version=2, recorded=13, approved_at=13 * HOUR)
    assert taken(row(10, 14), longer) == hours((10, 14))


def test_an_extension_as_a_window_of_its_own_counts_from_its_own_start() -> None:
    assert taken(row(10, 14), row(14, 18, version=2, recorded=14)) == hours((10, 18))


def test_a_window_shortened_while_it_runs_ends_where_it_was_shortened_to() -> None:
    """The shorter version came too late to count; yet nobody planned the time that it leaves out."""
    assert taken(row(10, 14), row(10, 12, version=2, recorded=11)) == hours((10, 12))
    assert taken(row(10, 14), row(10, 11, version=2, recorded=12)) == hours((10, 12))


def test_a_window_moved_at_short_notice_keeps_only_what_both_versions_plan() -> None:
    assert taken(row(10, 14), row(12, 16, version=2, recorded=5, notified_at=None)) == hours((12, 14))
    assert taken(row(10, 14), row(20, 24, version=2, recorded=5, notified_at=None)) == []


def test_a_window_broken_off_does_not_come_back_by_a_version_that_does_not_count() -> None:
    assert taken(row(10, 14), row(12, 16, version=2, recorded=11, notified_at=None)) == hours((10, 11))


@pytest.mark.parametrize(("recorded", "left"), [(5, []), (12, [(10, 12)]), (30, [(10, 14)])])
def test_a_version_without_approval_ends_the_window_from_its_recording_on(
    recorded: int, left: list[tuple[int, int]]
) -> None:
    assert taken(row(10, 14), row(10, 14, version=2, recorded=recorded, approved=False)) == hours(*left)


def test_moving_back_without_a_new_approval_excludes_nothing() -> None:
    there = row(20, 24, version=2, recorded=5)
    back = row(10, 14, version=3, recorded=6, approved=False)
    assert taken(row(10, 14), there, back) == []


def test_moving_back_after_the_outage_excludes_nothing_there() -> None:
    there, back = row(50, 54, version=2, recorded=5), row(10, 14, version=3, recorded=30)
    assert taken(row(10, 14), there, back) == []


def test_a_version_that_spares_no_open_outage_does_not_borrow_the_record_of_the_one_before() -> None:
    longer = row(10, 18, version=2, recorded=5)
    assert taken(row(10, 14), longer, outages=hours((4, 30))) == []


def test_of_documented_versions_the_latest_stands_alone() -> None:
    assert taken(row(-30, -20), row(-25, -15, version=2, recorded=90)) == hours((-25, -15))
    assert taken(row(-30, -20), row(-25, -15, version=2, recorded=90, approved=False)) == []
    assert taken(row(-30, -20), row(-25, -15, version=2, recorded=90, notified_at=None)) == hours((-25, -20))


def test_a_documented_window_moved_to_measured_time_is_gone_from_where_it_was() -> None:
    assert taken(row(-30, -20), row(10, 14, version=2, recorded=5)) == hours((10, 14))


def test_a_measured_window_moved_to_documented_time_stays_where_it_had_passed() -> None:
    assert taken(row(10, 14), row(-30, -20, version=2, recorded=12)) == hours((-30, -20), (10, 12))


# --- M2 -------------------------------------------------------------------------------------------------------


def test_overlapping_and_touching_windows_are_one_and_empty_ones_are_none() -> None:
    mixed = [Window(9, 9), Window(5, 8), Window(1, 3), Window(2, 4), Window(4, 5), Window(20, 10), Window(30, 31)]
    assert union(mixed) == [Window(1, 8), Window(30, 31)]


PAIRS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda p: Window(*p)), max_size=6)


def instants(windows: list[Window]) -> set[int]:
    return {at for window in windows for at in range(window.start, window.end)}


def test_the_rule_of_short_notice_is_the_one_in_force_when_a_window_starts() -> None:
    changed = ((-HOUR, False), (10 * HOUR, True), (20 * HOUR, False))
    assert [lets(changed, at * HOUR) for at in (0, 10, 19, 20)] == [False, True, True, False]
    assert lets(changed, 10 * HOUR - 1) is False
    assert lets(True, 0) is True


def test_a_microsecond_of_a_window_is_time_too() -> None:
    """A version that was approved late leaves out what it does not name: 1 us that is left stands."""
    first = row(0, 10)
    late = {"version": 2, "approved_at": 10 * HOUR}
    elsewhere = row(5, 9, **late)._replace(recorded_at=1)
    ruling, _ = rule([first, elsewhere], BEAT)
    assert ruling.effective == Window(0, 1)
    shorter = row(0, 1, **late)._replace(recorded_at=HOUR - 1)
    ruling, _ = rule([first, shorter], BEAT)
    assert ruling.effective == Window(0, HOUR)


def test_what_is_left_holds_no_window_without_time() -> None:
    assert without(hours((3, 3), (5, 7)), []) == hours((5, 7))
    assert without(hours((5, 7)), hours((5, 7))) == []


@settings(max_examples=depth.examples(150), deadline=None)
@given(PAIRS, PAIRS)
def test_union_and_difference_are_those_of_sets(some: list[Window], others: list[Window]) -> None:
    whole = union(some)
    assert instants(whole) == instants(some)
    assert all(a.end < b.start for a, b in pairwise(whole))
    left = without(whole, others)
    assert instants(left) == instants(without(some, others)) == instants(some) - instants(others)
    assert sum(window.length for window in left) == len(instants(left))


# --- against counting every hour ------------------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn) -> list[WindowRow]:
    """One or two windows, each with up to four versions in the order recorded; hours from -10 to END."""
    rows = []
    for window_id in ("W1", "W2")[: draw(st.integers(1, 2))]:
        recorded = sorted(draw(st.lists(st.integers(-15, END), min_size=1, max_size=4)))
        for version, at in enumerate(recorded):
            start = draw(st.integers(-10, END - 5))
            made = row(start, start + draw(st.integers(0, 15)), recorded=at, version=version, window_id=window_id)
            approved_at = draw(st.sampled_from([made.approved_at, made.approved_at, None, made.start, made.start - 1]))
            notified_at = draw(st.sampled_from([made.notified_at, made.notified_at, None, made.start - NOTICE + 1]))
            approved = draw(st.sampled_from([True, True, True, False]))
            rows.append(made._replace(approved=approved, approved_at=approved_at, notified_at=notified_at))
    return draw(st.permutations(rows))


OUTAGES = st.lists(st.tuples(st.integers(-12, END), st.integers(1, 15)), max_size=2).map(
    lambda pairs: hours(*((a, a + n) for a, n in pairs))
)
BEATS = st.sampled_from([None, -5 * HOUR, 0, 0, 10 * HOUR])


def approved(made: WindowRow) -> bool:
    return made.approved and made.approved_at is not None


def counts(made: WindowRow, beat: int | None, *, short: bool) -> bool:
    """M1 of one version by itself, condition by condition."""
    if not made.approved or made.approved_at is None or not made.approved_at < made.start:
        return False
    if beat is not None and made.start >= beat and not made.recorded_at <= made.start:
        return False
    in_notice = made.notified_at is not None and made.notified_at + 72 * HOUR <= made.start
    return in_notice or short


def stands(at: int, made: WindowRow, versions: list[WindowRow], beat: int | None, *, short: bool) -> bool:
    """Whether one version is in force at an instant, by asking every later one."""
    if not made.start <= at < made.end or not counts(made, beat, short=short):
        return False
    documented = beat is None or made.start < beat
    if beat is not None and made.start < beat <= at and made.recorded_at > beat:
        return False
    heard = [v for v in versions if v.version > made.version and (documented or v.recorded_at <= at)]
    return all(approved(v) and not counts(v, beat, short=short) and v.start <= at < v.end for v in heard)


def first_run(found: list[int]) -> list[int]:
    """A window once broken off does not come back."""
    return [at for number, at in enumerate(found) if at == found[0] + number * HOUR]


def reference(rows: list[WindowRow], beat: int | None, outages: list[Window], *, short: bool) -> set[int]:
    every = range(-15 * HOUR, (END + 20) * HOUR, HOUR)
    found: set[int] = set()
    for made in rows:
        versions = [other for other in rows if other.window_id == made.window_id]
        run = first_run([at for at in every if stands(at, made, versions, beat, short=short)])
        open_then = [outage for outage in outages if outage.start <= made.recorded_at < outage.end]
        for at in run:
            measured = beat is not None and at >= beat
            if not measured or not any(outage.start <= at < outage.end for outage in open_then):
                found.add(at)
    return found


@settings(max_examples=depth.examples(300), deadline=None)
@given(histories(), BEATS, OUTAGES, st.booleans())
def test_excluded_time_is_that_of_counting_every_hour(
    rows: list[WindowRow], beat: int | None, outages: list[Window], short: bool
) -> None:
    rulings = rule(rows, beat, short_notice_excludes=short)
    found = excluded(rulings, outages, beat)
    assert found == union(found)
    assert {at for w in found for at in range(w.start, w.end, HOUR)} == reference(rows, beat, outages, short=short)
    for ruling in rulings:
        whole = Window(ruling.row.start, ruling.row.end)
        assert ruling.counts == (ruling.effective.length > 0)
        assert bool(ruling.reasons) == (ruling.effective != whole or whole.length <= 0)


@settings(max_examples=depth.examples(300), deadline=None)
@given(histories(), OUTAGES, st.booleans())
def test_no_sequence_of_versions_excludes_what_did_not_stand_approved_and_recorded_at_the_time(
    rows: list[WindowRow], outages: list[Window], short: bool
) -> None:
    """Said without M1's machinery: look into the record as it was at that instant, and find it planned there."""
    for piece in excluded(rule(rows, BEAT, short_notice_excludes=short), outages, BEAT):
        for at in range(max(piece.start, BEAT), piece.end, HOUR):
            assert any(_planned(at, [r for r in rows if r.window_id == name]) for name in ("W1", "W2"))


def _planned(at: int, versions: list[WindowRow]) -> bool:
    """What the record said of a window at an instant; the versions of one instant in their order."""
    known = sorted((v for v in versions if v.recorded_at <= at), key=lambda v: v.version)
    last = known[-1] if known else None
    return (
        last is not None
        and approved(last)
        and last.start <= at < last.end
        and any(approved(v) and (v.approved_at or 0) < v.start <= at < v.end for v in known)
    )


@settings(max_examples=depth.examples(300), deadline=None)
@given(histories(), OUTAGES, st.integers(0, END), st.data())
def test_no_later_entry_excludes_more_of_measured_time_before_it(
    rows: list[WindowRow], outages: list[Window], now: int, data: st.DataObject
) -> None:
    before = [r._replace(recorded_at=min(r.recorded_at, now * HOUR)) for r in rows]
    start = data.draw(st.integers(-10, END))
    entry = row(start, data.draw(st.integers(start, END)), recorded=now, version=99)
    entry = entry._replace(
        window_id=data.draw(st.sampled_from(["W1", "W3"])),
        approved=data.draw(st.booleans()),
        notified_at=data.draw(st.sampled_from([None, entry.notified_at])),
    )
    past = Window(BEAT, now * HOUR)
    outside = [Window(-999 * HOUR, past.start), Window(past.end, 999 * HOUR)]
    was = without(excluded(rule(before, BEAT), outages, BEAT), outside)
    now_is = without(excluded(rule([*before, entry], BEAT), outages, BEAT), outside)
    assert without(now_is, was) == []
