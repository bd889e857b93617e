"""What /metrics says of faults, sites and platforms: asked at the scrape, of what the last look at faults found.

What there may be thousands of is written in pieces between which the loop runs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.utils import floatToGoString

from agent import metrics
from agent.config.schema import Role
from agent.faultparts import Part, Taken, parted
from agent.faultwatch import FaultWatch
from agent.figures.topology import Site, Topology
from agent.metrics import Family
from agent.page import PIECE, Kept, Piece, header, pieces, writer
from agent.whereabouts import Whereabouts
from sla.composite import Said, site, state_now
from sla.faults import LIMIT_US, Fault
from sla.model import Degraded, State, Window
from sla.timeline import Span

_BUCKETS = (300, 900, 1800, 3600, 7200, 10800, 14400, 28800, 86400)
_PRIORITIES = ("P1", "P2", "P3", "P4")
_UP = {State.UP: 1.0, State.DEGRADED: 1.0, State.DOWN: 0.0}
_WORKING = (State.UP, State.DEGRADED)
_MOMENT = Window(0, 1)

_PLAIN = 1e6
"""Below this its numbers have no exponent."""

_ONE = "1.0"

Told = tuple[Sequence[str], str]
"""A sample as it is written: the values of its family's own labels, and the number."""

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
        self._parts: list[Part] = []
        self._taken: tuple[Sequence[Taken], dict[int, Kept]] = ((), {})
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

    def chunks(self, *, open_metrics: bool) -> Iterator[Piece]:
        """The families that have a sample for each open fault or each site, piece by piece."""
        watch, topology = self.watch, self._topology()
        if watch is None or not watch.knows:
            return
        now = self._now_us()
        self._parts = parted(watch.open, watch.where, self._parts)
        for family, tell in self._told(watch.where, now):
            yield from self._of_faults(family, tell, open_metrics=open_metrics)
        yield header(metrics.TARGET_FAULT, open_metrics=open_metrics)
        yield from self._of_taken(watch.taken)
        closed = (((item,), 1.0) for item in watch.in_window(now))
        yield from self._pieces(metrics.IN_MAINTENANCE, closed, open_metrics=open_metrics)
        if topology is not None:
            up: list[Sample] = []
            lost: list[Sample] = []
            yield from self._looking(_Now(watch, topology, now), up, lost)
            yield from self._pieces(metrics.SITE_UP, iter(up), open_metrics=open_metrics)
            yield from self._pieces(metrics.SITE_REDUNDANCY, iter(lost), open_metrics=open_metrics)

    def _told(self, where: Whereabouts, now: int) -> Iterator[tuple[Family, Callable[[Fault], Told]]]:
        """The families of open faults, and what each says of one."""
        yield metrics.FAULT_AGE, lambda fault: (_names(fault), _number((now - fault.start) / 1e6))
        yield metrics.FAULT_DEADLINE, lambda fault: (_names(fault), _number((fault.start + LIMIT_US) / 1e6))
        yield metrics.FAULT_MEMBERS, lambda fault: (_names(fault), _number(float(len(fault.members))))
        yield metrics.FAULT_INFO, lambda fault: ((*_names(fault), *where.of(fault.root)), _ONE)

    def _of_faults(self, family: Family, tell: Callable[[Fault], Told], *, open_metrics: bool) -> Iterator[Piece]:
        """One of them; it is there without samples too, as with prometheus-client."""
        yield header(family, open_metrics=open_metrics)
        write = writer(family, self._common)
        for part in self._parts:
            kept = part.kept.get(family.name)
            if kept is None:
                text = write(map(tell, part.faults))
                if family is metrics.FAULT_AGE:  # another one on each page
                    yield text
                    continue
                kept = part.kept[family.name] = Kept(text)
            yield kept

    def _of_taken(self, taken: Sequence[Taken]) -> Iterator[Kept]:
        """What faults have taken: kept for as long as no look finds anything else."""
        if self._taken[0] is not taken:
            self._taken = taken, {}
        kept, write = self._taken[1], writer(metrics.TARGET_FAULT, self._common)
        for start in range(0, len(taken), PIECE):
            if start not in kept:
                kept[start] = Kept(write((own, _ONE) for own in taken[start : start + PIECE]))
            yield kept[start]

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
        by_priority = self._gauge(metrics.FAULTS_OPEN)
        for priority in _PRIORITIES:
            self._add(by_priority, (priority,), watch.priorities.get(priority, 0))
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


def _names(fault: Fault) -> tuple[str, str, str, str]:
    """What each of its samples is labelled with."""
    return fault.id, fault.root, fault.role, fault.priority


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
