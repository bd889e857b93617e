"""When probes start: the grid, the launch cap, lanes and the pulse, on a clock that tests turn by hand."""

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from agent.lanes import DRAINED, TAKE_TURNS, Lane
from agent.pulse import BEAT_NS, Pulse
from agent.schedule import (
    BEHIND_NS,
    LATE_ROUND_NS,
    LAUNCH_CAP,
    ROUND_NS,
    Job,
    Schedule,
    next_regular,
    next_turn,
    on_grid,
)
from agent.targets import GRID_NS, Watched
from sla.confirm import Rules
from tests.agent.worlds import HandClock, target

SECOND = 1_000_000_000
PLACES = (2_540_000_000, 34_640_000_000)


class Hand:
    """A schedule whose launches are collected."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.launched: list[Job] = []
        self.missed: list[tuple[str, int]] = []
        self.schedule = Schedule(
            self.clock.monotonic_ns, self.launched.append, lambda kind, turns: self.missed.append((kind, turns))
        )

    def tick(self, seconds: float) -> list[Job]:
        self.clock.seconds = seconds
        self.launched.clear()
        self.schedule._launch_due(self.clock.monotonic_ns())
        return list(self.launched)


def many(count: int, interval: int = 60) -> list[Watched]:
    return [target(f"t{number}", interval=interval) for number in range(count)]


def test_the_grid_has_no_drift_and_never_repeats_a_turn() -> None:
    watched = target("a")
    turns = [next_regular(watched, 0)]
    for _ in range(100):
        turns.append(next_regular(watched, turns[-1]))
    assert {after - before for before, after in pairwise(turns)} == {60 * SECOND}


def test_the_same_id_has_the_same_place_in_every_process() -> None:
    assert (target("camera-1").phase_ns, target("camera-2").phase_ns) == PLACES


@pytest.mark.parametrize("interval", [1, 15, 60, 3600])
def test_every_turn_lies_on_the_grid_so_that_many_start_at_one_wake_up(interval: int) -> None:
    for watched in many(100, interval):
        turn = next_regular(watched, 12_345_678_901)
        retry = next_turn(watched, turn, turn + 1, retry=True).due_ns
        assert (turn % GRID_NS, on_grid(watched, retry) - retry) == (0, 0)
    assert max(Counter(next_regular(watched, 0) for watched in many(1000, 60)).values()) < 10


def test_the_grid_of_a_short_interval_is_finer_or_all_its_targets_would_start_at_once() -> None:
    quick = replace(target("a"), rules=Rules(200_000))
    assert quick.grid_ns == 10_000_000
    assert len({replace(each, rules=quick.rules).phase_ns for each in many(1000)}) == 20


def test_ten_thousand_targets_are_spread_evenly_over_their_interval() -> None:
    slots = [0] * 60
    for watched in many(10_000):
        slots[watched.phase_ns // SECOND] += 1
    assert max(slots) < 2 * 10_000 / 60


def test_starts_are_capped_per_tick_and_nothing_is_lost() -> None:
    hand = Hand()
    for watched in many(1000):
        job = Job(watched, 0)
        job.due_ns = 0
        hand.schedule._jobs[watched.id] = job
        hand.schedule._push(job)
    seen = []
    for number in range(1000 // LAUNCH_CAP):
        started = hand.tick(number * 0.008)
        assert len(started) == LAUNCH_CAP
        seen += [job.watched.id for job in started]
    assert sorted(seen) == sorted(watched.id for watched in many(1000))


def slow_hand(launch_ns: float) -> tuple[Hand, list[str]]:
    """Five that are due, and a launch that takes so long; who was started."""
    hand, started = Hand(), list[str]()

    def slow(job: Job) -> None:
        started.append(job.watched.id)
        hand.clock.seconds += launch_ns / SECOND

    hand.schedule = Schedule(hand.clock.monotonic_ns, slow, lambda *_: None)
    for watched in many(5):
        hand.schedule.add(watched)
        hand.schedule._jobs[watched.id].due_ns = 0
        hand.schedule._push(hand.schedule._jobs[watched.id])
    return hand, started


def test_a_round_is_longer_while_probes_have_waited_for_long() -> None:
    hand, _ = slow_hand(LATE_ROUND_NS * 0.4)
    hand.clock.seconds = 1
    assert [hand.schedule._launch_due(hand.clock.monotonic_ns()) for _ in range(2)] == [3, 2]


def test_who_left_while_waiting_for_a_round_does_not_hold_up_those_behind() -> None:
    hand = Hand()
    for watched in many(LAUNCH_CAP + 3):
        hand.schedule.add(watched)
        job = hand.schedule._jobs[watched.id]
        job.due_ns = 7
        hand.schedule._push(job)
    assert len(hand.tick(1)) == LAUNCH_CAP
    gone = list(many(LAUNCH_CAP + 3))[LAUNCH_CAP:-1]
    for watched in gone:
        hand.schedule.remove(watched.id)
    assert hand.schedule.overdue_ns == SECOND - 7
    assert [job.watched.id for job in hand.tick(2)] == [f"t{LAUNCH_CAP + 2}"]


def test_a_round_of_slow_launches_lets_the_loop_run_between_and_takes_at_least_one() -> None:
    hand, started = slow_hand(ROUND_NS * 0.75)
    assert [hand.schedule._launch_due(hand.clock.monotonic_ns()) for _ in range(3)] == [2, 2, 1]
    assert sorted(started) == [f"t{number}" for number in range(5)]
    hand.schedule.add(target("alone"))
    job = hand.schedule._jobs["alone"]
    hand.clock.seconds = job.due_ns / SECOND
    assert hand.schedule._launch_due(hand.clock.monotonic_ns() - 10 * ROUND_NS) == 0
    assert hand.schedule._launch_due(hand.clock.monotonic_ns()) == 1


def test_a_new_target_is_probed_soon_even_if_its_interval_is_long() -> None:
    job = Job(target("slow", interval=3600), 0)
    assert job.due_ns <= 10 * SECOND


def test_a_re_probe_comes_after_the_retry_interval_and_the_grid_stays() -> None:
    hand = Hand()
    watched = target("a")
    hand.schedule.add(watched)
    job = hand.schedule._jobs["a"]
    regular = next_regular(watched, 0)
    hand.clock.seconds = regular / SECOND
    hand.schedule.done(job, regular, retry=True)
    assert job.due_ns == regular + watched.retry_ns
    assert job.regular_ns == regular + watched.interval_ns


@pytest.mark.parametrize(
    ("interval", "late_ns", "retries"),
    [(60, 15 * SECOND - 1, True), (60, 15 * SECOND, False), (3, BEHIND_NS - 1, True), (3, BEHIND_NS, False)],
)
def test_a_schedule_that_is_behind_re_probes_only_at_regular_turns(interval: int, late_ns: int, retries: bool) -> None:
    hand = Hand()
    watched = replace(target("a", interval=interval), retry_ns=SECOND)
    hand.schedule.add(watched)
    job = hand.schedule._jobs["a"]
    due = job.due_ns
    hand.tick((due + late_ns) / SECOND)
    started = hand.clock.monotonic_ns()
    hand.schedule.done(job, started, retry=True)
    soon = on_grid(watched, started + watched.retry_ns)
    assert job.due_ns == (soon if retries else next_regular(watched, started))


def test_a_turn_that_passed_only_just_now_is_taken_and_not_missed() -> None:
    """A silent target whose timeout is its interval ends a moment after its next turn, every time."""
    hand = Hand()
    watched = target("a", interval=60)
    turn = next_regular(watched, 120 * SECOND)
    hand.clock.seconds = turn / SECOND - 1
    hand.schedule.add(watched)
    hand.schedule._jobs["a"].due_ns = turn
    (job,) = hand.tick(turn / SECOND)
    for number in range(1, 5):
        started = hand.clock.monotonic_ns()
        hand.clock.seconds = turn / SECOND + number * 60 + 0.004
        hand.schedule.done(job, started, retry=False)
        assert hand.tick(hand.clock.seconds) == [job], "started at once: every interval has its probe"
    assert hand.missed == []


@pytest.mark.parametrize(("late", "missed"), [(6, []), (6.001, [("tcp", 1)]), (66, [("tcp", 1)]), (67, [("tcp", 2)])])
def test_a_turn_passed_longer_ago_than_a_tenth_of_the_interval_is_missed(late: float, missed: list[object]) -> None:
    hand = Hand()
    hand.schedule.add(target("a", interval=60))
    (job,) = hand.tick(120)
    started = hand.clock.monotonic_ns()
    hand.clock.seconds = (next_regular(job.watched, started)) / SECOND + late
    hand.schedule.done(job, started, retry=False)
    assert hand.missed == missed


def test_turns_that_passed_while_a_probe_ran_are_counted_as_missed() -> None:
    hand = Hand()
    watched = target("a")
    hand.schedule.add(watched)
    job = hand.schedule._jobs["a"]
    started = next_regular(watched, 0)
    hand.clock.seconds = (started + 2.5 * watched.interval_ns) / SECOND
    hand.schedule.done(job, started, retry=False)
    assert hand.missed == [("tcp", 2)]
    assert job.due_ns == started + 3 * watched.interval_ns


def test_a_removed_target_is_not_probed_again() -> None:
    hand = Hand()
    hand.schedule.add(target("a"))
    hand.schedule.remove("a")
    assert hand.tick(120) == []
    assert len(hand.schedule) == 0


def test_a_removed_target_whose_probe_is_under_way_does_not_come_back() -> None:
    hand = Hand()
    hand.schedule.add(target("a"))
    [job] = hand.tick(60)
    hand.schedule.remove("a")
    hand.schedule.done(job, 0, retry=True)
    assert hand.tick(200) == []


async def test_serve_launches_what_is_due_and_wakes_for_what_is_added() -> None:
    launched = asyncio.Event()
    clock = asyncio.get_running_loop()
    schedule = Schedule(lambda: int(clock.time() * 1e9), lambda _: launched.set(), lambda *_: None)
    task = asyncio.ensure_future(schedule.serve())
    job = Job(target("a"), int(clock.time() * 1e9))
    job.due_ns = int(clock.time() * 1e9)
    schedule._push(job)
    async with asyncio.timeout(30):
        await launched.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def lane(concurrency: int, per_second: int) -> tuple[HandClock, list[Job], Lane]:
    clock, started = HandClock(), []
    return clock, started, Lane(concurrency, per_second, clock.monotonic_ns, started.append)


def jobs(count: int) -> list[Job]:
    return [Job(watched, 0) for watched in many(count)]


def test_a_lane_keeps_its_concurrency_and_starts_the_rest_in_order() -> None:
    _, started, two = lane(2, 1000)
    three = jobs(3)
    for job in three:
        two.enter(job)
    assert started == three[:2]
    two.leave()
    assert started == three
    assert two.active == 2


def test_a_lane_keeps_its_rate() -> None:
    clock, started, slow = lane(1000, 10)
    for job in jobs(20):
        slow.enter(job)
    counts = []
    for tick in range(1, 61):
        clock.seconds = tick * 0.05
        slow.drain()
        counts.append(len(started))
    assert counts[19] in (10, 11, 12), "ten a second, and a tenth of a second in the bucket"
    assert counts[39] == 20


def test_what_waits_is_started_in_portions() -> None:
    """A tenth of a second's worth is due at once: launched in one go it would hold up the loop."""
    clock, started, full = lane(1000, 5000)
    for job in jobs(700):
        full.enter(job)
    begun = len(started)
    assert begun in (500, 501)
    clock.seconds = 0.1
    full.drain()
    assert len(started) == begun + DRAINED
    full.leave()
    assert len(started) == begun + DRAINED + TAKE_TURNS


def test_a_job_removed_while_it_waits_is_not_started() -> None:
    _, started, one = lane(1, 1000)
    first, second, third = jobs(3)
    for job in (first, second, third):
        one.enter(job)
    second.dead = True
    one.leave()
    assert started == [first, third]


def test_a_loop_that_stood_still_longer_than_allowed_is_noticed_even_before_its_next_beat() -> None:
    clock = HandClock()
    pulse = Pulse(clock.monotonic_ns)
    clock.seconds = 3.0
    assert pulse.stalled(0, 1 * SECOND)
    pulse.beat()
    assert pulse.stalled(0, 1 * SECOND)
    assert not pulse.stalled(0, 5 * SECOND)
    assert not pulse.stalled(4 * SECOND, 1 * SECOND)


def test_a_loop_in_time_is_not_a_stall() -> None:
    clock = HandClock()
    pulse = Pulse(clock.monotonic_ns)
    for _ in range(100):
        clock.seconds += BEAT_NS / SECOND
        pulse.beat()
    assert not pulse.stalled(0, SECOND // 100)
