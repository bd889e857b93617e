"""What a module of kind `host_page` may say, and which addresses it takes."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator
from yarl import URL

from collectors.base import Module
from collectors.hostparts.selection import Disks, Selection
from collectors.options import Duration, Size
from collectors.tls_context import TlsOptions
from collectors.webclient import options as web
from collectors.webclient.options import Auth, HeaderName, HeaderValue, Redirects, family_text, header_problems

PORT = 9100
PATH = "/metrics"

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+(?:%[0-9A-Za-z_.-]+)?\]|[0-9A-Za-z_.-]+)(?::([0-9]{1,5}))?")


class PageTls(TlsOptions, frozen=True, extra="forbid"):
    """How TLS is spoken, and the certificate that we show where the peer wants one."""

    certificate_file: str | None = None
    key_file: str | None = None

    @model_validator(mode="after")
    def _key_with_its_certificate(self) -> Self:
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("key_file without certificate_file does nothing; name the certificate too")
        return self


class PageRedirects(Redirects, frozen=True, extra="forbid"):
    """Off unless asked for: a page that has moved may be another machine's."""

    follow: bool = False


class PageProcess(BaseModel, frozen=True, extra="forbid"):
    """A watched process that the agent there must have on its page, and how many of it must run."""

    name: Annotated[str, Field(min_length=1)]
    min: Annotated[int, Field(ge=0)] = 1
    max: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError(f"{self.name}: got max {self.max} below min {self.min}; raise max or lower min")
        return self


class HostPageModule(Module, frozen=True, extra="forbid"):
    """How the page is asked for, how old it may be, and which of its parts are taken."""

    timeout: Duration = 10.0
    port: Annotated[int, Field(ge=1, le=65535)] = PORT
    scheme: Literal["http", "https"] = "http"
    max_age: Duration = 120.0
    remote_target: str | None = None
    accept_simulated: bool = False
    disks: Disks = Disks()
    interfaces: Selection = Selection()
    interfaces_up: tuple[str, ...] = ()
    block_devices: Selection = Selection()
    temperatures: bool = True
    processes: tuple[PageProcess, ...] = ()
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    auth: Auth | None = None
    redirects: PageRedirects = PageRedirects()
    max_body: Size = 4 * 1024**2
    tls: PageTls = PageTls()
    family: Annotated[Literal["auto", "4", "6"], BeforeValidator(family_text)] = "auto"
    source_address: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problem = next(_contradictions(self), None)
        if problem is not None:
            raise ValueError(problem)
        return self

    @property
    def dialled_family(self) -> str:
        """The IP version to dial: a source address decides where family does not."""
        return self.family if self.source_address is None else str(ipaddress.ip_address(self.source_address).version)


def _contradictions(module: HostPageModule) -> Iterator[str]:
    yield from header_problems(module.headers, module.auth)
    if module.max_age <= 0:
        yield "max_age: got 0, wanted more: no page is of this very instant"
    names = [watch.name for watch in module.processes]
    if len(names) != len(set(names)):
        yield "processes: a name stands there twice; keep one"
    if module.source_address is not None:
        yield from _source_problems(module.source_address, module.family)


def _source_problems(source_address: str, family: str) -> Iterator[str]:
    try:
        version = str(ipaddress.ip_address(source_address).version)
    except ValueError:
        yield f"source_address: got {source_address!r}, wanted an address of this host"
        return
    if family not in {"auto", version}:
        yield f"source_address: got {source_address}, wanted IPv{family} as family says"


def page_url(address: str, scheme: str = "http", port: int = PORT) -> URL:
    """The URL behind an address; `scheme` and `port` are for one that names none. Errors: ValueError."""
    if "://" not in address:
        return _url_of_host(address, scheme, port)
    url = URL(address)
    return url.with_path(PATH).with_query(url.query) if url.path in {"", "/"} else url


def _url_of_host(address: str, scheme: str, port: int) -> URL:
    if _is_bare_ipv6(address):
        address = f"[{address}]"
    found = _HOST_AND_PORT.fullmatch(address)
    if found is None:
        raise ValueError("neither a URL nor host:port")
    return URL(f"{scheme}://{found[1]}:{found[2] or port}{PATH}")


def _is_bare_ipv6(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).version == 6
    except ValueError:
        return False


def check_address(address: str) -> str:
    """What is wrong with an address, "" if nothing. Asks no name server."""
    try:
        url = page_url(address)
    except ValueError:
        shown = web.USERINFO.sub("//***@", address)
        return f"got {shown!r}, wanted host:port or a URL such as https://host:9100/metrics"
    return web.check_address(address if "://" in address else str(url))
