"""One question about a plan's period, with everything that the formulas share: timelines, faults, registers."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from agent.figures.book import Book
from agent.figures.coverage import Question, covered
from agent.figures.faults import Faults, Found
from agent.figures.kept import Kept
from agent.figures.timelines import Timelines
from agent.instants import format_instant
from agent.stores.base import ImportedReading, Reader
from agent.workdays import built_in
from sla.coverage import LEVELS, Coverage
from sla.model import Window
from sla.periods import to_datetime
from sla.plans import Plan
from sla.rate import Gap
from sla.workdays import WorkCalendar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a formula is asked. Units: microseconds UTC. `window` is the period up to `as_of`; `now` is the present."""

    plan: Plan
    period: Window
    as_of: int
    now: int
    zone: ZoneInfo
    reader: Reader
    known: Timelines
    faults: Faults
    kept: Kept | None = None

    @property
    def window(self) -> Window:
        """The part of the period that has come (T3)."""
        return Window(self.period.start, min(self.period.end, self.as_of))

    @property
    def running(self) -> bool:
        """Whether the period goes on."""
        return self.as_of < self.period.end

    @property
    def year(self) -> int:
        """The year whose printed column holds for the period."""
        return to_datetime(self.period.start, self.zone).year

    @property
    def book(self) -> Book:
        """The registers."""
        return self.known.book

    @cached_property
    def found(self) -> Found:
        """All faults of the period, made once."""
        return self.faults.find_in(self.known, self.period, self.as_of)

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """Gaps of our own in which a late fault of the period may hide (F11)."""
        return self.faults.gaps(self.period, self.as_of)

    def covered(self, network: str, levels: Sequence[str]) -> Coverage:
        """Coverage of units of these levels at the end of the period, or at as_of."""
        if self.kept is not None and self.running:
            return self.kept.covered(network, levels, self.zone)
        return covered(self.reader, self.known, self.zone, Question(network, levels, self.window.end))

    def days_verified(self, network: str) -> Mapping[str, int]:
        """On how many days of the period each counted unit has an ok reading that speaks for it (C3).

        For the lists of a report: every day of every target is read, which a figure has no need of.
        """
        if network not in self._days:
            question = Question(network, LEVELS, self.window.end, self.window)
            self._days[network] = covered(self.reader, self.known, self.zone, question).days
        return self._days[network]

    @cached_property
    def _days(self) -> dict[str, Mapping[str, int]]:
        return {}

    def memo(self, key: Hashable, until: int, parts: Iterable[str], make: Callable[[], T]) -> T:
        """What is costly to make of these components' time up to an instant; kept where something is."""
        return make() if self.kept is None else self.kept.memo(key, until, parts, make)

    @cached_property
    def calendar(self) -> WorkCalendar:
        """The working days that come with the program (V5)."""
        return built_in()

    @cached_property
    def _imported(self) -> frozenset[int]:
        return self.reader.imported_components()

    def imported_readings(self, id_: str) -> list[ImportedReading]:
        """The single readings that files tell of a target."""
        component = self.reader.component(id_) if self._imported else None
        return (
            []
            if component is None or component.id not in self._imported
            else self.reader.imported_readings(component.id)
        )

    def time(self, at: int) -> str:
        """An instant as it is printed."""
        return format_instant(at, self.zone)
