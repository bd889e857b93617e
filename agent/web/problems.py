"""Errors as answers: problem+json for programs, a page for browsers; what was wrong, in words, never a traceback."""

import logging

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from agent.errors import StoreError, UsageError
from agent.web import render

LOG = logging.getLogger(__name__)

GONE = 499
"""What nginx calls a request whose client has closed the connection; nobody reads it."""

PROGRAM_PATHS = ("/api/", "/-/", "/metrics", "/probe", "/static/")


class UnknownTargetError(web.HTTPNotFound):
    """404 for an id that nobody knows; `near` are ids that look alike."""

    def __init__(self, name: str, near: list[str], why: str = "") -> None:
        self.name = name
        self.near = near
        like = f"; ids near it: {', '.join(near)}" if near else "; /api/v1/targets lists the ids"
        super().__init__(text=why or f"no target {name[:200]!r}{like}")


def problem(status: int, title: str, detail: str = "", near: list[str] | None = None) -> web.Response:
    """An application/problem+json answer."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if near is not None:
        body["near"] = near
    return web.json_response(body, status=status, content_type="application/problem+json")


@web.middleware
async def problems_as_answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What a handler raises, as an answer: a refused question 400, HTTP errors as they are, our bugs 500."""
    try:
        return await handler(request)
    except UsageError as exc:
        return _answer(request, web.HTTPBadRequest(text=str(exc)), "the request cannot be answered")
    except StoreError as exc:
        LOG.error("request %s %s: %s", request.method, request.path, exc)  # noqa: TRY400 (the message says it all)
        return _answer(request, web.HTTPServiceUnavailable(text=str(exc)), "the store cannot be read")
    except web.HTTPException as exc:
        if exc.status < 400:
            raise
        return _answer(request, exc, exc.reason)
    except Exception as exc:
        if isinstance(exc, ConnectionError) and (request.transport is None or request.transport.is_closing()):
            # whoever asked has gone, such as a scrape whose time is over: nobody to tell, and no bug
            LOG.debug("request %s %s: the client went away", request.method, request.path)
            return web.Response(status=GONE)
        LOG.exception("request %s %s broke", request.method, request.path)
        return _answer(request, web.HTTPInternalServerError(text="the log has the traceback"), "our own error")


def _answer(request: web.Request, error: web.HTTPException, title: str) -> web.Response:
    near = error.near if isinstance(error, UnknownTargetError) else None
    detail = error.text or ""
    if detail == f"{error.status}: {error.reason}":  # aiohttp's own words add nothing to the title
        detail = ""
    if wants_html(request):
        name = error.name if isinstance(error, UnknownTargetError) else ""
        response = render.error_page(request, render.Refusal(error.status, detail, name, near or []))
    else:
        response = problem(error.status, title, detail, near)
    for header in (hdrs.ALLOW, hdrs.RETRY_AFTER):
        if header in error.headers:
            response.headers[header] = error.headers[header]
    return response


def wants_html(request: web.Request) -> bool:
    """A browser that asks for a page."""
    return not request.path.startswith(PROGRAM_PATHS) and "text/html" in request.headers.get(hdrs.ACCEPT, "")
