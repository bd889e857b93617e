"""Calendar jobs by APScheduler: the few things that happen by the clock on the wall, never a probe."""

import logging
from collections.abc import Callable
from datetime import tzinfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

DAILY_AT = (3, 30)
"""Local hour and minute of the daily clean-up: least load in every zone this runs in."""


class Calendar:
    """Runs jobs at local times of day; a job that was missed runs once as soon as it can."""

    def __init__(self, zone: tzinfo) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it writes two lines for every run
        self._scheduler = AsyncIOScheduler(timezone=zone)
        self._zone = zone

    def daily(self, name: str, job: Callable[[], object]) -> None:
        """Run a job every day; a coroutine function runs on the loop."""
        self._scheduler.add_job(
            job,
            CronTrigger(hour=DAILY_AT[0], minute=DAILY_AT[1], timezone=self._zone),
            id=name,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """End; jobs under way are not waited for."""
        self._scheduler.shutdown(wait=False)

    def names(self) -> list[str]:
        """The jobs there are."""
        return [job.id for job in self._scheduler.get_jobs()]
