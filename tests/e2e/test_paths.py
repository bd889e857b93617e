"""The path of a fault, by the real process behind three real routers: kept once, shown, and there after kill -9."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.icmp_peers import ip, run_inside
from tests.collectors.path_peers import HOPS_V4, TARGET_V4, Chain, chain
from tests.e2e.running import DEADLINE_SECONDS, until
from tests.requirements import need_program

CONFIG = """
vantage: {{name: e2e}}
store: {{url: "sqlite:///{folder}/ledger.db"}}
web: {{listen_address: "127.0.0.1:9610"}}
modules:
  icmp: {{kind: icmp, interval: 1s, retry_interval: 1s, timeout: 500ms, count: 1}}
  port: {{kind: tcp, interval: 1s, retry_interval: 1s, timeout: 500ms}}
path: {{concurrency: 2{path}}}
targets:
{targets}
"""
PARENT = "  - {target_id: r3, kind: icmp, address: 10.70.3.2, role: core}"


@pytest.fixture(scope="module")
def net() -> Iterator[Chain]:
    with chain() as made:
        for number in range(100):  # what stands behind the last router: a hundred addresses of one host
            ip("-n", made.target, "addr", "add", f"10.70.4.{100 + number}/24", "dev", "near4")
        yield made


class Agent:
    """`sla-agent run` at the vantage; asked from there too."""

    def __init__(self, net: Chain, folder: Path, targets: Sequence[str], path: str = "") -> None:
        self.net, self.folder = net, folder
        self.config = folder / "agent.yml"
        self.config.write_text(CONFIG.format(folder=folder, targets="\n".join(targets), path=path), encoding="utf-8")
        self.start()

    def start(self) -> None:
        command = [need_program("ip"), "netns", "exec", self.net.vantage, sys.executable, "-m", "agent", "run"]
        self.log = (self.folder / "log").open("ab")
        self.child = subprocess.Popen(
            [*command, "--config.file", str(self.config)], stdout=self.log, stderr=self.log, env={**os.environ}
        )
        until(lambda: "ready: " in self.page("/-/ready", "ready: "), "the agent", self.child)

    def page(self, path: str, good: str = "") -> str:
        """What it serves; "" while it does not."""
        script = (
            f"import urllib.request as u; print({good!r} + u.urlopen('http://127.0.0.1:9610{path}').read().decode())"
        )
        try:
            return run_inside(self.net.vantage, sys.executable, "-c", script)
        except AssertionError:
            return ""

    def roots(self) -> dict[str, dict[str, Any]]:
        """Open faults by root."""
        text = self.page("/api/v1/faults?state=open")
        return {each["root"]: each for each in json.loads(text)["faults"]} if text else {}

    def paths(self, fault: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.page(f"/api/v1/faults/{fault}"))["paths"]
        return found

    def metric(self, sample: str) -> float:
        lines = [line for line in self.page("/metrics").splitlines() if line.startswith(f"{sample} ")]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    def up(self, count: int) -> bool:
        lines = self.page("/metrics").splitlines()
        return sum(line.startswith("sla_target_up{") and line.endswith(" 1") for line in lines) == count

    def command(self, *words: str) -> str:
        return run_inside(self.net.vantage, sys.executable, "-m", "agent", *words, "--config.file", str(self.config))

    def end(self) -> None:
        self.child.kill()
        self.child.wait(DEADLINE_SECONDS)
        self.log.close()


@pytest.fixture
def started(net: Chain, tmp_path: Path) -> Iterator[Any]:
    made: list[Agent] = []

    def start(*targets: str, path: str = "") -> Agent:
        made.append(Agent(net, tmp_path, targets, path))
        return made[-1]

    yield start
    for each in made:
        each.end()


KEPT, FULL = 'sla_agent_path_traces_total{result="kept"}', 'sla_agent_path_traces_dropped_total{cause="full"}'
OVER = 'sla_agent_path_traces_dropped_total{cause="over"}'


def test_a_cut_link_is_kept_with_the_fault_and_outlives_kill_9(net: Chain, started):
    running = started(f"  - {{target_id: t, kind: icmp, address: {TARGET_V4}}}")
    until(lambda: running.up(1), "UP")
    with net.cut(3):
        until(lambda: running.metric(KEPT) == 1, "a kept path", running.child)
        fault = running.roots()["t"]["id"]
        running.end()
        running.start()
        (path,) = running.paths(fault)
    assert [answer["address"] for hop in path["hops"][:2] for answer in hop["answers"][:1]] == HOPS_V4[:2]
    assert path["end"] == "unreachable"
    assert path["summary_en"].startswith("breaks at hop 3: 10.70.2.2 says host unreachable")
    assert path["summary_zh"].startswith("在第 3 跳中断：10.70.2.2 报告主机不可达")
    shown = running.command("faults", "show", fault)
    assert "breaks at hop 3: 10.70.2.2 says host unreachable" in shown
    assert json.loads(running.command("faults", "show", fault, "--json"))["paths"] == [path]


def test_of_a_hundred_targets_behind_a_router_that_is_cut_only_the_router_is_traced(net: Chain, started):
    behind = [f"  - {{target_id: t{n}, kind: icmp, address: 10.70.4.{100 + n}, parents: r3}}" for n in range(99)]
    running = started(PARENT, *behind)
    until(lambda: running.up(100), "all UP")
    with net.cut(3):
        until(lambda: len(running.roots().get("r3", {}).get("members", [])) == 99, "one fault", running.child)
        until(lambda: running.metric(KEPT) == 1, "its path", running.child)
        fault = running.roots()["r3"]["id"]
        assert list(running.roots()) == ["r3"]
        assert [path["target"] for path in running.paths(fault)] == ["r3"]
        assert running.metric(KEPT) == 1
        assert running.metric(FULL) == 0


def test_a_hundred_targets_cut_behind_nothing_known_are_traced_a_few_at_a_time(net: Chain, started):
    alone = [f"  - {{target_id: t{n}, kind: icmp, address: 10.70.4.{100 + n}}}" for n in range(100)]
    running = started(*alone, path=", max_hops: 2, queries: 1, silent_hops: 1")
    until(lambda: running.up(100), "all UP")
    with net.firewall(2, "drop"):
        until(lambda: len(running.roots()) == 100, "a hundred faults", running.child)
        until(lambda: running.metric(KEPT) >= 4, "some paths", running.child)
        socks = run_inside(net.vantage, sys.executable, "-c", "print(len(open('/proc/net/raw').readlines()) - 1)")
    assert int(socks) <= 1 + 2  # the socket of all probes, and one for each trace under way
    assert running.metric(KEPT) < 100


def test_nothing_is_traced_where_it_is_switched_off(net: Chain, started):
    running = started(f"  - {{target_id: t, kind: icmp, address: {TARGET_V4}}}", path=", enabled: false")
    until(lambda: running.up(1), "UP")
    with net.firewall(2, "drop"):
        until(lambda: "t" in running.roots(), "a fault", running.child)
        assert running.paths(running.roots()["t"]["id"]) == []
        assert running.metric(KEPT) == 0
