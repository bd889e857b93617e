"""The agent at the vantage, and the script that is played before it; each action bears the time it really had."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from agent.lab.netns import Fault, Faults, Network
from agent.lab.netns.commands import ip
from agent.lab.netns.namespaces import inside
from tests.acceptance.scenario import Scenario, Step
from tests.e2e.running import Process, until
from tests.requirements import need_program

Rows = Mapping[str, Mapping[str, Any]]


class Mark(NamedTuple):
    """When something was done: not before, and not after. Units: microseconds UTC."""

    before: int
    after: int


def now() -> int:
    return time.time_ns() // 1000


class Agent(Process):
    """`sla-agent run` at the vantage, asked there too."""

    def __init__(self, net: Network, config: Path, log: Path) -> None:
        self._net = net
        super().__init__(config, log, [need_program("ip"), "netns", "exec", net.vantage])

    def get(self, path: str) -> str:
        host, _, port = self.address.rpartition(":")
        made = http.client.HTTPConnection(host, int(port), timeout=60)
        with inside(self._net.vantage):
            made.sock = socket.create_connection((host, int(port)), timeout=60)
        try:
            made.request("GET", path)
            answer = made.getresponse()
            text = answer.read().decode()
        finally:
            made.close()
        assert answer.status == 200, f"{path}: {answer.status} {text}"
        return text

    def is_isolated(self) -> bool:
        """What the agent says of itself: whether it is cut off from any plane."""
        said = self.get("/metrics").splitlines()
        return any(line.startswith("sla_agent_vantage_isolated{") and line.endswith(" 1.0") for line in said)

    def rows(self) -> dict[str, dict[str, Any]]:
        """Targets, not the vantage's own, and their components, by id."""
        found = {}
        for target in json.loads(self.get("/api/v1/targets?limit=200"))["targets"]:
            if target["duty"] == "target":
                found[target["id"]] = target
                found |= {part["id"]: part for part in target["components"]}
        return found


@contextmanager
def running(net: Network, config: Path, log: Path) -> Iterator[Agent]:
    agent = Agent(net, config, log)
    try:
        agent.wait_ready()
        yield agent
    finally:
        agent.kill()


class Stage:
    """Plays a script; `marks` are the times of what it names."""

    def __init__(self, net: Network, agent: Agent) -> None:
        self._net, self._agent = net, agent
        self._faults = Faults(net)
        self._done: dict[str, Fault] = {}
        self.marks: dict[str, Mark] = {}

    def play(self, scenario: Scenario) -> None:
        for step in scenario.script:
            if step.what == "until":
                self._wait(step)
            else:
                self._act(step)

    def _act(self, step: Step) -> None:
        before = now()
        self._action(step)()
        self.marks[step.mark] = Mark(before, now())

    def _action(self, step: Step) -> Callable[[], None]:
        where = step.where
        return {
            "cut": lambda: self._net.cut(where),
            "mend": lambda: self._net.mend(where),
            "lose": lambda: self._break(where, self._faults.lose(where, ratio=step.ratio)),
            "silence": lambda: self._break(where, self._faults.silence(where)),
            "drop6": lambda: self._break(where, self._faults.drop_version(where, version=6)),
            "undo": lambda: self._faults.undo(self._done.pop(where)),
            "own_device_down": lambda: self._own("down"),
            "own_device_up": lambda: self._own("up"),
        }[step.what]

    def _break(self, where: str, fault: Fault) -> None:
        self._done[where] = fault

    def _own(self, state: str) -> None:
        ip("-n", self._net.vantage, "link", "set", "uplink", state)
        if state == "up":
            self._net.mend("@uplink")

    def _wait(self, step: Step) -> None:
        seen: set[str] = set()

        def holds() -> bool:
            rows = self._agent.rows()
            wants = dict(step.where)
            if "vantage" in wants and self._agent.is_isolated() != (wants.pop("vantage") == "isolated"):
                return False
            if not all(_is(rows, id_, wanted) for id_, wanted in wants.items()):
                return False
            seen.update(rows[id_]["last_reading"]["at"] for id_ in step.where if id_ in rows)
            return len(seen) >= step.readings

        until(holds, f"{step.where}", self._agent.child)
        at = now()
        self.marks[step.mark] = Mark(at, at)


def _is(rows: Rows, id_: str, wanted: str) -> bool:
    if id_ == "all":
        return bool(rows) and all(_is(rows, each, wanted) for each in rows)
    row = rows.get(id_)
    if row is None:
        return False
    if wanted == "streak":
        return bool(row["streak"])
    if wanted == "flapping":
        return "flapping" in row["degraded"] and not row["streak"]
    return bool(row["state"] == wanted and (wanted == "unknown" or not row["streak"]))
