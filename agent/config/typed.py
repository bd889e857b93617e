"""Text scalars into the numbers and flags that an option's type asks for, strictly, before pydantic sees them.

pydantic alone would take yes and 1 for a flag, 010 for ten and nan for a number.
"""

import re
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, PlainValidator, WrapValidator
from pydantic.fields import FieldInfo

from agent.config.problems import Found, Path, Rule, show
from collectors.options import compile_pattern, parse_duration, parse_size

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,30})?")
_LEADING_ZEROS = re.compile(r"-?0+[0-9]{1,17}(\.[0-9]{1,30})?")
_WITH_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)s")
_MAX_NUMBER = 20
_OWN_TEXT = (BeforeValidator, PlainValidator, WrapValidator)


def typed(annotation: Any, value: object, path: Path, found: list[Found]) -> object:
    """The value with its text scalars converted as the annotation asks; what cannot be goes to `found`."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return _own(metadata, value, path, found) if _takes_text(metadata) else typed(inner, value, path, found)
    if get_origin(annotation) in (Union, types.UnionType):
        arm = _arm(get_args(annotation), value)
        return value if arm is None else typed(arm, value, path, found)
    if isinstance(value, str):
        return _scalar(annotation, value, path, found)
    if isinstance(value, dict):
        return _mapping(annotation, value, path, found)
    return _items(annotation, value, path, found) if isinstance(value, list) else value


def _takes_text(metadata: list[Any]) -> bool:
    return any(isinstance(item, _OWN_TEXT) for item in metadata)


def _own(metadata: list[Any], value: object, path: Path, found: list[Found]) -> object:
    """What the option's own validator will read; of the shared types only text, and no more than they can bear."""
    functions = {item.func for item in metadata if isinstance(item, BeforeValidator)}
    if not functions & {parse_duration, parse_size, compile_pattern}:
        return value
    if not isinstance(value, str):
        found.append(Found(Rule.TYPE, path, f"got {show(value, path)}, wanted text"))
        return None
    if compile_pattern in functions:
        return _pattern(value, path, found)
    if len(value) > _MAX_NUMBER:
        found.append(Found(Rule.NUMBER, path, f"got {show(value, path)}, wanted a shorter number"))
    return value[:_MAX_NUMBER]


def _pattern(text: str, path: Path, found: list[Found]) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # "[[" means a plain bracket, now and here
            return compile_pattern(text)
    except ValueError as exc:
        found.append(Found(Rule.VALUE, path, str(exc).replace(repr(text), show(text, path), 1)))
    except (RecursionError, OverflowError):
        wanted = "wanted a regular expression with fewer levels and smaller numbers"
        found.append(Found(Rule.VALUE, path, f"got {show(text, path)}, {wanted}"))
    return None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _fits(annotation: Any, value: object) -> bool:
    origin = get_origin(_bare(annotation))
    if isinstance(value, dict):
        return _is_model(_bare(annotation)) or origin in (dict, Mapping)
    if isinstance(value, list):
        return origin in (list, tuple, set, frozenset)
    return _bare(annotation) in _SCALARS or origin is Literal or _is_own(annotation)


def _is_own(annotation: Any) -> bool:
    return get_origin(annotation) is Annotated and _takes_text(list(get_args(annotation)[1:]))


def _arm(arms: tuple[Any, ...], value: object) -> Any:
    """The one arm of a union that the value's shape allows; None where text may stay text."""
    if isinstance(value, str) and any(_bare(arm) is str for arm in arms):
        return None
    fitting = [arm for arm in arms if _fits(arm, value)] or [arm for arm in arms if _is_own(arm)]
    return fitting[0] if len(fitting) == 1 else None


def _mapping(annotation: Any, value: dict[str, Any], path: Path, found: list[Found]) -> object:
    if _is_model(annotation):
        return fields(annotation, value, path, found)
    if get_origin(annotation) in (dict, Mapping):
        item = get_args(annotation)[1]
        return {key: typed(item, child, (*path, key), found) for key, child in value.items()}
    return value


def fields(model: type[BaseModel], value: Mapping[str, Any], path: Path, found: list[Found]) -> dict[str, object]:
    """A mapping with the fields of a model converted; keys the model does not know stay as they are."""
    skipped = {
        name
        for decorator in model.__pydantic_decorators__.field_validators.values()
        if decorator.info.mode != "after"
        for name in decorator.info.fields
    }
    known = {key: info for key, info in _known(model).items() if not skipped & {key, "*"}}
    return {
        key: _field(known[key], child, (*path, key), found) if key in known else child for key, child in value.items()
    }


def _field(info: FieldInfo, value: object, path: Path, found: list[Found]) -> object:
    if _takes_text(info.metadata):
        return _own(info.metadata, value, path, found)
    return typed(info.annotation, value, path, found)


def option_names(annotation: Any, value: object, steps: Path) -> frozenset[str]:
    """The options that may stand beside the last of these steps; none where the type does not say."""
    annotation = _bare(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        arm = _arm(get_args(annotation), value)
        return frozenset() if arm is None else option_names(arm, value, steps)
    if len(steps) > 1:
        return option_names(*_step(annotation, value, steps[0]), steps[1:])
    return frozenset(_known(annotation)) if _is_model(annotation) else frozenset()


def _known(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _step(annotation: Any, value: Any, step: str | int) -> tuple[Any, object]:
    """The type and the value one step down."""
    if _is_model(annotation):
        info = _known(annotation).get(str(step))
        return (None if info is None else info.annotation), value[step]
    arguments = get_args(annotation)
    return (arguments[-1 if isinstance(step, str) else 0] if arguments else None), value[step]


def _items(annotation: Any, value: list[Any], path: Path, found: list[Found]) -> object:
    if get_origin(annotation) not in (list, tuple, set, frozenset):
        return value
    item = get_args(annotation)[0]
    return [typed(item, child, (*path, index), found) for index, child in enumerate(value)]


def _scalar(annotation: Any, text: str, path: Path, found: list[Found]) -> object:
    if get_origin(annotation) is Literal:
        by_text = {str(choice): choice for choice in get_args(annotation)}
        return by_text.get(text, text)
    convert = _SCALARS.get(annotation)
    if convert is None:
        return text
    try:
        return convert(text, path)
    except ValueError as exc:
        rule = Rule.FLAG if annotation is bool else Rule.NUMBER
        found.append(Found(rule, path, str(exc)))
        return text


def _flag(text: str, path: Path) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"got {show(text, path)}, wanted true or false")
    return text == "true"


def _whole(text: str, path: Path) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(_not_a_number(text, path, "a whole number"))
    return int(text)


def _number(text: str, path: Path) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(_not_a_number(text, path, "a decimal number"))
    return float(text)


def _not_a_number(text: str, path: Path, wanted: str) -> str:
    got = show(text, path)
    if _LEADING_ZEROS.fullmatch(text):
        plain = text.lstrip("-").lstrip("0") or "0"
        plain = f"0{plain}" if plain.startswith(".") else plain
        return f"got {got}, wanted {wanted}; leading zeros are ambiguous (010 can mean 8 or 10), write {plain}"
    unit = _WITH_UNIT.fullmatch(text)
    if unit and path and str(path[-1]).endswith("_seconds"):
        return f"got {got}, wanted a plain number of seconds; write {unit[1]}"
    return f"got {got}, wanted {wanted}"


_SCALARS: dict[Any, Callable[[str, Path], object]] = {bool: _flag, int: _whole, float: _number}
