"""Asks URLs over HTTP/1.1: one connection for each request, every redirect in sight, every wait bounded."""

import asyncio
import dataclasses
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from email.utils import parsedate_to_datetime
from typing import Self

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from multidict import CIMultiDictProxy
from yarl import URL

from collectors.base import Collector, Module, Reading, Reason, Target, error, failed, ok
from collectors.certificates import by_nobody, shorten
from collectors.http import request
from collectors.http.body import Body, BodyError, read_body
from collectors.http.failures import AttemptError, reading_of, timed_out
from collectors.http.hop import CURRENT, Hop, HopConnector, HopResolver, Phase
from collectors.http.options import HttpModule
from collectors.http.request import FAMILIES, Call, Sent
from collectors.http.rules import BodyRules, Verdict
from collectors.tls_context import trusts_nobody

VALUES: Mapping[str, str] = {
    "status_code": "Status code of the last response.",
    "http_version": "HTTP version of the last response as a number (1.1).",
    "body_bytes": "Bytes of the body after decompression, as far as it was read.",
    "content_length_bytes": "What the last response's Content-Length says; none without the header.",
    "last_modified_timestamp_seconds": "What the last response's Last-Modified says; none without the header.",
    "rules_broken": "Demands of the module on headers and body that the answer did not meet.",
    "redirects": "Redirects that were followed.",
    "tls": "1 if the last request went over TLS, else 0.",
    "tls_version": "TLS version of the last request as a number (1.3).",
    "ip_version": "4 or 6: the protocol that the last request went over.",
    "certificate_not_after_timestamp_seconds": "When the certificate that the peer presented ends.",
    "certificate_chain_not_after_timestamp_seconds": "When the first certificate of the presented chain ends.",
    "rtt_seconds": "Smallest round trip that the kernel saw while connecting, else the time of the TCP connect.",
    "resolve_seconds": "Time to resolve the name, last request; 0 for an address.",
    "connect_seconds": "Time of the TCP connect, last request, all addresses that were tried.",
    "tls_seconds": "Time of the TLS handshake, last request.",
    "processing_seconds": "From the ready connection to the complete response head, last request.",
    "transfer_seconds": "From the response head to the end of what was read, last request.",
}

_LENGTH_DIGITS = 15
_HEAD_LINE_BYTES = 64 * 1024
_SHOWN_HEADERS = (
    "Server", "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Last-Modified",
    "Retry-After", "WWW-Authenticate",
)  # fmt: skip


class _Walk:
    """One probe on its way through the redirects."""

    def __init__(self, target: Target, sent: Sent, method: str) -> None:
        self.target = target
        self.call = Call(method, URL(target.address))
        self.redirects = 0
        self._sent = sent
        self.hop = self._new_hop()

    def _new_hop(self) -> Hop:
        return Hop(self.target, self.call.url.raw_host or "", self._sent.clean)

    def next_hop(self, call: Call) -> None:
        """Turn to where a redirect leads."""
        self.hop.close()
        self.call, self.redirects = call, self.redirects + 1
        self.hop = self._new_hop()

    def finish(self, reading: Reading) -> Reading:
        """The reading with what was measured, and without secrets."""
        self.hop.close()
        values = self.hop.values | {"redirects": float(self.redirects), "tls": float(self.call.url.scheme == "https")}
        return dataclasses.replace(reading, values=values, detail=self._sent.clean(reading.detail))


class HttpCollector:
    """Measures URLs with one module; its connections are never kept and it holds no cookies."""

    def __init__(self, module: HttpModule) -> None:
        self._module = module
        self._rules = BodyRules(module)
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._sent = request.prepare(self._module)
        self._context = request.tls_context(self._module.tls)
        self._trusts_nobody = trusts_nobody(self._module.tls, self._context)
        resolver = HopResolver(FAMILIES[self._module.family])
        self._resources.push_async_callback(resolver.close)
        self._session = await self._resources.enter_async_context(_session(self._module, resolver, self._context))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._resources.aclose()

    async def collect(self, target: Target) -> Sequence[Reading]:
        """One reading; ends by the target's timeout."""
        walk = _Walk(target, self._sent, self._module.method)
        deadline = asyncio.timeout(target.timeout_seconds)
        try:
            async with deadline:
                reading = await self._ask(walk)
        except TimeoutError:
            if not deadline.expired():
                raise
            reading = self._overdue(walk, deadline)
        return [walk.finish(reading)]

    def _overdue(self, walk: _Walk, deadline: asyncio.Timeout) -> Reading:
        seconds = walk.target.timeout_seconds
        late = asyncio.get_running_loop().time() - (deadline.when() or 0.0)
        if late > seconds / 2:  # S1: then it was us
            return error(Reason.LATE, f"our loop came {late:.3f} s after the deadline of {seconds:g} s")
        return timed_out(walk.hop, seconds)

    async def _ask(self, walk: _Walk) -> Reading:
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

    async def _exchange(self, walk: _Walk) -> Reading | Call:
        problem = self._family_problem(walk.call.url)
        if problem:
            return error(Reason.NO_ROUTE, problem)
        async with self._request(walk) as response:
            _note_head(walk.hop, response)
            if self._module.redirects.follow and request.is_redirect(response):
                return self._follow(walk, response)
            problem = self._status_problem(response)
            if problem:
                moved = request.is_redirect(response)
                return failed(Reason.REDIRECT if moved else Reason.STATUS, problem)
            body = await self._read(walk.hop, response)
        return self._judge(walk, response, body)

    def _request(self, walk: _Walk) -> AbstractAsyncContextManager[ClientResponse]:
        call, module = walk.call, self._module
        walk.hop.step("request", call.method, request.shown(call.url))
        return self._session.request(
            call.method,
            call.url,
            headers=self._sent.headers_for(call),
            data=self._sent.body if call.with_body else None,
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
            server_hostname=module.tls.server_name if call.trusted else None,
        )

    def _family_problem(self, url: URL) -> str:
        """A literal address of the family that the module excludes never reaches a socket."""
        literal = {"4": ":", "6": "."}.get(self._module.family, "")
        host = url.raw_host or ""
        excluded = bool(literal) and literal in host and (":" in host or host.replace(".", "").isdigit())
        return f"the module asks for family {self._module.family}, the address is {host}" if excluded else ""

    def _follow(self, walk: _Walk, response: ClientResponse) -> Reading | Call:
        try:
            call = request.redirected(walk.call, response)
        except ValueError as exc:
            return failed(
                Reason.REDIRECT, f"status {response.status} leads to {request.shown_location(response)}: {exc}"
            )
        walk.hop.step("redirect", response.status, "->", call.method, request.shown(call.url))
        if walk.redirects >= self._module.redirects.max:
            where = f"the next would lead to {request.shown(call.url)}"
            return failed(Reason.REDIRECT, f"more than {self._module.redirects.max} redirects; {where}")
        return call

    def _status_problem(self, response: ClientResponse) -> str:
        status, wanted = response.status, self._module.valid_status
        if str(status) in wanted or f"{status // 100}xx" in wanted:
            return ""
        to = f" to {request.shown_location(response)}" if request.is_redirect(response) else ""
        return f"got status {status} {shorten(response.reason or '')}{to}, wanted {', '.join(wanted)}"

    async def _read(self, hop: Hop, response: ClientResponse) -> Body:
        body = await read_body(response, hop, self._module.max_body, keep=self._module.reads_body)
        hop.enter(Phase.PREPARE)
        hop.values["body_bytes"] = float(body.size)
        hop.step("body", body.size, "bytes, more not read" if body.too_large else "bytes")
        return body

    def _judge(self, walk: _Walk, response: ClientResponse, body: Body) -> Reading:
        if body.too_large and (self._module.reads_body or self._module.fail_on_too_large):
            return failed(Reason.TOO_LARGE, f"the body has more than {self._module.max_body} bytes (max_body)")
        rules = self._body_verdicts(response, body)
        walk.hop.values["rules_broken"] = float(sum(bool(rule.problem) for rule in rules))
        verdicts = [*self._scheme_verdicts(walk.call.url), *rules]
        for verdict in verdicts:
            walk.hop.step("rule", verdict.rule, verdict.problem or "holds")
        broken = [verdict for verdict in verdicts if verdict.problem]
        if not broken:
            return ok()
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        return failed(Reason.MISMATCH, f"{broken[0].rule}: {broken[0].problem}{more}")

    def _scheme_verdicts(self, url: URL) -> Sequence[Verdict]:
        secure = url.scheme == "https"
        verdicts = []
        if self._module.fail_if_ssl:
            verdicts.append(Verdict("fail_if_ssl", "the answer came over TLS" if secure else ""))
        if self._module.fail_if_not_ssl:
            verdicts.append(Verdict("fail_if_not_ssl", "" if secure else "the answer came without TLS"))
        return verdicts

    def _body_verdicts(self, response: ClientResponse, body: Body) -> Sequence[Verdict]:
        if body.unread and self._module.reads_body:
            return [Verdict("Content-Encoding", f"got {shorten(body.unread)}, asked for gzip or deflate")]
        return list(self._rules.judge(response.headers, body.data, response.charset))

    def _trusted(self, reading: Reading) -> Reading:
        return by_nobody(reading, option="tls.") if self._trusts_nobody else reading


def build(module: Module) -> Collector:
    """A collector for one module of kind `http`."""
    if not isinstance(module, HttpModule):
        raise TypeError(f"got a module of type {type(module).__name__}, wanted HttpModule")
    return HttpCollector(module)


async def _once(req: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp from trying again: a server that drops every other connection must not look healthy."""
    try:
        return await handler(req)
    except (aiohttp.ClientError, OSError) as exc:
        if isinstance(exc, TimeoutError) and exc.errno is None:
            raise
        raise AttemptError(exc) from exc


def _session(module: HttpModule, resolver: HopResolver, context: ssl.SSLContext) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=HopConnector(resolver, FAMILIES[module.family], context),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # collect has the one deadline
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
