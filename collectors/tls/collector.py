"""Shakes hands with one port at a time: a connection for each probe, every wait under one deadline."""

import ssl
from collections.abc import Mapping, Sequence
from typing import Self

from collectors.base import Collector, Module, Reading, Reason, Target, ok
from collectors.certificates import by_nobody, described, identity_of, presented_certificates, version_number
from collectors.ending import EndError
from collectors.links import Link
from collectors.resolve import Resolver
from collectors.tls.options import FAMILIES, TlsModule, context_of
from collectors.tls.plain import Plain
from collectors.tls.secured import Secured
from collectors.tls.starttls import agree
from collectors.tls_context import trusts_nobody
from collectors.walking import Walk

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
        walk = Walk(target)
        return [await walk.run(self._measure(walk))]

    async def _measure(self, walk: Walk) -> Reading:
        host, port = walk.place()
        address = await walk.locate(self._resolver, host, port, self._family)
        link = Link(walk, address)
        try:
            await link.connect()
            await self._agree(walk, link)
            return await self._shake_hands(walk, link, self._module.server_name or _plain_name(host))
        except EndError as exc:
            return self._judged(walk, exc.reading)
        finally:
            link.close()

    def _judged(self, walk: Walk, reading: Reading) -> Reading:
        if self._trusts_nobody:
            reading = by_nobody(reading)
        if reading.reason is Reason.CERTIFICATE:
            walk.values["certificate_verified"] = 0.0
        return reading

    async def _agree(self, walk: Walk, link: Link) -> None:
        protocol = self._module.starttls
        if protocol is None:
            return
        walk.begin(f"in the {protocol} dialogue before TLS")
        await agree(Plain(link), protocol)
        walk.end("starttls_seconds")

    async def _shake_hands(self, walk: Walk, link: Link, server_name: str) -> Reading:
        walk.begin("in the TLS handshake")
        secured = Secured(link, self._context, server_name)
        await secured.shake_hands()
        walk.end("handshake_seconds")
        _note(walk, secured.tls, self._module.verify)
        walk.done = ok(detail=walk.detail)
        await secured.part()
        return walk.done


def _note(walk: Walk, tls: ssl.SSLObject, verified: bool) -> None:
    """What a finished handshake showed."""
    if walk.target.guest is not None:
        walk.target.guest.secured(tls)
    walk.identity = identity_of(tls)
    walk.values["certificate_verified"] = float(verified)
    version = version_number(tls)
    if version is not None:
        walk.values["tls_version"] = version
    chain = presented_certificates(tls)
    if chain:
        walk.values["certificate_not_before_timestamp_seconds"] = float(chain[0].not_before)
        walk.values["certificate_not_after_timestamp_seconds"] = float(chain[0].not_after)
        walk.values["certificate_chain_not_after_timestamp_seconds"] = float(min(one.not_after for one in chain))
    for line in described(tls, chain) if walk.target.trace is not None else ():
        walk.target.step("tls", line)


def _plain_name(host: str) -> str:
    """The host as certificates write it: without a final dot or an interface."""
    return host.partition("%")[0].rstrip(".")


def build(module: Module) -> Collector:
    """A collector for one module of kind `tls`."""
    if not isinstance(module, TlsModule):
        raise TypeError(f"kind tls got a {type(module).__name__}, wanted a TlsModule")
    return TlsCollector(module, Resolver())
