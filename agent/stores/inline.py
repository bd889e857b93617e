"""The targets of agent.yml as rows of a register of their own, so that figures need no configuration (A2, E1)."""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from agent.stores.registering import NewRow, add_rows, raw_rows

REGISTER = "inline"


class InlineRow(NamedTuple):
    """One target as agent.yml has it. Units: valid_* in microseconds UTC, None is unbounded."""

    id: str
    valid_from: int | None
    valid_to: int | None
    body: dict[str, object]


def write_inline(db: sqlite3.Connection, rows: Sequence[InlineRow], digest: str, at: int) -> int:
    """Add what is new or says something else than before, in the caller's transaction; how many rows that are."""
    held = {row.id: row for row in raw_rows(db, REGISTER)}
    new = []
    for row in rows:
        body = json.dumps(row.body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        last = held.get(row.id)
        if last is None or (last.valid_from, last.valid_to, last.body) != (row.valid_from, row.valid_to, body):
            new.append(NewRow(row.id, last.version + 1 if last else 1, row.valid_from, row.valid_to, body))
    if new:
        cursor = db.execute(
            "INSERT INTO imports (kind, file, digest, rows, recorded_at, recorded_by) VALUES (?, ?, ?, ?, ?, ?)",
            (REGISTER, "agent.yml", digest, len(rows), at, "agent.yml"),
        )
        add_rows(db, (REGISTER, at, "agent.yml"), int(cursor.lastrowid or 0), new)
    return len(new)
