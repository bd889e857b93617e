"""Peers for the tests of kind http: a real nginx, and small servers that misbehave in one way each."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trustme

from collectors.base import Reading, Target
from collectors.http import HttpCollector, HttpModule
from tests.requirements import need_program

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LONG = 20.0
"""Seconds no test reaches unless it fails."""


async def probe(address: str, timeout: float = LONG, **options: Any) -> Reading:
    """One reading of one address with a module of these options."""
    async with HttpCollector(HttpModule(**options)) as collector:
        [reading] = await collector.collect(Target(id="t", address=address, timeout_seconds=timeout))
    return reading


async def traced(address: str, **options: Any) -> tuple[Reading, list[str]]:
    """The same with the lines of its trace."""
    lines: list[str] = []
    target = Target(
        id="t", address=address, timeout_seconds=LONG, trace=lambda step, text: lines.append(f"{step}: {text}")
    )
    async with HttpCollector(HttpModule(**options)) as collector:
        [reading] = await collector.collect(target)
    return reading, lines


@dataclass
class Peer:
    port: int
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@asynccontextmanager
async def scripted(handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Peer]:
    """A server on a free port. Leaving waits for its handlers, so a probe that keeps its connection hangs the test."""
    running: set[asyncio.Task[Any] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.current_task())
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    try:
        yield Peer(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        tasks = [task for task in running if task is not None]
        if tasks:
            _done, pending = await asyncio.wait(tasks, timeout=LONG)
            assert not pending, "the probe left a connection open"
        await asyncio.sleep(0)


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def answering(*pieces: bytes, closing: bool = True) -> Handler:
    """Sends these bytes after the request; then closes, or waits for the other side to."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if closing:
            writer.write_eof() if writer.can_write_eof() else writer.close()
        await reader.read()

    return handler


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts, reads, never says a word."""
    await reader.read()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, start: bytes, drop: bytes) -> None:
    """`start`, then `drop` again and again until the other side has had enough."""
    await head(reader)
    writer.write(start)
    while not writer.is_closing():
        writer.write(drop)
        await writer.drain()
        await asyncio.sleep(0.005)


def plain(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Certificates:
    """trustme's: each is (certificate and key in one PEM file)."""

    ca_file: Path
    good: Path
    expired: Path
    wrong_host: Path
    self_signed: Path
    unknown_ca: Path


EXPIRED_ON = datetime(2020, 2, 29, 12, 0, 0, tzinfo=UTC)
GOOD_UNTIL = datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)


def make_certificates(directory: Path) -> Certificates:
    ca, stranger, lonely = trustme.CA(), trustme.CA(), trustme.CA()
    names = ("127.0.0.1", "localhost", "::1")
    leaves = {
        "good": ca.issue_cert(*names, common_name="good.test", not_after=GOOD_UNTIL),
        "expired": ca.issue_cert(*names, not_before=datetime(2019, 1, 1, tzinfo=UTC), not_after=EXPIRED_ON),
        "wrong_host": ca.issue_cert("elsewhere.test"),
        "unknown_ca": stranger.issue_cert(*names),
    }
    files = {name: directory / f"{name}.pem" for name in (*leaves, "self_signed", "ca_file")}
    for name, leaf in leaves.items():
        leaf.private_key_and_cert_chain_pem.write_to_path(files[name])
    lonely.private_key_pem.write_to_path(files["self_signed"])
    lonely.cert_pem.write_to_path(files["self_signed"], append=True)
    ca.cert_pem.write_to_path(files["ca_file"])
    return Certificates(**files)


def server_context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


NGINX_CONFIG = """
{user}daemon off; worker_processes 1; pid nginx.pid; error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; default_type text/plain;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server {{
    listen 127.0.0.1:{plain};
    root files;
    location = / {{ return 200 "hello"; }}
    location = /moved {{ return 301 /; }}
    location = /see-other {{ return 303 /method; }}
    location = /keep-method {{ return 307 /method; }}
    location = /method {{ return 200 "$request_method $http_content_length $http_content_type"; }}
    location = /loop {{ return 302 /loop; }}
    location = /to-tls {{ return 302 https://127.0.0.1:{good}/; }}
    location = /with-query {{ return 302 /?ticket=hush; }}
    location = /private {{ auth_basic "ops"; auth_basic_user_file users; try_files /hello.txt =404; }}
    location = /bearer {{ return 200 "$http_authorization"; }}
    location = /echo {{ add_header X-Echo "$http_x_token"; return 200 "token $http_x_token cookie $http_cookie"; }}
    location = /elsewhere {{ return 302 http://localhost:{plain}/echo; }}
    location = /cookie {{ add_header Set-Cookie "session=1"; return 200 "$http_cookie"; }}
    location = /health {{ default_type application/json;
      return 200 '{{"status": "UP", "parts": [{{"n": 1, "ok": true}}, {{"n": 2, "ok": true}}], "load": 1.5}}'; }}
    location = /busy {{ return 503 "later"; }}
    location = /none {{ return 204; }}
    location /zip/ {{ gzip on; gzip_min_length 1; gzip_types text/plain; alias files/; }}
  }}
  server {{ listen 127.0.0.1:{good} ssl; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate good.pem;
           ssl_certificate_key good.pem;
           location / {{ return 200 "secure"; }} location = /to-plain {{ return 302 http://127.0.0.1:{plain}/echo; }} }}
  server {{ listen 127.0.0.1:{old_tls} ssl; ssl_protocols TLSv1.2; ssl_certificate good.pem;
           ssl_certificate_key good.pem;
           location / {{ return 200 "old"; }} }}
  server {{ listen 127.0.0.1:{expired} ssl; ssl_certificate expired.pem; ssl_certificate_key expired.pem; }}
  server {{ listen 127.0.0.1:{wrong_host} ssl; ssl_certificate wrong_host.pem; ssl_certificate_key wrong_host.pem;
           location / {{ return 200 "by name"; }} }}
  server {{ listen 127.0.0.1:{self_signed} ssl; ssl_certificate self_signed.pem; ssl_certificate_key self_signed.pem; }}
  server {{ listen 127.0.0.1:{unknown_ca} ssl; ssl_certificate unknown_ca.pem; ssl_certificate_key unknown_ca.pem; }}
}}
"""
NGINX_SERVERS = ("plain", "good", "old_tls", "expired", "wrong_host", "self_signed", "unknown_ca")


@dataclass(frozen=True)
class Nginx:
    ports: dict[str, int]
    certificates: Certificates

    def url(self, path: str, server: str = "plain") -> str:
        return f"{'http' if server == 'plain' else 'https'}://127.0.0.1:{self.ports[server]}{path}"

    @property
    def trusting(self) -> dict[str, str]:
        return {"ca_file": str(self.certificates.ca_file)}


@contextmanager
def running_nginx(directory: Path) -> Iterator[Nginx]:
    """A real nginx that inherits its listening sockets, so no port is raced for and no start is waited for."""
    program = need_program("nginx")
    certificates = make_certificates(directory)
    listeners = {name: socket.create_server(("127.0.0.1", 0), backlog=512) for name in NGINX_SERVERS}
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    user = "user root; " if os.geteuid() == 0 else ""  # its worker has to read what this test writes
    (directory / "users").write_text("ops:{PLAIN}hunter2secret\n")
    (directory / "nginx.conf").write_text(NGINX_CONFIG.format(user=user, **ports))
    (directory / "files").mkdir()
    (directory / "files" / "hello.txt").write_text("hello private\n")
    (directory / "files" / "big.txt").write_text("0123456789" * 20_000)
    descriptors = [listener.fileno() for listener in listeners.values()]
    with (directory / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [program, "-p", str(directory), "-c", "nginx.conf", "-e", "stderr"],
            pass_fds=descriptors,
            env={**os.environ, "NGINX": "".join(f"{number};" for number in descriptors)},
            stderr=stderr,
        )
    try:
        for listener in listeners.values():
            listener.close()
        yield Nginx(ports, certificates)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LONG)
