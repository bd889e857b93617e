"""Rows of the ledger as they lie in the store, for evidence packs (E4): what a verifier holds against the chain."""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from typing import Any

Row = tuple[Any, ...]

_EDGES = """
SELECT e.component, e.vantage, e.boot_no, e.seq, e.at, e.state, e.degraded, w.text, e.cause, e.uncertainty, e.evidence
FROM edges e JOIN words w ON w.id = e.cause JOIN runs r USING (vantage, boot_no)
WHERE e.component = ? AND max(e.at, r.floor) < ? ORDER BY e.boot_no, e.seq
"""
# what begins at `until` or later, and so rewrites nothing before it, says nothing of the time before it
_RUNS = """
SELECT r.vantage, v.name, r.boot_no, r.boot_id, r.started_at, r.floor, r.heartbeat_at, r.stopped_at, r.open_from,
    r.version, r.pid, g.at
FROM runs r JOIN vantages v ON v.id = r.vantage LEFT JOIN gaps g ON g.vantage = r.vantage AND g.boot_no = r.boot_no
ORDER BY r.vantage, r.boot_no
"""
_EVENTS = """
SELECT e.vantage, v.name, e.boot_no, e.seq, e.at, e.kind, e.body, e.recorded_by
FROM records e JOIN vantages v ON v.id = e.vantage
ORDER BY 1, 3, 4
"""
_REGISTER = """
SELECT register, id, version, valid_from, valid_to, body, recorded_at, recorded_by, import
FROM register_rows WHERE register = ? ORDER BY id, version
"""
_SPANS = "SELECT component, start_at, end_at, state, import FROM imported_spans WHERE component = ? ORDER BY start_at"
_READINGS = (
    "SELECT component, at, outcome, interval, over, import FROM imported_readings WHERE component = ? ORDER BY at"
)
_SIGHTINGS = """
SELECT component, day, first_ok, last_ok, first_failed, last_failed
FROM sightings WHERE component = ? AND day BETWEEN ? AND ? ORDER BY day
"""
_IDENTITIES = """
SELECT component, day, identity, first_at, last_at FROM identities WHERE day BETWEEN ? AND ? ORDER BY 1, 2, 3
"""
_COMPONENTS = "SELECT id, target, component, kind, recorded_at FROM components"
_DOUBTS = "SELECT component, since FROM doubts"


class LedgerRows:
    """Questions of a pack. Thread-safe: one at a time. Shape: tuples in the order of the columns named above."""

    def __init__(self, db: sqlite3.Connection, lock: threading.RLock) -> None:
        self._db, self._lock = db, lock

    @property
    def connection(self) -> sqlite3.Connection:
        """The store itself, for the chain's own questions."""
        return self._db

    def edges(self, component: int, until: int) -> list[Row]:
        """All edges of a component that say anything of the time before `until`, in the order written."""
        return self._all(_EDGES, component, until)

    def runs(self) -> list[Row]:
        """Runs of agents, each with the gap before it."""
        return self._all(_RUNS)

    def events(self, kinds: Collection[str]) -> list[Row]:
        """Records of these kinds."""
        return [row for row in self._all(_EVENTS) if row[5] in kinds]

    def register(self, name: str) -> Iterator[Row]:
        """All versions of a register's rows."""
        yield from self._all(_REGISTER, name)

    def imported_spans(self, component: int) -> list[Row]:
        """Time that files state."""
        return self._all(_SPANS, component)

    def imported_readings(self, component: int) -> list[Row]:
        """Single readings of files."""
        return self._all(_READINGS, component)

    def sightings(self, component: int, days: tuple[int, int]) -> list[Row]:
        """Days on which it was seen."""
        return self._all(_SIGHTINGS, component, *days)

    def identities(self, days: tuple[int, int]) -> list[Row]:
        """As whom components answered on these days."""
        return self._all(_IDENTITIES, *days)

    def components(self) -> dict[int, Row]:
        """All components by number."""
        return {row[0]: row for row in self._all(_COMPONENTS)}

    def doubts(self) -> dict[int, int]:
        """Since when a component is UNKNOWN if nothing more arrives."""
        return dict(self._all(_DOUBTS))

    def words(self) -> Sequence[Row]:
        """Short texts by number."""
        return self._all("SELECT id, text FROM words ORDER BY id")

    def _all(self, sql: str, *values: object) -> list[Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()
