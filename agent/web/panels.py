"""Parts that every page has: how old it is, whether we measure at all, and what is wrong with us ourselves."""

from typing import TYPE_CHECKING, NamedTuple

from agent.vantage import SelfCheck
from agent.web.answers import GATEWAY, Facts
from agent.web.counting import Counts
from agent.web.display import SECOND_US

if TYPE_CHECKING:
    from agent.app import Agent

STALE_US = 60 * SECOND_US
"""Without a durable write for so long a page says in red that it is old."""

SLOW_US = 10 * SECOND_US
"""A heartbeat is due at least so often (S8)."""


class Plane(NamedTuple):
    """One plane's self-check. `code`: absent, isolated, waiting (never ok yet) or ok. Units: microseconds."""

    name: str
    code: str
    at: int | None
    ids: tuple[str, ...]


class Freshness(NamedTuple):
    """What the bar says. `collector`: starting, stalled, slow or running. Units: microseconds."""

    as_of: int
    age: int
    is_stale: bool
    collector: str
    measured: int
    total: int
    vantage: str
    zone: str
    planes: tuple[Plane, ...]
    is_simulated: bool

    @property
    def isolated(self) -> tuple[Plane, ...]:
        """The planes from which we are cut off."""
        return tuple(plane for plane in self.planes if plane.code == "isolated")


def freshness(agent: "Agent", counts: Counts, facts: Facts, now: int) -> Freshness:
    """Taken on the loop."""
    as_of = agent.committer.durable_until
    age = now - (as_of or facts.started_at)
    return Freshness(
        as_of=as_of or facts.started_at,
        age=age,
        is_stale=age > STALE_US,
        collector=collector(agent, age),
        measured=counts.measured,
        total=counts.total,
        vantage=agent.config.vantage.name,
        zone=agent.config.zone,
        planes=tuple(plane(check) for check in agent.ledger.vantage.planes()),
        is_simulated=facts.simulated,
    )


def collector(agent: "Agent", age: int) -> str:
    """Whether we measure and keep what we measure."""
    if age > STALE_US or agent.committer.is_choked:
        return "stalled"
    if not agent.is_ready:
        return "starting"
    return "slow" if age > SLOW_US else "running"


def plane(check: SelfCheck) -> Plane:
    """A self-check as it is printed (S6)."""
    gateway = [check.gateway] if check.gateway else []
    ids = tuple(entry.watched.id for entry in (*gateway, *check.anchors.values()))
    name = check.plane or GATEWAY
    if check.is_absent:
        return Plane(name, "absent", None, ids)
    if check.since is not None:
        return Plane(name, "isolated", check.since, ids)
    return Plane(name, "ok" if check.check is not None else "waiting", check.check, ids)
