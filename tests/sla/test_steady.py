"""What is left out of steady time leaves what every reading would have left."""

from hypothesis import assume, given
from hypothesis import strategies as st

from sla.confirm import NEW, Rules, Track, step
from sla.model import Degraded, Outcome, Seen
from sla.steady import Pace

INTERVAL = 60_000_000
RULES = Rules(INTERVAL)
READINGS = st.sampled_from(
    [
        (Outcome.OK, Degraded.NONE),
        (Outcome.OK, Degraded.SLOW),
        (Outcome.FAILED, Degraded.NONE),
        (Outcome.ERROR, Degraded.NONE),
    ]
)


def after(track: Track, at: int, said: tuple[Outcome, Degraded], check: int | None) -> Track:
    return step(track, Seen(at, said[0], "", said[1]), RULES, None if check is None else at - check).track


@given(st.lists(READINGS, max_size=12), READINGS, st.sampled_from([None, 3_000_000]), st.integers(1, 40))
def test_held_is_stepped(
    before: list[tuple[Outcome, Degraded]], said: tuple[Outcome, Degraded], check: int | None, times: int
) -> None:
    track, at = NEW, 0
    for each in [*before, said, said, said, said]:
        at += INTERVAL
        last, track = track, after(track, at, each, check)
    pace = Pace(last, track, INTERVAL)
    assume(pace.is_steady)
    held = pace.after_more(times)
    for number in range(1, times + 1):
        track = after(track, at + number * INTERVAL, said, check)
    assert held._replace(proof=None) == track._replace(proof=None)
    assert pace.outcome is said[0]


def test_most_of_a_year_is_steady() -> None:
    """Else the property above would hold of nothing."""
    for said in ((Outcome.OK, Degraded.NONE), (Outcome.OK, Degraded.SLOW), (Outcome.FAILED, Degraded.NONE)):
        for check in (None, 3_000_000):
            track = last = NEW
            for number in range(1, 9):
                last, track = track, after(track, number * INTERVAL, said, check)
            assert Pace(last, track, INTERVAL).is_steady, (said, check)


def test_a_streak_is_not() -> None:
    up = after(after(NEW, INTERVAL, (Outcome.OK, Degraded.NONE), None), 2 * INTERVAL, (Outcome.OK, Degraded.NONE), None)
    one = after(up, 3 * INTERVAL, (Outcome.FAILED, Degraded.NONE), None)
    two = after(one, 4 * INTERVAL, (Outcome.FAILED, Degraded.NONE), None)
    assert not Pace(one, two, INTERVAL).is_steady
