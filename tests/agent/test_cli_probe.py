"""sla-agent probe, against real peers on loopback."""

import contextlib
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from collectors import KINDS
from collectors.base import Kind, Module, error, failed, ok
from tests.agent.cli_agent import ENV, sla_agent

PEER = "SSH-2.0-peer\r\n"


@pytest.fixture
def listener():
    """A TCP peer that greets as an SSH server does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def greet():
            with contextlib.suppress(OSError):
                peer, _ = server.accept()
                with peer:
                    peer.sendall(PEER.encode())
                    peer.settimeout(30)
                    peer.recv(100)

        thread = threading.Thread(target=greet)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        socket.create_connection(server.getsockname()).close()
        thread.join()


@pytest.fixture
def closed():
    """An address where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def config(folder: Path, text: str) -> Path:
    file = folder / "agent.yml"
    file.write_text(text + "\n", encoding="utf-8")
    return file


def test_a_built_in_module_needs_no_configuration(listener):
    said = sla_agent("probe", "ssh_banner", listener)
    assert (said.code, said.err) == (0, "")
    assert f"ssh_banner {listener}  (kind tcp, timeout 5 s)" in said.out
    assert "SSH-2.0-peer" in said.out
    assert "rtt_seconds" in said.out
    assert said.out.endswith("verdict: ok\n")


def test_every_step_carries_its_time_in_order(listener):
    said = sla_agent("probe", "ssh_banner", listener, "--json").json
    names = [step["step"] for step in said["steps"]]
    assert names[0] == "connect"
    assert "matched" in names
    times = [step["seconds"] for step in said["steps"]]
    assert times == sorted(times)
    assert times[-1] <= said["duration_seconds"]


def test_where_nobody_listens_the_verdict_is_failed_and_the_exit_status_1(closed):
    said = sla_agent("probe", "tcp_connect", closed, "--json")
    assert said.code == 1
    assert said.json["ok"] is False
    assert said.json["verdict"].startswith("failed, evidence against the target")
    (reading,) = said.json["readings"]
    assert (reading["outcome"], reading["reason"]) == ("failed", "refused")
    assert "✗ failed refused" in sla_agent("probe", "tcp_connect", closed).out


def test_a_module_of_the_configuration_judges_by_its_limits(listener, tmp_path):
    file = config(tmp_path, "modules: {tight: {kind: tcp, limits: {rtt_seconds: {min: 1000}}}}")
    said = sla_agent("probe", "tight", listener, "--json", "--config.file", file)
    assert said.code == 0
    assert said.json["readings"][0]["degraded"] == ["rtt"]
    assert "DEGRADED" in said.json["verdict"]


def test_loss_as_good_as_total_counts_as_failed_as_it_does_in_the_agent(monkeypatch, tmp_path):
    use_kind(monkeypatch, lambda: [ok({"loss_ratio": 0.75, "echoes_sent": 4.0})])
    said = sla_agent("probe", "odd", "anything", "--json", "--config.file", config(tmp_path, ODD))
    assert said.code == 1
    assert (said.json["readings"][0]["outcome"], said.json["readings"][0]["reason"]) == ("failed", "loss")


def test_what_we_could_not_measure_is_no_failure_of_the_target(monkeypatch, tmp_path):
    use_kind(monkeypatch, lambda: [error("permission", "no socket")])
    said = sla_agent("probe", "odd", "anything", "--config.file", config(tmp_path, ODD))
    assert said.code == 1
    assert "verdict: not measured, an error on our side" in said.out


def test_our_own_bug_is_an_error_without_a_traceback(monkeypatch, tmp_path):
    use_kind(monkeypatch, lambda: 1 / 0)
    said = sla_agent("probe", "odd", "anything", "--config.file", config(tmp_path, ODD))
    assert said.code == 1
    assert "! error internal: the probe broke on our side: ZeroDivisionError('division by zero')" in said.out
    assert "Traceback" not in said.out + said.err


def test_one_failed_component_among_good_ones_decides_the_verdict(monkeypatch, tmp_path):
    use_kind(monkeypatch, lambda: [ok(), ok(component="if/1"), failed("timeout", "slow", component="if/2")])
    said = sla_agent("probe", "odd", "anything", "--config.file", config(tmp_path, ODD))
    assert said.code == 1
    assert "✓ if/1 ok\n" in said.out
    assert "✗ if/2 failed timeout: slow\n" in said.out
    assert "verdict: failed" in said.out


def test_an_unknown_module_names_a_near_one():
    said = sla_agent("probe", "tcp_conect", "127.0.0.1:1")
    assert (said.code, said.out) == (2, "")
    assert "did you mean tcp_connect?" in said.err


@pytest.mark.parametrize(
    ("module", "address", "wanted"),
    [
        ("tcp_connect", "127.0.0.1", "wanted host:port"),
        ("icmp", "10.0.0.300", "wanted an IPv4 address"),
        ("icmp", "@gatway", "did you mean @gateway?"),
    ],
)
def test_an_address_that_the_kind_cannot_dial_is_refused_before_any_probe(module, address, wanted):
    said = sla_agent("probe", module, address)
    assert (said.code, said.out) == (2, "")
    assert wanted in said.err


def test_a_configuration_that_was_named_must_be_there(tmp_path):
    said = sla_agent("probe", "icmp", "127.0.0.1", "--config.file", tmp_path / "none.yml")
    assert said.code == 2
    assert "none.yml" in said.err


def test_a_broken_configuration_is_refused_with_its_problems(tmp_path):
    said = sla_agent("probe", "icmp", "127.0.0.1", "--config.file", config(tmp_path, "zome: Asia/Shanghai"))
    assert said.code == 2
    assert "agent.yml:1: zome" in said.err


def test_a_reader_that_goes_away_leaves_no_traceback(closed):
    command = [sys.executable, "-m", "agent", "probe", "tcp_connect", closed]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV)
    with process:
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


ODD = "modules: {odd: {kind: odd}}"


def use_kind(monkeypatch, readings) -> None:
    """A kind `odd` of the tests, whose collector says what it is told."""

    class Odd:
        def __init__(self, _):
            pass

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

        async def collect(self, _):
            return readings()

    kind = Kind(name="odd", module_type=Module, build=Odd, check_address=lambda _: "", values={})
    monkeypatch.setattr("agent.cli.probe.KINDS", (*KINDS, kind))


def test_another_value_of_an_option_holds_this_once(closed):
    said = sla_agent("probe", "tcp_connect", closed, "--set", "timeout=3s", "--set", "family=4")
    assert said.code == 1
    assert f"tcp_connect {closed}  (kind tcp, timeout 3 s)" in said.out


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ("timout=3s", "--set timout=3s: wanted OPTION=VALUE of kind tcp; did you mean timeout?"),
        ("timeout", "--set timeout: wanted OPTION=VALUE of kind tcp; did you mean timeout?"),
        ("timeout=3", "--set timeout: got 3, wanted a duration with a unit (ms, s, m, h, d), for example 3s;"),
        ("family=5", "--set family: got 5, wanted auto, 4 or 6; docs/collectors.md has the options"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_was_wanted(closed, option, wanted):
    said = sla_agent("probe", "tcp_connect", closed, "--set", option)
    assert said.code == 2
    assert wanted in " ".join(said.err.split())


def test_a_trace_can_be_asked_for_with_a_configuration_and_without(tmp_path, closed):
    file = config(tmp_path, "modules:\n  port: {kind: tcp}")
    for options in ([], ["--config.file", str(file)]):
        said = sla_agent("probe", "path", closed, "--set", "method=tcp", *options)
        assert (said.code, said.err) == (0, "")
        assert "hop 1" in said.out
        assert "answers in the name of 127.0.0.1" in said.out
