"""The wall clock steps at random while targets come and go: no duration changes, no turn is missed, nothing is lost."""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from sla.model import State
from tests.depth import measure
from tests.e2e.running import Port, Process, agent, drained, ports, until
from tests.e2e.test_clock import INTERVAL_SECONDS, RIGHT, WallClock, patient, steps
from tests.torture.account import account
from tests.torture.asking import all_in, sample, samples
from tests.torture.ledgers import SECOND, Told, causes, in_state, nothing_is_lost, told

pytestmark = pytest.mark.torture

STEPS = measure("STEPS", 1, 100)
TARGETS, STEADY = 6, 3
OFFSETS = ("-10m", "+1h", "-3d", "+30d", "+2s", "-5s", "+10y", "-1y")


class Outage(NamedTuple):
    """When it began, was seen, ended and was seen to be over. Units: monotonic seconds.

    Bounds of what was seen, not of how soon: a machine that stalls for eight seconds has no other clock for that.
    """

    began: float
    seen: float
    ended: float
    over: float

    @property
    def shortest(self) -> float:
        return self.ended - self.seen

    @property
    def longest(self) -> float:
        return self.over - self.began


def test_random_steps_change_no_duration_and_miss_no_turn(tmp_path: Path) -> None:
    dice, wall = random.Random(20261122), WallClock(tmp_path)
    with (
        account(f"{STEPS} steps of the wall clock, each undone, {TARGETS} targets") as report,
        ports(TARGETS) as peers,
        drained(peers),
    ):
        with agent(patient(tmp_path, peers), tmp_path / "log", wall.prefix()) as running:
            until(lambda: all_in(running, "up"), "all up")
            known, page, began = told(tmp_path / "ledger.db"), running.get("/metrics"), time.monotonic()
            outages = []
            for number in range(STEPS):
                outages.append(_outage_under_a_step(running, wall, peers[STEADY:], dice.choice(OFFSETS), number))
            after, seconds = running.get("/metrics"), time.monotonic() - began
            assert running.stop() == 0
        now = told(tmp_path / "ledger.db", known)
        compared = nothing_is_lost(known, now) / SECOND
        assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")
        assert sample(after, "sla_agent_clock_unresolved") == 0
        assert sample(after, 'sla_agent_ticks_missed_total{kind="tcp"}') <= TARGETS, "turns by the wall clock"
        turns = [
            samples(after, "sla_probe_total")[f"t{n}"] - samples(page, "sla_probe_total")[f"t{n}"]
            for n in range(STEADY)
        ]
        assert all(0.5 <= count * INTERVAL_SECONDS / seconds <= 1.5 for count in turns), (turns, seconds)
        assert in_state(now, State.DOWN, [f"t{n}" for n in range(STEADY)]) == []
        furthest = _lengths(now, outages)
        seen = sample(after, "sla_agent_clock_steps_total")
        report.did(f"{seen:.0f} steps seen, {min(turns):.0f} to {max(turns):.0f} turns in {seconds:.0f} s")
        told_apart = f"ledger and truth differ by at most {furthest:.1f} s (interval {INTERVAL_SECONDS} s)"
        report.did(f"{len(outages)} outages of {TARGETS - STEADY} targets, a step in the middle of each: {told_apart}")
        report.lost(f"nothing: {compared:.0f} known target-seconds compared")
        report.unknown(causes(now))


def _outage_under_a_step(running: Process, wall: WallClock, peers: Sequence[Port], offset: str, number: int) -> Outage:
    """An outage with a step in its middle, by a clock that nobody sets."""
    names = {f"t{n}" for n in range(STEADY, TARGETS)}
    began = time.monotonic()
    for peer in peers:
        peer.close()
    wall.set(offset)
    until(lambda: steps(running) == 2 * number + 1, f"the step to {offset}")
    until(lambda: all_in(running, "down", names), "down")
    seen = time.monotonic()
    wall.set(RIGHT)
    until(lambda: steps(running) == 2 * number + 2, f"the step back from {offset}")
    ended = time.monotonic()
    for peer in peers:
        peer.open()
    until(lambda: all_in(running, "up", names), "up again")
    return Outage(began, seen, ended, time.monotonic())


def _lengths(now: Told, outages: Sequence[Outage]) -> float:
    """Each outage is in the ledger once, as long as it can have been; the largest difference to its real length."""
    furthest = 0.0
    for name in (f"t{n}" for n in range(STEADY, TARGETS)):
        downs = [span.length / SECOND for span in now.spans[name] if span.state is State.DOWN]
        assert len(downs) == len(outages), (downs, outages)
        for down, outage in zip(downs, outages, strict=True):
            assert outage.shortest <= down <= outage.longest, (name, down, outage)
            furthest = max(furthest, abs(down - (outage.ended - outage.began)))
    return furthest
