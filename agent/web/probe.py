"""GET /probe: one probe now, answered as blackbox_exporter answers, for Prometheus's multi-target pattern."""

import gzip
import math
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import hdrs, web

from agent.config.problems import nearest
from agent.probing.admission import RefusedError
from agent.probing.page import debug_page, page
from agent.probing.prober import AddressError, BusyError, StoppingError, Wish
from agent.web.keys import AGENT

if TYPE_CHECKING:
    from agent.app import Agent
    from agent.config.model import ModuleConfig

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
DEFAULT_MODULE = "http_2xx"
SCRAPE_TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"
DEFAULT_SECONDS = 120.0
OFFSET_SECONDS = 0.5
"""What is left of a scrape's time for the answer's way back."""

_RETRY_SECONDS = "1"


class _Refusal(NamedTuple):
    status: int
    text: str
    result: str


class _RefusalError(Exception):
    def __init__(self, status: int, text: str, result: str = "invalid") -> None:
        super().__init__(text)
        self.refusal = _Refusal(status, text, result)


def add_routes(app: web.Application) -> None:
    """Add the path."""
    app.router.add_get("/probe", probe)


async def probe(request: web.Request) -> web.Response:
    """200 with the metrics, whatever the probe says; another status where there was no probe."""
    agent = request.app[AGENT]
    try:
        text, kind = await _answer(agent, request)
    except _RefusalError as exc:
        status, text, result = exc.refusal
        agent.metrics.asked(result)
        headers = {hdrs.RETRY_AFTER: _RETRY_SECONDS} if status == web.HTTPServiceUnavailable.status_code else {}
        return web.Response(status=status, text=f"{text}\n", headers=headers)
    agent.metrics.asked("probed")
    return _packed(request, text, kind)


async def _answer(agent: "Agent", request: web.Request) -> tuple[str, str]:
    """The page and its type. Errors: _RefusalError."""
    wish = _wish(agent, request)
    try:
        probed = await agent.prober.probe(wish)
    except RefusedError as exc:
        raise _RefusalError(403, str(exc), "refused") from exc
    except AddressError as exc:
        raise _RefusalError(400, str(exc)) from exc
    except BusyError as exc:
        raise _RefusalError(503, str(exc), "busy") from exc
    except StoppingError as exc:
        raise _RefusalError(503, "the agent is starting or stopping; ask again", "stopping") from exc
    return (debug_page(probed), PLAIN) if wish.with_steps else (page(probed), TEXT)


def _wish(agent: "Agent", request: web.Request) -> Wish:
    """What is asked for, looked at in blackbox's order. Errors: _RefusalError."""
    query = request.query
    module = _module(agent, query.get("module") or DEFAULT_MODULE)
    timeout = timeout_of(request.headers.get(SCRAPE_TIMEOUT, ""), module.timeout_seconds)
    if not query.get("target"):
        raise _RefusalError(400, "Target parameter is missing")
    if "hostname" in query:  # ignored it would measure something else than what is asked for
        raise _RefusalError(400, "hostname: wanted none; write headers: {Host: NAME} or tls.server_name into a module")
    return Wish(module, query["target"], timeout, query.get("debug") == "true")


def _module(agent: "Agent", name: str) -> "ModuleConfig":
    modules = agent.config.modules
    if name not in modules:
        raise _RefusalError(400, f'Unknown module "{name[:100]}"; {nearest(name[:100], modules)}')
    return modules[name]


def timeout_of(header: str, module_seconds: float) -> float:
    """Seconds for a probe: the module's, or less where the scrape ends sooner.

    A scrape that leaves no time at all is believed as little as one below 0. Errors: _RefusalError for no number.
    """
    try:
        scrape = float(header) if header else 0.0
    except ValueError:
        scrape = math.nan
    if math.isnan(scrape):
        text = f"Failed to parse timeout from Prometheus header: got {header[:50]!r}, wanted seconds as a number"
        raise _RefusalError(500, text)
    room = (scrape or DEFAULT_SECONDS) - OFFSET_SECONDS
    return module_seconds if room <= 0 else min(module_seconds, room)


def _packed(request: web.Request, text: str, kind: str) -> web.Response:
    body, headers = text.encode(), {hdrs.CONTENT_TYPE: kind}
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        body, headers[hdrs.CONTENT_ENCODING] = gzip.compress(body, 1), "gzip"
    return web.Response(body=body, headers=headers)
