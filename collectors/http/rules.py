"""What a module demands of an answer, each rule with its verdict."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonpath
from multidict import CIMultiDictProxy

from collectors.certificates import shorten
from collectors.http.options import HeaderRule, HttpModule, JsonRule

_CHARSETS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "gb2312": "gb18030", "gbk": "gb18030",
    "gb18030": "gb18030", "big5": "big5", "iso-8859-1": "cp1252", "windows-1252": "cp1252", "utf-16": "utf-16",
}  # fmt: skip
"""Only these: a peer may not choose any codec that Python has."""

_NONE = object()
Path = jsonpath.JSONPath | jsonpath.CompoundJSONPath


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule and why the answer breaks it; no problem: it holds."""

    rule: str
    problem: str = ""


class BodyRules:
    """The rules of one module, with its JSONPaths compiled."""

    def __init__(self, module: HttpModule) -> None:
        self._module = module
        self._paths = [(rule, jsonpath.compile(rule.path)) for rule in module.json_rules]

    def judge(self, headers: CIMultiDictProxy[str], data: bytes, charset: str | None) -> Iterator[Verdict]:
        """A verdict for every rule."""
        yield from (_judge_header(rule, headers) for rule in self._module.header_matches)
        if self._module.reads_body:
            text = decode(data, charset)
            yield from self._judge_text(text)
            yield from self._judge_json(text)

    def _judge_text(self, text: str) -> Iterator[Verdict]:
        for pattern in self._module.body_matches:
            problem = "" if pattern.search(text) else "nothing in the body matches"
            yield Verdict(f"body_matches {pattern.pattern!r}", problem)
        for pattern in self._module.body_not_matches:
            found = pattern.search(text)
            yield Verdict(f"body_not_matches {pattern.pattern!r}", f"got {shorten(found[0])}" if found else "")

    def _judge_json(self, text: str) -> Iterator[Verdict]:
        if not self._paths:
            return
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as exc:
            for rule, _ in self._paths:
                yield Verdict(f"json {rule.path}", f"the body is not JSON that can be read: {shorten(str(exc))}")
            return
        for rule, path in self._paths:
            yield Verdict(f"json {rule.path}", _json_problem(rule, path, document))


def decode(data: bytes, charset: str | None) -> str:
    """The body as text: as declared, else UTF-8 if it is that, else GB 18030, as a browser here would."""
    declared = _CHARSETS.get((charset or "").lower())
    if declared is not None:
        return data.decode(declared, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def _judge_header(rule: HeaderRule, headers: CIMultiDictProxy[str]) -> Verdict:
    got = headers.getall(rule.name, [])
    holds = any(rule.pattern.search(value) for value in got)
    problem = f"got {', '.join(map(shorten, got)) or 'no such header'}"
    return Verdict(f"header_matches {rule.name} {rule.pattern.pattern!r}", "" if holds else problem)


def _json_problem(rule: JsonRule, path: Path, document: Any) -> str:
    try:
        found = path.findall(document)
        wrong = next((value for value in found if not _holds(rule, value)), _NONE)
        got = "" if wrong is _NONE else shorten(_json_text(wrong))
    except (jsonpath.JSONPathError, RecursionError) as exc:
        return f"the path cannot be followed: {shorten(str(exc))}"
    if not found:
        return "nothing there"
    wanted = repr(rule.equals) if rule.matches is None else f"a match of {rule.matches.pattern!r}"
    return f"got {got}, wanted {wanted}" if got else ""


def _holds(rule: JsonRule, value: object) -> bool:
    if rule.matches is not None:
        return rule.matches.search(_json_text(value)) is not None
    return value == rule.equals if isinstance(value, str) else _equals_json(rule.equals or "", value)


def _json_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _equals_json(text: str, value: object) -> bool:
    """Whether `text` is JSON for `value`; true is not 1."""
    try:
        wanted = json.loads(text)
    except ValueError:
        return False
    return bool(isinstance(wanted, bool) == isinstance(value, bool) and wanted == value)
