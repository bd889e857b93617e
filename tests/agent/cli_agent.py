"""A real agent as a process of its own, on loopback, and the commands that are asked about it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from typer.testing import CliRunner

from agent.cli.main import app

T = TypeVar("T")

ENV = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}


class Said(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Started(NamedTuple):
    """A running agent."""

    process: subprocess.Popen
    config: Path
    store: Path
    address: str


def sla_agent(*words: object) -> Said:
    """One command, in this process."""
    result = CliRunner().invoke(app, [str(word) for word in words], env={"SLA_AGENT_CONFIG": None})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


def free_address() -> str:
    """Loopback with a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def write_config(folder: Path, targets: str, more: str = "") -> Path:
    """A configuration whose store and port are its own."""
    file = folder / "agent.yml"
    file.write_text(
        f"""
store: {{url: "sqlite:///{folder}/ledger.db"}}
web: {{listen_address: "{free_address()}"}}
modules:
  fast: {{kind: tcp, interval: 1s, timeout: 1s}}
  machine: {{kind: host, interval: 1s, timeout: 1s}}
{more}
targets:
{targets}
""",
        encoding="utf-8",
    )
    return file


@contextmanager
def running(config: Path) -> Iterator[Started]:
    """An agent on a configuration, from its ready line to a clean stop."""
    command = [sys.executable, "-m", "agent", "run", "--config.file", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENV)
    try:
        address = wait_ready(process)
        yield Started(process, config, config.parent / "ledger.db", address)
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=30)
        assert process.returncode == 0, rest
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()


def wait_for(question: Callable[[], T | None], seconds: float = 30) -> T:
    """Ask again until there is an answer."""
    end = time.monotonic() + seconds
    while (answer := question()) is None:
        assert time.monotonic() < end, "no answer in time"
        time.sleep(0.05)
    return answer


def wait_ready(process: subprocess.Popen) -> str:
    """The address that the agent's ready line names."""
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "ready: " in line:
            return line.split("http://")[1].split("/")[0]
    raise AssertionError("the agent ended before it was ready: " + "".join(lines))
