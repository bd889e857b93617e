"""The live ledger over a real store: restarts, kills, doubts, the self-check, and counters that never fall."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.targets import Duty
from collectors.base import Outcome, Reading, Reason
from sla.model import Cause, State
from tests.agent.worlds import SECOND, START, World, target
from tests.depth import examples


@pytest.fixture
def world(tmp_path: Path) -> World:
    with World(tmp_path / "ledger.db") as made:
        yield made


def up(world: World, first: float = 0, until: float = 10) -> None:
    world.to(first)
    world.read("ok")
    world.to(until)
    world.read("ok")


def test_a_target_is_up_from_its_first_ok_reading_once_it_is_confirmed_and_durable(world: World) -> None:
    world.to(0)
    world.read("ok")
    assert world.ledger.of_target("t")[""].state is State.UNKNOWN
    world.to(10)
    world.read("ok")
    assert world.ledger.of_target("t")[""].state is State.UNKNOWN  # decided, not yet durable: not shown
    world.commit()
    assert world.ledger.of_target("t")[""].state is State.UP
    assert world.story(10) == [(0, "up")]


def test_vector_16_a_killed_agent_leaves_unknown_from_its_last_durable_heartbeat(world: World) -> None:
    up(world)
    world.to(60)
    world.read("ok")
    world.to(70)
    world.kill()
    world.clock.seconds = 70 + 6 * 3600
    world.start()
    now = world.clock.seconds
    up(world, now, now + 10)
    world.to(now + 20)
    assert world.story(now + 20) == [(0, "up"), (70, "unknown"), (now, "up")]
    unknown = [span for span in world.spans(now + 20) if span.state is State.UNKNOWN]
    assert [span.cause for span in unknown] == [Cause.AGENT_DOWN]
    assert unknown[0].length == 6 * 3600 * 1_000_000
    assert world.availability(now + 20).parts.down == 0


def test_a_kill_makes_an_open_streak_unknown_from_its_first_reading(world: World) -> None:
    up(world)
    world.to(60)
    world.read("failed")
    world.to(70)
    world.read("failed")
    world.to(75)
    world.kill()
    world.clock.seconds = 1000
    world.start()
    world.to(1001)
    assert world.story(1001) == [(0, "up"), (60, "unknown")]


def test_a_kill_after_validity_ran_out_does_not_stretch_the_last_state_to_the_heartbeat(world: World) -> None:
    up(world)  # valid until 10 + 90 s
    world.to(101)  # silence; a reading could still be under way, so nothing is settled
    world.kill()
    world.clock.seconds = 500
    world.start()
    world.to(501)
    assert world.story(501) == [(0, "up"), (100, "unknown")]


def test_after_a_clean_stop_and_a_quick_start_nothing_is_unknown(world: World) -> None:
    up(world)
    world.stop()
    world.clock.seconds = 40
    world.start()
    world.to(41)
    world.read("ok")
    world.to(42)
    assert world.story(42) == [(0, "up")]


def test_after_a_clean_stop_validity_alone_decides(world: World) -> None:
    up(world)
    world.stop()
    world.clock.seconds = 600
    world.start()
    up(world, 600, 610)
    world.to(611)
    assert world.story(611) == [(0, "up"), (100, "unknown"), (600, "up")]
    assert {span.cause for span in world.spans(611) if span.state is State.UNKNOWN} == {Cause.NO_READING}


def test_a_streak_goes_on_over_a_clean_stop(world: World) -> None:
    up(world)
    world.to(60)
    world.read("failed")
    world.to(70)
    world.read("failed")
    world.stop()
    assert world.story(71) == [(0, "up"), (60, "unknown")]  # as if readings had ended
    world.clock.seconds = 80
    world.start()
    world.to(81)
    world.read("failed")
    world.to(82)
    assert world.story(82) == [(0, "up"), (60, "down")]


def test_down_before_and_after_a_kill_is_one_outage_with_unknown_between(world: World) -> None:
    up(world)
    for at in (60, 70, 80):
        world.to(at)
        world.read("failed")
    world.to(85)
    world.kill()
    world.clock.seconds = 1000
    world.start()
    for at in (1000, 1010, 1020):
        world.to(at)
        world.read("failed")
    for at in (1080, 1090):
        world.to(at)
        world.read("ok")
    world.to(1091)
    assert world.story(1091) == [(0, "up"), (60, "down"), (85, "unknown"), (1000, "down"), (1080, "up")]
    outages = world.availability(1091).outages
    assert [(outage.onset - START) // 1_000_000 for outage in outages] == [60, 60]
    assert {(outage.restored or 0) - START for outage in outages} == {1080 * 1_000_000}


def test_a_wall_clock_set_back_before_a_start_rewrites_nothing_durable(world: World) -> None:
    up(world)
    world.to(60)
    world.read("ok")
    world.to(65)
    world.kill()
    world.clock.wall_offset = -3600 * 1_000_000
    world.clock.seconds = 100
    world.start()
    for at in (100, 110, 120):
        world.to(at)
        world.read("failed")
    world.to(121)
    story = world.story(200)
    assert story[0] == (0, "up")
    assert story[1][0] >= 65, "what was durable before the clock was set back stands"


def test_silence_is_settled_when_no_reading_can_be_under_way(world: World) -> None:
    up(world)
    world.to(101)
    assert world.ledger.of_target("t")[""].state is State.UP
    world.to(104)  # validity ended at 100; timeout 2 s and slack 1 s have passed
    world.to(104.5)
    assert world.ledger.of_target("t")[""].state is State.UNKNOWN
    assert world.story(105) == [(0, "up"), (100, "unknown")]


def test_a_reading_that_was_under_way_when_validity_ended_leaves_no_gap(world: World) -> None:
    up(world)
    world.to(101)
    world.read("ok", at=99)
    world.to(110)
    assert world.story(110) == [(0, "up")]


def test_an_error_asks_for_a_reprobe_and_changes_no_state(world: World) -> None:
    up(world)
    world.to(60)
    assert world.read("error") is True
    world.to(70)
    assert world.read("ok") is False
    world.to(80)
    assert world.story(80) == [(0, "up")]


def test_readings_out_of_order_are_dropped_and_counted(world: World) -> None:
    up(world, 100, 110)
    world.read("failed", at=50)
    world.to(111)
    assert world.story(111) == [(0, "unknown"), (100, "up")]


def test_loss_of_three_quarters_of_four_echoes_is_a_failure(world: World) -> None:
    up(world)
    lossy = Reading(outcome=Outcome.OK, values={"loss_ratio": 0.75, "echoes_sent": 4.0})
    for at in (60, 70, 80):
        world.to(at)
        world.read_as(lossy)
    world.to(81)
    assert world.story(81) == [(0, "up"), (60, "down")]


def isolated_world(tmp_path: Path) -> World:
    gateway = target("gw", duty=Duty.GATEWAY, interval=10)
    return World(tmp_path / "ledger.db", [gateway, target("t", plane="")])


def test_s6_a_cut_uplink_makes_targets_unknown_and_never_down(tmp_path: Path) -> None:
    with isolated_world(tmp_path) as world:
        for at in (0, 10):
            world.to(at)
            world.read("ok", "gw")
            world.read("ok")
        for at in (20, 25, 30, 40, 50, 60, 70, 80, 90, 110, 130):
            world.to(at)
            world.read("failed")
            world.read("failed", "gw")
        world.to(200)
        assert world.story(200) == [(0, "up"), (100, "unknown")]
        assert world.availability(200).parts.down == 0
        assert [record.kind for record in world.writer._reader.records("isolated")] == ["isolated"]


def test_s6_down_waits_for_an_ok_self_check_younger_than_its_streak(tmp_path: Path) -> None:
    with isolated_world(tmp_path) as world:
        for at in (0, 10):
            world.to(at)
            world.read("ok", "gw")
            world.read("ok")
        for at in (20, 30, 40):
            world.to(at)
            world.read("failed")
        world.to(41)
        assert world.ledger.of_target("t")[""].state is State.UP
        world.read("ok", "gw")
        world.to(42)
        assert world.story(42) == [(0, "up"), (20, "down")]


def test_s6_a_self_check_that_was_never_ok_proves_no_outage(tmp_path: Path) -> None:
    with isolated_world(tmp_path) as world:
        for at in (0, 10, 20, 30):
            world.to(at)
            world.read("failed")
        world.to(31)
        assert world.availability(31).parts.down == 0


def test_s6_a_down_is_revoked_when_isolation_began_before_its_confirming_reading(tmp_path: Path) -> None:
    with isolated_world(tmp_path) as world:
        for at in (0, 10):
            world.to(at)
            world.read("ok", "gw")
            world.read("ok")
        world.to(20)
        world.read("failed")
        world.to(21)
        world.read("ok", "gw")
        world.to(30)
        world.read("failed", "gw")
        world.read("failed")
        world.to(40)
        world.read("failed")  # DOWN from 20: the self-check at 21 was ok
        world.to(41)
        assert world.story(41) == [(0, "up"), (20, "down")]
        for at in (42, 45):
            world.to(at)
            world.read("failed", "gw")  # isolated since 30: two of the three failures say nothing
        world.to(46)
        assert world.story(46) == [(0, "up"), (20, "unknown")]


def told(world: World) -> list[tuple[str, int]]:
    """What the ledger says of the vantage itself, in seconds."""
    records = world.writer._reader.vantage_records(("isolated", "isolation_ended"))
    return [(record.kind, (record.at - START) // SECOND) for _, record in records]


def test_s6_isolation_ends_with_an_answer_and_not_with_silence_about_the_gateway(tmp_path: Path) -> None:
    with isolated_world(tmp_path) as world:
        for at in (0, 10):
            world.to(at)
            world.read("ok", "gw")
        for at in (20, 30, 40):
            world.to(at)
            world.read("failed", "gw")
        for at in (90, 100):  # validity has run out meanwhile, and these say nothing either
            world.to(at)
            assert world.ledger.of_target("gw")[""].track.state is State.UNKNOWN
            world.read("error", "gw")
        world.to(101)
        assert told(world) == [("isolated", 20)]
        world.read("failed")
        assert world.ledger.of_target("t")[""].track.errored
        for at in (110, 120):
            world.to(at)
            world.read("ok", "gw")
        world.to(121)
        assert told(world) == [("isolated", 20), ("isolation_ended", 110)]


def test_s6_no_route_to_the_own_gateway_is_the_fault_of_the_vantage(tmp_path: Path) -> None:
    lost = Reading(outcome=Outcome.ERROR, reason=Reason.NO_ROUTE)
    with isolated_world(tmp_path) as world:
        for at in (0, 10):
            world.to(at)
            world.read("ok", "gw")
            world.read("ok")
        for at in (20, 30, 40):
            world.to(at)
            world.read_as(lost, "gw")
            world.read_as(lost)
        world.to(200)
        assert told(world) == [("isolated", 20)]
        assert world.story(200) == [(0, "up"), (100, "unknown")]
        assert world.availability(200).parts.down == 0


def test_s1_an_error_that_is_our_own_lack_is_no_isolation(tmp_path: Path) -> None:
    with isolated_world(tmp_path) as world:
        for at in (0, 10):
            world.to(at)
            world.read("ok", "gw")
        for at in (20, 30, 40, 50):
            world.to(at)
            world.read("error", "gw")  # no descriptor left
        world.to(51)
        assert told(world) == []


def test_a_target_that_leaves_and_comes_back_keeps_its_counters(world: World) -> None:
    up(world)
    world.to(60)
    world.read("ok")
    world.to(70)
    before = world.scrape()
    world.ledger.forget("t", world.run_clock.now_us())
    world.to(80)
    world.ledger.watch(world.watched[0])
    world.read("ok")
    world.to(90)
    world.read("ok")
    world.to(91)
    after = world.scrape()
    assert all(after[name] >= value for name, value in before.items())


def test_a_target_removed_while_down_is_down_to_that_instant_and_never_restored(world: World) -> None:
    up(world)
    for at in (20, 22, 24, 60):
        world.to(at)
        world.read("failed")
    world.to(77)
    world.ledger.forget("t", world.run_clock.now_us())
    world.to(400)
    assert world.story(400) == [(0, "up"), (20, "down"), (77, "unknown")]
    (outage,) = world.availability(400).outages
    assert outage.restored is None


GAP = st.sampled_from([1, 5, 10, 20, 59, 61, 200])
PROBE = st.tuples(st.sampled_from(["ok", "ok", "ok", "failed", "failed", "error"]), GAP, st.booleans())
GATEWAY = st.tuples(st.sampled_from(["gw ok", "gw ok", "gw failed"]), GAP, st.booleans())
END = st.tuples(st.sampled_from(["kill", "stop"]), GAP, st.booleans())
PART = st.one_of(
    st.lists(PROBE, min_size=2, max_size=6),
    st.lists(GATEWAY, min_size=1, max_size=4),
    st.lists(END, min_size=1, max_size=1),
    st.just([("ok", 10, True), ("ok", 10, True), ("ok", 10, False)]),
    st.just([("failed", 10, True), ("failed", 10, True), ("failed", 10, False), ("gw ok", 1, False)]),
)
STORY = st.lists(PART, min_size=3, max_size=12).map(lambda parts: [step for part in parts for step in part])


@pytest.mark.torture
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORY, checked=st.booleans())
def test_counters_never_fall_and_the_store_says_the_same_through_kills_and_stops(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, int, bool]], checked: bool
) -> None:
    folder = tmp_path_factory.mktemp("world")
    watched = [target("gw", duty=Duty.GATEWAY, interval=10), target("t", plane="" if checked else None)]
    with World(folder / "ledger.db", watched) as world:
        seen: dict[str, float] = {}
        for verb, gap, commits in story:
            world.to(world.clock.seconds + gap, commit=commits)
            _act(world, verb)
            now = world.scrape()
            for name, seconds in now.items():
                assert seconds >= seen.get(name, 0), f"{name} fell from {seen[name]} to {seconds} at {verb}"
            seen.update(now)
        world.commit()
        end = world.clock.seconds
        sums = dict.fromkeys(State, 0)
        for span in world.spans(end):
            sums[span.state] += span.length
        shown = world.scrape()
        for state in (State.UP, State.DEGRADED, State.DOWN):
            counted = sum(v for name, v in shown.items() if f'state="{state.label}"' in name and 'target="t"' in name)
            assert counted <= sums[state] / 1e6 + 1e-6, "a counter claims more than the store holds"


def _act(world: World, verb: str) -> None:
    match verb:
        case "kill":
            world.kill()
            world.clock.seconds += 7
            world.start()
        case "stop":
            world.stop()
            world.clock.seconds += 3
            world.start()
        case "gw ok" | "gw failed":
            world.read(verb.removeprefix("gw "), "gw")
        case _:
            world.read(verb)


def test_silence_is_settled_in_portions_and_all_of_it(tmp_path: Path) -> None:
    names = [f"t{n}" for n in range(5)]
    with World(tmp_path / "l.db", [target(name) for name in names]) as world:
        for name in names:
            world.read("ok", name)
        world.commit()
        world.clock.seconds = 1000
        now = world.run_clock.now_us()
        rounds = [world.ledger.tick(now, 2), world.ledger.settle_silence(now, 2), world.ledger.settle_silence(now, 2)]
        assert rounds == [True, True, False]
        world.commit()
        assert {entry.state for entry in world.ledger.entries()} == {State.UNKNOWN}
