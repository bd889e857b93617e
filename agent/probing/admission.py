"""What an on-demand probe may be pointed at: registered targets, and the networks that the configuration opens."""

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from agent.targets import Duty, Watched
from collectors.base import Kind

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Number = ipaddress.IPv4Address | ipaddress.IPv6Address

_LONGEST_NUMBER = 64
"""Characters of an IPv6 address with its interface; longer texts are not even remembered."""

NEXT_STEP = "register it as a target, or add its network to probe.allow in agent.yml and reload"


class RefusedError(Exception):
    """This may not be probed; the text says where, what was got, what was wanted and the next step."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The networks of `probe.allow`."""

    networks: tuple[Network, ...]

    def has(self, number: Number) -> bool:
        """Whether an address lies in one of them; an IPv4 address in IPv6 clothes counts as what it is."""
        return _within(number, self.networks)

    def __str__(self) -> str:
        return ", ".join(map(str, self.networks)) or "none"


@lru_cache(maxsize=4096)
def _within(number: Number, networks: tuple[Network, ...]) -> bool:
    return any(number.version == network.version and number in network for network in networks)


@lru_cache(maxsize=8)
def allowed(networks: tuple[str, ...]) -> Allowed:
    """The networks as the configuration writes them."""
    return Allowed(tuple(ipaddress.ip_network(text) for text in networks))


class Registered:
    """The registered targets by id and by address; read anew when there are others."""

    def __init__(self) -> None:
        self._of: Mapping[str, Watched] | None = None
        self._by_address: dict[str, Watched] = {}

    def find(self, watched: Mapping[str, Watched], text: str) -> Watched | None:
        """The target of an id or of exactly this address, None where there is none."""
        found = watched.get(text)
        if found is not None and found.duty is Duty.TARGET:
            return found
        if self._of is not watched:
            every = (one for one in watched.values() if one.duty is Duty.TARGET)
            self._of, self._by_address = watched, {one.target.address: one for one in every}
        return self._by_address.get(text)


def check_allowed(kind: Kind, address: str, target: Watched | None, networks: Allowed) -> None:
    """Before anything is opened. Errors: RefusedError; a name that is not registered is judged when it is looked up."""
    if target is not None and (kind.asks_to_dial or target.kind == kind.name):
        return
    if not kind.asks_to_dial:
        wanted = f"the id or address of a registered target of kind {kind.name}"
        raise RefusedError(f"target: got {address[:200]!r}, wanted {wanted}; networks are not opened to this kind")
    number = number_of(host_of(address))
    if not networks.networks or (number is not None and not networks.has(number)):
        raise RefusedError(f"target: got {address[:200]!r}, wanted {_wanted(networks)}; {NEXT_STEP}")


def _wanted(networks: Allowed) -> str:
    return f"the id or exact address of a registered target, or an address in probe.allow ({networks})"


class Companion:
    """The guest of one probe: lets it connect only where it may, keeps what it met. A probe has one of its own."""

    def __init__(self, networks: Allowed, trusted: str | None) -> None:
        self._networks = networks
        self._trusted = None if trusted is None else canonical(trusted)
        self.address: Number | None = None
        self.refused = ""
        self.phases: dict[str, float] = {}
        self.tls: ssl.SSLObject | None = None

    def admits(self, name: str, address: str) -> bool:
        """The registered target's own host, whatever it stands for, and what lies in the networks."""
        self.tls = None
        number = number_of(address)
        is_open = canonical(name) == self._trusted or (number is not None and self._networks.has(number))
        if not is_open and not self.refused:
            leads = "" if canonical(name) == canonical(address) else f"{name} leads to "
            self.refused = f"target: got {leads}{address}, wanted {_wanted(self._networks)}; {NEXT_STEP}"
        elif is_open and self.address is None:
            self.address = number
        return is_open

    def spent(self, phase: str, seconds: float) -> None:
        """Phases of several requests add up."""
        self.phases[phase] = self.phases.get(phase, 0.0) + seconds

    def secured(self, tls: ssl.SSLObject) -> None:
        """Kept until the probe connects anew."""
        self.tls = tls


def host_of(address: str) -> str:
    """The host of an address as any kind writes it: a URL, host:port, [v6]:port or a bare host."""
    if "://" in address:
        return urlsplit(address).hostname or ""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.rpartition(":")[0] if address.count(":") == 1 else address


def number_of(host: str) -> Number | None:
    """The numeric address that a text is, without its interface; None for a name."""
    return _number(host) if len(host) <= _LONGEST_NUMBER else None


@lru_cache(maxsize=4096)
def _number(host: str) -> Number | None:
    try:
        number = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(number, "ipv4_mapped", None) or number


def canonical(host: str) -> str:
    """A host in the one form in which two of them can be compared."""
    number = number_of(host)
    if number is not None:
        return str(number)
    name = host.rstrip(".").casefold()
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
