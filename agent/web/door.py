"""How many may be connected at once: whoever asks us must not take the descriptors that probes need."""

import asyncio
import errno
import logging
import resource
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_runner import BaseSite

LOG = logging.getLogger(__name__)

MOST = 1000
"""Connections at once, far more than a Prometheus, its twin and a room full of people need."""

SHARE = 4
"""One descriptor in so many at most is for them; the others are for probes."""

QUIET_SECONDS = 60.0
"""Of accepts that fail for want of descriptors one is said so often: asyncio tries on, and would log each."""

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def most_connections() -> int:
    """What this process can spare."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(min(MOST, soft // SHARE), 1)


class Door(BaseSite):
    """A listening address of an aiohttp runner that lets so many in; the next are told 503."""

    __slots__ = ("_entering", "_host", "_most", "_port")

    def __init__(self, runner: web.AppRunner, host: str, port: int, most: int) -> None:
        super().__init__(runner)
        self._host, self._port, self._most = host, port, most
        self._entering: list[tuple[float, RequestHandler]] = []

    @property
    def name(self) -> str:
        """For aiohttp's own messages."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Begin to listen. Errors: OSError when the address cannot be had."""
        await super().start()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(AcceptErrors(loop.time))
        self._server = await loop.create_server(self._admitted, self._host, self._port, backlog=self._backlog)

    def _admitted(self) -> asyncio.BaseProtocol:
        server = self._runner.server
        assert server is not None, "nothing is accepted before the runner is set up"
        now = asyncio.get_running_loop().time()
        # aiohttp counts a connection a turn of the loop later: a burst would come in as a whole
        self._entering = [(at, made) for at, made in self._entering if made.transport is None and now - at < 1]
        if len(server.connections) + len(self._entering) >= self._most:
            return _Full()
        made = server()
        self._entering.append((now, made))
        return made


class _Full(asyncio.Protocol):
    """Says that there is no room, and is gone."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(_FULL)
        transport.close()


class AcceptErrors:
    """The loop's exception handler: an accept without descriptors is said once a minute, without a traceback."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._said: float | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        exc = context.get("exception")
        if not (isinstance(exc, OSError) and exc.errno in _EXHAUSTED and "accept" in context.get("message", "")):
            loop.default_exception_handler(context)
            return
        now = self._now()
        if self._said is None or now - self._said >= QUIET_SECONDS:
            self._said = now
            LOG.error("nobody can connect: %s; raise LimitNOFILE= of the service (ulimit -n)", exc.strerror)
