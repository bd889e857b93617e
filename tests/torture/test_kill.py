"""kill -9 at random instants under load: nothing acknowledged is lost, and what is added is only UNKNOWN (E5)."""

import json
import random
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from sla.model import State
from tests.depth import measure
from tests.e2e.running import Port, Process, configuration, drained, ports
from tests.torture.account import Account, account
from tests.torture.ledgers import SECOND, Told, causes, chain_agrees, in_state, nothing_is_lost, seconds_in, told

pytestmark = pytest.mark.torture

KILLS = measure("KILLS", 20, 1000)
TARGETS, OPEN, CLOSED = 40, 8, 4
"""Of the targets the first OPEN always answer and the next CLOSED never do; the others come and go."""

ENOUGH = 50
"""Kills after which every target has had the time to be seen DOWN, or UP."""

LOSS_BOUND_SECONDS = 10
"""What E5 grants: at most so much before a kill becomes UNKNOWN, an open streak aside."""


class Shown(NamedTuple):
    """What the API acknowledged last: (target, since when, state), and when it was asked. Units: microseconds."""

    edges: frozenset[tuple[str, int, State]]
    at: int


def test_kill_9_at_random_instants_loses_no_acknowledged_edge_and_adds_only_unknown(tmp_path: Path) -> None:
    dice = random.Random(measure("SEED", 20261121, 20261121))
    with account(f"kill -9, {KILLS} times, {TARGETS} targets") as report, ports(TARGETS) as peers, drained(peers):
        for peer in peers[OPEN : OPEN + CLOSED]:
            peer.close()
        config = configuration(tmp_path, peers)
        known, totals = None, Totals()
        for _ in range(KILLS):
            killed, shown = _life(config, tmp_path / "log", peers[OPEN + CLOSED :], dice)
            if known is None and shown is None:  # maybe there was no ledger yet; the next life begins on it
                totals.before_ready += 1
                continue
            now = told(tmp_path / "ledger.db", known)
            if known is not None:
                totals.compared = nothing_is_lost(known, now) / SECOND
            totals.take(shown, now, killed)
            chain_agrees(tmp_path / "ledger.db", now.heartbeat)
            known = now
        assert known is not None
        _nothing_is_invented(known)
        _tell(report, totals, known)


class Totals:
    """What was held against the ledgers that the kills left."""

    def __init__(self) -> None:
        self.compared = 0.0
        self.shown = 0
        self.before_ready = 0
        self.tails: list[float] = []

    def take(self, shown: Shown | None, now: Told, killed: int) -> None:
        """What was acknowledged is there; what is not known of the time before the kill is within the bound."""
        if shown is None:
            self.before_ready += 1
            return
        gone = shown.edges - now.edges
        assert not gone, f"shown, and not in the ledger: {sorted(gone)}"
        self.shown += len(shown.edges)
        tail = (killed - now.heartbeat) / SECOND
        assert tail <= LOSS_BOUND_SECONDS, f"{tail:.1f} s before the kill are lost"
        assert now.heartbeat >= shown.at - LOSS_BOUND_SECONDS * SECOND
        self.tails.append(tail)


def _life(config: Path, log: Path, peers: Sequence[Port], dice: random.Random) -> tuple[int, Shown | None]:
    """One life: sometimes it ends before the agent is ready. When it was killed, and what it had shown."""
    running = Process(config, log)
    try:
        shown = None
        if dice.random() < 0.1:
            time.sleep(dice.uniform(0, 1.5))
        else:
            running.wait_ready()
            shown = _storm(running, peers, dice)
        killed = time.time_ns() // 1000
    finally:
        running.kill()
    return killed, shown


def _storm(running: Process, peers: Sequence[Port], dice: random.Random) -> Shown:
    """Open and close ports while it probes; what it acknowledged last."""
    end = time.monotonic() + dice.uniform(0, 3)
    shown = Shown(frozenset(), 0)
    while time.monotonic() < end:
        for peer in dice.sample(list(peers), 5):
            peer.close()
            if dice.random() < 0.5:
                peer.open()
        time.sleep(dice.uniform(0.05, 0.4))
        at = time.time_ns() // 1000
        shown = Shown(_acknowledged(running), at)
    return shown


def _acknowledged(running: Process) -> frozenset[tuple[str, int, State]]:
    states = {state.label: state for state in State}
    rows = json.loads(running.get("/api/v1/targets?limit=100"))["targets"]
    return frozenset(
        (row["id"], round(datetime.fromisoformat(row["since"]).timestamp() * SECOND), states[row["state"]])
        for row in rows
        if row["since"] is not None and row["state"] in {"up", "degraded", "down"}
    )


def _nothing_is_invented(known: Told) -> None:
    """Who always answered was never DOWN, who never did never UP, however often the agent died."""
    always, never = [f"t{n}" for n in range(OPEN)], [f"t{n}" for n in range(OPEN, OPEN + CLOSED)]
    assert in_state(known, State.DOWN, always) == []
    assert in_state(known, State.UP, never) == in_state(known, State.DEGRADED, never) == []
    assert in_state(known, State.UP)
    if KILLS >= ENOUGH:
        assert len(known.spans) == TARGETS
        assert in_state(known, State.DOWN)


def _tell(report: Account, totals: Totals, known: Told) -> None:
    stories = known.spans.values()
    up, down = (sum(seconds_in(story, state) for story in stories) for state in (State.UP, State.DOWN))
    tails = sorted(totals.tails)
    report.did(f"{KILLS} kills, {totals.before_ready} of them before it was ready; {known.gaps} gaps in the ledger")
    report.did(f"{len(known.edges)} edges, {up:.0f} target-seconds UP, {down:.0f} DOWN in the ledger at the end")
    report.lost(
        f"nothing: {totals.shown} acknowledged edges looked up, {totals.compared:.0f} known target-seconds compared"
    )
    report.unknown(f"{causes(known)}; before a kill at most {tails[-1]:.2f} s, median {tails[len(tails) // 2]:.2f} s")
