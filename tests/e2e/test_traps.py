"""SNMP traps at a real agent, sent by net-snmp about a real snmpd: a probe comes at once, and evidence by probes alone.

The interval is a day: whatever is probed twice was probed by a hint, or by S3 after one.
"""

import os
import re
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.collectors.snmp_peers import COMMUNITY, PASSWORDS, free_port, snmpd
from tests.collectors.trap_peers import answers, captured, send, v1, v2c, v3
from tests.e2e.running import Process, agent, until
from tests.requirements import need_program, need_root

HERE, THERE = "10.231.9.1", "10.231.9.2"
CONFIG = """
vantage: {{name: e2e}}
store: {{url: "sqlite:///{folder}/ledger.db"}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  device: {{kind: snmp, interval: 1d, retry_interval: 1s, timeout: 5s, community: {{env: SNMP_COMMUNITY}}, {module}}}
traps:
  listen_addresses: [{listen}]
  communities: [{{env: SNMP_COMMUNITY}}]
  users:
    - user: signed
      hash: sha256
      auth_password: {{env: SNMP_AUTH}}
      cipher: aes128
      priv_password: {{env: SNMP_PRIV}}
targets:
{targets}
"""
Words = tuple[list[str], list[str]]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    need_program("snmptrap")
    for name, value in (PASSWORDS | {"SNMP_COMMUNITY": COMMUNITY}).items():
        monkeypatch.setenv(name, value)


def configuration(folder: Path, devices: Sequence[str], *listen: str, module: str = "read: system") -> Path:
    """agent.yml with a target for each device."""
    rows = [
        f'  - {{target_id: sw{n}, kind: snmp, address: "{each}", module: device}}' for n, each in enumerate(devices)
    ]
    heard = ", ".join(f'"{address}"' for address in listen)
    path = folder / "agent.yml"
    text = CONFIG.format(folder=folder, listen=heard, targets="\n".join(rows), module=module)
    path.write_text(text, encoding="utf-8")
    return path


def sample(process: Process, name: str, **labels: str) -> float | None:
    """A sample of /metrics by some of its labels; None where there is none."""
    for line in process.get("/metrics").splitlines():
        if re.match(rf"{name}[{{ ]", line) and all(f'{key}="{value}"' in line for key, value in labels.items()):
            return float(line.rpartition(" ")[2])
    return None


def probes(process: Process, target: str = "sw0") -> float:
    return sample(process, "sla_probe_total", target=target) or 0


def fate(process: Process, name: str) -> float:
    return sample(process, "sla_agent_traps_total", fate=name) or 0


def sent_until(process: Process, name: str, post: Callable[[], object]) -> None:
    """Send until one more has this fate: what comes too soon after others is not looked at."""
    before = fate(process, name)

    def one_more() -> bool:
        post()
        return fate(process, name) > before

    until(one_more, f"a datagram that is {name}", process.child)


def states(folder: Path, target: str = "sw0") -> list[int]:
    """The states of all edges of a target and its parts, as they lie in the store."""
    with sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True) as store:
        query = "SELECT e.state FROM edges e JOIN components c ON c.id = e.component WHERE c.target = ? ORDER BY e.at"
        return [row[0] for row in store.execute(query, (target,))]


@contextmanager
def device(folder: Path, host: str = "127.0.0.1", port: int = 0, wrap: Sequence[str] = ()) -> Iterator[str]:
    """A real snmpd that answers: were it DOWN at first, the next regular probe would be a day away."""
    with snmpd(folder, host, port, wrap=wrap) as address:
        until(lambda: answers(host, int(address.rpartition(":")[2])), "snmpd")
        yield address


def ip(*words: str) -> None:
    subprocess.run([need_program("ip"), *words], check=True)


@pytest.fixture
def namespace() -> Iterator[str]:
    """A way to a device of its own, and a line of the device's that can be cut."""
    need_root()
    name = f"traps-{os.getpid()}"
    ip("netns", "add", name)
    try:
        for here, there in (("trq0", "trq1"), ("trl0", "trl1")):
            ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
            ip("link", "set", here, "up")
            ip("-n", name, "link", "set", there, "up")
        ip("address", "add", f"{HERE}/30", "dev", "trq0")
        ip("-n", name, "address", "add", f"{THERE}/30", "dev", "trq1")
        yield name
    finally:
        ip("netns", "del", name)


@pytest.mark.root
def test_a_line_that_is_cut_is_probed_at_once_and_down_by_probes_alone(namespace: str, tmp_path: Path) -> None:
    inside, port = (need_program("ip"), "netns", "exec", namespace), free_port()
    config = configuration(tmp_path, [f"{THERE}:1161"], f"{HERE}:{port}", module="interfaces_up: [trl1]")

    def post() -> None:
        before, behind = v3()
        command = [*inside, need_program("snmptrap"), "-m", "", *before, f"{HERE}:{port}", *behind]
        subprocess.run(command, check=True)

    with device(tmp_path, THERE, 1161, inside), agent(config, tmp_path / "agent.log") as process:
        line = {"target": "sw0#if/trl1"}
        until(lambda: sample(process, "sla_target_up", **line) == 1, "the line is known to be up", process.child)
        settled = probes(process)
        ip("link", "set", "trl0", "down")
        assert probes(process) == settled, "without a trap the next probe is a day away"

        def noticed() -> bool:  # the device itself looks at its table only now and then
            post()
            return (sample(process, "sla_target_streak", **line) or 0) > 0 or sample(
                process, "sla_target_up", **line
            ) == 0

        until(noticed, "a failed reading of the line", process.child)
        until(lambda: sample(process, "sla_target_up", **line) == 0, "the line is DOWN by S3", process.child)
        assert probes(process) >= settled + 3, "three failed readings, however many traps"
        assert sample(process, "sla_target_up", target="sw0") == 1
        assert process.stop() == 0


def test_traps_of_all_versions_bring_probes_and_no_edge(tmp_path: Path) -> None:
    port = free_port()
    here = f"127.0.0.1:{port}"
    with device(tmp_path) as switch, agent(configuration(tmp_path, [switch], here), tmp_path / "agent.log") as process:
        until(lambda: sample(process, "sla_target_up", target="sw0") == 1, "the device is up", process.child)
        edges = states(tmp_path)
        for words in (v1(), v2c(), v3()):
            before = probes(process)
            sent_until(process, "accepted", lambda words=words: send(here, words))
            until(lambda before=before: probes(process) > before, "an early probe", process.child)
        assert sample(process, "sla_agent_early_probes_total") is not None
        assert states(tmp_path) == edges, "a device that says its link is down is as up as its probe says"
        assert process.stop() == 0


def test_what_is_not_believed_or_no_hint_is_counted_and_probes_nothing(tmp_path: Path) -> None:
    port = free_port()
    here = f"127.0.0.1:{port}"
    forged = captured(v2c())

    def post(data: bytes, source: str = "127.0.0.1") -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((source, 0))
            udp.sendto(data, ("127.0.0.1", port))

    with device(tmp_path) as switch, agent(configuration(tmp_path, [switch], here), tmp_path / "agent.log") as process:
        until(lambda: sample(process, "sla_target_up", target="sw0") == 1, "the device is up", process.child)
        settled = probes(process)
        sent_until(process, "denied", lambda: send(here, v2c(community="public")))
        sent_until(process, "denied", lambda: send(here, v3(auth="password-wrong")))
        sent_until(process, "denied", lambda: send(here, v3(level="noAuthNoPriv")))
        sent_until(process, "other", lambda: send(here, v2c("1.3.6.1.4.1.2011.5.25.1")))
        sent_until(process, "undecodable", lambda: post(b"\x30\x80" * 100))
        sent_until(process, "undecodable", lambda: post(bytes(60_000)))
        sent_until(process, "unknown_source", lambda: post(forged, "127.0.0.9"))
        sent_until(process, "rate", lambda: [post(b"\x30") for _ in range(20)])
        assert fate(process, "accepted") == 0
        assert sample(process, "sla_agent_early_probes_total") == 0
        assert probes(process) == settled
        assert process.stop() == 0
    log = (tmp_path / "agent.log").read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert not [secret for secret in (*PASSWORDS.values(), COMMUNITY) if secret in log]


def test_a_port_that_is_taken_is_said_once_and_a_reload_listens_elsewhere_ipv6_too(tmp_path: Path) -> None:
    port = free_port("::1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as keeper, device(tmp_path, "::1") as switch:
        keeper.bind(("127.0.0.1", 0))
        taken, here = f"127.0.0.1:{keeper.getsockname()[1]}", f"[::1]:{port}"
        with agent(configuration(tmp_path, [switch], taken), tmp_path / "agent.log") as process:
            until(lambda: sample(process, "sla_target_up", target="sw0") == 1, "the device is up", process.child)
            until(lambda: f"no traps are heard on {taken}" in process.log.read_text(), "it says so", process.child)
            assert listening(process, taken) == 0
            configuration(tmp_path, [switch], here)
            process.child.send_signal(1)
            until(lambda: listening(process, here) == 1, "it listens elsewhere", process.child)
            assert listening(process, taken) is None
            before = probes(process)
            sent_until(process, "accepted", lambda: send(f"udp6:{here}", v2c()))
            until(lambda: probes(process) > before, "an early probe", process.child)
            configuration(tmp_path, [switch])
            process.child.send_signal(1)
            until(lambda: listening(process, here) is None, "it listens no more", process.child)
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as free:
                free.bind(("::1", port))
            assert process.stop() == 0
    assert (tmp_path / "agent.log").read_text(encoding="utf-8").count("no traps are heard on") == 1


def listening(process: Process, address: str) -> float | None:
    return sample(process, "sla_agent_traps_listening", address=address)
