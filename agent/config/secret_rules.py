"""Secrets can be read when the agent starts, and only by it. No message holds one."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath

from pydantic import BaseModel

from agent.config.draft import Draft
from agent.config.problems import Found, Path, Rule, show
from collectors.options import Secret

_MAX_SECRET = 64 * 1024


def secrets_can_be_revealed(draft: Draft, env: Mapping[str, str]) -> Iterator[Found]:
    """Each reference leads to a secret that the world cannot read."""
    found = [
        *_secrets(draft.traps, ("traps",)),
        *_secrets(draft.witnesses, ("witnesses",)),
        *_secrets(draft.notices, ("notices",)),
    ]
    for name, module in draft.modules.items():
        found += _secrets(module.options, ("modules", name))
    for path, secret in found:
        yield from _env_problem(secret.env, path, env) if secret.env else _file_problem(secret.file or "", path)


def _secrets(value: object, path: Path) -> Iterator[tuple[Path, Secret]]:
    if isinstance(value, Secret):
        yield path, value
        return
    for step, child in _children(value):
        yield from _secrets(child, (*path, step))


def _children(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, BaseModel):
        yield from ((info.alias or name, getattr(value, name)) for name, info in type(value).model_fields.items())
    elif isinstance(value, Mapping):
        yield from ((str(key), child) for key, child in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        yield from enumerate(value)


def _env_problem(name: str, path: Path, env: Mapping[str, str]) -> Iterator[Found]:
    if not env.get(name):
        state = "empty" if name in env else "unset"
        text = f"got the {state} environment variable {show(name)}, wanted the secret in it; set it for this process"
        yield Found(Rule.SECRET, (*path, "env"), text)


def _file_problem(name: str, path: Path) -> Iterator[Found]:
    try:
        mode = os.stat(name).st_mode
        wrong = _content_problem(FilePath(name)) if stat.S_ISREG(mode) else "is not a regular file"
    except (OSError, ValueError) as exc:
        mode = 0
        wrong = f"cannot be read ({exc.strerror if isinstance(exc, OSError) else 'not a path'})"
    if wrong:
        text = f"got {show(name)}, which {wrong}, wanted a private text file that holds the secret"
        yield Found(Rule.SECRET, (*path, "file"), text)
    elif mode & stat.S_IROTH:
        text = f"got {show(name)}, which everybody can read, wanted a private file; run: chmod o-r {show(name)}"
        yield Found(Rule.SECRET_MODE, (*path, "file"), text)


def _content_problem(file: FilePath) -> str:
    with file.open("rb") as opened:
        content = opened.read(_MAX_SECRET + 1)
    if len(content) > _MAX_SECRET:
        return "is longer than 64 KiB"
    try:
        return "" if content.decode("utf-8").strip() else "is empty"
    except UnicodeDecodeError:
        return "is not UTF-8"
