"""One request of a probe, timed from inside aiohttp at the places that it and the standard library offer.

A connector of our own sees the resolver's work, the first socket and the ready connection; the `ssl` module lets
a context name the class of its TLS objects, so the handshake is told apart from the TCP connect before it.
"""

import asyncio
import enum
import errno
import socket
import ssl
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

from aiohttp import AddrInfoType, ClientRequest, ClientTimeout, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from collectors.base import Target
from collectors.certificates import described, identity_of, presented_certificates, version_number
from collectors.dialling import leave_from

_TCP_INFO_BYTES = 152
_MIN_RTT_OFFSET = 148  # struct tcp_info in linux/tcp.h: tcpi_min_rtt, microseconds, since Linux 4.6
_NO_RTT = 0xFFFFFFFF
_RESOLVER_THREADS = 16

Clean = Callable[[str], str]
"""Takes the module's secrets out of a text."""


class Phase(enum.StrEnum):
    """Where a request stands; each phase but PREPARE has a value `<phase>_seconds`."""

    PREPARE = "prepare"
    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    PROCESSING = "processing"
    TRANSFER = "transfer"


class Hop:
    """When one request reached each of its steps, and what it learned on the way."""

    def __init__(self, target: Target, host: str, clean: Clean) -> None:
        self.target = target
        self.host = host
        self.values: dict[str, float] = {"resolve_seconds": 0.0}  # stays 0 where the host is an address
        self.phase = Phase.PREPARE
        self.received = 0
        self.identity = ""
        self._clean = clean
        self._since = time.perf_counter()
        self._transport: asyncio.Transport | None = None

    def enter(self, phase: Phase) -> None:
        """End the present phase and begin `phase`; a phase entered again adds up."""
        now = time.perf_counter()
        if self.phase is not Phase.PREPARE:
            name = f"{self.phase}_seconds"
            self.values[name] = self.values.get(name, 0.0) + now - self._since
        self.phase, self._since = phase, now

    def step(self, name: str, *details: object) -> None:
        """Tell the trace of an on-demand probe; costs nothing without one."""
        if self.target.trace is not None:
            self.target.step(name, self._clean(" ".join(str(detail) for detail in details)))

    def connecting(self, address: AddrInfoType) -> None:
        """A socket to `address` is being opened. Errors: PermissionError where the target's guest says no."""
        refused = self.target.refusal(self.host, str(address[4][0]))
        if refused is not None:
            self.step("connect", refused.detail)
            raise PermissionError(errno.EPERM, refused.detail)
        if self.phase is not Phase.CONNECT:
            self.enter(Phase.CONNECT)
        self.step("connect", address[4][0], "port", address[4][1])

    def handshaking(self) -> None:
        """The TCP connection stands, the TLS handshake moves on."""
        if self.phase is not Phase.TLS:
            self.enter(Phase.TLS)
            self.step("tls", "handshake begins")

    def secured(self, tls: ssl.SSLObject) -> None:
        """The TLS handshake is done."""
        if self.target.guest is not None:
            self.target.guest.secured(tls)
        self.identity = identity_of(tls)
        chain = presented_certificates(tls)
        if chain:
            self.values["certificate_not_after_timestamp_seconds"] = float(chain[0].not_after)
            earliest = min(certificate.not_after for certificate in chain)
            self.values["certificate_chain_not_after_timestamp_seconds"] = float(earliest)
        version = version_number(tls)
        if version is not None:
            self.values["tls_version"] = version
        if self.target.trace is not None:
            for line in described(tls, chain):
                self.step("tls", line)

    def connected(self, transport: asyncio.Transport | None) -> None:
        """The connection is ready for the request."""
        self.enter(Phase.PROCESSING)
        self._transport = transport
        connect_seconds = self.values.get("connect_seconds", 0.0)
        self.values["rtt_seconds"] = _kernel_rtt(transport) or connect_seconds
        peer = transport.get_extra_info("peername") if transport is not None else None
        if peer is not None:
            self.values["ip_version"] = 6.0 if ":" in peer[0] else 4.0
        tls_seconds, rtt_seconds = self.values.get("tls_seconds", 0.0), self.values["rtt_seconds"]
        self.step("ready", f"connect {connect_seconds:.6f} s, tls {tls_seconds:.6f} s, rtt {rtt_seconds:.6f} s")

    def close(self) -> None:
        """End the last phase, and tell the guest how long each took."""
        self.enter(Phase.PREPARE)
        for phase in Phase:
            self.target.spent(phase, self.values.get(f"{phase}_seconds", 0.0))

    def drop(self) -> None:
        """Leave nothing behind: no unsent bytes, no wait for a peer that does not close its side."""
        if self._transport is not None:
            self._transport.abort()


CURRENT: ContextVar[Hop] = ContextVar("CURRENT")
"""The hop that the hooks below tell. A context variable has to live in a module to be collected properly."""


def _kernel_rtt(transport: asyncio.Transport | None) -> float:
    """The round trip that the kernel saw, 0 if it saw none (a repeated SYN, a peer already gone)."""
    connection = transport.get_extra_info("socket") if transport is not None else None
    if connection is None:
        return 0.0
    try:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    except OSError:
        return 0.0
    microseconds = struct.unpack_from("=I", info, _MIN_RTT_OFFSET)[0] if len(info) == _TCP_INFO_BYTES else 0
    return 0.0 if microseconds == _NO_RTT else microseconds / 1e6


class TimedTls(ssl.SSLObject):
    """A TLS object that tells the current hop about its handshake (`SSLContext.sslobject_class`)."""

    def do_handshake(self) -> None:
        hop = CURRENT.get()
        hop.handshaking()
        super().do_handshake()  # raises SSLWantReadError until the peer has said its part
        hop.secured(self)


class HopResolver(AbstractResolver):
    """Asks the system's resolver in threads of its own: a stuck name server holds up names, nothing else."""

    def __init__(self, family: socket.AddressFamily) -> None:
        self._family = family
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="http-resolve")
        self._running: dict[str, asyncio.Future[list[Any]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`. Errors: socket.gaierror."""
        hop = CURRENT.get()
        hop.enter(Phase.RESOLVE)
        hop.step("resolve", host)
        addresses = [info[4][0] for info in await asyncio.shield(self._look_up(host))]
        hop.enter(Phase.PREPARE)
        hop.step("resolve", "->", *addresses)
        return [_result(host, address, port) for address in addresses]

    def _look_up(self, host: str) -> asyncio.Future[list[Any]]:
        """One question at a time for each name: probes that gave up must not fill the threads."""
        running = self._running.get(host)
        if running is None:
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._threads, _addresses, host, self._family)
            self._running[host] = running
            running.add_done_callback(lambda done: self._answered(host, done))
        return running

    def _answered(self, host: str, done: asyncio.Future[list[Any]]) -> None:
        del self._running[host]
        if not done.cancelled():
            done.exception()  # nobody may be waiting any more

    async def close(self) -> None:
        """Take no more questions; threads that still wait for an answer end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str, family: socket.AddressFamily) -> list[Any]:
    # Without AI_ADDRCONFIG: that this host has no IPv6 must not read as "the name does not exist".
    try:
        return socket.getaddrinfo(host, None, family, socket.SOCK_STREAM)
    except UnicodeError as exc:
        raise socket.gaierror(socket.EAI_NONAME, f"not a host name: {exc}") from exc


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)


def _opener(source_address: str | None) -> Callable[[AddrInfoType], socket.socket]:
    def open_socket(address: AddrInfoType) -> socket.socket:
        CURRENT.get().connecting(address)
        sock = socket.socket(address[0], address[1], address[2])
        if source_address is not None:
            leave_from(sock, source_address)
        return sock

    return open_socket


class HopConnector(TCPConnector):
    """A connection for each request, none kept, no limit of its own: a queue here would count as the peer's time."""

    def __init__(
        self,
        resolver: HopResolver,
        family: socket.AddressFamily,
        context: ssl.SSLContext,
        source_address: str | None = None,
    ) -> None:
        super().__init__(
            resolver=resolver, family=family, ssl=context, socket_factory=_opener(source_address),
            force_close=True, limit=0, use_dns_cache=False,
        )  # fmt: skip

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:  # noqa: ASYNC109 (the signature is aiohttp's)
        """Connect as usual and tell the hop."""
        connection = await super().connect(req, traces, timeout)
        CURRENT.get().connected(connection.transport)
        return connection
