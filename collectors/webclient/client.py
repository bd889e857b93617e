"""Asks URLs over HTTP/1.1: one connection for each request, every redirect in sight, every wait bounded."""

import asyncio
import dataclasses
import ssl
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from email.utils import parsedate_to_datetime
from typing import Protocol, Self

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from multidict import CIMultiDictProxy
from yarl import URL

from collectors.base import Reading, Reason, Target, error, failed, recognised
from collectors.certificates import by_nobody, shorten
from collectors.tls_context import trusts_nobody
from collectors.walking import too_late
from collectors.webclient import request
from collectors.webclient.body import Body, BodyError, read_body
from collectors.webclient.failures import AttemptError, reading_of, timed_out
from collectors.webclient.hop import CURRENT, Hop, HopConnector, HopResolver, Phase
from collectors.webclient.request import FAMILIES, Call, Request, Sent

_LENGTH_DIGITS = 15
_HEAD_LINE_BYTES = 64 * 1024
_SHOWN_HEADERS = (
    "Server", "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Last-Modified",
    "Retry-After", "WWW-Authenticate",
)  # fmt: skip


class Walk:
    """One probe on its way through the redirects."""

    def __init__(self, target: Target, url: URL, sent: Sent, method: str, judge: "Judge") -> None:
        self.target = target
        self.judge = judge
        self.call = Call(method, url)
        self.redirects = 0
        self.identity: str | None = None
        self._sent = sent
        self.hop = self._new_hop()

    def _new_hop(self) -> Hop:
        return Hop(self.target, self.call.url.raw_host or "", self._sent.clean)

    def next_hop(self, call: Call) -> None:
        """Turn to where a redirect leads."""
        self.hop.close()
        self._recognise()
        self.call, self.redirects = call, self.redirects + 1
        self.hop = self._new_hop()

    def finish(self, reading: Reading) -> Reading:
        """The reading with what was measured, and without secrets."""
        self.hop.close()
        self._recognise()
        values = self.hop.values | {"redirects": float(self.redirects), "tls": float(self.call.url.scheme == "https")}
        return dataclasses.replace(reading, values=values, detail=self._sent.clean(reading.detail))

    def _recognise(self) -> None:
        """Only who stands at the target's own address is it; where it redirects to may be anybody (C2)."""
        if self.identity is None:
            self.identity = self.hop.identity


class Judge(Protocol):
    """What a kind makes of an answer."""

    def refused(self, response: ClientResponse) -> Reading | None:
        """The reading of a status that is not accepted; None: go on to the body."""

    def answered(self, walk: Walk, response: ClientResponse, body: Body) -> Reading:
        """The reading of an answer whose body was read."""


class Client:
    """Asks URLs with one module; its connections are never kept and it holds no cookies."""

    def __init__(self, asked: Request, context: ssl.SSLContext | None = None) -> None:
        self._asked = asked
        self._context = context
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        asked = self._asked
        self._sent = request.prepare(asked)
        context = self._context or request.tls_context(asked)
        self._trusts_nobody = trusts_nobody(asked.tls, context)
        resolver = HopResolver(FAMILIES[asked.family])
        self._resources.push_async_callback(resolver.close)
        self._session = await self._resources.enter_async_context(_session(asked, resolver, context))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._resources.aclose()

    def clean(self, text: str) -> str:
        """`text` without the module's secrets."""
        return self._sent.clean(text)

    async def ask(self, target: Target, url: URL, judge: Judge) -> Reading:
        """One reading; ends by the target's timeout."""
        walk = Walk(target, url, self._sent, self._asked.method, judge)
        deadline = asyncio.timeout(target.timeout_seconds)
        try:
            async with deadline:
                reading = await self._ask(walk)
        except TimeoutError:
            if not deadline.expired():
                raise
            reading = self._overdue(walk, deadline)
        reading = walk.finish(reading)
        return recognised(reading, walk.identity or "") if self._asked.recognises else reading

    def _overdue(self, walk: Walk, deadline: asyncio.Timeout) -> Reading:
        seconds = walk.target.timeout_seconds
        late = asyncio.get_running_loop().time() - (deadline.when() or 0.0)
        return too_late(late, seconds) or timed_out(walk.hop, seconds)

    async def _ask(self, walk: Walk) -> Reading:
        """Follow the redirects to an answer and judge it."""
        while True:
            token = CURRENT.set(walk.hop)
            try:
                found = await self._exchange(walk)
            except AttemptError as exc:
                return self._trusted(reading_of(exc.cause, walk.hop))
            except aiohttp.ClientError as exc:
                return reading_of(exc, walk.hop)
            except BodyError as exc:
                return failed(Reason.PROTOCOL, f"reading the body: {exc}")
            finally:
                walk.hop.drop()
                CURRENT.reset(token)
            if isinstance(found, Reading):
                return found
            walk.next_hop(found)

    async def _exchange(self, walk: Walk) -> Reading | Call:
        problem = self._family_problem(walk.call.url)
        if problem:
            return error(Reason.NO_ROUTE, problem)
        async with self._request(walk) as response:
            _note_head(walk.hop, response)
            if self._asked.redirects.follow and request.is_redirect(response):
                return self._follow(walk, response)
            refused = walk.judge.refused(response)
            if refused is not None:
                return refused
            body = await self._read(walk.hop, response)
        return walk.judge.answered(walk, response, body)

    def _request(self, walk: Walk) -> AbstractAsyncContextManager[ClientResponse]:
        call, asked = walk.call, self._asked
        walk.hop.step("request", call.method, request.shown(call.url))
        return self._session.request(
            call.method,
            call.url,
            headers=self._sent.headers_for(call),
            data=self._sent.body if call.with_body else None,
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
            server_hostname=asked.tls.server_name if call.trusted else None,
        )

    def _family_problem(self, url: URL) -> str:
        """A literal address of the family that the module excludes never reaches a socket."""
        literal = {"4": ":", "6": "."}.get(self._asked.family, "")
        host = url.raw_host or ""
        excluded = bool(literal) and literal in host and (":" in host or host.replace(".", "").isdigit())
        return f"the module asks for family {self._asked.family}, the address is {host}" if excluded else ""

    def _follow(self, walk: Walk, response: ClientResponse) -> Reading | Call:
        try:
            call = request.redirected(walk.call, response)
        except ValueError as exc:
            return failed(
                Reason.REDIRECT, f"status {response.status} leads to {request.shown_location(response)}: {exc}"
            )
        walk.hop.step("redirect", response.status, "->", call.method, request.shown(call.url))
        if walk.redirects >= self._asked.redirects.max:
            where = f"the next would lead to {request.shown(call.url)}"
            return failed(Reason.REDIRECT, f"more than {self._asked.redirects.max} redirects; {where}")
        return call

    async def _read(self, hop: Hop, response: ClientResponse) -> Body:
        body = await read_body(response, hop, self._asked.max_body, keep=self._asked.keep)
        hop.enter(Phase.PREPARE)
        hop.values["body_bytes"] = float(body.size)
        hop.step("body", body.size, "bytes, more not read" if body.too_large else "bytes")
        return body

    def _trusted(self, reading: Reading) -> Reading:
        return by_nobody(reading, option="tls.") if self._trusts_nobody else reading


async def _once(req: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp from trying again: a server that drops every other connection must not look healthy."""
    try:
        return await handler(req)
    except (aiohttp.ClientError, OSError) as exc:
        if isinstance(exc, TimeoutError) and exc.errno is None:
            raise
        raise AttemptError(exc) from exc


def _session(asked: Request, resolver: HopResolver, context: ssl.SSLContext) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=HopConnector(resolver, FAMILIES[asked.family], context, asked.source_address),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # Client.ask has the one deadline
        trust_env=False,
        auto_decompress=False,  # bounded in body.py
        middlewares=(_once,),
        max_line_size=_HEAD_LINE_BYTES,
        max_field_size=_HEAD_LINE_BYTES,
    )


def _note_head(hop: Hop, response: ClientResponse) -> None:
    hop.enter(Phase.TRANSFER)
    version = response.version
    number = f"{version.major}.{version.minor}" if version is not None else "0"
    hop.values["status_code"], hop.values["http_version"] = float(response.status), float(number)
    hop.values |= _dated_and_sized(response.headers)
    hop.step("response", f"HTTP/{number}", response.status, shorten(response.reason or ""))
    for name in _SHOWN_HEADERS:
        for value in response.headers.getall(name, ()):
            hop.step("header", f"{name}:", shorten(value))


def _dated_and_sized(headers: CIMultiDictProxy[str]) -> dict[str, float]:
    """The two headers that dashboards draw, where they are what they should be."""
    values: dict[str, float] = {}
    length = headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and len(length) <= _LENGTH_DIGITS:
        values["content_length_bytes"] = float(length)
    try:
        modified = parsedate_to_datetime(headers.get("Last-Modified", ""))
        values["last_modified_timestamp_seconds"] = modified.timestamp()
    except (TypeError, ValueError, OverflowError):
        pass  # absent or no date; nobody promised one
    return values
