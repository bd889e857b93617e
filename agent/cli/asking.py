"""What commands ask of the running agent: where it listens, and its API's answers."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from agent.config import Config, load
from agent.errors import UsageError
from agent.stores.holder import describe, live_holder
from agent.stores.opening import parse_url
from collectors import KINDS

Json = dict[str, Any]

TIMEOUT_SECONDS = 20.0
MAX_BYTES = 64 * 1024 * 1024
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def agent_address(path: Path) -> str:
    """Where the agent of a configuration listens. Errors: ConfigError, UsageError when none runs."""
    config = load(path, KINDS)
    return address_of(config, path)


def address_of(config: Config, path: Path) -> str:
    """The address that the holder of the store names; for a store in memory the configured one."""
    location = parse_url(config.store.url, simulated=config.store.simulated)
    if location.path is None:
        return config.web.listen_address
    try:
        holder = live_holder(location)
    except OSError as exc:
        raise UsageError(f"store {location}: {exc.strerror}; ask as the agent's user") from exc
    if holder is None:
        raise UsageError(f"no agent runs on store {location}; start it: sla-agent run --config.file {path}")
    if not holder.get("address"):
        raise UsageError(f"store {location} is held by {describe(holder)}, which answers no questions; try again later")
    return holder["address"]


def ask(
    address: str, path: str, query: dict[str, str] | None = None, method: str = "GET", seconds: float = TIMEOUT_SECONDS
) -> Json:
    """One answer of the agent's API. Errors: UsageError, with the agent's own words where it refuses."""
    url = f"http://{address}{path}" + (f"?{urlencode(query)}" if query else "")
    return _answer(url, urllib.request.Request(url, method=method), seconds)


def post(address: str, path: str, body: Json) -> Json:
    """Something for the agent to write. Errors: UsageError, with the agent's own words where it refuses."""
    url = f"http://{address}{path}"
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method="POST")
    return _answer(url, request)


def _answer(url: str, request: urllib.request.Request, seconds: float = TIMEOUT_SECONDS) -> Json:
    try:
        with _DIRECT.open(request, timeout=seconds) as response:
            answer: Json = json.loads(response.read(MAX_BYTES))
    except urllib.error.HTTPError as exc:
        with exc:
            raise UsageError(f"{url}: {exc.code} {_words(exc.read(MAX_BYTES))}") from exc
    except (OSError, HTTPException, ValueError) as exc:
        why = getattr(exc, "reason", None) or exc
        raise UsageError(f"{url}: no answer of an agent: {why}; is it running? see: sla-agent doctor") from exc
    return answer


def _words(body: bytes) -> str:
    """What a problem+json says."""
    try:
        said = json.loads(body)
        return f"{said['title']}: {said['detail']}" if said.get("detail") else str(said["title"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:200].decode(errors="replace")
