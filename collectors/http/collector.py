"""What kind `http` makes of an answer: status, scheme and the module's rules."""

from collections.abc import Mapping, Sequence
from typing import Self

from aiohttp import ClientResponse
from yarl import URL

from collectors.base import Collector, Module, Reading, Reason, Target, failed, ok
from collectors.certificates import shorten
from collectors.http.options import HttpModule
from collectors.http.rules import BodyRules, Verdict
from collectors.webclient import request
from collectors.webclient.body import Body
from collectors.webclient.client import Client, Walk
from collectors.webclient.request import Request

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


class HttpCollector:
    """Measures URLs with one module."""

    def __init__(self, module: HttpModule) -> None:
        self._module = module
        self._rules = BodyRules(module)
        self._client = Client(_request(module))

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.__aexit__(*exc)

    async def collect(self, target: Target) -> Sequence[Reading]:
        """One reading; ends by the target's timeout."""
        return [await self._client.ask(target, URL(target.address), self)]

    def refused(self, response: ClientResponse) -> Reading | None:
        """The reading of a status that the module does not accept."""
        problem = self._status_problem(response)
        if not problem:
            return None
        return failed(Reason.REDIRECT if request.is_redirect(response) else Reason.STATUS, problem)

    def _status_problem(self, response: ClientResponse) -> str:
        status, wanted = response.status, self._module.valid_status
        if str(status) in wanted or f"{status // 100}xx" in wanted:
            return ""
        to = f" to {request.shown_location(response)}" if request.is_redirect(response) else ""
        return f"got status {status} {shorten(response.reason or '')}{to}, wanted {', '.join(wanted)}"

    def answered(self, walk: Walk, response: ClientResponse, body: Body) -> Reading:
        """The reading of an answer by the module's rules."""
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


def build(module: Module) -> Collector:
    """A collector for one module of kind `http`."""
    if not isinstance(module, HttpModule):
        raise TypeError(f"got a module of type {type(module).__name__}, wanted HttpModule")
    return HttpCollector(module)


def _request(module: HttpModule) -> Request:
    return Request(
        kind="http",
        method=module.method,
        headers=module.headers,
        auth=module.auth,
        body=module.body,
        body_file=module.body_file,
        redirects=module.redirects,
        tls=module.tls,
        family=module.family,
        max_body=module.max_body,
        keep=module.reads_body,
        recognises=True,
    )
