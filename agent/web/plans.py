"""The JSON API of plans: their tables as `sla-agent report` tells them, to the last digit."""

from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from agent.errors import UsageError
from agent.figures.plan import PlanTables, Table, as_json
from agent.language import LANGUAGES, ZH
from agent.plans import BUILT_IN, plan_by_id
from agent.reports.csv_file import csv_text
from agent.web import asked
from agent.web.answers import Json
from agent.web.keys import AGENT, QUESTIONS
from agent.web.problems import problem
from agent.web.written import answer
from sla.plans import Plan

if TYPE_CHECKING:
    from agent.app import Agent

FORMATS = ("json", "csv")


def add_routes(app: web.Application) -> None:
    """Routes under /api/v1/plans."""
    app.add_routes(
        [
            web.get("/api/v1/plans", plans),
            web.get("/api/v1/plans/{id}/indicators", indicators),
            web.get("/api/v1/plans/{id}/report", report),
        ]
    )


async def plans(request: web.Request) -> web.Response:
    """The plans that can be asked for: those of the configuration, then the built-in ones."""
    asked.only(request, ())
    found = await request.app[QUESTIONS].ask(partial(_plans, request.app[AGENT]))
    return answer({"plans": found})


async def indicators(request: web.Request) -> web.Response:
    """The JSON of a report: every row of the plan's table; without a period the running year."""
    asked.only(request, ("period", "as_of", "lang"))
    return await _answer(request, "json")


async def report(request: web.Request) -> web.Response:
    """The same as a file."""
    asked.only(request, ("period", "as_of", "lang", "format"))
    return await _answer(request, asked.choice(request, "format", FORMATS) or "json")


async def _answer(request: web.Request, form: str) -> web.Response:
    agent, id_ = request.app[AGENT], request.match_info["id"]
    language = asked.choice(request, "lang", LANGUAGES) or ZH
    try:
        plan = await request.app[QUESTIONS].ask(partial(_plan, agent, id_))
    except UsageError as exc:
        return problem(404, "no such plan", str(exc))
    as_of = asked.instant(request, "as_of", plan.zone_info)
    table = await request.app[QUESTIONS].ask(partial(_table, agent, plan, request.query.get("period"), as_of))
    if form == "json":
        return answer(as_json(table, language))
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{_name(table)}.csv"'}
    return web.Response(text=csv_text(table, language), content_type="text/csv", charset="utf-8", headers=headers)


def _name(table: Table) -> str:
    """What the file is called: plain letters only, whatever the plan's id is."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in table.plan.id)
    return f"{plain}-{table.period}"


def _plan(agent: "Agent", id_: str) -> Plan:
    """By its id alone: a path of this host is nobody's business over HTTP."""
    known = {plan.id: plan for plan in agent.plans}
    if id_ in known or id_ in BUILT_IN:
        return known.get(id_) or plan_by_id(id_)
    names = ", ".join(dict.fromkeys([*known, *BUILT_IN]))
    raise UsageError(f"plan: got {id_[:80]!r}, wanted one of {names}")


def _table(agent: "Agent", plan: Plan, period: str | None, as_of: int | None) -> Table:
    return PlanTables(agent.reader, agent.shelf).table(plan, period, now=agent.clock.now_us(), as_of=as_of)


def _plans(agent: "Agent") -> list[Json]:
    known = {plan.id: plan for plan in agent.plans}
    return [_told(known.get(id_) or plan_by_id(id_), id_ in known) for id_ in dict.fromkeys([*known, *BUILT_IN])]


def _told(plan: Plan, is_configured: bool) -> Json:
    return {
        "id": plan.id,
        "title_zh": plan.title_zh,
        "title_en": plan.title_en,
        "city_zh": plan.city_zh,
        "city_en": plan.city_en,
        "draft": plan.is_draft,
        "document": plan.document,
        "years": list(plan.years),
        "indicators": len(plan.rows),
        "variant": str(plan.variant),
        "adopted": None if plan.adopted is None else plan.adopted._asdict(),
        "configured": is_configured,
    }
