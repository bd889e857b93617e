"""The agent's metrics about itself."""

import re

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from agent import metrics
from agent.selfmetrics import _LAG_BUCKETS, SelfMetrics


@given(st.lists(st.integers(0, 20_000_000_000) | st.sampled_from([int(bound * 1e9) for bound in _LAG_BUCKETS])))
def test_the_histogram_of_launches_is_the_one_that_the_library_would_keep(lateness: list[int]) -> None:
    family = metrics.LATENESS
    theirs = CollectorRegistry()
    histogram = Histogram(family.name, family.help, registry=theirs, buckets=_LAG_BUCKETS)
    ours = SelfMetrics()
    for late in lateness:
        histogram.observe(late / 1e9)
        ours.swept("tcp", late, 0)
    assert lines(generate_latest(ours.registry), family.name) == lines(generate_latest(theirs), family.name)


def lines(page: bytes, name: str) -> list[str]:
    return [line for line in page.decode().splitlines() if re.match(rf"(# \w+ )?{name}(_|\b)", line)]
