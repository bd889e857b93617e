"""What the agent says about itself, on standard error: logfmt or JSON lines, English, no secrets.

Levels: ERROR act now, WARNING look, INFO what you asked for happened, DEBUG how.
"""

import json
import logging
import sys
from datetime import UTC, datetime


def set_up(level: str, form: str) -> None:
    """Send every logger's lines to standard error in one form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine() if form == "json" else LogfmtLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("asyncio").setLevel(logging.WARNING)


class LogfmtLine(logging.Formatter):
    """ts=… level=… caller=… msg="…" as Prometheus and its exporters write."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record, super().formatException)
        return " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())


class JsonLine(logging.Formatter):
    """The same fields as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_fields(record, super().formatException), ensure_ascii=False)


def _fields(record: logging.LogRecord, of_exception: "object") -> dict[str, str]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {
        "ts": at,
        "level": record.levelname.lower(),
        "caller": f"{record.module}:{record.lineno}",
        "msg": record.getMessage(),
    }
    if record.exc_info and callable(of_exception):
        fields["traceback"] = str(of_exception(record.exc_info))
    return fields


def _quoted(value: str) -> str:
    if value and all(char.isprintable() and char not in ' "=' for char in value):
        return value
    return json.dumps(value, ensure_ascii=False)
