"""GET /sd/targets: the register as Prometheus's HTTP service discovery wants it, always whole."""

import asyncio
import json
from collections.abc import Iterable

from aiohttp import web

from agent.targets import Duty, Watched
from agent.web.keys import AGENT


def add_routes(app: web.Application) -> None:
    """The one route."""
    app.add_routes([web.get("/sd/targets", discovered)])


async def discovered(request: web.Request) -> web.Response:
    """Everything that is scheduled for its own sake. Before all of it is known 503, which changes no list."""
    agent = request.app[AGENT]
    if not agent.is_ready:
        raise web.HTTPServiceUnavailable(text="not ready: starting or stopping\n")
    text = await asyncio.to_thread(listed, list(agent.watched.values()))  # 43 000 of them take a while
    return web.Response(text=text, content_type="application/json")


def listed(watched: Iterable[Watched]) -> str:
    """A group for each target, in the order of the schedule."""
    groups = [
        {"targets": [each.target.address], "labels": labels(each)} for each in watched if each.duty is Duty.TARGET
    ]
    return json.dumps(groups, ensure_ascii=False)


def labels(watched: Watched) -> dict[str, str]:
    """What relabelling may take: Prometheus drops names that begin with __ afterwards."""
    own = {
        "target": watched.id,
        "kind": watched.kind,
        "module": watched.module,
        "role": watched.role,
        "site": watched.site,
        "plane": watched.plane or "",
        "vantage": watched.vantage,
        "name": watched.name,
    }
    return {f"__meta_sla_{name}": value for name, value in own.items()}
