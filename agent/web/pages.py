"""The pages: written by the server, in Chinese or English, whole without any script."""

from functools import partial

from aiohttp import hdrs, web

from agent.web import answers, detail, landing, render
from agent.web.counting import count
from agent.web.keys import AGENT, QUESTIONS
from agent.web.lookup import require_watched
from agent.web.panels import freshness
from agent.web.shown import Shown
from agent.web.static import TYPES, file
from sla.model import Seen


def add_routes(app: web.Application) -> None:
    """Routes of pages."""
    app.add_routes(
        [
            web.get("/", home),
            web.get("/targets/{id:.+}", target),
            web.get("/static/{name}", static),
        ]
    )


async def home(request: web.Request) -> web.Response:
    """The landing page."""
    agent, look = request.app[AGENT], render.look_of(request)
    facts = await request.app[QUESTIONS].ask(partial(answers.facts, agent))
    taken = await landing.take(agent, facts)
    text = await request.app[QUESTIONS].ask(landing.build(agent, look, taken))
    return render.html(request, look, text)


async def target(request: web.Request) -> web.Response:
    """The page of a target, or of a component."""
    agent, look = request.app[AGENT], render.look_of(request)
    parts = await require_watched(request, request.match_info["id"])
    facts = await request.app[QUESTIONS].ask(partial(answers.facts, agent))
    now = agent.clock.now_us()
    fresh = freshness(agent, await count(agent, now), facts, now)
    taken = detail.Taken(now, fresh, parts, _streak(request, parts[0]))
    text = await request.app[QUESTIONS].ask(detail.build(agent, look, taken))
    return render.html(request, look, text)


async def static(request: web.Request) -> web.Response:
    """The style sheet and the icon; under the address that names their digest they never change."""
    name = request.match_info["name"]
    if name not in TYPES:
        raise web.HTTPNotFound
    found = file(name)
    kept = "max-age=31536000, immutable" if request.query.get("v") == found.digest else "no-cache"
    return web.Response(body=found.body, content_type=TYPES[name], charset="utf-8", headers={hdrs.CACHE_CONTROL: kept})


def _streak(request: web.Request, one: Shown) -> tuple[Seen, ...]:
    entry = request.app[AGENT].ledger.of_target(one.watched.id).get(one.part)
    return () if entry is None else entry.track.streak
