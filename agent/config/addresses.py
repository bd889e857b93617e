"""Whether an address has the form its kind dials: offline, with documentation addresses for tokens."""

import ipaddress
import re
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from agent.config.problems import Found, Path, Rule, nearest, show
from agent.config.tokens import TOKENS, is_token, stand_in
from collectors.base import Kind

_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")


def check_address(kind: Kind, address: str, path: Path) -> Iterator[Found]:
    """The problem of one address with one kind, if it has one."""
    if address.startswith("@") and not is_token(address):
        text = f"got {show(address)}, wanted {', '.join(TOKENS)}, or one with :PORT; {nearest(address, TOKENS)}"
        yield Found(Rule.TOKEN, path, text)
        return
    wrong = kind.check_address(stand_in(address))
    if wrong:
        text = wrong.replace(stand_in(address), address)
        rule = Rule.TOKEN if is_token(address) else Rule.ADDRESS
        yield Found(rule, path, text if text.startswith("got ") else f"got {show(address)}, {text}")


def check_families(families: Collection[int], address: str, path: Path) -> Iterator[Found]:
    """The problem of IP versions that an address can never be asked on: what is never measured must not pass."""
    version = version_of(address)
    if is_token(address) and len(families) > 1:
        text = f"{show(address)} stands for one address"
    elif version and not set(families) <= {version}:
        text = f"{show(address)} has IP version {version} only"
    else:
        return
    wanted = ";".join(map(str, sorted(families)))
    step = "give a host name that has each version, or a target for each address"
    yield Found(Rule.FAMILIES, path, f"got {wanted}, but {text}; {step}")


def version_of(address: str) -> int:
    """The IP version of a numeric address in any form that a kind dials; 0 for a name or a token."""
    try:
        return ipaddress.ip_address(host_of(address).partition("%")[0]).version
    except ValueError:
        return 0


def host_of(address: str) -> str:
    """The host of a URL, of `host:port` or of an address alone, with a path behind them or without."""
    if "://" in address:
        try:
            return urlsplit(address).hostname or ""
        except ValueError:  # what the kind refuses anyway
            return ""
    address = address.partition("/")[0]  # of rtsp, which takes a path without a scheme too
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.rpartition(":")[0] if address.count(":") == 1 else address


def same_host(host: str) -> str:
    """A host in the one form that all spellings of it have: two that are one must not pass for two (C2)."""
    if _PLAIN.fullmatch(host):  # as nearly every camera of a city: there is one way to write it
        return host
    address, percent, scope = host.casefold().partition("%")
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return host.casefold().rstrip(".")
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return f"{mapped or found}{percent}{scope}"
