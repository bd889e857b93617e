"""One probe from launch to ledger: its deadline, the only exception boundary, and what counts as our own fault.

Whatever a collector does wrong becomes a reading `error`; only what it says of the target can become an outage.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from agent.clock import RunClock
from agent.commit import Committer
from agent.lanes import Lane
from agent.ledger import Ledger
from agent.pulse import Pulse
from agent.schedule import Job, Schedule
from agent.targets import Watched
from collectors.base import Collector, Kind, Outcome, Reading, Reason, Target, error, failed
from sla.limits import FIRST_MODULE_FAILED

LOG = logging.getLogger(__name__)


class Tally(Protocol):
    """Told how probing goes, for the agent's own metrics."""

    def missed(self, kind: str, turns: int) -> None: ...
    def dropped(self, cause: str) -> None: ...
    def swept(self, kind: str, lateness_ns: int, now_ns: int) -> None: ...
    def lag(self, lag_ns: int) -> None: ...


class OpenModule(NamedTuple):
    """A module ready to measure; `collector` is None where this host does not allow its kind, `why` says so."""

    kind: Kind
    collector: Collector | None
    why: str = ""


class Runner:
    """Runs jobs. `modules` are the open ones by name."""

    def __init__(self, clock: RunClock, ledger: Ledger, committer: Committer, tally: Tally) -> None:
        self._clock = clock
        self._ledger = ledger
        self._committer = committer
        self._tally = tally
        self._group: asyncio.TaskGroup | None = None
        self._failing: set[str] = set()
        self.modules: dict[str, OpenModule] = {}
        self.lanes: dict[str, Lane] = {}
        self.pulse = Pulse(clock.monotonic_ns)
        self.schedule = Schedule(clock.monotonic_ns, self.launch, tally.missed)

    def limit(self, kind: str, concurrency: int, per_second: int) -> None:
        """Set, or change, how hard a kind may work."""
        lane = self.lanes.get(kind)
        if lane is None:
            self.lanes[kind] = Lane(concurrency, per_second, self._clock.monotonic_ns, self._start)
        else:
            lane.concurrency, lane.per_second = concurrency, per_second

    async def serve(self) -> None:
        """Schedule and probe until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._beat())
            group.create_task(self.schedule.serve())

    def launch(self, job: Job) -> None:
        """A job's turn has come."""
        if self._committer.is_choked:  # back-pressure: what cannot be written is not measured, and time is UNKNOWN
            self._tally.dropped("store")
            self.schedule.done(job, self._clock.monotonic_ns(), retry=False)
            return
        self._tally.swept(job.watched.kind, self.schedule.lateness_ns, self._clock.monotonic_ns())
        self.lanes[job.watched.kind].enter(job)

    def _start(self, job: Job) -> None:
        assert self._group is not None, "probes run only inside serve()"
        self._group.create_task(self._probe(job))

    async def _probe(self, job: Job) -> None:
        watched = job.watched
        started = self._clock.monotonic_ns()
        retry = False
        try:
            readings = await self.measure(watched, started)
            if not job.dead:
                ended = self._clock.monotonic_ns()
                at = self._clock.us(started)
                retry = await self._ledger.record(watched, at, (ended - started) / 1e9, readings)
        except Exception:
            LOG.exception("a reading of %s could not be taken into the ledger; its time becomes UNKNOWN", watched.id)
            self._tally.dropped("internal")
        finally:
            self.lanes[watched.kind].leave()
            self.schedule.done(job, started, retry=retry)

    async def measure(self, watched: Watched, started_ns: int) -> Sequence[Reading]:
        """One probe and, where DOWN needs a second module to fail too, that one (S3 `confirm`)."""
        readings = await self._collect(watched, watched.module)
        if watched.confirm and readings[0].outcome is Outcome.FAILED:
            second = await self._collect(watched, watched.confirm)
            readings = [confirmed(readings[0], second[0]), *readings[1:]]
        return [self._in_time(reading, watched, started_ns) for reading in readings]

    async def _collect(self, watched: Watched, name: str) -> Sequence[Reading]:
        module, target = self.modules[name], watched.target
        if module.collector is None:
            return [error(Reason.PERMISSION, module.why)]
        try:
            if module.kind.owns_deadline:
                readings = await module.collector.collect(target)
            else:
                readings = await _bounded(module.collector, target)
        except Exception:  # the exception boundary: our bug is never the target's outage
            if watched.id not in self._failing:
                self._failing.add(watched.id)
                LOG.exception(
                    "probe of %s by module %s broke; its readings are errors until it works", watched.id, name
                )
            return [error(Reason.INTERNAL, "the probe broke on our side; the log has the traceback")]
        self._failing.discard(watched.id)
        return readings or [error(Reason.INTERNAL, "the collector returned no reading")]

    def _in_time(self, reading: Reading, watched: Watched, started_ns: int) -> Reading:
        """A failure while our own loop stood still for more than half the timeout is our failure (S1)."""
        if reading.outcome is Outcome.FAILED and self.pulse.stalled(started_ns, watched.timeout_ns // 2):
            return replace(reading, outcome=Outcome.ERROR, reason=Reason.LATE, detail=f"loop late: {reading.detail}")
        return reading

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            self.pulse.beat()
            self._tally.lag(self.pulse.last_lag_ns)
            for lane in self.lanes.values():
                lane.drain()


async def _bounded(collector: Collector, target: Target) -> Sequence[Reading]:
    """A probe of a kind that leaves its deadline to us; a TimeoutError of its own stays what it is."""
    deadline = asyncio.timeout(target.timeout_seconds)
    try:
        async with deadline:
            return await collector.collect(target)
    except TimeoutError:
        if not deadline.expired():
            raise
        return [failed(Reason.TIMEOUT, f"no answer within {target.timeout_seconds:g} s")]


def confirmed(first: Reading, second: Reading) -> Reading:
    """What two modules say together: failed only if both say so; an error of the second leaves it open (S3).

    Where the second is answered, the first one's failure stays visible as a value and makes it DEGRADED.
    """
    detail = f"{first.detail}; second module: {second.detail or second.outcome}"
    if second.outcome is Outcome.FAILED:
        return replace(first, detail=detail)
    if second.outcome is Outcome.ERROR:
        return replace(first, outcome=Outcome.ERROR, reason=second.reason, detail=detail)
    return replace(second, detail=detail, values={**first.values, **second.values, FIRST_MODULE_FAILED: 1.0})
