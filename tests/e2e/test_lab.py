"""The lab and an agent as processes: a cut is one fault with its members, and nothing outlives its launcher."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.agent.cli_agent import free_address, sla_agent, wait_for
from tests.lab.worlds import free_base

SECONDS = 120
STORY = "actions:\n  - {at: 4s, what: uplink_cut, where: S-610981}\n"
BEHIND = {"RT-610981", "PORTAL-610981", "NODE-610981100", "NODE-610981101", "REC-610981-1", "CAM-610981101-0002"}
SIX_KINDS = {"tcp", "http", "tls", "dns", "snmp", "rtsp", "host_page"}


@contextmanager
def launched(folder: Path, story: str, base: int | None = None):
    """The launcher over a lab of its own; yields it, its log and the agent's configuration."""
    (folder / "story.yml").write_text(story, encoding="utf-8")
    options = ["--story", "story.yml", "--ports", str(base or free_base()), "--web.listen-address", free_address()]
    written = sla_agent("lab", "--directory", folder / "lab", "--write-only", *options[2:])
    assert written.code == 0, written.err
    config = folder / "lab" / "agent.yml"
    log = folder / "log"
    words = [sys.executable, "-m", "agent.lab", "--config.file", config, "--directory", folder / "lab", "--", *options]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with log.open("wb") as out, subprocess.Popen(words, cwd=folder, env=env, stdout=out, stderr=out) as process:
        try:
            yield process, log, config
        finally:
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def children(process: subprocess.Popen) -> list[int]:
    """The processes that it has begun."""
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    return False


def faults(config: Path) -> list[dict]:
    done = sla_agent("faults", "--json", "--config.file", config)
    return json.loads(done.out)["faults"] if done.code == 0 else []


def address(log: Path) -> str | None:
    found = re.search(r"ready: \d+ targets, http://([^/]+)/", log.read_text(encoding="utf-8"))
    return found and found[1]


def get(where: str, path: str, accept: str = "") -> tuple[str, str | None]:
    with urlopen(Request(f"http://{where}{path}", headers={"Accept": accept}), timeout=SECONDS) as response:
        return response.read().decode(), response.headers["Sla-Simulated"]


@pytest.mark.slow
def test_a_cut_uplink_is_one_fault_with_all_that_lies_behind_it_and_everything_says_simulated(tmp_path):
    with launched(tmp_path, STORY) as (process, log, config):
        where = wait_for(lambda: process.poll() is None and address(log), seconds=SECONDS)

        def whole():
            found = faults(config)
            return found if found and set(found[0]["members"]) >= BEHIND else None

        (fault,) = wait_for(whole, seconds=SECONDS)
        assert (fault["root"], fault["role"], fault["source"]) == ("UP-610981", "node", "probe")
        assert not any("610902" in member for member in fault["members"])
        page, _ = get(where, "/metrics")
        shown = set(re.findall(r'sla_target_up\{[^}]*kind="([a-z_]+)"', page))
        assert shown >= SIX_KINDS
        for accept in ("", "application/openmetrics-text"):
            page, header = get(where, "/metrics", accept)
            samples = [line for line in page.splitlines() if line and not line.startswith("#")]
            assert [line for line in samples if 'simulated="true"' not in line] == []
            assert len(samples) > 1000
            assert header == "true"
        for path in ("/", "/targets/SSO"):
            assert "模拟数据" in get(where, path)[0]
        assert json.loads(get(where, "/api/v1/targets")[0])["simulated"] is True
        for words in (["targets"], ["status"], ["faults"], ["faults", "show", fault["id"]]):
            assert "模拟数据 SIMULATED" in sla_agent(*words, "--config.file", config).out, words
        day = ["--from", "2026-01-01", "--to", "2027-01-01"]
        said = sla_agent("availability", "--target", "SSO", *day, "--config.file", config)
        assert "模拟数据 SIMULATED" in said.out
        pids = children(process)
        process.terminate()
        assert process.wait(SECONDS) == 0
        assert not any(runs(pid) for pid in pids)


@pytest.mark.slow
def test_a_launcher_that_is_killed_leaves_nothing_behind(tmp_path):
    with launched(tmp_path, "actions: []\n") as (process, log, _):
        wait_for(lambda: address(log), seconds=SECONDS)
        pids = children(process)
        assert len(pids) == 2
        process.kill()
        process.wait(SECONDS)
        wait_for(lambda: not any(runs(pid) for pid in pids) or None, seconds=SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_when_either_ends_so_does_the_other(tmp_path, victim):
    with launched(tmp_path, "actions: []\n") as (process, log, _):
        wait_for(lambda: address(log), seconds=SECONDS)
        pids = children(process)
        os.kill(pids[victim], signal.SIGKILL)
        assert process.wait(SECONDS) != 0
        assert not any(runs(pid) for pid in pids)


def test_a_taken_port_is_named_and_the_agent_does_not_start(tmp_path):
    base = free_base()
    with socket.create_server(("127.90.0.10", base + 443)), launched(tmp_path, "actions: []\n", base) as started:
        process, log, _ = started
        assert process.wait(SECONDS) == 2
    text = log.read_text(encoding="utf-8")
    assert f"the lab: 127.90.0.10:{base + 443} is taken" in text
    assert "Traceback" not in text
    assert "targets, http://" not in text


def test_the_lab_alone_ends_by_a_signal(tmp_path):
    words = [sys.executable, "-m", "agent", "lab", "--directory", tmp_path, "--ports", str(free_base())]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("ready: 安康市（模拟）"):
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
