"""One probe from launch to ledger: the deadline, the exception boundary, and what counts as our own fault."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Self

import pytest

from agent.runner import OpenModule, Runner
from agent.selfmetrics import SelfMetrics
from collectors.base import Kind, Module, Outcome, Reading, Reason, Target, failed, ok
from tests.agent.worlds import World, target


class Scripted:
    """A collector that does what the test says."""

    def __init__(self, *acts: Sequence[Reading] | BaseException | float) -> None:
        self.acts = list(acts)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def collect(self, target: Target) -> Sequence[Reading]:
        act = self.acts.pop(0)
        if isinstance(act, BaseException):
            raise act
        if isinstance(act, float):
            await asyncio.sleep(act)
            return [ok()]
        return act


def kind(*, owns_deadline: bool = False) -> Kind:
    return Kind(
        name="tcp",
        module_type=Module,
        build=lambda _: Scripted(),
        check_address=lambda _: "",
        values=MappingProxyType({}),
        owns_deadline=owns_deadline,
    )


def runner(world: World, *acts: Sequence[Reading] | BaseException | float, owns: bool = False) -> Runner:
    made = Runner(world.run_clock, world.ledger, world.committer, SelfMetrics())
    made.modules["m"] = OpenModule(kind(owns_deadline=owns), Scripted(*acts))
    made.limit("tcp", 10, 1000)
    return made


@pytest.fixture
def world(tmp_path: Path) -> World:
    with World(tmp_path / "ledger.db") as made:
        yield made


async def measure(made: Runner, seconds: float = 2.0) -> Reading:
    watched = replace(target(), target=Target(id="t", address="x", timeout_seconds=seconds))
    [reading] = await made.measure(watched, made._clock.monotonic_ns())
    return reading


async def test_what_a_collector_says_is_passed_on(world: World) -> None:
    assert await measure(runner(world, [failed(Reason.REFUSED, "no")])) == failed(Reason.REFUSED, "no")


async def test_our_own_bug_is_an_error_and_never_a_failure(world: World, caplog: pytest.LogCaptureFixture) -> None:
    made = runner(world, ZeroDivisionError("bug"), ZeroDivisionError("bug"))
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            reading = await measure(made)
            assert (reading.outcome, reading.reason) == (Outcome.ERROR, Reason.INTERNAL)
    assert len(caplog.records) == 1, "logged once, not at every probe"


async def test_an_answer_that_does_not_come_in_time_is_a_failure_by_timeout(world: World) -> None:
    reading = await measure(runner(world, 60.0), seconds=0.02)
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.TIMEOUT)


async def test_a_timeout_error_of_the_collector_itself_is_our_bug(world: World) -> None:
    reading = await measure(runner(world, TimeoutError("inside")), seconds=30)
    assert (reading.outcome, reading.reason) == (Outcome.ERROR, Reason.INTERNAL)


async def test_a_kind_that_owns_its_deadline_is_not_wrapped_again(world: World) -> None:
    reading = await measure(runner(world, 0.05, owns=True), seconds=0.001)
    assert reading.outcome is Outcome.OK


async def test_no_reading_at_all_is_an_error(world: World) -> None:
    assert (await measure(runner(world, []))).outcome is Outcome.ERROR


async def test_a_module_this_host_does_not_allow_gives_errors_that_say_why(world: World) -> None:
    made = runner(world)
    made.modules["m"] = OpenModule(kind(), None, "needs CAP_NET_RAW")
    reading = await measure(made)
    assert (reading.outcome, reading.reason, reading.detail) == (Outcome.ERROR, Reason.PERMISSION, "needs CAP_NET_RAW")


async def test_a_failure_while_our_loop_stood_still_is_an_error(world: World) -> None:
    made = runner(world, [failed(Reason.TIMEOUT, "silence")])
    world.clock.seconds += 30
    reading = await measure(made, seconds=2)
    assert (reading.outcome, reading.reason) == (Outcome.ERROR, Reason.LATE)


async def test_an_answer_while_our_loop_stood_still_stays_an_answer(world: World) -> None:
    made = runner(world, [ok()])
    world.clock.seconds += 30
    assert (await measure(made)).outcome is Outcome.OK


async def test_a_certificate_judged_by_a_clock_in_doubt_is_our_failure(world: World) -> None:
    expired = failed(Reason.CERTIFICATE, "the certificate does not verify: certificate has expired")
    made = runner(world, [expired], [expired])
    assert (await measure(made)).outcome is Outcome.FAILED
    made.clock_in_doubt = lambda: True
    reading = await measure(made)
    assert (reading.outcome, reading.reason) == (Outcome.ERROR, Reason.CLOCK)
    assert "expired" in reading.detail


async def test_a_device_s_clock_is_held_against_ours_unless_ours_is_in_doubt(world: World) -> None:
    stamp = world.clock.wall_us() / 1e6 + 8 * 3600 + 3
    told = ok({"date_timestamp_seconds": stamp})
    made = runner(world, [told], [told])
    found = (await measure(made)).values
    assert (found["clock_skew_seconds"], found["clock_zone_mislabelled"]) == (pytest.approx(3), 1)
    made.clock_in_doubt = lambda: True
    assert "clock_skew_seconds" not in (await measure(made)).values


async def test_a_reading_the_ledger_cannot_take_is_dropped_and_the_agent_runs_on(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = runner(world, [ok()])

    def broken(*_: object) -> bool:
        raise RuntimeError("bug in the ledger")

    monkeypatch.setattr(world.ledger, "record", broken)
    made.schedule.add(target())
    job = made.schedule._jobs["t"]
    made.lanes["tcp"].active = 1
    await made._probe(job)
    assert made.lanes["tcp"].active == 0
    assert "could not be taken" in caplog.text


def test_a_store_that_is_choked_stops_probes_from_starting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = runner(world, [ok()])
    monkeypatch.setattr("agent.commit.WAITING_LIMIT", 0)
    made.schedule.add(target())
    job = made.schedule._jobs["t"]
    made.launch(job)
    assert made.lanes["tcp"].active == 0
    assert job.due_ns > 0
