"""Addresses and names: `host:port` text, numeric addresses without a resolver, names with a bounded one.

The system's resolver blocks and cannot be cancelled. So a lookup runs on one of a few daemon threads: a dead
name server can hang that many and no more, and never delays the end of the process.
"""

import asyncio
import os
import re
import socket
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from collectors.base import Reading, Reason, error, failed
from collectors.errnos import from_errno

_IDLE_SECONDS = 5.0
_SPARE_DESCRIPTORS = 4
_NAME = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*\.?")
_ENDS_IN_NUMBER = re.compile(r"(.*\.)?(\d+|0[xX][0-9a-fA-F]*)\.?")  # the resolver takes 10.1 and 0x7f.1 as addresses
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY})
"""RFC 3493 folded the last two into the first: the name has no such address."""


class Address(NamedTuple):
    """A numeric address as the kernel takes it."""

    family: int
    sockaddr: tuple[Any, ...]

    @property
    def port(self) -> int:
        """The port."""
        return int(self.sockaddr[1])

    def __str__(self) -> str:
        host = self.sockaddr[0]
        return f"[{host}]:{self.port}" if self.family == socket.AF_INET6 else f"{host}:{self.port}"


def split_address(text: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`. Errors: ValueError saying got, wanted and an example."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        hint = "no scheme or path" if "/" in text else f"brackets round an IPv6 address, such as [{host}]:{port}"
        raise ValueError(f"got {text!r}, wanted host:port with {hint}")
    if not colon or not host:
        raise ValueError(f"got {text!r}, wanted host:port, for example 10.0.0.1:22 or [2001:db8::1]:22")
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise ValueError(f"got port {port!r} in {text!r}, wanted a number from 1 to 65535")
    return host, int(port)


def check_host_port(text: str) -> str:
    """What is wrong with a `host:port` address, "" if nothing; asks no resolver."""
    try:
        host, _ = split_address(text)
    except ValueError as exc:
        return str(exc)
    bracketed = text.startswith("[")
    if bracketed or ":" in host:
        plain = host.partition("%")[0]
        return "" if _is(socket.AF_INET6, plain) else f"got {host!r}, wanted an IPv6 address between [ and ]"
    return check_host(host)


def check_host(host: str) -> str:
    """What is wrong with a host name or IPv4 address, "" if nothing; asks no resolver."""
    if _ENDS_IN_NUMBER.fullmatch(host):
        return "" if _is(socket.AF_INET, host) else f"got {host!r}, wanted an IPv4 address such as 10.0.0.1"
    if len(host) > 253 or not _NAME.fullmatch(host):
        return f"got {host!r}, wanted a host name (letters, digits, -, _ and dots; labels of 1 to 63)"
    try:
        host.encode("idna")
    except UnicodeError as exc:
        return f"got {host!r}, wanted a host name: {exc}"
    return ""


def _is(family: int, host: str) -> bool:
    try:
        socket.inet_pton(family, host)
    except (OSError, ValueError):  # ValueError: a null byte
        return False
    return True


def numeric(host: str, port: int) -> Address | None:
    """The address a numeric host stands for; None for a name or for an interface (%eth0) that is not here."""
    if ":" not in host:
        return Address(socket.AF_INET, (host, port)) if _is(socket.AF_INET, host) else None
    plain, percent, scope = host.partition("%")
    if not _is(socket.AF_INET6, plain):
        return None
    plain = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, plain))
    try:
        scope_id = socket.if_nametoindex(scope) if percent and not scope.isdecimal() else int(scope or 0)
    except OSError:
        return None
    return Address(socket.AF_INET6, (plain, port, 0, scope_id))


class _Lookup:
    """One question on its way through a thread; answered at most once, on the loop that asked."""

    __slots__ = ("answer", "ask", "loop")

    def __init__(self, ask: Callable[[], list[Address] | Reading]) -> None:
        self.ask = ask
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[list[Address] | Reading] = self.loop.create_future()

    def run(self) -> None:
        result = self.ask()
        try:
            self.loop.call_soon_threadsafe(self._settle, result)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    def _settle(self, result: list[Address] | Reading) -> None:
        if not self.answer.done():
            self.answer.set_result(result)


class Resolver:
    """Looks names up on at most `limit` threads; usable from any loop, needs no closing.

    Lookups beyond the limit wait for a thread until their own deadline and end as error/resolver. An idle
    thread ends by itself after a few seconds.
    """

    def __init__(self, limit: int = 16) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._waiting: dict[_Lookup, None] = {}  # ordered, and a lookup that gives up leaves at once
        self._threads = 0
        self._idle = 0

    @property
    def threads(self) -> int:
        """How many threads there are now."""
        return self._threads

    async def resolve(
        self, host: str, port: int, family: int, socktype: int, seconds: float
    ) -> list[Address] | Reading:
        """The addresses of a host in the resolver's order (RFC 6724), or the reading that says why not.

        Shape: at least one address; a numeric host is returned without asking.
        Errors: no such name or no address of this family: failed/name. Anything else: error/resolver;
        no descriptor left to ask with: error/resources.
        """
        if (literal := _literal(host, port, family)) is not None:
            return literal
        lookup = _Lookup(lambda: look_up(host, port, family, socktype))
        self._submit(lookup)
        try:
            async with asyncio.timeout(seconds):
                return await lookup.answer
        except TimeoutError:
            return error(Reason.RESOLVER, f"look up {host}: no answer from our resolver within {seconds:.3g} s")
        finally:
            with self._changed:
                self._waiting.pop(lookup, None)

    def _submit(self, lookup: _Lookup) -> None:
        with self._changed:
            self._waiting[lookup] = None
            if len(self._waiting) > self._idle and self._threads < self._limit:
                self._threads += 1
                threading.Thread(target=self._work, name="resolver", daemon=True).start()
            self._changed.notify()

    def _work(self) -> None:
        while (lookup := self._next()) is not None:
            lookup.run()

    def _next(self) -> _Lookup | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._waiting, _IDLE_SECONDS)
            self._idle -= 1
            if not self._waiting:
                self._threads -= 1
                return None
            lookup = next(iter(self._waiting))
            del self._waiting[lookup]
            return lookup


def _literal(host: str, port: int, family: int) -> list[Address] | Reading | None:
    """The answer for a numeric host, None for a name."""
    address = numeric(host, port)
    if address is None and ":" in host:
        return error(Reason.NO_ROUTE, f"look up {host}: no IPv6 address, or its interface is not on this host")
    if address is None:
        wrong = check_host(host)
        return error(Reason.INTERNAL, f"look up {host}: {wrong}; mend the target's address") if wrong else None
    if family not in (socket.AF_UNSPEC, address.family):
        wanted = "IPv6" if family == socket.AF_INET6 else "IPv4"
        return error(Reason.NO_ROUTE, f"the module wants {wanted}, the target's address {host} is not")
    return [address]


def look_up(host: str, port: int, family: int, socktype: int) -> list[Address] | Reading:
    """Ask the system's resolver and wait for it: for a thread.

    Without a free descriptor the C library says "no such name" because it cannot open its own files, so
    that answer counts only with descriptors to spare before and after.
    """
    starved = _starved(host)
    try:
        found = socket.getaddrinfo(host, port, family, socktype)
    except socket.gaierror as exc:
        starved = starved or _starved(host)
        if exc.errno in _NO_SUCH_NAME and starved is None:
            return failed(Reason.NAME, f"look up {host}: {exc.strerror}")
        return starved or error(Reason.RESOLVER, f"look up {host}: {exc.strerror}")
    except (OSError, UnicodeError) as exc:
        return starved or error(Reason.RESOLVER, f"look up {host}: {exc}")
    return [Address(int(family), sockaddr) for family, _, _, _, sockaddr in found]


def _starved(host: str) -> Reading | None:
    """The reading to give where this process has no descriptor left, None where it has."""
    opened: list[int] = []
    try:
        for _ in range(_SPARE_DESCRIPTORS):
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))  # noqa: PERF401 (closed below whatever happens)
    except OSError as exc:
        return from_errno(exc.errno, f"look up {host}")
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return None
