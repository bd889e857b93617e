"""One on-demand probe: admitted or refused, in a bounded pool, judged as a scheduled one is. The ledger never hears.

The pool refuses instead of queueing, and it is no lane of the runner: a scheduled probe never waits for it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from agent.build import needs_no_selfcheck
from agent.config import Config
from agent.config.model import ModuleConfig
from agent.probing.admission import Companion, RefusedError, Registered, allowed, check_allowed, host_of
from agent.probing.borrowed import Borrowed
from agent.runner import OpenModule, bounded
from agent.targets import Watched
from agent.vantage import GATEWAY_ONLY
from collectors.base import Kind, Outcome, Reading, Reason, Target, error
from sla import model
from sla.limits import judge

LOG = logging.getLogger(__name__)

POOL = 50
"""Probes under way at once."""

GRACE_SECONDS = 5.0
"""How much longer than its timeout a kind that ends its own probes may take before we call that our bug."""

LOOK_SECONDS = 5.0
"""How often is looked for collectors to close."""

_MAX_STEPS = 500
_MAX_DETAIL = 2000
_COUNTS = {Outcome.OK: model.Outcome.OK, Outcome.FAILED: model.Outcome.FAILED, Outcome.ERROR: model.Outcome.ERROR}

Believed = Callable[[Reading, float, int], Reading]
"""The runner's last word on a failure: (reading, timeout in seconds, start in nanoseconds)."""


OVERDUE_NS = 20_000_000
"""Nobody is let in while a scheduled probe waits this long for its start: four ticks of the schedule."""

LOOKS, LOOK_AGAIN_SECONDS = 8, 0.025
"""How often, and after how long, is looked again before whoever asks is sent away: a hiccup is no overload."""


class BusyError(Exception):
    """No room now; the text says for what reason."""


class StoppingError(Exception):
    """The agent is starting or stopping; the probe was given up and says nothing."""


class AddressError(Exception):
    """The kind cannot dial this; the text says what was wanted."""


class Step(NamedTuple):
    """One step of a probe. Units: seconds since its start."""

    seconds: float
    name: str
    detail: str


class Wish(NamedTuple):
    """What somebody wants probed. Units: seconds; `with_steps`: every step is kept."""

    module: ModuleConfig
    target: str
    timeout: float
    with_steps: bool = False


class Verdict(NamedTuple):
    """One reading and how it counts: loss as good as total is a failure of the target (S4)."""

    reading: Reading
    outcome: model.Outcome
    reason: Reason | None


class Probed(NamedTuple):
    """One probe that ended. Units: seconds."""

    wish: Wish
    kind: Kind
    address: str
    seconds: float
    steps: Sequence[Step]
    companion: Companion
    verdicts: Sequence[Verdict]

    @property
    def is_ok(self) -> bool:
        """Whether every reading is ok."""
        return all(verdict.outcome is model.Outcome.OK for verdict in self.verdicts)


class Surroundings(NamedTuple):
    """What the prober sees of the agent: the configuration and the targets as they are when somebody asks."""

    config: Callable[[], Config]
    watched: Callable[[], Mapping[str, Watched]]
    now_ns: Callable[[], int]
    believed: Believed
    overdue_ns: Callable[[], int]
    is_cut_off: Callable[[str], bool]


class Prober:
    """Probes on demand while `serve` runs; ends with it."""

    def __init__(self, around: Surroundings, kinds: Mapping[str, Kind]) -> None:
        self._around = around
        self._kinds = kinds
        self._registered = Registered()
        self._group: asyncio.TaskGroup | None = None
        self.borrowed = Borrowed(kinds, around.now_ns)
        self.active = 0

    async def serve(self) -> None:
        """Own the probes and their collectors until cancelled; what is under way then is given up."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                while True:
                    await asyncio.sleep(LOOK_SECONDS)
                    await self.borrowed.keep_only(self._around.config().modules)
        finally:
            self._group = None
            await self.borrowed.close()

    async def probe(self, wish: Wish) -> Probed:
        """Errors: RefusedError, AddressError, BusyError, StoppingError."""
        kind = self._kinds[wish.module.kind]
        target = self._registered.find(self._around.watched(), wish.target)
        address = target.target.address if target is not None else wish.target
        address = as_dialled(kind, address)
        networks = allowed(self._around.config().probe.allow)
        check_allowed(kind, address, target, networks)
        problem = kind.check_address(address)
        if problem:
            raise AddressError(f"target: {problem}")
        companion = Companion(networks, None if target is None else host_of(address))
        plane = _plane_of(kind, address, target)
        probed = await self._owned(Probing(self._around, self.borrowed, wish, kind, address, companion, plane))
        if companion.refused:
            raise RefusedError(companion.refused)
        return probed

    async def _owned(self, probing: "Probing") -> Probed:
        """Run it as a task of ours: it ends with us, and with whoever asked."""
        with self._place():
            await self._give_way()
            if self._group is None:
                raise StoppingError
            task = self._group.create_task(probing.run())
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
        if task.cancelled():
            raise StoppingError
        return task.result()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self.active >= POOL:
            raise BusyError(f"all {POOL} places for probes on demand are taken; ask again, or ask for fewer at a time")
        self.active += 1
        try:
            yield
        finally:
            self.active -= 1

    async def _give_way(self) -> None:
        """Wait for the schedule, never the other way round."""
        for _ in range(LOOKS):
            if self._around.overdue_ns() <= OVERDUE_NS:
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        raise BusyError("scheduled probes are late and come first; ask again, or ask for fewer at a time")


class Probing(NamedTuple):
    """One probe on its way."""

    around: Surroundings
    borrowed: Borrowed
    wish: Wish
    kind: Kind
    address: str
    companion: Companion
    plane: str | None

    async def run(self) -> Probed:
        """The probe with its time. The exception boundary, as in the runner: our bug is never the target's failure."""
        steps: list[Step] = []
        started = self.around.now_ns()
        try:
            async with self.borrowed.lent(self.wish.module) as opened:
                started = self.around.now_ns()  # opening the module is no time of the target's
                readings = await self._readings(opened, self._target(steps, started))
        except Exception:
            LOG.exception("a probe of %s by module %s broke on our side", self.address, self.wish.module.name)
            readings = [error(Reason.INTERNAL, "the probe broke on our side; the log has the traceback")]
        seconds = (self.around.now_ns() - started) / 1e9
        verdicts = [self._judged(self._believed(one, started)) for one in readings]
        return Probed(self.wish, self.kind, self.address, seconds, steps, self.companion, verdicts)

    def _target(self, steps: list[Step], started: int) -> Target:
        return Target(
            id="probe",
            address=self.address,
            timeout_seconds=self.wish.timeout,
            trace=_trace(steps, started, self.around.now_ns) if self.wish.with_steps else None,
            guest=self.companion,
        )

    async def _readings(self, opened: OpenModule, target: Target) -> Sequence[Reading]:
        if opened.collector is None:
            return [error(Reason.PERMISSION, opened.why)]
        collect = opened.collector.collect if self.kind.owns_deadline else partial(bounded, opened.collector)
        limit = asyncio.timeout(target.timeout_seconds + GRACE_SECONDS)
        try:
            async with limit:
                readings = await collect(target)
        except TimeoutError:
            if not limit.expired():
                raise
            return [error(Reason.INTERNAL, f"the probe did not end by itself within {target.timeout_seconds:g} s")]
        return readings or [error(Reason.INTERNAL, "the collector returned no reading")]

    def _believed(self, reading: Reading, started: int) -> Reading:
        """A failure is ours while our loop stood still, our clock is in doubt or our own uplink is cut (S1, S6, T4)."""
        reading = self.around.believed(reading, self.wish.timeout, started)
        if reading.outcome is Outcome.FAILED and self.plane is not None and self.around.is_cut_off(self.plane):
            return error(Reason.ISOLATED, f"this vantage is cut off: {reading.detail}", reading.values)
        return reading

    def _judged(self, reading: Reading) -> Verdict:
        down_loss = self.around.config().states.down_loss
        judgement = judge(_COUNTS[reading.outcome], reading.values, {}, down_loss)
        return Verdict(reading, judgement.outcome, Reason.LOSS if judgement.by_loss else reading.reason)


def _plane_of(kind: Kind, address: str, target: Watched | None) -> str | None:
    """The plane whose self-check speaks for a failure; None where it needs no uplink of ours."""
    if target is not None:
        return target.plane
    return None if needs_no_selfcheck(kind.name, address) else GATEWAY_ONLY


def as_dialled(kind: Kind, address: str) -> str:
    """The address in the form that the kind takes: a URL without a scheme is one of http."""
    return f"http://{address}" if kind.name == "http" and "://" not in address else address


def _trace(steps: list[Step], started: int, now_ns: Callable[[], int]) -> Callable[[str, str], None]:
    def told(name: str, detail: str) -> None:
        if len(steps) < _MAX_STEPS:
            steps.append(Step((now_ns() - started) / 1e9, name, detail[:_MAX_DETAIL]))

    return told
