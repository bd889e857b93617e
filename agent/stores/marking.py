"""What the edges of components come to: marks that stand, and turns."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from threading import RLock
from typing import Any

from sla.model import Cause, Degraded, State
from sla.sums import Turn
from sla.timeline import Mark, fold

Row = tuple[Any, ...]

PORTION = 200
"""Components whose edges are in memory as rows at one time."""

_MARKS = """
SELECT e.component, e.boot_no, e.seq, e.at, e.state, e.degraded, w.text, r.floor
FROM edges e JOIN runs r USING (vantage, boot_no) JOIN words w ON w.id = e.cause
"""
_ONE = f"{_MARKS} WHERE e.component = ? ORDER BY e.boot_no, e.seq"
_SOME = f"{_MARKS} WHERE e.component >= ? AND e.component < ? ORDER BY e.component, e.boot_no, e.seq"
_TURNS = """
SELECT component, at, state, vantage, boot_no FROM edges WHERE component >= ? AND component < ?
ORDER BY component, vantage, boot_no, seq
"""
"""In the order in which the rows lie: one vantage writes a store, so that this is the order written."""

_GAPS = "SELECT 0, boot_no, 0, at, ?, 0, ?, 0 FROM gaps ORDER BY boot_no"

_STATES = {int(state): state for state in State}
_CAUSES = {str(cause): cause for cause in Cause}
_degraded = cache(Degraded)  # flags are few and made often: a city has millions of edges


def of_component(db: sqlite3.Connection, component: int) -> list[Mark]:
    """What stands for one, oldest first: its edges and the agent's gaps, in the order written."""
    return _standing(db.execute(_ONE, (component,)).fetchall(), _gaps(db))


def of_all(db: sqlite3.Connection, lock: RLock) -> Iterator[tuple[int, list[Mark]]]:
    """(component id, what stands) for every component that has edges; one pass over the ledger."""
    with lock:
        gaps = _gaps(db)
    for rows in _portions(db, lock, _SOME):
        for component, of_it in groupby(rows, key=itemgetter(0)):
            yield component, _standing(list(of_it), gaps)


def turns_of_all(
    db: sqlite3.Connection, lock: RLock, floors: Mapping[tuple[int, int], int]
) -> Iterator[tuple[int, list[Turn]]]:
    """(component id, its turns in the order written) for every component that has edges; nothing more is read.

    A gap of the agent turns what was known to UNKNOWN (S8), at its place in that order.
    """
    with lock:
        gaps = [(boot_no, (at, int(State.UNKNOWN), 0)) for _, boot_no, _, at, *_ in _gaps(db)]
    for rows in _portions(db, lock, _TURNS):
        for component, of_it in groupby(rows, key=itemgetter(0)):
            yield component, list(_turns(of_it, gaps, floors))


def _portions(db: sqlite3.Connection, lock: RLock, asked: str) -> Iterator[list[Row]]:
    """The rows of so many components after so many others: a ledger of years does not fit beside the agent."""
    with lock:
        first, last = db.execute("SELECT min(component), max(component) FROM edges").fetchone()
    if first is None:
        return
    for start in range(first, last + 1, PORTION):
        with lock:
            rows = db.execute(asked, (start, start + PORTION)).fetchall()
        yield rows


def _gaps(db: sqlite3.Connection) -> list[Row]:
    """The agent's gaps, each as an edge to UNKNOWN (S8)."""
    return db.execute(_GAPS, (int(State.UNKNOWN), str(Cause.AGENT_DOWN))).fetchall()


def _turns(
    rows: Iterable[Row], gaps: Sequence[tuple[int, Turn]], floors: Mapping[tuple[int, int], int]
) -> Iterator[Turn]:
    """Edges with the gaps that came before their run; a gap before anything was known says nothing."""
    place = 0
    first = True
    for _, at, state, vantage, boot_no in rows:
        while place < len(gaps) and gaps[place][0] <= boot_no:
            if not first:
                yield gaps[place][1]
            place += 1
        first = False
        yield at, state, floors[vantage, boot_no]
    yield from (gap for _, gap in gaps[place:])


def _standing(rows: list[Row], gaps: list[Row]) -> list[Mark]:
    return fold(_mark(row) for row in _merge(rows, gaps))


def _merge(rows: list[Row], gaps: list[Row]) -> Iterable[Row]:
    """Edges and gaps in the order written: a run's gap comes before its edges."""
    if not gaps:
        return rows
    return sorted((*gaps, *rows), key=lambda row: (row[1], row[2]))


def _mark(row: Row) -> Mark:
    _, _, _, at, state, degraded, cause, floor = row
    return Mark(at, _STATES[state], _degraded(degraded), _CAUSES[cause], floor)
