"""A real agent process, and real peers, for tests from outside: started, asked, killed, and always stopped by id."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

DEADLINE_SECONDS = 120
"""Far beyond what anything here takes; only a hang meets it."""

PARAMETERS = """
vantage: {{name: e2e}}
store: {{url: "sqlite:///{store}"}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  port: {{kind: tcp, interval: 1s, retry_interval: 1s, timeout: 500ms}}
targets:
{targets}
"""


class Process:
    """`sla-agent run` as a process; `address` is where it serves, read from its ready line."""

    def __init__(self, config: Path, log: Path, prefix: Sequence[str] = ()) -> None:
        self._log = log.open("ab")
        self._seen = log.stat().st_size
        self.log = log
        command = [*prefix, sys.executable, "-m", "agent", "run", "--config.file", str(config)]
        self.child = subprocess.Popen(command, stdout=self._log, stderr=self._log, env={**os.environ})
        self.address = ""

    def wait_ready(self) -> None:
        until(self._is_ready, "the ready line", self.child)

    def _is_ready(self) -> bool:
        text = self.log.read_bytes()[self._seen :].decode()
        found = re.search(r"ready: .*http://([0-9.:\[\]]+)/", text)
        self.address = found[1] if found else ""
        return bool(found)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=60) as answer:
            return str(answer.read().decode())

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def stop(self) -> int:
        return self.end(signal.SIGTERM)

    def end(self, number: int) -> int:
        if self.child.poll() is None:
            self.child.send_signal(number)
        status = self.child.wait(DEADLINE_SECONDS)
        self._log.close()
        return status


@contextmanager
def agent(config: Path, log: Path, prefix: Sequence[str] = ()) -> Iterator[Process]:
    """An agent that is ready; killed at the end if the test has not ended it."""
    process = Process(config, log, prefix)
    try:
        process.wait_ready()
        yield process
    finally:
        process.end(signal.SIGKILL)


def until(condition: "object", what: str, child: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for a condition; a process that ends meanwhile, or a hang, fails the test."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            if condition():  # type: ignore[operator]  # any callable
                return
        except (urllib.error.URLError, ConnectionError, json.JSONDecodeError):
            pass
        if child is not None and child.poll() is not None:
            raise AssertionError(f"the process ended with {child.returncode} before {what}")
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {DEADLINE_SECONDS} s")


class Port:
    """A TCP port of our own that answers, or refuses, as the test says.

    A socket that is bound and never listens keeps the number while the port is closed: nobody else may take it.
    """

    def __init__(self) -> None:
        self._keeper = _bound(0)
        self.number: int = self._keeper.getsockname()[1]
        self._socket: socket.socket | None = None
        self.open()

    def open(self) -> None:
        self._socket = _bound(self.number)
        self._socket.listen(512)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def give_back(self) -> None:
        """The number may be somebody else's."""
        self.close()
        self._keeper.close()


def _bound(number: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", number))
    return made


@contextmanager
def ports(count: int) -> Iterator[list[Port]]:
    """Ports that accept into the kernel's backlog: enough for a probe that only connects."""
    made = [Port() for _ in range(count)]
    try:
        yield made
    finally:
        for port in made:
            port.give_back()


def configuration(folder: Path, ports_: Sequence[Port], extra: str = "") -> Path:
    """agent.yml with one fast tcp target a port."""
    rows = "\n".join(
        f'  - {{target_id: t{number}, kind: tcp, address: "127.0.0.1:{port.number}", module: port}}'
        for number, port in enumerate(ports_)
    )
    path, new = folder / "agent.yml", folder / "agent.yml.new"
    new.write_text(PARAMETERS.format(store=folder / "ledger.db", targets=rows) + extra, encoding="utf-8")
    new.rename(path)  # at once: a command that reads it meanwhile must not find half of it
    return path
