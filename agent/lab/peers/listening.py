"""Listeners that serve one address, or thousands behind one socket, and behave as the condition of each says."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from random import random
from typing import NamedTuple, Protocol, cast

from agent.errors import UsageError
from agent.lab.addresses import Place
from agent.lab.condition import Condition

MAX_REQUEST = 16 * 1024
"""Bytes of a request that is not whole yet; more is cut off."""

LONGEST = 60.0
"""Seconds after which a connection ends, whatever was said on it."""

MAX_CONNECTIONS = 20_000
"""Of one listener; more are cut off."""

_BACKLOG = 1024
_PAUSE = 1.0
"""Seconds without letting anybody in, where no descriptor is left."""

_BIND_TO_DEVICE = 25  # SO_BINDTODEVICE of Linux, which the module socket does not name everywhere
_ANY = "0.0.0.0"

Home = Callable[[], AbstractContextManager[None]]
"""Where sockets are opened: here, or in a network namespace."""

Look = Callable[[str], Condition]
"""How whatever answers at a local address behaves now."""


class Reply(NamedTuple):
    """An answer: how many bytes of what came it answers, what goes back, and whether that is the end."""

    consumed: int
    data: bytes
    is_last: bool = False


class Speaker(Protocol):
    """What is said at an address: first, and to what came. None: not whole yet."""

    def greeting(self, host: str) -> bytes: ...
    def reply(self, data: bytes, host: str) -> Reply | None: ...


class Listener(Protocol):
    """Open or closed; closing cuts off who is talked with."""

    place: Place

    @property
    def is_open(self) -> bool: ...
    async def open(self) -> None: ...
    def close(self) -> None: ...


@dataclass
class _Open:
    """What is open now: the listening socket, who is let in, and who is talked with."""

    own: socket.socket
    talks: set["_Talk"]
    entering: "set[asyncio.Task[object]]"


class TcpListener:
    """One listening socket. `wide`: it takes every address of the loopback device at its port."""

    def __init__(
        self, place: Place, speaker: Speaker, look: Look, *, wide: bool = False,
        tls: Callable[[str], ssl.SSLContext] | None = None, home: Home = nullcontext,
    ) -> None:  # fmt: skip
        self.place = place
        self.speaker, self.look, self.tls = speaker, look, tls
        self._wide, self._home = wide, home
        self._now: _Open | None = None

    @property
    def is_open(self) -> bool:
        return self._now is not None

    def keeps(self, talks: "set[_Talk]") -> bool:
        """Whether those are still talked with: one that was let in as the listener closed is not."""
        return self._now is not None and self._now.talks is talks

    async def open(self) -> None:
        """Begin to listen. Errors: UsageError naming a place that is taken."""
        if self._now is not None:
            return
        with self._home():
            own = _socket(socket.SOCK_STREAM, self.place, wide=self._wide)
        self._now = _Open(own, set(), set())
        asyncio.get_running_loop().add_reader(own.fileno(), self._accept, self._now)

    def close(self) -> None:
        """Nobody listens any more."""
        if self._now is None:
            return
        gone, self._now = self._now, None
        asyncio.get_running_loop().remove_reader(gone.own.fileno())
        gone.own.close()
        for talk in list(gone.talks):
            talk.cut()

    def _accept(self, now: _Open) -> None:
        """Let in who waits. asyncio's own server would forget a connection that comes while it closes."""
        loop = asyncio.get_running_loop()
        for _ in range(_BACKLOG):
            try:
                came = now.own.accept()[0]
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no descriptor is left: who waits goes on waiting
                loop.remove_reader(now.own.fileno())
                loop.call_later(_PAUSE, self._go_on, now)
                return
            came.setblocking(False)
            task: asyncio.Task[object] = loop.create_task(
                loop.connect_accepted_socket(lambda: _Talk(self, now.talks), came)
            )
            now.entering.add(task)
            task.add_done_callback(now.entering.discard)

    def _go_on(self, now: _Open) -> None:
        if self._now is now:
            asyncio.get_running_loop().add_reader(now.own.fileno(), self._accept, now)


class _Talk(asyncio.Protocol):
    """One connection: what comes is answered as far as it is whole; it ends after a while in any case."""

    def __init__(self, listener: TcpListener, others: set["_Talk"]) -> None:
        self._listener, self._others = listener, others
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._host = ""
        self._condition = Condition()
        self._timers: list[asyncio.TimerHandle] = []
        self._secure: asyncio.Task[None] | None = None
        self._is_silent = self._is_securing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        plain = self._transport = cast("asyncio.Transport", transport)
        self._host = str(plain.get_extra_info("sockname")[0])
        self._others.add(self)
        self._condition = self._listener.look(self._host)
        is_full = len(self._others) > MAX_CONNECTIONS
        if is_full or not self._condition.is_reachable or not self._listener.keeps(self._others):
            self.cut()
            return
        self._later(LONGEST, self.cut)
        self._is_silent = self._condition.is_silent or random() < self._condition.loss
        if self._is_silent:
            return
        if self._listener.tls is not None:
            self._is_securing = True
            plain.pause_reading()
            self._secure = asyncio.get_running_loop().create_task(self._begin_tls(plain, self._listener.tls))
        else:
            self._say(self._listener.speaker.greeting(self._host))

    async def _begin_tls(self, plain: asyncio.Transport, shown: Callable[[str], ssl.SSLContext]) -> None:
        await asyncio.sleep(self._condition.delay)
        if plain.is_closing():
            return
        context = shown(self._host)
        loop = asyncio.get_running_loop()
        try:
            self._transport = await loop.start_tls(
                plain, self, context, server_side=True, ssl_handshake_timeout=LONGEST
            )
        except (OSError, ssl.SSLError):  # who asked went away, or refused what was shown
            plain.abort()
            return
        self._is_securing = False
        self._answer()  # the first words may have come before this task went on

    def data_received(self, data: bytes) -> None:
        if self._is_silent:
            return
        self._buffer += data
        if not self._is_securing:
            self._answer()

    def _answer(self) -> None:
        while self._buffer:
            reply = self._listener.speaker.reply(self._buffer, self._host)
            if reply is None:
                if len(self._buffer) > MAX_REQUEST:
                    self.cut()
                return
            self._buffer = self._buffer[reply.consumed :]
            self._say(reply.data, is_last=reply.is_last)
            if reply.is_last:
                return

    def _say(self, data: bytes, *, is_last: bool = False) -> None:
        if not data and not is_last:
            return
        if self._condition.delay:
            self._later(self._condition.delay, lambda: self._send(data, is_last=is_last))
        else:
            self._send(data, is_last=is_last)

    def _send(self, data: bytes, *, is_last: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if is_last:
            self._transport.close()

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, what))

    def connection_lost(self, exc: Exception | None) -> None:
        self._others.discard(self)
        for timer in self._timers:
            timer.cancel()

    def cut(self) -> None:
        """Break it off, as a line that is cut."""
        if self._secure is not None and not self._secure.done():
            self._secure.cancel()
        if self._transport is not None:
            self._transport.abort()


class Answerer(Protocol):
    """What is said to a datagram; None: nothing."""

    def answer(self, data: bytes, host: str) -> bytes | None: ...


class UdpListener:
    """One address over UDP."""

    def __init__(self, place: Place, answerer: Answerer, look: Look, home: Home = nullcontext) -> None:
        self.place, self._home = place, home
        self._answerer, self._look = answerer, look
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    async def open(self) -> None:
        """Begin to answer. Errors: UsageError naming a place that is taken."""
        if self._transport is None:
            with self._home():
                own = _socket(socket.SOCK_DGRAM, self.place, wide=False)
            made = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(self._answerer, lambda: self._look(self.place.host), self.place.host), sock=own
            )
            self._transport = made[0]

    def close(self) -> None:
        """Nobody listens any more: the kernel says so to who asks."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answerer: Answerer, look: Callable[[], Condition], host: str) -> None:
        self._answerer, self._look, self._host = answerer, look, host
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own one is no such class

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        condition = self._look()
        if not condition.is_reachable or condition.is_silent or random() < condition.loss:
            return
        answer = self._answerer.answer(data, self._host)
        if answer is None:
            return
        if condition.delay:
            asyncio.get_running_loop().call_later(condition.delay, self._send, answer, addr)
        else:
            self._send(answer, addr)

    def _send(self, answer: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(answer, addr)


def _socket(kind: socket.SocketKind, place: Place, *, wide: bool) -> socket.socket:
    """A bound socket of ours; `wide` is any address, of the loopback device alone. Errors: UsageError."""
    made = socket.socket(socket.AF_INET6 if place.is_ipv6 else socket.AF_INET, kind)
    try:
        made.setblocking(False)
        if kind is socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if place.is_ipv6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if wide:
            made.setsockopt(socket.SOL_SOCKET, _BIND_TO_DEVICE, b"lo\0")
        made.bind((_ANY if wide else place.host, place.port))
        if kind is socket.SOCK_STREAM:
            made.listen(_BACKLOG)
    except OSError as exc:
        made.close()
        raise _refusal(place, exc) from exc
    return made


def _refusal(place: Place, exc: OSError) -> UsageError:
    if exc.errno == errno.EADDRINUSE:
        return UsageError(f"the lab: {place} is taken; stop what listens there, or move the lab with --ports BASE")
    return UsageError(f"the lab: cannot listen on {place} ({exc.strerror}); docs/lab.md says what it needs")
