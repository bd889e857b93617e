"""Three ways to ask how far a packet comes, each with sockets that need no privilege where the kernel allows it.

Who answered stands in the error queues of our own sockets (IP_RECVERR), so that no foreign packet is ever read. Only
kernels before 5.8 do not queue errors for a SYN: there a raw socket, where we may open one, hears them.
"""

import contextlib
import errno
import os
import random
import re
import secrets
import select
import socket
from collections.abc import Iterator
from time import monotonic
from typing import NamedTuple, Protocol

from collectors import icmp_sockets
from collectors.base import CollectorUnavailableError
from collectors.dialling import RESET
from collectors.path.model import Method, Said
from collectors.resolve import Address
from collectors.wire import icmp, quoted

BASE_PORT = 33434
"""Where the ports of UDP probes begin that were given none: hardly anybody listens there."""

DEFAULT_TCP_PORT = 80

_SYN_REPEATS = 2
"""With one repeat the kernel gives a SYN up after 3 s, just when a router that finds no neighbour says so."""

_PAYLOAD_BYTES = 32
_ERRORS_AT_ONCE = 32
_SEND_ATTEMPTS = 5
_UDP_PAYLOAD = bytes(_PAYLOAD_BYTES)


class Heard(NamedTuple):
    """One answer, and which probe it answers. Units: `at` is monotonic."""

    number: int
    at: float
    address: str
    said: Said
    words: str
    kind: int | None = None
    code: int | None = None


class Sender(Protocol):
    """Sends probe after probe; its poller knows what to wait for.

    Errors: `send` raises OSError where this host cannot send.
    """

    def send(self, number: int, hops: int) -> None: ...
    def heard(self, descriptor: int) -> Iterator[Heard]: ...
    def close(self) -> None: ...


def sender(method: Method, address: Address, port: int | None, poller: select.poll) -> Sender:
    """A sender of the method. Errors: CollectorUnavailableError where this process may not send that, OSError."""
    if method is Method.ICMP:
        return Echoes(address, poller)
    if method is Method.UDP:
        return Datagrams(address, port, poller)
    return Connections(address, port or DEFAULT_TCP_PORT, poller)


def _of_error(number: int, queued: icmp_sockets.QueuedError, asked: str) -> Heard:
    said = _meaning(queued.kind, queued.code, asked == queued.offender, ":" in asked)
    return Heard(number, monotonic(), queued.offender, said, queued.meaning, queued.kind, queued.code)


def _meaning(kind: int, code: int, is_target: bool, v6: bool) -> Said:
    """Whatever an address says of itself has arrived; only a hop limit ends anywhere."""
    if (kind, code) == ((icmp.V6_TIME_EXCEEDED if v6 else icmp.V4_TIME_EXCEEDED), 0):
        return Said.TRANSIT
    return Said.ARRIVED if is_target else Said.UNREACHABLE


def _queued(opened: socket.socket) -> Iterator[icmp_sockets.QueuedError]:
    """What lies in a socket's error queue."""
    for _ in range(_ERRORS_AT_ONCE):
        try:
            queued = icmp_sockets.next_queued_error(opened)
        except BlockingIOError:
            return
        if queued is not None:
            yield queued


class Echoes:
    """Echo requests over one socket: raw, else the kernel's own for pings."""

    def __init__(self, address: Address, poller: select.poll) -> None:
        self._address = address
        self._socket = _echo_socket(address.family)
        self._is_datagram = self._socket.type == socket.SOCK_DGRAM
        self._identifier = random.getrandbits(16)
        self._first = random.getrandbits(16)
        self._cookie = secrets.token_bytes(_PAYLOAD_BYTES)
        # Connected, it is given what comes from there, and not the replies to every probe of this host.
        try:
            self._socket.connect((address.sockaddr[0], 0, *address.sockaddr[2:]))
        except OSError:
            self._socket.close()
            raise
        poller.register(self._socket.fileno(), select.POLLIN)

    def send(self, number: int, hops: int) -> None:
        """Errors: OSError."""
        encode = icmp.echo_request_v6 if self._address.family == socket.AF_INET6 else icmp.echo_request_v4
        icmp_sockets.limit_hops(self._socket, hops)
        packet = encode(self._identifier, (self._first + number) & 0xFFFF, self._cookie)
        for attempt in range(1, _SEND_ATTEMPTS + 1):  # the kernel may first tell of an error that an earlier echo met
            try:
                self._socket.send(packet)
            except OSError:
                if attempt == _SEND_ATTEMPTS:
                    raise
            else:
                return

    def heard(self, descriptor: int) -> Iterator[Heard]:
        """Errors of the path, then replies."""
        for queued in _queued(self._socket):
            request = icmp.quoted_request(queued.request)
            if request is not None and queued.destination == self._address.sockaddr[0]:
                number = self._number(*request, queued.request[icmp.HEADER_BYTES :])
                if number is not None:
                    yield _of_error(number, queued, self._address.sockaddr[0])
        yield from self._replies()

    def _replies(self) -> Iterator[Heard]:
        for _ in range(_ERRORS_AT_ONCE):
            try:
                data, source = self._socket.recvfrom(2048)
            except OSError:  # nothing more, or the error that the queue told of
                return
            reply = self._parse(data)
            if reply is None or source[0] != self._address.sockaddr[0] or reply.payload != self._cookie:
                continue
            number = self._number(reply.identifier, reply.sequence, b"")
            if number is not None:
                yield Heard(number, monotonic(), source[0], Said.ARRIVED, "echo reply")

    def _parse(self, data: bytes) -> icmp.EchoReply | None:
        if self._address.family == socket.AF_INET6:
            return icmp.parse_v6_message(data)
        return icmp.parse_v4_message(data) if self._is_datagram else icmp.parse_v4_packet(data)

    def _number(self, identifier: int, sequence: int, payload: bytes) -> int | None:
        """Which probe of ours; None for another's. A router may quote less of the payload, never other bytes."""
        is_ours = self._is_datagram or identifier == self._identifier  # the kernel sets it, and tells us ours only
        size = min(len(payload), len(self._cookie))
        if not is_ours or payload[:size] != self._cookie[:size]:
            return None
        return (sequence - self._first) & 0xFFFF

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _echo_socket(family: int) -> socket.socket:
    try:
        return icmp_sockets.open_raw(family)
    except PermissionError:
        pass
    try:
        return icmp_sockets.open_datagram(family)
    except PermissionError as exc:
        text = f"path: may not send echo requests ({exc.strerror}); {icmp_sockets.how_to_allow()}"
        raise CollectorUnavailableError(text) from exc


class Datagrams:
    """UDP datagrams, a socket for each: the kernel gives each one only the errors of its own."""

    def __init__(self, address: Address, port: int | None, poller: select.poll) -> None:
        self._address = address
        self._port = port
        self._poller = poller
        self._open: dict[int, tuple[int, socket.socket]] = {}

    def send(self, number: int, hops: int) -> None:
        """Errors: OSError."""
        opened = socket.socket(self._address.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._open[opened.fileno()] = number, opened
        icmp_sockets.queue_errors(opened)
        icmp_sockets.limit_hops(opened, hops)
        host, _, *rest = self._address.sockaddr
        opened.connect((host, self._port or BASE_PORT + number, *rest))
        opened.send(_UDP_PAYLOAD)
        self._poller.register(opened.fileno(), select.POLLIN)

    def heard(self, descriptor: int) -> Iterator[Heard]:
        """The error of the path, or an answer."""
        number, opened = self._open[descriptor]
        for queued in _queued(opened):
            yield _of_error(number, queued, self._address.sockaddr[0])
        with contextlib.suppress(OSError):
            opened.recv(2048)
            yield Heard(number, monotonic(), self._address.sockaddr[0], Said.ARRIVED, "answered")

    def close(self) -> None:
        """Close the sockets."""
        for _, opened in self._open.values():
            opened.close()


class Connections:
    """SYNs of connecting sockets; one that is answered is reset at once."""

    def __init__(self, address: Address, port: int, poller: select.poll, *, queues: bool | None = None) -> None:
        host, _, *rest = address.sockaddr
        self._host = host
        self._sockaddr = (host, port, *rest)
        self._family = address.family
        self._poller = poller
        self._queues = _errors_of_syns_are_queued() if queues is None else queues
        self._open: dict[int, tuple[int, socket.socket]] = {}
        self._ports: dict[int, int] = {}
        self._ear = None if self._queues else _ear(address.family)
        if self._ear is not None:
            poller.register(self._ear.fileno(), select.POLLIN)

    def send(self, number: int, hops: int) -> None:
        """Errors: OSError."""
        opened = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._open[opened.fileno()] = number, opened
        if self._queues:
            icmp_sockets.queue_errors(opened)
        icmp_sockets.limit_hops(opened, hops)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, _SYN_REPEATS)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        number_said = opened.connect_ex(self._sockaddr)
        if number_said not in (0, errno.EINPROGRESS, errno.ECONNREFUSED):
            raise OSError(number_said, errno.errorcode.get(number_said, ""))
        self._ports[opened.getsockname()[1]] = number
        self._poller.register(opened.fileno(), select.POLLOUT)

    def heard(self, descriptor: int) -> Iterator[Heard]:
        """The error of the path, or how the target answered the SYN."""
        if self._ear is not None and descriptor == self._ear.fileno():
            yield from self._overheard(self._ear)
            return
        self._poller.unregister(descriptor)  # whatever it says is its last word
        number, opened = self._open[descriptor]
        errors = [_of_error(number, queued, self._host) for queued in _queued(opened)]
        said = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if errors:
            yield from errors
        elif said in (0, errno.ECONNREFUSED):
            yield Heard(number, monotonic(), self._host, Said.ARRIVED, "refused" if said else "connected")
        elif said != errno.ETIMEDOUT and not self._queues and self._ear is None:
            raise CollectorUnavailableError(
                f"path: this kernel does not say who answered a SYN; {icmp_sockets.how_to_allow()}"
            )

    def _overheard(self, ear: socket.socket) -> Iterator[Heard]:
        parse = quoted.parse_v6_error if self._family == socket.AF_INET6 else quoted.parse_v4_error
        asked = socket.inet_pton(self._family, self._host.partition("%")[0])
        for _ in range(_ERRORS_AT_ONCE):
            try:
                data, sender = ear.recvfrom(2048)
            except OSError:
                return
            error = parse(data)
            if error is None or error.quoted.protocol != socket.IPPROTO_TCP or error.quoted.destination != asked:
                continue
            source, to = error.quoted.ports
            number = self._ports.get(source)
            if number is not None and to == self._sockaddr[1]:
                yield self._of_overheard(number, error, sender[0].partition("%")[0])

    def _of_overheard(self, number: int, error: quoted.PathError, by: str) -> Heard:
        v6 = self._family == socket.AF_INET6
        words = (icmp.meaning_v6 if v6 else icmp.meaning_v4)(error.kind, error.code) or ""
        said = _meaning(error.kind, error.code, by == self._host, v6)
        return Heard(number, monotonic(), by, said, words, error.kind, error.code)

    def close(self) -> None:
        """Close the sockets: what is half open is reset."""
        for _, opened in self._open.values():
            opened.close()
        if self._ear is not None:
            self._ear.close()


def _errors_of_syns_are_queued() -> bool:
    """Since Linux 5.8."""
    numbers = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= (5, 8)


def _ear(family: int) -> socket.socket | None:
    """Where we may not open it, the error queues must do."""
    try:
        return icmp_sockets.open_ear(family)
    except OSError:
        return None
