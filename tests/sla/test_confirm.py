"""The reducer's contract beside the cases: errors, evidence, retries, and findings of the independent review."""

from collections.abc import Iterable

import pytest

from sla.confirm import FOREVER, NEW, Result, Rules, Track, advance, isolate, selfcheck_ok, settled_until, step
from sla.model import EVIDENCE_MAX, Cause, Degraded, Edge, Outcome, Seen, State, Window
from sla.timeline import Mark, Span, fold, spans
from tests.sla.driver import NEVER

SECOND = 1_000_000
RULES = Rules(60 * SECOND)
OUTCOMES = {"o": Outcome.OK, "f": Outcome.FAILED, "e": Outcome.ERROR}


def seen(at: int, outcome: str, over: Degraded = Degraded.NONE) -> Seen:
    return Seen(at * SECOND, OUTCOMES[outcome], "", over)


class Run:
    """Steps through readings and keeps the edges."""

    def __init__(self, rules: Rules = RULES, check: int | None = None) -> None:
        self.track, self.edges, self.rules, self.check = NEW, list[Edge](), rules, check

    def take(self, result: Result) -> "Run":
        self.track = result.track
        self.edges += result.edges
        return self

    def read(self, text: str, check: int | None = None) -> "Run":
        """`0o 60o 120f`: seconds and outcomes."""
        for word in text.split():
            proof = self.check if check is None else check
            self.take(step(self.track, seen(int(word[:-1]), word[-1]), self.rules, proof))
        return self

    def spans(self, end: int) -> list[tuple[int, State]]:
        self.take(advance(self.track, end * SECOND, self.rules))
        marks = [Mark(e.at, e.state, e.degraded, e.cause) for e in self.edges]
        until = self.track.open_since or end * SECOND
        return [(s.start // SECOND, s.state) for s in self._cut(marks, end, until)]

    def _cut(self, marks: Iterable[Mark], end: int, until: int) -> list[Span]:
        return spans(fold(marks), Window(0, end * SECOND), min(until, end * SECOND))


# --- contract -------------------------------------------------------------------------------------------------


def test_a_reading_older_than_the_last_one_is_refused() -> None:
    run = Run().read("100o")
    with pytest.raises(ValueError, match="older"):
        run.read("99o")


def test_a_second_reading_at_the_same_instant_is_taken() -> None:
    assert Run().read("0o 60o 120f 120f 120f").track.state is State.DOWN


def test_readings_have_ended_when_advanced_to_forever() -> None:
    run = Run().read("0o 60o")
    run.take(advance(run.track, FOREVER, RULES))
    assert [(e.at, e.state, e.cause) for e in run.edges] == [
        (0, State.UP, Cause.PROBE),
        (150 * SECOND, State.UNKNOWN, Cause.NO_READING),
    ]


def test_advancing_twice_writes_nothing_twice() -> None:
    run = Run().read("0o 60o")
    run.take(advance(run.track, 1000 * SECOND, RULES))
    assert advance(run.track, 2000 * SECOND, RULES) == Result(run.track)


def test_the_last_instant_of_validity_is_no_gap() -> None:
    run = Run().read("0o 60o")
    assert advance(run.track, 150 * SECOND, RULES).edges == ()
    assert advance(run.track, 150 * SECOND + 1, RULES).edges[0].at == 150 * SECOND


@pytest.mark.parametrize("interval", [1, 3, 60 * SECOND, 300 * SECOND, 7])
def test_a_reading_speaks_for_one_and_a_half_intervals_and_never_longer(interval: int) -> None:
    validity = Rules(interval).validity
    assert 2 * validity <= 3 * interval < 2 * (validity + 1)


def test_every_edge_keeps_the_readings_that_made_it() -> None:
    """E6: last contrary, streak, confirming; at most 8."""
    run = Run().read("0o 60o 120f 130f 140f 200o 210o")
    down, up = run.edges[1:]
    assert [s.at // SECOND for s in down.evidence] == [60, 120, 130, 140]
    assert [s.at // SECOND for s in up.evidence] == [140, 200, 210]


@pytest.mark.parametrize("count", [5, 8, 9, 20])
def test_a_long_streak_keeps_its_first_and_its_confirming_reading(count: int) -> None:
    run = Run(Rules(60 * SECOND, down_after=count)).read("0o 60o")
    run.read(" ".join(f"{120 + i}f" for i in range(count)))
    edge = run.edges[-1]
    assert (edge.state, edge.at) == (State.DOWN, 120 * SECOND)
    at = [s.at // SECOND for s in edge.evidence]
    assert len(at) <= EVIDENCE_MAX
    assert at[:2] == [60, 120]
    assert at[-1] == 120 + count - 1
    assert at == sorted(set(at))


@pytest.mark.parametrize(
    ("readings", "retry"),
    [
        ("", True),
        ("0o", True),
        ("0o 60o", False),
        ("0o 60o 120e", True),
        ("0o 60o 120e 130o", False),
        ("0o 60o 120f", True),
        ("0o 60o 120f 130f 140f", False),
        ("0o 60o 120f 130f 140f 200o", True),
        ("0o 60o 120f 130f 140f 200o 210o", False),
        ("0o 60o 300f", True),
    ],
)
def test_it_is_probed_again_early_while_unknown_after_an_error_or_with_an_open_streak(
    readings: str, *, retry: bool
) -> None:
    assert Run().read(readings).track.needs_retry is retry


def test_a_state_that_goes_on_writes_no_edge() -> None:
    run = Run().read(" ".join(f"{60 * i}o" for i in range(100)))
    assert len(run.edges) == 1


def test_an_unconfirmed_streak_says_why_it_is_unknown() -> None:
    run = Run().read("0o 60o 120f 130f")
    run.take(advance(run.track, FOREVER, RULES))
    assert (run.edges[-1].at, run.edges[-1].cause) == (120 * SECOND, Cause.UNCONFIRMED)
    assert len(run.edges[-1].evidence) == 2


def test_a_blip_below_a_confirmed_outage_is_none() -> None:
    """Failures after a single ok inside an outage are the outage."""
    assert Run().read("0f 10f 20f 80o 90f 150o 160o").spans(200) == [(0, State.DOWN), (150, State.UP)]


@pytest.mark.parametrize(("down_after", "up_after"), [(1, 1), (1, 3), (4, 1), (2, 2)])
def test_other_thresholds_are_counted_the_same_way(down_after: int, up_after: int) -> None:
    run = Run(Rules(60 * SECOND, down_after, up_after))
    run.read(" ".join(f"{i}f" for i in range(10, 10 + down_after)))
    assert [(e.at, e.state) for e in run.edges] == [(10 * SECOND, State.DOWN)]
    run.read(" ".join(f"{i}o" for i in range(20, 20 + up_after)))
    assert [(e.at, e.state) for e in run.edges[1:]] == [(20 * SECOND, State.UP)]


# --- S6 -------------------------------------------------------------------------------------------------------


def test_no_down_without_a_younger_self_check_and_down_as_soon_as_there_is_one() -> None:
    run = Run(check=119 * SECOND).read("0o 60o 120f 130f 140f")
    assert run.track.state is State.UP
    assert run.track.open_since == 120 * SECOND
    assert selfcheck_ok(run.track, 120 * SECOND, RULES).edges == ()
    run.take(selfcheck_ok(run.track, 120 * SECOND + 1, RULES))
    assert [(e.at, e.state) for e in run.edges[1:]] == [(120 * SECOND, State.DOWN)]


def test_a_self_check_confirms_no_streak_that_is_too_short() -> None:
    run = Run(check=NEVER).read("0o 60o 120f 130f")
    assert selfcheck_ok(run.track, 125 * SECOND, RULES) == Result(run.track)


def test_isolation_takes_away_only_what_came_since() -> None:
    run = Run(Rules(60 * SECOND, 5), check=121 * SECOND).read("0o 60o 120f 130f 140f")
    run.take(isolate(run.track, 140 * SECOND, run.rules))
    assert [s.at // SECOND for s in run.track.streak] == [120, 130]


def test_isolation_ends_a_failing_streak_that_no_self_check_had_backed() -> None:
    """S6: an ok self-check after the isolation must not prove an outage that began just before it was noticed."""
    run = Run(check=NEVER).read("0o 60o 120f 130f 140f")
    run.take(isolate(run.track, 141 * SECOND, RULES))
    assert (run.track.streak, run.track.held) == ((), False)
    assert (run.edges[-1].at, run.edges[-1].state) == (120 * SECOND, State.UNKNOWN)
    run.take(selfcheck_ok(run.track, 200 * SECOND, RULES))
    assert State.DOWN not in [edge.state for edge in run.edges]
    assert selfcheck_ok(run.track, 135 * SECOND, RULES).edges == ()


def test_isolation_does_not_touch_a_good_state() -> None:
    run = Run(check=0).read("0o 60o")
    assert isolate(run.track, 30 * SECOND, RULES) == Result(run.track)


def test_being_told_twice_of_the_same_isolation_changes_nothing() -> None:
    run = Run(check=121 * SECOND).read("0o 60o 120f 130f 140f 200f")
    once = isolate(run.track, 135 * SECOND, RULES)
    assert once.edges
    assert isolate(once.track, 135 * SECOND, RULES).edges == ()


def test_an_outage_is_settled_only_once_a_younger_self_check_covers_its_readings() -> None:
    run = Run(check=121 * SECOND).read("0o 60o 120f 130f 140f 200f")
    assert settled_until(run.track) <= 120 * SECOND
    run.read("260f", check=250 * SECOND)
    assert settled_until(run.track) == 260 * SECOND
    assert settled_until(Run().read("0o 60o 120f 130f 140f 200f").track) == 200 * SECOND


def test_what_isolation_can_still_cut_off_an_outage_is_not_settled() -> None:
    """Failures after the last ok self-check, of 180, may all be ours; the last before it speaks to 230."""
    run = Run(check=121 * SECOND).read("0o 60o 120f 130f 140f")
    run.read("200f 260f 320f", check=180 * SECOND)
    promised = settled_until(run.track)
    run.take(isolate(run.track, 185 * SECOND, RULES))
    run.take(advance(run.track, 330 * SECOND, RULES))
    assert (run.edges[-1].at, run.edges[-1].state) == (230 * SECOND, State.UNKNOWN)
    assert promised <= 230 * SECOND


# --- findings of the independent review, each once a defect ----------------------------------------------------


def test_finding_a_held_streak_long_enough_for_down_is_no_blip() -> None:
    """S4, S6: three failures are not fewer than down_after; without proof of the vantage they are UNKNOWN, never up."""
    run = Run(check=NEVER).read("0o 60o 120f 180f 240f 300f 310o 320o")
    during = [state for at, state in run.spans(330) if 120 <= at < 310]
    assert during in ([State.UNKNOWN], [State.DOWN])


def test_finding_isolation_behind_an_open_recovery_revokes_the_outage_too() -> None:
    """S6: isolated since 135 leaves two failures, so DOWN was never proven, although one ok reading stands open."""
    run = Run(check=121 * SECOND).read("0o 60o 120f 130f 140f 150o")
    run.take(isolate(run.track, 135 * SECOND, RULES))
    run.read("160e")
    assert State.DOWN not in [state for _, state in run.spans(300)]


def test_finding_settled_time_holds_behind_an_open_recovery() -> None:
    """What settled_until() promised while an ok streak stood open in DOWN is revoked once that streak is broken."""
    run = Run(check=121 * SECOND).read("0o 60o 120f 130f 140f 150o")
    promised = settled_until(run.track)
    run.read("160f")
    revoked = isolate(run.track, 135 * SECOND, RULES).edges
    assert all(edge.at >= promised for edge in revoked)


def test_finding_a_late_self_check_declares_the_same_with_and_without_a_tick_before() -> None:
    """Live = import: the streak ended in a gap at 230; whether a tick told us so before must not matter."""
    told = Run(check=NEVER).read("0o 60o 120f 130f 140f")
    ticked = told.track, advance(told.track, 300 * SECOND, RULES)
    late = _declared(selfcheck_ok(ticked[0], 300 * SECOND, RULES))
    assert late == _declared(selfcheck_ok(ticked[1].track, 300 * SECOND, RULES))


def test_finding_a_late_isolation_says_the_same_with_and_without_a_tick_before() -> None:
    """The same for isolation: a gap between the outage and the news must not turn our isolation into DOWN time."""
    run = Run(check=121 * SECOND).read("0o 60o 120f 130f 140f")
    untold = isolate(run.track, 135 * SECOND, RULES)
    silent = advance(run.track, 300 * SECOND, RULES)
    told = isolate(silent.track, 135 * SECOND, RULES)
    assert _state_at(130, run.edges, untold.edges) is _state_at(130, run.edges, silent.edges, told.edges)


def test_finding_isolation_behind_a_closed_blip_takes_its_failure_away() -> None:
    """S6, S2: the failure of 120 is an error since isolation at 119; the ok of 60 speaks to 150, the next is of 180."""
    run = Run(check=100 * SECOND).read("0o 60o 120f 180o")
    run.take(isolate(run.track, 119 * SECOND, RULES))
    assert _state_at(160, run.edges) is State.UNKNOWN


def test_finding_a_long_recovery_keeps_every_limit_that_was_broken() -> None:
    """S4 with up_after 10: a reading over a limit in the middle of the recovery is DEGRADED as it would be for 2."""
    run = Run(Rules(60 * SECOND, 3, 10)).read("0f 10f 20f")
    for i in range(10):
        over = Degraded.LOSS if i == 5 else Degraded.NONE
        run.take(step(run.track, seen(80 + i, "o", over), run.rules))
    assert [(at, state) for at, state in run.spans(95) if at > 80] == [(85, State.DEGRADED), (86, State.UP)]


def _declared(result: Result) -> bool:
    return any(edge.state is State.DOWN for edge in result.edges)


def _state_at(at: int, *edges: Iterable[Edge]) -> State:
    marks = [Mark(e.at, e.state, e.degraded, e.cause) for group in edges for e in group]
    (span,) = spans(fold(marks), Window(at * SECOND, at * SECOND + 1), FOREVER)
    return span.state


def test_a_new_track_knows_nothing() -> None:
    assert Track() == NEW
    assert (NEW.state, NEW.open_since, NEW.is_good) == (State.UNKNOWN, None, False)
