"""Seals as rows of an SQLite store: added behind the last one, read again (E3)."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sla.seal import Json, Seal, root

_COLUMNS = (
    "number, period, revision, zone, sealed_at, sealed_by, algorithm, first_head, last_head, last_digest, heads, "
    "figures, said, before, form, digest"
)


class KeptSeal(NamedTuple):
    """A seal as the store has it, with the digest that stands beside it."""

    seal: Seal
    digest: str


def seals(db: sqlite3.Connection, period: str | None = None) -> list[KeptSeal]:
    """All seals, or those of a month, in the order made. Errors: ValueError for one whose words are no JSON."""
    sql = f"SELECT {_COLUMNS} FROM seals WHERE ? IN (period, '*') ORDER BY number"
    return [_kept(row) for row in db.execute(sql, (period or "*",))]


def last_seal(db: sqlite3.Connection) -> KeptSeal | None:
    """The seal that was made last, of whatever month."""
    row = db.execute(f"SELECT {_COLUMNS} FROM seals ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else _kept(row)


def sealed_months(db: sqlite3.Connection) -> dict[str, KeptSeal]:
    """The last revision of each month's seal."""
    return {kept.seal.period: kept for kept in seals(db)}


def figures_of(db: sqlite3.Connection, seal: int) -> dict[str, Json]:
    """The tables that a seal has, by plan."""
    rows = db.execute("SELECT plan, body FROM seal_figures WHERE seal = ? ORDER BY plan", (seal,))
    return {plan: json.loads(body) for plan, body in rows}


def heads_root(db: sqlite3.Connection, algorithm: str, first: int, last: int) -> str:
    """The root over the digests of heads. Shape: hexadecimal."""
    rows = db.execute("SELECT digest FROM heads WHERE number >= ? AND number <= ? ORDER BY number", (first, last))
    return root(algorithm, (bytes.fromhex(digest) for (digest,) in rows)).hex()


def add(db: sqlite3.Connection, seal: Seal, figures: Mapping[str, Json]) -> KeptSeal:
    """Inside the caller's transaction, behind the last seal."""
    kept = KeptSeal(seal, seal.digest)
    values = [json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value for value in seal]
    marks = ", ".join("?" * (len(values) + 1))
    db.execute(f"INSERT INTO seals ({_COLUMNS}) VALUES ({marks})", (*values, kept.digest))
    db.executemany("INSERT INTO seal_figures VALUES (?, ?, ?)", _bodies(seal.number, figures))
    return kept


def _bodies(seal: int, figures: Mapping[str, Json]) -> Iterable[Sequence[object]]:
    return [(seal, plan, json.dumps(table, ensure_ascii=False)) for plan, table in figures.items()]


def _kept(row: Sequence[Any]) -> KeptSeal:
    values = dict(zip(Seal._fields, row[:-1], strict=True))
    values["figures"], values["said"] = json.loads(values["figures"]), json.loads(values["said"])
    return KeptSeal(Seal(**values), str(row[-1]))
