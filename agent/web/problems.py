"""Errors of the API as problem+json: what was wrong, in words, never a traceback."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from agent.errors import UsageError

LOG = logging.getLogger(__name__)


def problem(status: int, title: str, detail: str = "") -> web.Response:
    """An application/problem+json answer."""
    return web.json_response(
        {"type": "about:blank", "title": title, "status": status, "detail": detail},
        status=status,
        content_type="application/problem+json",
    )


@web.middleware
async def problems_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What a handler raises, as an answer: a refused question 400, HTTP errors as they are, our bugs 500."""
    try:
        return await handler(request)
    except UsageError as exc:
        return problem(400, "the request cannot be answered", str(exc))
    except web.HTTPException as exc:
        return problem(exc.status, exc.reason, exc.text or "") if exc.status >= 400 else exc
    except Exception:
        LOG.exception("request %s %s broke", request.method, request.path)
        return problem(500, "our own error", "the log has the traceback")
