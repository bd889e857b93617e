"""What a collector sends, made once when it opens: headers, secrets, body, TLS; and where a redirect leads."""

import base64
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientResponse
from yarl import URL

from collectors.base import CollectorUnavailableError
from collectors.certificates import shorten
from collectors.options import Secret
from collectors.tls_context import TlsOptions, client_context
from collectors.webclient.body import ENCODINGS
from collectors.webclient.hop import TimedTls
from collectors.webclient.options import USERINFO, Auth, HeaderValue, Redirects, check_address

FAMILIES = {"auto": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DEFAULT_HEADERS = {"Accept": "*/*", "Accept-Encoding": ENCODINGS, "User-Agent": "egov-sla-agent"}
_MAX_SENT = 1024**2
_STARS = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a module asks with; `kind` is what messages about it begin with, `keep`: somebody looks at the body.

    `recognises`: the reading says by which certificate the target answered (C2).
    """

    kind: str
    headers: Mapping[str, HeaderValue]
    auth: Auth | None
    redirects: Redirects
    tls: TlsOptions
    family: str
    max_body: int
    keep: bool
    method: str = "GET"
    body: str | None = None
    body_file: str | None = None
    source_address: str | None = None
    recognises: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request on the way to the answer; `trusted`: it goes where the secrets belong."""

    method: str
    url: URL
    with_body: bool = True
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Sent:
    """A module's request with its secrets revealed; they appear in no repr."""

    headers: dict[str, str] = field(repr=False)
    private: frozenset[str]
    body: bytes | None
    secrets: tuple[str, ...] = field(repr=False)

    def headers_for(self, call: Call) -> dict[str, str]:
        """The headers of one request: no secret for another site, no type for a body that is not sent."""
        left_out = set() if call.trusted else {name.lower() for name in self.private}
        left_out |= set() if call.with_body else {"content-type"}
        return {name: value for name, value in self.headers.items() if name.lower() not in left_out}

    def clean(self, text: str) -> str:
        """`text` without the secrets, whoever echoed them."""
        for secret in self.secrets:
            text = text.replace(secret, _STARS)
        return text


def prepare(asked: Request) -> Sent:
    """Reveal and read what the module refers to. Errors: CollectorUnavailableError."""
    try:
        return _prepare(asked)
    except (OSError, ValueError) as exc:
        raise CollectorUnavailableError(f"{asked.kind}: {exc}; correct the module or mend what it refers to") from exc


def _prepare(asked: Request) -> Sent:
    secrets: list[str] = []
    headers = {name: _reveal(value, secrets) for name, value in asked.headers.items()}
    private = {name for name, value in asked.headers.items() if isinstance(value, Secret)} | {"Authorization"}
    private |= {name for name in headers if name.lower() == "host"}
    if asked.auth is not None:
        headers["Authorization"] = _authorization(asked, secrets)
    given = {name.lower() for name in headers}
    defaults = {name: value for name, value in _DEFAULT_HEADERS.items() if name.lower() not in given}
    longest_first = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
    return Sent(defaults | headers, frozenset(private), _body(asked), tuple(longest_first))


def _reveal(value: Secret | str, secrets: list[str]) -> str:
    if isinstance(value, str):
        return value
    revealed = value.reveal()
    where = f"the secret file {value.file}" if value.file else f"environment variable {value.env}"
    if not revealed or not revealed.isprintable():
        raise ValueError(f"{where} is empty or has a line break or control character, which no header may have")
    secrets.append(revealed)
    return revealed


def _authorization(asked: Request, secrets: list[str]) -> str:
    auth = asked.auth
    if auth is not None and auth.basic is not None:
        pair = f"{auth.basic.user}:{_reveal(auth.basic.password, secrets)}"
        secrets.append(base64.b64encode(pair.encode()).decode())
        return f"Basic {secrets[-1]}"
    return f"Bearer {_reveal(auth.bearer, secrets)}" if auth is not None and auth.bearer is not None else ""


def _body(asked: Request) -> bytes | None:
    if asked.body_file is not None:
        data = Path(asked.body_file).read_bytes()
    elif asked.body is not None:
        data = asked.body.encode()
    else:
        return None
    if len(data) > _MAX_SENT:
        raise ValueError(f"the body to send has {len(data)} bytes, wanted at most {_MAX_SENT}")
    return data


def tls_context(asked: Request) -> ssl.SSLContext:
    """The context of one module. Errors: CollectorUnavailableError where ca_file cannot be used."""
    context = client_context(asked.tls, f"{asked.kind}: tls.ca_file")
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = TimedTls
    return context


def is_redirect(response: ClientResponse) -> bool:
    """Whether the answer sends us elsewhere; a 3xx without Location is an answer like any other."""
    return response.status in _REDIRECTS and "Location" in response.headers


def redirected(call: Call, response: ClientResponse) -> Call:
    """The request that a redirect asks for. Errors: ValueError if it leads nowhere that HTTP can go."""
    url = call.url.join(URL(response.headers["Location"])).with_fragment(None)
    if not url.raw_host:
        raise ValueError("that URL has no host")
    url = url.with_user(None)
    problem = check_address(str(url.with_query(None)))
    if problem:
        raise ValueError(problem)
    dropped = response.status == 303 or (response.status in {301, 302} and call.method == "POST")
    method = "GET" if dropped and call.method != "HEAD" else call.method
    return Call(method, url, call.with_body and not dropped, call.trusted and _same_site(call.url, url))


def _same_site(old: URL, new: URL) -> bool:
    """Secrets follow only to the same origin, or to its own https at the default ports."""
    upgrade = (old.scheme, old.port, new.scheme, new.port) == ("http", 80, "https", 443)
    return old.raw_host == new.raw_host and (upgrade or (old.scheme, old.port) == (new.scheme, new.port))


def shown(url: URL) -> str:
    """A URL for people, without what a query may hide."""
    return str(url.with_query(None).with_fragment(None)) + ("?…" if url.raw_query_string else "")


def shown_location(response: ClientResponse) -> str:
    """A redirect's Location for people, as it came but without a password or a query."""
    return shorten(USERINFO.sub("//***@", response.headers["Location"].partition("?")[0]))
