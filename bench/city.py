"""A city of cameras on loopback: one listener for all addresses, a register, `sla-agent run`, a real Prometheus.

Shares of the targets are refused or never answered, as in a real city. Everything is a process of its own, and what is
measured is read from outside: /proc, the agent's page, its API.
"""

import contextlib
import json
import random
import re
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import Request, urlopen

from bench.pipeline import SCRAPE_OURS, start_prometheus
from bench.processes import cpu_seconds, free_port, get, process, resident_mb, wait_for
from bench.subject import ASKED_FOR

COUNTED = "sla_probe_total"
"""What no dashboard asks for, and a bench that counts turns does."""

REFUSED, SILENT = 0.04, 0.02

CONFIG = """
vantage: {{name: bench}}
store: {{url: "sqlite:///{folder}/ledger.db"}}
web: {{listen_address: "127.0.0.1:{port}", families: {families}}}
modules:
  camera: {{kind: rtsp, interval: {interval}s, timeout: {timeout}s{options}}}
  near: {{kind: tcp, interval: {near}s, timeout: {timeout}s}}
registers:
  - {{kind: targets, file: targets.csv}}
"""
HEAD = "target_id,kind,address,module,role,parents,interval_seconds"
OWN = re.compile(r"^(sla_agent_\w+|process_\w+)(\{[^}]*\})? (\S+)$", re.MULTILINE)


class Plan(NamedTuple):
    """What is run. Units: seconds; `retry` is None for the product's own default."""

    targets: int = 43_000
    interval: int = 60
    timeout: int = 2
    near: int = 30
    prometheus: bool = True
    retry: int | None = None

    @property
    def options(self) -> str:
        """The retry interval as the configuration has it."""
        return "" if self.retry is None else f", retry_interval: {self.retry}s"

    @property
    def detect(self) -> float:
        """When what fails at once must be seen DOWN: an interval, two retries, three timeouts."""
        retry = max(self.interval / 6, 5) if self.retry is None else self.retry
        return self.interval + 2 * retry + 3 * self.timeout


class Ports(NamedTuple):
    """Who answers, who never does, who refuses, and a second peer that always answers."""

    good: int
    silent: int
    refused: int
    apart: int


def address(number: int, port: int) -> str:
    """A loopback address of its own for each target."""
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}:{port}"


def is_bad(number: int) -> bool:
    """Whether a target of the mixed city never answers, in one way or the other."""
    return number % 100 < round((REFUSED + SILENT) * 100)


def mixed(plan: Plan, ports: Ports) -> list[str]:
    """The register of a city of which 4 % are refused and 2 % are silent."""
    rows = []
    for number in range(plan.targets):
        place = number % 100
        port = ports.refused if place < REFUSED * 100 else ports.silent if is_bad(number) else ports.good
        rows.append(f"t{number:05},rtsp,{address(number, port)},camera,camera,,")
    return rows


class City:
    """A running city. `tell` changes the listener's mood: answers, silent or closed."""

    def __init__(
        self, agent: subprocess.Popen[bytes], listener: subprocess.Popen[bytes], base: str, heard: Path, log: Path
    ) -> None:
        self.agent = agent
        self.base = base
        self.log = log
        self._listener = listener
        self._heard = heard

    def tell(self, mood: str) -> None:
        """Change what the peers do, at once."""
        stdin = self._listener.stdin
        assert stdin is not None
        stdin.write(f"{mood}\n".encode())
        stdin.flush()

    def own(self) -> dict[str, float]:
        """The agent's metrics about itself: the head of its page, without that of 43 000 targets behind it."""
        head = b""
        with urlopen(Request(f"{self.base}/metrics"), timeout=60) as answer:
            while b"\nsla_target_" not in head and b"\nsla_probe_" not in head and (piece := answer.read(65536)):
                head += piece
        return {
            name + (labels or ""): float(value) for name, labels, value in OWN.findall(head.decode(errors="ignore"))
        }

    def page(self) -> str:
        """The whole page."""
        return get(f"{self.base}/metrics")

    def states(self) -> dict[str, int]:
        """How many targets are in which state."""
        told: dict[str, int] = json.loads(get(f"{self.base}/api/v1/status"))["targets"]
        return told

    def ask(self, path: str) -> dict[str, object]:
        """An answer of the API."""
        told: dict[str, object] = json.loads(get(f"{self.base}/api/v1/{path}"))
        return told

    def cpu(self) -> float:
        """CPU seconds of the agent so far."""
        return cpu_seconds(self.agent.pid)

    def high_water_mb(self) -> float:
        """The agent's memory at its largest."""
        return resident_mb(self.agent.pid, high_water=True)

    def resident_mb(self) -> float:
        """The agent's memory now."""
        return resident_mb(self.agent.pid)


def by_target(page: str, family: str, label: str = "") -> dict[str, float]:
    """The samples of a family by target: those whose last label is the one given, where the family has labels."""
    found = re.findall(rf'^{family}{{target="([^"]+)",[^}}]*{label}}} (\S+)$', page, re.MULTILINE)
    return {target: float(value) for target, value in found}


@contextmanager
def city(plan: Plan, rows: Iterable[str] | None = None, ports: Ports | None = None) -> Iterator[City]:
    """A city that is ready; ended by its processes' ids."""
    ports = ports or pick_ports()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        listener = _listener(stack, folder, "listener", str(ports.good), "rtsp", str(ports.silent))
        _listener(stack, folder, "apart", str(ports.apart), "rtsp", "0")
        text = "\n".join([HEAD, *(mixed(plan, ports) if rows is None else rows)]) + "\n"
        (folder / "targets.csv").write_text(text, encoding="utf-8")
        port = free_port()
        families = json.dumps((*ASKED_FOR, COUNTED))
        text = CONFIG.format(folder=folder, port=port, families=families, options=plan.options, **plan._asdict())
        (folder / "agent.yml").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "agent", "run", "--config.file", str(folder / "agent.yml")]
        agent = stack.enter_context(process(command, folder / "agent.log"))
        wait_for(f"http://127.0.0.1:{port}/-/ready", agent, 300)
        if plan.prometheus:
            start_prometheus(stack, folder, SCRAPE_OURS.format(interval=15, port=port))
        yield City(agent, listener, f"http://127.0.0.1:{port}", folder / "listener.log", folder / "agent.log")


def _listener(stack: ExitStack, folder: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A peer that may be told its mood."""
    raise_own_limit()
    with (folder / f"{name}.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.listener", *arguments], stdin=subprocess.PIPE, stdout=log, stderr=log
        )
    stack.callback(_end, child)
    return child


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    if child.stdin is not None:
        child.stdin.close()


def raise_own_limit() -> None:
    """The peers hold a descriptor for each probe under way, as the agent does."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pick_ports() -> Ports:
    """Four ports of this host below those that the kernel gives away; nobody listens on the third."""
    found: list[int] = []
    while len(found) < 4:
        port = random.randrange(12_000, 30_000)
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind(("0.0.0.0", port))
            found.append(port)
    return Ports(*found)


def grown(before: Mapping[str, float], after: Mapping[str, float], name: str) -> float:
    """How much a sample has grown."""
    return after.get(name, 0.0) - before.get(name, 0.0)


def quantile(before: Mapping[str, float], after: Mapping[str, float], family: str, share: float) -> float:
    """Of a histogram between two looks, between its borders in proportion, as histogram_quantile does."""
    inside = re.compile(rf'^{family}_bucket{{le="([^"]+)"}}$')
    counts = {float(found[1]): grown(before, after, name) for name in after if (found := inside.match(name))}
    wanted, low, below = share * counts[float("inf")], 0.0, 0.0
    for border in sorted(counts):
        if counts[border] >= wanted:
            part = (wanted - below) / (counts[border] - below) if counts[border] > below else 0.0
            return low if border == float("inf") else low + (border - low) * part
        low, below = border, counts[border]
    return low
