"""A question on its way to one server and back, over UDP or TCP, on sockets of its own."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from dns.message import Message

from collectors.base import Reason, Target, failed
from collectors.dialling import RESET, dial, met_itself
from collectors.dns.question import HEADER_BYTES, GarbageError, Question, StrayError
from collectors.ending import EndError, ended_by
from collectors.errnos import from_host, from_path
from collectors.resolve import Address

_DATAGRAM = 65535


class Answer(NamedTuple):
    """The question, the message that answers it, the bytes of that, and when they had all come (loop time)."""

    question: Question
    message: Message
    size: int
    at: float


@dataclass(slots=True)
class Exchange:
    """One probe's talk with one server. `doing` says what it waits for, `stray` what came that was no answer."""

    target: Target
    address: Address
    source: str | None
    doing: str = "open a socket"
    stray: str = ""
    values: dict[str, float] = field(default_factory=dict)

    async def over_udp(self, question: Question) -> Answer:
        """Wait for the answer to come; the socket takes datagrams of the server only. Errors: EndError."""
        with self._socket(socket.SOCK_DGRAM) as sock:
            with ended_by(from_host, f"send to {self.address}"):
                sock.connect(self.address.sockaddr)
                self._refuse_itself(sock)
                sock.send(question.wire)
            self._wait("an answer over UDP")
            with ended_by(from_path, f"ask {self.address}"):
                return await self._hear(sock, question)

    async def _hear(self, sock: socket.socket, question: Question) -> Answer:
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(sock, _DATAGRAM)
            self._tell("received", f"{len(data)} bytes")
            try:
                return self._read(question, data)
            except StrayError as exc:
                self.stray = str(exc)
                self._tell("passed over", self.stray)
            await asyncio.sleep(0)  # a flood of them must not hold up our loop

    async def over_tcp(self, question: Question) -> Answer:
        """Connect and ask; what comes first must be the answer. Errors: EndError."""
        with self._socket(socket.SOCK_STREAM) as sock:
            await self._connect(sock)
            with ended_by(from_path, f"ask {self.address}"):
                await asyncio.get_running_loop().sock_sendall(sock, _framed(question.wire))
                self._wait("an answer over TCP")
                data = await self._hear_framed(sock, question)
        self._tell("received", f"{len(data)} bytes")
        try:
            return self._read(question, data)
        except StrayError as exc:
            raise self._garbage(str(exc)) from exc

    async def _hear_framed(self, sock: socket.socket, question: Question) -> bytes:
        """Whoever speaks something else is told apart by the header: the length it seems to give may never come."""
        length = int.from_bytes(await self._exactly(sock, 2), "big")
        header = await self._exactly(sock, min(length, HEADER_BYTES))
        try:
            question.check_header(header)
        except StrayError as exc:
            raise self._garbage(str(exc)) from exc
        return header + await self._exactly(sock, length - HEADER_BYTES)

    async def _exactly(self, sock: socket.socket, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            piece = await asyncio.get_running_loop().sock_recv(sock, count - len(data))
            if not piece:
                what = f"{self.address} closed the connection before it had answered"
                raise EndError(failed(Reason.CLOSED, what))
            data += piece
            self.doing = "the rest of an answer over TCP"
        return bytes(data)

    async def _connect(self, sock: socket.socket) -> None:
        self._wait("a connection over TCP")
        loop = asyncio.get_running_loop()
        began = loop.time()
        await dial(sock, self.address, f"connect to {self.address}")
        self._refuse_itself(sock)
        self.values["connect_seconds"] = loop.time() - began
        self._tell("connected", f"{self.address}")

    @contextmanager
    def _socket(self, kind: socket.SocketKind) -> Iterator[socket.socket]:
        origin = f" from {self.source}" if self.source else ""
        with ended_by(from_host, f"open a socket to {self.address}{origin}"):
            sock = socket.socket(self.address.family, kind)
        with sock:
            sock.setblocking(False)
            if self.source is not None:
                with ended_by(from_host, f"open a socket to {self.address}{origin}"):
                    sock.bind((self.source, 0))
            yield sock

    def _refuse_itself(self, sock: socket.socket) -> None:
        if met_itself(sock, self.address):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)  # a TIME-WAIT would keep the port taken
            what = f"ask {self.address}: nobody listens there (our socket was given that very port)"
            raise EndError(failed(Reason.REFUSED, what))

    def _read(self, question: Question, data: bytes) -> Answer:
        at = asyncio.get_running_loop().time()  # reading it is no time of the server's
        try:
            return Answer(question, question.read(data), len(data), at)
        except GarbageError as exc:
            raise self._garbage(str(exc)) from exc

    def _garbage(self, why: str) -> EndError:
        return EndError(failed(Reason.PROTOCOL, f"{self.address} sent what is no answer: {why}"))

    def _wait(self, doing: str) -> None:
        self.doing = doing
        self._tell("wait", f"for {doing} from {self.address}")

    def _tell(self, step: str, detail: str) -> None:
        self.target.step(step, detail)


def _framed(wire: bytes) -> bytes:
    """A message as TCP carries it (RFC 1035, 4.2.2)."""
    return len(wire).to_bytes(2, "big") + wire
