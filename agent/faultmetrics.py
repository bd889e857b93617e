"""What /metrics says of faults, sites and platforms: asked at the scrape, of what the last look at faults found."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily

from agent import metrics
from agent.config.schema import Role
from agent.faultwatch import FaultWatch
from agent.figures.topology import Site, Topology
from agent.metrics import Family
from sla.composite import Said, site, state_now
from sla.faults import LIMIT_US, Fault
from sla.model import Degraded, State, Window
from sla.timeline import Span

_BUCKETS = (300, 900, 1800, 3600, 7200, 10800, 14400, 28800, 86400)
_PRIORITIES = ("P1", "P2", "P3", "P4")
_UP = {State.UP: 1.0, State.DEGRADED: 1.0, State.DOWN: 0.0}
_WORKING = (State.UP, State.DEGRADED)
_MOMENT = Window(0, 1)


class FaultMetrics:
    """A collector of prometheus-client's; `topology` is that of the registers now."""

    def __init__(
        self,
        registry: CollectorRegistry,
        now_us: Callable[[], int],
        topology: Callable[[], Topology | None],
        common: Mapping[str, str],
    ) -> None:
        self._now_us, self._topology = now_us, topology
        self._common = dict(common)
        self.watch: FaultWatch | None = None
        family = metrics.FAULT_CLEARING
        names = (*family.labels, *self._common)
        self._clearing = Histogram(family.name, family.help, names, registry=registry, buckets=_BUCKETS)
        for role in Role:  # what starts at 0 loses no first event to rate()
            self._clearing.labels(role, *self._common.values())
        registry.register(self)

    def cleared(self, fault: Fault) -> None:
        """A fault is final."""
        if fault.restored is not None:
            seconds = (fault.restored[1] - fault.start) / 1e6
            self._clearing.labels(fault.role, *self._common.values()).observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """Every sample of these families now."""
        watch, topology = self.watch, self._topology()
        if watch is not None:
            yield from self._faults(watch)
            if topology is not None:
                now = _Now(watch, topology, self._now_us())
                yield from self._sites(now)
                yield from self._platforms(now)

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

    def _sites(self, now: "_Now") -> Iterator[Metric]:
        up, lost = self._gauge(metrics.SITE_UP), self._gauge(metrics.SITE_REDUNDANCY)
        for name in now.topology.sites:
            state, degraded = now.site(name)
            if state in _UP:
                self._add(up, (name,), _UP[state])
            if state in _WORKING and now.site_of(name).lines:
                self._add(lost, (name,), float(Degraded.REDUNDANCY in degraded))
        yield from (up, lost)

    def _platforms(self, now: "_Now") -> Iterator[Metric]:
        up = self._gauge(metrics.PLATFORM_UP)
        for name in now.topology.platforms:
            state, _ = now.platform(name)
            if state in _UP:
                self._add(up, (name,), _UP[state])
        yield up

    def _gauge(self, family: Family) -> GaugeMetricFamily:
        return GaugeMetricFamily(family.name, family.help, labels=(*family.labels, *self._common))

    def _add(self, gauge: GaugeMetricFamily, labels: tuple[str, ...], value: float) -> None:
        gauge.add_metric([*labels, *self._common.values()], value)


class _Now:
    """What composites are in at one instant, by the members that they have then (A5, A6)."""

    def __init__(self, watch: FaultWatch, topology: Topology, now: int) -> None:
        self._watch, self.topology = watch, topology
        self._window = Window(now, now + 1)

    def site_of(self, name: str) -> Site:
        """Its lines and nodes."""
        ((_, found),) = self.topology.site_pieces(name, self._window)
        return found

    def site(self, name: str) -> Said:
        """By its lines, or what answers there."""
        lines, nodes = ([[Span(*_MOMENT, *self._watch.said(each))] for each in group] for group in self.site_of(name))
        (said,) = site(lines, nodes, _MOMENT)
        return said.state, said.degraded

    def platform(self, name: str) -> Said:
        """By its components."""
        ((_, gate),) = self.topology.platform_pieces(name, self._window)
        return state_now(gate, self._member)

    def _member(self, component: str) -> Said:
        name = self.topology.evidence(component)
        return self.site(name) if name in self.topology.sites else self._watch.said(name)
