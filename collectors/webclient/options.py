"""What asking a URL needs to be told, whatever kind asks: headers, secrets, redirects, and which URLs can be asked."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import BaseModel, Discriminator, Field, StringConstraints, Tag, model_validator
from yarl import URL

from collectors.options import Secret

_LOOKS_NUMERIC = re.compile(r"[0-9.]+|0x[0-9a-f]+", re.IGNORECASE)
_HOST = re.compile(r"[0-9a-z_.-]+|[0-9a-f:.]+(%[0-9a-z_.-]+)?", re.IGNORECASE)
USERINFO = re.compile(r"//[^/?#]*@")
_BY_REFERENCE = frozenset({"authorization", "proxy-authorization", "cookie"})
_OURS = frozenset({"connection", "content-length", "expect", "transfer-encoding", "upgrade"})


def family_text(value: object) -> object:
    """An IP version as text, since a configuration may hold a number."""
    return str(value) if isinstance(value, int) else value


def _value_tag(value: object) -> str:
    return "text" if isinstance(value, str) else "secret"


HeaderName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")]
HeaderValue = Annotated[
    Annotated[HeaderText, Tag("text")] | Annotated[Secret, Tag("secret")], Discriminator(_value_tag)
]


class Options(BaseModel, frozen=True, extra="forbid"):
    """Options inside options."""


class Basic(Options, frozen=True):
    """HTTP basic authentication."""

    user: Annotated[str, StringConstraints(pattern=r"^[^:\x00-\x1f\x7f]*$")]
    password: Secret


class Auth(Options, frozen=True):
    """Who asks: exactly one way."""

    basic: Basic | None = None
    bearer: Secret | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.basic is None) == (self.bearer is None):
            raise ValueError("wanted exactly one of basic and bearer")
        return self


class Redirects(Options, frozen=True):
    """Whether a redirect is followed; without, a 3xx is accepted only where valid_status says so."""

    follow: bool = True
    max: Annotated[int, Field(ge=1, le=50)] = 10


def header_problems(headers: Mapping[str, str | Secret], auth: Auth | None) -> Iterator[str]:
    """What is wrong with a module's headers."""
    names = [name.lower() for name in headers]
    if len(names) != len(set(names)):
        yield "headers: a header stands there twice; header names ignore case"
    for name, value in headers.items():
        if name.lower() in _OURS:
            yield f"headers: {name} is set by the agent itself; remove it"
        if name.lower() in _BY_REFERENCE and isinstance(value, str):
            yield f"headers: {name} is a secret, wanted {{file: PATH}} or {{env: NAME}}"
    if auth is not None and "authorization" in names:
        yield "auth and headers both set Authorization; keep one"


def check_address(address: str) -> str:
    """What is wrong with a URL, "" if nothing. Asks no name server."""
    try:
        url = URL(address)
        problem = next(_url_problems(url), "")
    except ValueError:
        problem = "the host or the port is none"
    shown = USERINFO.sub("//***@", address)  # what stands there may be a password
    return f"got {shown!r}, wanted a URL such as https://host:8443/path: {problem}" if problem else ""


def _url_problems(url: URL) -> Iterator[str]:
    if url.scheme not in {"http", "https"}:
        yield "the scheme is not http or https"
    if _HOST.fullmatch(url.raw_host or "") is None:
        yield "there is no host, or it has a character that no host has"
    if url.raw_user is not None or url.raw_password is not None:
        yield "a user or password does not belong there; use auth: in the module"
    if url.port == 0:
        yield "port 0 cannot be dialled"
    if url.raw_host and _LOOKS_NUMERIC.fullmatch(url.raw_host) and not _is_ip(url.raw_host):
        yield "the host is not a whole IPv4 address"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
