"""What each thing that can go wrong in a request says about the target, or about us (S1)."""

import re
import socket
import ssl
from collections.abc import Iterator

import aiohttp
from aiohttp import http_exceptions

from collectors.base import Outcome, Reading, Reason, error, failed
from collectors.certificates import shorten, tls_reading
from collectors.errnos import from_errno, from_host, from_path
from collectors.webclient.hop import Hop, Phase

DOING = {
    Phase.PREPARE: "before the connection",
    Phase.RESOLVE: "resolving the name",
    Phase.CONNECT: "connecting",
    Phase.TLS: "in the TLS handshake",
    Phase.PROCESSING: "waiting for the response",
    Phase.TRANSFER: "reading the body",
}

_ERRNO_IN_TEXT = re.compile(r"\[Errno (\d+)\]( Connect call failed)?")
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY})
_CHAIN_DEPTH = 6


class AttemptError(Exception):
    """Carries a failed attempt past aiohttp, which would silently try an idempotent request once more."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def reading_of(exc: Exception, hop: Hop) -> Reading:
    """The reading that a failed request makes. Errors: `exc` itself where it says nothing about a peer."""
    chain = list(_causes(exc))
    for found in chain:
        if isinstance(found, ssl.SSLError) and not isinstance(found, aiohttp.ClientError):
            return tls_reading(found, DOING[hop.phase])
    if isinstance(exc, aiohttp.ClientConnectorDNSError):
        return _name_reading(exc.os_error)
    reading = _http_reading(exc, chain, hop)
    if reading is not None:
        return reading
    if isinstance(exc, aiohttp.ClientConnectorError):
        return _os_reading(exc.os_error, hop)
    if isinstance(exc, OSError):
        return _os_reading(exc, hop)
    raise exc


def timed_out(hop: Hop, seconds: float) -> Reading:
    """The reading of a probe whose deadline came."""
    if hop.phase is Phase.RESOLVE:
        return error(Reason.RESOLVER, f"the resolver did not answer within {seconds:g} s")
    if hop.phase is Phase.PREPARE:
        return error(Reason.LATE, f"our loop did not get to connect within {seconds:g} s")
    so_far = f", {hop.received} bytes so far" if hop.phase is Phase.TRANSFER else ""
    return failed(Reason.TIMEOUT, f"not done within {seconds:g} s: {DOING[hop.phase]}{so_far}")


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """The exception, what it wraps and what it was raised from."""
    current: BaseException | None = exc
    for _ in range(_CHAIN_DEPTH):
        if current is None:
            return
        yield current
        inner = current.os_error if isinstance(current, aiohttp.ClientConnectorError) else None
        current = inner or current.__cause__


def _name_reading(exc: OSError) -> Reading:
    text = f"resolving the name: {exc.strerror}"
    return failed(Reason.NAME, text) if exc.errno in _NO_SUCH_NAME else error(Reason.RESOLVER, text)


def _http_reading(exc: Exception, chain: list[BaseException], hop: Hop) -> Reading | None:
    """For what aiohttp finds wrong in the conversation itself."""
    doing = DOING[hop.phase]
    if isinstance(exc, aiohttp.ServerDisconnectedError):
        return failed(Reason.CLOSED, f"{doing}: the peer closed the connection")
    if isinstance(exc, aiohttp.ServerTimeoutError):
        return failed(Reason.TIMEOUT, f"{doing}: {exc}")
    if any(isinstance(found, http_exceptions.LineTooLong) for found in chain):
        return failed(Reason.TOO_LARGE, f"{doing}: a line of the response head is too long")
    if isinstance(exc, aiohttp.ClientResponseError):
        return failed(Reason.PROTOCOL, f"{doing}: not HTTP: {shorten(exc.message)}")
    if isinstance(exc, aiohttp.ClientPayloadError):
        return _payload_reading(exc, chain, doing)
    return None


def _payload_reading(exc: aiohttp.ClientPayloadError, chain: list[BaseException], doing: str) -> Reading:
    short = (http_exceptions.ContentLengthError, http_exceptions.TransferEncodingError)
    if any(isinstance(found, short) for found in chain):
        return failed(Reason.CLOSED, f"{doing}: the peer closed before the body was complete")
    return failed(Reason.PROTOCOL, f"{doing}: {shorten(str(exc))}")


def _os_reading(exc: OSError, hop: Hop) -> Reading:
    doing = DOING[hop.phase]
    if exc.errno is not None:
        return _by_number(exc.errno, doing, hop.phase, answered="Connect call failed" in str(exc))
    if isinstance(exc, ConnectionAbortedError):  # asyncio's own limit on a handshake, 60 s
        return failed(Reason.TIMEOUT, f"{doing}: {exc}")
    if isinstance(exc, ConnectionResetError):  # asyncio says so without a number where the peer just closed
        return failed(Reason.CLOSED, f"{doing}: the peer closed the connection")
    return _strongest(exc, doing)


def _by_number(number: int, doing: str, phase: Phase, *, answered: bool) -> Reading:
    """While connecting, what connect() refused at once is our own; what came later came from the path (S1).

    asyncio says which: a number that arrives after the SYN left is worded "Connect call failed".
    """
    if phase is not Phase.CONNECT:
        return from_errno(number, doing)
    return from_path(number, doing) if answered else from_host(number, doing)


def _strongest(exc: OSError, doing: str) -> Reading:
    """Several addresses failed in several ways: one answer from the path outweighs what we could not try."""
    numbers = _ERRNO_IN_TEXT.findall(str(exc))
    if not numbers:
        raise exc
    readings = [_by_number(int(number), doing, Phase.CONNECT, answered=bool(answered)) for number, answered in numbers]
    return next((reading for reading in readings if reading.outcome is Outcome.FAILED), readings[0])
