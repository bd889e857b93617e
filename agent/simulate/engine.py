"""The scenario played: a clock that is turned by hand, the real ledger behind it, and the real store behind that.

A run of the agent is what it is in the agent: begun and ended in the store by the same calls, with its configuration,
its registers and its windows taken as they are at that time.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.commit import Committer
from agent.config import Config, as_dict
from agent.entries import Entry
from agent.figures.book import Shelf
from agent.housekeeping import tallies_of
from agent.imports import ImportRequest, apply_import
from agent.inline import inline_rows
from agent.known import Known
from agent.ledger import Ledger
from agent.simulate.answers import Answers
from agent.simulate.probes import Held, Probe, Queue, hold, regular_turn, skip
from agent.stores.base import Batch, RunRequest
from agent.stores.packedmarks import PackedMarks
from agent.stores.writing import SqliteWriter
from agent.taking import wanted
from agent.tallies import Tallies
from agent.targets import Duty, Watched
from agent.version import METHOD_VERSION, VERSION
from collectors.base import Outcome
from sla.model import Window
from sla.periods import Piece, pieces

BATCH = 5000
"""Edges that may wait for a transaction."""

BOOT = "simulated"

SETTLES = 10
"""So many intervals after its last change the self-check has settled."""

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What is to be played. Units: microseconds UTC.

    Shape: `outages` are the agent's, each with whether it stopped cleanly; `entered` are imports by their `now`.
    `every_reading` leaves none out: what tests hold the others against.
    """

    config: Config
    window: Window
    answers: Answers
    outages: list[tuple[Window, bool]]
    entered: list[ImportRequest]
    every_reading: bool = False


class Tally(NamedTuple):
    """What it came to: readings in all, and how many of them were produced one by one."""

    readings: int
    produced: int
    edges: int


class _Silent:
    """Nobody looks on."""

    def reading(self, entry: Entry) -> None: ...
    def changed(self, entry: Entry) -> None: ...
    def relabel(self, entry: Entry) -> None: ...
    def gone(self, entry: Entry) -> None: ...
    def refused(self) -> None: ...
    def committed(self, edges: int) -> None: ...


class Player:
    """Plays one scenario into one store."""

    def __init__(self, play: Play, writer: SqliteWriter) -> None:
        self._play, self._writer = play, writer
        self._zone: ZoneInfo = play.config.zone_info
        self._days = [each.end for each in pieces(play.window, Piece.DAY, self._zone)]
        self._shelf = Shelf()
        self._silent = _Silent()
        self._now = play.window.start
        self._readings = self._produced = self._edges = 0
        self._entered = sorted(play.entered, key=lambda request: request.now)
        self._border: int | None = None
        self._is_running = False
        self._watched: dict[str, Watched] = {}

    async def play(self, told: Told | None = None) -> Tally:
        """All of it. Errors: StoreError, ConfigError, UsageError."""
        window = self._play.window
        borders = [cut for outage, _ in self._play.outages for cut in outage]
        await self._arrive()
        while self._now < window.end:
            ahead = [*borders, *(request.now for request in self._entered), self._border or window.end, window.end]
            stop = min(at for at in ahead if at > self._now)
            if self._is_running:
                await self._probe_until(stop, told)
            self._now = stop
            await self._arrive()
        return Tally(self._readings, self._produced, self._edges)

    async def _arrive(self) -> None:
        """What happens to the agent and its registers at this very instant, in that order."""
        outage = next(((each, clean) for each, clean in self._play.outages if each.start <= self._now < each.end), None)
        over = self._now >= self._play.window.end
        if self._is_running and (outage is not None or over):
            await self._stop(clean=over or (outage is not None and outage[1]))
        changed = self._enter()
        if not self._is_running and outage is None and not over:
            await self._start()
        elif self._is_running and (changed or (self._border is not None and self._border <= self._now)):
            await self._commit()
            await self._take()

    def _enter(self) -> bool:
        """What people enter now; True where there was anything."""
        due = [request for request in self._entered if request.now <= self._now]
        self._entered = self._entered[len(due) :]
        for request in due:
            apply_import(self._writer, request)
        return bool(due)

    async def _start(self) -> None:
        """A run begins: what the store knows is what it goes on with (S8)."""
        now, writer, reader = self._now, self._writer, self._writer.reader
        request = RunRequest(self._play.config.vantage.name, BOOT, now, (now * 1000, now), VERSION, 0)
        start = writer.start_run(request)
        known = Known(start, now, reader.components(), PackedMarks(reader.all_marks()), [])
        self._committer = Committer(writer, start, lambda: self._now, self._durable, self._silent)
        self._tallies: Tallies = tallies_of(self._committer, self._zone)
        self._ledger = Ledger(known, self._committer, self._silent, self._tallies, _dropped)
        self._queue = Queue()
        self._watched, self._border, self._is_running = {}, None, True
        await self._take()
        self._record("start", as_dict(self._play.config))
        await self._commit()

    async def _stop(self, *, clean: bool) -> None:
        self._is_running = False
        self._ledger.tick(self._now)
        if clean:
            self._record("stop", {})
            await self._committer.close(self._ledger.finish())
            return
        self._tallies.flush(all_of_it=True)
        await self._committer.commit()
        self._committer.abandon()

    async def _take(self) -> None:
        """What the configuration and the registers say now is what is probed from now on."""
        now, config = self._now, self._play.config
        self._writer.set_inline(inline_rows(config), config.digest, now)
        found = wanted(config, self._shelf, self._writer.reader, self._watched, now)
        for id_ in found.gone:
            self._queue.remove(id_)
            self._ledger.forget(id_, now)
        for watched in (*found.changed, *found.new):
            self._ledger.watch(watched)
            self._queue.add(watched, now)
        self._watched = dict(found.watched)
        self._border = found.book.next_border(now)
        self._checks = [each for each in self._watched.values() if each.duty is not Duty.TARGET]

    async def _probe_until(self, stop: int, told: Told | None) -> None:
        """Every probe that starts before an instant at which the agent itself, or what it watches, changes."""
        window = self._play.window
        number = 0
        while (probe := self._queue.pop(stop)) is not None:
            number += 1
            if probe.held is not None:
                self._skip(probe, probe.held)
                probe.held = None
            self._now = probe.at
            await self._turn(probe, stop)
            self._queue.push(probe)
            if self._committer.waiting >= BATCH:
                await self._commit()
            if told is not None and number % 1000 == 0:
                told(self._now - window.start, window.length)
        self._now = stop
        await self._catch_up()
        self._ledger.tick(stop)

    async def _turn(self, probe: Probe, stop: int) -> None:
        """One probe, as the runner hands it on, and what can be left out after it."""
        watched, at, is_regular = probe.watched, probe.at, probe.is_regular
        said = self._play.answers.of(watched, at)
        if watched.plane is not None and watched.duty is Duty.TARGET and self._needs_check(watched, said.readings):
            await self._catch_up()
        retry = self._ledger.record(watched, at, said.lasts / 1e6, said.readings)
        if any(check.held for check in self._ledger.vantage.planes()):
            await self._catch_up()
        if watched.duty is not Duty.TARGET:
            await self._ledger.look_at_vantage()
        self._readings += 1
        self._produced += 1
        if probe.base is not None:
            probe.turns.append(at - probe.base)
        probe.ended(said.lasts, retry=retry)
        if is_regular:
            self._regular(probe, at, stop)

    def _needs_check(self, watched: Watched, readings: Iterable[object]) -> bool:
        """Whether what the self-check says now matters: a failure needs its word (S6)."""
        if any(getattr(reading, "outcome", None) is not Outcome.OK for reading in readings):
            return True
        return any(entry.track.base is not None for entry in self._ledger.of_target(watched.id).values())

    def _regular(self, probe: Probe, at: int, stop: int) -> None:
        """A turn of the grid: leave out what follows where nothing changes before it must be looked at again."""
        entries = self._ledger.of_target(probe.watched.id)
        paces = regular_turn(probe, entries, at)
        if paces is not None and not self._play.every_reading and self._may_rest(probe.watched, at):
            held = hold(probe, paces, at, self._horizon(probe.watched, at, stop))
            if held is not None and probe.watched.duty is Duty.TARGET:
                self._skip(probe, held)
            else:
                probe.held = held  # others ask what the self-check said last: it is taken as made bit by bit
        probe.turns = []

    def _skip(self, probe: Probe, held: Held) -> None:
        entries = self._ledger.of_target(probe.watched.id)
        self._readings += skip(probe, held, entries, self._tallies, self._days)

    async def _catch_up(self) -> None:
        """What the self-check has said up to now, of what is left out of it; it goes on where somebody waits for it."""
        resting = [probe for each in self._checks if (probe := self._queue.probes[each.id]).held is not None]
        for probe in resting:
            assert probe.held is not None
            part = probe.held.up_to(self._now)
            self._skip(probe, part)
            probe.held = part._replace(times=probe.held.times, done=part.times)
        if resting:
            await self._ledger.look_at_vantage()
        if any(check.held for check in self._ledger.vantage.planes()):
            for probe in resting:
                probe.held = None
                self._queue.push(probe)

    def _may_rest(self, watched: Watched, at: int) -> bool:
        """Whether nothing is open that a later reading of something else could settle (S6)."""
        if self._play.answers.is_restless(watched, at):
            return False
        return self._is_settled(at) and not any(check.held for check in self._ledger.vantage.planes())

    def _is_settled(self, at: int) -> bool:
        """Whether the self-check has said all that its last change will make it say."""
        for each in self._checks:
            changed = self._play.answers.last_change(each, at)
            if changed is not None and at - changed < SETTLES * each.rules.interval:
                return False
            if self._play.answers.is_restless(each, at):
                return False
            if any(entry.track.streak or entry.track.errored for entry in self._ledger.of_target(each.id).values()):
                return False
        return True

    def _horizon(self, watched: Watched, at: int, stop: int) -> int:
        """The next instant at which it, or the self-check of its vantage, may answer otherwise."""
        changes = (self._play.answers.next_change(each, at) for each in (watched, *self._checks))
        return min([stop, *(change for change in changes if change is not None)])

    async def _commit(self) -> None:
        self._tallies.flush(all_of_it=True)
        await self._committer.commit()

    async def _durable(self, batch: Batch) -> None:
        self._edges += len(batch.edges)
        await self._ledger.durable(batch)

    def _record(self, kind: str, body: dict[str, object]) -> None:
        full = {"version": VERSION, "method_version": METHOD_VERSION, "digest": self._play.config.digest, **body}
        self._committer.record(self._now, kind, json.dumps(full, ensure_ascii=False, default=str))


def _dropped(cause: str) -> None:
    raise AssertionError(f"a reading was dropped: {cause}")
