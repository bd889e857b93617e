"""Steps of the wall clock, the doubt they leave and how it ends, over a real store (T2, T4)."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.clockwatch import RECENT, Accepted
from agent.stores.base import Record
from agent.stores.clocksteps import ClockStep
from agent.stores.opening import connect
from agent.stores.reading import SqliteReader
from sla.model import State
from tests.agent.worlds import SECOND, START, World
from tests.depth import examples

HOUR = 3600 * SECOND
NS = 1_000_000_000
TEN_YEARS = 3652 * 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> World:
    with World(tmp_path / "ledger.db") as made:
        made.watch.look()
        yield made


def stored(world: World) -> SqliteReader:
    return SqliteReader(connect(world.location, read_only=True))


def steps(world: World) -> list[ClockStep]:
    world.commit()
    return stored(world).clock_steps()


def records(world: World, kind: str) -> list[Record]:
    world.commit()
    return stored(world).records(kind)


def pass_time(world: World, until: float, *outcomes: str, every: int = 60) -> None:
    """Time passes with a look at the clocks every second and a probe every so often, the outcomes in turn."""
    number = 0
    while world.clock.seconds < until:
        world.clock.seconds += 1
        world.ledger.tick(world.run_clock.now_us())
        world.watch.look()
        if outcomes and world.clock.seconds % every == 0:
            world.read(outcomes[number % len(outcomes)])
            number += 1
    world.commit()


def story(world: World, end: float) -> list[tuple[float, str]]:
    """What the store tells, from the first reading on."""
    return world.story(end)[1:]


def step(world: World, step_us: int) -> bool:
    world.clock.wall_offset += step_us
    return world.watch.look()


# Seeing steps


@pytest.mark.parametrize("step_us", [-600 * SECOND, HOUR, TEN_YEARS, SECOND + 1, -SECOND - 1])
def test_a_step_is_recorded_once_by_the_dating_from_before_it_and_stays_open(world: World, step_us: int) -> None:
    world.to(7)
    assert step(world, step_us)
    assert not world.watch.look()
    assert steps(world) == [ClockStep(1, 1, START + 7 * SECOND, step_us, 7 * NS)]
    (record,) = records(world, "clock_step")
    assert record.at == START + 7 * SECOND
    said = {"offset_us": step_us, "before_us": 0, "wall_us": START + 7 * SECOND + step_us}
    assert json.loads(record.body) == said
    assert world.watch.unresolved
    assert world.watch.offset_us == step_us
    assert world.steps_told == 1


@pytest.mark.parametrize("step_us", [SECOND, -SECOND])
def test_a_difference_of_a_second_is_no_step(world: World, step_us: int) -> None:
    assert not step(world, step_us)
    assert steps(world) == []
    assert not world.watch.unresolved


def test_a_clock_that_creeps_away_has_stepped_when_it_is_more_than_a_second_off(world: World) -> None:
    assert [step(world, SECOND * 2 // 5) for _ in range(3)] == [False, False, True]
    assert [seen.step_us for seen in steps(world)] == [SECOND * 6 // 5]


def test_both_clocks_are_written_down_at_least_every_60_seconds_and_at_a_step(world: World) -> None:
    pass_time(world, 200)
    step(world, HOUR)
    world.commit()
    connection = connect(world.location, read_only=True)
    rows = connection.execute("SELECT monotonic_ns, wall_at FROM anchors ORDER BY monotonic_ns").fetchall()
    connection.close()
    assert all(later[0] - earlier[0] <= 60 * NS for earlier, later in pairwise(rows))
    assert rows[0] == (0, START)
    assert rows[-1] == (200 * NS, START + 200 * SECOND + HOUR)


@pytest.mark.parametrize("step_us", [-600 * SECOND, HOUR, TEN_YEARS])
def test_vector_17_a_step_during_an_outage_changes_no_duration(world: World, step_us: int) -> None:
    pass_time(world, 120, "ok")
    pass_time(world, 300, "failed")
    step(world, step_us)
    pass_time(world, 600, "failed")
    pass_time(world, 720, "ok")
    assert story(world, 720) == [(60, "up"), (180, "down"), (660, "up")]
    assert world.availability(720).parts.down == 480 * SECOND


# How the doubt ends


def test_a_step_that_is_undone_is_resolved_and_leaves_no_trace_in_the_dating(world: World) -> None:
    world.to(10)
    step(world, HOUR)
    world.to(20)
    assert step(world, -HOUR + SECOND)  # back within a second
    assert not world.watch.unresolved
    seen = [(one.step_us, one.resolved_at, one.resolution, one.resolved_by) for one in steps(world)]
    at = START + 20 * SECOND
    assert seen == [(HOUR, at, "undone", "agent"), (-HOUR + SECOND, at, "undone", "agent")]
    assert world.run_clock.now_us() == at
    (record,) = records(world, "clock_anchor")
    anchor = {"monotonic_ns": 0, "dated_us": START}
    assert json.loads(record.body) == {"why": "undone", "jump_us": 0, "offset_us": 0, "anchor": anchor}


def test_several_steps_are_open_until_the_clock_is_back_where_the_first_began(world: World) -> None:
    for step_us in (HOUR, TEN_YEARS, -HOUR):
        step(world, step_us)
    assert world.watch.open_steps == 3
    step(world, -TEN_YEARS)
    assert (world.watch.open_steps, world.watch.steps) == (0, 4)
    assert {one.resolution for one in steps(world)} == {"undone"}


def test_a_step_that_stood_ten_minutes_under_a_synchronised_clock_is_believed(world: World) -> None:
    world.clock.in_sync = True
    pass_time(world, 100)
    step(world, HOUR)
    pass_time(world, 699)
    assert world.watch.unresolved
    pass_time(world, 700)
    assert not world.watch.unresolved
    (seen,) = steps(world)
    assert (seen.resolved_at, seen.resolution, seen.resolved_by) == (START + 700 * SECOND, "stood", "agent")
    assert world.run_clock.now_us() == START + 700 * SECOND + HOUR
    assert world.watch.offset_us == 0


@pytest.mark.parametrize("interrupted", ["unsynchronised", "another step"])
def test_the_ten_minutes_begin_anew(world: World, interrupted: str) -> None:
    world.clock.in_sync = True
    step(world, HOUR)
    pass_time(world, 500)
    if interrupted == "another step":
        step(world, HOUR)
    else:
        world.clock.in_sync = False
        world.watch.look()
        world.clock.in_sync = True
    pass_time(world, 1099)
    assert world.watch.unresolved
    pass_time(world, 1100)
    assert not world.watch.unresolved


@pytest.mark.parametrize("in_sync", [None, False])
def test_without_a_kernel_that_calls_the_clock_synchronised_time_alone_resolves_nothing(
    world: World, in_sync: bool | None
) -> None:
    world.clock.in_sync = in_sync
    step(world, HOUR)
    pass_time(world, 5000)
    assert world.watch.unresolved
    assert world.run_clock.now_us() == START + 5000 * SECOND


def test_nothing_open_nothing_accepted(world: World) -> None:
    assert world.watch.accept("zhang") == Accepted(0, 0, 0)
    assert records(world, "clock_anchor") == []


def test_a_step_forward_that_is_accepted_leaves_a_gap_and_shifts_nothing(world: World) -> None:
    pass_time(world, 120, "ok")
    pass_time(world, 300, "failed")
    step(world, HOUR)
    assert world.watch.accept("zhang") == Accepted(1, HOUR, 0)
    world.commit()
    assert story(world, 300 + 3600) == [(60, "up"), (180, "down"), (300, "unknown")]
    pass_time(world, 480, "failed")
    assert story(world, 480 + 3600) == [(60, "up"), (180, "down"), (300, "unknown"), (360 + 3600, "down")]
    parts = world.availability(480 + 3600).parts
    assert (parts.up, parts.down) == (120 * SECOND, 240 * SECOND)  # 180 to 300, and two probes after the hour
    assert parts.unknown == HOUR + 120 * SECOND  # the hour, up to the next probe, and before the first


def test_after_a_jump_the_heartbeat_claims_none_of_the_gap_even_if_the_agent_is_killed_at_once(world: World) -> None:
    pass_time(world, 120, "ok")
    step(world, HOUR)
    world.watch.accept("zhang")
    world.commit()
    world.kill()
    assert stored(world).last_run().heartbeat_at == START + 120 * SECOND + HOUR
    assert story(world, 120 + 3600) == [(60, "up"), (120, "unknown")]


def test_a_jump_that_is_shorter_than_a_reading_is_valid_is_a_gap_too(world: World) -> None:
    pass_time(world, 120, "ok")
    step(world, 2 * SECOND)
    world.watch.accept("zhang")
    pass_time(world, 240, "ok")
    assert story(world, 242) == [(60, "up"), (120, "unknown"), (182, "up")]


def test_a_streak_that_is_open_at_a_jump_is_unknown_from_its_first_reading(world: World) -> None:
    pass_time(world, 120, "ok")
    pass_time(world, 240, "failed")
    step(world, HOUR)
    world.watch.accept("zhang")
    pass_time(world, 480, "failed")
    assert story(world, 480 + 3600) == [(60, "up"), (180, "unknown"), (300 + 3600, "down")]


def test_a_probe_that_began_before_a_jump_tells_nothing_after_it(world: World) -> None:
    pass_time(world, 120, "ok")
    world.to(125)
    step(world, 2 * SECOND)
    world.watch.accept("zhang")
    world.read("ok", at=124)
    world.to(130)
    world.read("ok")
    world.to(140)
    assert story(world, 142) == [(60, "up"), (125, "unknown")]


def test_a_target_that_had_left_is_unknown_in_the_gap_too(world: World) -> None:
    pass_time(world, 120, "ok")
    world.ledger.forget("t", world.run_clock.now_us())
    step(world, HOUR)
    world.watch.accept("zhang")
    world.commit()
    assert [span.state for span in world.spans(130) if span.end > START + 120 * SECOND] == [State.UNKNOWN]


def test_a_step_back_that_is_accepted_is_resolved_and_the_dating_does_not_go_back(world: World) -> None:
    pass_time(world, 120, "ok")
    pass_time(world, 300, "failed")
    step(world, -600 * SECOND)
    assert world.watch.accept("zhang") == Accepted(1, 0, -600 * SECOND)
    assert not world.watch.unresolved
    pass_time(world, 600, "failed")
    pass_time(world, 720, "ok")
    assert story(world, 720) == [(60, "up"), (180, "down"), (660, "up")]
    (seen,) = steps(world)
    assert (seen.resolution, seen.resolved_by) == ("accepted", "zhang")
    (record,) = records(world, "clock_anchor")
    assert record.by == "zhang"
    assert json.loads(record.body)["offset_us"] == -600 * SECOND


def test_after_an_accepted_step_back_the_same_clock_set_right_again_is_a_step_and_at_once_resolved(
    world: World,
) -> None:
    step(world, -600 * SECOND)
    world.watch.accept("zhang")
    assert step(world, 600 * SECOND)
    assert not world.watch.unresolved
    assert not world.watch.look()
    assert [one.resolution for one in steps(world)] == ["accepted", "undone"]


def test_after_an_accepted_step_back_a_further_one_is_undone_when_the_accepted_clock_is_back(world: World) -> None:
    step(world, -600 * SECOND)
    world.watch.accept("zhang")
    step(world, -100 * SECOND)
    assert world.watch.unresolved
    step(world, 100 * SECOND)
    assert not world.watch.unresolved
    assert world.watch.offset_us == -600 * SECOND


def test_after_an_accepted_step_back_a_step_forward_beyond_the_dating_jumps_only_by_what_is_beyond(
    world: World,
) -> None:
    step(world, -600 * SECOND)
    world.watch.accept("zhang")
    step(world, HOUR)
    assert world.watch.accept("zhang") == Accepted(1, HOUR - 600 * SECOND, 0)
    assert world.run_clock.now_us() == world.clock.wall_us()


def test_a_clock_that_never_rests_fills_no_memory(world: World) -> None:
    for _ in range(2000):
        step(world, HOUR)
    assert len(world.watch.recent) == RECENT
    assert world.watch.steps == 2000
    world.commit()
    world.kill()
    world.start()
    assert (len(world.watch.recent), world.watch.open_steps) == (RECENT, 2000)
    world.watch.accept("zhang")
    assert len(steps(world)) == 2001  # the run that follows sees the clock off as well
    assert stored(world).clock_steps(only_open=True) == []


# Over a restart


def test_a_restart_resolves_nothing_and_goes_on_by_the_old_dating(world: World) -> None:
    pass_time(world, 120, "ok")
    step(world, TEN_YEARS)
    world.stop()
    world.clock.seconds = 130
    world.start()
    world.watch.look()
    assert world.watch.unresolved
    assert world.run_clock.now_us() == START + 130 * SECOND
    assert [one.boot_no for one in steps(world) if one.resolution is None] == [1, 2]
    step(world, -TEN_YEARS)
    assert not world.watch.unresolved
    assert {one.resolution for one in steps(world)} == {"undone"}


def test_a_restart_after_jumps_goes_on_by_the_last_dating(world: World) -> None:
    for _ in range(2):
        step(world, HOUR)
        world.watch.accept("zhang")
    world.to(10)
    world.kill()
    world.clock.seconds = 20
    world.start()
    world.watch.look()
    assert not world.watch.unresolved
    assert {one.resolution for one in steps(world)} == {"accepted"}
    assert world.run_clock.now_us() == START + 20 * SECOND + 2 * HOUR


def test_after_another_boot_an_open_step_cannot_be_seen_to_be_undone(world: World) -> None:
    step(world, HOUR)
    world.commit()
    world.kill()
    world.clock.boot, world.clock.wall_offset = "another", 0
    world.clock.seconds = 60
    world.start()
    world.watch.look()
    assert world.watch.unresolved
    assert world.watch.accept("zhang") == Accepted(1, 0, 0)
    assert not world.watch.unresolved


def test_after_another_boot_an_open_step_ends_by_standing(world: World) -> None:
    step(world, HOUR)
    world.commit()
    world.kill()
    world.clock.boot, world.clock.in_sync = "another", True
    world.start()
    pass_time(world, 599)
    assert world.watch.unresolved
    pass_time(world, 600)
    assert [one.resolution for one in steps(world)] == ["stood"]


def test_a_start_behind_the_last_record_is_unresolved_until_the_clock_has_passed_it(world: World) -> None:
    pass_time(world, 120, "ok")
    world.kill()
    world.clock.boot, world.clock.wall_offset = "another", -100 * SECOND
    world.start()
    assert world.watch.behind_until == START + 120 * SECOND
    assert world.watch.accept("zhang") == Accepted(0, 0, -100 * SECOND)  # only time can pass it
    pass_time(world, 219)
    assert world.watch.unresolved
    pass_time(world, 220)
    assert not world.watch.unresolved
    assert steps(world) == []  # it was known at the start: no step of this run
    assert story(world, 220) == [(60, "up"), (120, "unknown")]


def test_a_restart_at_once_after_an_accepted_step_back_drops_no_time_that_was_measured(world: World) -> None:
    pass_time(world, 120, "ok")
    step(world, -600 * SECOND)
    world.watch.accept("zhang")
    pass_time(world, 240, "ok")
    world.kill()
    world.clock.seconds = 300  # stopped for a minute of the ten
    world.start()
    world.watch.look()
    assert world.watch.steps == 0
    assert world.run_clock.now_us() == START + 240 * SECOND
    assert world.watch.offset_us == -540 * SECOND


# Whatever the clock does

MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 200)),
        st.tuples(st.sampled_from(["ok", "failed", "error"]), st.integers(1, 30)),
        st.tuples(st.just("step"), st.integers(-3 * HOUR, 3 * HOUR)),
    ),
    max_size=30,
)
QUIET = settings(deadline=None, max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])


def play(world: World, moves: list[tuple[str, int]], *, accept: bool, steps: bool = True) -> list[tuple[int, int]]:
    """The moves in order; returns the gaps that acceptances left."""
    gaps = []
    for name, amount in moves:
        if name == "step":
            world.clock.wall_offset += amount if steps else 0
            at = world.run_clock.now_us()
            world.watch.look()
            if accept and world.watch.accept("zhang").jump_us:
                gaps.append((at, world.run_clock.now_us()))
            continue
        world.to(world.clock.seconds + amount)
        if name != "wait":
            world.read(name)
    world.commit()
    return gaps


@QUIET
@given(moves=MOVES)
def test_a_ledger_under_a_clock_that_steps_is_the_ledger_under_one_that_does_not(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("steps")
    with World(folder / "a.db") as stepping, World(folder / "b.db") as steady:
        play(stepping, moves, accept=False)
        play(steady, moves, accept=False, steps=False)
        end = steady.clock.seconds
        assert stepping.spans(end) == steady.spans(end)


@QUIET
@given(moves=MOVES)
def test_accepted_steps_leave_gaps_that_are_unknown_and_never_more_known_time_than_passed(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, int]]
) -> None:
    with World(tmp_path_factory.mktemp("steps") / "a.db") as world:
        gaps = play(world, moves, accept=True)
        end = (world.run_clock.now_us() - START) / SECOND
        spans = world.spans(end)
        known = sum(span.length for span in spans if span.state is not State.UNKNOWN)
        assert known <= world.clock.seconds * SECOND
        for start, stop in gaps:
            inside = [span for span in spans if span.start < stop and span.end > start]
            assert {span.state for span in inside} == {State.UNKNOWN}
        jumped = sum(stop - start for start, stop in gaps)
        assert world.run_clock.now_us() - START == int(world.clock.seconds * SECOND) + jumped
