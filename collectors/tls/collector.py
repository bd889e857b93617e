"""Shakes hands with one port at a time: a connection for each probe, every wait under one deadline."""

import asyncio
import dataclasses
import socket
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Self

from collectors.base import Collector, Module, Reading, Reason, Target, error, failed, ok, recognised
from collectors.certificates import by_nobody, described, identity_of, presented_certificates, version_number
from collectors.resolve import Address, Resolver, numeric, split_address
from collectors.tls.channel import Channel, ProbeError, Secured
from collectors.tls.options import FAMILIES, TlsModule, context_of
from collectors.tls.starttls import agree
from collectors.tls_context import trusts_nobody

VALUES: Mapping[str, str] = {
    "resolve_seconds": "Seconds the resolver took; absent for a numeric address.",
    "connect_seconds": "Seconds until the TCP connection stood.",
    "rtt_seconds": "Round-trip time of the TCP handshake by the kernel's clock; connect_seconds where it has none.",
    "starttls_seconds": "Seconds of the plain dialogue before TLS; absent without starttls.",
    "handshake_seconds": "Seconds of the TLS handshake.",
    "tls_version": "TLS version that was agreed on, as a number (1.3).",
    "certificate_verified": "1 if chain, dates and name of the certificate were verified, 0 if not or not asked.",
    "certificate_not_before_timestamp_seconds": "When the certificate that the peer presented begins.",
    "certificate_not_after_timestamp_seconds": "When the certificate that the peer presented ends.",
    "certificate_chain_not_after_timestamp_seconds": "When the first certificate of the presented chain ends.",
}


class _Walk:
    """One probe on its way: what it is doing since when, what it measured, whether the handshake is done."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.values: dict[str, float] = {}
        self.doing = ""
        self.resolving = False
        self.secured = False
        self.detail = ""
        self.identity = ""
        self.since = monotonic()

    def begin(self, doing: str) -> None:
        """Start the clock of the next phase."""
        self.doing, self.since = doing, monotonic()

    def end(self, value: str) -> None:
        """Keep how long the phase took."""
        self.values[value] = monotonic() - self.since

    def note(self, secured: Secured, verified: bool) -> None:
        """What a finished handshake showed."""
        self.secured = True
        if self.target.guest is not None:
            self.target.guest.secured(secured.tls)
        self.values["certificate_verified"] = float(verified)
        version = version_number(secured.tls)
        if version is not None:
            self.values["tls_version"] = version
        self.identity = identity_of(secured.tls)
        chain = presented_certificates(secured.tls)
        if chain:
            self.values["certificate_not_before_timestamp_seconds"] = float(chain[0].not_before)
            self.values["certificate_not_after_timestamp_seconds"] = float(chain[0].not_after)
            self.values["certificate_chain_not_after_timestamp_seconds"] = float(min(one.not_after for one in chain))
        for line in described(secured.tls, chain) if self.target.trace is not None else ():
            self.target.step("tls", line)


class TlsCollector:
    """Measures the targets of one module; nothing is kept between probes."""

    def __init__(self, module: TlsModule, resolver: Resolver) -> None:
        self._module = module
        self._family = FAMILIES[module.family]
        self._resolver = resolver

    async def __aenter__(self) -> Self:
        self._context = context_of(self._module)
        self._trusts_nobody = trusts_nobody(self._module, self._context)
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def collect(self, target: Target) -> Sequence[Reading]:
        """One reading; ends by the target's timeout."""
        walk = _Walk(target)
        deadline = asyncio.timeout(target.timeout_seconds)
        try:
            async with deadline:
                await self._measure(walk)
            reading = ok(detail=walk.detail)
        except TimeoutError:
            if not deadline.expired():
                raise
            reading = self._overdue(walk, deadline)
        except ProbeError as exc:
            reading = self._judged(walk, exc.reading)
        return [recognised(dataclasses.replace(reading, values=walk.values), walk.identity)]

    def _overdue(self, walk: _Walk, deadline: asyncio.Timeout) -> Reading:
        seconds = walk.target.timeout_seconds
        late = asyncio.get_running_loop().time() - (deadline.when() or 0.0)
        if walk.secured:  # all was measured; the peer only did not say goodbye
            return ok(detail=walk.detail)
        if late > seconds / 2:  # S1: then it was us
            return error(Reason.LATE, f"our loop came {late:.3f} s after the deadline of {seconds:g} s")
        if walk.resolving:
            return error(Reason.RESOLVER, f"{walk.doing}: no answer from our resolver within {seconds:g} s")
        return failed(Reason.TIMEOUT, f"not done within {seconds:g} s: {walk.doing}")

    def _judged(self, walk: _Walk, reading: Reading) -> Reading:
        if self._trusts_nobody:
            reading = by_nobody(reading)
        if reading.reason is Reason.CERTIFICATE:
            walk.values["certificate_verified"] = 0.0
        return reading

    async def _measure(self, walk: _Walk) -> None:
        try:
            host, port = split_address(walk.target.address)
        except ValueError as exc:
            raise ProbeError(error(Reason.INTERNAL, f"the target's address: {exc}")) from exc
        address = await self._address(walk, host, port)
        channel = Channel(address, walk.target.step)
        try:
            await self._connect(walk, channel)
            await self._agree(walk, channel)
            await self._shake_hands(walk, channel, self._module.server_name or _plain_name(host))
        finally:
            channel.close()

    async def _address(self, walk: _Walk, host: str, port: int) -> Address:
        """The address to dial: of a name the resolver's first, as kind tcp does."""
        named = numeric(host, port) is None
        walk.begin(f"resolving {host}")
        walk.resolving = True
        seconds = walk.target.timeout_seconds
        found = await self._resolver.resolve(host, port, self._family, socket.SOCK_STREAM, seconds)
        walk.resolving = False
        walk.target.spent("resolve", monotonic() - walk.since)
        if isinstance(found, Reading):
            raise ProbeError(found)
        if named:
            walk.end("resolve_seconds")
            walk.detail = f"measured {found[0]}"
            walk.target.step("resolved", " ".join(str(address) for address in found))
        refused = walk.target.refusal(host, found[0].sockaddr[0])
        if refused is not None:
            raise ProbeError(refused)
        return found[0]

    async def _connect(self, walk: _Walk, channel: Channel) -> None:
        walk.begin(channel.doing)
        await channel.connect()
        walk.end("connect_seconds")
        walk.values["rtt_seconds"] = channel.rtt_seconds or walk.values["connect_seconds"]
        walk.target.step("connected", f"{channel.address} in {walk.values['connect_seconds']:.6f} s")

    async def _agree(self, walk: _Walk, channel: Channel) -> None:
        protocol = self._module.starttls
        if protocol is None:
            return
        channel.doing = f"in the {protocol} dialogue before TLS"
        walk.begin(channel.doing)
        await agree(channel, protocol)
        walk.end("starttls_seconds")

    async def _shake_hands(self, walk: _Walk, channel: Channel, server_name: str) -> None:
        channel.doing = "in the TLS handshake"
        walk.begin(channel.doing)
        secured = Secured(channel, self._context, server_name)
        await secured.shake_hands()
        walk.end("handshake_seconds")
        walk.note(secured, self._module.verify)
        await secured.part()


def _plain_name(host: str) -> str:
    """The host as certificates write it: without a final dot or an interface."""
    return host.partition("%")[0].rstrip(".")


def build(module: Module) -> Collector:
    """A collector for one module of kind `tls`."""
    if not isinstance(module, TlsModule):
        raise TypeError(f"kind tls got a {type(module).__name__}, wanted a TlsModule")
    return TlsCollector(module, Resolver())
