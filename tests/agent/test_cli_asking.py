"""sla-agent targets and status, asked of a real agent, and what they say where none answers."""

import contextlib
import json
import socket
import threading
from pathlib import Path

import pytest

from agent.stores.holder import Holder
from agent.stores.opening import Location
from sla.model import State
from tests.agent.cli_agent import running, sla_agent, wait_for, write_config


@pytest.fixture(scope="module")
def peers():
    """A port that answers and one that does not."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        yield tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in (listener, silent))


@pytest.fixture(scope="module")
def agent(tmp_path_factory, peers):
    """An agent that knows its targets' states."""
    good, bad = peers
    targets = f"""
  - {{target_id: good, kind: tcp, address: "{good}", module: fast, name: "门户 [red]x[/red]"}}
  - {{target_id: bad, kind: tcp, address: "{bad}", module: fast}}
  - {{target_id: later, kind: tcp, address: "{good}", in_service_from: 2199-01-01}}
"""
    config = write_config(tmp_path_factory.mktemp("agent"), targets)
    with running(config) as started:
        wait_for(lambda: states(started.config) == {"good": "up", "bad": "down", "later": "out_of_service"} or None)
        yield started


@pytest.fixture
def serve_once():
    """A server that gives one answer, whatever is asked, and its address."""
    with contextlib.ExitStack() as stack:

        def serve(answer: bytes) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listener.settimeout(30)

            def give():
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(answer)

            thread = threading.Thread(target=give)
            thread.start()
            stack.callback(thread.join)
            return f"127.0.0.1:{listener.getsockname()[1]}"

        yield serve


def states(config: Path) -> dict[str, str]:
    said = sla_agent("targets", "--json", "--config.file", config)
    return {row["id"]: row["state"] for row in said.json["targets"]}


def test_targets_shows_state_since_and_last_reading_of_each(agent):
    said = sla_agent("targets", "--config.file", agent.config)
    assert said.code == 0
    lines = {line.split()[0]: line for line in said.out.splitlines()}
    assert lines.keys() == {"target", "good", "bad", "later"}
    assert " up " in lines["good"]
    assert " ok " in lines["good"]
    assert " ms" in lines["good"]
    assert " down " in lines["bad"]
    assert "failed refused" in lines["bad"]
    assert "out of service" in lines["later"]


def test_names_from_the_register_are_printed_as_they_are_not_as_markup(agent):
    assert "门户 [red]x[/red]" in sla_agent("targets", "--config.file", agent.config).out


def test_targets_of_one_state_only(agent):
    said = sla_agent("targets", "--state", "down", "--json", "--config.file", agent.config)
    assert [row["id"] for row in said.json["targets"]] == ["bad"]
    assert "no target is degraded" in sla_agent("targets", "--state", "degraded", "--config.file", agent.config).out


def test_a_state_that_does_not_exist_is_refused_with_all_that_do(agent):
    said = sla_agent("targets", "--state", "dead", "--config.file", agent.config)
    assert (said.code, said.out) == (2, "")
    assert all(state.label in said.err for state in State)


def test_pages_of_the_api_are_put_together(agent, monkeypatch):
    monkeypatch.setattr("agent.cli.targets.PAGE", "1")
    assert set(states(agent.config)) == {"good", "bad", "later"}


def test_status_tells_of_the_agent_itself(agent):
    said = sla_agent("status", "--config.file", agent.config)
    assert said.code == 0
    assert f"http://{agent.address}/" in said.out
    assert str(agent.store) in said.out
    assert "1 up, 1 down, 1 out of service" in said.out
    assert "gateway: absent" in said.out


def test_status_for_machines_is_the_api_s_own_answer(agent):
    said = sla_agent("status", "--json", "--config.file", agent.config).json
    assert said["ready"] is True
    assert said["targets"]["down"] == 1


@pytest.mark.parametrize("command", ["targets", "status"])
def test_where_no_agent_runs_the_message_says_so_and_how_to_start_one(command, tmp_path):
    config = write_config(tmp_path, "  []")
    said = sla_agent(command, "--config.file", config)
    assert (said.code, said.out) == (2, "")
    assert f"no agent runs on store {tmp_path}/ledger.db; start it: sla-agent run --config.file {config}" in said.err


def test_another_holder_of_the_store_is_no_agent(tmp_path):
    config = write_config(tmp_path, "  []")
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent import history"):
        said = sla_agent("status", "--config.file", config)
    assert said.code == 2
    assert "held by sla-agent import history" in said.err


def test_a_holder_that_does_not_answer_is_named_without_a_traceback(tmp_path, peers):
    config = write_config(tmp_path, "  []")
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent run", peers[1]):
        said = sla_agent("status", "--config.file", config)
    assert (said.code, said.out) == (2, "")
    assert f"http://{peers[1]}/api/v1/status: no answer of an agent" in said.err


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<a>", b""])
def test_something_else_that_answers_there_is_no_agent(tmp_path, answer, serve_once):
    config = write_config(tmp_path, "  []")
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent run", serve_once(answer)):
        said = sla_agent("status", "--config.file", config)
    assert (said.code, said.out) == (2, "")
    assert "no answer of an agent" in said.err


def test_the_agent_s_own_words_are_passed_on_where_it_refuses(tmp_path, serve_once):
    config = write_config(tmp_path, "  []")
    body = json.dumps({"title": "The agent cannot answer just now", "detail": "16 questions wait"}).encode()
    head = b"HTTP/1.1 503 Busy\r\nContent-Length: %d\r\n\r\n" % len(body)
    with Holder(Location(tmp_path / "ledger.db"), "sla-agent run", serve_once(head + body)):
        said = sla_agent("status", "--config.file", config)
    assert said.code == 2
    assert "503 The agent cannot answer just now: 16 questions wait" in said.err
