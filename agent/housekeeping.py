"""What recurs inside the agent besides probes: silence settled, clocks compared, periods begun."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.clock import RunClock
from agent.clockwatch import ClockWatch
from agent.exporter import Exporter
from agent.ledger import Ledger
from agent.tallies import Keeper, Tallies
from sla.model import Window
from sla.periods import midnight, month, to_datetime, year

TICK_SECONDS = 0.25
SILENT_AT_ONCE = 100
"""Components whose validity is looked at in one go: of 43 000, 500 are due in a second."""

COUNTS_EVERY = 240
CLOCK_EVERY = 4


class Housekeeping:
    """One loop for everything that is due every so many ticks."""

    def __init__(
        self,
        clock: RunClock,
        ledger: Ledger,
        exporter: Exporter,
        watch: ClockWatch,
        zone: ZoneInfo,
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._exporter = exporter
        self._watch = watch
        self._zone = zone

    async def serve(self) -> None:
        """Until cancelled."""
        number = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            number += 1
            now = self._clock.now_us()
            more = self._ledger.tick(now, SILENT_AT_ONCE)
            while more:
                await asyncio.sleep(0)
                more = self._ledger.settle_silence(now, SILENT_AT_ONCE)
            if number % COUNTS_EVERY == 0:
                self._ledger.flush_counts()
            if number % CLOCK_EVERY == 0:
                self._watch.look()

    def begin_periods(self) -> None:
        """Keep the sums of the running and the coming year and month; asked for again every day."""
        periods = running_periods(self._clock.now_us(), self._zone)
        self._ledger.begin_periods(list(periods.values()))
        self._exporter.periods = periods


def running_periods(now_us: int, zone: ZoneInfo) -> Mapping[str, Window]:
    """The running year and month by label, and the next of each, so that they are begun before they start."""
    local = to_datetime(now_us, zone)
    following = local.year + local.month // 12, local.month % 12 + 1
    return {
        f"{local.year}": year(local.year, zone),
        f"{local.year}-{local.month:02d}": month(local.year, local.month, zone),
        f"{local.year + 1}": year(local.year + 1, zone),
        f"{following[0]}-{following[1]:02d}": month(*following, zone),
    }


class MonthOf:
    """The month (yyyymm of the zone) of an instant; remembers the last one, which nearly every instant is in."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._window = Window(0, 0)
        self._number = 0

    def __call__(self, us: int) -> int:
        if not self._window.start <= us < self._window.end:
            local = to_datetime(us, self._zone)
            self._window = month(local.year, local.month, self._zone)
            self._number = local.year * 100 + local.month
        return self._number


class DayOf:
    """The ordinal of the day (of the zone) of an instant; remembers the last one."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._window = Window(0, 0)
        self._number = 0

    def __call__(self, us: int) -> int:
        if not self._window.start <= us < self._window.end:
            day = to_datetime(us, self._zone).date()
            self._window = Window(midnight(day, self._zone), midnight(day + timedelta(days=1), self._zone))
            self._number = day.toordinal()
        return self._number


def tallies_of(keeper: Keeper, zone: ZoneInfo) -> Tallies:
    """What is kept of readings by the months and days of a zone."""
    return Tallies(keeper, MonthOf(zone), DayOf(zone))


def store_bytes(path: Path | None) -> int:
    """Size of a store's file and its write-ahead log; 0 in memory."""
    if path is None:
        return 0
    parts = (path, path.with_name(path.name + "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
