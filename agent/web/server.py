"""The HTTP server: metrics, health, reload, the JSON API and the pages. It only reads; what it shows is durable."""

import asyncio
from collections.abc import AsyncIterator
from itertools import chain
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import exposition
from prometheus_client.openmetrics import exposition as openmetrics

from agent.config import ConfigError
from agent.errors import AgentError
from agent.marking import marked
from agent.packing import Gzip, Packed, pack
from agent.page import Kept, Piece, text_of
from agent.web import api, clock, discovery, pages, probe
from agent.web.door import Door, most_connections
from agent.web.guard import refuse_foreign
from agent.web.keys import AGENT, QUESTIONS, REPORTS
from agent.web.problems import problem, problems_as_answers
from agent.web.questions import Questions

if TYPE_CHECKING:
    from agent.app import Agent

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PARCEL_CHARACTERS = 512 * 1024
KEPT_AT_ONCE = 16
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

REPORT_SECONDS = 120.0
REPORTS_WAITING = 4
"""Files of reports take long: they have a thread of their own, so that pages never wait for them."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


SIMULATED_HEADER = "Sla-Simulated"
"""On every answer of an agent whose store was born simulated (E8)."""


class Server:
    """Listens on the configured address; `address` is where, once started."""

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent
        self._runner: web.AppRunner | None = None
        self.address = agent.config.web.listen_address

    async def start(self) -> None:
        """Begin to listen. Errors: AgentError when the address cannot be had."""
        self._runner = web.AppRunner(application(self._agent), access_log=None, handle_signals=False)
        await self._runner.setup()
        host, _, port = self._agent.config.web.listen_address.rpartition(":")
        site = Door(self._runner, host.strip("[]"), int(port), most_connections())
        try:
            await site.start()
        except OSError as exc:
            await self._runner.cleanup()
            raise AgentError(
                f"web.listen_address {self.address}: {exc.strerror}; stop what listens there, or name another port"
            ) from exc
        self.address = _address_of(self._runner)

    async def stop(self) -> None:
        """Stop listening; requests under way are ended."""
        if self._runner is not None:
            await self._runner.cleanup()


def application(agent: "Agent") -> web.Application:
    """All routes over one agent."""
    app = web.Application(middlewares=[problems_as_answers, refuse_foreign])
    app[AGENT], app[QUESTIONS] = agent, Questions()
    app[REPORTS] = Questions(REPORT_SECONDS, threads=1, waiting=REPORTS_WAITING)
    app.on_response_prepare.append(_secure)
    app.on_cleanup.append(_close)
    app.add_routes(
        [
            web.get("/metrics", metrics),
            web.get("/-/healthy", healthy),
            web.get("/-/ready", ready),
            web.post("/-/reload", reload),
        ]
    )
    clock.add_routes(app)
    probe.add_routes(app)
    discovery.add_routes(app)
    api.add_routes(app)
    pages.add_routes(app)
    return app


async def metrics(request: web.Request) -> web.StreamResponse:
    """The page in pieces, so that probes run between them; gzip where it is asked for."""
    agent = request.app[AGENT]
    open_metrics = "application/openmetrics-text" in request.headers.get("Accept", "")
    response = web.StreamResponse(headers={"Content-Type": OPEN_METRICS if open_metrics else TEXT})
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        await response.prepare(request)
        async for parcel in _parcels(_pieces(agent, open_metrics=open_metrics)):
            await response.write(await asyncio.to_thread(_plain, parcel))
    else:
        response.headers["Content-Encoding"] = "gzip"
        await response.prepare(request)
        await _write_gzip(response, _parcels(_pieces(agent, open_metrics=open_metrics)))
    await response.write_eof()
    return response


async def _write_gzip(response: web.StreamResponse, parcels: AsyncIterator[list[Piece]]) -> None:
    """What was kept is packed already; all the rest is packed beside the loop, for probes do not wait for a scrape."""
    packing = Gzip()
    await response.write(packing.begin())
    async for parcel in parcels:
        is_kept = all(isinstance(piece, Kept) and not piece.is_new for piece in parcel)
        parts = _packed(parcel) if is_kept else await asyncio.to_thread(_packed, parcel)
        await response.write(b"".join(map(packing.add, parts)))
    await response.write(packing.end())


def _packed(parcel: list[Piece]) -> list[Packed]:
    """Its parts: what can be kept piece by piece, what cannot in one with its neighbours."""
    parts, loose = list[Packed](), list[str]()
    for piece in parcel:
        if isinstance(piece, str):
            loose.append(piece)
            continue
        if loose:
            parts.append(pack("".join(loose).encode()))
            loose = []
        parts.append(piece.packed())
    return [*parts, pack("".join(loose).encode())] if loose else parts


def _plain(parcel: list[Piece]) -> bytes:
    return text_of(parcel).encode()


async def _parcels(pieces: AsyncIterator[Piece]) -> AsyncIterator[list[Piece]]:
    """The same pieces by the hundred: each part that is handed to a thread costs two wake-ups."""
    held, size = list[Piece](), 0
    async for piece in pieces:
        held.append(piece)
        size += len(piece) if isinstance(piece, str) else piece.size
        if size >= PARCEL_CHARACTERS:
            yield held
            held, size = [], 0
    yield held


async def _pieces(agent: "Agent", *, open_metrics: bool) -> AsyncIterator[Piece]:
    """The agent's own families, then the targets' ones, then what ends an OpenMetrics page.

    A write alone does not give the loop back, and probes are waiting for it: a piece that was kept costs next to
    nothing, all others are followed by a turn of the loop.
    """
    render = openmetrics.generate_latest if open_metrics else exposition.generate_latest
    own = render(marked(agent.metrics.registry, is_simulated=agent.is_simulated)).decode()
    yield own.removesuffix("# EOF\n")
    kept = (agent.fault_metrics, agent.link_metrics, agent.register_metrics, agent.exporter)
    kept_in_turn = 0
    for piece in chain.from_iterable(families.chunks(open_metrics=open_metrics) for families in kept):
        is_kept = isinstance(piece, Kept) and not piece.is_new
        if piece:
            yield piece
        kept_in_turn = kept_in_turn + 1 if is_kept else KEPT_AT_ONCE
        if kept_in_turn >= KEPT_AT_ONCE:
            kept_in_turn = 0
            await asyncio.sleep(0)
    if open_metrics:
        yield "# EOF\n"


async def healthy(_: web.Request) -> web.Response:
    """The process runs and its loop answers."""
    return web.Response(text="healthy\n")


async def ready(request: web.Request) -> web.Response:
    """Configuration, store and schedule are there."""
    if request.app[AGENT].is_ready:
        return web.Response(text="ready\n")
    return web.Response(text="not ready: starting or stopping\n", status=503)


async def reload(request: web.Request) -> web.Response:
    """Take the configuration file as it is now; a bad one is refused and the old one stays."""
    try:
        await request.app[AGENT].reload()
    except (ConfigError, AgentError) as exc:
        return problem(500, "reload refused, the old configuration stays in force", str(exc))
    return web.Response(text="reloaded\n")


async def _close(app: web.Application) -> None:
    await app[QUESTIONS].close()
    await app[REPORTS].close()


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)  # a report allows its own style sheet and nothing else
    if request.app[AGENT].is_simulated:
        response.headers[SIMULATED_HEADER] = "true"


def _address_of(runner: web.AppRunner) -> str:
    name = runner.addresses[0]
    host, port = name[0], name[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
