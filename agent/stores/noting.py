"""What people said of faults, and what the running agent made of them: rows that are only ever added (E1)."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

_TOLD_AT_ONCE = 10_000


class Note(NamedTuple):
    """Acknowledged, a remark, or another priority, cause or unit; kind says which (F1)."""

    fault: str
    number: int
    kind: str
    value: str
    why: str
    recorded_at: int
    recorded_by: str


class FaultEvent(NamedTuple):
    """One thing the agent made of a fault: opened, joined (merged_into), restored, void. Units: microseconds."""

    fault: str
    number: int
    at: int
    kind: str
    root: str
    start: int
    merged_into: str | None
    recorded_at: int


def notes(db: sqlite3.Connection, fault: str) -> list[Note]:
    """All of one fault, oldest first."""
    return [Note(*row) for row in db.execute("SELECT * FROM fault_notes WHERE fault = ? ORDER BY number", (fault,))]


def events(db: sqlite3.Connection, fault: str) -> list[FaultEvent]:
    """All of one fault, oldest first."""
    rows = db.execute("SELECT * FROM fault_events WHERE fault = ? ORDER BY number", (fault,))
    return [FaultEvent(*row) for row in rows]


def add_note(db: sqlite3.Connection, note: Note) -> None:
    """Inside the caller's transaction; its number is the next one of the fault."""
    db.execute(
        "INSERT INTO fault_notes SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?"
        " FROM fault_notes WHERE fault = ?",
        (note.fault, note.kind, note.value, note.why, note.recorded_at, note.recorded_by, note.fault),
    )


def add_events(db: sqlite3.Connection, rows: Sequence[FaultEvent]) -> None:
    """Inside the caller's transaction; numbers are the next ones of each fault."""
    db.executemany(
        "INSERT INTO fault_events SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ? FROM fault_events"
        " WHERE fault = ?",
        [
            (row.fault, row.at, row.kind, row.root, row.start, row.merged_into, row.recorded_at, row.fault)
            for row in rows
        ],
    )


def causes(db: sqlite3.Connection) -> dict[str, str]:
    """The cause that was recorded last of each fault that has one."""
    return dict(db.execute("SELECT fault, value FROM fault_notes WHERE kind = 'cause' ORDER BY number"))


def told(db: sqlite3.Connection, after: str) -> list[tuple[str, str, int, bool]]:
    """The next so many faults by their ids: fault, root, start, and whether the last word is that it opened."""
    return [
        (fault, root, start, kind == "opened")
        for fault, root, start, kind, _ in db.execute(
            "SELECT fault, root, start, kind, max(number) FROM fault_events WHERE fault > ? GROUP BY fault"
            " ORDER BY fault LIMIT ?",
            (after, _TOLD_AT_ONCE),
        )
    ]
