"""Addresses of kind `rtsp`: host, host:port, with a path or without, or a whole rtsp:// URL."""

import re
from typing import NamedTuple

from collectors.resolve import Address, check_host_port, numeric, split_address

PORT = 554
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PATH = re.compile(r"/[!-~]*")
_SECRET = re.compile(r"(?:^|[?&/_;])(?:pass|passwd|password|pwd)=[^&_/;]", re.IGNORECASE)
_MAX_PATH = 1024
_WHERE = "set username and password in the module (password: {file: PATH} or {env: NAME})"


class Place(NamedTuple):
    """Where to ask for what; `address` is None for a name."""

    host: str
    port: int
    path: str
    address: Address | None

    @property
    def uri(self) -> str:
        """The URI as requests carry it: the interface of a link-local address is our own matter."""
        return uri_of(self.host, self.port, self.path)


def uri_of(host: str, port: int, path: str) -> str:
    """The same of its parts."""
    if ":" in host:
        host = f"[{host.partition('%')[0]}]"
    return f"rtsp://{host}:{port}{path}"


def parse(text: str, default_path: str) -> Place:
    """The place that an address names. Errors: ValueError saying got, wanted and the next step."""
    wrong = check_address(text)
    if wrong:
        raise ValueError(wrong)
    authority, path = _split(text)
    host, port = split_address(authority)
    return Place(host, port, path or default_path, numeric(host, port))


def check_address(text: str) -> str:
    """What is wrong with an address, "" if nothing; asks no resolver."""
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() != "rtsp":
        return f"got the scheme {scheme[1]}, wanted host[:port][/path] or rtsp://host[:port]/path; rtsps is not spoken"
    authority, path = _split(text)
    if "@" in authority:
        return f"got ***@{authority.rpartition('@')[2]}, wanted an address without user and password; {_WHERE}"
    return check_host_port(authority) or check_path(path or "/")


def check_path(path: str) -> str:
    """What is wrong with the path, a query included, "" if nothing."""
    if _SECRET.search(path):
        return f"got a path with a password (not shown), wanted one without; {_WHERE}"
    if len(path) > _MAX_PATH or _PATH.fullmatch(path) is None:
        return f"got the path {path[:60]!r}, wanted / and then at most {_MAX_PATH - 1} ASCII characters without blanks"
    return ""


def _split(text: str) -> tuple[str, str]:
    """Host with port, the default where none is given, and the path, "" where none is given."""
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    authority, path = rest[:cut], rest[cut:]
    if path.startswith("?"):
        path = f"/{path}"
    has_port = ":" in authority.rpartition("]")[2] if authority.startswith("[") else ":" in authority
    return authority if has_port else f"{authority}:{PORT}", path
