"""Peers for the icmp tests: network namespaces of our own, and a host that answers as it is told."""

import asyncio
import contextlib
import ctypes
import itertools
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import collectors.base
from tests.requirements import need_program

_COUNTER = itertools.count()
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_IP_PKTINFO = 8
SOURCE_ROOT = str(Path(collectors.base.__file__).parents[1])


def ip(*args: str, ok: bool = True) -> str:
    done = subprocess.run([need_program("ip"), *args], capture_output=True, text=True, check=False)
    assert not ok or done.returncode == 0, f"ip {' '.join(args)}: {done.stderr}"
    return done.stdout


@contextlib.contextmanager
def namespace(*sysctls: str) -> Iterator[str]:
    """A network namespace with lo up and these `name=value` settings."""
    name = f"icmp-{os.getpid()}-{next(_COUNTER)}"
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "set", "lo", "up")
        for setting in sysctls:
            run_inside(name, "sysctl", "-qw", setting)
        yield name
    finally:
        ip("netns", "del", name)


def run_inside(name: str, *command: str) -> str:
    done = subprocess.run(
        [need_program("ip"), "netns", "exec", name, *command],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "PYTHONPATH": SOURCE_ROOT},
    )  # fmt: skip
    assert done.returncode == 0, f"{command[0]}: exit {done.returncode}: {done.stderr}"
    return done.stdout


def python_inside(name: str, script: str, *wrapper: str) -> str:
    """What a Python script prints that runs in a namespace, started by way of `wrapper`."""
    return run_inside(name, *wrapper, sys.executable, "-W", "error", "-c", script)


@contextlib.contextmanager
def inside(name: str) -> Iterator[None]:
    """Sockets opened in this block live in the namespace, and stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        assert _LIBC.setns(there, _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        assert _LIBC.setns(home, _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        os.close(home)
        os.close(there)


def checksum(message: bytes) -> bytes:
    """The message with its checksum of RFC 1071 set."""
    blank = message[:2] + b"\0\0" + message[4:]
    padded = blank + b"\0" * (len(blank) % 2)
    total = sum(int.from_bytes(padded[i : i + 2], "big") for i in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return message[:2] + (~total & 0xFFFF).to_bytes(2, "big") + message[4:]


class Request(NamedTuple):
    """One echo request as it came in: the whole IP packet."""

    packet: bytes

    @property
    def source(self) -> str:
        return socket.inet_ntoa(self.packet[12:16])

    @property
    def destination(self) -> str:
        return socket.inet_ntoa(self.packet[16:20])

    @property
    def ttl(self) -> int:
        return self.packet[8]

    @property
    def message(self) -> bytes:
        return self.packet[20:]

    def reply(self, *, cut: int | None = None) -> bytes:
        return checksum(b"\0" + self.message[1:cut])

    def error(self, kind: int, code: int, quoted: int = 8) -> bytes:
        """An ICMP error that quotes as little of the request as RFC 792 demands."""
        return checksum(bytes([kind, code]) + bytes(6) + self.packet[: 20 + quoted])


Answer = Callable[["Responder", Request], None]


class Responder:
    """Plays every address of 127/8 in a namespace whose kernel does not answer echo requests."""

    def __init__(self, where: str, answer: Answer) -> None:
        self.requests: list[Request] = []
        self.heard = asyncio.Event()
        self._answer = answer
        with inside(where):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 1)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self.listen)

    def listen(self) -> None:
        """Take what has come and answer it."""
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = self._socket.recv(4096)
                if packet[20] == 8:
                    self.requests.append(Request(packet))
                    self._answer(self, self.requests[-1])
                    self.heard.set()

    def send(self, message: bytes, request: Request, source: str | None = None) -> None:
        """Send to who asked, as if from `source` (the address that was asked)."""
        info = struct.pack("=I4s4x", 0, socket.inet_aton(source or request.destination))
        control = [(socket.IPPROTO_IP, _IP_PKTINFO, info)]
        self._socket.sendmsg([message], control, 0, (request.source, 0))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))
