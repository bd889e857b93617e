"""One TCP connection of a probe; every wait is the caller's to bound."""

import asyncio
import socket

from collectors.base import Reason, failed
from collectors.dialling import RESET, dial, kernel_rtt, leave_from, met_itself
from collectors.ending import EndError, ended_by
from collectors.errnos import from_host, from_path
from collectors.resolve import Address
from collectors.walking import Walk

_CHUNK = 16 * 1024


class Link:
    """A non-blocking socket. What breaks it ends the probe in the words of its phase. Errors: EndError, from all."""

    def __init__(self, walk: Walk, address: Address, source: str | None = None) -> None:
        self.walk = walk
        self.address = address
        self._loop = asyncio.get_running_loop()
        self._connecting = f"connecting to {address}"
        with ended_by(from_host, self._connecting):
            self._socket = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or ours would wait for their delayed ACK
        if source is not None:
            with ended_by(from_host, f"{self._connecting} from {source}"):
                leave_from(self._socket, source)

    def close(self) -> None:
        """Close the socket, whatever is under way."""
        self._socket.close()

    async def connect(self) -> None:
        """Connect, once; the walk learns how long it took, and the round trip by the kernel's clock where it has it."""
        walk = self.walk
        walk.begin(self._connecting)
        await dial(self._socket, self.address, self._connecting)
        self._refuse_itself()
        walk.end("connect_seconds")
        walk.values["rtt_seconds"] = kernel_rtt(self._socket) or walk.values["connect_seconds"]
        walk.target.step("connected", f"{self.address} in {walk.values['connect_seconds']:.6f} s")

    def _refuse_itself(self) -> None:
        if met_itself(self._socket, self.address):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)  # a TIME-WAIT would keep the port
            detail = f"{self._connecting}: nobody listens there (the connection met its own source port)"
            raise EndError(failed(Reason.REFUSED, detail))

    @property
    def own_host(self) -> str:
        """Our numeric address."""
        return str(self._socket.getsockname()[0])

    async def send(self, data: bytes) -> None:
        """All of it."""
        with ended_by(from_path, self.walk.doing):
            await self._loop.sock_sendall(self._socket, data)

    async def receive(self, after: str = "") -> bytes:
        """What came, at least one byte; `after` is what of an answer came before, should it end here."""
        with ended_by(from_path, self.walk.doing):
            data = await self._loop.sock_recv(self._socket, _CHUNK)
        if not data:
            raise EndError(failed(Reason.CLOSED, f"{self.walk.doing}: the peer closed the connection{after}"))
        return data

    def finish(self) -> None:
        """Send no more; what still comes can be received."""
        with ended_by(from_path, self.walk.doing):
            self._socket.shutdown(socket.SHUT_WR)
