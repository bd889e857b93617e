"""What the network looks like, without a city around it: places, the lines to each of them, and their prefixes.

vantage  (the agent runs here)
   |  the agent's own uplink
 core    (its gateway, and the prefixes of the city's core)
   |  one line or several, the first the main one
place    (a router; its prefixes: thousands of addresses, all its own)
   |
place    and so on
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from agent.lab.netns.needs import NetnsError

Net = ipaddress.IPv4Network | ipaddress.IPv6Network

CORE = "core"
"""The place that everything hangs on; it is always there."""


@dataclass(frozen=True, slots=True)
class Joint:
    """The two ends of one link in one IP version. Shape: addresses without length; any two."""

    near: str
    far: str

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.near else 4

    @property
    def length(self) -> int:
        """Of a prefix that is one single address."""
        return 128 if self.version == 6 else 32

    @property
    def default(self) -> str:
        """All addresses of its version."""
        return "::/0" if self.version == 6 else "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class LinePlan:
    """A line to a place. Shape: `joints` at most one for each IP version; `far` is A6's far_address."""

    id: str
    joints: tuple[Joint, ...]


@dataclass(frozen=True, slots=True)
class PlacePlan:
    """A place: what it hangs on, its lines (the first the main one, the others in reserve), what lives there."""

    id: str
    lines: tuple[LinePlan, ...]
    prefixes: tuple[str, ...] = ()
    parent: str = CORE


@dataclass(frozen=True)
class NetPlan:
    """The whole network. Shape: `uplink.near` is the gateway, `uplink.far` the agent's own; a parent stands first."""

    uplink: tuple[Joint, ...]
    places: tuple[PlacePlan, ...]
    prefixes: tuple[str, ...] = ()

    @cached_property
    def within(self) -> Mapping[str, tuple[str, ...]]:
        """Every prefix that is reached through a place: its own, its children's, and the ends of their lines."""
        found: dict[str, tuple[str, ...]] = {place.id: place.prefixes for place in self.places}
        for place in reversed(self.places):
            if place.parent != CORE:
                ends = tuple(f"{joint.far}/{joint.length}" for line in place.lines for joint in line.joints)
                found[place.parent] += (*found[place.id], *ends)
        return found

    def check(self) -> None:
        """Errors: NetnsError for ids twice, a parent that is not there, prefixes that are none or overlap."""
        ids = [CORE, *(place.id for place in self.places)]
        _once("place", ids)
        _once("line", [line.id for place in self.places for line in place.lines])
        for number, place in enumerate(self.places, 1):
            if place.parent not in ids[:number]:
                raise NetnsError(f"lab: place {place.id}: parent {place.parent} does not stand before it")
        self._check_prefixes()

    def _check_prefixes(self) -> None:
        """Sorted by their first address, two that overlap stand side by side."""
        before: dict[int, tuple[Net, str]] = {}
        for net, holder in sorted(self._held(), key=lambda each: (each[0].version, int(each[0].network_address))):
            last = before.get(net.version)
            if last is not None and int(net.network_address) <= int(last[0].broadcast_address):
                raise NetnsError(f"lab: {last[1]} has {last[0]}, {holder} has {net}: wanted each prefix in one place")
            before[net.version] = (net, holder)

    def _held(self) -> Iterator[tuple[Net, str]]:
        yield from ((network_of(prefix), CORE) for prefix in self.prefixes)
        for place in self.places:
            yield from ((network_of(prefix), place.id) for prefix in place.prefixes)


def _once(what: str, ids: list[str]) -> None:
    twice = sorted({id_ for id_ in ids if ids.count(id_) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise NetnsError(f"lab: {what} {', '.join(twice)}: stands there twice; ids are given once")


def network_of(prefix: str) -> Net:
    """An address or a prefix. Errors: NetnsError for neither."""
    try:
        return ipaddress.ip_network(prefix)
    except ValueError as exc:
        raise NetnsError(f"lab: {prefix}: {exc}; wanted a line or a prefix such as 10.21.0.0/16") from None
