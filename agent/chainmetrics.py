"""What the chain, the seals and the witnesses tell of themselves, as metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from agent import metrics
from agent.metrics import Family

SEAL_KINDS = ("first", "revision")
WITNESS_RESULTS = ("delivered", "failed", "dropped")


class ChainMetrics:
    """The names are agent.metrics'."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._head, self._until = self._gauge(metrics.CHAIN_HEAD), self._gauge(metrics.CHAIN_UNTIL)
        self._failures = Counter(metrics.CHAIN_FAILURES.name, metrics.CHAIN_FAILURES.help, registry=registry)
        self.seals, self.seals_missing = self._counter(metrics.SEALS), self._gauge(metrics.SEALS_MISSING)
        self._waiting = self._gauge(metrics.WITNESS_WAITING)
        self._lines = self._counter(metrics.WITNESS_LINES)
        self._delivered = self._gauge(metrics.WITNESS_DELIVERED)
        for kind in SEAL_KINDS:
            self.seals.labels(kind)

    def chained(self, number: int, until: int) -> None:
        """A head is durable."""
        self._head.set(number)
        self._until.set(until / 1e6)

    def chain_failed(self) -> None:
        """A head, or a seal, could not be made."""
        self._failures.inc()

    def witness_known(self, name: str) -> None:
        """A counter that starts at 0 loses no first event to rate()."""
        for result in WITNESS_RESULTS:
            self._lines.labels(name, result)

    def witness_gone(self, name: str) -> None:
        """It left the configuration."""
        self._waiting.remove(name)

    def witness_waits(self, name: str, lines: int) -> None:
        """So many digests wait for it."""
        self._waiting.labels(name).set(lines)

    def witnessed(self, name: str, result: str, lines: int, at: int) -> None:
        """What became of some digests."""
        self._lines.labels(name, result).inc(lines)
        if result == "delivered":
            self._delivered.labels(name).set(at / 1e6)

    def _gauge(self, family: Family) -> Gauge:
        return Gauge(family.name, family.help, family.labels, registry=self._registry)

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self._registry)
