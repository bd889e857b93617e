"""The notifier of the running agent: looks at faults, notes what is to be said, and has each sink say it.

A sink that is dead holds up nothing but its own queue, which is bounded; whoever is told, is told at least once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.config.notice_schema import Mail, Notices, Sink, Webhook
from agent.errors import UsageError
from agent.faultwatch import FaultWatch
from agent.notices.desk import Now, Policy, Seen
from agent.notices.keeping import Keeping
from agent.notices.notice import Notice
from agent.notices.push import Pusher, View
from agent.notices.ways import MailWay, UnsentError, Way, WebhookWay
from agent.notices.words import words
from agent.selfmetrics import SelfMetrics
from agent.stores.base import Reader
from sla.faults import Fault, is_open
from sla.periods import to_datetime

LOG = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
QUEUE = 1000
"""Notices that one sink may owe; of more the oldest go, and a metric says so."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
STALE_US = 86_400_000_000
"""A notice that nobody took for so long is none."""

SAVE_EVERY_US = 60_000_000
"""How often it is kept up to when faults were looked at, though nothing is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What of the agent it needs. `isolated`: planes that are cut off, since when; `plane_of` a root."""

    faults: FaultWatch
    reader: Reader
    metrics: SelfMetrics
    now_us: Callable[[], int]
    zone: ZoneInfo
    vantage: str
    isolated: Callable[[], Mapping[str, int]]
    plane_of: Callable[[str], str | None]
    in_doubt: Callable[[], bool]
    simulated: Callable[[], bool]
    kept_in: Path | None


@dataclass(slots=True)
class _Box:
    """What one sink owes."""

    sink: Sink
    owed: deque[Notice] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class NoticeWatch:
    """All methods are called on the loop; a look reckons in a thread."""

    def __init__(self, agent: Parts) -> None:
        self._agent = agent
        self._keeping = Keeping(agent.kept_in)
        self._desk, self._left = self._keeping.load()
        self._options, self._folder = Notices(), Path()
        self._boxes: dict[str, _Box] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = True
        self._lock = asyncio.Lock()
        self._failing: set[str] = set()
        self._saved_at = 0

    def take(self, options: Notices, folder: Path) -> None:
        """Other options; paths of templates begin at the folder."""
        self._changed |= options != self._options or folder != self._folder
        self._options, self._folder = options, folder

    async def serve(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                if self._changed:
                    await self._apply(group)
                if self._options.sinks and self._agent.faults.knows:
                    await self._look_safely()
                await asyncio.sleep(LOOK_EVERY_SECONDS)

    # the sinks

    async def _apply(self, group: asyncio.TaskGroup) -> None:
        """Sinks as the options have them now; what one owes stays with its name."""
        self._changed = False
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        owed = {name: list(box.owed) for name, box in self._boxes.items()} or self._left
        self._left = {}
        self._boxes, self._tasks = {}, []
        options = self._options
        for name, sink in {**options.webhooks, **options.mails}.items():
            box = self._boxes[name] = _Box(sink, deque(owed.get(name, ()), maxlen=QUEUE))
            self._begin_at_zero(name)
            self._agent.metrics.notices_waiting.labels(name).set_function(partial(len, box.owed))
            self._tasks.append(group.create_task(self._deliver(name, box)))
        for name, push in options.alertmanagers.items():
            self._begin_at_zero(name)
            self._tasks.append(group.create_task(self._push(name, Pusher(push))))
        for name in owed.keys() - self._boxes.keys():
            LOG.warning("notices: sink %s is gone; %d notices that it owed are not sent", name, len(owed[name]))

    def _begin_at_zero(self, name: str) -> None:
        for outcome in ("sent", "failed", "dropped"):
            self._agent.metrics.notices.labels(name, outcome)

    async def _deliver(self, name: str, box: _Box) -> None:
        """One after the other; the first that does not get out holds the others of this sink."""
        way: Way | None = None
        pause = FIRST_PAUSE
        try:
            while True:
                if not box.owed:
                    box.wake.clear()
                    await box.wake.wait()
                notice = box.owed[0]
                if self._agent.now_us() - notice.at > STALE_US:
                    self._drop(name, box, "nobody took it for a day")
                    continue
                try:
                    way = way or make_way(box.sink, self._folder, self._agent.zone, self._agent.now_us)
                    await way.send(notice, words(notice, self._options.lang, self._agent.zone))
                except (UnsentError, UsageError) as exc:
                    self._failed(name, exc)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                    continue
                pause = FIRST_PAUSE
                await self._sent(name, box, notice)
        finally:
            if way is not None:
                await way.close()

    async def _sent(self, name: str, box: _Box, notice: Notice) -> None:
        if box.owed and box.owed[0] is notice:  # a full queue may have let go of it meanwhile
            box.owed.popleft()
        await self._save()
        self._worked(name)

    def _drop(self, name: str, box: _Box, why: str) -> None:
        notice = box.owed.popleft()
        self._agent.metrics.notices.labels(name, "dropped").inc()
        LOG.error("notices: %s: %s %s is dropped: %s", name, notice.sort, notice.root, why)

    def _worked(self, name: str) -> None:
        self._agent.metrics.notices.labels(name, "sent").inc()
        if name in self._failing:
            LOG.info("notices: %s takes them again", name)
        self._failing.discard(name)

    def _failed(self, name: str, exc: Exception) -> None:
        self._agent.metrics.notices.labels(name, "failed").inc()
        if name not in self._failing:
            LOG.error("notices: %s: %s; tried again", name, exc)
        self._failing.add(name)

    async def _push(self, name: str, pusher: Pusher) -> None:
        """Open faults again and again. Before the first look nothing is open for certain, so nothing is said."""
        try:
            while True:
                if self._agent.faults.knows:
                    try:
                        if await pusher.push(self._view(pusher)):
                            self._worked(name)
                    except UnsentError as exc:
                        self._failed(name, exc)
                await self._until_new(pusher.sink.resend)
        finally:
            await pusher.close()

    async def _until_new(self, seconds: float) -> None:
        """Until it is time to send again, or another look at faults has found others."""
        before = self._open_ids()
        for _ in range(max(round(seconds / LOOK_EVERY_SECONDS), 1)):
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            if self._open_ids() != before:
                return

    def _open_ids(self) -> frozenset[str]:
        return frozenset(fault.id for fault in islice(self._agent.faults.open, QUEUE))

    def _view(self, pusher: Pusher) -> View:
        least = pusher.sink.least_priority
        return View(
            at=self._agent.now_us(),
            faults=[seen for seen in map(seen_of, self._agent.faults.open) if seen.priority <= least],
            policy=self._policy(),
            where=self._agent.faults.where,
            vantage=self._agent.vantage,
            simulated=self._agent.simulated(),
        )

    # what is to be said

    async def _look_safely(self) -> None:
        """A bug of ours here stops no probe and no other notice."""
        try:
            await self.look()
        except Exception:
            if "look" not in self._failing:
                LOG.exception("notices could not be worked out; trying again")
            self._failing.add("look")
        else:
            self._failing.discard("look")

    async def look(self) -> None:
        """Work out what is to be said, keep it, and only then let it go."""
        async with self._lock:
            new = await asyncio.to_thread(self._step)
            for box in self._boxes.values():
                self._owe(box, new)
            if new or self._desk.looked_at - self._saved_at > SAVE_EVERY_US:
                self._saved_at = self._desk.looked_at
                await asyncio.to_thread(self._keeping.save, self._desk, self._waiting())
        for box in self._boxes.values():
            if box.owed:
                box.wake.set()

    def _step(self) -> list[Notice]:
        faults = self._agent.faults
        now = Now(
            at=self._agent.now_us(),
            faults=[seen_of(fault) for fault in faults.faults],
            isolated=dict(self._agent.isolated()),
            is_blind=self._is_blind,
            in_doubt=self._agent.in_doubt(),
            became=self._became,
        )
        return [self._whole(notice) for notice in self._desk.step(now, self._policy())]

    def _owe(self, box: _Box, new: Sequence[Notice]) -> None:
        for notice in new:
            if notice.priority > box.sink.least_priority:
                continue
            if len(box.owed) == QUEUE:
                self._drop(next(name for name, each in self._boxes.items() if each is box), box, "too many are waiting")
            box.owed.append(notice)

    def _policy(self) -> Policy:
        options = self._options
        return Policy(
            wait=_us(options.wait),
            clock=tuple(map(_us, options.clock)),
            repeat=_us(options.repeat),
            roles=frozenset(options.roles),
            many=options.many,
            is_night=lambda at: is_night(options.night, at, self._agent.zone),
        )

    def _is_blind(self, seen: Seen) -> bool:
        """Whether the plane that its root is reached over is cut off, or everything is."""
        isolated = self._agent.isolated()
        return "gateway" in isolated or (self._agent.plane_of(seen.root) or "") in isolated

    def _became(self, id_: str) -> tuple[str, str] | None:
        events = [event for event in self._agent.reader.fault_events(id_) if event.kind in ("joined", "void")]
        return (events[-1].kind, events[-1].merged_into or "") if events else None

    def _whole(self, notice: Notice) -> Notice:
        """With what the registers say of its root."""
        where = self._agent.faults.where
        place = where.of(notice.root)
        return replace(
            notice,
            name=place.name,
            site=place.site,
            county=place.county,
            county_name=where.county_name(place.county),
            carrier=place.carrier,
            responsible_unit=place.responsible_unit,
            vantage=self._agent.vantage,
            simulated=self._agent.simulated(),
        )

    async def _save(self) -> None:
        async with self._lock:
            await asyncio.to_thread(self._keeping.save, self._desk, self._waiting())

    def _waiting(self) -> dict[str, list[Notice]]:
        return {name: list(box.owed) for name, box in self._boxes.items()}


def make_way(sink: Sink, folder: Path, zone: ZoneInfo, wall_us: Callable[[], int]) -> Way:
    """The way out that a sink means. Errors: UsageError for a template that is none."""
    if isinstance(sink, Webhook):
        return WebhookWay(sink, folder, wall_us)
    assert isinstance(sink, Mail)
    return MailWay(sink, zone)


def seen_of(fault: Fault) -> Seen:
    """What of a fault is told."""
    return Seen(
        id=fault.id,
        root=fault.root,
        role=str(fault.role),
        priority=fault.priority,
        start=fault.start,
        restored=None if fault.restored is None else fault.restored[1],
        is_open=is_open(fault),
        withdrawn=fault.withdrawn,
        outcome=str(fault.outcome),
        members=len(fault.members),
    )


def is_night(night: str, at: int, zone: ZoneInfo) -> bool:
    """Whether an instant lies in the hours without repeats, which may go over midnight."""
    start, _, end = night.partition("-")
    if not end:
        return False
    clock = to_datetime(at, zone).strftime("%H:%M")
    return start <= clock < end if start <= end else clock >= start or clock < end


def _us(seconds: float) -> int:
    return round(seconds * 1_000_000)
