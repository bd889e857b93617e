"""One probe from launch to ledger: its deadline, the only exception boundary, and what counts as our own fault.

Whatever a collector does wrong becomes a reading `error`; only what it says of the target can become an outage.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Protocol

from agent.clock import RunClock
from agent.commit import Committer
from agent.lanes import Lane
from agent.ledger import Ledger
from agent.opinions import by_family, confirmed
from agent.pulse import Pulse
from agent.schedule import Job, Schedule
from agent.skew import tells_a_clock, with_skew
from agent.targets import Duty, Watched
from collectors.base import Collector, Kind, Launcher, Outcome, Reading, Reason, Target, error, failed

LOG = logging.getLogger(__name__)

BEAT_SECONDS = 0.05
LET_IN_SECONDS = 0.005

BEHIND = "behind "
"""Before a kind's name: its lane for targets behind something that is DOWN (F7)."""


class Tally(Protocol):
    """Told how probing goes, for the agent's own metrics."""

    def missed(self, kind: str, turns: int) -> None: ...
    def dropped(self, cause: str) -> None: ...
    def swept(self, kind: str, lateness_ns: int, now_ns: int) -> None: ...
    def lag(self, lag_ns: int) -> None: ...


class OpenModule(NamedTuple):
    """A module ready to measure; `collector` is None where this host does not allow its kind, `why` says so.

    `launcher` is the collector again where it can probe without a task.
    """

    kind: Kind
    collector: Collector | None
    why: str = ""
    launcher: Launcher | None = None


class Runner:
    """Runs jobs. `modules` are the open ones by name.

    `behind` are the targets all of whose ways are DOWN, as they are probed then: with a short timeout, in lanes of
    their own, so that nothing healthy waits behind what cannot answer (F7).
    """

    def __init__(self, clock: RunClock, ledger: Ledger, committer: Committer, tally: Tally) -> None:
        self._clock = clock
        self._ledger = ledger
        self._committer = committer
        self._tally = tally
        self._group: asyncio.TaskGroup | None = None
        self._failing: set[str] = set()
        self.readings = 0
        self.modules: dict[str, OpenModule] = {}
        self.lanes: dict[str, Lane] = {}
        self.behind: Mapping[str, Target] = {}
        self.clock_in_doubt: Callable[[], bool] = bool
        self.pulse = Pulse(clock.monotonic_ns)
        self.schedule = Schedule(clock.monotonic_ns, self.launch, tally.missed)

    def limit(self, kind: str, concurrency: int, per_second: int) -> None:
        """Set, or change, how hard a kind may work, as much again behind what is DOWN."""
        for name in (kind, BEHIND + kind):
            lane = self.lanes.get(name)
            if lane is None:
                self.lanes[name] = Lane(concurrency, per_second, self._clock.monotonic_ns, self._start)
            else:
                lane.concurrency, lane.per_second = concurrency, per_second

    async def serve(self) -> None:
        """Schedule and probe until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._beat())
                group.create_task(self._let_in())
                group.create_task(self.schedule.serve())
        finally:
            self._group = None  # launched probes may still end; nothing takes their readings any more

    def stand_behind(self, behind: Mapping[str, Target]) -> None:
        """Set who is behind something DOWN; jobs that wait change lanes, or the healthy would wait too (F7)."""
        self.behind = behind
        for lane in self.lanes.values():
            for job in lane.take_out(self._is_elsewhere):
                self._enter(job)

    def _is_elsewhere(self, job: Job) -> bool:
        return job.lane != self._lane_of(job.watched)

    def _lane_of(self, watched: Watched) -> str:
        return BEHIND + watched.kind if watched.id in self.behind else watched.kind

    def _enter(self, job: Job) -> None:
        job.lane = self._lane_of(job.watched)
        self.lanes[job.lane].enter(job)

    def launch(self, job: Job) -> None:
        """A job's turn has come."""
        if self._committer.is_choked:  # back-pressure: what cannot be written is not measured, and time is UNKNOWN
            self._tally.dropped("store")
            self.schedule.done(job, self._clock.monotonic_ns(), retry=False)
            return
        self._tally.swept(job.watched.kind, self.schedule.lateness_ns, self._clock.monotonic_ns())
        self._enter(job)

    def _start(self, job: Job) -> None:
        """Launch without a task where the collector can; the order of 43 000 targets a minute rests on it."""
        assert self._group is not None, "probes run only inside serve()"
        watched = job.watched
        launcher = self.modules[watched.module].launcher
        if launcher is not None and watched.confirm is None and not watched.families:
            landed = partial(self._landed, job, self._clock.monotonic_ns())
            if launcher.launch(self.behind.get(watched.id, watched.target), landed):
                return
        self._group.create_task(self._probe(job))

    def _landed(self, job: Job, started: int, landed: Sequence[Reading] | Exception) -> None:
        """A launched probe has ended; one that ends after us is nobody's."""
        if self._group is None:
            return
        watched = job.watched
        readings = [self._our_bug(watched, landed)] if isinstance(landed, Exception) else landed
        self._take(job, started, [self._in_time(reading, watched, started) for reading in readings])

    async def _probe(self, job: Job) -> None:
        started = self._clock.monotonic_ns()
        self._take(job, started, await self.measure(job.watched, started))

    def _take(self, job: Job, started: int, readings: Sequence[Reading]) -> None:
        """Hand the readings of an ended probe to the ledger, and its job back to the schedule."""
        watched, retry = job.watched, False
        self.readings += len(readings)
        try:
            if not job.dead:
                seconds = (self._clock.monotonic_ns() - started) / 1e9
                retry = self._ledger.record(watched, self._clock.us(started), seconds, readings)
                if watched.duty is not Duty.TARGET and self._group is not None:
                    self._group.create_task(self._ledger.look_at_vantage())
        except Exception:
            LOG.exception("a reading of %s could not be taken into the ledger; its time becomes UNKNOWN", watched.id)
            self._tally.dropped("internal")
        finally:
            self.lanes[job.lane].leave()
            self.schedule.done(job, started, retry=retry)

    async def measure(self, watched: Watched, started_ns: int) -> Sequence[Reading]:
        """One probe and, where DOWN needs a second module to fail too, that one (S3 `confirm`)."""
        readings = await (self._by_family(watched) if watched.families else self._collect(watched, watched.module))
        if watched.confirm and readings[0].outcome is Outcome.FAILED:
            second = await self._collect(watched, watched.confirm)
            readings = [confirmed(readings[0], second[0]), *readings[1:]]
        return [self._in_time(reading, watched, started_ns) for reading in readings]

    async def _by_family(self, watched: Watched) -> Sequence[Reading]:
        """Asked on each IP version at the same time; each is a component of its own (S4)."""
        async with asyncio.TaskGroup() as group:
            asked = [(part, group.create_task(self._collect(watched, module))) for part, module in watched.families]
        return by_family([(part, task.result()[0]) for part, task in asked])

    async def _collect(self, watched: Watched, name: str) -> Sequence[Reading]:
        target = self.behind.get(watched.id, watched.target)
        try:
            module = self.modules[name]
            if module.collector is None:
                return [error(Reason.PERMISSION, module.why)]
            if module.kind.owns_deadline:
                readings = await module.collector.collect(target)
            else:
                readings = await bounded(module.collector, target)
        except Exception as exc:  # noqa: BLE001 (the exception boundary: our bug is never the target's outage)
            return [self._our_bug(watched, exc)]
        self._failing.discard(watched.id)
        return readings or [error(Reason.INTERNAL, "the collector returned no reading")]

    def _our_bug(self, watched: Watched, exc: BaseException) -> Reading:
        """The reading of an exception on our side; logged once until the target's probes work again."""
        if watched.id not in self._failing:
            self._failing.add(watched.id)
            LOG.error(
                "probe of %s by module %s broke on our side; its readings are errors",
                watched.id,
                watched.module,
                exc_info=exc,
            )
        return error(Reason.INTERNAL, "the probe broke on our side; the log has the traceback")

    def _in_time(self, reading: Reading, watched: Watched, started_ns: int) -> Reading:
        """A failure while our loop stood still for more than half the timeout, or by our own clock, is ours (S1)."""
        if tells_a_clock(reading) and not self.clock_in_doubt():
            reading = with_skew(reading, self._clock.clock.wall_us())
        return self.believed(reading, self.behind.get(watched.id, watched.target).timeout_seconds, started_ns)

    def believed(self, reading: Reading, timeout_seconds: float, started_ns: int) -> Reading:
        """The reading, or what it is when our own loop or clock may be what failed."""
        if reading.outcome is not Outcome.FAILED:
            return reading
        if self.pulse.stalled(started_ns, int(timeout_seconds * 5e8)):
            return replace(reading, outcome=Outcome.ERROR, reason=Reason.LATE, detail=f"loop late: {reading.detail}")
        if reading.reason is Reason.CERTIFICATE and self.clock_in_doubt():  # T4: its dates were held against our clock
            detail = f"our clock is in doubt: {reading.detail}"
            return replace(reading, outcome=Outcome.ERROR, reason=Reason.CLOCK, detail=detail)
        return reading

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.pulse.beat()
            self._tally.lag(self.pulse.last_lag_ns)

    async def _let_in(self) -> None:
        """Start what waits for room in its lane, in portions: a second's worth in one go would hold up the loop."""
        while True:
            full = [lane for lane in self.lanes.values() if lane.waiting]
            for lane in full:
                lane.drain()
            await asyncio.sleep(LET_IN_SECONDS if full else BEAT_SECONDS)


async def bounded(collector: Collector, target: Target) -> Sequence[Reading]:
    """A probe of a kind that leaves its deadline to us; a TimeoutError of its own stays what it is."""
    deadline = asyncio.timeout(target.timeout_seconds)
    try:
        async with deadline:
            return await collector.collect(target)
    except TimeoutError:
        if not deadline.expired():
            raise
        return [failed(Reason.TIMEOUT, f"no answer within {target.timeout_seconds:g} s")]
