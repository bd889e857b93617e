"""The working-day calendar of files, one a year, as the State Council's notices state it (V5)."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NoReturn

from agent.config.nodes import MAX_BYTES, Tree, UnreadableError, parse
from agent.config.problems import Path, dotted, show
from agent.errors import UsageError
from sla.workdays import CalendarYear, WorkCalendar

_KEYS = ("year", "notices", "holidays", "working")
_LONGEST = 31
"""Days in a row that one holiday may have; more is a slip of the pen."""


@cache
def built_in() -> WorkCalendar:
    """The years that come with the program: config/calendar. Errors: UsageError."""
    folder = files("agent") / "data" / "config" / "calendar"
    return WorkCalendar.of(map(read_year, sorted(_years(folder), key=lambda file: file.name)))


def calendar_of(paths: Sequence[Traversable]) -> WorkCalendar:
    """The years of files. Errors: UsageError naming file and line."""
    try:
        return WorkCalendar.of(map(read_year, paths))
    except ValueError as exc:
        raise UsageError(f"{exc}; remove one of the files") from None


def read_year(file: Traversable) -> CalendarYear:
    """One file. Errors: UsageError naming file and line."""
    return _Year(file).read()


def _years(folder: Traversable) -> Iterator[Traversable]:
    return (file for file in folder.iterdir() if file.name.endswith(".yml"))


class _Year:
    def __init__(self, file: Traversable) -> None:
        self._name = str(file)
        self._tree = self._parsed(file)

    def read(self) -> CalendarYear:
        if found := self._tree.found:
            self._refuse(found[0].path, found[0].text)
        for key in self._tree.data:
            if key not in _KEYS:
                self._refuse((key,), f"got the unknown key {show(key)}, wanted one of {', '.join(_KEYS)}")
        number, documents = self._number(), self._documents()
        off = frozenset(day for place in self._places("holidays") for day in self._holiday(place))
        working = frozenset(self._date(place) for place in self._places("working"))
        try:
            return CalendarYear(number, documents, off, working)
        except ValueError as exc:
            self._refuse(("year",), f"{exc}; correct it")

    def _number(self) -> int:
        text = self._tree.at(("year",))
        if not isinstance(text, str) or not text.isdecimal() or len(text) != 4:
            self._refuse(("year",), f"got {show(text)}, wanted a year (2026)")
        return int(text)

    def _documents(self) -> tuple[str, ...]:
        """What the days rest on: at least one notice with its number."""
        found = [self._tree.at((*place, "document")) for place in self._places("notices")]
        if not found or not all(isinstance(each, str) and each for each in found):
            self._refuse(("notices",), "wanted at least one notice, each with its `document`; fill it in")
        return tuple(map(str, found))

    def _holiday(self, place: Path) -> Iterator[date]:
        first, last = self._date((*place, "first")), self._date((*place, "last"))
        if not 0 <= (last - first).days < _LONGEST:
            self._refuse((*place, "last"), f"got {last}, wanted {first} or up to {_LONGEST - 1} days later; correct it")
        return (first + timedelta(days=count) for count in range((last - first).days + 1))

    def _places(self, key: str) -> list[Path]:
        listed = self._tree.at((key,))
        if not isinstance(listed, list):
            self._refuse((key,), f"got {show(listed)}, wanted a list; see the files of config/calendar")
        return [(key, position) for position in range(len(listed))]

    def _date(self, place: Path) -> date:
        text = self._tree.at(place)
        try:
            return date.fromisoformat(str(text))
        except ValueError:
            self._refuse(place, f"got {show(text)}, wanted a date (2026-01-01); correct it")

    def _parsed(self, file: Traversable) -> Tree:
        try:
            with file.open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
            return parse(data.decode("utf-8-sig"))
        except OSError as exc:
            raise UsageError(f"{self._name}: {exc.strerror}; name a file that can be read") from None
        except UnicodeDecodeError:
            raise UsageError(f"{self._name}: got bytes that are not UTF-8, wanted UTF-8 text") from None
        except UnreadableError as exc:
            raise UsageError(f"{self._name}:{exc.place[0]}: {exc.text}") from None

    def _refuse(self, place: Path, text: str) -> NoReturn:
        line = self._tree.place(place)[0]
        raise UsageError(f"{self._name}:{line}: {dotted(place)}: {text}")
