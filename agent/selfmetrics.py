"""The agent's metrics about itself: small families, kept by prometheus-client in a registry of our own."""

import platform
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from agent import metrics
from agent.metrics import Family
from agent.version import METHOD_VERSION, VERSION
from collectors.snmp.hints import Fate

_LAG_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class SelfMetrics:
    """Counts what the parts of the agent tell of themselves; the names are agent.metrics'."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # not a fact about the network, and twice the samples
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        info = self._gauge(metrics.BUILD_INFO)
        info.labels(VERSION, METHOD_VERSION, platform.python_version()).set(1)
        self.reload_ok = self._gauge(metrics.RELOAD_OK)
        self.reload_at = self._gauge(metrics.RELOAD_AT)
        self.register_age = self._gauge(metrics.REGISTER_AGE)
        self.targets = self._gauge(metrics.CONFIG_TARGETS)
        self.in_flight = self._gauge(metrics.IN_FLIGHT)
        self.waiting = self._gauge(metrics.WAITING)
        self.isolated = self._gauge(metrics.ISOLATED)
        self.selfcheck = self._gauge(metrics.SELFCHECK)
        self._clock_steps = self._counter(metrics.CLOCK_STEPS)
        self._clock_offset = self._gauge(metrics.CLOCK_OFFSET)
        self._clock_unresolved = self._gauge(metrics.CLOCK_UNRESOLVED)
        self._clock_synchronised = _Known(metrics.CLOCK_SYNCHRONISED)
        self.registry.register(self._clock_synchronised)
        self.store_waiting = self._gauge(metrics.STORE_WAITING)
        self.store_durable = self._gauge(metrics.STORE_DURABLE)
        self.store_bytes = self._gauge(metrics.STORE_BYTES)
        self.traps = self._counter(metrics.TRAPS)
        self.reports, self.reports_missing = self._counter(metrics.REPORTS), self._gauge(metrics.REPORTS_MISSING)
        self.traps_listening = self._gauge(metrics.TRAPS_LISTENING)
        self.early_probes = self._counter(metrics.EARLY_PROBES)
        self._missed = self._counter(metrics.TICKS_MISSED)
        self._dropped = self._counter(metrics.DROPPED)
        self._edges = self._counter(metrics.STORE_EDGES)
        self._commits = self._counter(metrics.STORE_COMMITS)
        self._refused = self._counter(metrics.STORE_REFUSED)
        self._sweep = self._gauge(metrics.SWEEP)
        self.guests = self._gauge(metrics.GUESTS)
        self._asked = self._counter(metrics.ASKED)
        self._lateness = _Observed(metrics.LATENESS)
        self.registry.register(self._lateness)
        self._lag = self._histogram(metrics.LOOP_LAG)
        self._sweeps: dict[str, _Sweep] = {}
        self._paths, self._paths_dropped = self._counter(metrics.PATHS), self._counter(metrics.PATHS_DROPPED)
        self.notices, self.notices_waiting = self._counter(metrics.NOTICES), self._gauge(metrics.NOTICES_WAITING)
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """A counter that starts at 0 loses no first event to rate()."""
        for counter, values in (
            (self._paths, ("kept", "failed")),
            (self._paths_dropped, ("full", "over", "isolated", "repeat")),
            (self._dropped, ("order", "store", "internal")),
            (self.traps, tuple(map(str, Fate))),
            (self._asked, metrics.ASKED_RESULTS),
            (self.reports, ("written", "failed")),
        ):
            for value in values:
                counter.labels(value)

    def asked(self, result: str) -> None:
        """A request to /probe was answered."""
        self._asked.labels(result).inc()

    def missed(self, kind: str, turns: int) -> None:
        """Regular turns passed without a probe."""
        self._missed.labels(kind).inc(turns)

    def dropped(self, cause: str) -> None:
        """Something was given up on our side."""
        self._dropped.labels(cause).inc()

    def path_traced(self, result: str) -> None:
        """A trace was made for a fault: kept, or failed."""
        self._paths.labels(result).inc()

    def path_dropped(self, cause: str, faults: int = 1) -> None:
        """New faults get no trace."""
        self._paths_dropped.labels(cause).inc(faults)

    def swept(self, kind: str, lateness_ns: int, now_ns: int) -> None:
        """A probe of the kind was launched."""
        self._lateness.observe(lateness_ns / 1e9)
        sweep = self._sweeps.get(kind)
        if sweep is not None and (done := sweep.launched(now_ns)) is not None:
            self._sweep.labels(kind).set(done / 1e9)

    def lag(self, lag_ns: int) -> None:
        """The loop's pulse came so late."""
        self._lag.observe(lag_ns / 1e9)

    def committed(self, edges: int) -> None:
        """A transaction is durable."""
        self._commits.inc()
        self._edges.inc(edges)

    def refused(self) -> None:
        """The store refused a transaction."""
        self._refused.inc()

    def clock_stepped(self) -> None:
        """The wall clock stepped."""
        self._clock_steps.inc()

    def clock_seen(self, offset_seconds: float, *, unresolved: bool, synchronised: bool | None) -> None:
        """The clocks were compared."""
        self._clock_offset.set(offset_seconds)
        self._clock_unresolved.set(unresolved)
        self._clock_synchronised.value = synchronised

    def scheduled(self, kind: str, targets: int) -> None:
        """So many targets of the kind are scheduled from now on."""
        self.targets.labels(kind).set(targets)
        self._missed.labels(kind)
        self._sweeps[kind] = _Sweep(targets)

    def on_scrape(self, kind: str, in_flight: Callable[[], float], waiting: Callable[[], float]) -> None:
        """Read these when somebody looks."""
        self.in_flight.labels(kind).set_function(in_flight)
        self.waiting.labels(kind).set_function(waiting)

    def _gauge(self, family: Family) -> Gauge:
        return Gauge(family.name, family.help, family.labels, registry=self.registry)

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self.registry)

    def _histogram(self, family: Family) -> Histogram:
        return Histogram(family.name, family.help, family.labels, registry=self.registry, buckets=_LAG_BUCKETS)


class _Observed(Collector):
    """A histogram that is told of every probe: the library's own takes a lock and walks its buckets each time."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._counts = [0] * (len(_LAG_BUCKETS) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """One more."""
        self._counts[bisect_left(_LAG_BUCKETS, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """For the registry."""
        bounds = (*map(floatToGoString, _LAG_BUCKETS), "+Inf")
        counts = zip(bounds, accumulate(self._counts), strict=True)
        yield HistogramMetricFamily(self._family.name, self._family.help, list(counts), self._sum)


class _Known(Collector):
    """A gauge without labels that has no sample while its value is not known."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self.value: float | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """For the registry."""
        yield GaugeMetricFamily(self._family.name, self._family.help, self.value)


class _Sweep:
    """One pass over all targets of a kind: as many launches as it has targets."""

    def __init__(self, targets: int) -> None:
        self._targets = targets
        self._left = targets
        self._began_ns = 0

    def launched(self, now_ns: int) -> int | None:
        """The time the pass took, when this launch ends it."""
        if self._left == self._targets:
            self._began_ns = now_ns
        self._left -= 1
        if self._left > 0:
            return None
        self._left = self._targets
        return now_ns - self._began_ns
