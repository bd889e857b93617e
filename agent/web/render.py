"""Pages as HTML: templates, language and theme. The server writes everything that a page shows; no script is needed."""

import gettext
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import hdrs, web
from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.language import catalogue
from agent.version import METHOD_VERSION, VERSION
from agent.web.static import address
from agent.web.words import ERRORS

LANGUAGES = ("zh", "en")
THEMES = ("light", "dark", "auto")
A_YEAR_SECONDS = 366 * 86_400


class Look(NamedTuple):
    """How one browser wants its pages."""

    language: str
    theme: str

    @property
    def words(self) -> gettext.NullTranslations:
        """The catalogue; English is what the sources are written in."""
        return catalogue(self.language)


class Refusal(NamedTuple):
    """An error as a page says it; `name` and `near` where a target is unknown."""

    status: int
    detail: str
    name: str = ""
    near: list[str] = []  # noqa: RUF012 (a default that nobody changes)


def look_of(request: web.Request) -> Look:
    """Language by ?lang=, cookie, Accept-Language, else Chinese; theme by ?theme= or cookie, else the system's."""
    language = _first(LANGUAGES, request.query.get("lang"), request.cookies.get("lang"))
    theme = _first(THEMES, request.query.get("theme"), request.cookies.get("theme"))
    return Look(language or accepted_language(request.headers.get(hdrs.ACCEPT_LANGUAGE, "")), theme or "auto")


def accepted_language(header: str) -> str:
    """The one of our languages that an Accept-Language header likes best; Chinese where it names neither."""
    best, language = 0.0, LANGUAGES[0]
    for part in header.split(","):
        tag, _, rest = part.strip().partition(";")
        name = tag.partition("-")[0].lower()
        weight = _weight(rest)
        if name in LANGUAGES and weight > best:
            best, language = weight, name
    return language


def html(request: web.Request, look: Look, text: str, status: int = 200) -> web.Response:
    """A page, never kept by a cache; a choice of language or theme is remembered."""
    response = web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    response.headers[hdrs.CONTENT_LANGUAGE] = look.language
    response.headers[hdrs.VARY] = "Accept, Accept-Language, Cookie"
    for name, value, known in (("lang", look.language, LANGUAGES), ("theme", look.theme, THEMES)):
        if request.query.get(name) in known:
            response.set_cookie(name, value, max_age=A_YEAR_SECONDS, httponly=True, samesite="Lax")
    return response


def page(template: str, look: Look, model: Mapping[str, object]) -> str:
    """The text of a page."""
    environment = environment_of(look.language)
    return environment.get_template(template).render(look=look, **model)


def error_page(request: web.Request, refusal: Refusal) -> web.Response:
    """What went wrong and what to do next, for a person."""
    look = look_of(request)
    title = look.words.gettext(ERRORS.get(refusal.status, ERRORS[0]))
    return html(request, look, page("error.html", look, {"title": title, "refusal": refusal}), refusal.status)


@cache
def environment_of(language: str) -> Environment:
    """The templates in a language."""
    environment = Environment(
        loader=PackageLoader("agent.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = catalogue(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        words.gettext, words.ngettext, newstyle=True
    )
    environment.globals.update(
        version=VERSION, method_version=METHOD_VERSION, static=address, path_of=path_of, languages=LANGUAGES
    )
    return environment


def path_of(name: str, prefix: str = "/targets/") -> str:
    """The address of a target's page; ids may hold / and #."""
    return prefix + quote(name, safe="")


def _first(known: tuple[str, ...], *wanted: str | None) -> str | None:
    return next((value for value in wanted if value in known), None)


def _weight(text: str) -> float:
    """The q of a part of an Accept header; 1 where there is none, 0 where it is no number."""
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
