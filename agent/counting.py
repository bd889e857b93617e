"""What the agent's own metrics count of targets, lanes and self-checks: read when somebody looks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from agent.lanes import Lane
from agent.selfmetrics import SelfMetrics
from agent.targets import Watched
from agent.vantage import SelfCheck
from collectors.base import Kind


def count_targets(
    metrics: SelfMetrics, kinds: Sequence[Kind], watched: Iterable[Watched], lanes: Mapping[str, Lane]
) -> None:
    """So many targets of each kind are scheduled from now on, and this is their lane."""
    counted = Counter(each.kind for each in watched)
    for kind in kinds:
        lane = lanes[kind.name]
        metrics.scheduled(kind.name, counted[kind.name])
        metrics.on_scrape(kind.name, partial(getattr, lane, "active"), partial(_waiting, lane))


def count_selfchecks(metrics: SelfMetrics, checks: Iterable[SelfCheck]) -> None:
    """Which planes have a self-check, and which are isolated (S6)."""
    for check in checks:
        plane = check.plane or "gateway"
        metrics.selfcheck.labels(plane).set(not check.is_absent)
        metrics.isolated.labels(plane).set_function(partial(_isolated, check))


def _waiting(lane: Lane) -> int:
    return len(lane.waiting)


def _isolated(check: SelfCheck) -> bool:
    return check.since is not None
