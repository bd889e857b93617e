"""What is said to a server up to its host key, and nothing after: no login is ever tried."""

import asyncio
import os
import re
from contextlib import suppress
from time import monotonic
from typing import NamedTuple

from collectors.base import Reading, Reason, error, failed
from collectors.certificates import shorten
from collectors.ending import EndError
from collectors.links import Link
from collectors.ssh.agreement import METHODS, exchange_hash
from collectors.ssh.hostkey import ALGORITHMS, SignatureError, WeakKeyError, verify
from collectors.ssh.incoming import Incoming
from collectors.wire.ssh import (
    COOKIE_BYTES,
    MAX_IDENTIFICATION,
    Exchanged,
    Message,
    Offer,
    SshFormatError,
    chosen,
    disconnect,
    kex_init,
    kexinit,
    packet,
    parse_disconnect,
    parse_kex_reply,
    parse_kexinit,
)

IDENTIFICATION = b"SSH-2.0-sla_agent"
_MAX_GREETING = 8 * 1024
_MAX_PACKETS = 16
_FAREWELL_SECONDS = 1.0
_FAREWELL_BYTES = 64 * 1024
_VERSION = re.compile(rb"SSH-(2\.0|1\.99)-")
_BUSY = re.compile(r"Exceeded MaxStartups|Not allowed at this time")
"""The words of OpenSSH before it closes: too many who have not logged in yet, too many of them ours."""

_LETS_NOBODY_IN = frozenset({1, 12})  # RFC 4253 11.1: host not allowed to connect, too many connections
_BY_APPLICATION, _KEY_EXCHANGE_FAILED = 11, 3

_CIPHERS = (
    "aes128-ctr", "aes192-ctr", "aes256-ctr", "chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com", "aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc",
)  # fmt: skip
_MACS = (
    "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512",
    "hmac-sha1-etm@openssh.com", "hmac-sha1", "hmac-sha1-96", "umac-128-etm@openssh.com", "umac-64-etm@openssh.com",
    "umac-128@openssh.com", "umac-64@openssh.com",
)  # fmt: skip
_COMPRESSIONS = ("none", "zlib@openssh.com", "zlib")
"""Named, as a server wants to agree on them too; nothing is ever encrypted with them."""

OFFER = Offer(
    kex=tuple(METHODS), host_keys=ALGORITHMS, ciphers_to_server=_CIPHERS, ciphers_to_client=_CIPHERS,
    macs_to_server=_MACS, macs_to_client=_MACS, compressions_to_server=_COMPRESSIONS,
    compressions_to_client=_COMPRESSIONS,
)  # fmt: skip

_PARTS = ("method", "host key algorithm", "cipher", "cipher", "MAC", "MAC", "compression", "compression")


class Shown(NamedTuple):
    """What came of a key exchange: a key that the server holds, or in `why` why there is none; when it was heard."""

    host_key: bytes
    algorithm: str
    why: str
    at: float


class Dialogue:
    """One connection's talk. Errors: EndError, from every method."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._incoming = Incoming(link)
        self._server = b""
        self._packets = 0

    async def identify(self) -> str:
        """Exchange identifications; the server's. Other lines may come before it (RFC 4253 4.2)."""
        try:
            await self._link.send(IDENTIFICATION + b"\r\n")
            line = await self._identification()
        except EndError as exc:
            raise self._instead(exc) from exc
        if len(line) > MAX_IDENTIFICATION or not line.endswith(b"\n"):
            raise self._garbage(f"an identification longer than {MAX_IDENTIFICATION} bytes: {_shown(line)}")
        if _VERSION.match(line) is None:
            raise self._garbage(f"it speaks another version of SSH, wanted 2.0: {_shown(line)}")
        self._server = line.removesuffix(b"\n").removesuffix(b"\r")
        return _text(self._server)

    async def _identification(self) -> bytes:
        heard, walk = 0, self._link.walk
        while not (line := await self._incoming.line(_MAX_GREETING - heard)).startswith(b"SSH-"):
            heard += len(line)
            walk.stray = walk.stray or _text(line.rstrip(b"\r\n"))
            if heard >= _MAX_GREETING:
                raise self._garbage(f"{heard} bytes and no identification; they begin {shorten(walk.stray)}")
        return line

    def _instead(self, exc: EndError) -> EndError:
        """The end before an identification, by what was said until then."""
        said = self._link.walk.stray or self._incoming.beginning
        if exc.reading.reason not in (Reason.CLOSED, Reason.RESET) or not said:
            return exc
        if _BUSY.match(said):
            return EndError(error(Reason.LIMITED, f"an SSH server that lets us in no further: {shorten(said)}"))
        return self._garbage(f"no SSH: {shorten(said)}, then it closed")

    async def exchange(self) -> Shown:
        """Agree on a key, so that the server signs with its own."""
        try:
            return await self._exchange()
        except SshFormatError as exc:
            raise self._garbage(str(exc)) from exc
        except SignatureError as exc:
            raise self._garbage(f"{exc}: it does not hold the key") from exc

    async def _exchange(self) -> Shown:
        ours = kexinit(OFFER, os.urandom(COOKIE_BYTES))
        await self._link.send(packet(ours))
        theirs = await self._payload()
        offer = parse_kexinit(theirs)
        if missing := _missing(offer):
            return Shown(b"", "", missing, monotonic())
        half = METHODS[chosen(OFFER.kex, offer.kex)]()
        await self._link.send(packet(kex_init(half.public)))
        if _guessed_wrong(offer):
            await self._payload()
        reply = parse_kex_reply(await self._payload())
        at = monotonic()
        said = Exchanged(
            client=IDENTIFICATION, server=self._server, client_kexinit=ours, server_kexinit=theirs,
            client_public=half.public, reply=reply,
        )  # fmt: skip
        try:
            secret = half.secret(reply.public)
        except ValueError as exc:
            raise SshFormatError(f"a public value that is none: {exc}") from exc
        return _judged(chosen(ALGORITHMS, offer.host_keys), said, exchange_hash(said.signed_with(secret)), at)

    async def leave(self, shown: Shown) -> None:
        """Say goodbye and let the other side close first, as long as it does not dawdle: all was measured."""
        reason = _BY_APPLICATION if shown.algorithm else _KEY_EXCHANGE_FAILED
        with suppress(EndError, TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._link.send(packet(disconnect(reason, "measured, no login wanted")))
                self._link.finish()
                heard = 0
                while heard < _FAREWELL_BYTES:  # what we did not read would make a reset of our close
                    heard += len(await self._link.receive())

    async def _payload(self) -> bytes:
        """The next message that says something."""
        while self._packets < _MAX_PACKETS:
            self._packets += 1
            payload = await self._incoming.payload()
            if payload[0] == Message.DISCONNECT:
                raise EndError(_goodbye(payload))
            if payload[0] not in (Message.IGNORE, Message.DEBUG):
                return payload
        raise SshFormatError(f"{self._packets} messages and no end of it")

    def _garbage(self, why: str) -> EndError:
        return EndError(failed(Reason.PROTOCOL, f"{self._link.address}: {why}"))


def _missing(offer: Offer) -> str:
    """What we do not share with a server, "" where an exchange is possible."""
    for part, ours, theirs in zip(_PARTS, OFFER.lists, offer.lists, strict=True):
        if not chosen(ours, theirs) and not (part == "MAC" and _needs_no_mac(offer)):
            return f"no {part} in common, it offers {shorten(','.join(theirs))}"
    return ""


def _needs_no_mac(offer: Offer) -> bool:
    """Where the ciphers that are agreed on in both directions bring their own."""
    agreed = (chosen(_CIPHERS, offer.ciphers_to_server), chosen(_CIPHERS, offer.ciphers_to_client))
    return all("gcm" in cipher or "poly1305" in cipher for cipher in agreed)


def _guessed_wrong(offer: Offer) -> bool:
    """Whether a packet follows that is void (RFC 4253 7)."""
    return offer.guessed and (offer.kex[0], offer.host_keys[0]) != (OFFER.kex[0], OFFER.host_keys[0])


def _judged(algorithm: str, said: Exchanged, signed: bytes, at: float) -> Shown:
    try:
        verify(algorithm, said.reply.host_key, said.reply.signature, signed)
    except WeakKeyError as exc:
        return Shown(b"", algorithm, str(exc), at)
    return Shown(said.reply.host_key, algorithm, "", at)


def _goodbye(payload: bytes) -> Reading:
    number, words = parse_disconnect(payload)
    said = f"the server ended it: {shorten(words)} (reason {number})"
    return error(Reason.LIMITED, said) if number in _LETS_NOBODY_IN else failed(Reason.CLOSED, said)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


def _shown(line: bytes) -> str:
    return shorten(_text(line.rstrip(b"\r\n")))
