"""The mark of a simulated store on the families that prometheus-client writes (E8)."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric

from agent.stores.opening import SIMULATED


def marked(registry: CollectorRegistry, *, is_simulated: bool) -> CollectorRegistry:
    """The registry as a page shows it: of a simulated store every sample says so."""
    return _Marked(registry) if is_simulated else registry


class _Marked(CollectorRegistry):
    """Another registry's samples, each with the mark."""

    def __init__(self, unmarked: CollectorRegistry) -> None:
        super().__init__()
        self._of = unmarked

    def collect(self) -> Iterator[Metric]:
        """For the page."""
        for family in self._of.collect():
            made = Metric(family.name, family.documentation, family.type, family.unit)
            made.samples = [sample._replace(labels={**sample.labels, SIMULATED: "true"}) for sample in family.samples]
            yield made
