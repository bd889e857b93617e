"""Peers for the tests of kind tls: blocking TLS servers, and small ones that talk before TLS."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from collectors.base import Outcome, Reading, Reason, Target
from collectors.tls import TlsCollector, TlsModule
from collectors.tls.collector import build
from tests.collectors.http_peers import LONG, Handler, server_context

SHORT = 0.3
"""Seconds for a probe that is meant to run into its deadline."""


async def probe(address: str, **options: Any) -> Reading:
    """One reading of one address with a module of these options."""
    return await _probe(address, LONG, options)


async def hasty(address: str, **options: Any) -> Reading:
    """The same with a deadline that comes soon."""
    return await _probe(address, SHORT, options)


async def _probe(address: str, timeout: float, options: dict[str, Any]) -> Reading:
    async with build(TlsModule(**options)) as collector:
        [reading] = await collector.collect(Target(id="t", address=address, timeout_seconds=timeout))
    return reading


async def traced(address: str, **options: Any) -> tuple[Reading, list[str]]:
    """The same with the lines of its trace."""
    lines: list[str] = []
    target = Target(
        id="t", address=address, timeout_seconds=LONG, trace=lambda step, text: lines.append(f"{step}: {text}")
    )
    collector = build(TlsModule(**options))
    assert isinstance(collector, TlsCollector)
    async with collector:
        [reading] = await collector.collect(target)
    return reading, lines


@asynccontextmanager
async def blocking(context: ssl.SSLContext, then: Callable[[ssl.SSLSocket], None] | None = None) -> AsyncIterator[str]:
    """A server for one connection, in a thread: unlike asyncio's it sends its alerts. Yields its address.

    After the handshake `then` is called, else it reads until the other side ends, and ends too.
    """

    def serve() -> None:
        connection, _ = listener.accept()
        connection.settimeout(LONG)
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secured:
            try:
                secured.do_handshake()
                (then or _read_to_the_end)(secured)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(asyncio.to_thread(serve))
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        await serving


def _read_to_the_end(secured: ssl.SSLSocket) -> None:
    while secured.recv(65536):
        pass


@dataclass(frozen=True)
class Issued:
    """An authority and what it issued: files of certificate and key."""

    ca_file: Path
    server: Path
    client: Path
    stranger: Path

    @property
    def demanding(self) -> ssl.SSLContext:
        """A server's context that wants a certificate of this authority."""
        context = server_context(self.server)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.ca_file)
        return context

    def client_options(self, name: str) -> dict[str, Any]:
        file = str(getattr(self, name))
        return {"ca_file": str(self.ca_file), "client_certificate": file, "client_key": {"file": file}}


def issue(directory: Path) -> Issued:
    ca, other = trustme.CA(), trustme.CA()
    issued = Issued(*(directory / f"{name}.pem" for name in ("ca", "server", "client", "stranger")))
    ca.cert_pem.write_to_path(issued.ca_file)
    for file, leaf in (
        (issued.server, ca.issue_cert("127.0.0.1", "localhost")),
        (issued.client, ca.issue_cert("agent.test")),
        (issued.stranger, other.issue_cert("agent.test")),
    ):
        leaf.private_key_and_cert_chain_pem.write_to_path(file)
    return issued


@dataclass(frozen=True)
class Script:
    """What a peer says before TLS: a greeting, and the answer to each command that matches; `start` begins TLS."""

    greeting: bytes
    answers: dict[str, bytes]
    start: str
    said: list[bytes] = field(default_factory=list)

    def handler(self, context: ssl.SSLContext) -> Handler:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(self.greeting)
            while line := await reader.readline():
                self.said.append(line)
                command, answer = self._answer(line)
                writer.write(answer)
                await writer.drain()
                if command == self.start:
                    await writer.start_tls(context)
            await reader.read()

        return handle

    def _answer(self, line: bytes) -> tuple[str, bytes]:
        for command, answer in self.answers.items():
            if re.fullmatch(command, line.decode().removesuffix("\r\n")):
                tag = line.partition(b" ")[0]
                return command, answer.replace(b"TAG", tag)
        return "", b"500 what?\r\n"


SMTP = Script(
    b"220-mail.test ESMTP\r\n220 ready\r\n",
    {"(?i)EHLO .+": b"250-mail.test\r\n250-PIPELINING\r\n250-starttls\r\n250 HELP\r\n", "STARTTLS": b"220 go\r\n"},
    "STARTTLS",
)
IMAP = Script(
    b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n",
    {
        r"\w+ CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n",
        r"\w+ STARTTLS": b"* OK still here\r\nTAG OK begin\r\n",
    },
    r"\w+ STARTTLS",
)
POP3 = Script(b"+OK ready\r\n", {"CAPA": b"+OK\r\nSTLS\r\n.\r\n", "STLS": b"+OK begin\r\n"}, "STLS")
FTP = Script(b"220-Welcome\r\n to all\r\n220 ready\r\n", {"AUTH TLS": b"234 begin\r\n"}, "AUTH TLS")
SCRIPTS = {"smtp": SMTP, "imap": IMAP, "pop3": POP3, "ftp": FTP}
SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
"""PostgreSQL's message: its own length, then 1234 and 5679."""


def postgres(context: ssl.SSLContext, answer: bytes = b"S") -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
        writer.write(answer)
        await writer.drain()
        if answer == b"S":
            await writer.start_tls(context)
        await reader.read()

    return handle


def saying(*pieces: bytes) -> Handler:
    """Sends a piece, waits for an answer, sends the next."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await reader.read(4096)
        await reader.read()

    return handle


def ending(data: bytes) -> Handler:
    """Sends this and closes its side."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.write_eof()
        await reader.read()

    return handle


def verdict(reading: Reading) -> tuple[Outcome, Reason | None]:
    return reading.outcome, reading.reason


def failed_for(reason: Reason) -> tuple[Outcome, Reason]:
    return Outcome.FAILED, reason


GOOD = (Outcome.OK, None)
