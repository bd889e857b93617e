"""Ids in requests: what they name, or which ids are near."""

from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from agent.figures import Figures
from agent.web.keys import AGENT, QUESTIONS
from agent.web.problems import UnknownTargetError
from agent.web.shown import Shown, find, near

if TYPE_CHECKING:
    from agent.app import Agent


async def require_watched(request: web.Request, name: str) -> list[Shown]:
    """A target with its components, or one component. Errors: 404 where the configuration has no such id."""
    agent = request.app[AGENT]
    found = find(agent, name, agent.clock.now_us())
    if found:
        return found
    if await request.app[QUESTIONS].ask(partial(_is_stored, agent, name)):
        why = f"target {name!r} is in the ledger, but not in the configuration; its timeline and availability remain"
        raise UnknownTargetError(name, [], why)
    raise UnknownTargetError(name, await _near(request, name))


async def require_known(request: web.Request, name: str) -> str:
    """The id again, if the ledger has it. Errors: 404."""
    agent = request.app[AGENT]
    if await request.app[QUESTIONS].ask(partial(_is_stored, agent, name)):
        return name
    if find(agent, name, agent.clock.now_us()):
        raise UnknownTargetError(name, [], f"target {name!r} is not in the ledger yet; ask again in a second")
    raise UnknownTargetError(name, await _near(request, name))


async def _near(request: web.Request, name: str) -> list[str]:
    agent = request.app[AGENT]
    target_id, _, part = name.partition("#")
    if part and (parts := agent.ledger.of_target(target_id)):
        names = [entry.name for entry in parts.values()]
    else:
        names = list(agent.watched)
    return await request.app[QUESTIONS].ask(partial(near, names, name))


def _is_stored(agent: "Agent", name: str) -> bool:
    found = agent.reader.component(name)
    if found is not None and found.name == name:
        return True
    return Figures(agent.reader, agent.config.zone_info, agent.shelf).timelines(agent.clock.now_us()).has(name)
