"""Stream sockets as probes want them: made in one call, with what the kernel knows of the connection."""

import asyncio
import errno
import socket
import struct
from dataclasses import dataclass

from collectors.ending import ended_by
from collectors.errnos import from_host, from_path
from collectors.resolve import Address

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of a socket that is closed by a reset."""

_TYPE = int(socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
_RTT = struct.Struct("=68xI")  # tcpi_rtt of struct tcp_info, in microseconds
_NOT_CONNECTED = frozenset({2, 3, 7})  # SYN_SENT, SYN_RECV, CLOSE of net/tcp_states.h: tcpi_state, its first byte
_IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h; without it bind() takes a port from the whole host


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """How a probe's socket is made; the source is a numeric address."""

    source: str | None = None
    linger_reset: bool = False


def open_stream(family: int, options: SocketOptions) -> socket.SocketType:
    """A socket of the C type: the Python class around it costs two calls a probe and adds nothing here."""
    sock = socket.SocketType(family, _TYPE)
    if options.linger_reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    if options.source is not None:
        leave_from(sock, options.source)
    return sock


def leave_from(sock: socket.SocketType, source: str) -> None:
    """Give a socket that is still to connect its source address; closes one that cannot have it. Errors: OSError."""
    try:
        sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((source, 0))
    except OSError:
        sock.close()
        raise


async def dial(sock: socket.socket, address: Address, doing: str) -> None:
    """Connect a non-blocking socket, once. Errors: EndError.

    What connect() says at once is our own, what comes later came from the path (S1).
    """
    with ended_by(from_host, doing):
        under_way = _begin(sock, address)
    if under_way:
        with ended_by(from_path, doing):
            await _established(sock)


def _begin(sock: socket.socket, address: Address) -> bool:
    """Begin to connect; whether that is still under way."""
    try:
        sock.connect(address.sockaddr)
    except BlockingIOError as exc:
        if exc.errno != errno.EINPROGRESS:
            raise
        return True
    return False


async def _established(sock: socket.socket) -> None:
    loop, writable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_writer(sock, writable.set)
    try:
        await writable.wait()
    finally:
        loop.remove_writer(sock)
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, "connect")


def tcp_info(sock: socket.SocketType) -> bytes:
    """The beginning of the kernel's struct tcp_info; nothing where it has none."""
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RTT.size)
    except OSError:
        return b""


def is_connected(info: bytes) -> bool:
    """Whether the handshake is done, as tcp_info has it; an event alone is no proof. True where it does not say."""
    return not info or info[0] not in _NOT_CONNECTED


def rtt_of(info: bytes) -> float:
    """Seconds from SYN to SYN/ACK by the kernel's clock, untouched by our loop; 0.0 where it has none."""
    return float(_RTT.unpack(info)[0]) / 1e6 if len(info) == _RTT.size else 0.0


def kernel_rtt(sock: socket.SocketType) -> float:
    """The same of a socket."""
    return rtt_of(tcp_info(sock))


def met_itself(sock: socket.SocketType, address: Address) -> bool:
    """Whether the kernel chose, on this very host, the port we dial as our own: a simultaneous open."""
    name = sock.getsockname()
    return bool(name[1] == address.port and name[0] == address.sockaddr[0])
