"""The JSON API: what the agent knows, in the words of the method. Every answer is about what is durable."""

import json
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from agent.errors import UsageError
from agent.exporter import shown_state
from agent.figures import Figures
from agent.targets import Duty
from agent.version import METHOD_VERSION, VERSION
from agent.web import answers, asked, faults, importing, plans, seals, traffic
from agent.web.answers import Clockface, Json
from agent.web.counting import count
from agent.web.coverage import coverage
from agent.web.keys import AGENT, QUESTIONS
from agent.web.lookup import require_known, require_watched
from agent.web.shown import Shown, in_passes, known, parts_of
from agent.web.spans import whole
from agent.web.written import answer, answer_text, json_text
from sla.model import State, Window
from sla.periods import to_datetime, year

if TYPE_CHECKING:
    from agent.app import Agent

SPANS_MAX = 10_000
DAY_US = 86_400_000_000


def add_routes(app: web.Application) -> None:
    """Routes under /api/v1. Ids may hold / and #: percent-encoded they are unmistakable, a plain / is understood."""
    traffic.add_routes(app)
    app.add_routes(
        [
            web.get("/api/v1/status", status),
            web.get("/api/v1/targets", targets),
            web.get("/api/v1/targets/{id:.+}/timeline", timeline),
            web.get("/api/v1/targets/{id:.+}", target),
            web.get("/api/v1/availability", availability),
            web.get("/api/v1/coverage", coverage),
            web.get("/api/v1/openapi.json", openapi),
        ]
    )
    importing.add_routes(app)
    faults.add_routes(app)
    plans.add_routes(app)
    seals.add_routes(app)


async def status(request: web.Request) -> web.Response:
    """The agent itself: how fresh, how sound, on what store and configuration."""
    asked.only(request, ())
    agent = request.app[AGENT]
    counts = await count(agent, agent.clock.now_us())
    facts = await request.app[QUESTIONS].ask(partial(answers.facts, agent))
    return answer(answers.status(agent, counts.as_json(), facts))


async def targets(request: web.Request) -> web.Response:
    """Targets by id, page by page, with their components."""
    asked.only(request, ("limit", "cursor", "state", "kind"))
    agent = request.app[AGENT]
    paging = asked.paging(request)
    state = asked.choice(request, "state", [state.label for state in State])
    kind = asked.choice(request, "kind", [kind.name for kind in agent.kinds])
    rows = await _rows(request, paging, state, kind)
    page, more = rows[: paging.limit], len(rows) > paging.limit
    following = asked.cursor(page[-1][0].watched.id) if more else None
    told = partial(_told, agent, page, agent.clock.now_us())
    body = {"simulated": agent.is_simulated, "next_cursor": following}
    text = await request.app[QUESTIONS].ask(lambda: json_text({**body, "targets": told()}))
    headers = {}
    if following is not None:
        query = urlencode({**request.query, "cursor": following})
        headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return answer_text(text, headers)


async def target(request: web.Request) -> web.Response:
    """One target, or one component."""
    asked.only(request, ())
    agent = request.app[AGENT]
    parts = await require_watched(request, request.match_info["id"])
    told = await request.app[QUESTIONS].ask(partial(_told, agent, [parts], agent.clock.now_us()))
    return answer(told[0])


async def timeline(request: web.Request) -> web.Response:
    """What a component was in, span by span; by default in the last 24 hours."""
    asked.only(request, ("from", "to"))
    agent = request.app[AGENT]
    zone, now = agent.config.zone_info, agent.clock.now_us()
    as_of = agent.committer.durable_until or now
    window = asked.window(request, zone, Window(as_of - DAY_US, as_of))
    name = await require_known(request, request.match_info["id"])
    body = await request.app[QUESTIONS].ask(partial(_timeline, agent, name, window, now))
    return answer(body)


async def availability(request: web.Request) -> web.Response:
    """The figures of `sla-agent availability --json`; without a window the running year."""
    asked.only(request, ("target", "from", "to", "as_of", "breakdown"))
    if "target" not in request.query:
        raise UsageError("parameter target: got nothing, wanted the id of a target or TARGET#COMPONENT")
    agent = request.app[AGENT]
    zone, now = agent.config.zone_info, agent.clock.now_us()
    as_of, piece = asked.instant(request, "as_of", zone), asked.piece(request)
    cut = now if as_of is None else as_of
    window = asked.window(request, zone, Window(year(to_datetime(cut, zone).year, zone).start, cut))
    name = await require_known(request, request.query["target"])
    figures = Figures(agent.reader, zone, agent.shelf)
    question = partial(figures.answer, name, window, now=now, as_of=as_of, breakdown=piece)
    return answer(await request.app[QUESTIONS].ask(question))


async def openapi(request: web.Request) -> web.Response:
    """This API for programs that write clients."""
    asked.only(request, ())
    return answer(description())


@cache
def description() -> Json:
    """The hand-written OpenAPI document, with the running version in it."""
    text = (resources.files("agent.web") / "openapi.json").read_text(encoding="utf-8")
    document: Json = json.loads(text)
    document["info"]["version"] = VERSION
    return document


def _told(agent: "Agent", page: list[list[Shown]], now: int) -> list[Json]:
    """Targets in words, with why those that are UNKNOWN are so; in a thread, as a page of them is long."""
    parts = [part for parts in page for part in parts]
    reasons = {one.component: known(agent.reader, one.component, now) for one in parts if one.state is State.UNKNOWN}
    time = Clockface(agent.config.zone_info)
    return [answers.target(parts, reasons, time) for parts in page]


async def _rows(request: web.Request, paging: asked.Paging, state: str | None, kind: str | None) -> list[list[Shown]]:
    """The page's targets and one more, if there is one."""
    agent = request.app[AGENT]
    now = agent.clock.now_us()
    ids = await request.app[QUESTIONS].ask(partial(_ids_after, agent, paging.after, kind))
    rows: list[list[Shown]] = []
    async for watched in in_passes(agent.watched[name] for name in ids if name in agent.watched):
        entry = agent.ledger.of_target(watched.id).get("")
        if entry is None or (state is not None and shown_state(entry, now).label != state):
            continue
        rows.append(parts_of(agent, watched.id, now))
        if len(rows) > paging.limit:
            break
    return rows


def _ids_after(agent: "Agent", after: str, kind: str | None) -> list[str]:
    """Ids of targets, in order; the dictionary is replaced by a reload, never changed."""
    return sorted(
        name
        for name, watched in agent.watched.items()
        if name > after and watched.duty is Duty.TARGET and (kind is None or watched.kind == kind)
    )


def _timeline(agent: "Agent", name: str, window: Window, now: int) -> Json:
    zone, as_of = agent.config.zone_info, agent.committer.durable_until or now
    figures, time = Figures(agent.reader, zone, agent.shelf), Clockface(zone)
    figure = figures.figure(name, window, now=now, as_of=as_of)
    found = whole(figure.timeline, figure.service, figure.window)
    if len(found) > SPANS_MAX:
        raise UsageError(
            f"{len(found)} spans from {time(figure.window.start)} to {time(figure.window.end)}, at most {SPANS_MAX} in "
            "one answer; ask for a shorter window"
        )
    body: Json = {
        "target": name,
        "from": time(figure.window.start),
        "to": time(figure.window.end),
        "as_of": time(as_of),
        "method_version": METHOD_VERSION,
        "simulated": figures.simulated,
        "spans": answers.spans(found, time),
    }
    if figure.cut:
        body["cut_to_as_of"] = True
    return body
