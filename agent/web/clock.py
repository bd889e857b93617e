"""POST /-/accept-clock: a person takes the wall clock for right, and with it its steps that are unresolved (T4)."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from agent.clockwatch import Accepted
from agent.errors import UsageError
from agent.web import answers, asked
from agent.web.answers import Clockface
from agent.web.keys import AGENT
from agent.web.problems import problem

if TYPE_CHECKING:
    from agent.app import Agent

LOCAL = "local"
"""The author of a write over HTTP that names none; there are no users yet."""

NAME_MAX = 1024
DURABLE_SECONDS = 30.0
_POLL_SECONDS = 0.05


def add_routes(app: web.Application) -> None:
    """The one route."""
    app.add_routes([web.post("/-/accept-clock", accept)])


async def accept(request: web.Request) -> web.Response:
    """Resolve the open steps; answered when that is durable."""
    asked.only(request, ("by",))
    agent = request.app[AGENT]
    by = request.query.get("by", LOCAL)
    if not by or len(by) > NAME_MAX or not by.isprintable():
        raise UsageError(f"parameter by: got {by[:80]!r}, wanted 1 to {NAME_MAX} printable characters")
    said = agent.watch.accept(by)
    if said.steps and not await _durable(agent):
        why = f"the store has written nothing for {DURABLE_SECONDS:g} s; see the agent's log, then look again"
        return problem(503, "accepted, and not yet durable", why)
    body = {
        "accepted": said.steps,
        "jumped_us": said.jump_us,
        "clock": answers.clock(agent, Clockface(agent.config.zone_info)),
        "text": words(agent, said),
    }
    return web.json_response(body, headers={"Cache-Control": "no-store"})


def words(agent: "Agent", said: Accepted) -> list[str]:
    """What came of it, for people."""
    until = Clockface(agent.config.zone_info)(agent.watch.behind_until)
    if until is None:
        return [_of_steps(said)]
    behind = (
        f"the wall clock is behind the last record of the run before, {until}; that cannot be accepted: set the "
        "clock, or wait until it has passed that instant"
    )
    return [_of_steps(said), behind]


def _of_steps(said: Accepted) -> str:
    if not said.steps:
        return "no step of the clock is unresolved; nothing was accepted"
    accepted = f"{said.steps} unresolved {'step' if said.steps == 1 else 'steps'} of the clock accepted"
    if said.jump_us:
        return f"{accepted}; dated by the wall clock from now on, the {said.jump_us / 1e6:.3f} s between are UNKNOWN"
    if said.offset_us < 0:
        return (
            f"{accepted}; a ledger cannot go back, so its dates stay {-said.offset_us / 1e6:.3f} s ahead of the wall "
            "clock; to let the wall clock catch up, stop the agent for as long: that time is UNKNOWN"
        )
    return accepted


async def _durable(agent: "Agent") -> bool:
    """Wait until all that is decided now is in the store."""
    now = agent.clock.now_us()
    try:
        async with asyncio.timeout(DURABLE_SECONDS):
            while agent.committer.durable_until <= now:  # noqa: ASYNC110 (nothing tells of a commit)
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        return False
    return True
