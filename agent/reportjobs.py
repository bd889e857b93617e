"""Reports that are written by the calendar: of each month, quarter and year that is over, once, into a folder.

What is missing is looked for every day and at start, so a report is late where the agent was down, never left out. A
file that is there stays: who wants it made anew moves it away.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.config.problems import Found, Rule, dotted
from agent.config.schema import ReportJob
from agent.errors import AgentError, UsageError
from agent.figures.book import Shelf
from agent.figures.plan import PlanTables
from agent.plans import configured_plans, plan_by_id
from agent.reports.build import Wanted, build
from agent.reports.files import write_whole
from agent.reports.forms import Form, rendered
from agent.reports.party import Party, parse, tail
from agent.selfmetrics import SelfMetrics
from agent.stores.base import Reader
from sla.periods import named, to_datetime
from sla.plans import Plan

LOG = logging.getLogger(__name__)

GRACE_US = 4 * 3_600_000_000
"""After the end of a period: its last fault is in time, or late, after 3 h."""

DAILY_AT = (4, 30)
"""Local hour and minute of the look: after the clean-up, and after the grace of a month that ended at midnight."""

_MONTHS_OF_QUARTER = 3


class Due(NamedTuple):
    """One report that has to be there."""

    job: ReportJob
    plan: Plan
    period: str
    whose: Party | None
    form: Form
    path: Path


class StoppingError(Exception):
    """The agent stops; the report is made after the next start."""


class ReportJobs:
    """Looks for reports that are due and missing, and writes them in a thread of its own."""

    def __init__(
        self,
        reader: Reader,
        shelf: Shelf,
        now_us: Callable[[], int],
        metrics: SelfMetrics,
        is_in_doubt: Callable[[], bool],
    ) -> None:
        self._reader, self._shelf, self._now_us = reader, shelf, now_us
        self._metrics, self._is_in_doubt = metrics, is_in_doubt
        self._jobs: Sequence[ReportJob] = ()
        self._names: Sequence[str] = ()
        self._folder = Path()
        self._wake = asyncio.Event()
        self._stopping = False

    def take(self, jobs: Sequence[ReportJob], names: Sequence[str], folder: Path) -> None:
        """Other jobs, or other plans; relative paths begin at the folder."""
        self._jobs, self._names, self._folder = jobs, names, folder
        self.look()

    def look(self) -> None:
        """See whether anything is due, soon."""
        self._wake.set()

    async def serve(self) -> None:
        """Write what is due whenever asked to look, until cancelled."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="reports")
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await asyncio.get_running_loop().run_in_executor(thread, self.write_due)
        finally:
            self._stopping = True
            await asyncio.to_thread(thread.shutdown)  # it reads the store until then

    def write_due(self) -> None:
        """Write all that is due and missing. What fails is told once a look and tried again at the next one."""
        if self._is_in_doubt():
            LOG.warning("scheduled reports wait: the clock is in doubt, nobody knows which periods are over (T4)")
            return
        missing = 0
        for job in self._jobs:
            try:
                due = [each for each in self._due(job) if not each.path.exists()]
                missing += sum(not self._write(each) for each in due)
            except StoppingError:
                return
            except Exception as exc:  # noqa: BLE001  # a report must never end the agent
                missing += 1
                self._failed(f"of plan {job.plan}", exc)
        self._metrics.reports_missing.set(missing)

    def _due(self, job: ReportJob) -> Iterator[Due]:
        plan = plan_by_id(job.plan, configured_plans(self._names, self._folder))
        folder = _checked(self._folder / job.folder)
        at = self._now_us() - GRACE_US
        for every in job.every:
            period = last(every, at, plan.zone_info)
            if period is None or not self._has(named(period, plan.zone_info).end):
                continue
            for whose in (None, *map(parse, job.sheets)):
                for form in map(Form, job.formats):
                    name = f"{plan.id}-{period}{'' if whose is None else tail(whose)}.{job.lang}.{form}"
                    yield Due(job, plan, period, whose, form, folder / name)

    def _has(self, end: int) -> bool:
        """Whether the store knows anything of before then: nobody wants reports of the years before it was there."""
        begins = (self._reader.first_heartbeat(), self._reader.first_imported())
        return any(begin is not None and begin < end for begin in begins)

    def _write(self, due: Due) -> bool:
        try:
            write_whole(due.path, self._made(due))
        except StoppingError:
            raise
        except Exception as exc:  # noqa: BLE001  # the others are written all the same
            self._failed(str(due.path), exc)
            return False
        self._metrics.reports.labels("written").inc()
        LOG.info("report written: %s", due.path)
        return True

    def _made(self, due: Due) -> bytes:
        wanted = Wanted(plan=due.plan, period=due.period, language=due.job.lang, whose=due.whose)
        tables = PlanTables(self._reader, self._shelf)
        return rendered(build(tables, wanted, now=self._now_us(), told=self._told), due.form)

    def _told(self, *_: int) -> None:
        if self._stopping:
            raise StoppingError

    def _failed(self, what: str, exc: Exception) -> None:
        self._metrics.reports.labels("failed").inc()
        is_ours = not isinstance(exc, AgentError)
        LOG.error("report not written: %s: %s; it is tried again every day", what, exc, exc_info=is_ours)


def last(every: str, at: int, zone: ZoneInfo) -> str | None:
    """The name of the last month, quarter or year that was over at an instant."""
    local = to_datetime(at, zone)
    if every == "year":
        return str(local.year - 1)
    months = 1 if every == "month" else (local.month - 1) % _MONTHS_OF_QUARTER + 1
    before = local.replace(day=1)
    for _ in range(months):
        before = (before - timedelta(days=1)).replace(day=1)
    if every == "month":
        return f"{before.year}-{before.month:02}"
    return f"{before.year}-Q{(before.month - 1) // _MONTHS_OF_QUARTER + 1}"


def check_jobs(jobs: Sequence[ReportJob], names: Sequence[str], folder: Path) -> None:
    """Refuse what could never be written. Errors: ConfigError of a plan's file, UsageError naming the job."""
    for found in job_problems(jobs, names, folder):
        raise UsageError(f"{dotted(found.path)}: {found.text}")


def job_problems(jobs: Sequence[ReportJob], names: Sequence[str], folder: Path) -> Iterator[Found]:
    """All that could never be written, by its place in the configuration. Errors: ConfigError of a plan's file."""
    plans = configured_plans(names, folder)
    for number, job in enumerate(jobs):
        asks: list[tuple[tuple[str | int, ...], Callable[[], object]]] = [
            (("plan",), partial(plan_by_id, job.plan, plans)),
            (("folder",), partial(_checked, folder / job.folder)),
            *((("sheets", index), partial(parse, sheet)) for index, sheet in enumerate(job.sheets)),
        ]
        for place, ask in asks:
            try:
                ask()
            except UsageError as exc:
                yield Found(Rule.VALUE, ("reports", number, *place), str(exc).partition(": ")[2])


def _checked(folder: Path) -> Path:
    if not folder.is_dir():
        raise UsageError(f"folder: got {folder}, wanted a folder that is there; mkdir -p {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"folder: got {folder}, wanted one that the agent may write into; change its owner or mode")
    return folder
