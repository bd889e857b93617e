"""Questions to an SQLite store. A reader has a connection of its own and never waits for the writer (WAL)."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from agent.stores import (
    binning,
    chaining,
    clocksteps,
    identifying,
    marking,
    noting,
    pathing,
    registering,
    sealed,
    sighting,
    witnessing,
)
from agent.stores.base import Component, Counted, ImportedReading, Record, Run, SealStanding
from agent.stores.chaining import Kept
from agent.stores.clocksteps import ClockStep, Dating
from agent.stores.evidence import unpack
from agent.stores.identifying import Met
from agent.stores.noting import FaultEvent, Note
from agent.stores.packing import LedgerRows
from agent.stores.pathing import KeptPath
from agent.stores.registering import STARTS, RegisterRow, RegisterVersion
from agent.stores.sighting import DaySeen
from agent.stores.witnessing import Delivered
from sla.bins import Bin
from sla.confirm import FOREVER
from sla.model import Cause, Degraded, Edge, Outcome, State, Window
from sla.sums import Turn
from sla.timeline import Mark, Span

Row = tuple[Any, ...]
"""What sqlite3 returns; the schema says what is in it."""


class SqliteReader:
    """The durable ledger, as values. Thread-safe: one question at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._lock = threading.RLock()
        self._words: dict[int, str] = {}

    def components(self) -> list[Component]:
        return [Component(*row) for row in self._all("SELECT id, target, component, kind FROM components ORDER BY id")]

    def component_count(self) -> int:
        return int(self._all("SELECT count(*) FROM components")[0][0])

    def component(self, name: str) -> Component | None:
        target, _, part = name.partition("#")
        asked = "SELECT id, target, component, kind FROM components WHERE target=? AND component=?"
        row = self._one(asked, target, part)
        return Component(*row) if row else None

    def marks(self, component: int) -> list[Mark]:
        """What stands for one component, oldest first: its edges and the agent's gaps, in the order written."""
        with self._lock:
            return marking.of_component(self._db, component)

    def all_marks(self) -> Iterator[tuple[int, list[Mark]]]:
        """(component id, what stands) for every component that has edges; one pass over the ledger."""
        return marking.of_all(self._db, self._lock)

    def all_turns(self) -> Iterator[tuple[int, list[Turn]]]:
        """(component id, its turns in the order written) for every component that has edges; nothing more is read.

        A gap of the agent turns what was known to UNKNOWN (S8), at its place in that order.
        """
        floors = {(run.vantage, run.boot_no): run.floor for run in self.runs()}
        return marking.turns_of_all(self._db, self._lock, floors)

    def known_until(self, component: int) -> int:
        """Up to when the marks speak: the last durable heartbeat, or an open doubt before it (S3, S8)."""
        until = self._speaks_until()
        doubt = self._one("SELECT since FROM doubts WHERE component = ?", component)
        return min(until, int(doubt[0])) if doubt else until

    def all_known_until(self) -> tuple[int, dict[int, int]]:
        """The same of everything: the heartbeat, and since when there is a doubt of which components."""
        return self._speaks_until(), self.doubts()

    def _speaks_until(self) -> int:
        run = self.last_run()
        if run is None:
            return 0
        return FOREVER if run.stopped_at is not None else run.heartbeat_at

    def edges(self, component: int, window: Window) -> list[Edge]:
        """Every edge ever written with its instant in the window, with its evidence, in the order written."""
        rows = self._all(
            "SELECT at, state, degraded, text, uncertainty, evidence FROM edges JOIN words ON words.id = cause"
            " WHERE component = ? AND at >= ? AND at < ? ORDER BY boot_no, seq",
            component,
            window.start,
            window.end,
        )
        return [
            Edge(at, State(state), Degraded(degraded), Cause(cause), uncertainty, unpack(at, packed, self._word))
            for at, state, degraded, cause, uncertainty, packed in rows
        ]

    def imported_components(self) -> frozenset[int]:
        """The components of which a file ever told anything."""
        rows = self._all("SELECT component FROM imported_spans UNION SELECT component FROM imported_readings")
        return frozenset(int(row[0]) for row in rows)

    def imported_spans(self, component: int) -> list[Span]:
        """Time that imported histories state."""
        rows = self._all(
            "SELECT start_at, end_at, state FROM imported_spans WHERE component = ? ORDER BY start_at", component
        )
        return [
            Span(start, end, State(state), _imported_reason(state), Cause.IMPORTED, imported=True)
            for start, end, state in rows
        ]

    def imported_readings(self, component: int) -> list[ImportedReading]:
        rows = self._all(
            "SELECT component, at, outcome, interval, over FROM imported_readings WHERE component = ? ORDER BY at",
            component,
        )
        return [ImportedReading(row[0], row[1], Outcome(row[2]), row[3], row[4]) for row in rows]

    def service(self, target: str) -> list[Window]:
        """The in-service interval of a target; empty for always (A2)."""
        row = self._one("SELECT starts, ends FROM service WHERE target = ? ORDER BY version DESC LIMIT 1", target)
        if row is None or (row[0] is None and row[1] is None):
            return []
        return [Window(-FOREVER if row[0] is None else row[0], FOREVER if row[1] is None else row[1])]

    def runs(self) -> list[Run]:
        rows = self._all(
            "SELECT vantage, boot_no, started_at, floor, heartbeat_at, stopped_at, open_from FROM runs ORDER BY boot_no"
        )
        return [Run(*row) for row in rows]

    def last_run(self) -> Run | None:
        row = self._one(
            "SELECT vantage, boot_no, started_at, floor, heartbeat_at, stopped_at, open_from FROM runs"
            " ORDER BY boot_no DESC LIMIT 1"
        )
        return Run(*row) if row else None

    def gaps(self) -> list[Window]:
        """When the agent did not run (S8): from the last durable heartbeat to the next start."""
        return [
            Window(at, started)
            for at, started in self._all(
                "SELECT at, started_at FROM gaps JOIN runs USING (vantage, boot_no) ORDER BY boot_no"
            )
        ]

    def first_heartbeat(self) -> int | None:
        row = self._one("SELECT min(started_at) FROM runs")
        return row[0] if row else None

    def records(self, kind: str | None = None) -> list[Record]:
        rows = self._all(
            "SELECT seq, at, kind, body, recorded_by FROM records WHERE ? IN (kind, '*') ORDER BY boot_no, seq",
            kind or "*",
        )
        return [Record(*row) for row in rows]

    def counts(self, component: int) -> list[Counted]:
        rows = self._all("SELECT component, month, ok, failed, error FROM counts WHERE component = ?", component)
        return [Counted(*row) for row in rows]

    def bins(self, component: int, window: Window) -> list[Bin]:
        """Bins of traffic that begin in a window, what several runs saw of one put together (C4)."""
        with self._lock:
            return binning.read(self._db, component, window)

    def sightings(self, first: int, last: int) -> list[DaySeen]:
        """When components were seen on each of these days, both included (C2, C3)."""
        with self._lock:
            return sighting.read(self._db, first, last)

    def days_seen(self, component: int, first: int, last: int) -> list[int]:
        """On which of these days, both ends included, a component was seen ok (C3)."""
        with self._lock:
            return sighting.days(self._db, component, first, last)

    def sightings_of(self, component: int, first: int, last: int) -> list[DaySeen]:
        """The same of one component."""
        with self._lock:
            return sighting.read_of(self._db, component, first, last)

    def seen_ok(self, days: tuple[int, int], window: Window) -> dict[int, int]:
        """By component the last ok reading in a window that rows of these days, both included, tell of (C2)."""
        with self._lock:
            return sighting.seen_ok(self._db, days, window)

    def met(self, days: tuple[int, int], cut: int) -> list[Met]:
        """As whom components answered, last before a cut-off and first from it on, by these days' rows (C2)."""
        with self._lock:
            return identifying.met(self._db, days, cut)

    def first_sighting(self) -> int | None:
        """The first day of which the store keeps when components were seen."""
        with self._lock:
            return sighting.first_day(self._db)

    def tracks(self) -> dict[int, str]:
        return {int(row[0]): str(row[1]) for row in self._all("SELECT component, body FROM tracks")}

    def doubts(self) -> dict[int, int]:
        return {int(row[0]): int(row[1]) for row in self._all("SELECT component, since FROM doubts")}

    def meta(self, key: str) -> str | None:
        row = self._one("SELECT value FROM meta WHERE key = ?", key)
        return str(row[0]) if row else None

    def clock_steps(self, *, only_open: bool = False) -> list[ClockStep]:
        """Steps of the wall clock, or those that nobody has resolved (T4)."""
        with self._lock:
            return clocksteps.steps(self._db, only_open=only_open)

    def last_dating(self) -> Dating | None:
        """How the last run was dated; None in a new store (T4)."""
        with self._lock:
            return clocksteps.last_dating(self._db)

    def register_state(self) -> int:
        """A number that is another one after every import and every start or reload."""
        row = self._one(
            f"SELECT (SELECT coalesce(max(id), 0) FROM imports) * {STARTS}"
            " + (SELECT count(*) FROM records WHERE kind IN ('start', 'reload'))"
        )
        return int(row[0]) if row else 0

    def first_imported(self) -> int | None:
        """The first instant that an imported file speaks of."""
        row = self._one(
            "SELECT min(at) FROM (SELECT min(start_at) AS at FROM imported_spans"
            " UNION ALL SELECT min(at) FROM imported_readings)"
        )
        return row[0] if row else None

    def register_rows(self, register: str) -> list[RegisterRow]:
        """All versions of a register's rows, by id and version."""
        with self._lock:
            return registering.rows(self._db, register)

    def register_versions(self) -> dict[str, RegisterVersion]:
        """Which import each register's state is."""
        with self._lock:
            return registering.register_versions(self._db)

    def vantages(self) -> dict[int, str]:
        """Names by number."""
        return {int(number): str(name) for number, name in self._all("SELECT id, name FROM vantages")}

    def vantage_gaps(self) -> list[tuple[int, Window]]:
        """When each vantage's agent did not run (S8)."""
        rows = self._all("SELECT vantage, at, started_at FROM gaps JOIN runs USING (vantage, boot_no) ORDER BY boot_no")
        return [(vantage, Window(at, started)) for vantage, at, started in rows]

    def vantage_records(self, kinds: Sequence[str]) -> list[tuple[int, Record]]:
        """Records of these kinds with their vantage, in the order written."""
        marks = ", ".join("?" * len(kinds))
        rows = self._all(
            f"SELECT vantage, seq, at, kind, body, recorded_by FROM records WHERE kind IN ({marks})"
            " ORDER BY vantage, boot_no, seq",
            *kinds,
        )
        return [(vantage, Record(*row)) for vantage, *row in rows]

    def fault_notes(self, fault: str) -> list[Note]:
        """What people said of a fault (F1)."""
        with self._lock:
            return noting.notes(self._db, fault)

    def told_faults(self) -> Iterator[tuple[str, str, int]]:
        """(id, root, start) of faults that the agent said had opened, and nothing else since; in portions."""
        last = ""
        while True:
            with self._lock:
                found = noting.told(self._db, last)
            yield from ((fault, root, start) for fault, root, start, is_open in found if is_open)
            if not found:
                return
            last = found[-1][0]

    def fault_causes(self) -> dict[str, str]:
        """Recorded causes by fault id."""
        with self._lock:
            return noting.causes(self._db)

    def fault_events(self, fault: str) -> list[FaultEvent]:
        """What the running agent made of a fault."""
        with self._lock:
            return noting.events(self._db, fault)

    def fault_paths(self, fault: str) -> list[KeptPath]:
        """Traces made for a fault, and for those that joined it."""
        with self._lock:
            return pathing.paths(self._db, fault)

    def ledger(self) -> LedgerRows:
        """Rows as they lie in the store."""
        return LedgerRows(self._db, self._lock)

    def seals(self, period: str | None = None) -> list[SealStanding]:
        """Seals in the order made, each with the witnesses that have it (E3)."""
        with self._lock:
            found = sealed.seals(self._db, period)
            return [
                SealStanding(kept, witnessing.witnesses_of(self._db, witnessing.SEAL, kept.seal.number))
                for kept in found
            ]

    def sealed_figures(self, seal: int) -> dict[str, dict[str, Any]]:
        """The tables that a seal keeps, by plan."""
        with self._lock:
            return sealed.figures_of(self._db, seal)

    def last_head(self) -> Kept | None:
        """The end of the chain."""
        with self._lock:
            return chaining.last_head(self._db)

    def witnessed_head(self) -> tuple[Kept, list[Delivered]] | None:
        """The newest head that a witness has, and who has it."""
        with self._lock:
            number = witnessing.newest_head(self._db)
            kept = None if number is None else next(chaining.heads(self._db, number, number), None)
            return (
                None if kept is None else (kept, witnessing.witnesses_of(self._db, witnessing.HEAD, kept.head.number))
            )

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._db.close()

    def _word(self, number: int) -> str:
        if number not in self._words:
            self._words = {int(row[0]): str(row[1]) for row in self._all("SELECT id, text FROM words")}
        return self._words[number]

    def _all(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: object) -> Row | None:
        with self._lock:
            row: Row | None = self._db.execute(sql, values).fetchone()
        return row


def _imported_reason(state: object) -> Degraded:
    return Degraded.IMPORTED if state == State.DEGRADED else Degraded.NONE
