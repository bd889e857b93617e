"""No file descriptor is left: no target is DOWN for it, what cannot be measured is UNKNOWN, all resumes by itself."""

import http.client
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sla.model import State
from tests.depth import measure
from tests.e2e.running import Process, agent, configuration, ports, until
from tests.requirements import need_program
from tests.torture.account import account
from tests.torture.asking import all_in, problems, sample, samples
from tests.torture.ledgers import SECOND, causes, in_state, nothing_is_lost, seconds_in, told

pytestmark = pytest.mark.torture

ROUNDS = measure("ROUNDS", 1, 20)
TARGETS, LIMIT = 30, 200


@contextmanager
def exhausted(running: Process) -> Iterator[int]:
    """The process may open nothing more than it has; how many that are."""
    pid = running.child.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    held = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield held
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def crowd(running: Process, size: int) -> Iterator[None]:
    """Connections to the agent that say nothing: each takes a descriptor of it."""
    host, _, port = running.address.rpartition(":")
    held = []
    try:
        for _ in range(size):
            held.append(socket.create_connection((host, int(port)), timeout=60))
        yield
    finally:
        for connection in held:
            connection.close()


class Asker:
    """One connection that stands before the crowd comes, and is kept."""

    def __init__(self, running: Process) -> None:
        self._connection = http.client.HTTPConnection(running.address, timeout=60)

    def page(self) -> str:
        self._connection.request("GET", "/metrics")
        return self._connection.getresponse().read().decode()

    def close(self) -> None:
        self._connection.close()


def test_without_descriptors_nothing_is_down_and_all_resumes(tmp_path: Path) -> None:
    with account(f"no descriptor left, {ROUNDS} times, {TARGETS} targets") as report, ports(TARGETS) as peers:
        config = configuration(tmp_path, peers)
        with agent(config, tmp_path / "log") as running:
            until(lambda: all_in(running, "up"), "all up")
            known, asker = told(tmp_path / "ledger.db"), Asker(running)
            for _ in range(ROUNDS):
                asker.page()
                with exhausted(running) as held, crowd(running, 20):
                    until(lambda: problems(asker.page())["error", "resources"] == TARGETS, "errors of every probe")
                    time.sleep(2.5)  # beyond the validity of the last good reading: 1.5 intervals and a timeout
                    assert problems(asker.page()) == {("error", "resources"): TARGETS}
                until(lambda: not problems(asker.page()), "good readings again")
                until(lambda: all_in(running, "up"), "all up again")
            asker.close()
            assert running.stop() == 0
        now, log = told(tmp_path / "ledger.db", known), (tmp_path / "log").read_text(encoding="utf-8")
        compared = nothing_is_lost(known, now) / SECOND
        assert in_state(now, State.DOWN) == in_state(now, State.DEGRADED) == []
        later = [span for story in now.spans.values() for span in story if span.start > known.heartbeat]
        assert seconds_in(later, State.UNKNOWN) > 0, "time in which nothing could be measured must not be UP"
        assert log.count("nobody can connect") in range(1, ROUNDS + 1)
        assert "Traceback" not in log
        report.did(
            f"the agent held {held} descriptors and got no more; its page showed error/resources for all targets"
        )
        report.did(f"its log has {len(log.splitlines())} lines")
        report.lost(f"nothing: {compared:.0f} known target-seconds compared; no target was ever DOWN or DEGRADED")
        report.unknown(causes(now))


def test_a_crowd_of_visitors_takes_no_descriptor_from_a_probe(tmp_path: Path) -> None:
    prefix = (need_program("prlimit"), f"--nofile={LIMIT}:{LIMIT}", "--")
    with account(f"{3 * LIMIT} silent visitors, {LIMIT} descriptors") as report, ports(TARGETS) as peers:
        config = configuration(tmp_path, peers)
        with agent(config, tmp_path / "log", prefix) as running, ExitStack() as stack:
            until(lambda: all_in(running, "up"), "all up")
            asker = Asker(running)
            before = asker.page()
            stack.enter_context(crowd(running, 3 * LIMIT))
            until(lambda: all(n >= 4 for n in more(before, asker.page()).values()), "four probes of each target")
            page = asker.page()
            held = sample(page, "process_open_fds")
            assert problems(page) == {}
            assert min(samples(page, "sla_target_up").values()) == 1
            assert held < LIMIT / 2
            with pytest.raises(OSError, match="503"):
                running.get("/metrics")
            stack.close()
            until(lambda: all_in(running, "up"), "an answer to a new visitor")
            asker.close()
            assert running.stop() == 0
        now = told(tmp_path / "ledger.db")
        assert in_state(now, State.DOWN) == in_state(now, State.DEGRADED) == []
        report.did(f"the agent held {held:.0f} descriptors; each target was probed at least 4 times meanwhile")
        report.lost("nothing; no probe was an error")
        report.unknown(causes(now))


def more(before: str, page: str) -> dict[str, float]:
    """Probes of each target between two pages."""
    earlier = samples(before, "sla_probe_total")
    return {target: count - earlier.get(target, 0) for target, count in samples(page, "sla_probe_total").items()}
