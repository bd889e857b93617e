"""Option types that modules and the configuration share: text in, one exact meaning out."""

import os
import re
import warnings
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, model_validator

_DURATION = re.compile(r"((?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(0|[1-9][0-9]{0,8})(B|KiB|MiB|GiB)")
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def parse_duration(value: object) -> float:
    """Seconds of a duration such as 500ms, 10s, 5m, 3h, 2d. Errors: ValueError naming what was wanted."""
    if isinstance(value, float):  # a default of ours, not text from a file
        return value
    text = str(value)
    match = _DURATION.fullmatch(text)
    if match is None:
        unit = ", for example " + text + "s" if re.fullmatch(r"[1-9][0-9]{0,8}", text) else ""
        raise ValueError(f"got {text}, wanted a duration with a unit (ms, s, m, h, d){unit}")
    return float(match[1]) * _SECONDS[match[2]]


def parse_size(value: object) -> int:
    """Bytes of a size such as 512KiB or 10MiB. Errors: ValueError naming what was wanted."""
    if isinstance(value, int):
        return value
    match = _SIZE.fullmatch(str(value))
    if match is None:
        raise ValueError(f"got {value}, wanted a size with a unit (B, KiB, MiB, GiB), for example 1MiB")
    return int(match[1]) * _BYTES[match[2]]


def compile_pattern(value: object) -> re.Pattern[str]:
    """A regular expression, compiled when the configuration loads. Errors: ValueError with the position."""
    if isinstance(value, re.Pattern):
        return value
    if not isinstance(value, str):
        raise ValueError(f"got {value!r}, wanted one regular expression as text; quote it")  # noqa: TRY004 (only a ValueError is a message to the user)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            return re.compile(value)
    except (re.error, RecursionError, OverflowError, FutureWarning) as exc:
        raise ValueError(f"got {value!r}, wanted a regular expression: {exc}") from exc


Duration = Annotated[float, BeforeValidator(parse_duration)]
"""Seconds; written with a unit."""

Size = Annotated[int, BeforeValidator(parse_size)]
"""Bytes; written with a unit."""

Pattern = Annotated[re.Pattern[str], BeforeValidator(compile_pattern)]
"""A compiled regular expression."""


class Secret(BaseModel, frozen=True, extra="forbid"):
    """A password or token by reference: it stands in a file or in the environment, never in agent.yml."""

    file: str | None = None
    env: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_plain_text(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError("got a plain text secret, wanted {file: PATH} or {env: NAME}; move it there")  # noqa: TRY004 (only a ValueError is a message to the user) (pydantic collects ValueError)
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("wanted exactly one of file and env")
        return self

    def reveal(self) -> str:
        """The secret itself, without a file's final newline. Errors: ValueError saying what is missing."""
        if self.env is not None:
            if self.env not in os.environ:
                raise ValueError(f"environment variable {self.env} is not set for this process")
            return os.environ[self.env]
        try:
            return Path(self.file or "").read_text(encoding="utf-8").rstrip("\n")
        except OSError as exc:
            raise ValueError(f"cannot read the secret file {self.file}: {exc.strerror}") from exc
