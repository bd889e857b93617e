"""The body of a webhook: a Jinja2 template in a sandbox, which sees the notice and nothing else."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agent.config.notice_schema import Webhook
from agent.errors import UsageError
from agent.notices.notice import Notice
from agent.notices.words import Words

MAX_TEMPLATE = 64 * 1024
MAX_BODY = 256 * 1024


class Form:
    """One template. Errors: UsageError where it cannot be read or is none."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._template = _compiled(text, name)

    def body(self, notice: Notice, words: Words, signed: Mapping[str, str]) -> bytes:
        """What is posted. Errors: UsageError saying what the template cannot do."""
        seen: dict[str, Any] = {
            "notice": notice.plain(),
            "title": words.title,
            "lines": list(words.lines),
            "text": words.text,
            "urgent": words.urgent,
            "timestamp": signed.get("timestamp", ""),
            "sign": signed.get("sign", ""),
        }
        try:
            data = self._template.render(seen).encode()
        except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, RecursionError) as exc:
            raise UsageError(f"{self._name}: {exc}; the fields of a notice stand in docs/alerts.md") from exc
        if len(data) > MAX_BODY:
            raise UsageError(f"{self._name}: makes a body of {len(data)} bytes, wanted at most {MAX_BODY}")
        return data


def _compiled(text: str, name: str) -> Template:
    # nothing but JSON and plain text is made of it, so there is nothing to escape
    environment = ImmutableSandboxedEnvironment(autoescape=False, undefined=StrictUndefined)
    environment.globals.clear()  # range and the like: a template of a notice needs no loops of its own making
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    try:
        return environment.from_string(text)
    except TemplateError as exc:
        raise UsageError(f"{name}: got no Jinja2 template, line {getattr(exc, 'lineno', '?')}: {exc}") from exc


def form_of(hook: Webhook, folder: Path) -> Form:
    """The form that a webhook asks for. Errors: UsageError."""
    if hook.template_file is None:
        path = files("agent") / "notices" / "templates" / f"{hook.template}.j2"
        return Form(path.read_text(encoding="utf-8"), hook.template)
    return Form(_read(folder / hook.template_file), hook.template_file)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TEMPLATE + 1)
        if len(data) > MAX_TEMPLATE:
            raise UsageError(f"{path}: got more than 64 KiB, wanted a short template")
        return data.decode()
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}; name a template that can be read") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path}: got bytes that are not UTF-8; save the file as UTF-8") from exc
