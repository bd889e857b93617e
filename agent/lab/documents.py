"""The lab's own files, a city and a story, read as agent.yml is: every problem at once, by line."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from agent.config.nodes import MAX_BYTES, Tree, UnreadableError, check_characters, parse
from agent.config.problems import ConfigError, Found, Problem, dotted
from agent.config.reader import Reader
from agent.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)


class Document(BaseModel, frozen=True, extra="forbid"):
    """A part of one of these files; an unknown option in it is a problem."""


def read(path: Path, model: type[Model]) -> tuple[Model, Tree]:
    """The file and where its parts stand. Errors: ConfigError with all its problems; UsageError without a file."""
    return parsed(_text(path), str(path), model)


def parsed(text: str, name: str, model: type[Model]) -> tuple[Model, Tree]:
    """Its text, likewise. Errors: ConfigError."""
    try:
        check_characters(text)
        tree = parse(text)
    except UnreadableError as exc:
        line, column = exc.place
        problem = Problem(file=name, line=line, column=column, what=dotted(exc.path), text=exc.text, rule=exc.rule)
        raise ConfigError([problem]) from exc
    reader = Reader(tree)
    found = reader.read(model, ())
    refuse(name, tree, [*tree.found, *reader.found])
    if found is None:
        raise UsageError(f"{name}: got a file that cannot be read, wanted one as docs/lab.md shows it")
    return found, tree


def refuse(name: str, tree: Tree, found: list[Found]) -> None:
    """Nothing where nothing was found. Errors: ConfigError."""
    if found:
        raise ConfigError(_located(name, tree, item) for item in found)


def _located(name: str, tree: Tree, item: Found) -> Problem:
    line, column = item.place or tree.place(item.path, at_key=item.at_key)
    return Problem(file=name, line=line, column=column, what=dotted(item.path), text=item.text, rule=item.rule)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise UsageError(f"{path}: cannot be read ({exc.strerror}); name a file that is there") from exc
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: got more than 1 MiB, wanted a short file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: got bytes that are not UTF-8 at {exc.start}, wanted UTF-8; save it so") from exc
