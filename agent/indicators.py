"""Plans live: their tables for the running year, brought up to date in a thread, and what /metrics says of them.

The first table of a large city takes its time; after it an edge costs what it changes (agent.figures.kept). The pauses
between two looks grow with what they take: at most a twentieth of a core.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily

from agent import metrics
from agent.figures.book import Shelf
from agent.figures.kept import Kept
from agent.figures.plan import PlanTables, Table
from agent.metrics import Family
from agent.plans import configured_plans
from agent.process import undisturbed
from agent.stores.base import Batch, Reader
from sla.availability import Ratio
from sla.indicators import Judged
from sla.plans import Plan, Variant
from sla.verdict import PERCENT, Verdict

LOG = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 60.0
SETTLE_SECONDS = 1.0
"""How long after an edge the next look waits at least: edges come in flocks."""

SHARE = 20
"""How many times as long as a look took the pause after it is at least."""

_RATIO = "all_in"
"""The variant of what knows no windows: all of it counts."""

_BOUNDS = ("low", "high")


class Indicators:
    """The plans in force, and their tables as they were last reckoned. A collector of prometheus-client's."""

    def __init__(
        self,
        registry: CollectorRegistry,
        reader: Reader,
        shelf: Shelf,
        now_us: Callable[[], int],
        common: Mapping[str, str],
    ) -> None:
        self._reader, self._shelf, self._now_us = reader, shelf, now_us
        self._common = dict(common)
        self._kept = Kept(reader)
        self._turn = threading.Lock()
        self._wake = asyncio.Event()
        self.plans: Sequence[Plan] = ()
        self.tables: Sequence[Table] = ()
        registry.register(self)

    async def take(self, names: Sequence[str], folder: Path) -> None:
        """Other plans, or other registers. Errors: ConfigError, AgentError; then the plans stay as they were."""
        if names or self.plans:
            self.plans = await asyncio.to_thread(configured_plans, names, folder)
        self._wake.set()

    def durable(self, batch: Batch) -> None:
        """Rows became durable: the next look puts them in."""
        if not self.plans:  # plans that come later begin with what is in the store
            self._kept = Kept(self._reader)
            return
        self._kept.heard(batch)
        if batch.edges:
            self._wake.set()

    def table(self, plan: Plan, period: str | None, *, now: int) -> Table:
        """The table of a plan as known now, by what is kept; called in a thread. Errors: UsageError."""
        with self._turn:
            return PlanTables(self._reader, self._shelf, self._kept).table(plan, period, now=now)

    async def serve(self) -> None:
        """Look after edges, and as time passes, until cancelled."""
        while True:
            began = asyncio.get_running_loop().time()
            self._wake.clear()
            await self.look()
            took = asyncio.get_running_loop().time() - began
            await asyncio.sleep(max(SETTLE_SECONDS, SHARE * took))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_SECONDS):
                    await self._wake.wait()

    async def look(self) -> None:
        """Reckon all tables once. What goes wrong is said, and the last tables are not shown any longer."""
        if not self.plans:
            self.tables = ()
            return
        try:
            with undisturbed():
                self.tables = await asyncio.to_thread(self._tables, tuple(self.plans), self._now_us())
        except Exception:  # an error in a figure is ours; probing goes on, and nothing stale is shown
            self.tables = ()
            LOG.exception("the indicators of the plans could not be reckoned; the next look tries again")

    def _tables(self, plans: Sequence[Plan], now: int) -> list[Table]:
        return [self.table(plan, None, now=now) for plan in plans]

    def collect(self) -> Iterator[Metric]:
        """Every sample of the last tables."""
        found = {family.name: self._gauge(family) for family in metrics.INDICATOR_FAMILIES}
        for table in self.tables:
            for row in table.rows:
                for family, labels, value in _samples(table, row.in_force):
                    found[family.name].add_metric([*labels, *self._common.values()], value)
        for family, labels, value in _coverage(self.tables):
            found[family.name].add_metric([*labels, *self._common.values()], value)
        yield from found.values()

    def _gauge(self, family: Family) -> GaugeMetricFamily:
        return GaugeMetricFamily(family.name, family.help, labels=(*family.labels, *self._common))


Sample = tuple[Family, Sequence[str], float]


def _samples(table: Table, row: Judged) -> Iterator[Sample]:
    """What there is of one row; None is no sample."""
    own = (table.plan.id, row.row.id, table.period)
    for verdict in Verdict:
        yield metrics.INDICATOR_VERDICT, (*own, verdict), float(verdict is row.verdict)
    if row.target.binds and row.row.unit == PERCENT and row.target.value is not None:
        yield metrics.INDICATOR_TARGET, own, float(row.target.value)
    for variant, low, high in _variants(table, row):
        for bound, ratio in zip(_BOUNDS, (low, high), strict=True):
            yield from _ratio(row, (*own, variant, bound), ratio)
    share = row.figure.measured_share
    if share is not None and share[1]:
        yield metrics.INDICATOR_MEASURED, own, share[0] / share[1]
    yield from _late(row, own)
    yield from _budget(row, own)


def _variants(table: Table, row: Judged) -> Iterator[tuple[str, Ratio | None, Ratio | None]]:
    """Of time both variants (A3), of everything else the figure itself; nothing measured is no sample."""
    figure = row.figure
    if not (figure.measured and figure.computable):
        return
    both = [each for each in figure.beside if each.name in set(Variant)]
    if not both:
        yield _RATIO, figure.low, figure.high
    yield from ((each.name, each.low, each.high) for each in both)


def _ratio(row: Judged, labels: Sequence[str], ratio: Ratio | None) -> Iterator[Sample]:
    if ratio is None or not ratio[1]:
        return
    scale = 1e6 if row.figure.timed else 1.0
    yield metrics.INDICATOR_NUMERATOR, labels, ratio[0] / scale
    yield metrics.INDICATOR_DENOMINATOR, labels, ratio[1] / scale
    if row.row.unit == PERCENT:
        yield metrics.INDICATOR_RATIO, labels, ratio[0] / ratio[1]


def _late(row: Judged, own: Sequence[str]) -> Iterator[Sample]:
    """Beside each other: what is late, and what the target bears of it."""
    if row.figure.late is not None and row.figure.value is not None:
        yield metrics.LATE, own, float(row.figure.late)
        if row.allowed is not None and row.target.binds:
            yield metrics.LATE_ALLOWED, own, float(row.allowed)


def _budget(row: Judged, own: Sequence[str]) -> Iterator[Sample]:
    """A target of 100 % has none: no remaining share and no rate (V2)."""
    budget = row.figure.budget
    if budget is None or not row.target.binds:
        return
    yield metrics.BUDGET_ALLOWED, own, budget.allowed / 1e6
    yield metrics.BUDGET_SPENT, own, budget.spent / 1e6
    if budget.allowed:
        yield metrics.BUDGET_REMAINING, own, budget.left / budget.allowed
    if budget.runs_out is not None:
        yield metrics.BUDGET_RUNS_OUT, own, budget.runs_out / 1e6
    if budget.burn is not None:
        yield metrics.BURN_RATE, (*own, "period"), float(budget.burn)


def _coverage(tables: Sequence[Table]) -> Iterator[Sample]:
    """Units by network, level and status: the same whatever plan asks for them, so each is told once."""
    told: set[tuple[str, str]] = set()
    for row in (row.in_force for table in tables for row in table.rows):
        network = str(row.figure.parameters.get("network", ""))
        for level, statuses in row.figure.units.items():
            if (network, level) in told:
                continue
            told.add((network, level))
            whole = sum(statuses.values())
            for status, count in statuses.items() if whole else ():
                yield metrics.COVERAGE_UNITS, (network, level, status), float(count)
            if whole:
                yield metrics.COVERAGE_RATIO, (network, level), statuses.get("verified", 0) / whole
