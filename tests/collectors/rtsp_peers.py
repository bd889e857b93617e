"""Peers for the tests of kind rtsp: GStreamer's server, and small servers that are odd in one way each."""

import asyncio
import contextlib
import os
import re
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from collectors.base import Reading, Target
from collectors.rtsp import KIND, Devices, RtspModule, rtsp_kind
from tests.requirements import need_program, unmet

LONG = 20.0
"""Seconds no test reaches unless it fails."""

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=control:track1\r\n"
)
BYE = object()
"""As an answer: close the connection."""

Answer = bytes | object
Asked = Callable[["Request"], Answer | Awaitable[Answer]]


@dataclass
class Request:
    """One request as the peer got it, and how many came before it on all connections and on this one."""

    text: str
    before: int
    before_here: int

    @property
    def method(self) -> str:
        return self.text.partition(" ")[0]

    @property
    def login(self) -> str:
        found = re.search(r"^Authorization: (.*)$", self.text, re.MULTILINE)
        return found[1].strip() if found else ""

    def reply(self, status: str, *headers: str, body: bytes = b"") -> bytes:
        cseq = re.search(r"^CSeq: (\d+)", self.text, re.MULTILINE)
        lines = [f"RTSP/1.0 {status}", f"CSeq: {cseq[1] if cseq else 0}", *headers]
        if body:
            lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Peer:
    """What a scripted server has seen."""

    address: str
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0

    def asked(self, method: str) -> int:
        return sum(1 for each in self.requests if each.method == method)

    @property
    def logins(self) -> int:
        return sum(1 for each in self.requests if each.login)


@asynccontextmanager
async def scripted(answer: Asked, host: str = "127.0.0.1") -> AsyncIterator[Peer]:
    """A server that answers each request as it is told."""
    peer = Peer("")
    tasks: set[asyncio.Task[Any] | None] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here = 0
        while True:
            text = (await reader.readuntil(b"\r\n\r\n")).decode()
            request = Request(text, len(peer.requests), here)
            here += 1
            peer.requests.append(request)
            said = answer(request)
            said = await said if isinstance(said, Awaitable) else said
            if said is BYE:
                return
            assert isinstance(said, bytes)
            writer.write(said)
            await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        peer.connections += 1
        peer.open_now += 1
        peer.most_open = max(peer.most_open, peer.open_now)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await talk(reader, writer)
        peer.open_now -= 1
        writer.close()

    server = await asyncio.start_server(serve, host, 0)
    port = server.sockets[0].getsockname()[1]
    peer.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        yield peer
    finally:
        server.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await server.wait_closed()


@asynccontextmanager
async def raw(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server whose every connection is `talk`; yields its address."""
    tasks: set[asyncio.Task[Any] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await server.wait_closed()


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def probe(
    address: str, timeout: float = LONG, devices: Devices | None = None, trace: Any = None, **options: Any
) -> Sequence[Reading]:
    """All readings of one address with a module of these options."""
    module = RtspModule.model_validate(options)
    async with rtsp_kind(devices).build(module) as collector:
        readings = await collector.collect(Target(id="t", address=address, timeout_seconds=timeout, trace=trace))
    assert {name for each in readings for name in each.values} <= set(KIND.values)
    return readings


def login(folder: Path, password: str = "Abc12345", username: str = "admin") -> dict[str, Any]:
    """Options that describe with a password from a file."""
    file = folder / f"password-{password}"
    file.write_text(f"{password}\n", encoding="utf-8")
    file.chmod(0o600)
    return {"depth": "describe", "username": username, "password": {"file": str(file)}}


@contextmanager
def gstreamer(way: str = "none", host: str = "127.0.0.1") -> Iterator[str]:
    """GStreamer's server in a process of its own; yields host:port."""
    python = Path("/usr/bin/python3")
    need_program("python3")
    script = Path(__file__).with_name("rtsp_gst.py")
    env = {"PATH": os.environ["PATH"], "GST_REGISTRY_FORK": "no", "HOME": os.environ.get("HOME", "/")}
    child = subprocess.Popen(
        [python, script, way, host], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )
    try:
        assert child.stdout is not None
        port = child.stdout.readline().strip()
        if not port:
            assert child.stderr is not None
            why = child.stderr.read().strip().splitlines()[-1:]
            if why and ("No module named 'gi'" in why[0] or "Namespace" in why[0]):
                unmet(f"GStreamer's RTSP server is not installed (tests/apt-packages.txt): {why[0]}")
            pytest.fail(f"GStreamer's RTSP server did not start: {why}")
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    finally:
        child.kill()
        child.communicate()
