"""What /metrics says of coverage: reckoned now and then in a thread, out of the store, and kept until the next time.

A unit is covered by a week of readings: half an hour changes little, and a scrape must not wait for it.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily

from agent import metrics
from agent.errors import StoreError
from agent.figures.book import Shelf
from agent.figures.coverage import NETWORKS, Question, covered
from agent.figures.timelines import Timelines
from agent.metrics import Family
from agent.stores.base import Reader
from sla.coverage import LEVELS, Coverage

LOG = logging.getLogger(__name__)

EVERY_SECONDS = 1800.0


class CoverageWatch:
    """A collector of prometheus-client's. Shape: without a register of divisions there are no samples."""

    def __init__(
        self,
        reader: Reader,
        shelf: Shelf,
        zone: ZoneInfo,
        now_us: Callable[[], int],
        registry: CollectorRegistry,
        common: Mapping[str, str],
    ) -> None:
        self._reader, self._shelf, self._zone, self._now_us = reader, shelf, zone, now_us
        self._common = dict(common)
        self._changed = asyncio.Event()
        self.found: Mapping[str, Coverage] = {}
        registry.register(self)

    def refresh(self) -> None:
        """Registers may have changed: look again soon."""
        self._changed.set()

    async def serve(self) -> None:
        """Look again and again until cancelled."""
        while True:
            self._changed.clear()
            await self.look()
            try:
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def look(self) -> None:
        """Reckon anew. A store that does not answer leaves no figure rather than an old one."""
        try:
            self.found = await asyncio.to_thread(self._find)
        except (StoreError, sqlite3.Error) as exc:
            if self.found:
                LOG.warning("coverage: %s", exc)
            self.found = {}

    def collect(self) -> Iterator[Metric]:
        """Every sample now."""
        units, ratio = self._gauge(metrics.COVERAGE_UNITS), self._gauge(metrics.COVERAGE_RATIO)
        for network, coverage in self.found.items():
            for level, share in coverage.levels.items():
                for status, ids in share.lists.items():
                    units.add_metric([network, level, status, *self._common.values()], len(ids))
                if share.d:
                    ratio.add_metric([network, level, *self._common.values()], share.n / share.d)
        yield units
        yield ratio

    def _gauge(self, family: Family) -> GaugeMetricFamily:
        return GaugeMetricFamily(family.name, family.help, labels=[*family.labels, *self._common])

    def _find(self) -> Mapping[str, Coverage]:
        book = self._shelf.book(self._reader)
        if not book.ids("divisions"):
            return {}
        now = self._now_us()
        known = Timelines(self._reader, book, now)
        return {
            network: covered(self._reader, known, self._zone, Question(network, LEVELS, now)) for network in NETWORKS
        }
