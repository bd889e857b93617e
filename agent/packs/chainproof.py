"""What leads from the rows of a pack to the chain's heads, seals and witnesses (E3, E4).

proofs.csv says where each row stands in which head, siblings.csv has the digests that are missing to each root. Both
are written head by head.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from agent.packs.scope import Scope
from agent.packs.tables import EVENT_KINDS, Thing
from agent.packs.writing import PackFile
from agent.stores import chaining, witnessing
from agent.stores.chainkeys import Key, unpack
from agent.stores.covering import covered_of, listed
from agent.stores.sealed import seals
from sla.seal import canonical, leaf, root

PROOFS = ("head", "place", "table", "key")
SIBLINGS = ("head", "level", "place", "digest")

_RUNS = (
    "SELECT vantage, boot_no, boot_id, started_at, floor, heartbeat_at, stopped_at, open_from, version, pid FROM runs"
)
_MET = "SELECT day, component, identity, first_at, last_at FROM identities WHERE day BETWEEN ? AND ?"

Json = dict[str, Any]
Wanted = Callable[[Key, Sequence[Any]], bool]


class Proven(NamedTuple):
    """One head's rows of the pack, and what is missing to its root."""

    head: int
    rows: Sequence[tuple[int, str, Key]]
    siblings: Sequence[tuple[int, int, bytes]]


def prove(db: sqlite3.Connection, scope: Scope, found: Sequence[Thing], until: int, file: PackFile) -> Json:
    """Write the proofs; what chain.json says: every head, the seals and the witnesses."""
    if chaining.last_head(db) is None:
        file.table("proofs.csv", PROOFS, ())
        file.table("siblings.csv", SIBLINGS, ())
        why_not = {"zh": "账本尚无小时头", "en": "the store has no head yet"}
        return {"why_not": why_not, "heads": [], "seals": [], "witnesses": []}
    wanted = _wanted(db, scope, found, until)
    siblings: list[tuple[int, int, int, str]] = []
    file.table("proofs.csv", PROOFS, _told(_proven(db, wanted), siblings))
    file.table("siblings.csv", SIBLINGS, siblings)
    return {"why_not": None, "heads": _heads(db), "seals": _seals(db), "witnesses": _witnesses(db)}


def _told(proven: Iterator[Proven], siblings: list[tuple[int, int, int, str]]) -> Iterator[Sequence[object]]:
    for each in proven:
        for place, table, key in each.rows:
            yield each.head, place, table, canonical(list(key)).decode()
        siblings += [(each.head, level, place, digest.hex()) for level, place, digest in each.siblings]


def _proven(db: sqlite3.Connection, wanted: Mapping[str, Wanted]) -> Iterator[Proven]:
    numbers = [int(row[0]) for row in db.execute("SELECT number FROM heads ORDER BY number").fetchall()]
    for number in numbers:
        rows, leaves = _of_head(db, number, wanted)
        if rows:
            algorithm = next(chaining.heads(db, number, number)).head.algorithm
            places = frozenset(place for place, _, _ in rows)
            yield Proven(number, rows, list(_missing(algorithm, leaves, places)))


def _of_head(
    db: sqlite3.Connection, number: int, wanted: Mapping[str, Wanted]
) -> tuple[list[tuple[int, str, Key]], list[bytes]]:
    """The rows of a head that the pack has, with their places, and the leaves of all of them."""
    algorithm = next(chaining.heads(db, number, number)).head.algorithm
    rows: list[tuple[int, str, Key]] = []
    leaves: list[bytes] = []
    for part in chaining.parts(db, number):
        covered = covered_of(part.table)
        if covered is None:
            raise ValueError(f"head {number} names the table {part.table!r}, which is none")
        keys = [key for key, _ in unpack(part)]
        is_wanted = wanted.get(part.table)
        for row in listed(db, covered, number, keys):
            columns = row.columns or ()
            if is_wanted is not None and row.columns is not None and is_wanted(row.key, columns):
                rows.append((len(leaves), part.table, row.key))
            leaves.append(leaf(algorithm, part.table, row.key, columns))
    return rows, leaves


def _missing(algorithm: str, leaves: Sequence[bytes], places: frozenset[int]) -> Iterator[tuple[int, int, bytes]]:
    """Level by level the digests that the rows of the pack do not give themselves."""
    nodes, known, level = list(leaves), set(places), 0
    while len(nodes) > 1:
        for place in sorted({place ^ 1 for place in known} - known):
            if place < len(nodes):
                yield level, place, nodes[place]
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        above = [root(algorithm, pair) for pair in pairs]
        nodes = [*above, nodes[-1]] if len(nodes) % 2 else above
        known, level = {place // 2 for place in known}, level + 1


def _wanted(db: sqlite3.Connection, scope: Scope, found: Sequence[Thing], until: int) -> dict[str, Wanted]:
    """Which rows of each table the pack has. A row that changes counts as it is now, not as it was."""
    components = {thing.component.id for thing in found if thing.component is not None}
    floors = {row[:2]: int(row[2]) for row in db.execute("SELECT vantage, boot_no, floor FROM runs")}
    runs = {row[:2]: row[2:] for row in db.execute(_RUNS)}
    met = {row[:3]: row[3:] for row in db.execute(_MET, scope.days or (0, -1)) if row[1] in components}

    def of_component(key: Key, _: Sequence[Any]) -> bool:
        return key[0] in components

    def register(key: Key, _: Sequence[Any]) -> bool:
        ids = scope.registers.get(str(key[0]), frozenset())
        return ids is None or key[1] in ids

    return {
        "edges": lambda key, row: key[0] in components and max(row[0], floors.get((key[1], key[2]), 0)) < until,
        "imported_spans": of_component,
        "imported_readings": of_component,
        "components": of_component,
        "register_rows": register,
        "records": lambda _, row: row[1] in EVENT_KINDS,
        "gaps": lambda *_: True,
        "words": lambda *_: True,
        "vantages": lambda *_: True,
        "runs": lambda key, row: runs.get(tuple(key)) == tuple(row),
        "identities": lambda key, row: met.get(tuple(key)) == tuple(row),
    }


def _heads(db: sqlite3.Connection) -> list[Json]:
    return [{**kept.head._asdict(), "digest": kept.digest} for kept in chaining.heads(db)]


def _seals(db: sqlite3.Connection) -> list[Json]:
    return [
        {**kept.seal._asdict(), "figures": dict(kept.seal.figures), "digest": kept.digest,
         "witnesses": [str(each[0]) for each in witnessing.witnesses_of(db, witnessing.SEAL, kept.seal.number)]}
        for kept in seals(db)
    ]  # fmt: skip


def _witnesses(db: sqlite3.Connection) -> list[str]:
    """Who has the digest of the last head."""
    last = chaining.last_head(db)
    if last is None:
        return []
    return [str(each[0]) for each in witnessing.witnesses_of(db, witnessing.HEAD, last.head.number)]
