"""Tables of options in the pages: what the models say they must hold, in both languages, and what stands there."""

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agent.config.notice_schema import NoticeRole
from agent.config.schema import Role
from agent.config.show import duration
from agent.config.values import (
    Families,
    HttpUrl,
    Interval,
    IntervalSeconds,
    MailAddress,
    Name,
    Network,
    NightHours,
    NoticeSeconds,
    Parents,
    PathSeconds,
    TimeoutSeconds,
    TrapAddress,
    Window,
)
from collectors.http.options import JsonPath, Scalar, Status
from collectors.options import Duration, Pattern, Secret, Size, parse_duration, parse_size
from collectors.origin import Origin

LANGUAGES = ("en", "zh")

_NAMED = ("planes", "modules", "webhooks", "mails", "alertmanagers")
_ENTRY = {**dict.fromkeys(_NAMED, "NAME"), "kinds": "KIND"}
_TYPES: dict[Any, tuple[str, str]] = {
    str: ("text", "文本"),
    int: ("whole number", "整数"),
    float: ("number", "数"),
    bool: ("true or false", "true 或 false"),
    Role: ("role", "角色"),
    Name: ("name", "名称"),
    Network: ("IP network or address", "IP 网段或地址"),
    Duration: ("duration", "时长"),
    Interval: ("duration, 1s to 1d", "时长，1s 至 1d"),
    Window: ("duration, 1s to 30d", "时长，1s 至 30d"),
    NoticeSeconds: ("duration, 0s to 7d", "时长，0s 至 7d"),
    HttpUrl: ("URL", "网址"),
    MailAddress: ("mail address", "邮件地址"),
    NightHours: ("text", "文本"),
    NoticeRole: ("role", "角色"),
    PathSeconds: ("duration, 1s to 60s", "时长，1s 至 60s"),
    IntervalSeconds: ("number, 1 to 86400", "数，1 至 86400"),
    TimeoutSeconds: ("number, 0.001 to 3600", "数，0.001 至 3600"),
    Parents: ("text, `;` between", "文本，以 `;` 分隔"),
    Families: ("text, `;` between", "文本，以 `;` 分隔"),
    TrapAddress: ("text", "文本"),
    Size: ("size", "大小"),
    Pattern: ("regular expression", "正则表达式"),
    Status: ("status", "状态码"),
    JsonPath: ("JSONPath", "JSONPath"),
    Scalar: ("text", "文本"),
    Secret: ("secret", "机密引用"),
}
_MAPPING = ("mapping", "映射")
_REQUIRED = ("required", "必填")


class Option(NamedTuple):
    """One row: the option as YAML writes it, type and default in one language, the meaning where the model has it."""

    path: str
    type: str
    default: str
    meaning: str | None


def options(model: type[BaseModel], language: str, prefix: str = "") -> Iterator[Option]:
    """A row for each option; sections have none of their own, what is inside them has.

    Where a probe goes out stands last: what a kind alone has is what its reader looks for.
    """
    shared = Origin.model_fields if issubclass(model, Origin) else {}
    for field, info in sorted(model.model_fields.items(), key=lambda item: item[0] in shared):
        name = info.alias or field
        path = f"{prefix}{name}"
        inner = _models(info.annotation)
        if not (inner and info.annotation is inner[0]):
            yield Option(path, type_of(_annotation(info), language), _default(info, language), info.description)
        if inner:
            yield from options(inner[0], language, f"{path}{_below(name, info.annotation)}.")


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models in a type; a secret counts as one value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [] if annotation is Secret else [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _below(name: str, annotation: Any) -> str:
    if get_origin(annotation) is dict:
        return f".{_ENTRY.get(name, 'VALUE')}"
    return "[]" if get_origin(annotation) is tuple else ""


def _annotation(info: FieldInfo) -> Any:
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation


def type_of(annotation: Any, language: str) -> str:
    """A type in the words of the pages."""
    parts = [part for part in get_args(annotation) if part is not types.NoneType]
    known = next((words for kind, words in _TYPES.items() if kind == annotation), None)
    if known is not None:
        return _word(known, language)
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _word((" or ", "或"), language).join(type_of(part, language) for part in parts)
    if origin is Annotated:
        return type_of(parts[0], language) + _bounds(parts[1:], language)
    if origin is Literal:
        return _word((", ", "、"), language).join(f"`{part}`" for part in parts)
    if origin is tuple:
        return _word(("list of ", "列表，每项为"), language) + _item(type_of(parts[0], language), language)
    if origin is dict and not _models(annotation):
        return _word(("mapping of ", "映射，值为"), language) + type_of(parts[1], language)
    return _word(_MAPPING, language)


def _item(text: str, language: str) -> str:
    """The type of an item behind Chinese text: code keeps its distance."""
    return f" {text}" if language == "zh" and text.startswith("`") else text


def _word(words: tuple[str, str], language: str) -> str:
    return words[LANGUAGES.index(language)]


def _bounds(metadata: list[Any], language: str) -> str:
    found = {name: value for item in metadata for name, value in _limits_of(item)}
    if "le" in found and "gt" in found:
        return _word((", above {gt} up to {le}", "，大于 {gt}，至多 {le}"), language).format(**found)
    if "le" in found:
        return _word((", {ge} to {le}", "，{ge} 至 {le}"), language).format(**found)
    return _word((", at least {ge}", "，至少 {ge}"), language).format(**found) if "ge" in found else ""


def _limits_of(item: Any) -> Iterator[tuple[str, Any]]:
    for inner in getattr(item, "metadata", [item]):
        yield from ((name, getattr(inner, name)) for name in ("gt", "ge", "le") if hasattr(inner, name))


def _default(info: FieldInfo, language: str) -> str:
    if info.is_required():
        return _word(_REQUIRED, language)
    value = info.get_default(call_default_factory=True, validated_data={})
    if value in (None, "", (), {}):
        return "-"
    functions = {getattr(item, "func", None) for item in info.metadata}
    if parse_duration in functions:
        return f"`{duration(value)}`"
    if parse_size in functions:
        return f"`{_size(value)}`"
    return f"`{_yaml(value)}`"


def _size(count: int) -> str:
    units = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"), (1, "B"))
    return next(f"{count // many}{unit}" for many, unit in units if count % many == 0)


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    items = value if isinstance(value, tuple) else ()
    return (
        f"[{', '.join(duration(item) if isinstance(item, float) else item for item in items)}]" if items else str(value)
    )


def tables(text: str) -> Iterator[list[list[str]]]:
    """Each table of a page as rows of cells, the headings first."""
    for block in re.findall(r"^\|.*(?:\n\|.*)*", text, re.MULTILINE):
        head, rule, *body = block.splitlines()
        assert set(rule) <= set("|-"), f"the second line of a table is its rule: {rule}"
        rows = [cells(line) for line in (head, *body)]
        assert {len(row) for row in rows} == {len(rows[0])}, f"every row has as many cells as its head: {head}"
        yield rows


def cells(line: str) -> list[str]:
    """The cells of one line."""
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def spans(text: str) -> set[str]:
    """What stands in code spans, where both languages say the same."""
    return set(re.findall(r"`([^`\n]+)`", text))


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return re.search(r"[\u4e00-\u9fff]", text) is not None


def read(page: Path) -> str:
    """A page."""
    return page.read_text(encoding="utf-8")
