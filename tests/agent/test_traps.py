"""The section traps in force: what is shown, compared and found by the doctor, and listeners that outlive trouble."""

import asyncio
import contextlib
import json
import logging
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.config import Config, as_dict, diff, effective_yaml, load
from agent.config.schema import Traps
from agent.doctor import Finding, Level
from agent.doctor.traps import trap_ports
from agent.hints import Hints
from agent.schedule import Schedule
from agent.selfmetrics import SelfMetrics
from agent.traps import TrapListeners
from collectors.snmp import traps as receiver_module
from tests.agent.cli_agent import ENV, running, sla_agent, wait_for, write_config
from tests.agent.config_fakes import KINDS, write
from tests.collectors.snmp_peers import free_port
from tests.requirements import need_program, need_root

SECTION = """
traps:
  listen_addresses: ["127.0.0.1:{port}"]
  communities: [{{env: COMMUNITY}}]
  users: [{{user: sla, hash: sha256, auth_password: {{env: AUTH}}}}]
"""
SECRETS = {"COMMUNITY": "hunter2", "AUTH": "hunter22"}


def loaded(tmp_path: Path, text: str) -> Config:
    return load(write(tmp_path, text), KINDS, env=SECRETS)


def test_what_is_in_force_is_shown_without_secrets_and_counts_in_the_digest(tmp_path: Path) -> None:
    config, bare = loaded(tmp_path, SECTION.format(port=10162)), loaded(tmp_path, "{}")
    shown = as_dict(config)["traps"]
    assert shown["listen_addresses"] == ["127.0.0.1:10162"]
    assert shown["communities"] == ["<secret>"]
    assert shown["users"][0]["auth_password"] == "<secret>"
    assert not [name for name in (*SECRETS, "hunter2") if name in effective_yaml(config)]
    assert config.digest != bare.digest
    assert "traps" not in as_dict(bare)
    without = "traps: {listen_addresses: ['[::1]:10162'], users: [{user: sla}]}"
    assert loaded(tmp_path, effective_yaml(loaded(tmp_path, without))).traps == loaded(tmp_path, without).traps


def test_a_reload_takes_it_and_says_so(tmp_path: Path) -> None:
    before = loaded(tmp_path, SECTION.format(port=10162))
    after = loaded(tmp_path, SECTION.format(port=10163))
    assert diff(before, before).is_empty
    assert diff(before, after).settings == ("traps",)


def sound(port: int, host: str = "127.0.0.1") -> Traps:
    return Traps.model_validate({"listen_addresses": (f"{host}:{port}",), "users": ({"user": "sla"},)})


def findings(tmp_path: Path, port: int, host: str = "127.0.0.1") -> list[Finding]:
    text = f'traps: {{listen_addresses: ["{host}:{port}"], users: [{{user: sla}}]}}\n'
    config = write_config(tmp_path, "  []", text)
    return list(trap_ports(load(config, KINDS), None))


def test_the_doctor_says_whether_traps_can_be_heard(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as keeper:
        keeper.bind(("127.0.0.1", 0))
        port = keeper.getsockname()[1]
        (taken,) = findings(tmp_path, port)
    assert (taken.level, "another program" in taken.text) == (Level.PROBLEM, True)
    (free,) = findings(tmp_path, port)
    assert free.level is Level.OK
    (foreign,) = findings(tmp_path, port, "192.0.2.1")
    assert (foreign.level, "listen_addresses" in foreign.fix) == (Level.PROBLEM, True)
    assert list(trap_ports(load(write_config(tmp_path, "  []"), KINDS), None)) == []


def test_the_doctor_tells_the_running_agent_from_another_program(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as keeper:
        keeper.bind(("127.0.0.1", 0))
        ours, taken = f"127.0.0.1:{free_port()}", f"127.0.0.1:{keeper.getsockname()[1]}"
        text = f'traps: {{listen_addresses: ["{ours}", "{taken}"], users: [{{user: sla}}]}}\n'
        config = write_config(tmp_path, "  []", text)
        with running(config) as started:
            wait_for(lambda: f'listening{{address="{ours}"}} 1' in page(started.address) or None)
            found = sla_agent("doctor", "--json", "--config.file", config).json["findings"]
    mine, foreign = [finding for finding in found if finding["check"] == "traps"]
    assert mine["level"] == "ok"
    assert f"is heard by sla-agent run with process id {started.process.pid}" in mine["text"]
    assert (foreign["level"], "another program" in foreign["text"]) == ("problem", True)


def page(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


@pytest.mark.root
def test_who_may_not_open_a_low_port_is_told_the_capability(tmp_path: Path) -> None:
    need_root()
    config = write_config(tmp_path, "  []", 'traps: {listen_addresses: ["127.0.0.1:162"], users: [{user: sla}]}\n')
    script = (
        "import json, sys\nfrom pathlib import Path\nfrom agent.config import load\n"
        "from agent.doctor.traps import trap_ports\nfrom collectors import KINDS\n"
        "print(json.dumps(list(trap_ports(load(Path(sys.argv[1]), KINDS), None))))\n"
    )
    command = [
        need_program("unshare"), "--net", "sh", "-c",
        'ip link set lo up; sysctl -qw net.ipv4.ip_unprivileged_port_start=1024; exec "$@"', "sh",
        need_program("setpriv"), "--inh-caps=-net_bind_service", "--bounding-set=-net_bind_service",
        sys.executable, "-c", script, str(config),
    ]  # fmt: skip
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, check=True)
    (finding,) = json.loads(done.stdout)
    assert finding[1] == "problem"
    assert "CAP_NET_BIND_SERVICE" in finding[3]


class Standing:
    """Listeners that serve, and what their metrics say."""

    def __init__(self) -> None:
        self.metrics = SelfMetrics()
        schedule = Schedule(SystemClock().monotonic_ns, lambda _: None, lambda *_: None)
        self.listeners = TrapListeners(Hints(schedule, self.metrics), self.metrics)

    def listening(self, wanted: Traps) -> float | None:
        labels = {"address": wanted.listen_addresses[0]}
        return self.metrics.registry.get_sample_value("sla_agent_traps_listening", labels)

    async def until(self, wanted: Traps, value: float | None) -> None:
        async with asyncio.timeout(60):
            while self.listening(wanted) != value:
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def standing():
    one = Standing()
    task = asyncio.ensure_future(one.listeners.serve())
    try:
        yield one
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_port_that_becomes_free_is_taken_later(monkeypatch, caplog) -> None:
    monkeypatch.setattr("agent.traps.AGAIN_SECONDS", 0.01)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as keeper:
        keeper.bind(("127.0.0.1", 0))
        wanted = sound(keeper.getsockname()[1])
        async with standing() as one:
            one.listeners.take(wanted)
            async with asyncio.timeout(60):
                while "no traps are heard" not in caplog.text:
                    await asyncio.sleep(0.01)
            assert one.listening(wanted) == 0
            keeper.close()
            await one.until(wanted, 1)
    assert caplog.text.count("no traps are heard") == 1


async def test_a_reload_that_changes_nothing_touches_nothing(caplog) -> None:
    caplog.set_level(logging.INFO)
    wanted = sound(free_port())
    async with standing() as one:
        one.listeners.take(wanted)
        await one.until(wanted, 1)
        one.listeners.take(sound(int(wanted.listen_addresses[0].split(":")[1])))
        for _ in range(10):
            await asyncio.sleep(0)
        assert one.listening(wanted) == 1
        one.listeners.take(Traps())
        await one.until(wanted, None)
    assert caplog.text.count("traps are heard on") == 1


async def test_a_password_that_is_too_short_is_said_and_the_agent_runs_on(monkeypatch, caplog) -> None:
    monkeypatch.setenv("AUTH", "short")
    user = {"user": "sla", "hash": "sha256", "auth_password": {"env": "AUTH"}}
    wanted = Traps.model_validate({"listen_addresses": (f"127.0.0.1:{free_port()}",), "users": (user,)})
    async with standing() as one:
        one.listeners.take(wanted)
        async with asyncio.timeout(60):
            while "fewer than 8 characters" not in caplog.text:
                await asyncio.sleep(0.01)
        assert one.listening(wanted) == 0
    assert "short" not in caplog.text


async def test_our_own_bug_is_said_once_and_ends_nothing_else(monkeypatch, caplog) -> None:
    monkeypatch.setattr("agent.traps.AGAIN_SECONDS", 0.0)
    tries = []

    def broken(host: str, port: int) -> socket.socket:
        tries.append(port)
        raise ZeroDivisionError

    monkeypatch.setattr(receiver_module, "open_socket", broken)
    async with standing() as one:
        one.listeners.take(sound(free_port()))
        async with asyncio.timeout(60):
            while len(tries) < 3:
                await asyncio.sleep(0.01)
    assert caplog.text.count("Traceback") == 1
