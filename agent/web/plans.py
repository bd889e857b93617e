"""The JSON API of plans: their tables as `sla-agent report` tells them, to the last digit."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from aiohttp import web

from agent.errors import UsageError
from agent.figures.plan import PlanTables, Table, as_json
from agent.figures.rollup import By
from agent.language import LANGUAGES, ZH
from agent.plans import BUILT_IN, plan_by_id
from agent.reports import rollup
from agent.reports.build import Wanted, build
from agent.reports.csv_file import csv_text
from agent.reports.forms import TYPES, Form, rendered
from agent.reports.full import plain
from agent.reports.html import policy
from agent.reports.party import parse
from agent.web import asked
from agent.web import evidence as pack
from agent.web.answers import Json
from agent.web.keys import AGENT, QUESTIONS, REPORTS
from agent.web.problems import problem
from agent.web.written import answer
from sla.plans import Plan

if TYPE_CHECKING:
    from agent.app import Agent

FORMATS = ("json", "csv", *Form)


def add_routes(app: web.Application) -> None:
    """Routes under /api/v1/plans."""
    app.add_routes(
        [
            web.get("/api/v1/plans", plans),
            web.get("/api/v1/plans/{id}/indicators", indicators),
            web.get("/api/v1/plans/{id}/indicators/{indicator}/evidence", evidence),
            web.get("/api/v1/plans/{id}/report", report),
            web.get("/api/v1/plans/{id}/rollup", rolled),
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
    """The same as a file; as html or xlsx also the sheet of one carrier or county."""
    asked.only(request, ("period", "as_of", "lang", "format", "for"))
    form = asked.choice(request, "format", FORMATS) or "json"
    if form in list(Form):
        return await _file(request, Form(form))
    if "for" in request.query:
        raise UsageError(f"parameter for: got format {form}, wanted html or xlsx; such a sheet has no other form")
    return await _answer(request, form)


async def evidence(request: web.Request) -> web.StreamResponse:
    """All that one number rests on: a pack, or as JSON what explains it."""
    plan = await _chosen(request)
    return plan if isinstance(plan, web.Response) else await pack.evidence(request, plan)


async def rolled(request: web.Request) -> web.Response:
    """Each indicator by its parts, and their sum (V4)."""
    asked.only(request, ("period", "as_of", "by"))
    by = By(asked.choice(request, "by", tuple(By)) or By.COUNTY)
    agent, plan = request.app[AGENT], await _chosen(request)
    if isinstance(plan, web.Response):
        return plan
    as_of = asked.instant(request, "as_of", plan.zone_info)
    wanted = Wanted(plan=plan, period=request.query.get("period"), language=ZH, as_of=as_of)
    return answer(await request.app[QUESTIONS].ask(partial(_rolled, agent, wanted, by)))


def _rolled(agent: "Agent", wanted: Wanted, by: By) -> Json:
    made, _ = rollup.made(PlanTables(agent.reader, agent.shelf), wanted, by, now=agent.clock.now_us())
    return rollup.as_json(made)


async def _file(request: web.Request, form: Form) -> web.Response:
    """Made in a thread from end to end: the loop only sends it."""
    agent, plan = request.app[AGENT], await _chosen(request)
    if isinstance(plan, web.Response):
        return plan
    whose = request.query.get("for")
    wanted = Wanted(
        plan=plan,
        period=request.query.get("period"),
        language=asked.choice(request, "lang", LANGUAGES) or ZH,
        as_of=asked.instant(request, "as_of", plan.zone_info),
        whose=None if whose is None else parse(whose),
    )
    made = await request.app[REPORTS].ask(partial(_made, agent, wanted, form))
    headers = {"Cache-Control": "no-store", "Content-Disposition": _disposition(made)}
    if made.policy:
        headers["Content-Security-Policy"] = made.policy
    return web.Response(body=made.data, content_type=TYPES[form], charset=made.charset, headers=headers)


class _Made(NamedTuple):
    """A file to send. Shape: `policy` is what a page of its own style sheet may do."""

    name: str
    data: bytes
    shown: str
    charset: str | None
    policy: str


def _disposition(made: _Made) -> str:
    """The name in plain letters for old programs, and as it is."""
    letters = made.name.encode("ascii", "replace").decode().replace("?", "-")
    return f"{made.shown}; filename=\"{letters}\"; filename*=UTF-8''{quote(made.name)}"


def _made(agent: "Agent", wanted: Wanted, form: Form) -> _Made:
    found = build(PlanTables(agent.reader, agent.shelf), wanted, now=agent.clock.now_us())
    data, name = rendered(found, form), f"{found.stem}.{form}"
    if form is Form.HTML:
        return _Made(name, data, "inline", "utf-8", policy(found))
    return _Made(name, data, "attachment", None, "")


async def _chosen(request: web.Request) -> Plan | web.Response:
    """The plan of the path, or that there is none."""
    try:
        return await request.app[QUESTIONS].ask(partial(_plan, request.app[AGENT], request.match_info["id"]))
    except UsageError as exc:
        return problem(404, "no such plan", str(exc))


async def _answer(request: web.Request, form: str) -> web.Response:
    agent, plan = request.app[AGENT], await _chosen(request)
    if isinstance(plan, web.Response):
        return plan
    language = asked.choice(request, "lang", LANGUAGES) or ZH
    as_of = asked.instant(request, "as_of", plan.zone_info)
    table = partial(_table, agent, plan, request.query.get("period"), as_of)
    if form == "json":
        return answer(await request.app[QUESTIONS].ask(lambda: as_json(table(), language)))
    name, text = await request.app[QUESTIONS].ask(partial(_csv, table, language))
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


def _csv(table: Callable[[], Table], language: str) -> tuple[str, str]:
    """What the file is called, and what is in it."""
    found = table()
    return f"{plain(found.plan.id)}-{found.period}", csv_text(found, language)


def _plan(agent: "Agent", id_: str) -> Plan:
    """By its id alone: a path of this host is nobody's business over HTTP."""
    known = {plan.id: plan for plan in agent.indicators.plans}
    if id_ in known or id_ in BUILT_IN:
        return known.get(id_) or plan_by_id(id_)
    names = ", ".join(dict.fromkeys([*known, *BUILT_IN]))
    raise UsageError(f"plan: got {id_[:80]!r}, wanted one of {names}")


def _table(agent: "Agent", plan: Plan, period: str | None, as_of: int | None) -> Table:
    now = agent.clock.now_us()
    if as_of is None:
        return agent.indicators.table(plan, period, now=now)
    return PlanTables(agent.reader, agent.shelf).table(plan, period, now=now, as_of=as_of)


def _plans(agent: "Agent") -> list[Json]:
    known = {plan.id: plan for plan in agent.indicators.plans}
    now = agent.clock.now_us()
    return [
        _listed((known.get(id_) or plan_by_id(id_)).at(now), id_ in known) for id_ in dict.fromkeys([*known, *BUILT_IN])
    ]


def _listed(plan: Plan, is_configured: bool) -> Json:
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
