"""The collector of kind `host_page`: asks for a page, tells whose it is, and reads the host off it.

Decisions. An exporter that cannot be reached is evidence against its host, as a web page is against its server
(`confirm: icmp` wants both to fail). A page that refuses our credential, is too old or could not be made there says
nothing of the host: error. What a page does not tell is absent, never 0.
"""

import asyncio
import math
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from aiohttp import ClientResponse
from multidict import CIMultiDictProxy
from yarl import URL

from collectors.base import (
    HOST_CLOCK,
    Collector,
    CollectorUnavailableError,
    Kind,
    Module,
    Outcome,
    Reading,
    Reason,
    Target,
    error,
    failed,
    ok,
)  # fmt: skip
from collectors.certificates import shorten
from collectors.host_page import agent, node
from collectors.host_page.freshness import Sent
from collectors.host_page.memory import Memories, Memory
from collectors.host_page.options import HostPageModule, check_address, page_url
from collectors.host_page.parsing import NotAPageError, Samples, TooManySamplesError, samples_of
from collectors.host_page.values import OF_THE_PAGE, VALUES
from collectors.webclient import request
from collectors.webclient.body import Body
from collectors.webclient.client import Client, Walk
from collectors.webclient.request import Request

_ACCEPT = "text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1"
_DENIED = frozenset({401, 403})
_MOST_PARTS = 1000  # each is a row of the ledger for good, and a page may say what it likes
_MOST_LETTERS = 1024
_HALF_A_SECOND = 0.5  # Date has whole seconds, cut off
_WANTED = re.compile(
    rb"^(?:(?:%b|%b)[{ \t]|(?:%b|%b|%b)\{[^\n]*kind=\"host\").*"
    % (
        "|".join(map(re.escape, node.FAMILIES)).encode(),
        re.escape(agent.BUILD).encode(),
        re.escape(agent.LAST).encode(),
        re.escape(agent.PROBLEM).encode(),
        "|".join(map(re.escape, agent.FAMILIES)).encode(),
    ),
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came; `at` is when, by the monotonic clock."""

    data: bytes
    headers: CIMultiDictProxy[str]
    at: float

    @property
    def is_open_metrics(self) -> bool:
        """Whether it says that it is OpenMetrics."""
        return "openmetrics-text" in self.headers.get("Content-Type", "").lower()


class _Answer:
    """What came of one question: the page is kept here."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self.page: Page | None = None

    def refused(self, response: ClientResponse) -> Reading | None:
        """A status other than 200."""
        if response.status == 200:
            return None
        got = f"got status {response.status} {shorten(response.reason or '')}"
        if response.status in _DENIED:
            return error(Reason.PERMISSION, f"{got}: the peer refuses who asks; see auth and tls of the module")
        if request.is_redirect(response):
            where = request.shown_location(response)
            return failed(Reason.REDIRECT, f"{got} to {where}; name that address, or set redirects.follow")
        return failed(Reason.STATUS, f"{got}, wanted 200")

    def answered(self, walk: Walk, response: ClientResponse, body: Body) -> Reading:
        """Keep the page, to be read when the connection is gone."""
        if body.too_large:
            return failed(Reason.TOO_LARGE, f"the page has more than {self._max_body} bytes (max_body)")
        if body.unread:
            return failed(Reason.PROTOCOL, f"the page is in an encoding that nobody asked for: {shorten(body.unread)}")
        self.page = Page(body.data, response.headers, asyncio.get_running_loop().time())
        return ok()


class HostPageCollector:
    """Reads hosts off their pages with one module."""

    def __init__(self, module: HostPageModule) -> None:
        self._module = module
        self._memories = Memories()

    async def __aenter__(self) -> Self:
        asked = _request(self._module)
        self._client = Client(asked, _context(self._module, asked))
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.__aexit__(*exc)

    async def collect(self, target: Target) -> Sequence[Reading]:
        """One reading for the host, one for each of its parts; ends by the target's timeout."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        answer = _Answer(self._module.max_body)
        reading = await self._client.ask(target, self._url(target.address), answer)
        fetched = {name: value for name, value in reading.values.items() if name in OF_THE_PAGE}
        page = answer.page
        if page is None or reading.outcome is not Outcome.OK:
            return [replace(reading, values=fetched)]
        fetched["fetch_seconds"] = page.at - started
        deadline = asyncio.timeout_at(started + target.timeout_seconds)
        try:
            async with deadline:
                first, *parts = await self._read(target, page)
        except TimeoutError:
            if not deadline.expired():
                raise
            first, parts = error(Reason.LATE, "the page came in time, but reading it took us too long"), []
        values = {**fetched, **first.values}
        if HOST_CLOCK in values:
            values[HOST_CLOCK] += loop.time() - page.at
        return [replace(first, values=values, detail=self._client.clean(first.detail)), *parts]

    def _url(self, address: str) -> URL:
        return page_url(address, self._module.scheme, self._module.port)

    async def _read(self, target: Target, page: Page) -> list[Reading]:
        try:
            samples = await samples_of(page.data, _WANTED, open_metrics=page.is_open_metrics)
        except NotAPageError as exc:
            return [failed(Reason.PROTOCOL, f"not a page of metrics: {exc}")]
        except TooManySamplesError:
            return [failed(Reason.TOO_LARGE, "the page has far more samples of a host than a host has")]
        target.step("page", f"{len(page.data)} bytes, {len(samples)} samples of a host")
        memory = self._memories.of(target.id)
        if samples.all(agent.BUILD):
            return self._of_agent(samples, page, memory, target)
        if samples.all(node.SUCCESS) or samples.all(node.BUILD):
            return self._of_node(samples, page, memory, target)
        return [failed(Reason.MISMATCH, "metrics, but neither an agent's nor a node_exporter's")]

    def _of_agent(self, samples: Samples, page: Page, memory: Memory, target: Target) -> list[Reading]:
        try:
            told = agent.told_by(samples, self._module)
        except agent.Refusal as exc:
            return [error(Reason.UNREAD, str(exc))]
        sent = Sent.of(page.headers)
        clock = None if sent.date is None else sent.date + _HALF_A_SECOND
        values, stale = self._aged(memory, told.at, sent, page, clock)
        target.step("page", f"an agent's, {len(told.parts)} components")
        return [stale] if stale is not None else _with(agent.readings_of(told, self._module), values)

    def _of_node(self, samples: Samples, page: Page, memory: Memory, target: Target) -> list[Reading]:
        stamp = samples.one(node.TIME)
        if stamp is None:
            detail = f"the page has no {node.TIME}, or several, so its age is not known; is the collector time on?"
            return [error(Reason.UNREAD, detail)]
        is_new = memory.stamps.is_new(stamp)
        values, stale = self._aged(memory, stamp, Sent.of(page.headers), page, stamp)
        if stale is not None:
            return [stale]
        found = node.readings_of(samples, self._module, memory, page.at, is_new=is_new)
        target.step("page", f"a node_exporter's, {len(found)} components")
        watched = [error(Reason.UNREAD, _NO_PROCESSES, component=f"process/{w.name}") for w in self._module.processes]
        return _with([*found, *watched], values)

    def _aged(
        self, memory: Memory, stamp: float, sent: Sent, page: Page, clock: float | None
    ) -> tuple[Mapping[str, float], Reading | None]:
        """What the page's time comes to as values, and an error where it is too old or its age is not known."""
        age = memory.stamps.age(stamp, sent, page.at)
        values = {} if clock is None else {HOST_CLOCK: clock + sent.cached_for}
        if age is None:
            detail = "the answer has no Date, so the age of the first page is not known; the next probe can tell"
            return values, error(Reason.UNREAD, detail, values)
        values["age_seconds"] = age
        if age <= self._module.max_age:
            return values, None
        detail = f"what the page tells is {age:.0f} s old, wanted at most {self._module.max_age:g} s (max_age)"
        return values, error(Reason.UNREAD, detail, values)


_NO_PROCESSES = "a node_exporter does not tell of single processes; run an agent on the host"


def _with(readings: Sequence[Reading], values: Mapping[str, float]) -> list[Reading]:
    """The host's reading first, with what was found about its page, then its parts: as many as a host may have."""
    host = next(reading for reading in readings if reading.component == "")
    parts = [reading for reading in readings if 0 < len(reading.component) <= _MOST_LETTERS]
    left_out = len(readings) - 1 - len(parts[:_MOST_PARTS])
    if left_out:
        told = f"{left_out} parts of the page are left out: more than {_MOST_PARTS}, or names too long"
        host = replace(host, detail=f"{host.detail}; {told}" if host.detail else told)
    host = replace(host, values={**host.values, **values})
    return [_finite(reading) for reading in [host, *parts[:_MOST_PARTS]]]


def _finite(reading: Reading) -> Reading:
    """Without what came out of numbers too large to count with."""
    return replace(reading, values={name: value for name, value in reading.values.items() if math.isfinite(value)})


def _request(module: HostPageModule) -> Request:
    has_accept = any(name.lower() == "accept" for name in module.headers)
    return Request(
        kind="host_page",
        headers={**({} if has_accept else {"Accept": _ACCEPT}), **module.headers},
        auth=module.auth,
        redirects=module.redirects,
        tls=module.tls,
        family=module.dialled_family,
        max_body=module.max_body,
        keep=True,
        source_address=module.source_address,
    )


def _context(module: HostPageModule, asked: Request) -> ssl.SSLContext:
    """The context with our certificate. Errors: CollectorUnavailableError where a file cannot be used."""
    context = request.tls_context(asked)
    if module.tls.certificate_file is not None:
        try:
            context.load_cert_chain(module.tls.certificate_file, module.tls.key_file, password=_no_password)
        except (OSError, ValueError) as exc:
            names = f"tls.certificate_file {module.tls.certificate_file} with key_file {module.tls.key_file}"
            raise CollectorUnavailableError(f"host_page: {names} cannot be used: {exc}") from exc
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted; wanted one without a password")


def build(module: Module) -> Collector:
    """A collector for one module."""
    if not isinstance(module, HostPageModule):
        raise TypeError(f"got a module of type {type(module).__name__}, wanted HostPageModule")
    return HostPageCollector(module)


KIND = Kind(
    name="host_page",
    module_type=HostPageModule,
    build=build,
    check_address=check_address,
    values=VALUES,
    shows_as="host",
    owns_deadline=True,
    concurrency=50,
    per_second=100,
)
