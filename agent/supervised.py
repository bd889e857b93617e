"""What the service manager is told while we run; the watchdog is answered only for progress (ADR 0019)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from agent.notify import ServiceManager
from agent.progress import Progress

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
"""How often we look whether there is progress, and say so; a manager that wants to hear more often does."""

PULSES = 4
"""Pulses in one watchdog time: three may be lost or late."""

STATUS_NS = 60_000_000_000
"""Over how long readings are counted for the status line."""

FIRST_NS = 10_000_000_000
"""After how long it names a rate for the first time."""


class Counts(NamedTuple):
    """What the status line says: targets now, and readings since the start."""

    targets: int
    readings: int


class Supervised:
    """The agent as its service manager sees it."""

    def __init__(
        self,
        manager: ServiceManager,
        progress: Progress,
        counts: Callable[[], Counts],
        now_ns: Callable[[], int],
    ) -> None:
        self._manager = manager
        self._progress = progress
        self._counts = counts
        self._now_ns = now_ns
        self._stalled = ""
        self._counted = (now_ns(), 0)
        self._per_minute: float | None = None

    @property
    def every_seconds(self) -> float:
        """The time between two looks."""
        wanted = self._manager.watchdog_us / 1e6 / PULSES
        return min(LOOK_SECONDS, wanted) if wanted else LOOK_SECONDS

    def ready(self) -> None:
        """Everything is there: probing, writing, serving."""
        self._manager.state("READY=1", f"STATUS={self.status()}")

    @asynccontextmanager
    async def reloading(self) -> AsyncIterator[None]:
        """A reload, whatever becomes of it: afterwards we are ready again, with the old or the new configuration."""
        self._manager.state("RELOADING=1", f"MONOTONIC_USEC={self._now_ns() // 1000}", "STATUS=reloading")
        try:
            yield
        finally:
            self.ready()

    def stopping(self) -> None:
        """From now on silence is no hang."""
        self._manager.state("STOPPING=1", "STATUS=stopping: the last edges are written")

    async def serve(self) -> None:
        """Look, and answer the watchdog where there is progress, until cancelled."""
        try:
            while self._manager.listens:
                self.look()
                await asyncio.sleep(self.every_seconds)
        finally:
            self._manager.close()

    def look(self) -> None:
        """One look. Without progress the status says what stands still, and the watchdog hears nothing."""
        stalled = self._progress.stalled()
        if stalled and not self._stalled:
            LOG.error("no progress, so the watchdog is not answered: %s", stalled)
        elif self._stalled and not stalled:
            LOG.warning("progress again; what stood still: %s", self._stalled)
        self._stalled = stalled
        self._count()
        self._manager.pulse(f"STATUS={self.status()}", *([] if stalled else ["WATCHDOG=1"]))

    def status(self) -> str:
        """One line for people."""
        rate = "" if self._per_minute is None else f", {self._per_minute:.0f} readings a minute"
        return f"{self._counts().targets} targets{rate}" + (f"; no progress: {self._stalled}" if self._stalled else "")

    def _count(self) -> None:
        now, readings = self._now_ns(), self._counts().readings
        since, before = self._counted
        if now - since >= (FIRST_NS if self._per_minute is None else STATUS_NS):
            self._per_minute = (readings - before) * 60e9 / (now - since)
        if now - since >= STATUS_NS:
            self._counted = (now, readings)
