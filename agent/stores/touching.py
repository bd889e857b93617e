"""Which time the rows of later heads speak of: what came after a month was sealed and concerns it all the same (E3)."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from agent.stores import chaining
from agent.stores.chainkeys import KEY_COLUMNS, Key, unpack
from agent.stores.covering import ask, covered_of
from sla.model import Window

_BY_IMPORT = "(SELECT recorded_by FROM imports i WHERE i.id = t.import)"
_OF_FAULT = "(SELECT min(e.start) FROM fault_events e WHERE e.fault = t.fault)"
_HOUR = 3_600_000_000


def _first_of(column: str, names: tuple[str, ...]) -> str:
    """The validity of a row, else the first of the times that a record of its kind has."""
    said = ", ".join(f"json_extract(t.body, '$.{name}')" for name in names)
    return f"coalesce(t.{column}, {said})"


BEGINS = ("start", "onset", "reported", "noticed_at", "found_at", "issued_at", "date")
ENDS = ("end", "restored", "verified_at", "rectified_at", "date")

_SPEAKS_OF: dict[str, tuple[str, str, str]] = {
    "edges": ("t.at", "t.at", "'agent'"),
    "gaps": ("t.at", "t.at", "'agent'"),
    "bins": (f"t.hour * {_HOUR}", f"(t.hour + 1) * {_HOUR}", "'agent'"),
    "clock_steps": ("t.seen_at", "t.seen_at", "coalesce(t.resolved_by, 'agent')"),
    "imported_spans": ("t.start_at", "t.end_at", _BY_IMPORT),
    "imported_readings": ("t.at", "t.at", _BY_IMPORT),
    "register_rows": (_first_of("valid_from", BEGINS), _first_of("valid_to", ENDS), "t.recorded_by"),
    "service": ("t.starts", "t.ends", "t.recorded_by"),
    "fault_notes": (_OF_FAULT, _OF_FAULT, "t.recorded_by"),
    "paths": ("t.at", "t.at", "'agent'"),
}
"""From when, until when, and who recorded it; what grows by day or month is covered before a month is sealed."""


class Touch(NamedTuple):
    """A row that speaks of time. Units: microseconds UTC, None is no bound."""

    head: int
    table: str
    key: Key
    start: int | None
    end: int | None
    by: str

    def concerns(self, window: Window) -> bool:
        """Whether it speaks of any of the window's time."""
        begins = self.start is None or self.start < window.end
        return begins and (self.end is None or self.end > window.start or self.end == self.start == window.start)

    def lies_in(self, window: Window) -> bool:
        """Whether it dates something into the window, and is not merely in force there too."""
        return any(at is not None and window.start <= at < window.end for at in (self.start, self.end))


def touches(db: sqlite3.Connection, first: int, before: int) -> Iterator[Touch]:
    """The rows of heads from `first` on that speak of time before an instant."""
    numbers = [row[0] for row in db.execute("SELECT number FROM heads WHERE number >= ? ORDER BY number", (first,))]
    for head in numbers:
        for part in chaining.parts(db, head):
            if part.table in _SPEAKS_OF:
                ask(db, [key for key, _ in unpack(part)])
                yield from _of_part(db, head, part.table, before)


def _of_part(db: sqlite3.Connection, head: int, table: str, before: int) -> Iterator[Touch]:
    covered = covered_of(table)
    assert covered is not None, "every table that speaks of time is covered"
    start, end, by = _SPEAKS_OF[table]
    join = " AND ".join(f"t.{name} = d.{place}" for name, place in zip(covered.key, KEY_COLUMNS, strict=False))
    keys = ", ".join(f"t.{name}" for name in covered.key)
    sql = (
        f"SELECT {start}, {end}, {by}, {keys} FROM temp.asked d JOIN {table} t ON {join}"
        f" WHERE coalesce({start}, ?) < ? ORDER BY d.place"
    )
    for row in db.execute(sql, (before - 1, before)).fetchall():
        yield Touch(head, table, tuple(row[3:]), row[0], row[1], str(row[2] or ""))
