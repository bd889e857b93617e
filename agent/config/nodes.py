"""YAML text into plain text, lists and mappings, with the line of every key and value.

Scalars stay text until an option types them: YAML 1.1 reads 22:30 as 1350, 0571 as 377, on as true, and lets the last
of two equal keys win without a word.
"""

from dataclasses import dataclass, field
from typing import Protocol

import yaml

from agent.config.problems import Found, Path, Place, Rule, show

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20
MAX_VALUES = 20_000
"""Each use of an alias counts again, so a few lines cannot grow into gigabytes."""

_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq")
)
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_NULL_TEXTS = frozenset({"", "~", "null", "Null", "NULL"})


class _Mark(Protocol):
    line: int
    column: int


Plain = str | list["Plain"] | dict[str, "Plain"]


class UnreadableError(Exception):
    """The text cannot be read on: what and where."""

    def __init__(self, rule: Rule, text: str, place: Place, path: Path = ()) -> None:
        super().__init__(text)
        self.rule, self.text, self.place, self.path = rule, text, place, path


@dataclass(slots=True)
class Tree:
    """A document: its plain data, where each key and value stands, and what is wrong with it as YAML."""

    data: dict[str, Plain] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)

    def at(self, path: Path) -> Plain | None:
        """The value there, None if there is none."""
        value: Plain | None = self.data
        for step in path:
            value = _child(value, step)
        return value

    def place(self, path: Path, *, at_key: bool = False) -> Place:
        """Where to point for a path; where it does not exist, at what would hold it."""
        while path and path not in self.values:
            path, at_key = path[:-1], True
        if path in self.keys and (at_key or not isinstance(self.at(path), str)):
            return self.keys[path]
        return self.values.get(path, (1, 1))


def _child(value: Plain | None, step: str | int) -> Plain | None:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


EXAMPLE = "config/agent.example.yml"


def parse(text: str, example: str = EXAMPLE) -> Tree:
    """The tree of one YAML document; `example` is where to look for one. Errors: UnreadableError."""
    root = _compose(text, example)
    walk = _Walk(Tree())
    data = walk.value(root, (), 0)
    if not isinstance(data, dict):
        raise UnreadableError(
            Rule.NOT_A_MAPPING,
            f"got {show(data)}, wanted options as `name: value`; see {example}",
            _place(root.start_mark),
        )
    walk.tree.data = data
    return walk.tree


def _compose(text: str, example: str) -> yaml.Node:
    loader = yaml.SafeLoader(text)
    try:
        _measure(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as exc:
        raise _syntax_problem(exc, loader) from exc
    finally:
        loader.dispose()
    if node is None or (node.tag == _NULL and isinstance(node, yaml.ScalarNode)):
        raise UnreadableError(Rule.EMPTY, f"got an empty file, wanted options; start from {example}", (1, 1))
    return node


def _measure(text: str) -> None:
    """Refuse before composing, which recurses, what is nested too deeply or is more than one document."""
    loader = yaml.SafeLoader(text)
    depth = documents = 0
    try:
        while loader.check_event():
            event: yaml.Event = loader.get_event()  # type: ignore[no-untyped-call]  # the stub lacks it
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            if depth > MAX_DEPTH:
                raise _too_deep(_place(event.start_mark))
            if documents > 1:
                raise UnreadableError(
                    Rule.DOCUMENTS,
                    "got a second document, wanted one; remove the line ---",
                    _place(event.start_mark),
                )
    except (ValueError, OverflowError) as exc:  # an escape such as "\UFFFFFFFF" is no character
        place = _place(loader.get_mark())
        raise UnreadableError(
            Rule.CHARACTERS, "got an escape that is no character, wanted text; correct it", place
        ) from exc
    finally:
        loader.dispose()


def _too_deep(place: Place, path: Path = ()) -> UnreadableError:
    text = f"got values nested deeper than {MAX_DEPTH}, wanted fewer levels; look for an alias inside its own anchor"
    return UnreadableError(Rule.DEPTH, text, place, path[:1])


def _place(mark: _Mark | None) -> Place:
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _syntax_problem(exc: yaml.MarkedYAMLError, loader: yaml.SafeLoader) -> UnreadableError:
    mark = exc.problem_mark or exc.context_mark or loader.get_mark()
    return UnreadableError(Rule.SYNTAX, _syntax_text(exc.problem or "broken"), _place(mark))


def _syntax_text(problem: str) -> str:
    if "'\\t'" in problem:
        return "got a tab, wanted spaces; YAML indents with spaces only"
    if "'@'" in problem:
        return 'got text that begins with @ without quotes, wanted quotes; write "@gateway"'
    return f"got broken YAML ({problem}), wanted valid YAML; look at this line and the one above it"


def check_characters(text: str) -> None:
    """Refuse characters that YAML does not allow. Errors: UnreadableError."""
    match = yaml.SafeLoader.NON_PRINTABLE.search(text)
    if match is None:
        return
    before = text[: match.start()]
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    raise UnreadableError(Rule.CHARACTERS, f"got the control character {match[0]!a}, wanted text; remove it", place)


@dataclass(slots=True)
class _Walk:
    """One pass over the nodes. Every value is counted where it is used, not where it is written."""

    tree: Tree
    count: int = 0

    def value(self, node: yaml.Node, path: Path, depth: int) -> Plain | None:
        place = _place(node.start_mark)
        self._bound(place, path, depth)
        self.tree.values[path] = place
        if node.tag not in _TAGS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            text = f"got the tag {show(tag)}, wanted a plain value; remove the tag"
            self.tree.found.append(Found(Rule.TAG, path, text))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path, depth)
        return self._scalar(node, path)

    def _bound(self, place: Place, path: Path, depth: int) -> None:
        self.count += 1
        if depth > MAX_DEPTH:
            raise _too_deep(place, path)
        if self.count > MAX_VALUES:
            text = (
                f"got more than {MAX_VALUES} values, each use of an alias counted, wanted fewer; "
                "put long lists into a register file"
            )
            raise UnreadableError(Rule.NODES, text, place, path[:1])

    def _scalar(self, node: yaml.Node, path: Path) -> str | None:
        text = str(node.value)
        if node.tag == _NULL and text in _NULL_TEXTS:
            return None
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.tree.found.append(
                Found(Rule.CHARACTERS, path, "got half a character (a surrogate), wanted text; correct it")
            )
            return ""
        return text

    def _sequence(self, node: yaml.SequenceNode, path: Path, depth: int) -> list[Plain]:
        items: list[Plain] = []
        for index, child in enumerate(node.value):
            item = self.value(child, (*path, index), depth + 1)
            if item is None:
                text = "got nothing, wanted a value; remove the entry or fill it in"
                self.tree.found.append(Found(Rule.NO_VALUE, (*path, index), text))
            items.append("" if item is None else item)
        return items

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Plain]:
        own: dict[str, Plain] = {}
        seen: dict[str, int] = {}
        merges: list[yaml.Node] = []
        for key_node, child in node.value:
            if key_node.tag == _MERGE:
                merges.append(child)
            elif (key := self._key(key_node, path, seen)) is not None:
                self._option(own, (*path, key), child, depth)
        for source in merges:
            self._merge(own, source, path, depth, seen)
        return own

    def _option(self, into: dict[str, Plain], path: Path, child: yaml.Node, depth: int) -> None:
        value = self.value(child, path, depth + 1)
        if value is None:
            del self.tree.values[path]  # an option without a value is absent
        else:
            into[str(path[-1])] = value

    def _key(self, node: yaml.Node, path: Path, seen: dict[str, int]) -> str | None:
        line, column = _place(node.start_mark)
        if not isinstance(node, yaml.ScalarNode) or (node.tag == _NULL and node.value in _NULL_TEXTS):
            self._refuse_key(Rule.KEY, path, (line, column), "got a key that is not text, wanted an option's name")
            return None
        key = self._scalar(node, path)
        if key is None or key == "":
            self._refuse_key(Rule.KEY, path, (line, column), "got an empty key, wanted an option's name")
            return None
        if key in seen:
            text = f"got it a second time, wanted it once; the first is in line {seen[key]}, remove one"
            self._refuse_key(Rule.DUPLICATE_KEY, (*path, key), (line, column), text)
            return None
        seen[key] = line
        self.tree.keys[*path, key] = (line, column)
        return key

    def _refuse_key(self, rule: Rule, path: Path, place: Place, text: str) -> None:
        self.tree.found.append(Found(rule, path, text, place=place))

    def _merge(self, into: dict[str, Plain], source: yaml.Node, path: Path, depth: int, said: dict[str, int]) -> None:
        """`<<: *anchor`: what the mapping says itself stands; of several sources the first does."""
        for node in source.value if isinstance(source, yaml.SequenceNode) else [source]:
            if isinstance(node, yaml.MappingNode):
                self._merge_one(into, node, path, depth, said)
                continue
            text = "got << with something else, wanted the alias of a mapping, for example <<: *name"
            self._refuse_key(Rule.MERGE, path, _place(node.start_mark), text)

    def _merge_one(
        self, into: dict[str, Plain], node: yaml.MappingNode, path: Path, depth: int, said: dict[str, int]
    ) -> None:
        merged = _Walk(Tree(), self.count)
        data = merged.value(node, path, depth + 1)
        self.count = merged.count
        self.tree.found.extend(item for item in merged.tree.found if item not in self.tree.found)
        for key, value in data.items() if isinstance(data, dict) else ():
            if key not in into and key not in said:
                into[key] = value
                self._adopt(merged.tree, (*path, key))

    def _adopt(self, other: Tree, path: Path) -> None:
        for places, theirs in ((self.tree.keys, other.keys), (self.tree.values, other.values)):
            places.update({p: place for p, place in theirs.items() if p[: len(path)] == path})
