"""What can be wrong with a configuration, and how it is said: file:line: what: got, wanted; next step."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, unique
from itertools import islice

Path = tuple[str | int, ...]
"""Where a value stands in the document: ("targets", 3, "address")."""

Place = tuple[int, int]
"""Line and column, both from 1."""

_SHOWN = 60
_LISTED = 25
_NEAR = 10
_MANY = 100_000
"""Ids; looking for a like one among more would take seconds."""
_USER_INFO = re.compile(r"://[^/@\s]*@")
_SENSITIVE = re.compile(r"passw|secret|token|credential|auth|cookie|api_?key", re.IGNORECASE)
MASK = "<secret>"


@unique
class Rule(StrEnum):
    """Every way a configuration can be refused; each has a file in tests/agent/bad_config."""

    FILE = "file"
    FILE_SIZE = "file_size"
    ENCODING = "encoding"
    SYNTAX = "syntax"
    EMPTY = "empty"
    NOT_A_MAPPING = "not_a_mapping"
    DOCUMENTS = "documents"
    DUPLICATE_KEY = "duplicate_key"
    KEY = "key"
    TAG = "tag"
    DEPTH = "depth"
    NODES = "nodes"
    MERGE = "merge"
    NO_VALUE = "no_value"
    CHARACTERS = "characters"

    UNKNOWN_OPTION = "unknown_option"
    MISSING = "missing"
    TYPE = "type"
    FLAG = "flag"
    NUMBER = "number"
    RANGE = "range"
    CHOICE = "choice"
    VALUE = "value"

    ZONE = "zone"
    NAME = "name"
    HOST_NAME = "host_name"
    DURATION = "duration"
    STORE_URL = "store_url"
    LISTEN_ADDRESS = "listen_address"
    NETWORK = "network"
    LABELS = "labels"
    LIST = "list"
    DATE = "date"

    KIND = "kind"
    BUILT_IN = "built_in"
    DEFAULT_MODULE = "default_module"
    MODULE = "module"
    MODULE_KIND = "module_kind"
    CONFIRM = "confirm"
    LIMIT = "limit"
    LIMIT_BOUNDS = "limit_bounds"
    INTERVAL = "interval"
    RETRY_INTERVAL = "retry_interval"
    PLANE = "plane"
    ANCHORS = "anchors"
    TOKEN = "token"
    ADDRESS = "address"
    FAMILIES = "families"
    DUPLICATE_ID = "duplicate_id"
    PARENT = "parent"
    PARENT_CYCLE = "parent_cycle"
    VANTAGE = "vantage"
    IN_SERVICE = "in_service"
    TOO_MANY_TARGETS = "too_many_targets"
    TRAPS = "traps"
    WITNESS = "witness"
    ALGORITHM = "algorithm"
    NOTICES = "notices"
    SECRET = "secret"
    SECRET_MODE = "secret_mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to mend. Shape: line and column count from 1; line 0 is the file as a whole."""

    file: str
    line: int
    column: int
    what: str
    text: str
    rule: Rule

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}: {self.text}"


@dataclass(frozen=True, slots=True)
class Found:
    """A problem by its path. `at_key`: it is the key that is wrong; `place`: where the path does not say it."""

    rule: Rule
    path: Path
    text: str
    at_key: bool = False
    place: Place | None = None


class ConfigError(Exception):
    """A configuration is refused: all its problems, by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column, p.what, p.text)))
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: Path) -> str:
    """A path as people read it: targets[3].address."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_printable(step)}" for step in path)
    return text.removeprefix(".") or "file"


def is_sensitive(path: Path) -> bool:
    """Whether the option's own name says that its value must not be repeated."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    return _SENSITIVE.search(name) is not None


def hide_user_info(text: str) -> str:
    """A URL without the user and password it may carry."""
    return _USER_INFO.sub(f"://{MASK}@", text)


def show(value: object, path: Path = ()) -> str:
    """A value as a message repeats it: short, printable, without secrets; a collection by its sort only."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if is_sensitive(path):
        return MASK
    return _printable(hide_user_info(str(value))) or "empty text"


def _printable(text: str) -> str:
    shortened = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shortened)


ON_DEMAND = frozenset({"path"})
"""Kinds that no target is of: people start one probe, or a fault does."""


def unknown_kind(name: str, kinds: Iterable[str]) -> str:
    """What is wrong with a kind that no target can be of, and what to do."""
    if name in ON_DEMAND:
        return (
            f"got {show(name)}, which cannot be scheduled: a trace is made once for each fault (section `path`), "
            f"and by `sla-agent probe {name} ADDRESS`; choose the kind that measures the target"
        )
    return f"got the unknown kind {show(name)}, wanted one of this agent's; {nearest(name, kinds)}"


def nearest_ids(name: str, ids: Iterable[str]) -> str:
    """The same for one of many thousand ids: at most ten that are like it, never a list that nobody reads."""
    known = sorted(ids)
    wanted = name[:_SHOWN].lower()
    by_lower = {id_.lower(): id_ for id_ in known}
    if wanted in by_lower:
        return f"did you mean {_printable(by_lower[wanted])}?"
    held = (low for low in by_lower if wanted in low or low in wanted)
    close = difflib.get_close_matches(wanted, by_lower, n=_NEAR, cutoff=0.6) if len(known) <= _MANY else []
    found = list(dict.fromkeys([*close, *islice(held, _NEAR)]))[:_NEAR] if wanted else []
    if found:
        return f"did you mean {' or '.join(_printable(by_lower[low]) for low in found)}?"
    if not known:
        return "none is on file"
    more = f" and {len(known) - _NEAR} more" if len(known) > _NEAR else ""
    return f"known: {', '.join(map(_printable, known[:_NEAR]))}{more}"


def nearest(name: str, names: Iterable[str]) -> str:
    """What the writer should do about an unknown name: the nearest known one, or all of them."""
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {_printable(close[0])}?"
    if not known:
        return "none is defined"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"known: {', '.join(map(_printable, known[:_LISTED]))}{more}"
