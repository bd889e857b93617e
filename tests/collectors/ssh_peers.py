"""Peers for the tests of kind ssh: OpenSSH's server, and a small one that misbehaves as it is told."""

import asyncio
import base64
import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from collectors.base import Outcome, Reading, Reason, Recognised, Target
from collectors.ssh import SshModule
from collectors.ssh.collector import build
from collectors.ssh.dialogue import OFFER
from collectors.wire.ssh import (
    HEADER_BYTES,
    Offer,
    kexinit,
    mpint,
    packet,
    payload_of,
    rest_of_packet,
    string,
)
from tests.requirements import need_program

LONG = 20.0
SHORT = 0.3
PRIVILEGES = Path("/run/sshd")


async def probe(address: str, timeout: float = LONG, **options: Any) -> Reading:
    """One reading of one address with a module of these options."""
    return (await traced(address, timeout, **options))[0]


async def traced(address: str, timeout: float = LONG, **options: Any) -> tuple[Reading, list[str]]:
    """The same with the lines of its trace."""
    lines: list[str] = []
    target = Target(
        id="t", address=address, timeout_seconds=timeout, trace=lambda step, text: lines.append(f"{step}: {text}")
    )
    async with build(SshModule.model_validate(options)) as collector:
        [reading] = await collector.collect(target)
    return reading, lines


def verdict(reading: Reading) -> tuple[Outcome, Reason | None]:
    return reading.outcome, reading.reason


def who(reading: Reading) -> str:
    return reading.identity if isinstance(reading, Recognised) else ""


def free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, 0))
        return int(sock.getsockname()[1])


def make_key(folder: Path, kind: str, *more: str) -> Path:
    """A host key of ssh-keygen's."""
    path = folder / f"key-{kind}{''.join(more)}"
    subprocess.run([need_program("ssh-keygen"), "-q", "-t", kind, *more, "-N", "", "-f", path], check=True)
    return path


def keygen_fingerprint(key: Path) -> str:
    """What `ssh-keygen -l` says of a key: SHA256:…"""
    command = [need_program("ssh-keygen"), "-l", "-f", str(key)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]


def expected_identity(key: Path) -> str:
    """The same by the public half's own bytes."""
    blob = base64.b64decode(key.with_name(f"{key.name}.pub").read_text().split()[1])
    return f"hostkey:{hashlib.sha256(blob).hexdigest()}"


@dataclass
class Sshd:
    """A running server and its log, which is whole once it has ended."""

    address: str
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()


@contextmanager
def sshd(folder: Path, keys: Sequence[Path], *options: str, host: str = "127.0.0.1") -> Iterator[Sshd]:
    """OpenSSH with these host keys and options such as KexAlgorithms=…; nobody can log in."""
    program, port = need_program("sshd"), free_port(host)
    if os.geteuid() == 0:
        PRIVILEGES.mkdir(mode=0o755, exist_ok=True)
    conf = folder / f"sshd-{port}.conf"
    lines = ["UsePAM no", "PidFile none", "AllowUsers nobody-at-all", f"ListenAddress {host}", f"Port {port}"]
    conf.write_text("\n".join([*lines, *(option.replace("=", " ", 1) for option in options), ""]))
    command = [program, "-D", "-e", "-f", str(conf)] + [word for key in keys for word in ("-h", str(key))]
    log = conf.with_suffix(".log")
    with log.open("wb") as errors, subprocess.Popen(command, stderr=errors) as process:
        running = Sshd(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", log)
        try:
            _until_it_listens(process, running)
            yield running
        finally:
            process.terminate()


@contextmanager
def dropbear(folder: Path, key: Path) -> Iterator[Sshd]:
    """The server of many small devices, with a key of dropbearkey's."""
    program, port = need_program("dropbear"), free_port("127.0.0.1")
    log = folder / f"dropbear-{port}.log"
    command = [program, "-F", "-E", "-p", f"127.0.0.1:{port}", "-r", str(key), "-P", ""]
    with log.open("wb") as errors, subprocess.Popen(command, stderr=errors) as process:
        running = Sshd(f"127.0.0.1:{port}", log)
        try:
            _until_it_listens(process, running, "Not backgrounding")
            yield running
        finally:
            process.terminate()


def dropbear_key(folder: Path, kind: str) -> tuple[Path, str]:
    """A host key, and its fingerprint as dropbearkey prints it."""
    path = folder / f"dropbear-{kind}"
    command = [need_program("dropbearkey"), "-t", kind, "-f", str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return path, said.rpartition("Fingerprint: ")[2].strip()


def _until_it_listens(process: subprocess.Popen[bytes], running: Sshd, words: str = "Server listening") -> None:
    deadline = time.monotonic() + LONG
    while words not in running.said:
        assert process.poll() is None, f"the server ended: {running.said}"
        assert time.monotonic() < deadline, f"the server does not listen: {running.said}"
        time.sleep(0.01)


def ed25519(key: Ed25519PrivateKey) -> bytes:
    return string(b"ssh-ed25519") + string(key.public_key().public_bytes_raw())


def signed(key: Ed25519PrivateKey, digest: bytes) -> bytes:
    return string(b"ssh-ed25519") + string(key.sign(digest))


@dataclass
class Script:
    """A server of ours, as it is told: what it says, shows and signs. By default as it should be.

    `before`: sent before its half of the exchange, each as a packet; `reply`: changes that half; `says`: what came.
    """

    greeting: bytes = b"SSH-2.0-Scripted\r\n"
    offer: Offer = field(default_factory=lambda: replace(OFFER, kex=("curve25519-sha256",), host_keys=("ssh-ed25519",)))
    before: Sequence[bytes] = ()
    reply: Callable[[bytes], bytes] = lambda payload: payload
    public: bytes | None = None
    shown: bytes | None = None
    signature: Callable[[bytes], bytes] | None = None
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    heard: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = (await reader.readline()).removesuffix(b"\r\n")
        ours = kexinit(self.offer, bytes(16))
        writer.write(self.greeting + packet(ours))
        theirs = await self._payload(reader)
        half = await self._payload(reader)
        if half[0] == 1:
            return
        for payload in self.before:
            writer.write(packet(payload))
        writer.write(packet(self.reply(self._half(client, theirs, ours, half[5:]))))
        await self._payload(reader)

    async def _payload(self, reader: asyncio.StreamReader) -> bytes:
        header = await reader.readexactly(HEADER_BYTES)
        payload = payload_of(header, await reader.readexactly(rest_of_packet(header)))
        self.heard.append(payload)
        return payload

    def _half(self, client: bytes, theirs: bytes, ours: bytes, public: bytes) -> bytes:
        own = X25519PrivateKey.generate()
        secret = int.from_bytes(own.exchange(X25519PublicKey.from_public_bytes(public)), "big")
        mine = self.public if self.public is not None else own.public_key().public_bytes_raw()
        shown = self.shown if self.shown is not None else ed25519(self.key)
        server = self.greeting.splitlines()[-1]
        said = b"".join(string(each) for each in (client, server, theirs, ours, shown, public, mine)) + mpint(secret)
        digest = hashlib.sha256(said).digest()
        signature = self.signature(digest) if self.signature else signed(self.key, digest)
        return b"\x1f" + string(shown) + string(mine) + string(signature)


def saying(data: bytes, *, closing: bool) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    """Says this, and closes or waits for the other side to."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        if closing:
            writer.write_eof()
        await reader.read()

    return handle
