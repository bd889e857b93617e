"""How the larger parts of an agent are fitted to it: what of the others each may ask."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agent.chained import Chained
from agent.chained import Parts as ChainParts
from agent.chainmetrics import ChainMetrics
from agent.faultwatch import FaultWatch
from agent.faultwatch import Parts as FaultParts
from agent.notify import ServiceManager
from agent.pathwatch import Parts as PathParts
from agent.pathwatch import PathWatch
from agent.probing.prober import Prober, Surroundings
from agent.progress import Progress
from agent.sealing import Sources
from agent.supervised import Counts, Supervised
from agent.targets import Duty
from collectors.base import Kind

if TYPE_CHECKING:
    from agent.app import Agent


def fault_watch(agent: "Agent", zone: ZoneInfo) -> FaultWatch:
    """It hears every durable edge, and tells runner, traces and metrics."""
    return FaultWatch(
        FaultParts(
            reader=agent.reader,
            writer=agent.writer,
            committer=agent.committer,
            runner=agent.runner,
            shelf=agent.shelf,
            zone=zone,
            now_us=agent.clock.now_us,
            watched=lambda: agent.watched,
            periods=lambda: agent.exporter.periods,
            cleared=agent.fault_metrics.cleared,
            opened=lambda faults, more: agent.paths.opened(faults, more),  # noqa: PLW0108 (made a line later)
        )
    )


def path_watch(agent: "Agent") -> PathWatch:
    """It traces towards what the faults name."""
    return PathWatch(
        PathParts(
            reader=agent.reader,
            writer=agent.writer,
            committer=agent.committer,
            ledger=agent.ledger,
            faults=agent.faults,
            config=lambda: agent.config,
            watched=lambda: agent.watched,
            now_us=agent.clock.now_us,
            metrics=agent.metrics,
        )
    )


def chained(agent: "Agent") -> Chained:
    """It makes heads and seals of what is durable."""
    return Chained(
        ChainParts(
            heads=agent.heads,
            writer=agent.writer,
            committer=agent.committer,
            sources=Sources(agent.reader, agent.shelf, lambda: agent.indicators.plans),
            config=lambda: agent.config,
            now_us=agent.clock.now_us,
            watch=lambda: agent.watch,
            metrics=ChainMetrics(agent.metrics.registry),
        )
    )


def supervised(agent: "Agent") -> Supervised:
    """It tells the service manager that probing gets on."""

    def longest_ns() -> int:
        return int(max((watched.target.timeout_seconds for watched in agent.watched.values()), default=0.0) * 1e9)

    now_ns = agent.machine_clock.monotonic_ns
    progress = Progress(agent.runner.schedule, agent.runner.lanes, longest_ns, now_ns)
    return Supervised(ServiceManager.found(), progress, lambda: Counts(targets(agent), agent.runner.readings), now_ns)


def prober(agent: "Agent", kinds: Mapping[str, Kind]) -> Prober:
    """It probes on demand, beside the ledger."""
    return Prober(
        Surroundings(
            config=lambda: agent.config,
            watched=lambda: agent.watched,
            now_ns=agent.machine_clock.monotonic_ns,
            believed=agent.runner.believed,
            overdue_ns=lambda: agent.runner.schedule.overdue_ns,
            is_cut_off=lambda plane: agent.ledger.vantage.plane(plane).since is not None,
        ),
        kinds,
    )


def targets(agent: "Agent") -> int:
    """How many targets it has, those of the self-check apart."""
    return sum(watched.duty is Duty.TARGET for watched in agent.watched.values())
