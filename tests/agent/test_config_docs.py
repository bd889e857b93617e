"""docs/configuration.md and config/agent.example.yml are held to the schema."""

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from agent.config import Role, load
from agent.config.builtin import BUILT_IN, DEFAULT_MODULES
from agent.config.schema import Document
from agent.config.show import duration
from agent.config.tokens import TOKENS
from agent.config.values import Families, Interval, IntervalSeconds, Name, Parents, TimeoutSeconds, Window
from collectors.base import Module
from collectors.options import parse_duration
from tests.agent.config_fakes import KINDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "configuration.md"

_ENTRY = {"planes": "NAME", "modules": "NAME", "kinds": "KIND"}
_TYPES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Role: "role",
    Name: "name",
    Interval: "duration, 1s to 1d",
    Window: "duration, 1s to 30d",
    IntervalSeconds: "number, 1 to 86400",
    TimeoutSeconds: "number, 0.001 to 3600",
    Parents: "text, `;` between",
    Families: "text, `;` between",
}


def models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models(part)]


def rows(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """A row of the table for each option, sections first by themselves."""
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        inner = models(info.annotation)
        is_section = inner and info.annotation is inner[0]
        if not is_section:
            yield f"| `{path}` | {type_of(annotation(info))} | {default(info)} | {info.description} |"
        if inner:
            yield from rows(inner[0], f"{path}{below(name, info.annotation)}.")


def below(name: str, annotation: Any) -> str:
    if get_origin(annotation) is dict:
        return f".{_ENTRY.get(name, 'VALUE')}"
    return "[]" if get_origin(annotation) is tuple else ""


def annotation(info: Any) -> Any:
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation


def type_of(annotation: Any) -> str:
    parts = [part for part in get_args(annotation) if part is not types.NoneType]
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(type_of(part) for part in parts)
    known = next((words for kind, words in _TYPES.items() if kind == annotation), None)
    if known is not None:
        return known
    if get_origin(annotation) is Annotated:
        return type_of(parts[0]) + bounds(parts[1:])
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if get_origin(annotation) is tuple:
        return f"list of {type_of(parts[0])}"
    return "mapping"


def bounds(metadata: list[Any]) -> str:
    found = {name: value for item in metadata for name, value in limits_of(item)}
    if "le" not in found:
        return ""
    return f", above {found['gt']} up to {found['le']}" if "gt" in found else f", {found['ge']} to {found['le']}"


def limits_of(item: Any) -> Iterator[tuple[str, Any]]:
    for inner in getattr(item, "metadata", [item]):
        yield from ((name, getattr(inner, name)) for name in ("gt", "ge", "le") if hasattr(inner, name))


def default(info: Any) -> str:
    if info.default is PydanticUndefined:
        return "required"
    if info.default in (None, "", (), {}):
        return "-"
    is_duration = any(getattr(item, "func", None) is parse_duration for item in info.metadata)
    return f"`{duration(info.default) if is_duration else info.default}`"


def documented() -> list[str]:
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| `") and line.count(" | ") == 3]


def test_every_option_is_documented_with_type_default_and_meaning_and_nothing_more() -> None:
    timeout = type_of(Interval).partition(",")[0]
    module_timeout = f"| `modules.NAME.timeout` | {timeout} | `{duration(Module().timeout)}` |"
    options = [row for row in documented() if not row.startswith(module_timeout)]
    assert len(documented()) == len(options) + 1
    assert sorted(options) == sorted(rows(Document))


def test_every_option_has_a_meaning() -> None:
    assert not [row for row in rows(Document) if row.endswith("| None |")]


def test_the_table_of_built_in_modules_is_complete() -> None:
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| `") and line.count(" | ") == 2]
    defaults = set(DEFAULT_MODULES.items())
    assert table == [
        f"| `{name}` | {kind}{' (default)' if (kind, name) in defaults else ''} | "
        f"{', '.join(shown(key, value) for key, value in options.items()) or '-'} |"
        for name, (kind, options) in BUILT_IN.items()
    ]


def shown(key: str, value: object) -> str:
    return f"`{key}: {value}`".replace("'", "")


@pytest.mark.parametrize("word", [*TOKENS, *Role, "down_after", "chmod o-r"])
def test_the_page_names_roles_and_tokens(word: str) -> None:
    assert word in DOCS.read_text(encoding="utf-8")


def test_the_example_loads_and_names_every_section() -> None:
    config = load(ROOT / "config" / "agent.example.yml", KINDS, env={})
    assert len(config.targets) == 3
    lines = (ROOT / "config" / "agent.example.yml").read_text(encoding="utf-8").splitlines()
    assert {line.partition(":")[0] for line in lines if line[:1].isalpha()} == set(Document.model_fields)
