"""What is to reach the witnesses, as rows of an SQLite store: kept until it is delivered (E3)."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

WAITING_MAX = 10_000
"""Lines that may wait for one witness, more than a year of hours. Beyond it old heads go: the later ones cover them."""

HEAD, SEAL = "head", "seal"


class Line(NamedTuple):
    """A digest on its way to a witness."""

    number: int
    line: str


class Delivered(NamedTuple):
    """A witness that has a digest. Units: microseconds UTC."""

    witness: str
    at: int


def queue(db: sqlite3.Connection, witnesses: Iterable[str], kind: str, ref: int, line: str, at: int) -> None:
    """One line for each witness, inside the transaction that adds the head or seal."""
    db.executemany(
        "INSERT INTO witness_lines (witness, kind, ref, line, queued_at, tries) VALUES (?, ?, ?, ?, ?, 0)",
        [(name, kind, ref, line, at) for name in witnesses],
    )


def waiting(db: sqlite3.Connection, witness: str, limit: int) -> list[Line]:
    """The oldest lines that a witness does not have."""
    sql = "SELECT number, line FROM witness_lines WHERE witness = ? AND delivered_at IS NULL ORDER BY number LIMIT ?"
    return [Line(*row) for row in db.execute(sql, (witness, limit))]


def count_waiting(db: sqlite3.Connection, witness: str) -> int:
    """How many lines a witness does not have."""
    sql = "SELECT count(*) FROM witness_lines WHERE witness = ? AND delivered_at IS NULL"
    return int(db.execute(sql, (witness,)).fetchone()[0])


def delivered(db: sqlite3.Connection, numbers: Sequence[int], at: int) -> None:
    """A witness has these lines."""
    db.executemany(
        "UPDATE witness_lines SET delivered_at = ?, tries = tries + 1 WHERE number = ?",
        [(at, number) for number in numbers],
    )


def failed(db: sqlite3.Connection, numbers: Sequence[int], why: str) -> None:
    """A witness could not be reached."""
    db.executemany(
        "UPDATE witness_lines SET tries = tries + 1, failed = ? WHERE number = ?", [(why, number) for number in numbers]
    )


def drop_beyond(db: sqlite3.Connection, witness: str, limit: int = WAITING_MAX) -> int:
    """Give up the oldest heads where more wait than may; how many. Seals stay."""
    over = count_waiting(db, witness) - limit
    if over <= 0:
        return 0
    sql = (
        "DELETE FROM witness_lines WHERE number IN (SELECT number FROM witness_lines WHERE witness = ?"
        f" AND delivered_at IS NULL AND kind = '{HEAD}' ORDER BY number LIMIT ?)"
    )
    return db.execute(sql, (witness, over)).rowcount


def witnesses_of(db: sqlite3.Connection, kind: str, ref: int) -> list[Delivered]:
    """Who has a head or a seal, the first first."""
    sql = (
        "SELECT witness, min(delivered_at) FROM witness_lines WHERE kind = ? AND ref = ? AND delivered_at IS NOT NULL"
        " GROUP BY witness ORDER BY 2, 1"
    )
    return [Delivered(*row) for row in db.execute(sql, (kind, ref))]


def newest_head(db: sqlite3.Connection) -> int | None:
    """The newest head that a witness has."""
    sql = f"SELECT max(ref) FROM witness_lines WHERE kind = '{HEAD}' AND delivered_at IS NOT NULL"
    found = db.execute(sql).fetchone()[0]
    return None if found is None else int(found)


def last_problem(db: sqlite3.Connection, witness: str) -> tuple[int, str] | None:
    """Since when the oldest line waits that a witness could not take, and why."""
    sql = (
        "SELECT queued_at, failed FROM witness_lines WHERE witness = ? AND delivered_at IS NULL AND failed IS NOT NULL"
        " ORDER BY number LIMIT 1"
    )
    row = db.execute(sql, (witness,)).fetchone()
    return None if row is None else (int(row[0]), str(row[1]))


def spelled(kind: str, **said: object) -> str:
    """The line that a witness gets: one JSON object, which never holds a line break."""
    return json.dumps({"sla-agent": kind, **said}, ensure_ascii=True, separators=(", ", ": "))
