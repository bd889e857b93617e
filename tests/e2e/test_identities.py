"""Doors with one certificate, devices with one engine id, servers with one host key: they cover no unit (C2)."""

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import create_server

import pytest
import trustme

from agent.stores.opening import Location, connect
from tests.collectors.snmp_peers import COMMUNITY, free_port, snmpd
from tests.collectors.ssh_peers import expected_identity, make_key, sshd
from tests.e2e.running import DEADLINE_SECONDS, Process, agent, until

UNITS = "ABCDEFGHI"
KINDS = {**dict.fromkeys("ABC", ("tls", "door")), **dict.fromkeys("DEF", ("snmp", "device"))}
KINDS |= dict.fromkeys("GHI", ("ssh", "server"))
"""By unit the kind and the module of the target there."""

CONFIG = """
vantage: {{name: e2e}}
store: {{url: "sqlite:///{folder}/ledger.db"}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  door: {{kind: tls, interval: 1s, retry_interval: 1s, timeout: 500ms, verify: false}}
  device: {{kind: snmp, interval: 5s, timeout: 4s, community: {{env: SNMP_COMMUNITY}}, read: system}}
  server: {{kind: ssh, interval: 1s, retry_interval: 1s, timeout: 900ms}}
targets:
{targets}
"""


@contextmanager
def door(pem: Path, host: str) -> Iterator[str]:
    """A TLS server of Python's own with a certificate; it ends with the socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(1)
            except OSError:
                connection.close()

    with create_server((host, 0)) as listener:
        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield f"{host}:{listener.getsockname()[1]}"
        listener.shutdown(2)
    serving.join(DEADLINE_SECONDS)


@contextmanager
def peers(folder: Path) -> Iterator[Mapping[str, str]]:
    """By unit the address of what stands there: A and B have one certificate, D and E one engine id, G and H a key."""
    authority = trustme.CA()
    files = [folder / f"{name}.pem" for name in ("one", "other")]
    for file in files:
        authority.issue_cert("door.test").private_key_and_cert_chain_pem.write_to_path(file)
    with ExitStack() as stack:
        found = {
            unit: stack.enter_context(door(file, f"127.0.7.{number}"))
            for number, (unit, file) in enumerate(zip("ABC", (files[0], files[0], files[1]), strict=True), 1)
        }
        for number, (unit, engine) in enumerate(zip("DEF", ("one", "one", "other"), strict=True), 4):
            place = folder / unit
            place.mkdir()
            host = f"127.0.7.{number}"
            found[unit] = stack.enter_context(snmpd(place, host, free_port(host), more=f"engineID {engine}\n"))
        keys = [make_key(folder, kind) for kind in ("ed25519", "rsa")]
        for number, (unit, key) in enumerate(zip("GHI", (keys[0], keys[0], keys[1]), strict=True), 7):
            host = f"127.0.7.{number}"
            found[unit] = stack.enter_context(sshd(folder, [key], host=host)).address
        yield found


def configuration(folder: Path, addresses: Mapping[str, str]) -> Path:
    """agent.yml with a target at the site of each unit, all of which have one."""
    rows = [
        f'  - {{target_id: {unit}-1, kind: {kind}, address: "{addresses[unit]}", module: {module}, site_id: S{unit}}}'
        for unit, (kind, module) in KINDS.items()
    ]
    path = folder / "agent.yml"
    path.write_text(CONFIG.format(folder=folder, targets="\n".join(rows)), encoding="utf-8")
    take(path, "divisions", "code,name,level", *(f"{unit},{unit}镇,township" for unit in UNITS))
    take(path, "sites", "site_id,division_code,accepted_on", *(f"S{unit},{unit},2025-01-01" for unit in UNITS))
    return path


def take(config: Path, kind: str, *lines: str) -> None:
    file = config.parent / f"{kind}.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "agent", "import", kind, str(file), "--config.file", str(config)]
    subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE_SECONDS)


def coverage(running: Process) -> dict:
    found: dict = json.loads(running.get("/api/v1/coverage"))
    return found


def all_answered(running: Process) -> bool:
    """With the interval over, each has been asked and has answered twice."""
    said = json.loads(running.get("/api/v1/targets?limit=100"))["targets"]
    return sum(each["state"] == "up" for each in said) == len(UNITS)


def met(config: Path) -> dict[str, set[str]]:
    """By target as whom it answered, as the store has it."""
    connection = connect(Location(config.parent / "ledger.db"), read_only=True)
    try:
        sql = "SELECT target, identity FROM identities JOIN components ON id = identities.component"
        found: dict[str, set[str]] = {}
        for target, identity in connection.execute(sql):
            found.setdefault(target, set()).add(identity)
        return found
    finally:
        connection.close()


def test_what_is_behind_two_units_covers_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNMP_COMMUNITY", COMMUNITY)
    with peers(tmp_path) as addresses:
        config = configuration(tmp_path, addresses)
        with agent(config, tmp_path / "log") as running:
            until(lambda: all_answered(running), "answers of all", running.child)
            until(lambda: coverage(running)["total"]["shared"] == list("ABDEGH"), "what is shared", running.child)
            assert coverage(running)["total"]["units"]["verified"] == ["C", "F", "I"]
            running.kill()
        (door_a,), (device_d,), (server_g,) = (met(config)[f"{unit}-1"] for unit in "ADG")
        assert device_d == "engine:80001f8804" + b"one".hex()
        assert server_g == expected_identity(tmp_path / "key-ed25519")
        with agent(config, tmp_path / "log") as running:
            found = coverage(running)
            assert found["total"]["units"]["verified"] == ["C", "F", "I"]
            assert found["total"]["shared"] == ["A", "B", "D", "E", "G", "H"]
            assert found["shared_by"] == {
                "A": {door_a: ["B"]}, "B": {door_a: ["A"]}, "D": {device_d: ["E"]}, "E": {device_d: ["D"]},
                "G": {server_g: ["H"]}, "H": {server_g: ["G"]},
            }  # fmt: skip
            take(
                config,
                "identities",
                "identity,site_id,repeats,decision_doc",
                f"{device_d},SE,,",
                f"{door_a},,y,文1",
                f"{server_g},SG,,",
            )
            until(lambda: coverage(running)["total"]["n"] == 7, "the register", running.child)
            found = coverage(running)
            assert found["total"]["units"]["verified"] == ["A", "B", "C", "E", "F", "G", "I"]
            assert (found["total"]["shared"], found["total"]["repeating"]) == (["D", "H"], ["A", "B"])
