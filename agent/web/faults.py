"""The JSON API of faults and maintenance windows, and what people say of a fault."""

import json
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from agent.config.problems import show
from agent.errors import AgentError, UsageError
from agent.figures.faults import Faults, Found, UnknownFaultError
from agent.figures.scopes import Windows
from agent.notes import note
from agent.web import asked
from agent.web.answers import Clockface, Json
from agent.web.keys import AGENT, QUESTIONS
from agent.web.problems import problem
from sla.faults import Fault, is_open
from sla.maintenance import Ruling
from sla.model import Window
from sla.periods import named, to_datetime, year

if TYPE_CHECKING:
    from agent.app import Agent

STATES = ("open", "closed")
LOCAL = "local"
"""The author of a write over HTTP that names none; there are no users yet."""

NAME_MAX = 1024
_BODY_MAX = 64 * 1024
_HEADERS = {"Cache-Control": "no-store"}


def add_routes(app: web.Application) -> None:
    """Routes under /api/v1."""
    app.add_routes(
        [
            web.get("/api/v1/faults", faults),
            web.get("/api/v1/faults/{id}", fault),
            web.post("/api/v1/faults/{id}/notes", notes),
            web.get("/api/v1/maintenance", maintenance),
        ]
    )


async def faults(request: web.Request) -> web.Response:
    """The faults of a period, as `sla-agent faults --json` tells them; without a period the running year."""
    asked.only(request, ("period", "state", "as_of"))
    agent = request.app[AGENT]
    as_of = asked.instant(request, "as_of", agent.config.zone_info)
    state = asked.choice(request, "state", STATES)
    now = agent.clock.now_us()
    period = _period(request, agent, now if as_of is None else as_of)
    body = await request.app[QUESTIONS].ask(partial(_found, agent, period, as_of, state))
    return web.json_response(body, headers=_HEADERS, dumps=_dumps)


async def fault(request: web.Request) -> web.Response:
    """One fault with what stands beside it; one that joined another names that one (404)."""
    asked.only(request, ("as_of",))
    agent = request.app[AGENT]
    as_of = asked.instant(request, "as_of", agent.config.zone_info)
    try:
        body = await request.app[QUESTIONS].ask(partial(_one, agent, request.match_info["id"], as_of))
    except UnknownFaultError as exc:
        return problem(404, "no such fault", str(exc), exc.near)
    return web.json_response(body, headers=_HEADERS, dumps=_dumps)


async def notes(request: web.Request) -> web.Response:
    """Acknowledge, annotate, or give another priority, cause or unit: a row with its author in the ledger (F1, E1)."""
    asked.only(request, ())
    agent, id_ = request.app[AGENT], request.match_info["id"]
    said = await _said(request)
    made = note(id_, said["kind"], said["value"], said["why"], by=said["by"], at=agent.clock.now_us())
    try:
        await request.app[QUESTIONS].ask(partial(_require, agent, id_))
    except UnknownFaultError as exc:
        return problem(404, "no such fault", str(exc), exc.near)
    try:
        await agent.committer.run_in_writer(partial(agent.writer.add_notes, [made]))
    except AgentError as exc:
        return problem(503, "the note was not written", str(exc))
    body = {"fault": id_, "kind": made.kind, "value": made.value, "why": made.why, "recorded_by": made.recorded_by}
    return web.json_response(body, headers=_HEADERS, dumps=_dumps)


async def maintenance(request: web.Request) -> web.Response:
    """Every version of every window, and what M1 says of it."""
    asked.only(request, ())
    agent = request.app[AGENT]
    body = await request.app[QUESTIONS].ask(partial(_windows, agent))
    return web.json_response(body, headers=_HEADERS, dumps=_dumps)


def _period(request: web.Request, agent: "Agent", at: int) -> Window:
    text, zone = request.query.get("period"), agent.config.zone_info
    if text is None:
        return year(to_datetime(at, zone).year, zone)
    try:
        return named(text, zone)
    except ValueError as exc:
        raise UsageError(f"parameter period: got {text[:80]!r}, {exc}") from None


def _asker(agent: "Agent") -> Faults:
    return Faults(agent.reader, agent.config.zone_info, agent.shelf)


def _found(agent: "Agent", period: Window, as_of: int | None, state: str | None) -> Json:
    asker = _asker(agent)
    found = asker.find(period, now=agent.clock.now_us(), as_of=as_of)
    return asker.as_json(found if state is None else _only(found, state))


def _only(found: Found, state: str) -> Found:
    """The rate stays that of all of them."""

    def fits(fault: Fault) -> bool:
        return is_open(fault) is (state == "open")

    return found._replace(faults=tuple(filter(fits, found.faults)), quality=tuple(filter(fits, found.quality)))


def _one(agent: "Agent", id_: str, as_of: int | None) -> Json:
    asker = _asker(agent)
    fault, found = asker.show(id_, now=agent.clock.now_us(), as_of=as_of)
    return {**asker.fault(fault), **asker.details(fault, found)}


def _require(agent: "Agent", id_: str) -> None:
    """A note is of a fault that there is, or was."""
    if not agent.reader.fault_events(id_):
        _asker(agent).show(id_, now=agent.clock.now_us())


def _windows(agent: "Agent") -> Json:
    time, book = Clockface(agent.config.zone_info), agent.shelf.book(agent.reader)
    windows = Windows(book, agent.reader.first_heartbeat())
    bodies = {
        (row.id, row.version): row for id_ in book.ids("maintenance") for row in book.versions("maintenance", id_)
    }
    return {
        "windows": [
            {**_window(ruling, time), **_entered(bodies[ruling.row.window_id, ruling.row.version].body)}
            for ruling in windows.rulings
        ]
    }


def _window(ruling: Ruling, time: Clockface) -> Json:
    row = ruling.row
    effective = ruling.effective
    return {
        "window_id": row.window_id,
        "version": row.version,
        "start": time(row.start),
        "end": time(row.end),
        "approved_at": time(row.approved_at),
        "notified_at": time(row.notified_at),
        "recorded_at": time(row.recorded_at),
        "counts": ruling.counts,
        "effective": [time(effective.start), time(effective.end)] if effective.length else None,
        "reasons": [str(reason) for reason in ruling.reasons],
        "documented": ruling.documented,
        "short_notice": ruling.short_notice,
    }


def _entered(body: Json) -> Json:
    return {name: body.get(name) for name in ("scope", "approved_by", "reason", "document")}


async def _said(request: web.Request) -> dict[str, str]:
    """The body: kind, and as it needs value, why, by. Errors: UsageError."""
    if (request.content_length or 0) > _BODY_MAX:
        raise UsageError(f"body: got more than {_BODY_MAX // 1024} KiB, wanted a short note")
    try:
        said = json.loads(await request.read())
    except (ValueError, RecursionError):  # what is nested without end is no note either
        said = None
    names = ("kind", "value", "why", "by")
    if (
        not isinstance(said, dict)
        or not said.keys() <= set(names)
        or not all(isinstance(v, str) for v in said.values())
    ):
        raise UsageError('body: wanted JSON such as {"kind": "ack"}, or {"kind": "note", "value": "TEXT"}')
    by = said.setdefault("by", LOCAL)
    if not by or len(by) > NAME_MAX or not by.isprintable():
        raise UsageError(f"by: got {show(by)}, wanted 1 to {NAME_MAX} printable characters")
    return {name: said.get(name, "") for name in names}


def _dumps(body: Json) -> str:
    return json.dumps(body, ensure_ascii=False)
