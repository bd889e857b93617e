"""Which rows of the ledger the chain covers: every table but doubts and tracks, the running agent's working state (E3).

Form 1 of `sla.seal`. The chain's own tables are covered by their own digests.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from agent.stores.chainkeys import KEY_COLUMNS, Key

BATCH = 2000
"""So many rows are read at a time; between two, whoever waits for the interpreter or the writer has a turn."""


class Covered(NamedTuple):
    """One table of the ledger. Shape: columns as a leaf has them. `changes`: rows may, and what a head covers is kept.

    `by` is the column of the hour, day or month in which a row grows; it is covered when that is over.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    changes: bool = False
    by: str | None = None


COVERED = (
    Covered("meta", ("key",), ("value",)),
    Covered("words", ("id",), ("text",)),
    Covered("vantages", ("id",), ("name",)),
    Covered("components", ("id",), ("target", "component", "kind", "recorded_at")),
    Covered("service", ("target", "version"), ("starts", "ends", "recorded_at", "recorded_by")),
    Covered("anchors", ("vantage", "boot_no", "monotonic_ns"), ("wall_at",)),
    Covered("records", ("vantage", "boot_no", "seq"), ("at", "kind", "body", "recorded_by")),
    Covered(
        "edges",
        ("component", "vantage", "boot_no", "seq"),
        ("at", "state", "degraded", "cause", "uncertainty", "evidence"),
    ),
    Covered("gaps", ("vantage", "boot_no"), ("at",)),
    Covered("imports", ("id",), ("kind", "file", "digest", "as_of", "rows", "recorded_at", "recorded_by")),
    Covered("imported_spans", ("component", "start_at"), ("end_at", "state", "import")),
    Covered("imported_readings", ("component", "at"), ("outcome", "interval", "over", "import")),
    Covered(
        "register_rows",
        ("register", "id", "version"),
        ("valid_from", "valid_to", "body", "recorded_at", "recorded_by", "import"),
    ),
    Covered("fault_notes", ("fault", "number"), ("kind", "value", "why", "recorded_at", "recorded_by")),
    Covered("fault_events", ("fault", "number"), ("at", "kind", "root", "start", "merged_into", "recorded_at")),
    Covered(
        "paths",
        ("fault", "number"),
        ("at", "target", "method", "address", "port", "source", "ended", "took_us", "recorded_at"),
    ),
    Covered(
        "path_answers", ("fault", "number", "hop", "query"), ("address", "rtt_us", "said", "words", "type", "code")
    ),
    Covered(
        "runs",
        ("vantage", "boot_no"),
        ("boot_id", "started_at", "floor", "heartbeat_at", "stopped_at", "open_from", "version", "pid"),
        changes=True,
    ),
    Covered(
        "clock_steps",
        ("vantage", "boot_no", "number"),
        ("seen_at", "step_us", "monotonic_ns", "resolved_at", "resolution", "resolved_by"),
        changes=True,
    ),
    Covered("counts", ("component", "month"), ("ok", "failed", "error"), changes=True, by="month"),
    Covered("bins", ("hour", "component", "vantage", "boot_no"), ("packed",), changes=True, by="hour"),
    Covered(
        "sightings",
        ("day", "component"),
        ("first_ok", "last_ok", "first_failed", "last_failed"),
        changes=True,
        by="day",
    ),
    Covered("identities", ("day", "component", "identity"), ("first_at", "last_at"), changes=True, by="day"),
)


class Row(NamedTuple):
    """A row as a head covers it; `columns` None where it is not there any more."""

    covered: Covered
    key: Key
    columns: Sequence[object] | None


def due(db: sqlite3.Connection, head: int, pause: Callable[[], None]) -> Iterator[Row]:
    """The rows of a head that was begun, in its order, a batch at a time with a pause behind each."""
    there = {table for (table,) in db.execute("SELECT DISTINCT tbl FROM chain_due WHERE head = ?", (head,))}
    for covered in (each for each in COVERED if each.table in there):
        after: tuple[object, ...] | None = None
        while True:
            found = _batch(db, covered, head, after)
            yield from _rows(covered, found)
            if len(found) < BATCH:
                break
            after = found[-1][: len(KEY_COLUMNS)]
            pause()


def listed(db: sqlite3.Connection, covered: Covered, head: int, keys: Sequence[Key]) -> Iterator[Row]:
    """The rows of these keys as head `head` covers them, in the order of the keys."""
    ask(db, keys)
    sql = _select(covered, "SELECT * FROM temp.asked", "d.place")
    yield from _rows(covered, db.execute(sql, _old_values(covered, head)).fetchall())


def ask(db: sqlite3.Connection, keys: Sequence[Key]) -> None:
    """Put keys where a query can join them: the temporary table `asked`."""
    columns = ", ".join(f"{name} NOT NULL" for name in KEY_COLUMNS)
    db.execute(f"CREATE TEMP TABLE IF NOT EXISTS asked (place INTEGER PRIMARY KEY, {columns})")
    db.execute("DELETE FROM temp.asked")
    db.executemany(
        "INSERT INTO temp.asked VALUES (NULL, ?, ?, ?, ?)",
        [(*key, *(0,) * (len(KEY_COLUMNS) - len(key))) for key in keys],
    )


def covered_of(table: str) -> Covered | None:
    """What is covered of a table; None for one that is not."""
    return next((covered for covered in COVERED if covered.table == table), None)


def _batch(
    db: sqlite3.Connection, covered: Covered, head: int, after: tuple[object, ...] | None
) -> list[tuple[Any, ...]]:
    columns = ", ".join(KEY_COLUMNS)
    beyond = "" if after is None else f" AND ({columns}) > (?, ?, ?, ?)"
    keys = f"SELECT {columns} FROM chain_due WHERE head = ? AND tbl = ?{beyond} ORDER BY {columns} LIMIT {BATCH}"
    sql = _select(covered, keys, ", ".join(f"d.{name}" for name in KEY_COLUMNS))
    return db.execute(sql, (*_old_values(covered, head), head, covered.table, *(after or ()))).fetchall()


def _select(covered: Covered, keys: str, order: str) -> str:
    """Rows joined to keys: the four key columns, whether it is there, what is kept of it, its columns."""
    join = " AND ".join(f"t.{name} = d.{place}" for name, place in zip(covered.key, KEY_COLUMNS, strict=False))
    same = " AND ".join(f"o.{place} = d.{place}" for place in KEY_COLUMNS)
    old = (
        f"(SELECT body FROM chain_old o WHERE o.tbl = ? AND {same} AND o.generation >= ? ORDER BY generation LIMIT 1)"
        if covered.changes
        else "NULL"
    )
    columns = ", ".join(f"t.{name}" for name in covered.columns)
    place = ", ".join(f"d.{name}" for name in KEY_COLUMNS)
    there = f"t.{covered.key[0]} IS NOT NULL"
    return (
        f"SELECT {place}, {there}, {old}, {columns} FROM ({keys}) d LEFT JOIN {covered.table} t ON {join}"
        f" ORDER BY {order}"
    )


def _old_values(covered: Covered, head: int) -> tuple[object, ...]:
    return (covered.table, head) if covered.changes else ()


def _rows(covered: Covered, found: Sequence[tuple[Any, ...]]) -> Iterator[Row]:
    width, key = len(KEY_COLUMNS), len(covered.key)
    for row in found:
        is_there, old = row[width], row[width + 1]
        columns = row[width + 2 :] if is_there else None
        if old is not None and is_there:
            columns = old_columns(covered, old)
        yield Row(covered, row[:key], columns)


def old_columns(covered: Covered, body: str) -> tuple[object, ...]:
    """The columns of a row that was kept when it changed."""
    values = json.loads(body)
    return tuple(
        bytes.fromhex(value) if name == "packed" else value for name, value in zip(covered.columns, values, strict=True)
    )
