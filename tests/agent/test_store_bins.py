"""The contract of a store for bins of traffic: packed without loss, said once by a run, added up over runs, kept."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import StoreError
from agent.stores.base import Batch, Component, EdgeRow, RunRequest
from agent.stores.binning import HOUR_US, BinRow, pack, unpack
from agent.stores.opening import APPLICATION_ID, Location, connect, migrate, migrations, schema_version
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from sla.bins import BIN_US, Bin
from sla.model import Cause, Degraded, Edge, State, Window
from tests.agent.test_store import Store
from tests.agent.worlds import START

BITS = st.integers(0, 2**70)
BINS = st.builds(
    lambda n, covered, bits_in, bits_out: Bin(START + n * BIN_US, covered, bits_in, bits_out),
    st.integers(0, 11),
    st.integers(1, BIN_US),
    BITS,
    BITS,
)
LATER = Window(START, START + 1000 * HOUR_US)


def full(number: int, bits: int = 1000) -> Bin:
    return Bin(START + number * BIN_US, BIN_US, bits, bits * 2)


def rows(*bins: Bin, component: int = 1) -> list[BinRow]:
    return [BinRow(component, each) for each in bins]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "ledger.db")
    yield made
    made.close()


@given(st.lists(BINS, unique_by=lambda each: each.start, max_size=12))
def test_bins_are_the_same_after_packing(bins: list[Bin]) -> None:
    assert list(unpack(START // HOUR_US, b"".join(map(pack, bins)))) == bins


@given(st.binary(max_size=60))
def test_garbage_in_place_of_bins_is_refused_in_words(packed: bytes) -> None:
    with suppress(ValueError):  # and nothing else
        list(unpack(0, packed))


def test_a_full_bin_of_a_gigabit_takes_few_bytes() -> None:
    assert len(pack(Bin(START, BIN_US - 900, 300 * 10**9, 300 * 10**9))) <= 15


def test_the_same_bins_twice_change_nothing_and_what_was_said_of_one_stays(store: Store) -> None:
    run = store.run()
    store.writer.write(run, Batch(3000, bins=rows(full(0), full(1))))
    store.writer.write(run, Batch(4000, bins=rows(full(0), full(1), full(1, bits=9), full(2))))
    store.writer.write(run, Batch(4000, bins=rows(full(0, bits=7))))
    assert store.reader.bins(1, LATER) == [full(0), full(1), full(2)]


def test_of_one_bin_twice_in_a_batch_the_first_holds(store: Store) -> None:
    store.writer.write(store.run(), Batch(3000, bins=rows(full(0), full(0, bits=9))))
    assert store.reader.bins(1, LATER) == [full(0)]


def test_the_order_in_which_bins_arrive_changes_nothing(store: Store) -> None:
    run = store.run()
    bins = [full(number, bits=number) for number in range(40)]
    store.writer.write(run, Batch(3000, bins=rows(*bins)))
    shuffled = rows(*bins, component=2)
    random.Random(1).shuffle(shuffled)
    for row in shuffled:
        store.writer.write(run, Batch(3000, bins=[row]))
    assert store.reader.bins(1, LATER) == store.reader.bins(2, LATER) == bins


def test_what_two_runs_saw_of_a_bin_adds_up(store: Store) -> None:
    first = store.run(START)
    store.writer.write(first, Batch(START, bins=rows(Bin(START, 100, 10, 20))))
    second = store.run(START + 200)
    store.writer.write(second, Batch(START + 200, bins=rows(Bin(START, 30, 1, 2))))
    store.writer.write(second, Batch(START + 200, bins=rows(Bin(START, 30, 1, 2))))
    assert store.reader.bins(1, LATER) == [Bin(START, 130, 11, 22)]


def test_a_window_gives_the_bins_that_begin_in_it(store: Store) -> None:
    store.writer.write(store.run(), Batch(3000, bins=[*rows(*map(full, range(30))), *rows(full(3), component=2)]))
    assert store.reader.bins(1, Window(START + 1, START + 14 * BIN_US)) == [full(number) for number in range(1, 14)]
    assert store.reader.bins(1, Window(START + 14 * BIN_US, START + 14 * BIN_US + 1)) == [full(14)]
    assert store.reader.bins(1, Window(START, START)) == []
    assert store.reader.bins(1, Window(START + 9 * BIN_US, START)) == []
    assert store.reader.bins(2, LATER) == [full(3)]
    assert store.reader.bins(3, LATER) == []


def test_a_batch_that_breaks_leaves_no_bin(store: Store) -> None:
    run = store.run()
    twice = [Component(1, "t", "", "tcp")] * 2
    with pytest.raises(StoreError, match="cannot write"):
        store.writer.write(run, Batch(5000, twice, bins=rows(full(0))))
    assert store.reader.bins(1, LATER) == []


@pytest.mark.parametrize("version", [2, 3])
def test_a_store_of_an_earlier_version_keeps_what_it_has_and_takes_bins(tmp_path: Path, version: int) -> None:
    path = tmp_path / "old.db"
    before = migrations()[:version]
    assert not any("CREATE TABLE bins" in script for script in before)
    with closing(sqlite3.connect(path)) as db:
        for number, script in enumerate(before, start=1):
            db.executescript(
                f"BEGIN; {script}; PRAGMA user_version = {number}; PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            )
        assert schema_version(db) == version
    location = Location(path)
    connection = connect(location)
    old = SqliteWriter(connection)
    run = old.start_run(RunRequest("v", "boot", START, (0, START), "0", 1))
    edge = EdgeRow(1, run.boot_no, 1, Edge(START, State.UP, Degraded.NONE, Cause.PROBE))
    old.write(run, Batch(START, [Component(1, "t", "", "tcp")], [edge]))
    migrate(connection, location)
    assert schema_version(connection) == len(migrations())
    old.write(run, Batch(START + 1, bins=rows(full(0))))
    reader = SqliteReader(connection)
    assert reader.bins(1, LATER) == [full(0)]
    assert [mark.state for mark in reader.marks(1)] == [State.UP]
    old.close()


def test_a_backup_holds_the_bins(store: Store, tmp_path: Path) -> None:
    store.writer.write(store.run(), Batch(3000, bins=rows(full(0))))
    store.writer.backup(tmp_path / "copy.db")
    copy = SqliteReader(connect(Location(tmp_path / "copy.db"), read_only=True))
    assert copy.bins(1, LATER) == [full(0)]
    copy.close()
