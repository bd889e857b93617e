"""Deadlines in working days (V5): from the State Council's dated days, 调休 included, never from a guess."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sla.model import Window
from sla.periods import midnight, to_datetime, to_us

_DAY = timedelta(days=1)
_SATURDAY = 5

BUSY = (time(8), time(18))
"""Busy hours of working days unless the plan says otherwise (C4)."""


class MissingYearError(ValueError):
    """The calendar does not have the year of a day that is asked for."""

    def __init__(self, year: int) -> None:
        super().__init__(
            f"the working-day calendar lacks {year}, wanted the days that the State Council published for it; "
            f"add the calendar file of {year}"
        )
        self.year = year


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year as its notices state it. Shape: `off` are days off, `working` are Saturdays and Sundays at work (调休).

    Errors: ValueError for a day of another year, one that is both, or a working day that would be one anyway.
    """

    year: int
    documents: tuple[str, ...]
    off: frozenset[date]
    working: frozenset[date]

    def __post_init__(self) -> None:
        strangers = sorted(day for day in self.off | self.working if day.year != self.year)
        if strangers:
            raise ValueError(f"got {strangers[0]} in the calendar of {self.year}, wanted days of that year")
        if both := sorted(self.off & self.working):
            raise ValueError(f"got {both[0]} as a day off and as a working day, wanted one of them")
        if plain := sorted(day for day in self.working if day.weekday() < _SATURDAY):
            raise ValueError(
                f"got the working day {plain[0]}, wanted a Saturday or Sunday: the others are working days"
            )

    def is_working(self, day: date) -> bool:
        """Whether it is a working day."""
        return day in self.working or (day.weekday() < _SATURDAY and day not in self.off)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Years that are known."""

    years: Mapping[int, CalendarYear]

    @classmethod
    def of(cls, years: Iterable[CalendarYear]) -> "WorkCalendar":
        """From the years of files. Errors: ValueError for a year that comes twice."""
        found: dict[int, CalendarYear] = {}
        for each in years:
            if found.setdefault(each.year, each) is not each:
                raise ValueError(f"got the calendar of {each.year} twice, wanted it once")
        return cls(found)

    def is_working(self, day: date) -> bool:
        """Whether it is a working day. Errors: MissingYearError."""
        if day.year not in self.years:
            raise MissingYearError(day.year)
        return self.years[day.year].is_working(day)

    def after(self, day: date, count: int) -> date:
        """The n-th working day after a day, which is itself not counted (V5). Errors: MissingYearError, ValueError."""
        if count < 1:
            raise ValueError(f"got {count} working days, wanted at least 1")
        while count:
            day += _DAY
            count -= self.is_working(day)
        return day

    def due(self, issued: int, count: int, zone: ZoneInfo) -> int:
        """Before when it must be done: 00:00 after the n-th working day. Units: microseconds UTC.

        Errors: MissingYearError.
        """
        last = self.after(to_datetime(issued, zone).date(), count)
        return midnight(last + _DAY, zone)

    def busy(self, window: Window, zone: ZoneInfo, hours: tuple[time, time] = BUSY) -> Iterator[Window]:
        """The busy hours of the working days of a window, its ends cut (C4). Errors: MissingYearError, ValueError."""
        if hours[0] >= hours[1]:
            raise ValueError(f"got busy hours from {hours[0]} to {hours[1]}, wanted an end after the begin")
        day = to_datetime(window.start, zone).date()
        while midnight(day, zone) < window.end:
            if self.is_working(day):
                start, end = (to_us(datetime.combine(day, hour, zone)) for hour in hours)
                if max(start, window.start) < min(end, window.end):
                    yield Window(max(start, window.start), min(end, window.end))
            day += _DAY
