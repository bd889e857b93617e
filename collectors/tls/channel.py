"""One TCP connection of a probe: plain bytes first, where wanted, then TLS over the same socket."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from collectors.base import Reading, Reason, failed
from collectors.certificates import shorten, tls_reading
from collectors.dialling import kernel_rtt, met_itself
from collectors.errnos import from_host, from_path
from collectors.resolve import Address

_CHUNK = 64 * 1024
_MAX_PLAIN = 64 * 1024

Step = Callable[[str, str], None]
"""Told the name and the detail of each step."""


class ProbeError(Exception):
    """A probe is over: the reading says why."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading.detail)
        self.reading = reading


class Channel:
    """A non-blocking socket; every wait is the caller's to bound. `doing` words what a broken connection stopped."""

    def __init__(self, address: Address, step: Step) -> None:
        self.doing = f"connecting to {address}"
        self.step = step
        self.address = address
        self._loop = asyncio.get_running_loop()
        self._plain = bytearray()
        self._heard = 0
        try:
            self._socket = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as exc:
            raise ProbeError(from_host(exc.errno, self.doing)) from exc

    def close(self) -> None:
        """Close the socket, whatever is under way."""
        self._socket.close()

    async def connect(self) -> None:
        """Connect, once.

        Errors: ProbeError. What connect() refused at once is our own, what came later came from the path (S1).
        """
        try:
            await self._loop.sock_connect(self._socket, self.address.sockaddr)
        except OSError as exc:
            answered = "Connect call failed" in str(exc)  # asyncio's words for a number that came after the SYN left
            raise ProbeError((from_path if answered else from_host)(exc.errno or 0, self.doing)) from exc
        if met_itself(self._socket, self.address):
            detail = f"{self.doing}: nobody listens there (the connection met its own source port)"
            raise ProbeError(failed(Reason.REFUSED, detail))

    @property
    def rtt_seconds(self) -> float:
        """The round trip of the TCP handshake by the kernel's clock; 0.0 where it has none."""
        return kernel_rtt(self._socket)

    @property
    def own_literal(self) -> str:
        """Our address as SMTP writes a client without a name (RFC 5321 4.1.3)."""
        host = str(self._socket.getsockname()[0]).partition("%")[0]
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    async def send(self, data: bytes) -> None:
        """Errors: ProbeError."""
        try:
            await self._loop.sock_sendall(self._socket, data)
        except OSError as exc:
            raise ProbeError(from_path(exc.errno or 0, self.doing)) from exc

    async def receive(self) -> bytes:
        """What came, at least one byte. Errors: ProbeError, closed at the end."""
        try:
            data = await self._loop.sock_recv(self._socket, _CHUNK)
        except OSError as exc:
            raise ProbeError(from_path(exc.errno or 0, self.doing)) from exc
        if not data:
            raise ProbeError(failed(Reason.CLOSED, f"{self.doing}: the peer closed the connection"))
        return data

    async def say(self, line: str) -> None:
        """Send one line of a plain dialogue."""
        self.step("send", line)
        await self.send(f"{line}\r\n".encode("ascii"))

    async def line(self) -> str:
        """The next plain line without its end. Errors: ProbeError; protocol where a line takes too long to end."""
        while (end := self._plain.find(b"\n")) < 0:
            await self._more()
        line = await self.take(end + 1)
        text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
        self.step("received", shorten(text))
        return text

    async def take(self, count: int) -> bytes:
        """The next `count` plain bytes."""
        while len(self._plain) < count:
            await self._more()
        data = bytes(self._plain[:count])
        del self._plain[:count]
        return data

    async def _more(self) -> None:
        data = await self.receive()
        self._heard += len(data)
        self._plain += data
        if self._heard > _MAX_PLAIN:
            said = f"{self._heard} bytes and no answer that ends; it begins {shorten(self._beginning())}"
            raise ProbeError(failed(Reason.PROTOCOL, f"{self.doing}: {said}"))

    def _beginning(self) -> str:
        return bytes(self._plain[:200]).decode("utf-8", "backslashreplace")

    def end_plain(self) -> None:
        """From here on only TLS. Errors: ProbeError where the peer, or who stands between, said more in plain."""
        if self._plain:
            said = f"{len(self._plain)} plain bytes after the agreement to begin TLS: {shorten(self._beginning())}"
            raise ProbeError(failed(Reason.PROTOCOL, f"{self.doing}: {said}"))


class Secured:
    """TLS over a channel. The bytes pass through memory, so that each wait is on the socket and each error is seen."""

    def __init__(self, channel: Channel, context: ssl.SSLContext, server_name: str) -> None:
        self._channel = channel
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    async def shake_hands(self) -> None:
        """Errors: ProbeError."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._turn()
            except ssl.SSLError as exc:
                raise await self._broken(exc) from exc
            else:
                return

    async def part(self) -> None:
        """Say goodbye, and hear what the peer still says. Errors: ProbeError where it refuses us now.

        In TLS 1.3 our side is done before the peer has looked at our certificate, or missed it (RFC 8446 4.4.2.4):
        its refusal is an alert that comes after the handshake. Any other end is a good one.
        """
        with suppress(ssl.SSLError):  # it wants an answer that may never come; our goodbye is ready to go
            self.tls.unwrap()
        try:
            await self._flush()
            while self.tls.version() == "TLSv1.3" and self._may_refuse_yet():
                await self._turn()
        except ProbeError:  # it closed, or broke off what we had ended: no refusal
            return
        except ssl.SSLError as exc:
            if "ALERT" in (exc.reason or ""):
                raise ProbeError(tls_reading(exc, "after the TLS handshake the peer refused")) from exc

    def _may_refuse_yet(self) -> bool:
        """False once it said goodbye or sent data: it had let us in. Errors: ssl.SSLError for an alert."""
        try:
            self.tls.read(1)
        except ssl.SSLWantReadError:
            return True
        except ssl.SSLZeroReturnError:
            return False
        return False

    async def _turn(self) -> None:
        await self._flush()
        self._incoming.write(await self._channel.receive())

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._channel.send(self._outgoing.read())

    async def _broken(self, exc: ssl.SSLError) -> ProbeError:
        """The failure, once our alert has gone out: the peer's log shall say why."""
        reading = tls_reading(exc, self._channel.doing)
        with suppress(ProbeError):  # it may be gone already; what it said counts
            await self._flush()
        return ProbeError(reading)
