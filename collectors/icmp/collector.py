"""The icmp collector: names to addresses, probes to channels, and the sockets all modules share."""

import asyncio
import errno
import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Self

from collectors import icmp_sockets as sockets
from collectors.base import (
    Collector,
    CollectorUnavailableError,
    Landed,
    Module,
    Reading,
    Reason,
    Target,
    error,
)
from collectors.errnos import from_errno
from collectors.icmp.channel import Channel
from collectors.icmp.options import IcmpModule
from collectors.icmp.probe import Probe, Recipe
from collectors.resolve import Address, Resolver

_FAMILY_NAMES: dict[int, str] = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
_MOST_LITERALS = 100_000
_CLOSED = "the collector was closed before the answer came"


class IcmpSockets:
    """One ICMP socket per family for all icmp collectors of a process, open while any of them is."""

    def __init__(self) -> None:
        self.resolver = Resolver()
        self.guest_resolver = Resolver()  # names that outsiders ask for must not keep ours waiting
        self._channels: dict[int, Channel] = {}
        self._users = 0

    def build(self, module: Module) -> Collector:
        """A collector that shares these sockets. Errors: TypeError for the module of another kind."""
        if not isinstance(module, IcmpModule):
            raise TypeError(f"got a {type(module).__name__}, wanted an IcmpModule")
        return IcmpCollector(module, self)

    def acquire(self, families: Sequence[socket.AddressFamily]) -> None:
        """One more user. Errors: CollectorUnavailableError when none of the families can be had."""
        self._users += 1
        problems = []
        for family in families:
            try:
                self.channel(family)
            except OSError as exc:
                problems.append(f"{_FAMILY_NAMES[family]}: {exc.strerror}")
        if len(problems) == len(families):
            self.release()
            why = "; ".join(problems)
            raise CollectorUnavailableError(f"icmp: cannot open a socket ({why}); {sockets.how_to_allow()}")

    def release(self) -> None:
        """One user less; the last one closes the sockets."""
        self._users -= 1
        if self._users == 0:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()

    def can_open(self, family: int) -> bool:
        """Whether the channel of a family is open or can be opened now."""
        try:
            self.channel(family)
        except OSError:
            return False
        return True

    def channel(self, family: int) -> Channel:
        """The channel of a family, opened when first wanted. Errors: OSError."""
        channel = self._channels.get(family)
        if channel is None:
            if self._users == 0:  # nobody would close it
                raise OSError(errno.EBADF, "no collector is open")
            channel = Channel(_open(family), asyncio.get_running_loop())
            self._channels[family] = channel
        return channel


def _recipe(module: IcmpModule, family: int) -> Recipe:
    control = sockets.send_control(family, module.source_address, module.ttl)
    return Recipe(module.count, module.gap, module.payload_size, control)


def _once(recipe: Recipe) -> Recipe:
    return replace(recipe, count=1)


def _open(family: int) -> socket.socket:
    """Raw first, else datagram. Errors: OSError with raw's number (the one that says most), both texts."""
    try:
        return sockets.open_raw(family)
    except OSError as raw:
        try:
            return sockets.open_datagram(family)
        except OSError as datagram:
            both = f"raw socket: {_text(raw)}, datagram socket: {_text(datagram)}"
            raise OSError(raw.errno, both) from datagram


def _text(exc: OSError) -> str:
    return os.strerror(exc.errno or 0)


class IcmpCollector:
    """Probes with one module's recipe over the shared sockets."""

    def __init__(self, module: IcmpModule, shared: IcmpSockets) -> None:
        self._module = module
        self._shared = shared
        self._probes: set[Probe] = set()
        self._opened = False
        self._recipes: dict[int, Recipe] = {family: _recipe(module, family) for family in module.families}
        self._once = {family: _once(recipe) for family, recipe in self._recipes.items()}
        self._literals: dict[str, Address] = {}

    async def __aenter__(self) -> Self:
        self._shared.acquire(self._module.families)
        self._opened = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._opened = False
        for probe in tuple(self._probes):
            probe.end(error(Reason.STOPPED, _CLOSED))
        self._shared.release()

    def launch(self, target: Target, landed: Landed) -> bool:
        """Ask an address that was asked before, without a task; False for what `collect` has to do."""
        where = self._literals.get(target.address)
        if where is None or target.trace is not None or not self._opened:
            return False
        try:
            channel = self._shared.channel(where.family)
        except OSError:
            return False
        loop = asyncio.get_running_loop()
        probe = Probe(target, where, self._recipe_for(target, where), loop.time(), loop)
        self._probes.add(probe)
        probe.done.add_done_callback(partial(self._ended, probe, channel, landed))
        channel.start(probe)
        return True

    def _recipe_for(self, target: Target, address: Address) -> Recipe:
        return (self._once if target.single_attempt else self._recipes)[address.family]

    def _ended(self, probe: Probe, channel: Channel, landed: Landed, done: "asyncio.Future[Sequence[Reading]]") -> None:
        self._probes.discard(probe)
        channel.forget(probe)
        landed(done.result())

    async def collect(self, target: Target) -> Sequence[Reading]:
        loop = asyncio.get_running_loop()
        started = loop.time()
        where = self._literals.get(target.address) or await self._locate(target)
        target.spent("resolve", loop.time() - started)
        if not isinstance(where, Reading):
            where = await self._ask(target, where, started)
        return (where,)

    async def _locate(self, target: Target) -> Address | Reading:
        """The address to probe: one not seen before at once, a name's within the probe's time."""
        families = tuple(self._recipes)
        family = families[0] if len(families) == 1 else socket.AF_UNSPEC
        resolver = self._shared.resolver if target.guest is None else self._shared.guest_resolver
        found = await resolver.resolve(target.address, 0, family, socket.SOCK_DGRAM, target.timeout_seconds)
        if isinstance(found, Reading):
            target.step("resolve", found.detail)
            return found
        chosen = self._choose(found)
        if chosen.sockaddr[0] == target.address:
            self._remember(chosen)
        else:
            target.step("resolve", f"{target.address} is {chosen.sockaddr[0]}")
        return chosen

    def _remember(self, address: Address) -> None:
        """Literal addresses are read once; those with a zone differ from their text and are not kept."""
        if len(self._literals) >= _MOST_LITERALS:
            self._literals.clear()
        self._literals[address.sockaddr[0]] = address

    def _choose(self, found: Sequence[Address]) -> Address:
        """The resolver's first address of a family that this host can open, else its first."""
        if len(found) == 1:
            return found[0]
        return next((address for address in found if self._shared.can_open(address.family)), found[0])

    async def _ask(self, target: Target, address: Address, started: float) -> Reading:
        if not self._opened:
            return error(Reason.STOPPED, _CLOSED)
        refused = target.refusal(target.address, address.sockaddr[0])
        if refused is not None:
            return refused
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            channel = self._shared.channel(address.family)
        except OSError as exc:
            return from_errno(exc.errno, f"open an {_FAMILY_NAMES[address.family]} ICMP socket")
        probe = Probe(target, address, self._recipe_for(target, address), started, loop)
        self._probes.add(probe)
        try:
            channel.start(probe)
            target.spent("setup", loop.time() - began)
            return (await probe.done)[0]
        finally:
            self._probes.discard(probe)
            channel.forget(probe)
