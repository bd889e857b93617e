"""An agent whose /probe is served, and loopback peers that count who came."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.agent.web_worlds import World, world

CONFIG = """
vantage: {{name: v}}
store: {{url: "sqlite:///{store}"}}
web: {{listen_address: "127.0.0.1:0"}}
probe: {{allow: %s}}
modules:
  ping: {{kind: icmp, count: 1}}
  port: {{kind: tcp, timeout: 2s}}
  banner: {{kind: tcp, timeout: 30s, dialogue: [{{expect: "^SSH-"}}]}}
  page: {{kind: http}}
  secure: {{kind: tls, verify: false}}
  shell: {{kind: ssh}}
  ask: {{kind: dns, query_name: a.example, transport: tcp}}
%s
"""

DEADLINE = 60.0
"""Seconds no test reaches unless it hangs."""


def config(allow: str = "[127.0.0.1]", more: str = "") -> str:
    return CONFIG % (allow, more)


@asynccontextmanager
async def serving(folder: Path, text: str) -> AsyncIterator[World]:
    """A world whose prober runs."""
    async with world(folder, text) as w:
        task = asyncio.create_task(w.agent.prober.serve())
        await asyncio.sleep(0)
        try:
            yield w
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class Peer:
    """A TCP server that says one thing to everybody and counts them."""

    def __init__(self, says: bytes, host: str) -> None:
        self.says = says
        self.host = host
        self.came = 0
        self.port = 0
        self.waiting = 0

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        self.waiting += 1
        try:
            writer.write(self.says)
            await reader.read()
        except ConnectionError:
            pass
        finally:
            self.waiting -= 1
            writer.transport.abort()


@asynccontextmanager
async def peer(says: bytes = b"", host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Peer]:
    found = Peer(says, host)
    server = await asyncio.start_server(found.serve, host, port)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.005)


def rows(folder: Path) -> list[str]:
    """All that the store holds, as text."""
    with sqlite3.connect(folder / "ledger.db") as connection:
        return list(connection.iterdump())
