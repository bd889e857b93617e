"""The watchdog is answered for progress alone: each way of standing still ends them."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from agent.lanes import Lane
from agent.notify import ServiceManager
from agent.progress import LANE_SPARE_NS, STILL_NS, Progress
from agent.runner import OpenModule, Runner
from agent.schedule import Schedule
from agent.selfmetrics import SelfMetrics
from agent.supervised import LOOK_SECONDS, Counts, Supervised
from tests.agent.managers import Manager
from tests.agent.test_runner import kind
from tests.agent.worlds import World, target

TIMEOUT_NS = 2_000_000_000
SECOND = 1_000_000_000


class Bench:
    """A schedule and one lane whose jobs end when the test says; a clock turned by hand; a real socket."""

    def __init__(self, folder) -> None:
        self.now = 0
        self.manager = Manager(folder)
        self.started = []
        self.readings = 0
        self.lane = Lane(1, 1000, self.clock, self.started.append)
        self.schedule = Schedule(self.clock, self.lane.enter, lambda kind, turns: None)
        progress = Progress(self.schedule, {"tcp": self.lane}, lambda: TIMEOUT_NS, self.clock)
        ours = ServiceManager(self.manager.address, 60_000_000)
        self.supervised = Supervised(ours, progress, lambda: Counts(len(self.schedule), self.readings), self.clock)

    def clock(self) -> int:
        return self.now

    def turn(self) -> None:
        """One round of the schedule, as its loop does it."""
        self.schedule._launch_due(self.now)
        self.schedule.rounds += 1

    def pulses(self) -> int:
        """Look once; how often the watchdog was answered."""
        self.supervised.look()
        return sum("WATCHDOG" in message for message in self.manager.all())

    def end(self) -> None:
        job = self.started.pop(0)
        self.lane.leave()
        self.schedule.done(job, self.now, retry=False)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    with made.manager:
        yield made
        made.supervised._manager.close()


def test_nothing_to_do_is_progress_while_the_schedule_goes_round(bench):
    for _ in range(5):
        bench.turn()
        assert bench.pulses() == 1
        bench.now += 3600 * SECOND


def test_a_schedule_that_goes_round_no_more_ends_the_answers_until_it_does(bench, caplog):
    assert bench.pulses() == 1
    bench.now += STILL_NS
    assert bench.pulses() == 1, "at the border it still counts"
    bench.now += 1
    assert bench.pulses() == bench.pulses() == 0
    assert "has not gone round for 10 s" in bench.supervised.status()
    assert [record.levelname for record in caplog.records] == ["ERROR"], "said once"
    bench.turn()
    assert bench.pulses() == 1
    assert caplog.records[-1].levelname == "WARNING"


def test_a_probe_that_is_due_and_not_launched_ends_the_answers(bench):
    bench.schedule.add(target())
    due = bench.schedule._instants[0]
    bench.now = due
    bench.schedule.rounds += 1  # it goes round, and launches nothing
    assert bench.pulses() == 1
    bench.now = due + STILL_NS + 1
    bench.schedule.rounds += 1
    assert bench.pulses() == 0
    assert "none is launched" in bench.supervised.status()
    bench.turn()
    assert bench.pulses() == 1


def test_a_lane_whose_probes_never_end_ends_the_answers_when_something_waits_there(bench):
    bench.schedule.add(target("a"))
    bench.now = 120 * SECOND
    bench.turn()
    assert len(bench.started) == 1
    bench.now += 10 * LANE_SPARE_NS
    bench.turn()
    assert bench.pulses() == 1, "a long probe alone, and nothing waits"
    bench.schedule.add(target("b"))
    bench.now += 120 * SECOND
    bench.turn()
    assert len(bench.lane.waiting) == 1
    assert bench.pulses() == 1
    bench.now += LANE_SPARE_NS + 2 * TIMEOUT_NS
    bench.turn()
    assert bench.pulses() == 1
    bench.now += 1
    bench.turn()
    assert bench.pulses() == 0
    assert "1 probes of tcp wait and none has started for 34 s" in bench.supervised.status()
    bench.end()
    assert bench.pulses() == 1


def test_the_status_says_targets_and_readings_a_minute(bench):
    bench.schedule.add(target())
    story = [(0, 0, ""), (10, 20, 120), (60, 120, 120), (90, 900, 120), (120, 180, 60)]
    for seconds, readings, shown in story:
        bench.now, bench.readings = seconds * SECOND, readings
        bench.turn()
        bench.supervised.look()
        said = f", {shown} readings a minute" if shown else ""
        assert bench.manager.all()[-1]["STATUS"] == f"1 targets{said}", f"at {seconds} s"


async def test_a_reload_is_told_with_its_time_and_ends_ready_even_where_it_is_refused(bench):
    bench.now = 1_234_567_000
    with pytest.raises(ValueError, match="refused"):
        async with bench.supervised.reloading():
            raise ValueError("refused")
    begun, ended = bench.manager.all()
    assert (begun["RELOADING"], begun["MONOTONIC_USEC"]) == ("1", "1234567")
    assert ended["READY"] == "1"


@pytest.mark.parametrize(("watchdog_us", "seconds"), [(0, LOOK_SECONDS), (60_000_000, 10.0), (2_000_000, 0.5)])
def test_a_watchdog_is_answered_several_times_in_its_time(bench, watchdog_us, seconds):
    supervised = Supervised(ServiceManager("/x", watchdog_us), bench.supervised._progress, lambda: Counts(0, 0), int)
    assert supervised.every_seconds == seconds


class Endless:
    """A collector that owns its deadline and forgets it: our bug."""

    async def collect(self, target):
        await asyncio.Event().wait()


@asynccontextmanager
async def served(runner: Runner):
    task = asyncio.create_task(runner.serve())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_real_runner_whose_collector_hangs_stands_still(tmp_path):
    """The whole way: schedule, lane, task; one place in the lane and a probe that never gives it back."""
    with World(tmp_path / "ledger.db", [target("a"), target("b")]) as world:
        runner = Runner(world.run_clock, world.ledger, world.committer, SelfMetrics())
        runner.modules["m"] = OpenModule(kind(owns_deadline=True), Endless())
        runner.limit("tcp", 1, 1000)
        progress = Progress(runner.schedule, runner.lanes, lambda: TIMEOUT_NS, world.clock.monotonic_ns)
        for watched in world.watched:
            runner.schedule.add(watched)
        async with served(runner):
            world.clock.seconds = 120
            while not runner.lanes["tcp"].waiting:
                await asyncio.sleep(0.01)
            assert progress.stalled() == ""
            world.clock.seconds += 60
            rounds = runner.schedule.rounds
            while runner.schedule.rounds == rounds:
                await asyncio.sleep(0.01)
            assert progress.stalled() == "1 probes of tcp wait and none has started for 60 s"
