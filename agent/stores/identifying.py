"""Who answered as whom, day by day, as rows of an SQLite store (C2): first and last only widen (E1, E2)."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

_ADD = """
INSERT INTO identities VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)
"""
_MET = """
SELECT component, identity,
    max(CASE WHEN last_at < :cut THEN last_at WHEN first_at < :cut THEN first_at END),
    min(CASE WHEN first_at >= :cut THEN first_at WHEN last_at >= :cut THEN last_at END)
FROM identities WHERE day BETWEEN :first AND :last GROUP BY component, identity ORDER BY component, identity
"""
"""Grouped here, as the rows of a week are many and what they come to is little."""


class DayMet(NamedTuple):
    """That a component answered with an identity on a day: the first and the last reading of that day which says so.

    Units: microseconds UTC; `day` is a date's ordinal in the agent's zone.
    Shape: `identity` is `certificate:`, `hostkey:` or `engine:` and hexadecimal digits.
    """

    day: int
    component: int
    identity: str
    first_at: int
    last_at: int


class Met(NamedTuple):
    """When a component answered last with an identity before a cut-off, and when first from it on; None: never."""

    component: int
    identity: str
    before: int | None
    after: int | None


def insert(db: sqlite3.Connection, rows: Sequence[DayMet]) -> None:
    """Keep rows; what a row says already changes nothing."""
    if rows:
        db.executemany(_ADD, rows)


def met(db: sqlite3.Connection, days: tuple[int, int], cut: int) -> list[Met]:
    """What the rows of these days, both included, tell."""
    return [Met(*row) for row in db.execute(_MET, {"first": days[0], "last": days[1], "cut": cut})]
