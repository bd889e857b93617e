"""Traces kept with a fault, as rows and back. They are evidence: only added, never pruned (E1)."""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from collectors.path import Answer, End, Hop, Method, Said, Traced

_OF_FAULT = """
WITH RECURSIVE mine (fault) AS (
    SELECT ? UNION SELECT e.fault FROM fault_events e JOIN mine ON e.merged_into = mine.fault
)
SELECT p.* FROM paths p JOIN mine USING (fault) ORDER BY p.at, p.fault, p.number
"""
_ANSWERS = """
SELECT hop, address, rtt_us, said, words, type, code FROM path_answers
WHERE fault = ? AND number = ? ORDER BY hop, query
"""
_PATH = "INSERT INTO paths VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ANSWER = "INSERT INTO path_answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class KeptPath(NamedTuple):
    """One trace and the fault that it was made for. Units: microseconds."""

    fault: str
    number: int
    at: int
    target: str
    traced: Traced
    recorded_at: int


def add_path(db: sqlite3.Connection, path: KeptPath) -> None:
    """Inside the caller's transaction; its number is the next one of the fault."""
    number = db.execute("SELECT coalesce(max(number), 0) + 1 FROM paths WHERE fault = ?", (path.fault,)).fetchone()[0]
    traced = path.traced
    db.execute(
        _PATH,
        (
            path.fault, number, path.at, path.target, str(traced.method), traced.address, traced.port, traced.source,
            str(traced.end), round(traced.seconds * 1e6), path.recorded_at,
        ),
    )  # fmt: skip
    db.executemany(_ANSWER, [(path.fault, number, *row) for row in _rows(traced.hops)])


def paths(db: sqlite3.Connection, fault: str) -> list[KeptPath]:
    """All of one fault, and of those that joined it, oldest first."""
    return [_kept(db, row) for row in db.execute(_OF_FAULT, (fault,)).fetchall()]


def _rows(hops: Iterable[Hop]) -> Iterator[tuple[Any, ...]]:
    for hop in hops:
        for query, answer in enumerate(hop.answers, start=1):
            took = round(answer.seconds * 1e6)
            yield hop.number, query, answer.address, took, str(answer.said), answer.words, answer.kind, answer.code
        for query in range(len(hop.answers) + 1, hop.sent + 1):
            yield hop.number, query, None, None, None, None, None, None


def _kept(db: sqlite3.Connection, row: tuple[Any, ...]) -> KeptPath:
    fault, number, at, target, method, address, port, source, ended, took, recorded_at = row
    answers = groupby(db.execute(_ANSWERS, (fault, number)).fetchall(), key=itemgetter(0))
    hops = tuple(_hop(hop, [each[1:] for each in rows]) for hop, rows in answers)
    traced = Traced(Method(method), address, port, source, hops, End(ended), took / 1e6)
    return KeptPath(fault, number, at, target, traced, recorded_at)


def _hop(number: int, rows: list[tuple[Any, ...]]) -> Hop:
    answers = tuple(
        Answer(address, rtt_us / 1e6, Said(said), words, kind, code)
        for address, rtt_us, said, words, kind, code in rows
        if address is not None
    )
    return Hop(number, len(rows), answers)
