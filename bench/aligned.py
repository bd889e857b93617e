"""43 000 targets all due at the same instant: how many start, how late, and how the loop fares meanwhile.

Ours: the schedule and its launch cap with probes that end at once. Peer: APScheduler with one interval job a target,
its defaults.
"""

import asyncio
import contextlib
import logging
import time
from typing import NamedTuple

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from agent.schedule import Job, Schedule
from agent.targets import Watched
from collectors.base import Target
from sla.confirm import Rules

TARGETS = 43_000
INTERVAL = 20


class Sweep(NamedTuple):
    """How many of the due probes ran, how often the busiest target ran, and times in seconds."""

    ran: int
    most: int
    sweep: float
    lag_p99: float
    lag_max: float


def watched(number: int) -> Watched:
    return Watched(
        target=Target(id=f"t{number}", address="127.0.0.1", timeout_seconds=2),
        kind="tcp",
        module="m",
        vantage="v",
        rules=Rules(INTERVAL * 1_000_000),
        retry_ns=5_000_000_000,
        down_loss=0.75,
    )


class Lags:
    """The loop's own lateness, every 5 ms."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    async def watch(self) -> None:
        while True:
            due = time.monotonic() + 0.005
            await asyncio.sleep(0.005)
            self.seen.append(max(time.monotonic() - due, 0))

    def p99(self) -> float:
        return sorted(self.seen)[int(len(self.seen) * 0.99)]


async def ours() -> Sweep:
    """One aligned round of our schedule."""
    counts: dict[str, int] = {}
    began = time.monotonic_ns()
    last = began

    def launch(job: Job) -> None:
        nonlocal last
        counts[job.watched.id] = counts.get(job.watched.id, 0) + 1
        last = time.monotonic_ns()

    schedule = Schedule(time.monotonic_ns, launch, lambda *_: None)
    for number in range(TARGETS):
        job = Job(watched(number), began)
        job.due_ns = began
        job.watched.phase_ns  # noqa: B018 (computed once here, not in the round)
        schedule._push(job)  # noqa: SLF001 (aligned on purpose; the product spreads them)
    lags = Lags()
    tasks = [asyncio.ensure_future(schedule.serve()), asyncio.ensure_future(lags.watch())]
    while len(counts) < TARGETS and time.monotonic_ns() - began < INTERVAL * 1e9:
        await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return Sweep(len(counts), max(counts.values()), (last - began) / 1e9, lags.p99(), max(lags.seen))


async def peer() -> Sweep:
    """The same round by APScheduler's defaults."""
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    counts: dict[int, int] = {}
    last = time.monotonic()

    async def probe(number: int) -> None:
        nonlocal last
        counts[number] = counts.get(number, 0) + 1
        last = time.monotonic()

    scheduler = AsyncIOScheduler()
    for number in range(TARGETS):
        scheduler.add_job(probe, "interval", args=[number], seconds=INTERVAL)
    first = min(job.trigger.start_date for job in scheduler.get_jobs())
    for job in scheduler.get_jobs():
        job.trigger.start_date = first  # aligned
    lags = Lags()
    watch = asyncio.ensure_future(lags.watch())
    scheduler.start()
    began = time.monotonic()
    await asyncio.sleep(INTERVAL * 1.5)
    scheduler.shutdown(wait=False)
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    return Sweep(
        len(counts), max(counts.values(), default=0), max(last - began - INTERVAL, 0), lags.p99(), max(lags.seen)
    )


def compare() -> tuple[Sweep, Sweep]:
    """(APScheduler's, ours)."""
    return asyncio.run(peer()), asyncio.run(ours())
