"""The cells of a row into values; what they cannot be goes to the problems of the file."""

from collections.abc import Mapping
from typing import TypeVar

from agent.config.problems import nearest, show
from agent.config.values import NAME_WORDS, is_name
from agent.imports.problems import Problems
from agent.imports.request import ImportRequest
from agent.instants import format_instant, parse_stamp
from sla.model import DEGRADED_NAMES, Degraded, Outcome, State

T = TypeVar("T")

STATES: Mapping[str, State] = {
    "up": State.UP,
    "degraded": State.DEGRADED,
    "down": State.DOWN,
    "unknown": State.UNKNOWN,
    "out": State.OUT,
    "正常": State.UP,
    "降级": State.DEGRADED,
    "中断": State.DOWN,
    "未知": State.UNKNOWN,
    "停用": State.OUT,
}
OUTCOMES: Mapping[str, Outcome] = {
    "ok": Outcome.OK,
    "failed": Outcome.FAILED,
    "error": Outcome.ERROR,
    "正常": Outcome.OK,
    "失败": Outcome.FAILED,
    "错误": Outcome.ERROR,
}
LIMITS: Mapping[str, Degraded] = {
    name: flag
    for name, flag in DEGRADED_NAMES.items()
    if flag not in (Degraded.BLIP, Degraded.FLAPPING, Degraded.IMPORTED)
}
MAX_INTERVAL = 86_400
_SECOND = 1_000_000


class Fields:
    """Reads the cells of one file's rows. Each method gives None where it noted a problem."""

    def __init__(self, problems: Problems, request: ImportRequest) -> None:
        self._problems = problems
        self._zone = request.zone
        self._now = request.now
        self._ids: set[str] = set()

    def target(self, line: int, text: str) -> str | None:
        """An id, or TARGET#COMPONENT."""
        if text in self._ids:
            return text
        target, _, part = text.partition("#")
        if is_name(target) and (part == "" or is_name(part)) and not text.endswith("#"):
            self._ids.add(text)
            return text
        self._bad(line, "target_id", text, f"{NAME_WORDS}; for a component TARGET#COMPONENT")
        return None

    def at(self, line: int, text: str) -> int | None:
        """An instant that has happened."""
        try:
            at = parse_stamp(text, self._zone)
        except ValueError as exc:
            self._bad(line, "at", text, str(exc))
            return None
        if at <= self._now:
            return at
        now = format_instant(self._now, self._zone)
        self._bad(line, "at", text, f"wanted a time that has come (it is {now}); correct the time")
        return None

    def state(self, line: int, text: str) -> State | None:
        """A confirmed state."""
        return self._one_of(line, "state", text, STATES)

    def outcome(self, line: int, text: str) -> Outcome | None:
        """What a reading says."""
        return self._one_of(line, "outcome", text, OUTCOMES)

    def interval(self, line: int, text: str) -> int | None:
        """Microseconds between regular readings."""
        whole = text.isascii() and text.isdigit() and len(text) < 10
        if whole and 0 < int(text) <= MAX_INTERVAL:
            return int(text) * _SECOND
        words = f"wanted whole seconds from 1 to {MAX_INTERVAL}; write the regular interval of the probe"
        self._bad(line, "interval_seconds", text, words)
        return None

    def over(self, line: int, text: str) -> Degraded | None:
        """The limits broken; empty is none."""
        broken = Degraded.NONE
        for name in text.replace("；", ";").split(";") if text else ():
            limit = self._one_of(line, "over_limit", name.strip(), LIMITS)
            if limit is None:
                return None
            broken |= limit
        return broken

    def _one_of(self, line: int, column: str, text: str, known: Mapping[str, T]) -> T | None:
        value = known.get(text)
        if value is None:
            value = known.get(text.casefold())
        if value is None:
            names = [name for name in known if name.isascii()]
            step = nearest(text, known) if text else "fill it in"
            self._bad(line, column, text, f"wanted one of {', '.join(names)}; {step}")
        return value

    def _bad(self, line: int, column: str, text: str, rest: str) -> None:
        self._problems.add(line, column, f"got {show(text) if text else 'nothing'}, {rest}")
