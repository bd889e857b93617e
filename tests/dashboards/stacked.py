"""The demo stack as a process of its own on free ports, for tests that ask what came of it."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from dashboards.preview.prometheus import Prometheus
from tests.agent.cli_agent import free_address
from tests.e2e.running import until
from tests.lab.worlds import free_base
from tests.requirements import need_program

ROOT = Path(__file__).parents[2]
SECONDS = 120
SCRAPE = 1


class Stack(NamedTuple):
    """A stack that is ready."""

    process: subprocess.Popen[bytes]
    folder: Path
    prometheus: Prometheus
    alertmanager: str
    agent: str

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Every message that Alertmanager has sent."""
        path = self.folder / "messages.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def alerts(self) -> list[dict[str, Any]]:
        """What fires, by Alertmanager, and is neither inhibited nor silenced."""
        url = f"http://{self.alertmanager}/api/v2/alerts?active=true&inhibited=false&silenced=false"
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        """Until it is so; a stack that ends meanwhile fails the test."""
        until(condition, what, self.process)

    def value(self, expr: str) -> float | None:
        """The one value of a query, None without any."""
        with urllib.request.urlopen(
            f"{self.prometheus.url}/api/v1/query?query={quoted(expr)}", timeout=SECONDS
        ) as answer:
            found = json.load(answer)["data"]["result"]
        return float(found[0]["value"][1]) if found else None


def quoted(expr: str) -> str:
    return urllib.request.quote(expr)


def words(folder: Path, story: str, *more: str) -> tuple[list[str], list[str]]:
    """The command, and the addresses of agent, Prometheus, Alertmanager and receiver."""
    (folder / "story.yml").write_text(story, encoding="utf-8")
    addresses = [free_address() for _ in range(4)]
    ports = [address.rpartition(":")[2] for address in addresses]
    command = [
        sys.executable, "-m", "dashboards.stack", "--directory", str(folder / "demo"),
        "--story", str(folder / "story.yml"), "--scrape", str(SCRAPE), "--lab-ports", str(free_base()),
        "--agent-port", ports[0], "--prometheus-port", ports[1], "--alertmanager-port", ports[2],
        "--webhook-port", ports[3], *more,
    ]  # fmt: skip
    return command, addresses


@contextmanager
def stack(folder: Path, story: str, *more: str) -> Iterator[Stack]:
    """From its ready line to a clean end by Ctrl-C."""
    for program in ("prometheus", "prometheus-alertmanager"):
        need_program(program)
    command, (agent, prometheus, alertmanager, _) = words(folder, story, *more)
    log = folder / "log"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=env) as process:
        try:
            until(lambda: b"demo stack: ready" in log.read_bytes(), "the ready line", process)
            yield Stack(process, folder / "demo", Prometheus(f"http://{prometheus}"), alertmanager, agent)
            pids = children(process)
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 0, log.read_text(encoding="utf-8")
            assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(SECONDS)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes that it has begun."""
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]
