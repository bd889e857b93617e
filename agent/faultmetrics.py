"""What /metrics says of faults, sites and platforms: asked at the scrape, of what the last look at faults found.

What there may be thousands of is written in pieces between which the loop runs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.utils import floatToGoString

from agent import metrics
from agent.config.schema import Role
from agent.faultwatch import FaultWatch
from agent.figures.topology import Site, Topology
from agent.metrics import Family
from agent.page import PIECE, pieces
from sla.composite import Said, site, state_now
from sla.faults import LIMIT_US, Fault
from sla.model import Degraded, State, Window
from sla.timeline import Span

_BUCKETS = (300, 900, 1800, 3600, 7200, 10800, 14400, 28800, 86400)
_PRIORITIES = ("P1", "P2", "P3", "P4")
_UP = {State.UP: 1.0, State.DEGRADED: 1.0, State.DOWN: 0.0}
_WORKING = (State.UP, State.DEGRADED)
_MOMENT = Window(0, 1)

OF_ONE, IN_ALL = 200, 5000
"""Members of one fault, and of all, that are named: an alert for each of 43 000 would help nobody."""

_PLAIN = 1e6
"""Below this its numbers have no exponent."""

Sample = tuple[tuple[str, ...], float]
"""The values of a family's own labels, and the sample's."""


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
        """Every sample of the small families now."""
        watch, topology = self.watch, self._topology()
        if watch is not None and watch.knows:
            yield from self._counts(watch)
            if topology is not None:
                yield self._platforms(_Now(watch, topology, self._now_us()))

    def chunks(self, *, open_metrics: bool) -> Iterator[str]:
        """The families that have a sample for each open fault or each site, piece by piece."""
        watch, topology = self.watch, self._topology()
        if watch is None or not watch.knows:
            return
        now, found = self._now_us(), watch.open
        names = [(fault.id, fault.root, fault.role, fault.priority) for fault in found]
        for family, values in (
            (metrics.FAULT_AGE, ((now - fault.start) / 1e6 for fault in found)),
            (metrics.FAULT_DEADLINE, ((fault.start + LIMIT_US) / 1e6 for fault in found)),
            (metrics.FAULT_MEMBERS, (float(len(fault.members)) for fault in found)),
        ):
            yield from self._pieces(family, zip(names, values, strict=True), open_metrics=open_metrics)
        for family, samples in (
            (metrics.FAULT_INFO, (((*own, *watch.where.of(own[1])), 1.0) for own in names)),
            (metrics.TARGET_FAULT, _taken(watch, found)),
            (metrics.IN_MAINTENANCE, (((item,), 1.0) for item in watch.in_window(now))),
        ):
            yield from self._pieces(family, samples, open_metrics=open_metrics)
        if topology is not None:
            up: list[Sample] = []
            lost: list[Sample] = []
            yield from self._looking(_Now(watch, topology, now), up, lost)
            yield from self._pieces(metrics.SITE_UP, iter(up), open_metrics=open_metrics)
            yield from self._pieces(metrics.SITE_REDUNDANCY, iter(lost), open_metrics=open_metrics)

    def _pieces(self, family: Family, samples: Iterable[Sample], *, open_metrics: bool) -> Iterator[str]:
        written = ((own, _number(value)) for own, value in samples)
        return pieces(family, written, self._common, open_metrics=open_metrics)

    def _looking(self, now: "_Now", up: list[Sample], lost: list[Sample]) -> Iterator[str]:
        """What every site is in; each empty text is a chance for the loop to run."""
        for count, name in enumerate(now.topology.sites, start=1):
            state, degraded = now.site(name)
            if state in _UP:
                up.append(((name,), _UP[state]))
            if state in _WORKING and now.site_of(name).lines:
                lost.append(((name,), float(Degraded.REDUNDANCY in degraded)))
            if count % PIECE == 0:
                yield ""

    def _counts(self, watch: FaultWatch) -> Iterator[Metric]:
        by_priority, found = self._gauge(metrics.FAULTS_OPEN), Counter(fault.priority for fault in watch.open)
        for priority in _PRIORITIES:
            self._add(by_priority, (priority,), found[priority])
        yield by_priority
        by_outcome = self._gauge(metrics.FAULTS)
        for period, counts in watch.counts.items():
            for outcome in ("in_time", "late", "pending", "undecided"):
                self._add(by_outcome, (period, outcome), counts.get(outcome, 0))
        yield by_outcome
        population = self._gauge(metrics.POPULATION)
        for group, states in watch.population.items():
            for state, count in states.items():
                self._add(population, (*group, state.label), count)
        yield population

    def _platforms(self, now: "_Now") -> Metric:
        up = self._gauge(metrics.PLATFORM_UP)
        for name in now.topology.platforms:
            state, _ = now.platform(name)
            if state in _UP:
                self._add(up, (name,), _UP[state])
        return up

    def _gauge(self, family: Family) -> GaugeMetricFamily:
        return GaugeMetricFamily(family.name, family.help, labels=(*family.labels, *self._common))

    def _add(self, gauge: GaugeMetricFamily, labels: tuple[str, ...], value: float) -> None:
        gauge.add_metric([*labels, *self._common.values()], value)


def _taken(watch: FaultWatch, faults: Iterable[Fault]) -> Iterator[Sample]:
    """What open faults have taken, each item once, the largest faults last: they leave the others room."""
    seen: set[str] = set()
    for fault in sorted(faults, key=lambda fault: len(fault.members)):
        for item in (fault.root, *fault.members[:OF_ONE]):
            if item not in seen and len(seen) < IN_ALL:
                seen.add(item)
                part = "root" if item == fault.root else "member"
                yield (item, fault.id, fault.root, watch.role(item), part), 1.0


def _number(value: float) -> str:
    """As prometheus-client writes it, which for most numbers is their shortest form."""
    return repr(value) if 0 <= value < _PLAIN else str(floatToGoString(value))  # type: ignore[no-untyped-call]


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
