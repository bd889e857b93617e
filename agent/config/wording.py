"""pydantic's errors in the words of this house: got, wanted, next step."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails, PydanticCustomError

from agent.config.problems import MASK, Found, Path, Rule, is_sensitive, nearest, show

_ELSEWHERE = "something else; docs/configuration.md says what this option takes"

_WANTED: dict[str, tuple[Rule, str]] = {
    "greater_than": (Rule.RANGE, "more than {gt}"),
    "greater_than_equal": (Rule.RANGE, "{ge} or more"),
    "less_than": (Rule.RANGE, "less than {lt}"),
    "less_than_equal": (Rule.RANGE, "{le} or less"),
    "multiple_of": (Rule.RANGE, "a multiple of {multiple_of}"),
    "finite_number": (Rule.RANGE, "a finite number"),
    "string_too_short": (Rule.RANGE, "{min_length} or more characters"),
    "string_too_long": (Rule.RANGE, "at most {max_length} characters"),
    "too_short": (Rule.RANGE, "at least {min_length} entries"),
    "too_long": (Rule.RANGE, "at most {max_length} entries"),
    "string_pattern_mismatch": (Rule.VALUE, "text that matches {pattern}"),
    "literal_error": (Rule.CHOICE, "{expected}"),
    "enum": (Rule.CHOICE, "{expected}"),
}
_FAMILIES: dict[str, tuple[Rule, str]] = {
    "string": (Rule.TYPE, "text"),
    "list": (Rule.TYPE, "a list"),
    "tuple": (Rule.TYPE, "a list"),
    "set": (Rule.TYPE, "a list"),
    "frozen": (Rule.TYPE, "a list"),
    "iterable": (Rule.TYPE, "a list"),
    "dict": (Rule.TYPE, "a mapping of options"),
    "mapping": (Rule.TYPE, "a mapping of options"),
    "model": (Rule.TYPE, "a mapping of options"),
    "dataclass": (Rule.TYPE, "a mapping of options"),
    "bool": (Rule.FLAG, "true or false"),
    "int": (Rule.NUMBER, "a whole number"),
    "float": (Rule.NUMBER, "a decimal number"),
    "decimal": (Rule.NUMBER, "a decimal number"),
    "path": (Rule.TYPE, "a file's path"),
    "url": (Rule.VALUE, "a URL"),
    "ip": (Rule.VALUE, "an IP address"),
}


_RULES = frozenset(rule.value for rule in Rule)


def refuse(rule: Rule, text: str) -> PydanticCustomError:
    """An error to raise in a validator: the rule and the whole text, or its end from "wanted" on."""
    return PydanticCustomError(rule.value, "{text}", {"text": text})


def reword(error: ErrorDetails, path: Path, raw: object, names: Iterable[str]) -> Found:
    """One error of pydantic as a problem. `names`: the options that may stand where an unknown one does."""
    kind = error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "missing":
        return Found(Rule.MISSING, path, "got nothing, wanted a value; add it")
    if kind == "extra_forbidden":
        text = f"got an unknown option; {nearest(str(path[-1]), names)}"
        return Found(Rule.UNKNOWN_OPTION, path, text, at_key=True)
    if kind in _RULES:
        return Found(Rule(kind), path, _with_got(context["text"], path, raw))
    if kind in ("value_error", "assertion_error"):
        return Found(Rule.VALUE, path, _with_got(str(context.get("error", "")), path, raw))
    rule, wanted = _WANTED.get(kind) or _FAMILIES.get(kind.partition("_")[0], (Rule.VALUE, _ELSEWHERE))
    return Found(rule, path, f"got {show(raw, path)}, wanted {_filled(wanted, context)}")


def _with_got(text: str, path: Path, raw: object) -> str:
    if is_sensitive(path) and isinstance(raw, str) and raw:
        text = text.replace(raw, MASK)
    text = " ".join(text.split())
    if text.startswith("got ") or not isinstance(raw, str | list):
        return text
    return f"got {show(raw, path)}{',' if text.startswith('wanted ') else ':'} {text}"


def _filled(wanted: str, context: Mapping[str, Any]) -> str:
    return wanted.format_map({key: _FORMATS.get(key, _plain)(value) for key, value in context.items()})


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _choices(value: object) -> str:
    return str(value).replace("'", "")


_FORMATS: dict[str, Callable[[object], str]] = {"expected": _choices}
