"""When targets were seen, day by day, as rows of an SQLite store (C2, C3): firsts and lasts only widen (E1, E2)."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from sla.model import Window

_ADD = """
INSERT INTO sightings VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
first_ok = coalesce(min(first_ok, excluded.first_ok), first_ok, excluded.first_ok),
last_ok = coalesce(max(last_ok, excluded.last_ok), last_ok, excluded.last_ok),
first_failed = coalesce(min(first_failed, excluded.first_failed), first_failed, excluded.first_failed),
last_failed = coalesce(max(last_failed, excluded.last_failed), last_failed, excluded.last_failed)
"""
_READ = "SELECT * FROM sightings WHERE day BETWEEN ? AND ? ORDER BY day, component"

_DAYS = """
WITH RECURSIVE days (day) AS (VALUES (?) UNION ALL SELECT day + 1 FROM days WHERE day < ?)
SELECT day FROM days CROSS JOIN sightings USING (day) WHERE component = ? AND first_ok IS NOT NULL
"""
"""Day by day, as the day comes first in the key."""


_READ_ONE = "SELECT * FROM sightings WHERE day = ? AND component = ?"

_SEEN_OK = """
SELECT component, CASE WHEN last_ok >= :start AND last_ok < :end THEN last_ok ELSE first_ok END FROM sightings
WHERE day = :day AND (last_ok >= :start AND last_ok < :end OR first_ok >= :start AND first_ok < :end)
"""


class DaySeen(NamedTuple):
    """What a day says of one component. Units: microseconds UTC; `day` is a date's ordinal in the agent's zone."""

    day: int
    component: int
    first_ok: int | None = None
    last_ok: int | None = None
    first_failed: int | None = None
    last_failed: int | None = None


def insert(db: sqlite3.Connection, rows: Sequence[DaySeen]) -> None:
    """Keep rows; what a row says already changes nothing."""
    if rows:
        db.executemany(_ADD, rows)


def read(db: sqlite3.Connection, first: int, last: int) -> list[DaySeen]:
    """All rows of these days, both included."""
    return [DaySeen(*row) for row in db.execute(_READ, (first, last))]


def read_of(db: sqlite3.Connection, component: int, first: int, last: int) -> list[DaySeen]:
    """The rows of these days of one component."""
    rows = (db.execute(_READ_ONE, (day, component)).fetchone() for day in range(first, last + 1))
    return [DaySeen(*row) for row in rows if row is not None]


def seen_ok(db: sqlite3.Connection, days: tuple[int, int], window: Window) -> dict[int, int]:
    """By component the last ok reading in the window that the rows of these days, both included, tell of."""
    found: dict[int, int] = {}
    for day in range(days[0], days[1] + 1):
        found.update(db.execute(_SEEN_OK, {"day": day, "start": window.start, "end": window.end}))
    return found


def days(db: sqlite3.Connection, component: int, first: int, last: int) -> list[int]:
    """The days, both ends included, on which a component was seen ok."""
    return [day for (day,) in db.execute(_DAYS, (first, last, component))]


def first_day(db: sqlite3.Connection) -> int | None:
    """The first day of which anything is kept."""
    row = db.execute("SELECT min(day) FROM sightings").fetchone()
    return None if row is None else row[0]
