"""Address tokens: @gateway, @gateway6 and @resolver stand for this host's own, read when the agent starts."""

import ipaddress
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

TOKENS = ("@gateway", "@gateway6", "@resolver")

_TOKEN = re.compile(r"(@gateway6?|@resolver)(?::([0-9]{1,5}))?")
_DOCUMENTATION = {"@gateway": "192.0.2.1", "@gateway6": "2001:db8::1", "@resolver": "192.0.2.1"}
_UP_GATEWAY = 0x1 | 0x2
_REJECT = 0x200


def is_token(text: str) -> bool:
    """Whether an address is a token, alone or with a port (@gateway:53)."""
    return _TOKEN.fullmatch(text) is not None


def stand_in(text: str) -> str:
    """The address with a documentation address in the token's place, to check its form offline."""
    match = _TOKEN.fullmatch(text)
    return text if match is None else _with_port(_DOCUMENTATION[match[1]], match[2])


def resolve_token(
    text: str,
    *,
    route: Path = Path("/proc/net/route"),
    route6: Path = Path("/proc/net/ipv6_route"),
    resolv: Path = Path("/etc/resolv.conf"),
) -> str | None:
    """The address a token stands for now, None if this host has none; any other address as it is.

    Shape: a link-local gateway carries its interface (fe80::1%eth0); of several default routes the least metric wins.
    """
    match = _TOKEN.fullmatch(text)
    if match is None:
        return text
    found = {"@gateway": _gateway, "@gateway6": _gateway6, "@resolver": _resolver}[match[1]](
        {"@gateway": route, "@gateway6": route6, "@resolver": resolv}[match[1]]
    )
    return None if found is None else _with_port(found, match[2])


def _with_port(address: str, port: str | None) -> str:
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _lines(file: Path) -> Iterator[list[str]]:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    yield from (line.split() for line in text.splitlines())


def _gateway(file: Path) -> str | None:
    routes: list[tuple[int, str]] = []
    for fields in _lines(file):
        if len(fields) < 8 or fields[1] != "00000000" or fields[7] != "00000000":
            continue
        if int(fields[3], 16) & (_UP_GATEWAY | _REJECT) == _UP_GATEWAY:
            # the kernel prints the address as one number in this machine's byte order
            routes.append((int(fields[6]), socket.inet_ntoa(struct.pack("=I", int(fields[2], 16)))))
    return min(routes)[1] if routes else None


def _gateway6(file: Path) -> str | None:
    routes: list[tuple[int, str]] = []
    for fields in _lines(file):
        if len(fields) < 10 or int(fields[0], 16) or int(fields[1], 16):
            continue
        if int(fields[8], 16) & (_UP_GATEWAY | _REJECT) == _UP_GATEWAY:
            address = ipaddress.IPv6Address(int(fields[4], 16))
            scope = f"%{fields[9]}" if address.is_link_local else ""
            routes.append((int(fields[5], 16), f"{address}{scope}"))
    return min(routes)[1] if routes else None


def _resolver(file: Path) -> str | None:
    for fields in _lines(file):
        if len(fields) >= 2 and fields[0] == "nameserver":
            return fields[1]
    return None
