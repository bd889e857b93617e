"""What a module of kind `http` may say: the request, what is accepted, and what its answer must contain."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

import jsonpath
from pydantic import BeforeValidator, Field, model_validator

from collectors.base import Module
from collectors.options import Duration, Pattern, Size
from collectors.tls_context import TlsOptions
from collectors.webclient.options import Auth, HeaderName, HeaderValue, Options, Redirects, family_text, header_problems

_STATUS = re.compile(r"[1-5]xx|[1-5]\d\d")


def parse_status(value: object) -> str:
    """A status such as 204 or a class such as 2xx. Errors: ValueError naming what was wanted."""
    text = str(value).lower()
    if _STATUS.fullmatch(text) is None:
        raise ValueError(f"got {value}, wanted a status such as 204 or a class such as 2xx")
    return text


def parse_json_path(value: object) -> str:
    """A JSONPath that compiles. Errors: ValueError with the reason."""
    try:
        jsonpath.compile(str(value))
    except jsonpath.JSONPathError as exc:
        reason = exc.args[0] if exc.args else exc
        raise ValueError(f"got {value!r}, wanted a JSONPath such as $.status: {reason}") from exc
    return str(value)


def _scalar_text(value: object) -> object:
    """A typed scalar as the text that JSON has for it, since a configuration may hold either."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


Status = Annotated[str, BeforeValidator(parse_status)]
JsonPath = Annotated[str, BeforeValidator(parse_json_path)]
Scalar = Annotated[str, BeforeValidator(_scalar_text)]


class JsonRule(Options, frozen=True):
    """Every value that `path` selects, and at least one, must be equal or match.

    A string equals its text, a number, true, false or null the JSON text for it (200, 1.5, true).
    """

    path: JsonPath
    equals: Scalar | None = None
    matches: Pattern | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.equals is None) == (self.matches is None):
            raise ValueError("wanted exactly one of equals and matches")
        return self


class HeaderRule(Options, frozen=True):
    """Some value of the response header `name` must match."""

    name: HeaderName
    pattern: Pattern


class HttpModule(Module, frozen=True):
    """How a URL is asked and which answer is accepted.

    `max_body` bounds the body after decompression. Where a rule looks at the body, or with
    `fail_on_too_large`, more is failed/too_large; otherwise reading just stops there.
    """

    timeout: Duration = 10.0
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    auth: Auth | None = None
    body: str | None = None
    body_file: str | None = None
    valid_status: Annotated[tuple[Status, ...], Field(min_length=1)] = ("2xx",)
    redirects: Redirects = Redirects()
    body_matches: tuple[Pattern, ...] = ()
    body_not_matches: tuple[Pattern, ...] = ()
    json_rules: Annotated[tuple[JsonRule, ...], Field(alias="json")] = ()
    header_matches: tuple[HeaderRule, ...] = ()
    max_body: Size = 1024**2
    fail_on_too_large: bool = False
    tls: TlsOptions = TlsOptions()
    family: Annotated[Literal["auto", "4", "6"], BeforeValidator(family_text)] = "auto"
    fail_if_ssl: bool = False
    fail_if_not_ssl: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problem = next(_contradictions(self), None)
        if problem is not None:
            raise ValueError(problem)
        return self

    @property
    def reads_body(self) -> bool:
        """Whether a rule needs the body's bytes."""
        return bool(self.body_matches or self.body_not_matches or self.json_rules)


def _contradictions(module: HttpModule) -> Iterator[str]:
    yield from header_problems(module.headers, module.auth)
    if module.body is not None and module.body_file is not None:
        yield "wanted at most one of body and body_file"
    if module.fail_if_ssl and module.fail_if_not_ssl:
        yield "fail_if_ssl and fail_if_not_ssl together accept nothing; keep one"
    if module.method == "HEAD" and module.reads_body:
        yield "method HEAD has no body in its answer that a rule could look at; use GET"
