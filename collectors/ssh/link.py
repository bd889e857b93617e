"""One TCP connection of a probe, in lines and then in packets; every read has a bound, every wait is the caller's."""

import asyncio
import errno
import socket
from contextlib import suppress

from collectors.base import Reading, Reason, failed
from collectors.certificates import shorten
from collectors.dialling import IP_BIND_ADDRESS_NO_PORT, RESET, kernel_rtt, met_itself
from collectors.errnos import from_host, from_path
from collectors.resolve import Address
from collectors.wire.ssh import HEADER_BYTES, packet, payload_of, rest_of_packet

_CHUNK = 16 * 1024
_FAREWELL_SECONDS = 1.0
_FAREWELL_BYTES = 64 * 1024


class EndError(Exception):
    """The probe is over: the reading says why."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading.detail)
        self.reading = reading


class Link:
    """A non-blocking socket. `doing` words what a broken connection stopped. Errors: EndError, from every method."""

    def __init__(self, address: Address, source: str | None) -> None:
        self.address = address
        self.doing = f"connecting to {address}"
        self._loop = asyncio.get_running_loop()
        self._heard = bytearray()
        try:
            self._socket = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as exc:
            raise EndError(from_host(exc.errno, self.doing)) from exc
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or ours would wait for their delayed ACK
        self._leave_from(source)

    def _leave_from(self, source: str | None) -> None:
        if source is None:
            return
        try:
            self._socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            self._socket.bind((source, 0))
        except OSError as exc:
            self.close()
            raise EndError(from_host(exc.errno, f"{self.doing} from {source}")) from exc

    def close(self) -> None:
        """Close the socket, whatever is under way."""
        self._socket.close()

    async def connect(self) -> None:
        """Connect, once. What is refused at once is our own, what comes later came from the path (S1)."""
        try:
            self._socket.connect(self.address.sockaddr)
        except OSError as exc:
            if exc.errno != errno.EINPROGRESS:
                raise EndError(from_host(exc.errno, self.doing)) from exc
            await self._established()
        if met_itself(self._socket, self.address):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)  # a TIME-WAIT would keep the port
            detail = f"{self.doing}: nobody listens there (the connection met its own source port)"
            raise EndError(failed(Reason.REFUSED, detail))

    async def _established(self) -> None:
        writable = asyncio.Event()
        self._loop.add_writer(self._socket, writable.set)
        try:
            await writable.wait()
        finally:
            self._loop.remove_writer(self._socket)
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise EndError(from_path(number, self.doing))

    @property
    def rtt_seconds(self) -> float:
        """The round trip of the TCP handshake by the kernel's clock; 0.0 where it has none."""
        return kernel_rtt(self._socket)

    @property
    def beginning(self) -> str:
        """What was heard and not taken yet, as far as it can be shown."""
        return bytes(self._heard[:200]).decode("utf-8", "backslashreplace")

    async def send(self, data: bytes) -> None:
        """All of it."""
        try:
            await self._loop.sock_sendall(self._socket, data)
        except OSError as exc:
            raise EndError(from_path(exc.errno or 0, self.doing)) from exc

    async def line(self, most: int) -> bytes:
        """The next line with its end, or `most` bytes and more where none has come by then."""
        while (end := self._heard.find(b"\n")) < 0 and len(self._heard) < most:
            await self._hear()
        return self._take(end + 1 or len(self._heard))

    async def payload(self) -> bytes:
        """That of the next packet. Errors: SshFormatError too, for what is no packet."""
        header = await self._exactly(HEADER_BYTES)
        rest = await self._exactly(rest_of_packet(header))
        return payload_of(header, rest)

    async def part(self, goodbye: bytes) -> None:
        """Say goodbye and let the other side close first, as long as it does not dawdle: all was measured."""
        with suppress(EndError, TimeoutError, OSError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self.send(packet(goodbye))
                self._socket.shutdown(socket.SHUT_WR)
                heard = 0
                while heard < _FAREWELL_BYTES:  # what we did not read would make a reset of our close
                    self._heard.clear()
                    await self._hear()
                    heard += len(self._heard)

    async def _exactly(self, count: int) -> bytes:
        while len(self._heard) < count:
            await self._hear()
        return self._take(count)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._heard[:count])
        del self._heard[:count]
        return taken

    async def _hear(self) -> None:
        try:
            data = await self._loop.sock_recv(self._socket, _CHUNK)
        except OSError as exc:
            raise EndError(from_path(exc.errno or 0, self.doing)) from exc
        if not data:
            begun = f" after {shorten(self.beginning)}" if self._heard else ""
            raise EndError(failed(Reason.CLOSED, f"{self.doing}: the peer closed the connection{begun}"))
        self._heard += data
