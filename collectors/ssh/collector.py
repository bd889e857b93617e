"""Asks one server at a time for its host key: a connection for each probe, every wait under one deadline."""

import asyncio
import dataclasses
import socket
from collections.abc import Mapping, Sequence
from hashlib import sha256
from time import monotonic
from typing import Self

from collectors.base import Collector, Module, Reading, Reason, Target, error, failed, ok, recognised
from collectors.certificates import shorten
from collectors.resolve import Address, Resolver, numeric, split_address
from collectors.ssh.dialogue import Dialogue, Shown
from collectors.ssh.hostkey import identity_of
from collectors.ssh.link import EndError, Link
from collectors.ssh.options import SshModule
from collectors.wire.ssh import fingerprint_of

VALUES: Mapping[str, str] = {
    "resolve_seconds": "Seconds the resolver took; absent for a numeric address.",
    "connect_seconds": "Seconds until the TCP connection stood.",
    "rtt_seconds": "Round-trip time of the TCP handshake by the kernel's clock; connect_seconds where it has none.",
    "banner_seconds": "Seconds from the connection to the server's identification.",
    "kex_seconds": "Seconds from there to the server's signature; absent where no key exchange was possible.",
    "hostkey_verified": "1 if the server proved that it holds the host key it shows, 0 if it has none that we check.",
}


class _Walk:
    """One probe on its way: what it is doing since when, what it measured, what it may end as already."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.values: dict[str, float] = {}
        self.doing = ""
        self.resolving = False
        self.notes: list[str] = []
        self.identity = ""
        self.dialogue: Dialogue | None = None
        self.done: Reading | None = None
        self.since = monotonic()

    def begin(self, doing: str) -> None:
        """Start the clock of the next phase."""
        self.doing, self.since = doing, monotonic()

    def end(self, value: str) -> None:
        """Keep how long the phase took."""
        self.values[value] = monotonic() - self.since

    @property
    def stray(self) -> str:
        """What came before an identification and was none."""
        return self.dialogue.stray if self.dialogue is not None and "banner_seconds" not in self.values else ""


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
        walk = _Walk(target)
        deadline = asyncio.timeout(target.timeout_seconds)
        try:
            async with deadline:
                reading = await self._measure(walk)
        except TimeoutError:
            if not deadline.expired():
                raise
            reading = _overdue(walk, deadline)
        except EndError as exc:
            reading = exc.reading
        return [recognised(dataclasses.replace(reading, values=walk.values), walk.identity)]

    async def _measure(self, walk: _Walk) -> Reading:
        try:
            host, port = split_address(walk.target.address)
        except ValueError as exc:
            raise EndError(error(Reason.INTERNAL, f"the target's address: {exc}")) from exc
        address = await self._address(walk, host, port)
        link = Link(address, self._module.source_address)
        try:
            await _connect(walk, link)
            return await self._talk(walk, Dialogue(link))
        finally:
            link.close()

    async def _address(self, walk: _Walk, host: str, port: int) -> Address:
        """The address to dial: of a name the resolver's first, as kind tcp does."""
        walk.begin(f"resolving {host}")
        walk.resolving = True
        family, seconds = self._module.wanted_family, walk.target.timeout_seconds
        found = await self._resolver.resolve(host, port, family, socket.SOCK_STREAM, seconds)
        walk.resolving = False
        walk.target.spent("resolve", monotonic() - walk.since)
        if isinstance(found, Reading):
            raise EndError(found)
        if numeric(host, port) is None:
            walk.end("resolve_seconds")
            walk.notes.append(f"measured {found[0]}")
            walk.target.step("resolved", " ".join(str(address) for address in found))
        refused = walk.target.refusal(host, found[0].sockaddr[0])
        if refused is not None:
            raise EndError(refused)
        return found[0]

    async def _talk(self, walk: _Walk, dialogue: Dialogue) -> Reading:
        walk.dialogue = dialogue
        walk.begin("waiting for the server's identification")
        said = await dialogue.identify()
        walk.end("banner_seconds")
        walk.target.step("banner", shorten(said))
        walk.begin("in the key exchange")
        shown = await dialogue.exchange()
        walk.done = self._judged(walk, shown)
        await dialogue.leave(shown)
        return walk.done

    def _judged(self, walk: _Walk, shown: Shown) -> Reading:
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
        return self._expected(shown) or ok(detail="; ".join(walk.notes))

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


async def _connect(walk: _Walk, link: Link) -> None:
    walk.begin(link.doing)
    await link.connect()
    walk.end("connect_seconds")
    walk.values["rtt_seconds"] = link.rtt_seconds or walk.values["connect_seconds"]
    walk.target.step("connected", f"{link.address} in {walk.values['connect_seconds']:.6f} s")


def _overdue(walk: _Walk, deadline: asyncio.Timeout) -> Reading:
    seconds = walk.target.timeout_seconds
    late = asyncio.get_running_loop().time() - (deadline.when() or 0.0)
    if walk.done is not None:  # all was measured; the server only did not say goodbye
        return walk.done
    if late > seconds / 2:  # S1: then it was us
        return error(Reason.LATE, f"our loop came {late:.3f} s after the deadline of {seconds:g} s")
    if walk.resolving:
        return error(Reason.RESOLVER, f"{walk.doing}: no answer from our resolver within {seconds:g} s")
    if walk.stray:
        return failed(Reason.PROTOCOL, f"{walk.doing}: none within {seconds:g} s, but {shorten(walk.stray)}")
    return failed(Reason.TIMEOUT, f"not done within {seconds:g} s: {walk.doing}")


def build(module: Module) -> Collector:
    """A collector for one module of kind `ssh`."""
    if not isinstance(module, SshModule):
        raise TypeError(f"kind ssh got a {type(module).__name__}, wanted an SshModule")
    return SshCollector(module, Resolver())
