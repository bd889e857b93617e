"""The network as this host sees it: may it ping, has it IPv6, a gateway, a resolver."""

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.config import Config
from agent.config.tokens import resolve_token
from agent.doctor.findings import Finding, Level
from agent.doctor.holding import holder_of
from agent.doctor.host import account
from collectors.icmp_sockets import how_to_allow, open_datagram, open_raw

_FAMILIES = {"IPv4": socket.AF_INET, "IPv6": socket.AF_INET6}
_LOOPBACK = "lo"
_CAP_NET_RAW = 13


def examine_network(config: Config | None, root: Path) -> Iterator[Finding]:
    """ICMP, IPv6, gateway, resolver."""
    agent = None if config is None else capable_agent(config, root)
    yield from icmp(wanted=config is None or _uses_icmp(config), agent=agent)
    yield ipv6(root)
    yield gateway(config, root)
    yield resolver(config, root)


def capable_agent(config: Config, root: Path) -> str | None:
    """The process that holds the store, if it has the capability for raw sockets, as our unit gives it."""
    holder = holder_of(config) or {}
    try:
        status = (root / "proc" / holder.get("pid", "") / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return f"process {holder['pid']}" if found and int(found[1], 16) >> _CAP_NET_RAW & 1 else None


def icmp(*, wanted: bool, agent: str | None = None) -> Iterator[Finding]:
    """Whether this user may ping, and how, by opening the sockets; IPv6 is told only where it differs.

    `agent`: a running agent that may, whatever this user may not.
    """
    ways = {name: _way(family) for name, family in _FAMILIES.items()}
    if ways["IPv4"] == ways["IPv6"]:
        ways = {"IPv4 and IPv6": ways["IPv4"]}
    for name, (way, why) in ways.items():
        if way:
            yield Finding("icmp", Level.OK, f"{name}: may ping by a {way} socket ({account()})")
        elif agent:
            text = f"{name}: the running agent ({agent}) may ping by its capability; this user may not ({account()})"
            yield Finding("icmp", Level.OK, text)
        else:
            level = Level.PROBLEM if wanted and name != "IPv6" else Level.WARNING
            yield Finding("icmp", level, f"{name}: may not ping: {why} ({account()})", how_to_allow())


def _way(family: int) -> tuple[str, str]:
    """The socket that opens, and else why none does."""
    why = ""
    ways: dict[str, Callable[[int], socket.socket]] = {"raw": open_raw, "datagram": open_datagram}
    for way, opener in ways.items():
        try:
            opener(family).close()
        except OSError as exc:
            why = f"{why}, {way}: {exc.strerror}" if why else f"{way}: {exc.strerror}"
        else:
            return way, ""
    return "", why


def ipv6(root: Path) -> Finding:
    """Whether this host has an IPv6 address beside loopback."""
    try:
        lines = (root / "proc/net/if_inet6").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    names = sorted({line.split()[5] for line in lines} - {_LOOPBACK})
    if names:
        return Finding("ipv6", Level.OK, f"addresses on {', '.join(names)}")
    fix = "nothing to do unless targets are reached over IPv6: their readings would be errors (no_route)"
    return Finding("ipv6", Level.WARNING, "no IPv6 address beside loopback", fix)


def gateway(config: Config | None, root: Path) -> Finding:
    """The default route, and whether the configuration counts on it."""
    found = resolve_token("@gateway", route=root / "proc/net/route")
    other = resolve_token("@gateway6", route6=root / "proc/net/ipv6_route")
    routes = [address for address in (found, other) if address]
    if found or (other and not _names(config, "@gateway")):
        return Finding("gateway", Level.OK, f"default route by {' and '.join(routes)}")
    if not _names(config, "@gateway"):
        return Finding(
            "gateway", Level.WARNING, "no default route", "only networks that have a route of their own are reached"
        )
    fix = "set a default route, or name the gateway's address instead of @gateway"
    return Finding("gateway", Level.PROBLEM, "no default route, and the configuration names @gateway", fix)


def resolver(config: Config | None, root: Path) -> Finding:
    """The name server."""
    found = resolve_token("@resolver", resolv=root / "etc/resolv.conf")
    if found:
        return Finding("resolver", Level.OK, f"name server {found}")
    level = Level.PROBLEM if _names(config, "@resolver") else Level.WARNING
    fix = "write a nameserver line into /etc/resolv.conf, or use numeric addresses only"
    return Finding("resolver", level, "no name server in /etc/resolv.conf", fix)


def _names(config: Config | None, token: str) -> bool:
    """Whether the configuration counts on a token, alone or with a port."""
    if config is None:
        return False
    anchors = [address for plane in config.planes.values() for address in plane.anchors]
    addresses = [config.vantage.gateway or "", *anchors, *(target.address for target in config.targets)]
    return any(address == token or address.startswith(f"{token}:") for address in addresses)


def _uses_icmp(config: Config) -> bool:
    checks = [config.vantage.module] if config.vantage.gateway else []
    checks += [plane.module for plane in config.planes.values() if plane.anchors]
    used = {target.kind for target in config.targets} | {config.modules[name].kind for name in checks}
    return "icmp" in used
