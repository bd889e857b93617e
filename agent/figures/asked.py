"""One question about a plan's period, with everything that the formulas share: timelines, faults, registers."""

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from agent.figures.book import Book
from agent.figures.faults import Faults, Found
from agent.figures.timelines import Timelines
from agent.instants import format_instant
from agent.stores.base import ImportedReading, Reader
from agent.workdays import built_in
from sla.model import Window
from sla.periods import to_datetime
from sla.plans import Plan
from sla.workdays import WorkCalendar


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
