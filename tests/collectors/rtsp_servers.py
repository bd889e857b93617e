"""Two more RTSP servers that nobody here wrote, as processes of their own; from the extra `dev`, never imported."""

import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from tests.requirements import unmet

START_SECONDS = 60.0
HERE = Path(__file__).parent


class FileServer(NamedTuple):
    """Where the server of files listens: with RTSP, and with HTTP for those who steer it."""

    rtsp: str
    control: str


def make_media(folder: Path) -> None:
    """The recordings of rtsp_media.py."""
    _need("av")
    made = subprocess.run([sys.executable, HERE / "rtsp_media.py", folder], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


@contextmanager
def aio_server(folder: Path, host: str) -> Iterator[FileServer]:
    """aio-rtsp-toolkit's `rtsp-server`, which publishes the files of a folder."""
    _need("aio_rtsp_toolkit", "av")
    program = Path(sys.executable).with_name("rtsp-server")
    log = folder / "server.log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            [program, "-d", folder, "-H", host, "-p", "0", "-cp", "0"], stdout=out, stderr=out, cwd=folder
        )
    try:
        ports = _two_ports(child, log)
        yield FileServer(*(_joined(host, port) for port in ports))
    finally:
        child.kill()
        child.wait()


@contextmanager
def rtsp_rs(host: str) -> Iterator[str]:
    """The server rtsp-rs with one H.264 stream; yields host:port."""
    if platform.machine() != "x86_64":
        pytest.skip("rtsp-rs has wheels for x86_64 only")
    _need("rtsp", "av")
    child = subprocess.Popen(
        [sys.executable, HERE / "rtsp_rs.py", host],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stderr is not None
        port = child.stdout.readline().strip()
        assert port, f"rtsp-rs did not start: {child.stderr.read()}"
        yield _joined(host, int(port))
    finally:
        child.kill()
        child.communicate()


def _need(*modules: str) -> None:
    for module in modules:
        if find_spec(module) is None:
            unmet(f"the Python module {module} is not installed (make dev)")


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _two_ports(child: subprocess.Popen[bytes], log: Path) -> list[int]:
    """The ports it listens on, in the order in which it opened them: RTSP, then HTTP."""
    found: list[Any] = []
    process, deadline = psutil.Process(child.pid), time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        with suppress(psutil.NoSuchProcess):  # it ended; poll() says so next time
            found = [each for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
        if len(found) == 2:
            return [each.laddr.port for each in sorted(found, key=lambda each: each.fd)]
        time.sleep(0.02)
    pytest.fail(f"rtsp-server did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
