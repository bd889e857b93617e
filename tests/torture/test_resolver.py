"""The name server is dead: names cannot be measured and are UNKNOWN, never DOWN; addresses are probed as ever."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.rrset
import pytest

from sla.model import State
from tests.depth import measure
from tests.e2e.running import agent, configuration, ports, until
from tests.requirements import need_program, need_root
from tests.torture.account import account
from tests.torture.asking import all_in, problems, samples
from tests.torture.ledgers import SECOND, causes, in_state, nothing_is_lost, told

pytestmark = [pytest.mark.torture, pytest.mark.root]

ROUNDS = measure("ROUNDS", 1, 20)
TARGETS, NAMED = 24, 16
"""The first NAMED are asked for by name: more than there are threads for look-ups."""

NAMESERVER = "127.9.9.53"


class NameServer:
    """Answers every name with 127.0.0.1, or drops every question, as it is told."""

    def __init__(self) -> None:
        self.dead = False
        self.dropped = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((NAMESERVER, 53))

    def serve(self) -> None:
        """Until an empty datagram comes."""
        while True:
            wire, asker = self._socket.recvfrom(4096)
            if not wire:
                return
            if self.dead:
                self.dropped += 1
                continue
            answer = dns.message.make_response(dns.message.from_wire(wire))
            question = answer.question[0]
            if question.rdtype == dns.rdatatype.A:
                answer.answer.append(dns.rrset.from_text(question.name, 0, "IN", "A", "127.0.0.1"))
            self._socket.sendto(answer.to_wire(), asker)

    def stop(self) -> None:
        """End `serve`."""
        self._socket.sendto(b"", (NAMESERVER, 53))

    def close(self) -> None:
        """Give the address back."""
        self._socket.close()


@contextmanager
def name_server() -> Iterator[NameServer]:
    made = NameServer()
    serving = threading.Thread(target=made.serve)
    serving.start()
    try:
        yield made
    finally:
        made.stop()
        serving.join(60)
        made.close()


def prefix(folder: Path) -> tuple[str, ...]:
    """A mount namespace in which that name server is the only one."""
    need_root()
    unshare, mount = need_program("unshare"), need_program("mount")
    (folder / "resolv.conf").write_text(f"nameserver {NAMESERVER}\noptions timeout:1 attempts:1\n", encoding="ascii")
    script = f'"{mount}" --bind "{folder}/resolv.conf" "$(readlink -f /etc/resolv.conf)" && exec "$@"'
    return (unshare, "--mount", "--propagation", "private", "sh", "-c", script, "sh")


def named(config: Path) -> Path:
    """The first targets by name instead of by address."""
    lines = config.read_text(encoding="utf-8").splitlines()
    renamed = [
        line.replace('"127.0.0.1:', f'"node{number}.zone.example:')
        for number in range(NAMED)
        for line in lines
        if f"target_id: t{number}," in line
    ]
    kept = [line for line in lines if not any(f"target_id: t{number}," in line for number in range(NAMED))]
    config.write_text("\n".join([*kept, *renamed]) + "\n", encoding="utf-8")
    return config


def test_a_dead_name_server_makes_names_unknown_and_harms_no_address(tmp_path: Path) -> None:
    by_name, by_address = ({f"t{n}" for n in span} for span in (range(NAMED), range(NAMED, TARGETS)))
    with (
        account(f"dead name server, {ROUNDS} times, {NAMED} targets by name, {TARGETS - NAMED} by address") as report,
        name_server() as server,
        ports(TARGETS) as peers,
    ):
        config = named(configuration(tmp_path, peers))
        with agent(config, tmp_path / "log", prefix(tmp_path)) as running:
            until(lambda: all_in(running, "up"), "all up")
            known, before, began = told(tmp_path / "ledger.db"), running.get("/metrics"), time.monotonic()
            for _ in range(ROUNDS):
                server.dead = True
                until(lambda: all_in(running, "unknown", by_name), "names unknown")
                assert problems(running.get("/metrics")).keys() <= {("error", "resolver"), ("error", "late")}
                threads = _threads(running.child.pid)
                assert all_in(running, "up", by_address)
                server.dead = False
                until(lambda: all_in(running, "up"), "all up again")
            page, seconds = running.get("/metrics"), time.monotonic() - began
            assert running.stop() == 0
        now = told(tmp_path / "ledger.db", known)
        compared = nothing_is_lost(known, now) / SECOND
        assert in_state(now, State.DOWN) == in_state(now, State.DEGRADED) == []
        assert server.dropped > 0
        later = [span for name in by_address for span in now.spans[name] if span.start > known.heartbeat]
        assert [span for span in later if span.state is State.UNKNOWN] == []
        probes = [samples(page, "sla_probe_total")[n] - samples(before, "sla_probe_total")[n] for n in by_address]
        assert min(probes) >= seconds - 2, "addresses waited for names"
        report.did(f"{server.dropped} questions dropped, {threads} threads at most; addresses probed on time")
        report.lost(f"nothing: {compared:.0f} known target-seconds compared; no target was ever DOWN or DEGRADED")
        report.unknown(causes(now))


def _threads(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("Threads:")).split()[1])
