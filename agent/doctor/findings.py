"""What an examination finds."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How a finding is to be taken; `unknown` is what could not be found out, which is not "ok"."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


class Finding(NamedTuple):
    """One thing looked at; `fix` says what to do, empty where there is nothing to do."""

    check: str
    level: Level
    text: str
    fix: str = ""
