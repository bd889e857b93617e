"""Where a trace towards a target goes, and what it sends: as the target's own kind would, as far as can be said."""

import ipaddress
from collections.abc import Mapping
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from agent.config.schema import PathEvidence
from agent.targets import Watched
from collectors.base import Module
from collectors.path import Method, PathModule

METHODS: Mapping[str, tuple[Method, int]] = {
    "icmp": (Method.ICMP, 0),
    "tcp": (Method.TCP, 0),
    "http": (Method.TCP, 80),
    "tls": (Method.TCP, 443),
    "dns": (Method.UDP, 53),
    "rtsp": (Method.TCP, 554),
    "onvif": (Method.TCP, 80),
    "host_page": (Method.TCP, 80),
    "snmp": (Method.UDP, 161),
    "ssh": (Method.TCP, 22),
}
"""Kind to what its probes are and the port where the address names none; 0: none."""

WITHOUT = frozenset({"host", "gb28181", "imported"})
"""Kinds whose targets have no address of their own to go to."""

_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


class Plan(NamedTuple):
    """One trace that can be made."""

    host: str
    port: int | None
    recipe: PathModule


def plan(watched: Watched, options: Module | None, settings: PathEvidence) -> Plan | None:
    """What to send to whom, None where the kind has no address to go to."""
    if watched.kind not in METHODS:
        return None
    method, port = METHODS[watched.kind]
    if watched.kind == "dns" and getattr(options, "transport", "udp") == "tcp":
        method = Method.TCP
    host, named = host_of(watched.target.address)
    if not host:
        return None
    if settings.method != "auto" and Method(settings.method) is not method:
        method, named, port = Method(settings.method), named if settings.method == "tcp" else None, 0
    port = 0 if method is Method.ICMP else named or port
    recipe = PathModule(
        method=method,
        timeout=settings.timeout,
        queries=settings.queries,
        max_hops=settings.max_hops,
        silent_hops=settings.silent_hops,
        family=_family(options),
    )
    return Plan(host, port or None, recipe)


def _family(options: Module | None) -> Literal["auto", "4", "6"]:
    said = getattr(options, "family", None)
    return said if said in ("4", "6") else "auto"


def host_of(address: str) -> tuple[str, int | None]:
    """Host and port of an address as any kind writes it: host, host:port, [v6]:port or a URL; "" if there is none."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        pass
    else:
        return address, None
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        return parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None
