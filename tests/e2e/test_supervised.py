"""The agent's process and its service manager: ready, pulses, reload, stop; a process that stands still is silent."""

import signal
from contextlib import contextmanager
from pathlib import Path

from tests.agent.managers import Manager
from tests.e2e.running import agent, configuration, ports, until

WATCHDOG_SECONDS = 2


@contextmanager
def supervised(folder: Path, monkeypatch, manager: Manager, prefix=()):
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    monkeypatch.setenv("WATCHDOG_USEC", str(WATCHDOG_SECONDS * 1_000_000))
    with ports(3) as peers, agent(configuration(folder, peers), folder / "log", prefix) as running:
        yield running


def test_a_life_is_told_from_ready_to_stopping(tmp_path, monkeypatch):
    with Manager(tmp_path) as manager, supervised(tmp_path, monkeypatch, manager) as running:
        told = manager.until("READY")
        assert all("WATCHDOG" in message or "READY" in message for message in told)
        assert told[-1]["STATUS"].startswith("3 targets")
        while "readings a minute" not in manager.until("WATCHDOG")[-1]["STATUS"]:
            pass
        running.child.send_signal(signal.SIGHUP)
        begun = manager.until("RELOADING")[-1]
        assert int(begun["MONOTONIC_USEC"]) > 0
        manager.until("READY")
        (tmp_path / "agent.yml").write_text("nonsense: 1\n", encoding="utf-8")
        running.child.send_signal(signal.SIGHUP)
        manager.until("RELOADING")
        manager.until("READY")
        until(lambda: "reload refused" in running.log.read_text(encoding="utf-8"), "the refusal", running.child)
        assert running.stop() == 0
        manager.until("STOPPING")
        assert all("WATCHDOG" not in message for message in manager.all()), "no pulse after the end"


def test_a_process_that_stands_still_answers_no_watchdog(tmp_path, monkeypatch):
    with Manager(tmp_path, abstract=True) as manager, supervised(tmp_path, monkeypatch, manager) as running:
        manager.until("READY")
        manager.until("WATCHDOG")
        running.child.send_signal(signal.SIGSTOP)
        until(lambda: state(running.child.pid) == "T", "the stop", running.child)
        manager.all()
        assert manager.heard(1.5 * WATCHDOG_SECONDS) is None, "longer than the manager would wait"
        running.child.send_signal(signal.SIGCONT)
        manager.until("WATCHDOG")


def test_a_watchdog_s_abort_leaves_in_the_log_where_every_thread_stood(tmp_path, monkeypatch):
    with Manager(tmp_path) as manager, supervised(tmp_path, monkeypatch, manager) as running:
        manager.until("READY")
        assert running.end(signal.SIGABRT) == -signal.SIGABRT
        text = running.log.read_text(encoding="utf-8")
        assert "Fatal Python error: Aborted" in text
        assert "asyncio/base_events.py" in text


def state(pid: int) -> str:
    """The kernel's letter for what a process does."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
