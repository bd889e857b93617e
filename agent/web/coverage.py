"""The JSON API of coverage: units by status, and the lists behind each number (C1-C3)."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from agent.figures.coverage import EXTRANET, NETWORKS, Question, covered
from agent.figures.timelines import Timelines
from agent.instants import format_instant
from agent.version import METHOD_VERSION
from agent.web import asked
from agent.web.answers import Json
from agent.web.keys import AGENT, QUESTIONS
from agent.web.written import answer
from sla.availability import Ratio
from sla.coverage import LEVELS, WITHIN_US, Coverage, Status
from sla.model import Window
from sla.periods import to_datetime, year
from sla.shares import Ids, Share

if TYPE_CHECKING:
    from agent.app import Agent

WITH_DAYS = ("yes", "no")


async def coverage(request: web.Request) -> web.Response:
    """Coverage of a network, of one level or of all, now or at as_of; days=yes adds the days of the running year."""
    asked.only(request, ("network", "level", "as_of", "days"))
    agent = request.app[AGENT]
    zone, now = agent.config.zone_info, agent.clock.now_us()
    network, level = asked.choice(request, "network", NETWORKS), asked.choice(request, "level", LEVELS)
    cut = asked.past(request, "as_of", zone, now)
    days = Window(year(to_datetime(cut, zone).year, zone).start, cut)
    question = Question(
        network=network or EXTRANET,
        levels=LEVELS if level is None else (level,),
        cut=cut,
        days=days if asked.choice(request, "days", WITH_DAYS) == "yes" else None,
    )
    return answer(await request.app[QUESTIONS].ask(partial(_answer, agent, question)))


def _answer(agent: "Agent", question: Question) -> Json:
    zone = agent.config.zone_info
    known = Timelines(agent.reader, agent.shelf.book(agent.reader), question.cut)
    known.load_all()
    found = covered(agent.reader, known, zone, question)
    version = agent.reader.register_versions().get("divisions")
    return {
        "network": question.network,
        "as_of": format_instant(question.cut, zone),
        "from": format_instant(question.cut - WITHIN_US, zone),
        "method_version": METHOD_VERSION,
        "register_version": None if version is None else str(version),
        "simulated": agent.reader.meta("simulated") == "true",
        "total": _share(found.total),
        "levels": {level: _share(share) for level, share in found.levels.items()},
        "left_out": list(found.left_out),
        "counted_zones": list(found.counted_zones),
        "strays": list(found.strays),
        "shared_by": _others(found.shared_by),
        "repeated_by": _others(found.repeated_by),
        "days": _days(found) if question.days else None,
    }


def _share(share: Share) -> Json:
    return {
        "n": share.n,
        "d": share.d,
        "low": _pair(share.low),
        "high": _pair(share.high),
        "claimed": _pair(share.claimed),
        "units": {str(status): list(share.lists[status]) for status in Status},
        "shared": list(share.beside["shared"]),
        "repeating": list(share.beside["repeating"]),
    }


def _others(said: Mapping[str, Mapping[str, Ids]]) -> Json:
    return {unit: {identity: list(ids) for identity, ids in sorted(by.items())} for unit, by in sorted(said.items())}


def _pair(ratio: Ratio | None) -> list[int] | None:
    return None if ratio is None or ratio[1] == 0 else list(ratio)


def _days(found: Coverage) -> dict[str, int]:
    return dict(sorted(found.days.items()))
