"""Who answered as whom, day by day, as rows of an SQLite store (C2): first and last only widen (E1, E2)."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

_ADD = """
INSERT INTO identities VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)
"""
_READ = "SELECT * FROM identities WHERE day BETWEEN ? AND ? ORDER BY day, component, identity"


class DayMet(NamedTuple):
    """That a component answered with an identity on a day: the first and the last reading of that day which says so.

    Units: microseconds UTC; `day` is a date's ordinal in the agent's zone.
    Shape: `identity` is `certificate:` or `engine:` and hexadecimal digits.
    """

    day: int
    component: int
    identity: str
    first_at: int
    last_at: int


def insert(db: sqlite3.Connection, rows: Sequence[DayMet]) -> None:
    """Keep rows; what a row says already changes nothing."""
    if rows:
        db.executemany(_ADD, rows)


def read(db: sqlite3.Connection, first: int, last: int) -> list[DayMet]:
    """All rows of these days, both included."""
    return [DayMet(*row) for row in db.execute(_READ, (first, last))]
