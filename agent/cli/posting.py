"""A file sent to the running agent, which holds the store: it imports it and answers in the command's own words."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from agent.errors import UsageError
from agent.imports import ImportProblemsError, ImportRequest, RowProblem
from agent.stores.holder import describe

Json = dict[str, Any]

TIMEOUT_SECONDS = 3600.0
"""Longer than the agent gives an import: it is the agent that says so."""

MAX_ANSWER = 64 * 1024 * 1024
_URL_MAX = 8000
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Told(BytesIO):
    """Bytes that tell how many of them have been read."""

    def __init__(self, data: bytes, progress: Callable[[int, int], None] | None) -> None:
        super().__init__(data)
        self._length, self._progress = len(data), progress

    def read(self, count: int | None = -1) -> bytes:
        data = super().read(count)
        if self._progress is not None:
            self._progress(self.tell(), self._length)
        return data


def post_import(holder: dict[str, str], query: dict[str, str], asked: ImportRequest) -> list[str]:
    """What came of it, line by line. Errors: UsageError, ImportProblemsError with every row that is wrong."""
    url = f"http://{holder['address']}/api/v1/import/{asked.kind}?{urlencode(query)}"
    if len(url) > _URL_MAX:
        raise UsageError("--map: too long for a running agent; leave only the headings that this file has")
    headers = {"Content-Type": "text/csv", "Content-Length": str(len(asked.data))}
    body = _Told(asked.data, asked.progress)
    request = urllib.request.Request(url, body, headers, method="POST")
    try:
        with _DIRECT.open(request, timeout=TIMEOUT_SECONDS) as response:
            return [str(line) for line in json.loads(response.read(MAX_ANSWER))["text"]]
    except urllib.error.HTTPError as exc:
        with exc:
            raise _refusal(asked.file, exc.code, exc.read(MAX_ANSWER)) from None
    except urllib.error.URLError as exc:
        raise UsageError(
            f"the store is held by {describe(holder)}, which takes no file: {exc.reason}; nothing was applied, see: "
            "sla-agent doctor"
        ) from exc
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as exc:
        raise UsageError(
            f"the store is held by {describe(holder)}, which took the file and gave no answer: {exc!r}; whether it was "
            "applied is not known, import it again: what is known already changes nothing"
        ) from exc


def _refusal(file: str, code: int, body: bytes) -> UsageError | ImportProblemsError:
    """The agent's own words."""
    try:
        said: Json = json.loads(body)
        if code == 422:
            problems = [RowProblem(file=file, **one) for one in said["problems"]]
            return ImportProblemsError(problems, said["more"])
        if code == 400:
            return UsageError(said["detail"])
        return UsageError(f"the agent refused: {code} {said['title']}: {said['detail']}")
    except (ValueError, KeyError, TypeError):
        return UsageError(f"the agent refused: {code} {body[:200].decode(errors='replace')}")
