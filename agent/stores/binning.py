"""Bins of traffic as rows of an SQLite store: an hour of one interface in a few bytes a bin (C4, E6).

A packed bin is four numbers: which of the hour it is, how many microseconds of it were not covered, bits in, bits out.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from agent.stores.numbers import put, take
from sla.bins import BIN_US, Bin, join
from sla.model import Window

HOUR_US = 3_600_000_000

_READ = """
WITH RECURSIVE hours (hour) AS (VALUES (?) UNION ALL SELECT hour + 1 FROM hours WHERE hour < ?)
SELECT hour, packed FROM hours CROSS JOIN bins USING (hour) WHERE component = ?
"""
"""Hour by hour, as the hour comes first in the key."""


class BinRow(NamedTuple):
    """A bin on its way into the store; identity is (component, its start, vantage, boot_no) (E2)."""

    component: int
    bin: Bin


def insert(db: sqlite3.Connection, vantage: int, boot_no: int, rows: Sequence[BinRow]) -> None:
    """Keep bins; one that this run has said already changes nothing."""
    for key, of_it in groupby(sorted(rows, key=_hour_of), key=_hour_of):
        place = (*key, vantage, boot_no)
        held = db.execute(
            "SELECT packed FROM bins WHERE hour = ? AND component = ? AND vantage = ? AND boot_no = ?", place
        ).fetchone()
        packed = b"" if held is None else bytes(held[0])
        said = {each.start for each in unpack(key[0], packed)}
        more = {row.bin.start: row.bin for row in reversed(list(of_it)) if row.bin.start not in said}
        added = packed + b"".join(pack(more[start]) for start in sorted(more))
        if held is None:
            db.execute("INSERT INTO bins VALUES (?, ?, ?, ?, ?)", (*place, added))
        elif more:
            db.execute(
                "UPDATE bins SET packed = ? WHERE hour = ? AND component = ? AND vantage = ? AND boot_no = ?",
                (added, *place),
            )


def read(db: sqlite3.Connection, component: int, window: Window) -> list[Bin]:
    """The bins that begin in a window, what several runs saw of one put together. Shape: by start."""
    if window.end <= window.start:
        return []
    rows = db.execute(_READ, (window.start // HOUR_US, (window.end - 1) // HOUR_US, component)).fetchall()
    pieces = (each for hour, packed in rows for each in unpack(hour, packed))
    return join(each for each in pieces if window.start <= each.start < window.end)


def pack(each: Bin) -> bytes:
    """The bytes of a bin."""
    packed = bytearray()
    for number in (each.start % HOUR_US // BIN_US, BIN_US - each.covered_us, each.bits_in, each.bits_out):
        put(packed, number)
    return bytes(packed)


def unpack(hour: int, packed: bytes) -> Iterator[Bin]:
    """The bins of an hour again. Errors: ValueError when the bytes are not whole bins."""
    position = 0
    while position < len(packed):
        numbers = []
        for _ in range(4):
            number, position = take(packed, position)
            numbers.append(number)
        place, missing, bits_in, bits_out = numbers
        yield Bin(hour * HOUR_US + place * BIN_US, BIN_US - missing, bits_in, bits_out)


def _hour_of(row: BinRow) -> tuple[int, int]:
    return row.bin.start // HOUR_US, row.component
