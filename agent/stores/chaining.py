"""The chain in an SQLite store (E3): heads are begun, made of the rows that were noted, and read again.

A head is begun by one short transaction, which sets its rows apart; they are hashed beside the writer, and a second
transaction adds the head. After a kill between the two the head that was begun is made at the next start.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from agent.stores.chainkeys import KEY_COLUMNS, PART_ROWS, Key, Part, pack, short_of
from agent.stores.covering import COVERED, Row, due
from sla.seal import Head, Json, Tree, leaf

_HEAD = "SELECT number, kind, since, until, algorithm, rows, root, before, said, form, digest FROM heads"
_BEYOND = 2**62
_GROWING = tuple(covered for covered in COVERED if covered.by is not None)


class Cut(NamedTuple):
    """A head that was begun. Units: microseconds UTC."""

    number: int
    kind: str
    since: int
    until: int
    said: Json


class Made(NamedTuple):
    """What was hashed for a head."""

    total: int
    root: bytes
    tables: Mapping[str, int]
    parts: Sequence[Part]


class Kept(NamedTuple):
    """A head as the store has it, with the digest that stands beside it."""

    head: Head
    digest: str


def begin(db: sqlite3.Connection, kind: str, at: int, closed: Mapping[str, int], said: Json) -> Cut:
    """Set apart what was recorded up to now, inside the caller's transaction.

    Shape: `closed` has the last hour, day and month that are over by table; none of them is ever taken back.
    """
    number = int(db.execute("SELECT generation + 1 FROM chain_state").fetchone()[0])
    columns = ", ".join(KEY_COLUMNS)
    db.execute(f"INSERT INTO chain_due SELECT ?, tbl, {columns} FROM chain_fresh", (number,))
    db.execute("DELETE FROM chain_fresh")
    upto = _close(db, number, closed)
    since = last_until(db)
    start = min(at, 0) if since is None else since
    cut = Cut(number, kind, start, max(at, start), {**said, "closed": upto})
    db.execute("INSERT INTO chain_cuts VALUES (?, ?, ?, ?, ?)", (*cut[:4], json.dumps(cut.said, ensure_ascii=False)))
    db.execute("UPDATE chain_state SET generation = ?", (number,))
    return cut


def cuts(db: sqlite3.Connection) -> list[Cut]:
    """Heads that were begun and are not made, oldest first."""
    return [
        Cut(row[0], row[1], row[2], row[3], json.loads(row[4]))
        for row in db.execute("SELECT * FROM chain_cuts ORDER BY number")
    ]


def last_until(db: sqlite3.Connection) -> int | None:
    """Up to when rows are in a head that was begun; None before the first one."""
    sql = "SELECT max(until) FROM (SELECT until FROM heads UNION ALL SELECT until FROM chain_cuts)"
    until = db.execute(sql).fetchone()[0]
    return None if until is None else int(until)


def waiting(db: sqlite3.Connection) -> int:
    """Rows that no head covers yet, those of heads that were begun included."""
    return int(db.execute("SELECT (SELECT count(*) FROM chain_fresh) + (SELECT count(*) FROM chain_due)").fetchone()[0])


def is_new(db: sqlite3.Connection) -> tuple[bool, bool]:
    """Whether no head was ever begun, and whether rows were there before the chain was."""
    generation, found = db.execute("SELECT generation, found FROM chain_state").fetchone()
    return generation == 0, bool(found)


def make(db: sqlite3.Connection, cut: Cut, algorithm: str, pause: Callable[[], None]) -> Made:
    """Hash the rows of a head that was begun; nothing is written. Errors: whatever `pause` raises to stop it."""
    tree, packed, tables = Tree(algorithm), list[Part](), dict[str, int]()
    for table, of_it in groupby(due(db, cut.number, pause), key=lambda row: row.covered.table):
        before = tree.count
        packed += _parts(table, of_it, tree, algorithm)
        tables[table] = tree.count - before
    return Made(tree.count, tree.root(), tables, packed)


def finish(db: sqlite3.Connection, cut: Cut, algorithm: str, made: Made) -> Kept:
    """Add the head behind the last one, inside the caller's transaction."""
    last = last_head(db)
    said = {**cut.said, "rows": made.tables}
    before = "" if last is None else last.digest
    head = Head(*cut[:4], algorithm, made.total, made.root.hex(), before, said)
    digest = head.digest
    values = (*head[:8], json.dumps(said, ensure_ascii=False), head.form, digest)
    db.execute("INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    db.executemany(
        "INSERT INTO head_rows VALUES (?, ?, ?, ?, ?)",
        [(cut.number, number, *part) for number, part in enumerate(made.parts)],
    )
    db.execute("DELETE FROM chain_due WHERE head = ?", (cut.number,))
    db.execute("DELETE FROM chain_cuts WHERE number = ?", (cut.number,))
    return Kept(head, digest)


def heads(db: sqlite3.Connection, first: int = 0, last: int | None = None) -> Iterator[Kept]:
    """Heads by number. Errors: ValueError for one whose words are no JSON."""
    rows = db.execute(
        f"{_HEAD} WHERE number >= ? AND number <= ? ORDER BY number", (first, _BEYOND if last is None else last)
    )
    for row in rows:
        yield _kept(row)


def last_head(db: sqlite3.Connection) -> Kept | None:
    """The end of the chain."""
    row = db.execute(f"{_HEAD} ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else _kept(row)


def parts(db: sqlite3.Connection, head: int) -> Iterator[Part]:
    """The rows of a head, one part after the other."""
    for (number,) in db.execute("SELECT part FROM head_rows WHERE head = ? ORDER BY part", (head,)).fetchall():
        sql = "SELECT tbl, keys, leaves FROM head_rows WHERE head = ? AND part = ?"
        yield Part(*db.execute(sql, (head, number)).fetchone())


def _kept(row: tuple[object, ...]) -> Kept:
    number, kind, since, until, algorithm, rows, root, before, said, form, digest = row
    head = Head(number, kind, since, until, algorithm, rows, root, before, json.loads(str(said)), form)  # type: ignore[arg-type]  # the schema says so
    return Kept(head, str(digest))


def _close(db: sqlite3.Connection, number: int, closed: Mapping[str, int]) -> dict[str, int]:
    """Take the rows of hours, days and months that are over; up to which each table is taken."""
    before = {str(table): int(upto) for table, upto in db.execute("SELECT tbl, upto FROM chain_closed")}
    for covered in _GROWING:
        name, upto = covered.table, closed.get(covered.table, -1)
        if upto <= before[name]:
            continue
        key = ", ".join((*covered.key, *("0",) * (len(KEY_COLUMNS) - len(covered.key))))
        db.execute(
            f"INSERT INTO chain_due SELECT ?, ?, {key} FROM {name} WHERE {covered.by} > ? AND {covered.by} <= ?",
            (number, name, before[name], upto),
        )
        db.execute("UPDATE chain_closed SET upto = ? WHERE tbl = ?", (upto, name))
        before[name] = upto
    return before


def _parts(table: str, rows: Iterator[Row], tree: Tree, algorithm: str) -> Iterator[Part]:
    """Add each row to the tree; of tens of thousands only key and leaf are kept until they are packed."""
    keys, shorts = list[Key](), list[bytes]()
    for row in rows:
        whole = leaf(algorithm, table, row.key, row.columns or ())
        tree.add(whole)
        keys.append(row.key)
        shorts.append(short_of(whole))
        if len(keys) == PART_ROWS:
            yield pack(table, keys, shorts)
            keys, shorts = [], []
    if keys:
        yield pack(table, keys, shorts)
