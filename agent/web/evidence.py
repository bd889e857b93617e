"""GET /api/v1/plans/{id}/indicators/{indicator}/evidence: the pack of a number, or as JSON what explains it (E4)."""

import tempfile
from functools import partial
from typing import IO, TYPE_CHECKING, NamedTuple

from aiohttp import web

from agent.errors import UsageError
from agent.figures.plan import PlanTables, only
from agent.language import LANGUAGES, ZH
from agent.packs.build import write_pack
from agent.packs.explanation import explanation
from agent.reports.full import plain
from agent.stores.opening import connect
from agent.stores.reading import SqliteReader
from agent.web import asked
from agent.web.answers import Json
from agent.web.keys import AGENT, QUESTIONS, REPORTS
from agent.web.problems import problem
from agent.web.written import answer
from sla.plans import Plan

if TYPE_CHECKING:
    from agent.app import Agent

CHUNK_BYTES = 1 << 18
IN_MEMORY_BYTES = 8 << 20
"""A larger pack lies in a file while it is sent."""


class Question(NamedTuple):
    """What was asked. Shape: the plan has the one row."""

    plan: Plan
    period: str | None
    as_of: int | None
    language: str


async def evidence(request: web.Request, chosen: Plan) -> web.StreamResponse:
    """A zip, or JSON where that is asked for."""
    asked.only(request, ("period", "as_of", "lang"))
    agent = request.app[AGENT]
    try:
        plan = only(chosen, request.match_info["indicator"])
    except UsageError as exc:
        return problem(404, "no such indicator", str(exc))
    as_of = asked.instant(request, "as_of", plan.zone_info)
    language = asked.choice(request, "lang", LANGUAGES) or ZH
    question = Question(plan, request.query.get("period"), as_of, language)
    if "application/json" in request.headers.get("Accept", ""):
        return answer(await request.app[QUESTIONS].ask(partial(_explained, agent, question)))
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
        stem, digest = await request.app[REPORTS].ask(partial(_packed, agent, question, file))
        return await _sent(request, file, plain(stem), digest)


async def _sent(request: web.Request, file: IO[bytes], stem: str, digest: str) -> web.StreamResponse:
    headers = {
        "Content-Type": "application/zip",
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{stem}.zip"',
        "ETag": f'"{digest}"',
    }
    response = web.StreamResponse(headers=headers)
    response.content_length = file.seek(0, 2)
    file.seek(0)
    await response.prepare(request)
    while chunk := file.read(CHUNK_BYTES):
        await response.write(chunk)
    await response.write_eof()
    return response


def _packed(agent: "Agent", question: Question, file: IO[bytes]) -> tuple[str, str]:
    """Of one instant of the store: over a connection of its own, that the agent's questions do not wait for it."""
    now = agent.clock.now_us()
    if agent.location.path is None:
        return _write(agent.reader, question, now, file)
    connection = connect(agent.location, read_only=True)
    try:
        connection.execute("BEGIN")
        return _write(SqliteReader(connection), question, now, file)
    finally:
        connection.close()


def _write(reader: SqliteReader, question: Question, now: int, file: IO[bytes]) -> tuple[str, str]:
    tables = PlanTables(reader)
    wanted = tables.asked(question.plan, question.period, now=now, as_of=question.as_of)
    packed = write_pack(tables, wanted, wanted[0].plan.rows[0], file)
    return packed.stem, packed.digest


def _explained(agent: "Agent", question: Question) -> Json:
    tables = PlanTables(agent.reader, agent.shelf)
    wanted = tables.asked(question.plan, question.period, now=agent.clock.now_us(), as_of=question.as_of)
    return explanation(tables, wanted, wanted[0].plan.rows[0], question.language)
