"""GET and POST /api/v1/seals: the seals of months, who has them, and where the chain ends (E3)."""

from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from agent.errors import UsageError
from agent.stores.base import SealStanding
from agent.web import asked
from agent.web.answers import Clockface, Json
from agent.web.clock import LOCAL, NAME_MAX
from agent.web.keys import AGENT, QUESTIONS
from agent.web.written import answer

if TYPE_CHECKING:
    from agent.app import Agent


def add_routes(app: web.Application) -> None:
    """The two routes."""
    app.add_routes([web.get("/api/v1/seals", seals), web.post("/api/v1/seals", seal)])


async def seals(request: web.Request) -> web.Response:
    """All seals, or those of a month, the first first; the end of the chain."""
    asked.only(request, ("period",))
    agent = request.app[AGENT]
    return answer(await request.app[QUESTIONS].ask(partial(_told, agent, request.query.get("period"))))


async def seal(request: web.Request) -> web.Response:
    """Seal what is due, or a month; the answer says what was done."""
    asked.only(request, ("period", "by", "accept_clock"))
    by = request.query.get("by", LOCAL)
    if not by or len(by) > NAME_MAX or not by.isprintable():
        raise UsageError(f"parameter by: got {by[:80]!r}, wanted 1 to {NAME_MAX} printable characters")
    accept = asked.choice(request, "accept_clock", ("true", "false")) == "true"
    agent = request.app[AGENT]
    done = await agent.chained.chain.ask(
        lambda: agent.chained.seals.on_demand(request.query.get("period"), by, accept_clock=accept)
    )
    return answer({"sealed": [f"{kept.seal.algorithm}:{kept.digest}" for kept in done.seals], "text": done.words})


def _told(agent: "Agent", period: str | None) -> Json:
    at = Clockface(agent.config.zone_info)
    head = agent.reader.last_head()
    return {
        "simulated": agent.is_simulated,
        "algorithm": agent.config.chain.algorithm,
        "witnesses": [witness.name for witness in agent.config.witnesses],
        "head": None
        if head is None
        else {
            "number": head.head.number,
            "until": at(head.head.until),
            "digest": f"{head.head.algorithm}:{head.digest}",
        },
        "seals": [_seal(standing, at) for standing in agent.reader.seals(period)],
    }


def _seal(standing: SealStanding, at: Clockface) -> Json:
    seal = standing.kept.seal
    return {
        "period": seal.period,
        "revision": seal.revision,
        "digest": standing.digest,
        "sealed_at": at(seal.sealed_at),
        "sealed_by": seal.sealed_by,
        "head": seal.last_head,
        "clock": seal.said.get("clock"),
        "figures": dict(seal.figures),
        "because": seal.said.get("because", []),
        "changed": seal.said.get("figures", []),
        "witnesses": [{"name": each.witness, "at": at(each.at)} for each in standing.witnesses],
    }
