"""A day of bins of traffic in a file: their size beside one row a bin, what writing and reading them costs."""

import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from agent.stores import binning
from agent.stores.binning import HOUR_US, BinRow
from agent.stores.opening import Location, connect, migrate
from sla.bins import BIN_US, Bin, Busy, counted, loads, p95
from sla.model import Window

INTERFACES = 2_000
HOURS = 24
TURNS = 60
"""Transactions in five minutes."""

DAY = Window(490_000 * HOUR_US, (490_000 + HOURS) * HOUR_US)
CONTRACTED = 1_000_000_000
_ROWS = """
CREATE TABLE rows (bin, component, vantage, boot, covered, i, o, PRIMARY KEY (bin, component, boot)) WITHOUT ROWID
"""


class Found(NamedTuple):
    """Bytes a bin; seconds of CPU for the writing of five minutes, the reading of a day, and its percentile."""

    packed: float
    as_rows: float
    writing: float
    reading: float
    percentile: float


def measure() -> Found:
    """Write a day of all interfaces, and read it of one."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        db = connect(Location(path))
        migrate(db, Location(path))
        writing = sum(_write(db, rows) for rows in _day()) / (HOURS * 12)
        size, began = _size(db, path), time.process_time()
        bins = binning.read(db, 77, DAY)
        read = time.process_time()
        times = counted([Busy(DAY, CONTRACTED)])
        p95(loads(bins, times, outward=True).values(), len(times))
        done = time.process_time()
        db.close()
        return Found(size, _as_rows(Path(folder) / "rows.db"), writing, read - began, done - read)


def _day() -> Iterator[list[BinRow]]:
    """The bins of all interfaces, five minutes by five minutes, in the order in which probes happen to close them."""
    dice = random.Random(1)
    for start in range(DAY.start, DAY.end, BIN_US):
        rows = [
            BinRow(number, Bin(start, BIN_US - dice.randrange(20_000), _bits(dice), _bits(dice)))
            for number in range(1, INTERFACES + 1)
        ]
        dice.shuffle(rows)
        yield rows


def _bits(dice: random.Random) -> int:
    return int(10 ** dice.uniform(5, 11.4))


def _write(db: sqlite3.Connection, rows: list[BinRow]) -> float:
    began, few = time.process_time(), -(-len(rows) // TURNS)
    for first in range(0, len(rows), few):
        db.execute("BEGIN IMMEDIATE")
        binning.insert(db, 1, 1, rows[first : first + few])
        db.execute("COMMIT")
    return time.process_time() - began


def _as_rows(path: Path) -> float:
    """The peer: whole numbers in columns, a row a bin."""
    db = connect(Location(path))
    db.execute(_ROWS)
    for rows in _day():
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT INTO rows VALUES (?, ?, 1, 1, ?, ?, ?)",
            [(b.start // BIN_US, number, BIN_US - b.covered_us, b.bits_in, b.bits_out) for number, b in rows],
        )
        db.execute("COMMIT")
    size = _size(db, path)
    db.close()
    return size


def _size(db: sqlite3.Connection, path: Path) -> float:
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size / (INTERFACES * HOURS * 12)
