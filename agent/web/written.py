"""How answers of the JSON API are written: readable Chinese, never kept by a cache."""

import json

from aiohttp import web

from agent.web.answers import Json


def answer(body: Json) -> web.Response:
    """A JSON answer."""
    return answer_text(json_text(body))


def json_text(body: Json) -> str:
    """JSON with its Chinese readable."""
    return json.dumps(body, ensure_ascii=False)


def answer_text(text: str, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer that is written already."""
    return web.Response(
        text=text, content_type="application/json", headers={"Cache-Control": "no-store", **(headers or {})}
    )
