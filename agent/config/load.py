"""agent.yml into a Config, or all that is wrong with it. Reads files, never the network."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from agent.config.draft import read_draft
from agent.config.effective import config_of
from agent.config.model import Config
from agent.config.nodes import MAX_BYTES, Tree, UnreadableError, check_characters, parse
from agent.config.problems import ConfigError, Found, Problem, Rule, dotted
from agent.config.reader import Reader
from agent.config.rules import RULES
from agent.config.secret_rules import secrets_can_be_revealed
from collectors.base import Kind

_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def load(path: Path, kinds: Sequence[Kind], *, env: Mapping[str, str] | None = None) -> Config:
    """The configuration in force. Errors: ConfigError with all problems, by line."""
    try:
        tree = parse(read_text(path))
    except UnreadableError as exc:
        raise ConfigError([unreadable(path, exc)]) from exc
    reader = Reader(tree)
    draft = read_draft(reader, kinds)
    found = list(reader.found)
    for rule in RULES:
        found += rule(draft)
    found += secrets_can_be_revealed(draft, os.environ if env is None else env)
    unread = {item.path for item in tree.found if item.place is None}
    found = [*tree.found, *(item for item in found if item.path not in unread)]
    if found:
        raise ConfigError(located(str(path), tree, found))
    return config_of(draft)


def read_text(path: Path, option: str = "--config.file") -> str:
    """The text of a file of options; `option` is what names it. Errors: UnreadableError."""
    data = _bytes(path, option)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UnreadableError(Rule.ENCODING, _encoding_text(data), _place_of_byte(data, exc.start)) from exc
    check_characters(text)
    return text


def _bytes(path: Path, option: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not a file's path"
        text = f"got nothing ({reason}), wanted a readable file; see {option}"
        raise UnreadableError(Rule.FILE, text, (0, 0)) from exc
    if len(data) > MAX_BYTES:
        text = "got more than 1 MiB, wanted a short file; put long lists into a register file"
        raise UnreadableError(Rule.FILE_SIZE, text, (0, 0))
    return data


def _encoding_text(data: bytes) -> str:
    name = _BOMS.get(data[:2])
    if name is None:
        try:
            data.decode("gb18030")
            name = "GB18030"
        except UnicodeDecodeError:
            return "got bytes that are not UTF-8, wanted UTF-8 text; save the file as UTF-8"
    return f"got bytes that look like {name}, wanted UTF-8; run: iconv -f {name} -t UTF-8"


def _place_of_byte(data: bytes, offset: int) -> tuple[int, int]:
    before = data[:offset]
    return before.count(b"\n") + 1, offset - before.rfind(b"\n")


def unreadable(path: Path, exc: UnreadableError) -> Problem:
    """Why a file cannot be read on, where it stands."""
    line, column = exc.place
    return Problem(file=str(path), line=line, column=column, what=dotted(exc.path), text=exc.text, rule=exc.rule)


def located(file: str, tree: Tree, found: Iterable[Found]) -> Iterator[Problem]:
    """Problems with their lines, each once."""
    for item in dict.fromkeys(found):
        line, column = item.place or tree.place(item.path, at_key=item.at_key)
        yield Problem(file=file, line=line, column=column, what=dotted(item.path), text=item.text, rule=item.rule)
