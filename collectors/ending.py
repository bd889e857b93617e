"""How a probe ends before its time: an exception that carries the reading, so that nobody on the way has to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from collectors.base import Reading


class EndError(Exception):
    """The probe is over: the reading says why."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading.detail)
        self.reading = reading


@contextmanager
def ended_by(reading_of: Callable[[int, str], Reading], while_doing: str) -> Iterator[None]:
    """What the system refuses inside ends the probe; `reading_of` is from_host or from_path. Errors: EndError."""
    try:
        yield
    except OSError as exc:
        raise EndError(reading_of(exc.errno or 0, while_doing)) from exc
