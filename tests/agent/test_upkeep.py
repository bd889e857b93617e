"""Jobs by the calendar when the store refuses: said in one line, and tried again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import pytest

from agent.calendar import Calendar
from agent.clock import SystemClock
from agent.errors import StoreError
from agent.upkeep import BORDER_AGAIN_SECONDS, Upkeep

ZONE = ZoneInfo("Asia/Shanghai")


class Refusing:
    """Stands for the writer's queue and for the housekeeping: refuses so many times, then does as told."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.done = 0

    def begin_periods(self) -> None:
        """Nothing to begin."""

    def look(self) -> None:
        self.done += 1

    async def run_in_writer(self, work: Callable[[], object]) -> None:
        await self.once()
        work()

    async def once(self) -> None:
        if self.times:
            self.times -= 1
            raise StoreError("store l.db: cannot write: database or disk is full; make room on its disk")
        self.done += 1


def upkeep(calendar: Calendar, store: Refusing) -> Upkeep:
    return Upkeep(calendar, store, store, store.look, store.look)  # type: ignore[arg-type]  # the store plays all parts


async def test_a_clean_up_that_the_store_refuses_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    store = Refusing(1)
    jobs = upkeep(Calendar(ZONE, SystemClock().wall_us), store)
    await jobs.clean_up()
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "make room on its disk" in caplog.text
    assert "Traceback" not in caplog.text
    assert store.done == 1, "the age of the register is looked at all the same"


async def test_a_register_border_that_is_refused_is_tried_again_until_it_is_taken() -> None:
    store, calendar = Refusing(1), Calendar(ZONE, SystemClock().wall_us)
    jobs = upkeep(calendar, store)
    planned: list[Callable[[], Awaitable[None]]] = []
    again: list[int] = []
    calendar.once = lambda _name, _at, job: planned.append(job)  # type: ignore[assignment, method-assign, misc]  # a calendar that only notes
    calendar.soon = lambda _name, seconds, job: (again.append(seconds), planned.append(job))  # type: ignore[assignment, func-returns-value, method-assign, misc]  # a calendar that only notes
    jobs.at_border(1, store.once)
    await planned[0]()
    assert (again, store.done, len(planned)) == ([BORDER_AGAIN_SECONDS], 0, 2)
    await planned[1]()
    assert (again, store.done, len(planned)) == ([BORDER_AGAIN_SECONDS], 1, 2)


async def test_soon_is_so_many_seconds_from_now() -> None:
    calendar = Calendar(ZONE, SystemClock().wall_us)
    ran = asyncio.Event()
    calendar.start()
    try:
        calendar.soon("x", 1, ran.set)
        async with asyncio.timeout(60):
            await ran.wait()
    finally:
        calendar.stop()
