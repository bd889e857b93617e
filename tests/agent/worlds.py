"""A ledger with a real store and a clock that tests turn by hand: probes, commits, kills and clean stops."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from agent.clock import RunClock, read_anchor
from agent.clockwatch import ClockWatch, Heard, begin
from agent.commit import Committer
from agent.exporter import Exporter
from agent.known import Known
from agent.ledger import Ledger
from agent.page import text_of
from agent.selfmetrics import SelfMetrics
from agent.stores.base import Batch, RunRequest
from agent.stores.opening import Location, connect, migrate
from agent.stores.packedmarks import PackedMarks
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from agent.tallies import Tallies
from agent.targets import Duty, Watched
from collectors.base import Outcome, Reading, Reason, Target
from sla.availability import Availability, availability
from sla.confirm import Rules
from sla.model import Window
from sla.timeline import Span, spans

SECOND = 1_000_000
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
INTERVAL = 60


class HandClock:
    """Both clocks at START plus what the test says; `wall_offset` is a step of the wall clock."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.wall_offset = 0
        self.in_sync: bool | None = None
        self.boot = "test"

    def monotonic_ns(self) -> int:
        return int(self.seconds * 1e9)

    def wall_us(self) -> int:
        return START + int(self.seconds * SECOND) + self.wall_offset

    def boot_id(self) -> str:
        return self.boot

    def synchronised(self) -> bool | None:
        return self.in_sync


def target(
    target_id: str = "t", *, plane: str | None = None, duty: Duty = Duty.TARGET, interval: int = INTERVAL
) -> Watched:
    """A watched target of a kind that does not matter."""
    return Watched(
        target=Target(id=target_id, address="127.0.0.1", timeout_seconds=2.0),
        kind="tcp",
        module="m",
        vantage="v",
        rules=Rules(interval * SECOND),
        retry_ns=10 * 1_000_000_000,
        down_loss=0.75,
        plane=plane,
        duty=duty,
    )


class World:
    """One store file; agents come and go on it."""

    def __init__(self, path: Path, watched: Sequence[Watched] = ()) -> None:
        self.location = Location(path)
        self.clock = HandClock()
        self.watched = list(watched) or [target()]
        self.exported: dict[str, float] = {}
        self.is_running = False
        self.steps_told = 0

    def __enter__(self) -> "World":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_running:
            self.kill()

    def start(self) -> None:
        """A new run of the agent."""
        connection = connect(self.location)
        migrate(connection, self.location)
        self.writer = SqliteWriter(connection)
        reader = SqliteReader(connection)
        dated = begin(read_anchor(self.clock), self.clock.boot_id(), reader.last_dating())
        left_open = reader.clock_steps(only_open=True)
        wall = dated.anchor.wall_us
        self.run_clock = RunClock(self.clock, dated.anchor)
        request = RunRequest("v", self.clock.boot_id(), wall, dated.anchor, "0", 1)
        start = self.writer.start_run(request)
        known = Known(start, wall, reader.components(), PackedMarks(reader.all_marks()), [])
        metrics = SelfMetrics()
        self.committer = Committer(self.writer, start, self.run_clock.now_us, self._durable, metrics)
        self.exporter = Exporter({}, self._settle, self.run_clock.now_us, {})
        tallies = Tallies(self.committer, lambda _: 202601, lambda us: us // 86_400_000_000)
        self.ledger = Ledger(known, self.committer, self.exporter, tallies, metrics.dropped)
        for watched in self.watched:
            self.ledger.watch(watched)
        heard = Heard(self._stepped, self.ledger.break_off)
        self.watch = ClockWatch(self.run_clock, self.committer, metrics, dated, left_open, heard)
        self.is_running = True

    def read(self, outcome: str, target_id: str = "t", at: float | None = None) -> bool:
        """One probe of a target that started now, or at `at` seconds; True if it is to be re-probed."""
        reason = None if outcome == "ok" else Reason.TIMEOUT if outcome == "failed" else Reason.RESOURCES
        reading = Reading(outcome=Outcome(outcome), reason=reason)
        return self.read_as(reading, target_id, at)

    def read_as(self, reading: Reading, target_id: str = "t", at: float | None = None) -> bool:
        """The same with a reading of the test's own."""
        watched = next(w for w in self.watched if w.id == target_id)
        started = self.run_clock.now_us() if at is None else START + int(at * SECOND)
        retry = self.ledger.record(watched, started, 0.001, [reading])
        if watched.duty is not Duty.TARGET:
            asyncio.run(self.ledger.look_at_vantage())
        return retry

    def commit(self) -> None:
        """One transaction, as the committer makes one every second."""
        batch = self.committer._take()
        self.writer.write(self.committer.run, batch)
        self.committer.durable_until = batch.heartbeat
        asyncio.run(self._durable(batch))

    def to(self, seconds: float, *, commit: bool = True) -> None:
        """Let time pass: silence is settled, and what was decided becomes durable."""
        self.clock.seconds = seconds
        self.ledger.tick(self.run_clock.now_us())
        if commit:
            self.commit()

    def kill(self) -> None:
        """SIGKILL: nothing more is written."""
        self.writer.close()
        self.committer._thread.shutdown()
        self.is_running = False

    def stop(self) -> None:
        """A clean stop."""
        leaving = self.ledger.finish()
        self.writer.stop_run(self.committer.run, self.committer._take(), leaving)
        self.kill()

    def scrape(self) -> dict[str, float]:
        """The settled seconds by state of every component, as /metrics shows them now."""
        text = text_of(self.exporter.chunks(open_metrics=False))
        found = {}
        for line in text.splitlines():
            if line.startswith("sla_target_seconds_total"):
                name, _, value = line.rpartition(" ")
                found[name] = float(value)
        return found

    def spans(self, end: float, target_id: str = "t") -> list[Span]:
        """What the store alone says, from START to `end` seconds."""
        connection = connect(self.location, read_only=True)
        reader = SqliteReader(connection)
        try:
            component = reader.component(target_id)
            window = Window(START, START + int(end * SECOND))
            if component is None:
                return spans([], window, 0)
            return spans(reader.marks(component.id), window, reader.known_until(component.id))
        finally:
            reader.close()

    def story(self, end: float, target_id: str = "t") -> list[tuple[float, str]]:
        """(start in seconds, state) of each change, UNKNOWN at the beginning left out."""
        told: list[tuple[float, str]] = []
        for span in self.spans(end, target_id):
            if told and told[-1][1] == span.state.label:
                continue
            told.append(((span.start - START) / SECOND, span.state.label))
        return told

    def availability(self, end: float, target_id: str = "t") -> Availability:
        """The figures of the store alone."""
        return availability(self.spans(end, target_id), (), Window(START, START + int(end * SECOND)))

    def _stepped(self) -> None:
        self.steps_told += 1

    async def _durable(self, batch: Batch) -> None:
        await self.ledger.durable(batch)

    def _settle(self, entry: object) -> None:
        self.ledger.settle(entry)  # type: ignore[arg-type]  # the world's own entry
