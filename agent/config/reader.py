"""Parts of a tree into models; what is wrong is collected, so that one part's problems do not hide another's."""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agent.config.nodes import Plain, Tree
from agent.config.problems import Found, Path, Rule, nearest, show
from agent.config.typed import fields, option_names
from agent.config.values import NAME_WORDS, is_name
from agent.config.wording import reword

Model = TypeVar("Model", bound=BaseModel)

_COMPARED = frozenset(
    {"interval", "interval_seconds", "kind", "module", "name", "target_id", "timeout", "timeout_seconds"}
)
"""A default in place of one of these would make rules find problems that are none."""


class Reader:
    """Reads models out of one tree. `found` holds the problems so far."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.found: list[Found] = []

    def refuse(self, rule: Rule, path: Path, text: str, *, at_key: bool = False) -> None:
        """Note one problem."""
        self.found.append(Found(rule, path, text, at_key))

    def read(
        self,
        model: type[Model],
        path: Path,
        *,
        keys: Collection[str] | None = None,
        names: Iterable[str] | None = None,
    ) -> Model | None:
        """The model at a path; `keys` narrows what is read, `names` are for hints.

        Shape: with problems in options that no rule compares, the model without these, so that the rules still
        see the rest; with other problems None.
        """
        raw = self.mapping(path)
        if raw is None:
            return None
        part = {key: value for key, value in raw.items() if keys is None or key in keys}
        found: list[Found] = []
        data = fields(model, part, path, found)
        try:
            read: Model | None = model.model_validate(data)
        except (RecursionError, OverflowError):
            read = None
            text = "got an option that is too long or too deep to read, wanted simpler values"
            found.append(Found(Rule.VALUE, path, text))
        except ValidationError as exc:
            read = None
            for error in exc.errors(include_url=False, include_input=False):
                where, value = self._where(error, path)
                known = (
                    names if names and len(where) == len(path) + 1 else option_names(model, part, where[len(path) :])
                )
                _add(found, reword(error, where, value, known))
        self.found += found
        return (
            _without_broken(model, data, {item.path[len(path)] for item in found if len(item.path) > len(path)})
            if found
            else read
        )

    def _where(self, error: ErrorDetails, path: Path) -> tuple[Path, Plain | None]:
        """The path of an error: its steps through the tree, without the names of a union's arms."""
        for number, step in enumerate(error["loc"], 1):
            is_last = number == len(error["loc"]) and error["type"] in ("missing", "extra_forbidden")
            if is_last or self.tree.at((*path, step)) is not None:
                path = (*path, step)
        return path, self.tree.at(path)

    def mapping(self, path: Path) -> dict[str, Plain] | None:
        """The mapping at a path, {} if there is nothing, None (and a problem) if it is something else."""
        raw = self.tree.at(path)
        if raw is None or isinstance(raw, dict):
            return raw or {}
        self.refuse(Rule.TYPE, path, f"got {show(raw, path)}, wanted a mapping of options")
        return None

    def named(self, section: str) -> list[str]:
        """The names a section defines; those that cannot be one are problems but still listed."""
        names = list(self.mapping((section,)) or {})
        for name in names:
            if not is_name(name):
                self.refuse(Rule.NAME, (section, name), f"got {show(name)}, {NAME_WORDS}", at_key=True)
        return names

    def sequence(self, path: Path) -> range:
        """The indexes of a list; anything else is a problem."""
        raw = self.tree.at(path)
        if raw is not None and not isinstance(raw, list):
            self.refuse(Rule.TYPE, path, f"got {show(raw, path)}, wanted a list; begin each entry with -")
            return range(0)
        return range(len(raw or ()))

    def unknown_options(self, known: Collection[str]) -> None:
        """Refuse what the document itself does not know."""
        for key in self.tree.data:
            if key not in known:
                text = f"got an unknown option; {nearest(key, known)}"
                self.refuse(Rule.UNKNOWN_OPTION, (key,), text, at_key=True)


def _without_broken(model: type[Model], data: Mapping[str, object], broken: set[str | int]) -> Model | None:
    if broken & _COMPARED:
        return None
    try:
        return model.model_validate({key: value for key, value in data.items() if key not in broken})
    except ValidationError:
        return None


def _add(found: list[Found], new: Found) -> None:
    """One problem a value: what typing it found already says more than pydantic's follow-up."""
    if all(old.path != new.path for old in found):
        found.append(new)
