"""Reading to state to edge: the only translator between collectors and sla. It orders, persists and publishes.

The policy is in sla: this file only carries readings to the reducer and its edges to the store, and shows a state
when it is durable, never before.
"""

import asyncio
import heapq
import json
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

from agent.commit import Committer
from agent.entries import Entry, restored_from_json, restored_to_json
from agent.known import Known
from agent.meters import Meters
from agent.stores.base import Batch, Component, EdgeRow, Leaving
from agent.tallies import Tallies
from agent.targets import Duty, Watched
from agent.vantage import SelfCheck, Vantage, of_ourselves
from collectors import base
from sla.confirm import FOREVER, NEW, Result, Track, advance, isolate, selfcheck_ok, settled_until, step
from sla.limits import judge
from sla.model import Cause, Degraded, Edge, Outcome, Seen, State, Window
from sla.totals import Totals
from sla.withdrawal import withdraw

LOG = logging.getLogger(__name__)

PASS_YIELD = 200
"""A pass over all components gives the loop back after so many."""

SLACK_US = 1_000_000
"""How long after its timeout a probe's reading may still arrive before silence is settled."""

_OUTCOMES = {
    base.Outcome.OK: Outcome.OK,
    base.Outcome.FAILED: Outcome.FAILED,
    base.Outcome.ERROR: Outcome.ERROR,
}


class Publisher(Protocol):
    """Told what to show: after each probe, when a durable state or a label changed, and at the end."""

    def reading(self, entry: Entry) -> None: ...
    def changed(self, entry: Entry) -> None: ...
    def relabel(self, entry: Entry) -> None: ...
    def gone(self, entry: Entry) -> None: ...


class Ledger:
    """The live ledger: all methods are called on the loop."""

    def __init__(
        self,
        known: Known,
        committer: Committer,
        publisher: Publisher,
        tallies: Tallies,
        dropped: Callable[[str], None],
    ) -> None:
        self._known = known
        self._committer = committer
        self._publisher = publisher
        self._tallies = tallies
        self._dropped = dropped
        self._whole: dict[str, Entry] = {}
        self._parts: dict[str, dict[str, Entry]] = {}  # of targets that have any: most have none
        self._by_id: dict[int, Entry] = {}
        self._expiry: list[tuple[int, int]] = []
        self._retired: dict[str, dict[str, Entry]] = {}
        self._adopted: dict[tuple[str, str], Component] = {}
        self.vantage = Vantage()
        self.meters = Meters(committer.bins, known.now)

    def watch(self, watched: Watched) -> None:
        """Begin, or go on after a change of its options: what is known of its components stays."""
        for entry in self.of_target(watched.id).values():
            entry.watched = watched
            self._publisher.relabel(entry)
        self._entry(watched, "")
        for part in [*self._known.components.get(watched.id, ()), *self._retired.get(watched.id, ())]:
            self._entry(watched, part)

    def forget(self, target_id: str, now: int) -> None:
        """It left the configuration: its readings have ended, S2 decides what that makes of its state.

        What is DOWN then is withdrawn: its outage counts to this instant, and is never restored (M5).
        """
        held = self.of_target(target_id)
        self._whole.pop(target_id, None)
        self._parts.pop(target_id, None)
        for entry in held.values():
            self._apply(entry, withdraw(entry.track, now, entry.watched.rules))
            self._tallies.let_go(entry)
            self._retired.setdefault(target_id, {})[entry.component.part] = entry
            self.vantage.discharge(entry)
            self._by_id.pop(entry.component.id, None)
            self._publisher.gone(entry)

    def component_of(self, name: str) -> Component | None:
        """What has that id, watched or not; it may be durable in a moment only."""
        target, _, part = name.partition("#")
        entry = self._found(target, part) or self._retired.get(target, {}).get(part)
        return self._known.components.get(target, {}).get(part) if entry is None else entry.component

    def adopt(self, kinds: Mapping[str, str]) -> list[Component]:
        """Components for ids that an import brings and writes itself; `settle_adopted` must follow, no `watch` before.

        Until then a reading of one of them is dropped: its component must not be written twice.
        """
        for name, kind in kinds.items():
            target, _, part = name.partition("#")
            self._adopted[(target, part)] = Component(self._known.next_id, target, part, kind)
            self._known.next_id += 1
        return list(self._adopted.values())

    def settle_adopted(self, *, written: bool) -> None:
        """The import is written, and what is watched under its ids goes on with them; or it is not, and they lapse."""
        if written:
            for (target, part), component in self._adopted.items():
                self._known.components.setdefault(target, {})[part] = component
        self._adopted = {}

    def entries(self) -> Iterator[Entry]:
        """Every component of every watched target."""
        for target_id, entry in self._whole.items():
            yield entry
            if target_id in self._parts:
                yield from self._parts[target_id].values()

    def of_target(self, target_id: str) -> dict[str, Entry]:
        """The components of one target by name; empty if it is not watched."""
        whole = self._whole.get(target_id)
        return {} if whole is None else {"": whole, **self._parts.get(target_id, {})}

    def parts_of(self, target_id: str) -> tuple[Entry | None, Collection[Entry]]:
        """A target itself, None if it is not watched, and its components."""
        parts = self._parts.get(target_id)
        return self._whole.get(target_id), parts.values() if parts else ()

    def record(self, watched: Watched, at: int, duration_seconds: float, readings: Sequence[base.Reading]) -> bool:
        """Take the readings of one probe that started at `at`; True asks for a re-probe (S3).

        What a probe of the self-check means for the targets is told by `look_at_vantage`.
        """
        check = self._check_of(watched)
        retry = False
        for reading in readings:
            if self._adopted and (watched.id, reading.component) in self._adopted:
                self._dropped("store")
                continue
            entry = self._entry(watched, reading.component)
            self._record_one(entry, reading, at, duration_seconds, check)
            retry = retry or entry.track.needs_retry
        return retry

    def tick(self, now: int, most: int = FOREVER) -> bool:
        """What is done a few times a second; whether `settle_silence` has more to do than so many."""
        self.meters.tick(now)
        self._tallies.go_on()
        return self.settle_silence(now, most)

    def settle_silence(self, now: int, most: int = FOREVER) -> bool:
        """Settle, of so many at most, validity that ran out and stays out (S2); whether more are due."""
        while self._expiry and self._expiry[0][0] < now and most > 0:
            most -= 1
            _, component = heapq.heappop(self._expiry)
            entry = self._by_id.get(component)
            if entry is not None:
                entry.watching = False
                self._expire(entry, now)
        return bool(self._expiry) and self._expiry[0][0] < now

    def flush_counts(self) -> None:
        """Begin to hand the counts of readings to the next commits (E6)."""
        self._tallies.flush()

    async def durable(self, batch: Batch) -> None:
        """Edges became durable: now they are shown."""
        for number, row in enumerate(batch.edges, start=1):
            if number % PASS_YIELD == 0:
                await asyncio.sleep(0)
            entry = self._by_id.get(row.component)
            if entry is None:
                continue
            entry.state, entry.degraded, entry.since = row.edge.state, row.edge.degraded, row.edge.at
            entry.totals.cut(row.edge.at, row.edge.state)
            entry.pending -= 1
            if entry.pending == 0:
                entry.pending_at = None
            if entry.totals.is_long:
                self.settle(entry)
            self._publisher.changed(entry)

    def begin_periods(self, periods: Sequence[Window]) -> None:
        """Keep the sums of these periods too; called well before they begin."""
        self._known.periods = periods
        for entry in self.entries():
            for period in periods:
                entry.totals.begin(period)

    def break_off(self, at: int, resumed: int) -> None:
        """The run goes over to another dating (T4): nothing is known from `at` until readings begun after `resumed`.

        In one go: no heartbeat may speak for the time between while one component is still said to go on.
        """
        self.meters.break_off(resumed)
        for entry in self.entries():
            ended = entry.track._replace(valid_until=min(entry.track.valid_until, at))
            track, edges = advance(ended, FOREVER, entry.watched.rules)
            track = track._replace(last_at=resumed, base=None, replay=(), dirty=False, held=False)
            self._apply(entry, Result(track, edges))
            self._hold(entry, self._check_of(entry.watched))
        for parts in self._retired.values():
            for entry in parts.values():
                if entry.track.since > at:  # its last reading speaks beyond (S2)
                    edge = Edge(at, State.UNKNOWN, Degraded.NONE, Cause.NO_READING)
                    self._apply(entry, Result(entry.track._replace(since=at, last_at=resumed), (edge,)))

    def finish(self) -> Leaving:
        """The clean stop: every open thing is settled as if readings had ended; what was known is left (S8)."""
        self.meters.finish()
        tracks = {}
        open_from: int | None = None
        for entry in self.entries():
            tracks[entry.component.id] = restored_to_json(entry.totals.settled_at, entry.track)
            if entry.track.streak:
                start = entry.track.streak[0].at
                open_from = start if open_from is None else min(open_from, start)
            self._apply(entry, advance(entry.track, FOREVER, entry.watched.rules), doubt=False)
            self._tallies.let_go(entry)
        self._tallies.flush(all_of_it=True)
        return Leaving(tracks, open_from)

    def settle(self, entry: Entry) -> None:
        """Bring its settled time up to what is durable and can no longer change."""
        until = settled_until(entry.track)
        if entry.pending_at is not None:
            until = min(until, entry.pending_at)
        entry.totals.settle(min(until, self._committer.durable_until))

    def _record_one(
        self, entry: Entry, reading: base.Reading, at: int, duration_seconds: float, check: SelfCheck | None
    ) -> None:
        watched = entry.watched
        said = judge(_OUTCOMES[reading.outcome], reading.values, watched.limits, watched.down_loss)
        outcome = of_ourselves(watched, said.outcome, reading.reason)
        outcome = check.outcome(outcome, at) if check else outcome
        reason = base.Reason.LOSS if said.by_loss else reading.reason
        seen = Seen(at, outcome, str(reason or ""), said.over)
        if at < entry.track.last_at:
            self._dropped("order")
            return
        proof = None if check is None else check.check or 0  # 0: a self-check that was never ok proves nothing
        self._apply(entry, step(entry.track, seen, watched.rules, proof))
        self._hold(entry, check)
        entry.last, entry.values, entry.duration_seconds = reading, reading.values, duration_seconds
        entry.probes += 1
        entry.successes += outcome is Outcome.OK
        self.meters.take(entry.component, reading, at)
        self._tallies.take(entry, outcome, at)
        if isinstance(reading, base.Recognised):
            self._tallies.recognise(entry, reading.identity, at)
        self._publisher.reading(entry)

    def _apply(self, entry: Entry, result: Result, *, doubt: bool = True) -> None:
        """Take what a step left: its track, its edges, and what the store is to doubt."""
        entry.track = result.track
        entry.version += 1
        for edge in result.edges:
            entry.pending += 1
            entry.pending_at = edge.at if entry.pending_at is None else min(entry.pending_at, edge.at)
            row = EdgeRow(entry.component.id, self._committer.run.boot_no, self._committer.next_seq(), edge)
            self._committer.edge(row)
        if doubt and entry.doubt != entry.track.open_since:
            entry.doubt = entry.track.open_since
            self._committer.doubt(entry.component.id, entry.doubt)
        if not entry.watching and entry.track.valid_until:
            entry.watching = True
            heapq.heappush(self._expiry, (entry.track.valid_until, entry.component.id))

    def _expire(self, entry: Entry, now: int) -> None:
        """Validity may have run out: doubt it at once, settle it when no reading can be under way any more."""
        until = entry.track.valid_until
        if until == 0:
            return
        settle_at = until + entry.watched.timeout_ns // 1000 + SLACK_US
        if until >= now:
            settle_at = until
        elif settle_at >= now:
            if entry.doubt is None and entry.track.state is not State.UNKNOWN:
                entry.doubt = until
                self._committer.doubt(entry.component.id, until)
        else:
            self._apply(entry, advance(entry.track, until + 1, entry.watched.rules))
            self._hold(entry, self._check_of(entry.watched))
            self._publisher.reading(entry)
            return
        entry.watching = True
        heapq.heappush(self._expiry, (settle_at, entry.component.id))

    def _check_of(self, watched: Watched) -> SelfCheck | None:
        """The self-check that its failures need; None where none is needed or there is none."""
        if watched.plane is None or watched.duty is not Duty.TARGET:
            return None
        check = self.vantage.plane(watched.plane)
        return None if check.is_absent else check

    def _hold(self, entry: Entry, check: SelfCheck | None) -> None:
        """Remember a streak long enough for DOWN that waits for proof that the vantage is sound."""
        if check is None:
            return
        if entry.track.held:
            check.held.add(entry)
        else:
            check.held.discard(entry)

    async def look_at_vantage(self) -> None:
        """After a probe of the self-check: isolate, or declare what waited for the proof (S6)."""
        for check in list(self.vantage.planes()):
            before = check.check
            since, ended = check.refresh()
            if since is not None:
                await self._isolate(check, since)
            if ended:
                self._note_isolation(check, "isolation_ended", check.check or check.last_at)
            if check.check is not None and check.check != before:
                for entry in list(check.held):
                    self._apply(entry, selfcheck_ok(entry.track, check.check, entry.watched.rules))
                    self._hold(entry, check)

    async def _isolate(self, check: SelfCheck, since: int) -> None:
        self._note_isolation(check, "isolated", since)
        async for entry in self._in_passes():
            if self._check_of(entry.watched) is check:
                self._apply(entry, isolate(entry.track, since, entry.watched.rules))
                self._hold(entry, check)

    async def _in_passes(self) -> AsyncIterator[Entry]:
        for number, entry in enumerate(list(self.entries()), start=1):
            yield entry
            if number % PASS_YIELD == 0:
                await asyncio.sleep(0)

    def _note_isolation(self, check: SelfCheck, kind: str, at: int) -> None:
        LOG.warning("vantage %s: plane %s, at %s", kind, check.plane or "(gateway)", at)
        self._committer.record(at, kind, json.dumps({"plane": check.plane}))

    def _entry(self, watched: Watched, part: str) -> Entry:
        entry = self._found(watched.id, part)
        if entry is None:
            entry = self._new_entry(watched, part)
            if part:
                self._parts.setdefault(watched.id, {})[part] = entry
            else:
                self._whole[watched.id] = entry
        return entry

    def _found(self, target_id: str, part: str) -> Entry | None:
        return self._parts.get(target_id, {}).get(part) if part else self._whole.get(target_id)

    def _new_entry(self, watched: Watched, part: str) -> Entry:
        retired = self._retired.get(watched.id, {}).pop(part, None)
        if retired is not None:
            retired.watched = watched
            entry = retired
        else:
            component = self._component(watched, part)
            totals, track = self._restored(component, watched)
            entry = Entry(watched, component, totals, track)
            entry.state, entry.degraded, entry.since = track.state, track.degraded, track.since
            entry.doubt = track.open_since
        self._by_id[entry.component.id] = entry
        self.vantage.enlist(entry)
        self._apply(entry, Result(entry.track))
        return entry

    def _component(self, watched: Watched, part: str) -> Component:
        component = self._known.take(watched.id, part)
        if component is None:
            component = Component(self._known.next_id, watched.id, part, watched.kind)
            self._known.next_id += 1
            self._committer.component(component)
        return component

    def _restored(self, component: Component, watched: Watched) -> tuple[Totals, Track]:
        """What the store knows of a component: its settled time, and its track if the last stop was clean (S8)."""
        start = self._known.start
        marks = self._known.standing(component.id)
        text = start.tracks.get(component.id)
        if text is None:
            return Totals(marks, start.last_durable or 0, watched.service, self._known.periods), NEW
        settled_at, track = restored_from_json(text)
        track = advance(track._replace(asserted=False), self._known.now, watched.rules).track
        return Totals(marks, settled_at, watched.service, self._known.periods), track
