"""What was said and what has not left yet, in a file beside the ledger: a restart says nothing twice and loses nothing.

A message that has left while the process died before it could note that is sent again, with the same id.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.errors import AgentError
from agent.notices.desk import Desk, Seen, Told
from agent.notices.notice import Notice, from_plain
from agent.reports.files import write_whole

LOG = logging.getLogger(__name__)

VERSION = 1
MAX_BYTES = 64 * 1024 * 1024


class Keeping:
    """The file; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._failing = False

    def load(self) -> tuple[Desk, dict[str, list[Notice]]]:
        """What was kept. A file that is none of ours is set aside, and what is open is told anew."""
        if self._path is None or not self._path.exists():
            return Desk(), {}
        try:
            with self._path.open("rb") as file:
                return _from_plain(json.loads(file.read(MAX_BYTES)))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
            LOG.error("%s cannot be read (%r): open faults are told again; it is set aside", self._path, exc)  # noqa: TRY400 (says it all)
            self._set_aside(self._path)
            return Desk(), {}

    def save(self, desk: Desk, waiting: Mapping[str, list[Notice]]) -> None:
        """All of it, or what it held before. A disk that is full stops no message; it is said once."""
        if self._path is None:
            return
        try:
            write_whole(self._path, json.dumps(_plain(desk, waiting), ensure_ascii=False).encode())
        except AgentError as exc:
            if not self._failing:
                LOG.error("%s; after a restart notices may be sent twice", exc)  # noqa: TRY400 (says it all)
            self._failing = True
        else:
            self._failing = False

    def _set_aside(self, path: Path) -> None:
        try:
            path.replace(path.with_name(path.name + ".broken"))
        except OSError as exc:
            LOG.warning("%s: %s", path, exc.strerror)


def _plain(desk: Desk, waiting: Mapping[str, list[Notice]]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "looked_at": desk.looked_at,
        "isolated": desk.isolated,
        "told": [[list(t.seen), t.first, t.opened, t.stage, t.last, t.over] for t in desk.told.values()],
        "waiting": {sink: [notice.plain() for notice in notices] for sink, notices in waiting.items()},
    }


def _from_plain(body: dict[str, Any]) -> tuple[Desk, dict[str, list[Notice]]]:
    if body["version"] != VERSION:
        raise ValueError(f"version {body['version']}, wanted {VERSION}")
    told = [Told(Seen(*seen), *rest) for seen, *rest in body["told"]]
    desk = Desk({each.seen.id: each for each in told}, dict(body["isolated"]), int(body["looked_at"]))
    return desk, {sink: [from_plain(each) for each in notices] for sink, notices in body["waiting"].items()}
