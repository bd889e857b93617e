"""That a row is in a head: its leaf, and the way from it to the head's root, for evidence packs (E3, E4)."""

import sqlite3
from collections.abc import Collection, Iterator
from typing import NamedTuple

from agent.stores import chaining
from agent.stores.chaining import Kept
from agent.stores.chainkeys import Key, unpack
from agent.stores.covering import Row, covered_of, listed
from sla.seal import Step, leaf, proof


class Proven(NamedTuple):
    """A row as a head covers it. Shape: `steps` lead from its leaf to the root of `head`; `place` counts from 0."""

    row: Row
    head: Kept
    place: int
    steps: list[Step]


def heads_with(db: sqlite3.Connection, table: str, keys: Collection[Key]) -> dict[Key, int]:
    """The last head that covers each row of a table; a row that is in none yet is absent."""
    wanted, found = set(keys), dict[Key, int]()
    numbers = db.execute("SELECT DISTINCT head FROM head_rows WHERE tbl = ? ORDER BY head", (table,)).fetchall()
    for (number,) in numbers:
        for part in chaining.parts(db, number):
            if part.table == table:
                found.update({key: number for key, _ in unpack(part) if key in wanted})
    return found


def proofs(db: sqlite3.Connection, head: int, wanted: Collection[tuple[str, Key]]) -> Iterator[Proven]:
    """Rows of a head, by table and key, each with its way to the root. Errors: ValueError for a row that is gone."""
    kept = next(chaining.heads(db, head, head))
    rows = list(_rows(db, kept))
    leaves = [leaf(kept.head.algorithm, row.covered.table, row.key, row.columns or ()) for row in rows]
    for place, row in enumerate(rows):
        if (row.covered.table, row.key) in wanted:
            yield Proven(row, kept, place, proof(kept.head.algorithm, leaves, place))


def _rows(db: sqlite3.Connection, kept: Kept) -> Iterator[Row]:
    for part in chaining.parts(db, kept.head.number):
        covered = covered_of(part.table)
        if covered is None:
            raise ValueError(f"head {kept.head.number} names a table {part.table!r} that is none")
        for row in listed(db, covered, kept.head.number, [key for key, _ in unpack(part)]):
            if row.columns is None:
                raise ValueError(f"head {kept.head.number}: a row of {part.table} is missing; see sla-agent verify")
            yield row
