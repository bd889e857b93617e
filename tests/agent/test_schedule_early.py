"""What a hint does to the schedule: a turn comes sooner, once, and the grid stays."""

from hypothesis import given, settings
from hypothesis import strategies as st

from agent import schedule as schedule_module
from agent.schedule import Job, next_regular
from tests.agent.test_schedule import SECOND, Hand
from tests.agent.worlds import target

HOUR = 3600


def hourly(name: str = "a") -> tuple[Hand, float]:
    """A target that was probed at its first turn, and when its next is due; seconds."""
    hand = Hand()
    hand.schedule.add(target(name, interval=HOUR))
    first = next_regular(target(name, interval=HOUR), 0) / SECOND
    (job,) = hand.tick(first)
    hand.schedule.done(job, int(first * SECOND), retry=False)
    return hand, first


def test_a_hint_brings_the_next_turn_to_now_and_the_grid_stays() -> None:
    hand, first = hourly()
    hand.clock.seconds = first + 100
    assert hand.schedule.pull_forward("a")
    (job,) = hand.tick(first + 100)
    hand.schedule.done(job, int((first + 100) * SECOND), retry=False)
    assert hand.tick(first + HOUR - 1) == []
    assert len(hand.tick(first + HOUR + 1)) == 1
    assert hand.missed == []


def test_of_many_hints_there_is_one_probe_now_and_one_five_seconds_later() -> None:
    hand, first = hourly()
    started = []
    for tenths in range(120):
        now = first + 100 + tenths / 10
        hand.clock.seconds = now
        if tenths < 40:
            hand.schedule.pull_forward("a")
        for job in hand.tick(now):
            started.append(tenths)
            hand.schedule.done(job, hand.clock.monotonic_ns(), retry=False)
    assert started == [0, 50]


def test_a_hint_never_makes_a_turn_later() -> None:
    hand, first = hourly()
    hand.clock.seconds = first + HOUR - 1
    assert hand.schedule.pull_forward("a")
    (job,) = hand.tick(first + HOUR - 1)
    hand.schedule.done(job, hand.clock.monotonic_ns(), retry=False)
    assert not hand.schedule.pull_forward("a"), "the regular turn comes before the next early one may"
    assert len(hand.tick(first + HOUR + 0.001)) == 1


def test_a_hint_while_the_probe_is_under_way_gives_one_more_behind_it() -> None:
    hand, first = hourly()
    (job,) = hand.tick(first + HOUR + 0.001)
    assert hand.schedule.pull_forward("a")
    assert not hand.schedule.pull_forward("a"), "one is enough"
    assert hand.tick(first + HOUR + 2) == []
    hand.schedule.done(job, int((first + HOUR) * SECOND), retry=False)
    assert hand.tick(first + HOUR + 2) == [job]
    hand.schedule.done(job, hand.clock.monotonic_ns(), retry=False)
    assert hand.tick(first + HOUR + 100) == []


def test_a_re_probe_that_is_due_sooner_stays() -> None:
    hand, first = hourly()
    (job,) = hand.tick(first + HOUR + 0.001)
    hand.schedule.done(job, hand.clock.monotonic_ns(), retry=True)
    assert hand.schedule.pull_forward("a")
    assert hand.tick(first + HOUR + 0.002) == [job]


def test_an_unknown_or_removed_target_has_no_turn() -> None:
    hand, _ = hourly()
    assert not hand.schedule.pull_forward("b")
    hand.schedule.remove("a")
    assert not hand.schedule.pull_forward("a")


def entries(hand: Hand) -> list[tuple[int, Job]]:
    """All that lies in the calendar, what no longer counts included."""
    return [*hand.schedule._ready, *(entry for due in hand.schedule._at.values() for entry in due)]


def test_hints_for_ever_do_not_make_the_heap_grow() -> None:
    hand, first = hourly()
    kept = schedule_module._STALE_KEPT
    for number in range(3 * kept):
        now = first + number * 6
        if now > first + HOUR - 10:
            first = now  # a regular turn may come between
        for job in hand.tick(now):
            hand.schedule.done(job, hand.clock.monotonic_ns(), retry=False)
        hand.schedule.pull_forward("a")
        assert len(entries(hand)) <= kept + 3


STEPS = st.lists(
    st.tuples(st.sampled_from(["hint", "end", "retry", "wait"]), st.integers(0, 40)), min_size=1, max_size=80
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_a_target_is_never_probed_twice_at_a_time_nor_later_than_its_turn(
    steps: list[tuple[str, int]],
) -> None:
    hand = Hand()
    watched = target("a", interval=60)
    hand.schedule.add(watched)
    (first,) = hand.schedule._jobs.values()
    now, under_way, started, latest = 0.0, None, 0, first.due_ns
    for action, seconds in steps:
        if action == "hint":
            hand.schedule.pull_forward("a")
        elif action == "wait":
            now += seconds
        elif under_way is not None:
            hand.schedule.done(under_way, started, retry=action == "retry")
            under_way, latest = None, next_regular(watched, hand.clock.monotonic_ns())
        for job in hand.tick(now):
            assert under_way is None, "two at a time"
            under_way, started = job, hand.clock.monotonic_ns()
        if under_way is None:
            assert first.due_ns <= latest
            assert [turn for turn, _ in entries(hand)].count(first.turn) == 1
