"""POST /api/v1/import/{kind}: a file of another tool into the ledger while the agent runs."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.errors import AgentError, UsageError
from agent.imports import ImportOutcome, ImportProblemsError, ImportRequest, check_request
from agent.imports.live import LiveImports, Parts
from agent.instants import format_instant
from agent.registers import known_of
from agent.web import asked
from agent.web.keys import AGENT
from agent.web.problems import problem
from agent.web.questions import busy
from agent.web.uploads import Uploads

if TYPE_CHECKING:
    from agent.app import Agent

LOG = logging.getLogger(__name__)

Json = dict[str, Any]

MAX_BYTES = 512 * 1024 * 1024
AT_ONCE = 4
"""Files that may be on their way; each is a file of up to MAX_BYTES in the temporary folder."""

PARAMETERS = ("file", "as_of", "create_targets", "dry_run", "by", "map")
TEXT_MAX = 1024
LOCAL = "local"
"""The author of a write over HTTP that names none; there are no users yet."""


class Imports:
    """What the application keeps for imports."""

    def __init__(self, agent: "Agent") -> None:
        self.uploads = Uploads(MAX_BYTES, str(agent.location))
        self._under_way = 0
        self._live: LiveImports | None = None
        if agent.location.path is not None:
            self._live = LiveImports(
                Parts(
                    agent.location.path, agent.writer, agent.committer, agent.ledger, agent.reloading,
                    agent.clock.now_us,
                )
            )  # fmt: skip

    @property
    def live(self) -> LiveImports:
        """Errors: UsageError where the store is no file, which another process could read."""
        if self._live is None:
            raise UsageError("this agent's store is in memory and ends with it; imports need a store in a file")
        return self._live

    @asynccontextmanager
    async def room(self) -> AsyncIterator[None]:
        """One of the few that may be under way. Errors: 503."""
        if self._under_way >= AT_ONCE:
            raise busy(f"{AT_ONCE} imports are under way already")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def start(self, _: web.Application) -> None:
        """Clear away what a killed agent left."""
        await self.uploads.clear()

    async def stop(self, _: web.Application) -> None:
        """Give up what is not yet being written."""
        if self._live is not None:
            self._live.stop()

    async def close(self, _: web.Application) -> None:
        """Let what runs end."""
        await self.uploads.close()


IMPORTS: web.AppKey[Imports] = web.AppKey("imports", Imports)


def add_routes(app: web.Application) -> None:
    """The route, and what it needs at the end."""
    app[IMPORTS] = imports = Imports(app[AGENT])
    app.on_startup.append(imports.start)
    app.on_shutdown.append(imports.stop)
    app.on_cleanup.append(imports.close)
    app.add_routes([web.post("/api/v1/import/{kind}", import_)])


async def import_(request: web.Request) -> web.Response:
    """All rows of the body, or nothing and every row that is wrong."""
    wanted = _wanted(request)
    check_request(wanted)
    imports = request.app[IMPORTS]
    live = imports.live
    try:
        async with imports.room(), imports.uploads.body(request) as path:
            outcome = await live.take(wanted, path)
    except ImportProblemsError as exc:
        return refused(wanted.file, exc)
    except UsageError:
        raise
    except AgentError as exc:  # UploadError among them
        return problem(503, "the file was not imported", str(exc))
    body = answer(outcome, request.app[AGENT])
    if outcome.changed and not outcome.dry_run:
        body["text"] += await _put_to_use(request.app[AGENT])
    return web.json_response(body, headers={"Cache-Control": "no-store"}, dumps=_dumps)


async def _put_to_use(agent: "Agent") -> list[str]:
    """Probe by what the store says now. It is imported all the same if that cannot be; then the words say why."""
    try:
        await agent.registers_changed()
    except AgentError as exc:
        LOG.error("imported, but not put to use: %s", exc)  # noqa: TRY400 (the message says it)
        return [f"imported, but what is probed stays as it was: {exc}"]
    return []


def answer(outcome: ImportOutcome, agent: "Agent") -> Json:
    """The outcome for programs, and in the words of the command."""
    tally, first = outcome.tally, outcome.first_heartbeat
    history = outcome.kind == "history"
    return {
        "kind": outcome.kind,
        "file": outcome.file,
        "sha256": outcome.digest,
        "rows": outcome.rows,
        "targets": outcome.targets,
        "created": list(outcome.created),
        "changed": outcome.changed,
        "dry_run": outcome.dry_run,
        "simulated": outcome.simulated,
        "first_heartbeat": None if first is None else format_instant(first, agent.config.zone_info),
        "added": tally.added,
        "known": None if history else tally.known,
        "late": tally.late,
        "added_us": tally.added_us if history else None,
        "known_us": tally.known_us if history else None,
        "late_us": tally.late_us if history else None,
        "text": outcome.words(),
    }


def refused(file: str, error: ImportProblemsError) -> web.Response:
    """422 with every row that is wrong; beyond the first 10 000 only their number."""
    body = {
        "type": "about:blank",
        "title": "the file is refused",
        "status": 422,
        "detail": error.in_short(file),
        "problems": [
            {"sheet": one.sheet, "line": one.line, "column": one.column, "text": one.text} for one in error.problems
        ],
        "more": error.more,
    }
    return web.json_response(body, status=422, content_type="application/problem+json", dumps=_dumps)


def _wanted(request: web.Request) -> ImportRequest:
    asked.only(request, PARAMETERS)
    agent = request.app[AGENT]
    kind, zone = request.match_info["kind"], agent.config.zone_info
    return ImportRequest(
        kind=kind,
        file=_text(request, "file", f"{kind}.csv"),
        data=b"",
        now=agent.clock.now_us(),
        by=_text(request, "by", LOCAL),
        zone=zone,
        as_of=asked.instant(request, "as_of", zone),
        create_targets=_flag(request, "create_targets"),
        dry_run=_flag(request, "dry_run"),
        mapping=_mapping(request),
        registered={target.id: target.kind for target in agent.config.targets},
        known=known_of(agent.config),
    )


def _text(request: web.Request, name: str, default: str) -> str:
    text = request.query.get(name, default)
    if not text or len(text) > TEXT_MAX or not text.isprintable():
        raise UsageError(f"parameter {name}: got {text[:80]!r}, wanted 1 to {TEXT_MAX} printable characters")
    return text


def _flag(request: web.Request, name: str) -> bool:
    return asked.choice(request, name, ("true", "false")) == "true"


def _mapping(request: web.Request) -> dict[str, str]:
    """map={"heading": "column"}, as a --map file says it."""
    text = request.query.get("map", "{}")
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not all(isinstance(column, str) for column in said.values()):
        raise UsageError(f'parameter map: got {text[:80]!r}, wanted JSON such as {{"heading": "column"}}')
    return said


def _dumps(body: Json) -> str:
    return json.dumps(body, ensure_ascii=False)
