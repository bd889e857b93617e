"""Everything dies at once and comes back: each target DOWN once, at its time; who lives beside it notices nothing."""

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from sla.model import State
from sla.timeline import Span
from tests.depth import measure
from tests.e2e.running import Port, agent, drained, until
from tests.torture.account import account
from tests.torture.asking import numbers, sample, samples, states
from tests.torture.ledgers import SECOND, causes, in_state, nothing_is_lost, told, was_known

pytestmark = pytest.mark.torture

TARGETS = measure("TARGETS", 200, 10_000)
INTERVAL = 2 if TARGETS <= 1000 else 20
LIVING = 20
SLACK_SECONDS = 30

CONFIG = """
vantage: {{name: e2e}}
store: {{url: "sqlite:///{folder}/ledger.db"}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  port: {{kind: tcp, interval: {interval}s, retry_interval: {retry}s, timeout: 1s}}
registers:
  - {{kind: targets, file: targets.csv}}
"""


def written(folder: Path, dying: Port, living: Port) -> Path:
    """Every target has an address of its own; those that die are one port, those that live another."""
    rows = ["target_id,kind,address,module"]
    for number in range(TARGETS + LIVING):
        port = dying if number < TARGETS else living
        name = f"d{number:05}" if number < TARGETS else f"l{number:05}"
        rows.append(f"{name},tcp,127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}:{port.number},port")
    (folder / "targets.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    path = folder / "agent.yml"
    text = CONFIG.format(folder=folder, interval=INTERVAL, retry=max(INTERVAL // 6, 1))
    path.write_text(text, encoding="utf-8")
    return path


def test_all_die_at_once_and_come_back(tmp_path: Path) -> None:
    dying, living = Port("0.0.0.0"), Port("0.0.0.0")
    with account(f"{TARGETS} targets dead at once, {LIVING} beside them live") as report:
        try:
            config = written(tmp_path, dying, living)
            with drained((dying, living)), agent(config, tmp_path / "log") as running:
                until(lambda: numbers(running)["up"] == TARGETS + LIVING, "all up")
                known, before, began = told(tmp_path / "ledger.db"), running.get("/metrics"), time.monotonic()
                dead = {name for name in states(running) if name.startswith("d")}
                dying.close()
                died_at = time.time_ns() // 1000
                until(lambda: numbers(running)["down"] == TARGETS, "all of them down")
                down_after = time.monotonic() - began
                alive_then = numbers(running)["up"]
                back_at = time.time_ns() // 1000
                dying.open()
                until(lambda: numbers(running)["up"] == TARGETS + LIVING, "all back")
                page, spent = running.get("/metrics"), time.monotonic() - began
                assert running.stop() == 0
        finally:
            dying.give_back()
            living.give_back()
        now = told(tmp_path / "ledger.db", known)
        compared = nothing_is_lost(known, now) / SECOND
        assert len(dead) == TARGETS
        _each_once(now.spans, dead, died_at, back_at)
        alive = [name for name in now.spans if name not in dead]
        assert in_state(now, State.DOWN, alive) == []
        was_known(now, alive, known.heartbeat)
        probes = [samples(page, "sla_probe_total")[n] - samples(before, "sla_probe_total")[n] for n in alive]
        assert min(probes) >= spent / INTERVAL / 2, "the living were not probed on time"
        missed = sample(page, 'sla_agent_ticks_missed_total{kind="tcp"}')
        report.did(
            f"{TARGETS} down, {alive_then} up {down_after:.0f} s after the death (every {INTERVAL} s), "
            f"{missed:.0f} turns missed"
        )
        report.lost(f"nothing: {compared:.0f} known target-seconds compared; each of the dead has one outage")
        report.unknown(causes(now, since=known.heartbeat))


def _each_once(spans: Mapping[str, list[Span]], dead: set[str], died_at: int, back_at: int) -> None:
    """One outage each, begun within an interval of the death, ended within an interval of the return."""
    most = (INTERVAL + SLACK_SECONDS) * SECOND
    for name in sorted(dead):
        downs = [span for span in spans[name] if span.state is State.DOWN]
        assert len(downs) == 1, f"{name}: {downs}"
        assert died_at - SECOND <= downs[0].start <= died_at + most, name
        assert back_at - SECOND <= downs[0].end <= back_at + most, name
