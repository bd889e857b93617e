"""What /metrics says of faults, sites and platforms: asked at the scrape, of what is durable."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily

from agent import metrics
from agent.entries import Entry
from agent.exporter import shown_state
from agent.faultwatch import FaultWatch
from agent.figures.topology import Topology
from agent.metrics import Family
from sla.composite import Said, site, state_now
from sla.faults import LIMIT_US, Fault
from sla.model import Degraded, State, Window
from sla.timeline import Span

_BUCKETS = (300, 900, 1800, 3600, 7200, 10800, 14400, 28800, 86400)
_PRIORITIES = ("P1", "P2", "P3", "P4")
_UP = {State.UP: 1.0, State.DEGRADED: 1.0, State.DOWN: 0.0}
_NOTHING: Said = (State.UNKNOWN, Degraded.NONE)


class FaultMetrics:
    """A collector of prometheus-client's; `entry_of` is the ledger's, `topology` that of the registers now."""

    def __init__(
        self,
        registry: CollectorRegistry,
        now_us: Callable[[], int],
        entry_of: Callable[[str], Entry | None],
        topology: Callable[[], Topology | None],
        common: Mapping[str, str],
    ) -> None:
        self._now_us, self._entry_of, self._topology = now_us, entry_of, topology
        self._common = dict(common)
        self.watch: FaultWatch | None = None
        family = metrics.FAULT_CLEARING
        names = (*family.labels, *self._common)
        self._clearing = Histogram(family.name, family.help, names, registry=registry, buckets=_BUCKETS)
        registry.register(self)

    def cleared(self, fault: Fault) -> None:
        """A fault is final."""
        if fault.restored is not None:
            seconds = (fault.restored[1] - fault.start) / 1e6
            self._clearing.labels(fault.role, *self._common.values()).observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """Every sample of these families now."""
        if self.watch is not None:
            yield from self._faults(self.watch)
        topology = self._topology()
        if topology is not None:
            yield from self._sites(topology)
            yield from self._platforms(topology)

    def _faults(self, watch: FaultWatch) -> Iterator[Metric]:
        now, found = self._now_us(), watch.open
        by_priority = self._gauge(metrics.FAULTS_OPEN)
        for priority in _PRIORITIES:
            self._add(by_priority, (priority,), sum(fault.priority == priority for fault in found))
        yield by_priority
        by_outcome = self._gauge(metrics.FAULTS)
        for period, counts in watch.counts.items():
            for outcome in ("in_time", "late", "pending", "undecided"):
                self._add(by_outcome, (period, outcome), counts.get(outcome, 0))
        yield by_outcome
        age, deadline, members = map(self._gauge, (metrics.FAULT_AGE, metrics.FAULT_DEADLINE, metrics.FAULT_MEMBERS))
        for fault in found:
            labels = (fault.id, fault.root, fault.role, fault.priority)
            self._add(age, labels, (now - fault.start) / 1e6)
            self._add(deadline, labels, (fault.start + LIMIT_US) / 1e6)
            self._add(members, labels, len(fault.members))
        yield from (age, deadline, members)

    def _sites(self, topology: Topology) -> Iterator[Metric]:
        up, lost = self._gauge(metrics.SITE_UP), self._gauge(metrics.SITE_REDUNDANCY)
        for name, parts in topology.sites.items():
            if not parts.lines and not parts.nodes:
                continue
            lines, nodes = ([self._moment(member) for member in group] for group in parts)
            (said,) = site(lines, nodes, Window(0, 1))
            if said.state in _UP:
                self._add(up, (name,), _UP[said.state])
            if parts.lines and said.state in (State.UP, State.DEGRADED):
                self._add(lost, (name,), float(Degraded.REDUNDANCY in said.degraded))
        yield from (up, lost)

    def _platforms(self, topology: Topology) -> Iterator[Metric]:
        up = self._gauge(metrics.PLATFORM_UP)
        for name, gate in topology.platforms.items():
            state, _ = state_now(gate, lambda member: self._said(topology.evidence(member)))
            if state in _UP:
                self._add(up, (name,), _UP[state])
        yield up

    def _moment(self, name: str) -> list[Span]:
        state, degraded = self._said(name)
        return [Span(0, 1, state, degraded)]

    def _said(self, name: str) -> Said:
        entry = self._entry_of(name)
        if entry is None:
            return _NOTHING
        state = shown_state(entry, self._now_us())
        return state, entry.degraded if state is State.DEGRADED else Degraded.NONE

    def _gauge(self, family: Family) -> GaugeMetricFamily:
        return GaugeMetricFamily(family.name, family.help, labels=(*family.labels, *self._common))

    def _add(self, gauge: GaugeMetricFamily, labels: tuple[str, ...], value: float) -> None:
        gauge.add_metric([*labels, *self._common.values()], value)
