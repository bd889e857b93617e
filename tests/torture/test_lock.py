"""Another program holds the store: probing goes on, the loop stays free, what is decided waits and then is durable."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sla.model import State
from tests.depth import measure
from tests.e2e.running import Process, agent, configuration, ports, until
from tests.torture.account import account
from tests.torture.asking import all_in, reload, sample, samples, states
from tests.torture.ledgers import SECOND, causes, in_state, nothing_is_lost, seconds_in, told

pytestmark = pytest.mark.torture

LOCKED_SECONDS = measure("LOCK_SECONDS", 5, 60)
"""Beyond SQLite's own patience (10 s, at 60) commits are refused too, below it they wait."""

TARGETS, STEADY = 12, 6


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock of the store, as a careless person with sqlite3 would."""
    intruder = sqlite3.connect(path, isolation_level=None)
    intruder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        intruder.execute("ROLLBACK")
        intruder.close()


def beats(page: str) -> tuple[float, float]:
    """Pulses of the loop so far, and those that came at most half a second late."""
    return (
        sample(page, "sla_agent_loop_lag_seconds_count"),
        sample(page, 'sla_agent_loop_lag_seconds_bucket{le="0.5"}'),
    )


def test_a_locked_store_stops_no_probe_and_loses_nothing(tmp_path: Path) -> None:
    with account(f"store locked for {LOCKED_SECONDS} s, {TARGETS} targets") as report, ports(TARGETS) as peers:
        config = configuration(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            until(lambda: all_in(running, "up"), "all up")
            before, page = told(tmp_path / "ledger.db"), running.get("/metrics")
            with locked(tmp_path / "ledger.db"):
                began = time.monotonic()
                for peer in peers[STEADY:]:
                    peer.close()
                said = _reloaded_meanwhile(running, began + LOCKED_SECONDS)
                shown, held = states(running), running.get("/metrics")
                waited = sample(held, "sla_agent_store_waiting_edges")
            until(lambda: all_in(running, "down", {f"t{n}" for n in range(STEADY, TARGETS)}), "the outages")
            after = running.get("/metrics")
            assert running.stop() == 0
        now = told(tmp_path / "ledger.db", before)
        compared = nothing_is_lost(before, now) / SECOND
        assert waited == TARGETS - STEADY
        assert set(shown.values()) == {"up"}, "a state that is not durable must not be shown"
        late = [b - a for a, b in zip(beats(page), beats(after), strict=True)]
        assert late[0] == late[1], f"{late[0] - late[1]:.0f} pulses of the loop came more than 0.5 s late"
        steady = [f"t{n}" for n in range(STEADY)]
        probes = [samples(held, "sla_probe_total")[n] - samples(page, "sla_probe_total")[n] for n in steady]
        assert min(probes) >= LOCKED_SECONDS - 2, f"probing stood still: {probes}"
        assert in_state(now, State.DOWN, steady) == []
        for number in range(STEADY, TARGETS):
            assert seconds_in(now.spans[f"t{number}"], State.DOWN) >= LOCKED_SECONDS - 3, (
                "the onset is that of the port"
            )
        report.did(
            f"{sample(after, 'sla_agent_store_refused_total'):.0f} refused transactions, {waited:.0f} edges waited"
        )
        report.did(
            f"each steady target probed {min(probes):.0f} to {max(probes):.0f} times meanwhile; a reload said: {said}"
        )
        report.lost(f"nothing: {len(now.edges)} edges, {compared:.0f} known target-seconds compared")
        report.unknown(causes(now))


def _reloaded_meanwhile(running: Process, until_then: float) -> str:
    """A reload has to write: it may be refused or wait, it may not stop the loop."""
    answers: list[tuple[int, str]] = []
    asking = threading.Thread(target=lambda: answers.append(reload(running)))
    asking.start()
    while time.monotonic() < until_then:
        assert running.get("/-/healthy") == "healthy\n"
        time.sleep(0.2)
    asking.join(60)
    return f"{answers[0][0]} {answers[0][1].strip()[:160]}"
