"""What is shown, in the words of the JSON API. Instants are ISO 8601 in the agent's zone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from prometheus_client import Gauge

from agent.instants import format_instant
from agent.stores.opening import SIMULATED, migrations
from agent.vantage import SelfCheck
from agent.version import METHOD_VERSION, VERSION
from agent.web.shown import Known, LastReading, Shown, degraded_names
from sla.model import State
from sla.timeline import Span

if TYPE_CHECKING:
    from agent.app import Agent

Json = dict[str, Any]

GATEWAY = "gateway"
"""What the self-check of targets without a plane is called, here as in the metrics."""


class Clockface:
    """Writes instants; None stays None."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def __call__(self, us: int | None) -> str | None:
        return None if us is None else format_instant(us, self._zone)


class Facts(NamedTuple):
    """What only the store can say of this run."""

    started_at: int
    simulated: bool
    schema: int


def facts(agent: "Agent") -> Facts:
    """Asked in a thread."""
    run = agent.reader.last_run()
    started_at = agent.clock.anchor.wall_us if run is None else run.started_at
    return Facts(started_at, agent.reader.meta(SIMULATED) == "true", len(migrations()))


def status(agent: "Agent", counts: Json, facts: Facts) -> Json:
    """The agent itself."""
    time = Clockface(agent.config.zone_info)
    return {
        "version": VERSION,
        "method_version": METHOD_VERSION,
        "vantage": agent.config.vantage.name,
        "zone": agent.config.zone,
        "now": time(agent.clock.now_us()),
        "started_at": time(facts.started_at),
        "boot_no": agent.committer.run.boot_no,
        "ready": agent.is_ready,
        "simulated": facts.simulated,
        "durable_until": time(agent.committer.durable_until or None),
        "clock": clock(agent, time),
        "loop_lag_seconds": agent.runner.pulse.last_lag_ns / 1e9,
        **counts,
        "selfcheck": [selfcheck(check, time) for check in agent.ledger.vantage.planes()],
        "store": _store(agent, facts),
        "config": {
            "digest": agent.config.digest,
            "loaded_at": time(round(gauge(agent.metrics.reload_at) * 1e6)),
            "last_reload_ok": gauge(agent.metrics.reload_ok) == 1,
        },
    }


def clock(agent: "Agent", time: Clockface) -> Json:
    """The wall clock beside the ledger's dating (T4)."""
    watch = agent.watch
    return {
        "offset_us": watch.offset_us,
        "synchronised": watch.synchronised,
        "unresolved": watch.unresolved,
        "behind_until": time(watch.behind_until),
        "steps": watch.steps,
        "open_steps": watch.open_steps,
        "recent": [
            {
                "boot_no": step.boot_no,
                "number": step.number,
                "seen_at": time(step.seen_at),
                "step_us": step.step_us,
                "resolved_at": time(step.resolved_at),
                "resolution": step.resolution,
                "resolved_by": step.resolved_by,
            }
            for step in watch.recent
        ],
    }


def selfcheck(check: SelfCheck, time: Clockface) -> Json:
    """One plane's self-check (S6); `members` are the ids that its probes run under."""
    gateway = [check.gateway] if check.gateway else []
    return {
        "plane": check.plane or GATEWAY,
        "present": not check.is_absent,
        "last_ok": time(check.check),
        "isolated_since": time(check.since),
        "members": [entry.watched.id for entry in (*gateway, *check.anchors.values())],
    }


def target(parts: Sequence[Shown], known: Mapping[int, Known], time: Clockface) -> Json:
    """One target, or one component asked for by its own id."""
    first = parts[0]
    watched = first.watched
    return {
        **component(first, known, time),
        "target": watched.id,
        "name": watched.name,
        "kind": watched.kind,
        "module": watched.module,
        "confirm_module": watched.confirm,
        "address": first.address,
        "role": watched.role,
        "site": watched.site or None,
        "plane": None if watched.plane is None else watched.plane or GATEWAY,
        "vantage": watched.vantage,
        "duty": str(watched.duty),
        "interval_seconds": watched.rules.interval / 1e6,
        "timeout_seconds": watched.target.timeout_seconds,
        "components": [component(part, known, time) for part in parts[1:]],
    }


def component(one: Shown, known: Mapping[int, Known], time: Clockface) -> Json:
    """The state of one component, as durable."""
    is_unknown = one.state is State.UNKNOWN
    why = known.get(one.component) if is_unknown else None
    since = one.since or (why.since if why else None)
    return {
        "id": one.name,
        "state": one.state.label,
        "degraded": list(one.degraded) if one.state is State.DEGRADED else [],
        "cause": str(why.cause) if why else None,
        "since": None if one.state is State.OUT else time(since),
        "streak": one.streak,
        "last_reading": None if one.last is None else reading(one.last, time),
    }


def reading(last: LastReading, time: Clockface) -> Json:
    """The last reading, as it counted."""
    return {
        "at": time(last.at),
        "outcome": last.outcome.name.lower(),
        "reason": last.reason or None,
        "detail": last.detail,
        "duration_seconds": last.duration_seconds,
        "values": dict(last.values),
    }


def spans(timeline: Iterable[Span], time: Clockface) -> list[Json]:
    """What a component was in, piece by piece."""
    return [
        {
            "from": time(span.start),
            "to": time(span.end),
            "state": span.state.label,
            "degraded": list(degraded_names(span.degraded)),
            "cause": None if span.state is State.OUT else str(span.cause),
            "imported": span.imported,
        }
        for span in timeline
    ]


def gauge(metric: Gauge) -> float:
    """The value of a gauge without labels."""
    return float(next(iter(metric.collect())).samples[0].value)


def _store(agent: "Agent", facts: Facts) -> Json:
    return {
        "path": None if agent.location.path is None else str(agent.location.path),
        "bytes": int(gauge(agent.metrics.store_bytes)),
        "waiting_edges": agent.committer.waiting,
        "schema": facts.schema,
    }
