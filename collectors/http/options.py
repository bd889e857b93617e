"""What a module of kind `http` may say: the request, what is accepted, and what its answer must contain."""

import ipaddress
import json
import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

import jsonpath
from pydantic import BaseModel, BeforeValidator, Discriminator, Field, StringConstraints, Tag, model_validator
from yarl import URL

from collectors.base import Module
from collectors.options import Duration, Pattern, Secret, Size
from collectors.tls_context import TlsOptions

_STATUS = re.compile(r"[1-5]xx|[1-5]\d\d")
_LOOKS_NUMERIC = re.compile(r"[0-9.]+|0x[0-9a-f]+", re.IGNORECASE)
_HOST = re.compile(r"[0-9a-z_.-]+|[0-9a-f:.]+(%[0-9a-z_.-]+)?", re.IGNORECASE)
USERINFO = re.compile(r"//[^/?#]*@")
_BY_REFERENCE = frozenset({"authorization", "proxy-authorization", "cookie"})
_OURS = frozenset({"connection", "content-length", "expect", "transfer-encoding", "upgrade"})


def parse_status(value: object) -> str:
    """A status such as 204 or a class such as 2xx. Errors: ValueError naming what was wanted."""
    text = str(value).lower()
    if _STATUS.fullmatch(text) is None:
        raise ValueError(f"got {value}, wanted a status such as 204 or a class such as 2xx")
    return text


def parse_json_path(value: object) -> str:
    """A JSONPath that compiles. Errors: ValueError with the reason."""
    try:
        jsonpath.compile(str(value))
    except jsonpath.JSONPathError as exc:
        reason = exc.args[0] if exc.args else exc
        raise ValueError(f"got {value!r}, wanted a JSONPath such as $.status: {reason}") from exc
    return str(value)


def _scalar_text(value: object) -> object:
    """A typed scalar as the text that JSON has for it, since a configuration may hold either."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _family_text(value: object) -> object:
    return str(value) if isinstance(value, int) else value


def _value_tag(value: object) -> str:
    return "text" if isinstance(value, str) else "secret"


Status = Annotated[str, BeforeValidator(parse_status)]
JsonPath = Annotated[str, BeforeValidator(parse_json_path)]
Scalar = Annotated[str, BeforeValidator(_scalar_text)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")]
HeaderValue = Annotated[
    Annotated[HeaderText, Tag("text")] | Annotated[Secret, Tag("secret")], Discriminator(_value_tag)
]


class _Options(BaseModel, frozen=True, extra="forbid"):
    """Options inside options."""


class Basic(_Options, frozen=True):
    """HTTP basic authentication."""

    user: Annotated[str, StringConstraints(pattern=r"^[^:\x00-\x1f\x7f]*$")]
    password: Secret


class Auth(_Options, frozen=True):
    """Who asks: exactly one way."""

    basic: Basic | None = None
    bearer: Secret | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.basic is None) == (self.bearer is None):
            raise ValueError("wanted exactly one of basic and bearer")
        return self


class Redirects(_Options, frozen=True):
    """Whether a redirect is followed; without, a 3xx is accepted only where valid_status says so."""

    follow: bool = True
    max: Annotated[int, Field(ge=1, le=50)] = 10


class JsonRule(_Options, frozen=True):
    """Every value that `path` selects, and at least one, must be equal or match.

    A string equals its text, a number, true, false or null the JSON text for it (200, 1.5, true).
    """

    path: JsonPath
    equals: Scalar | None = None
    matches: Pattern | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.equals is None) == (self.matches is None):
            raise ValueError("wanted exactly one of equals and matches")
        return self


class HeaderRule(_Options, frozen=True):
    """Some value of the response header `name` must match."""

    name: HeaderName
    pattern: Pattern


class HttpModule(Module, frozen=True):
    """How a URL is asked and which answer is accepted.

    `max_body` bounds the body after decompression. Where a rule looks at the body, or with
    `fail_on_too_large`, more is failed/too_large; otherwise reading just stops there.
    """

    timeout: Duration = 10.0
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    auth: Auth | None = None
    body: str | None = None
    body_file: str | None = None
    valid_status: Annotated[tuple[Status, ...], Field(min_length=1)] = ("2xx",)
    redirects: Redirects = Redirects()
    body_matches: tuple[Pattern, ...] = ()
    body_not_matches: tuple[Pattern, ...] = ()
    json_rules: Annotated[tuple[JsonRule, ...], Field(alias="json")] = ()
    header_matches: tuple[HeaderRule, ...] = ()
    max_body: Size = 1024**2
    fail_on_too_large: bool = False
    tls: TlsOptions = TlsOptions()
    family: Annotated[Literal["auto", "4", "6"], BeforeValidator(_family_text)] = "auto"
    fail_if_ssl: bool = False
    fail_if_not_ssl: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problem = next(_contradictions(self), None)
        if problem is not None:
            raise ValueError(problem)
        return self

    @property
    def reads_body(self) -> bool:
        """Whether a rule needs the body's bytes."""
        return bool(self.body_matches or self.body_not_matches or self.json_rules)


def _contradictions(module: HttpModule) -> Iterator[str]:
    names = [name.lower() for name in module.headers]
    if len(names) != len(set(names)):
        yield "headers: a header stands there twice; header names ignore case"
    for name, value in module.headers.items():
        if name.lower() in _OURS:
            yield f"headers: {name} is set by the agent itself; remove it"
        if name.lower() in _BY_REFERENCE and isinstance(value, str):
            yield f"headers: {name} is a secret, wanted {{file: PATH}} or {{env: NAME}}"
    if module.auth is not None and "authorization" in names:
        yield "auth and headers both set Authorization; keep one"
    if module.body is not None and module.body_file is not None:
        yield "wanted at most one of body and body_file"
    if module.fail_if_ssl and module.fail_if_not_ssl:
        yield "fail_if_ssl and fail_if_not_ssl together accept nothing; keep one"
    if module.method == "HEAD" and module.reads_body:
        yield "method HEAD has no body in its answer that a rule could look at; use GET"


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
