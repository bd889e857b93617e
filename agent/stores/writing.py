"""What the one holder of an SQLite store writes: whole transactions, durable when a call returns (E1, E2, E5)."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from agent.errors import StoreError
from agent.stores import binning, clocksteps, identifying, sighting
from agent.stores.base import Batch, EdgeRow, Leaving, Run, RunRequest, RunStart
from agent.stores.evidence import pack
from agent.stores.inline import InlineRow, write_inline
from agent.stores.noting import FaultEvent, Note, add_events, add_note
from agent.stores.opening import MEMORY
from agent.stores.pathing import KeptPath, add_path
from agent.stores.reading import SqliteReader
from agent.stores.refusal import why
from sla.model import Cause, Degraded, Edge, State

_EDGE = "INSERT OR IGNORE INTO edges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COUNT = """
INSERT INTO counts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
ok = ok + excluded.ok, failed = failed + excluded.failed, error = error + excluded.error
"""


class SqliteWriter:
    """Writes through one connection. Thread-safe: one transaction at a time. Errors: StoreError, nothing applied."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._lock = threading.RLock()
        self._words: dict[str, int] = {}
        self._reader = SqliteReader(connection)
        self._where = connection.execute("PRAGMA database_list").fetchone()[2] or MEMORY

    @property
    def reader(self) -> SqliteReader:
        """Questions over the same connection."""
        return self._reader

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection itself, to read from what has no other: a store in memory."""
        return self._db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside becomes durable together, or nothing does. Errors: StoreError."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    self._words.clear()
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as exc:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._words.clear()
                raise StoreError(f"store {self._where}: cannot write: {why(exc)}") from exc

    def start_run(self, start: RunRequest) -> RunStart:
        """Open a run: what the one before left open becomes UNKNOWN, a kill leaves a gap (S8)."""
        with self.transaction() as db:
            vantage = self._vantage(start.vantage)
            before = self._reader.last_run()
            clean = before is not None and before.stopped_at is not None and before.stopped_at <= start.now
            tracks = self._reader.tracks() if clean else {}
            floor, last = self._floor(before, clean=clean)
            boot_no = 1 if before is None else before.boot_no + 1
            if before is not None and not clean:
                self._settle_doubts(before)
                db.execute("INSERT INTO gaps VALUES (?, ?, ?)", (vantage, boot_no, last))
            db.execute("DELETE FROM doubts")
            db.execute("DELETE FROM tracks")
            now = max(start.now, last or 0)
            db.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?)",
                (vantage, boot_no, start.boot_id, now, floor, now, start.version, start.pid),
            )
            db.execute("INSERT INTO anchors VALUES (?, ?, ?, ?)", (vantage, boot_no, *start.anchor))
        return RunStart(vantage, boot_no, floor, last, clean, tracks)

    def write(self, run: RunStart, batch: Batch) -> None:
        """One batch, its heartbeat with it: nothing durable lies after the last durable heartbeat."""
        with self.transaction() as db:
            self._write(db, run, batch)

    def stop_run(self, run: RunStart, batch: Batch, leaving: Leaving) -> None:
        """A clean stop: the last edges, and what each component was known by (S8)."""
        with self.transaction() as db:
            self._write(db, run, batch)
            db.executemany("INSERT INTO tracks VALUES (?, ?)", leaving.tracks.items())
            db.execute(
                "UPDATE runs SET stopped_at = heartbeat_at, open_from = ? WHERE vantage = ? AND boot_no = ?",
                (leaving.open_from, run.vantage, run.boot_no),
            )

    def set_inline(self, rows: Sequence[InlineRow], digest: str, recorded_at: int) -> int:
        """The targets of agent.yml as they are now (A2); how many rows say something new."""
        with self.transaction() as db:
            return write_inline(db, rows, digest, recorded_at)

    def add_notes(self, said: Sequence[Note]) -> None:
        """What people said of faults (F1)."""
        with self.transaction() as db:
            for note in said:
                add_note(db, note)

    def add_fault_events(self, rows: Sequence[FaultEvent]) -> None:
        """What the running agent made of faults."""
        with self.transaction() as db:
            add_events(db, rows)

    def add_paths(self, paths: Sequence[KeptPath]) -> None:
        """Traces made for faults."""
        with self.transaction() as db:
            for path in paths:
                add_path(db, path)

    def set_meta(self, key: str, value: str) -> None:
        """A fact about the whole store, for good: the first value stays (E8: a mark cannot be lost)."""
        with self.transaction() as db:
            db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))

    def backup(self, path: Path) -> None:
        """A whole, consistent copy while writing goes on. Errors: StoreError."""
        try:
            with closing(sqlite3.connect(path)) as target:
                self._db.backup(target, pages=4096)
        except sqlite3.Error as exc:
            raise StoreError(f"backup to {path}: {exc}; name a new file in a folder with room") from exc

    def tidy(self) -> None:
        """The store's own upkeep: statistics for its planner, the write-ahead log cut. Errors: StoreError."""
        try:
            with self._lock:
                self._db.execute("PRAGMA optimize")
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as exc:
            raise StoreError(f"store {self._where}: cannot tidy: {why(exc)}") from exc

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._db.close()

    def _write(self, db: sqlite3.Connection, run: RunStart, batch: Batch) -> None:
        key = (run.vantage, run.boot_no)
        db.executemany(
            "INSERT INTO components VALUES (?, ?, ?, ?, ?)",
            [(*component, batch.heartbeat) for component in batch.components],
        )
        self._insert_edges(db, run.vantage, batch.edges)
        db.executemany(
            "INSERT INTO doubts VALUES (?, ?) ON CONFLICT DO UPDATE SET since = excluded.since",
            [doubt for doubt in batch.doubts if doubt[1] is not None],
        )
        db.executemany("DELETE FROM doubts WHERE component = ?", [(c,) for c, since in batch.doubts if since is None])
        db.executemany(_COUNT, batch.counts)
        db.executemany(
            "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", [(*key, *record) for record in batch.records]
        )
        db.executemany("INSERT OR IGNORE INTO anchors VALUES (?, ?, ?, ?)", [(*key, *a) for a in batch.anchors])
        clocksteps.insert(db, run.vantage, batch.clock_steps)
        clocksteps.resolve(db, run.vantage, batch.resolutions)
        binning.insert(db, *key, batch.bins)
        sighting.insert(db, batch.sightings)
        identifying.insert(db, batch.identities)
        db.execute(
            "UPDATE runs SET heartbeat_at = max(heartbeat_at, ?) WHERE vantage = ? AND boot_no = ?",
            (batch.heartbeat, *key),
        )

    def _insert_edges(self, db: sqlite3.Connection, vantage: int, rows: Sequence[EdgeRow]) -> None:
        db.executemany(
            _EDGE,
            [
                (
                    row.component, vantage, row.boot_no, row.seq, row.edge.at, int(row.edge.state),
                    int(row.edge.degraded), self._word(row.edge.cause), row.edge.uncertainty,
                    pack(row.edge.at, row.edge.evidence, self._word),
                )
                for row in rows
            ],
        )  # fmt: skip

    def _settle_doubts(self, before: Run) -> None:
        """After a kill: what was open is UNKNOWN from where it was open, said by the run that saw it (S3, E5)."""
        seq = self._db.execute(
            "SELECT coalesce(max(seq), 0) FROM edges WHERE vantage = ? AND boot_no = ?",
            (before.vantage, before.boot_no),
        ).fetchone()[0]
        rows = [
            EdgeRow(
                component, before.boot_no, seq + number, Edge(since, State.UNKNOWN, Degraded.NONE, Cause.UNCONFIRMED)
            )
            for number, (component, since) in enumerate(sorted(self._reader.doubts().items()), start=1)
        ]
        self._insert_edges(self._db, before.vantage, rows)

    def _floor(self, before: Run | None, *, clean: bool) -> tuple[int, int | None]:
        """The earliest instant that the new run may rewrite, and the last durable one of the run before.

        After a clean stop that is the start of the earliest streak it left open, else the last durable heartbeat:
        a clock set back cannot rewrite what is durable.
        """
        if before is None:
            return 0, None
        last = before.heartbeat_at
        return min(last, before.open_from if clean and before.open_from is not None else last), last

    def _vantage(self, name: str) -> int:
        self._db.execute("INSERT OR IGNORE INTO vantages (name) VALUES (?)", (name,))
        return int(self._db.execute("SELECT id FROM vantages WHERE name = ?", (name,)).fetchone()[0])

    def _word(self, text: str) -> int:
        if text not in self._words:
            self._db.execute("INSERT OR IGNORE INTO words (text) VALUES (?)", (text,))
            row = self._db.execute("SELECT id FROM words WHERE text = ?", (text,)).fetchone()
            self._words[text] = int(row[0])
        return self._words[text]
