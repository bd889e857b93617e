"""kill -9 at random instants under load: nothing acknowledged is lost, and what is added is only UNKNOWN (E5)."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.stores.opening import Location, connect
from agent.stores.reading import SqliteReader
from sla.model import State, Window
from sla.timeline import Span, spans
from tests.depth import DEEP
from tests.e2e.running import Port, Process, agent, configuration, ports

pytestmark = pytest.mark.torture

KILLS = 200 if DEEP else 20
TARGETS = 40


def test_kill_9_at_random_instants_loses_no_acknowledged_edge_and_adds_only_unknown(tmp_path: Path) -> None:
    dice = random.Random(20261121)
    with ports(TARGETS) as peers:
        config = configuration(tmp_path, peers)
        known: dict[str, list[Span]] = {}
        for _ in range(KILLS):
            with agent(config, tmp_path / "log") as running:
                shown = _storm(running, peers, dice)
                running.kill()
            began = {name: story[0].start for name, story in known.items() if story}
            now = _stories(tmp_path / "ledger.db", began)
            _nothing_is_lost(known, now)
            _what_was_shown_is_there(shown, now)
            known = now
    assert len(known) == TARGETS
    assert any(span.state is State.DOWN for story in known.values() for span in story)
    assert any(span.state is State.UP for story in known.values() for span in story)


def _storm(running: Process, peers: Sequence[Port], dice: random.Random) -> dict[str, str]:
    """Open and close ports while it probes; what /metrics showed last as (target → state)."""
    end = time.monotonic() + dice.uniform(0.5, 4.5)
    text = ""
    while time.monotonic() < end:
        for peer in dice.sample(list(peers), 5):
            peer.close() if dice.random() < 0.5 else _reopen(peer)
        time.sleep(dice.uniform(0.05, 0.4))
        text = running.get("/metrics")
    lines = [line for line in text.splitlines() if line.startswith("sla_target_state{")]
    return {line.split('target="')[1].split('"')[0]: line.split('state="')[1].split('"')[0] for line in lines}


def _reopen(peer: Port) -> None:
    peer.close()
    peer.open()


def _stories(path: Path, began: dict[str, int]) -> dict[str, list[Span]]:
    """Every component's spans, as a reader of the file alone sees them; the file opens clean after the kill."""
    connection = connect(Location(path), read_only=False)
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    reader = SqliteReader(connection)
    try:
        last = reader.last_run()
        assert last is not None
        found = {}
        for component in reader.components():
            marks = reader.marks(component.id)
            if marks:
                window = Window(began.get(component.name, marks[0].at), last.heartbeat_at)
                found[component.name] = spans(marks, window, reader.known_until(component.id))
        return found
    finally:
        reader.close()


def _nothing_is_lost(before: dict[str, list[Span]], now: dict[str, list[Span]]) -> None:
    """What was durable at the last kill still stands, to the microsecond, in every state that is known."""
    for name, story in before.items():
        for span in story:
            if span.state is not State.UNKNOWN:
                covered = sum(
                    min(span.end, later.end) - max(span.start, later.start)
                    for later in now[name]
                    if later.state is span.state and later.start < span.end and later.end > span.start
                )
                assert covered == span.length, f"{name}: {span} is not in the ledger any more"


def _what_was_shown_is_there(shown: dict[str, str], now: dict[str, list[Span]]) -> None:
    """A state that /metrics acknowledged is in the ledger that the kill left behind."""
    for name, state in shown.items():
        states = {span.state.label for span in now.get(name, [])}
        assert state in states or state == "unknown", f"{name} was shown {state}; the ledger holds {states}"
