"""The disk is full: nothing is invented, what is decided waits and is durable with its own times when there is room."""

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from sla.model import State
from tests.depth import measure
from tests.e2e.running import DEADLINE_SECONDS, Port, Process, agent, configuration, ports, until
from tests.torture.account import account
from tests.torture.asking import all_in, sample, states
from tests.torture.disks import Disk, disk
from tests.torture.ledgers import SECOND, Told, causes, in_state, nothing_is_lost, told

pytestmark = [pytest.mark.torture, pytest.mark.root]

ROUNDS = measure("ROUNDS", 1, 20)
TARGETS, STEADY = 12, 6
"""The first STEADY answer all the time, the others fail while the disk is full."""


def on(where: Disk, folder: Path, peers: Sequence[Port]) -> Path:
    """A configuration whose store lies on the disk."""
    config = configuration(folder, peers)
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace(f"{folder}/ledger.db", f"{where.inside}/ledger.db"), encoding="utf-8")
    return config


def refusals(running: Process) -> float:
    return sample(running.get("/metrics"), "sla_agent_store_refused_total")


def waiting(running: Process) -> float:
    return sample(running.get("/metrics"), "sla_agent_store_waiting_edges")


def test_a_full_disk_loses_nothing_and_what_waited_is_durable_with_its_own_times(tmp_path: Path) -> None:
    with (
        account(f"disk full, {ROUNDS} times, {TARGETS} targets") as report,
        disk(tmp_path / "disk", "16m") as small,
        ports(TARGETS) as peers,
    ):
        config = on(small, tmp_path, peers)
        with agent(config, tmp_path / "log", small.prefix) as running:
            until(lambda: all_in(running, "up"), "all up")
            known, refused = told(small.copied("ledger.db", tmp_path / "copy.db")), 0.0
            for _ in range(ROUNDS):
                _one_outage(running, small, peers[STEADY:])
                refused = refusals(running)
                now = told(small.copied("ledger.db", tmp_path / "copy.db"), known)
                compared = nothing_is_lost(known, now) / SECOND
                known = now
            assert running.stop() == 0
        known = told(small.copied("ledger.db", tmp_path / "copy.db"), known)
        _steady_ones_were_up(known)
        _outages_are_there(known)
        assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")
        report.did(f"{ROUNDS} full disks, {refused:.0f} refused transactions; half of the targets failed meanwhile")
        report.lost(f"nothing: {len(known.edges)} edges, {compared:.0f} known target-seconds compared")
        report.unknown(causes(known))


def _one_outage(running: Process, small: Disk, peers: Sequence[Port]) -> None:
    """The disk fills, half of the targets fail, and both come back in the other order."""
    before = refusals(running)
    small.fill()
    until(lambda: refusals(running) > before, "a refused transaction")
    for peer in peers:
        peer.close()
    until(lambda: waiting(running) >= len(peers), "edges that wait")
    shown = states(running)
    assert "down" not in shown.values(), "a state that is not durable must not be shown"
    assert all(shown[f"t{number}"] == "up" for number in range(STEADY))
    small.give_room()
    until(lambda: waiting(running) == 0, "durable edges")
    until(lambda: all_in(running, "down", {f"t{number}" for number in range(STEADY, TARGETS)}), "the outages")
    for peer in peers:
        peer.open()
    until(lambda: all_in(running, "up"), "all up again")


def _steady_ones_were_up(known: Told) -> None:
    steady = [f"t{number}" for number in range(STEADY)]
    assert in_state(known, State.DOWN, steady) == []
    for name in steady:
        first = next(span.start for span in known.spans[name] if span.state is State.UP)
        later = [
            span for span in known.spans[name] if span.end > first and span.state not in (State.UP, State.DEGRADED)
        ]
        assert later == [], f"{name} answered all the time, and our own disk made {later}"


def _outages_are_there(known: Told) -> None:
    for number in range(STEADY, TARGETS):
        downs = [span for span in known.spans[f"t{number}"] if span.state is State.DOWN]
        assert len(downs) == ROUNDS, f"t{number}: {downs}"


def test_killed_on_a_full_disk_what_was_not_durable_becomes_unknown_and_a_start_there_is_refused(
    tmp_path: Path,
) -> None:
    with (
        account("killed while the disk is full") as report,
        disk(tmp_path / "disk", "16m") as small,
        ports(TARGETS) as peers,
    ):
        config = on(small, tmp_path, peers)
        with agent(config, tmp_path / "log", small.prefix) as running:
            until(lambda: all_in(running, "up"), "all up")
            before = refusals(running)
            small.fill()
            until(lambda: refusals(running) > before, "a refused transaction")
            for peer in peers[STEADY:]:
                peer.close()
            until(lambda: waiting(running) >= TARGETS - STEADY, "edges that wait")
            running.kill()
        killed = time.time_ns() // 1000
        durable = told(small.copied("ledger.db", tmp_path / "copy.db"))
        said = refused_start(config, small)
        small.give_room()
        with agent(config, tmp_path / "log", small.prefix) as running:
            until(lambda: all_in(running, "down", {f"t{number}" for number in range(STEADY, TARGETS)}), "the outages")
            until(lambda: all_in(running, "up", {f"t{number}" for number in range(STEADY)}), "the others")
            assert running.stop() == 0
        known = told(small.copied("ledger.db", tmp_path / "copy.db"), durable)
        compared = nothing_is_lost(durable, known) / SECOND
        assert in_state(known, State.DOWN, [f"t{number}" for number in range(STEADY)]) == []
        for story in known.spans.values():
            between = [span for span in story if span.start < killed and span.end > durable.heartbeat]
            assert {span.state for span in between} == {State.UNKNOWN}, between
        report.did(f"killed {(killed - durable.heartbeat) / SECOND:.1f} s after the last durable heartbeat")
        report.did(f"a start on the full disk said: {said}")
        report.lost(f"nothing that was durable: {compared:.0f} known target-seconds compared")
        report.unknown(causes(known))


def refused_start(config: Path, small: Disk) -> str:
    """One clear message and exit 2, no traceback."""
    command = [*small.prefix, sys.executable, "-m", "agent", "run", "--config.file", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert "Traceback" not in said, said
    assert re.search(r"ledger\.db.*(full|space)|(full|space).*ledger\.db", said), said
    return said.strip().splitlines()[-1]


def test_a_first_start_on_a_full_disk_is_refused_in_one_line(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "1m") as small, ports(1) as peers:
        config = on(small, tmp_path, peers)
        small.fill()
        refused_start(config, small)
        small.give_room()
        with agent(config, tmp_path / "log", small.prefix) as running:
            until(lambda: all_in(running, "up"), "up")
            assert running.stop() == 0
