"""A2 for what is entered later: the headline keeps what it counted, the second figure shows the entry."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.confirm import FOREVER
from sla.dated import NEVER, Revision, attributes, later_entries, service, service_latest
from sla.model import State, Window
from sla.timeline import out_of_service
from tests import depth

ALL = Window(-1000, 1000)


def rows(*said: tuple[int | None, int | None, int]) -> list[Revision]:
    """(valid_from, valid_to, recorded_at), numbered from 1 in the order given."""
    return [Revision(number, start, end, at, f"u{number}") for number, (start, end, at) in enumerate(said, 1)]


def held(revisions: list[Revision]) -> list[tuple[int, int, int]]:
    return [(window.start, window.end, number) for window, number in attributes(revisions)]


# --- the first recording --------------------------------------------------------------------------------------


def test_without_any_bound_it_is_always_in_service() -> None:
    assert service([]) == service_latest([]) == []
    assert attributes([]) == []
    assert service(rows((None, None, 5))) == service_latest(rows((None, None, 5))) == []
    assert held(rows((None, None, 5))) == [(-FOREVER, FOREVER, 1)]


@pytest.mark.parametrize(
    ("start", "end", "window"),
    [(10, 20, (10, 20)), (None, 20, (-FOREVER, 20)), (10, None, (10, FOREVER))],
)
def test_the_first_recording_stands_as_stated_however_late(
    start: int | None, end: int | None, window: tuple[int, int]
) -> None:
    revisions = rows((start, end, 500))
    assert service(revisions) == service_latest(revisions) == [Window(*window)]
    assert later_entries(revisions, ALL) == []


def test_all_rows_of_the_first_recording_stand() -> None:
    revisions = rows((10, 20, 500), (30, 40, 500))
    assert service(revisions) == [Window(10, 20), Window(30, 40)]
    assert held(revisions) == [(10, 30, 1), (30, FOREVER, 2)]


def test_a_row_without_time_is_never_in_service_rather_than_always() -> None:
    revisions = rows((10, 10, 0))
    assert service(revisions) == service_latest(revisions) == [NEVER]
    out = out_of_service(service(revisions), Window(0, 30))
    assert [(span.start, span.end, span.state) for span in out] == [(0, 30, State.OUT)]
    assert held(revisions) == [(10, FOREVER, 1)]


# --- taking time out ------------------------------------------------------------------------------------------


def test_a_back_dated_retirement_does_not_move_the_headline_before_it_was_recorded() -> None:
    """Vector 40."""
    revisions = rows((0, None, 0), (0, 40, 100))
    assert service(revisions) == [Window(0, 100)]
    assert service_latest(revisions) == [Window(0, 40)]
    assert later_entries(revisions, Window(90, 200)) == revisions[1:]


def test_a_retirement_recorded_before_its_date_holds_from_its_date() -> None:
    revisions = rows((0, None, 0), (0, 100, 40))
    assert service(revisions) == service_latest(revisions) == [Window(0, 100)]
    assert later_entries(revisions, ALL) == []


def test_a_retirement_of_what_never_had_a_date() -> None:
    revisions = rows((None, None, 0), (None, 40, 100))
    assert service(revisions) == [Window(-FOREVER, 100)]
    assert service_latest(revisions) == [Window(-FOREVER, 40)]


def test_a_row_emptied_afterwards_stays_in_the_headline_until_then() -> None:
    revisions = rows((0, None, 0), (0, 0, 100))
    assert service(revisions) == [Window(0, 100)]
    assert service_latest(revisions) == [NEVER]


def test_a_retirement_is_told_only_where_it_would_move_the_figure() -> None:
    revisions = rows((0, None, 0), (0, 40, 100))
    assert later_entries(revisions, Window(40, 41)) == revisions[1:]
    assert later_entries(revisions, Window(99, 100)) == revisions[1:]
    assert later_entries(revisions, Window(0, 40)) == []
    assert later_entries(revisions, Window(100, 200)) == []
    assert later_entries(revisions, Window(50, 50)) == []


def test_repeating_a_retirement_does_not_help_and_each_is_told_for_what_it_took() -> None:
    revisions = rows((0, None, 0), (0, 40, 100), (0, 20, 150), (0, 20, 160))
    assert service(revisions) == [Window(0, 100)]
    assert later_entries(revisions, ALL) == revisions[1:3]
    assert later_entries(revisions, Window(20, 40)) == revisions[2:3]


def test_a_retirement_taken_back_is_no_longer_told() -> None:
    revisions = rows((0, None, 0), (0, 40, 100), (0, None, 150))
    assert service(revisions) == service_latest(revisions) == [Window(0, FOREVER)]
    assert later_entries(revisions, ALL) == []


# --- adding time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "window"),
    [
        (((10, 20, 0), (10, 30, 100)), (10, 30)),
        (((10, 20, 0), (5, 10, 100)), (5, 20)),
        (((10, None, 0), (5, None, 100)), (5, FOREVER)),
        (((10, 20, 0), (10, None, 100)), (10, FOREVER)),
    ],
)
def test_added_service_time_counts_at_once(
    said: tuple[tuple[int, int | None, int], ...], window: tuple[int, int]
) -> None:
    revisions = rows(*said)
    assert service(revisions) == service_latest(revisions) == [Window(*window)]
    assert later_entries(revisions, ALL) == []


def test_added_time_taken_out_again_stays_as_any_other() -> None:
    revisions = rows((0, 10, 0), (0, 30, 50), (0, 10, 60))
    assert service(revisions) == [Window(0, 30)]
    assert later_entries(revisions, ALL) == revisions[2:]


# --- successive rows ------------------------------------------------------------------------------------------


def test_service_is_the_union_of_successive_rows() -> None:
    revisions = rows((0, 10, 0), (20, 30, 5))
    assert service(revisions) == [Window(0, 10), Window(20, 30)]


def test_an_open_row_is_continued_by_the_next() -> None:
    assert service(rows((0, None, 0), (20, None, 5))) == [Window(0, FOREVER)]
    assert service(rows((0, None, 0), (20, 50, 5))) == [Window(0, 50)]


def test_a_next_row_that_ends_does_not_retire_back_to_its_end() -> None:
    revisions = rows((0, None, 0), (20, 50, 70))
    assert service(revisions) == [Window(0, 70)]
    assert service_latest(revisions) == [Window(0, 50)]
    assert later_entries(revisions, ALL) == revisions[1:]


def test_a_row_without_time_does_not_end_the_open_one_before_it() -> None:
    assert service(rows((0, None, 0), (20, 20, 5))) == [Window(0, FOREVER)]


def test_one_change_of_two_rows_is_judged_as_one() -> None:
    """One file ends the first row at 20 and goes on with another from 20: no time is taken out."""
    revisions = rows((0, None, 0), (0, 20, 70), (20, None, 70))
    assert service(revisions) == service_latest(revisions) == [Window(0, FOREVER)]
    assert later_entries(revisions, ALL) == []
    assert held(revisions) == [(0, 70, 1), (70, FOREVER, 3)]


def test_where_rows_overlap_the_later_one_holds_and_no_service_is_lost() -> None:
    revisions = rows((0, 50, 0), (10, 20, 0))
    assert service(revisions) == [Window(0, 50)]
    assert held(revisions) == [(0, 10, 1), (10, 20, 2), (20, FOREVER, 1)]


# --- attributes -----------------------------------------------------------------------------------------------


def test_a_changed_row_without_a_new_date_holds_from_its_recording() -> None:
    assert held(rows((0, None, 0), (0, None, 70))) == [(0, 70, 1), (70, FOREVER, 2)]
    assert held(rows((None, None, 0), (None, None, 70))) == [(-FOREVER, 70, 1), (70, FOREVER, 2)]


def test_a_changed_row_recorded_in_advance_holds_from_its_date() -> None:
    assert held(rows((0, None, 0), (90, None, 70))) == [(0, 90, 1), (90, FOREVER, 2)]


def test_a_back_dated_change_does_not_reach_what_was_known() -> None:
    assert held(rows((0, None, 0), (20, None, 70))) == [(0, 70, 1), (70, FOREVER, 2)]


def test_a_back_dated_row_holds_from_its_date_where_nothing_was_known() -> None:
    assert held(rows((0, 10, 0), (20, None, 70))) == [(0, 20, 1), (20, FOREVER, 2)]
    assert held(rows((30, None, 0), (10, None, 70))) == [(10, 30, 2), (30, FOREVER, 1)]
    assert held(rows((30, 40, 0), (20, 60, 50))) == [(20, 30, 2), (30, 40, 1), (40, FOREVER, 2)]


def test_retired_and_back_as_another_row() -> None:
    """Retired at 50, back-dated to 40; the row of 80 reopens it from 45: 45 to 50 was counted under the first."""
    revisions = rows((0, None, 0), (0, 40, 50), (45, None, 80))
    assert service(revisions) == [Window(0, FOREVER)]
    assert service_latest(revisions) == [Window(0, 40), Window(45, FOREVER)]
    assert held(revisions) == [(0, 50, 1), (50, FOREVER, 3)]
    assert later_entries(revisions, ALL) == revisions[1:2]


def test_the_order_of_the_list_is_not_the_order_of_recording() -> None:
    revisions = rows((0, None, 0), (0, 40, 100), (60, None, 120))
    assert service(revisions[::-1]) == service(revisions)
    assert attributes(revisions[::-1]) == attributes(revisions)
    assert later_entries(revisions[::-1], ALL) == later_entries(revisions, ALL)


# --- against counting every instant ---------------------------------------------------------------------------

TICKS = range(-5, 45)
DATES = st.one_of(st.none(), st.integers(0, 30), st.sampled_from([0, 10]))


@st.composite
def entries(draw: st.DrawFn) -> list[Revision]:
    """Up to seven revisions in the order recorded, some at one instant; rows may overlap, be empty, be open."""
    count = draw(st.integers(1, 7))
    recorded = sorted(draw(st.lists(st.integers(0, 40), min_size=count, max_size=count)))
    return rows(*((draw(DATES), draw(st.one_of(DATES, st.integers(0, 40))), at) for at in recorded))


def row_at(known: list[Revision], at: int) -> int | None:
    """Which row holds at an instant by what is known: the one with the latest start that reaches it."""
    latest = {revision.valid_from: revision for revision in known}
    real = [r for r in latest.values() if r.valid_to is None or _from(r) < r.valid_to]
    reaching = [r for r in real if _from(r) <= at and at < _end(r, real)]
    return max(reaching, key=_from).number if reaching else None


def _from(revision: Revision) -> int:
    return -FOREVER if revision.valid_from is None else revision.valid_from


def _end(revision: Revision, real: list[Revision]) -> int:
    if revision.valid_to is not None:
        return revision.valid_to
    return min((_from(other) for other in real if _from(other) > _from(revision)), default=FOREVER)


def headline_at(revisions: list[Revision], at: int) -> int | None:
    """Change by change: from its recording on it holds; before that only where nothing held."""
    found: int | None = None
    for moment in sorted({revision.recorded_at for revision in revisions}):
        says = row_at([r for r in revisions if r.recorded_at <= moment], at)
        if at >= moment or found is None:
            found = says
    return found


def within(windows: list[Window], at: int) -> bool:
    return not windows or any(window.start <= at < window.end for window in windows)


@settings(max_examples=depth.examples(250), deadline=None)
@given(entries())
def test_service_and_attributes_are_those_of_asking_at_every_instant(revisions: list[Revision]) -> None:
    headline, latest, found = service(revisions), service_latest(revisions), attributes(revisions)
    for at in TICKS:
        holds = headline_at(revisions, at)
        assert within(headline, at) == (holds is not None)
        assert within(latest, at) == (row_at(revisions, at) is not None)
        if holds is not None:
            assert [number for window, number in found if window.start <= at < window.end] == [holds]
    assert all(a.end == b.start and m != n for (a, m), (b, n) in pairwise(found))
    assert found[-1][0].end == FOREVER


@settings(max_examples=depth.examples(250), deadline=None)
@given(entries(), st.integers(-5, 45), st.integers(0, 50))
def test_the_entries_told_are_those_that_took_the_missing_time(
    revisions: list[Revision], start: int, length: int
) -> None:
    want = set()
    for at in range(start, start + length):
        if headline_at(revisions, at) is not None and row_at(revisions, at) is None:
            said = [row_at(revisions[:count], at) is not None for count in range(len(revisions) + 1)]
            want.add(max(n for n in range(1, len(said)) if said[n - 1] and not said[n]))
    assert [r.number for r in later_entries(revisions, Window(start, start + length))] == sorted(want)


@settings(max_examples=depth.examples(250), deadline=None)
@given(entries(), st.integers(0, 40), DATES, DATES)
def test_no_entry_takes_time_out_of_the_headline_before_it(
    revisions: list[Revision], later: int, start: int | None, end: int | None
) -> None:
    moment = max(revisions[-1].recorded_at + 1, later)
    after = [*revisions, Revision(99, start, end, moment, "u")]
    was, headline, latest = service(revisions), service(after), service_latest(after)
    for at in TICKS:
        kept = at < moment and within(was, at)
        assert within(headline, at) == (kept or within(latest, at))
        if kept:
            assert headline_at(after, at) == headline_at(revisions, at)
