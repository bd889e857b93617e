"""Calendar jobs by APScheduler: the few things that happen by the clock on the wall, never a probe."""

import logging
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from sla.periods import to_datetime

DAILY_AT = (3, 30)
"""Local hour and minute of the daily clean-up: least load in every zone this runs in."""


NOT_BEFORE_US = 1_000_000


class Calendar:
    """Runs jobs at local times of day; a job that was missed runs once as soon as it can.

    Whatever cannot be taken back has to ask ClockWatch.unresolved before it does it (T4).
    """

    def __init__(self, zone: ZoneInfo, wall_us: Callable[[], int]) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it writes two lines for every run
        self._scheduler = AsyncIOScheduler(timezone=zone)
        self._zone = zone
        self._wall_us = wall_us

    def daily(self, name: str, job: Callable[[], object], at: tuple[int, int] = DAILY_AT) -> None:
        """Run a job every day; a coroutine function runs on the loop."""
        self._scheduler.add_job(
            job,
            CronTrigger(hour=at[0], minute=at[1], timezone=self._zone),
            id=name,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )

    def once(self, name: str, at: int | None, job: Callable[[], object]) -> None:
        """Run a job at an instant, instead of whenever it was to run before; None for no more. Units: microseconds."""
        if at is None:
            if self._scheduler.get_job(name) is not None:
                self._scheduler.remove_job(name)
            return
        at = max(at, self._wall_us() + NOT_BEFORE_US)  # our own clock may be behind the wall's: no rush of attempts
        self._scheduler.add_job(
            job,
            DateTrigger(to_datetime(at, self._zone), timezone=self._zone),
            id=name,
            misfire_grace_time=None,
            replace_existing=True,
        )

    def soon(self, name: str, seconds: int, job: Callable[[], object]) -> None:
        """The same from now on."""
        self.once(name, self._wall_us() + seconds * 1_000_000, job)

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._scheduler.start()

    def clock_stepped(self) -> None:
        """The wall clock stepped: what it passed over runs once, now; what it fell behind of is planned anew.

        Left alone, a scheduler works through every day of a step forward, and after one back waits until then.
        """
        if not self._scheduler.running:
            return
        now = to_datetime(self._wall_us(), self._zone)
        for job in self._scheduler.get_jobs():
            due = job.next_run_time
            job.modify(next_run_time=now if due <= now else min(due, job.trigger.get_next_fire_time(None, now)))

    def stop(self) -> None:
        """End; jobs under way are not waited for."""
        self._scheduler.shutdown(wait=False)

    def planned(self, name: str) -> datetime:
        """When a job runs next."""
        planned: datetime = self._scheduler.get_job(name).next_run_time
        return planned

    def names(self) -> list[str]:
        """The jobs there are."""
        return [job.id for job in self._scheduler.get_jobs()]
