"""Asks one server at a time for its host key: a connection for each probe, every wait under one deadline."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Self

from collectors.base import Collector, Module, Reading, Reason, Target, failed, ok
from collectors.certificates import shorten
from collectors.links import Link
from collectors.resolve import Resolver
from collectors.ssh.dialogue import Dialogue, Shown
from collectors.ssh.hostkey import identity_of
from collectors.ssh.options import SshModule
from collectors.walking import Walk
from collectors.wire.ssh import fingerprint_of

VALUES: Mapping[str, str] = {
    "resolve_seconds": "Seconds the resolver took; absent for a numeric address.",
    "connect_seconds": "Seconds until the TCP connection stood.",
    "rtt_seconds": "Round-trip time of the TCP handshake by the kernel's clock; connect_seconds where it has none.",
    "banner_seconds": "Seconds from the connection to the server's identification.",
    "kex_seconds": "Seconds from there to the server's signature; absent where no key exchange was possible.",
    "hostkey_verified": "1 if the server proved that it holds the host key it shows, 0 if it has none that we check.",
}


class SshCollector:
    """Measures the targets of one module; nothing is kept between probes."""

    def __init__(self, module: SshModule, resolver: Resolver) -> None:
        self._module = module
        self._resolver = resolver

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def collect(self, target: Target) -> Sequence[Reading]:
        """One reading; ends by the target's timeout."""
        walk = Walk(target)
        return [await walk.run(self._measure(walk))]

    async def _measure(self, walk: Walk) -> Reading:
        host, port = walk.place()
        address = await walk.locate(self._resolver, host, port, self._module.wanted_family)
        link = Link(walk, address, self._module.source_address)
        try:
            await link.connect()
            return await self._talk(walk, Dialogue(link))
        finally:
            link.close()

    async def _talk(self, walk: Walk, dialogue: Dialogue) -> Reading:
        walk.begin("waiting for the server's identification")
        said = await dialogue.identify()
        walk.end("banner_seconds")
        walk.target.step("banner", shorten(said))
        walk.begin("in the key exchange")
        shown = await dialogue.exchange()
        walk.done = self._judged(walk, shown)
        await dialogue.leave(shown)
        return walk.done

    def _judged(self, walk: Walk, shown: Shown) -> Reading:
        """What the exchange comes to; a key that the server does not hold was an error before."""
        if shown.algorithm:
            walk.values["kex_seconds"] = shown.at - walk.since
        walk.values["hostkey_verified"] = float(bool(shown.host_key))
        if not shown.host_key:
            walk.notes.append(f"no host key: {shown.why}")
            walk.target.step("hostkey", f"none: {shown.why}")
        else:
            walk.identity = identity_of(shown.host_key)
            walk.target.step("hostkey", f"{_fingerprint(shown)}, held")
        return self._expected(shown) or ok(detail=walk.detail)

    def _expected(self, shown: Shown) -> Reading | None:
        """The failure where the module names keys and this is none of them."""
        wanted = self._module.host_keys
        if not wanted or sha256(shown.host_key).hexdigest() in wanted:
            return None
        got = _fingerprint(shown) if shown.host_key else f"no host key, {shown.why}"
        known = " or ".join(fingerprint_of(bytes.fromhex(digest)) for digest in wanted[:3])
        more = f" or one of {len(wanted) - 3} more" if len(wanted) > 3 else ""
        return failed(Reason.MISMATCH, f"got {got}; wanted {known}{more}")


def _fingerprint(shown: Shown) -> str:
    """As `ssh-keygen -l` has it, behind the algorithm by which it was proved."""
    return f"{shown.algorithm} {fingerprint_of(sha256(shown.host_key).digest())}"


def build(module: Module) -> Collector:
    """A collector for one module of kind `ssh`."""
    if not isinstance(module, SshModule):
        raise TypeError(f"kind ssh got a {type(module).__name__}, wanted an SshModule")
    return SshCollector(module, Resolver())
