"""Heads: from every released schema, late, after a kill, with another algorithm, after a restore (E3, ADR 0021)."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.backup import make as backup
from agent.cli.main import app
from agent.cli.restore import put
from agent.headmaking import HeadMaker, Terms, closed_at
from agent.stores import chaining, covering
from agent.stores.base import Batch, EdgeRow, RunRequest
from agent.stores.chaining import Kept
from agent.stores.covering import COVERED
from agent.stores.opening import Location, connect, migrate, migrations
from agent.stores.proving import heads_with, proofs
from agent.stores.writing import SqliteWriter
from sla.model import Cause, Degraded, Edge, State
from sla.seal import Algorithm, climb, is_available, leaf
from tests.agent.chain_worlds import (
    FIRST_CHAINED,
    HOUR_US,
    JUNE,
    ROWS,
    ZONE,
    World,
    fill,
    old_store,
    rows_of,
    tamper,
    walk,
)

LATER = JUNE + 90 * 24 * HOUR_US
NO_WITNESS = "only a digest shows that a witness kept"


def heads(location: Location) -> list[Kept]:
    with closing(connect(location, read_only=True)) as db:
        return list(chaining.heads(db))


def verify(path: Path, *more: str) -> tuple[int, str]:
    ran = CliRunner().invoke(app, ["verify", "--store", f"sqlite:///{path}", *more])
    return ran.exit_code, ran.output


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def test_every_table_but_working_state_is_covered(path: Path) -> None:
    world = World(path)
    with closing(sqlite3.connect(path)) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for covered in COVERED:
            names = [row[1] for row in db.execute(f"PRAGMA table_info({covered.table})")]
            assert sorted(names) == sorted((*covered.key, *covered.columns)), covered.table
    own = {name for name in tables if name.startswith(("chain_", "head", "seal", "witness"))}
    assert tables - own - {covered.table for covered in COVERED} == {"doubts", "tracks"}
    world.close()


@pytest.mark.parametrize("schema", range(1, FIRST_CHAINED))
def test_a_store_of_each_released_schema_gets_a_head_over_all_it_had(path: Path, schema: int) -> None:
    old_store(path, schema)
    before = rows_of(Location(path))
    connection = connect(Location(path))
    migrate(connection, Location(path))
    maker = HeadMaker(Location(path), SqliteWriter(connection), ZONE)
    maker.begin_late(LATER)
    (kept,) = maker.make_begun()
    maker.begin("hour", LATER + HOUR_US)
    maker.make_begun()
    connection.close()
    assert {table: rows for table, rows in rows_of(Location(path)).items() if table in before} == before
    assert (kept.head.kind, kept.head.number, kept.head.before) == ("upgrade", 1, "")
    assert kept.head.said["found"] == "what was there before the chain began"
    found = walk(Location(path))
    assert found.bad == ()
    assert found.rows == ROWS * len(before)


def test_a_table_that_a_later_schema_brings_leaves_older_heads_as_they_are(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heads over a store of the schema before identities; then it is brought up, and days of identities are covered."""
    old_store(path, FIRST_CHAINED)
    older = tuple(covered for covered in COVERED if covered.table != "identities")
    connection = connect(Location(path))
    maker = HeadMaker(Location(path), SqliteWriter(connection), ZONE)
    with monkeypatch.context() as before:
        before.setattr("agent.stores.covering.COVERED", older)
        before.setattr("agent.stores.chaining._GROWING", tuple(each for each in older if each.by is not None))
        maker.begin("hour", LATER)
        (kept,) = maker.make_begun()
    migrate(connection, Location(path))
    day = (739_001, 1, "engine:8000000001", LATER, LATER)
    connection.execute("INSERT INTO identities VALUES (?, ?, ?, ?, ?)", day)
    maker.begin("hour", LATER + HOUR_US)
    (after,) = maker.make_begun()
    assert after.head.before == kept.digest
    assert after.head.said["rows"] == {"identities": 1}
    assert walk(Location(path)).bad == ()
    tamper(path, "UPDATE identities SET identity = 'engine:8000000002'")
    assert [bad.table for bad in walk(Location(path)).bad] == ["identities", "identities"]
    connection.close()


def test_the_fixtures_are_all_released_schemas() -> None:
    assert len(migrations()) >= FIRST_CHAINED


def test_a_new_store_has_no_head_before_its_first_hour_is_over(path: Path) -> None:
    world = World(path)
    assert world.maker.begin_late(LATER) is None
    world.writer.start_run(RunRequest("v", "b", LATER, (0, LATER), "0", 1))
    assert not world.maker.is_due(LATER + 1)
    assert world.maker.is_due(LATER + HOUR_US)
    world.close()


def test_a_head_that_was_begun_before_a_kill_is_made_of_the_same_rows_after_it(path: Path) -> None:
    world = World(path)
    with world.writer.transaction() as db:
        fill(db)
    world.maker.begin("hour", LATER)
    world.close()  # killed: begun, not made
    again = World(path)
    with again.writer.transaction() as db:
        db.execute("INSERT INTO gaps VALUES (9, 99, 7)")
        db.execute("UPDATE runs SET heartbeat_at = heartbeat_at + 1")
    (kept,) = again.maker.make_begun()
    assert kept.head.said["rows"]["gaps"] == ROWS
    assert again.walk().bad == ()
    again.head(LATER + HOUR_US)
    found = again.walk()
    assert (found.bad, found.pending) == ((), 0)
    again.close()


def test_a_head_that_is_stopped_half_way_is_made_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covering, "BATCH", 2)
    world = World(path)
    with world.writer.transaction() as db:
        fill(db)

    def stop() -> None:
        raise InterruptedError

    world.maker.begin("hour", LATER)
    with pytest.raises(InterruptedError):
        world.maker.make_begun(stop)
    assert heads(world.location) == []
    (kept,) = world.maker.make_begun()
    assert kept.head.rows == ROWS * len(COVERED)
    assert world.walk().bad == ()
    world.close()


def test_what_is_written_twice_is_covered_once(path: Path) -> None:
    world = World(path)
    run = world.writer.start_run(RunRequest("v", "b", LATER, (0, LATER), "0", 1))
    edge = EdgeRow(1, run.boot_no, 1, Edge(LATER, State.DOWN, Degraded.NONE, Cause.PROBE))
    for _ in range(2):
        world.writer.write(run, Batch(LATER + 1, edges=[edge]))
    world.head(LATER + HOUR_US)
    world.writer.write(run, Batch(LATER + 2, edges=[edge]))
    world.head(LATER + 2 * HOUR_US)
    assert [kept.head.said["rows"].get("edges") for kept in heads(world.location)] == [1, None]
    assert world.walk().bad == ()
    world.close()


def test_late_rows_go_into_the_hour_in_which_they_came(path: Path) -> None:
    world = World(path)
    with world.writer.transaction() as db:
        fill(db)
    first = world.head(LATER)
    with world.writer.transaction() as db:
        db.execute("INSERT INTO imported_spans VALUES (1, 5, 6, 1, 1)")
    world.head(LATER + HOUR_US)
    one, two = heads(world.location)
    assert (one.digest, two.head.before) == (first, first)
    assert two.head.said["rows"]["imported_spans"] == 1
    assert (one.head.until, two.head.since) == (LATER, LATER)
    world.close()


def test_rows_that_grow_are_covered_when_their_time_is_over_and_never_in_doubt(path: Path) -> None:
    world = World(path)
    hour = JUNE // HOUR_US
    with world.writer.transaction() as db:
        db.execute("INSERT INTO bins VALUES (?, 1, 1, 1, x'01')", (hour,))
    world.maker.begin("hour", JUNE + 10 * HOUR_US, is_sound=False)
    world.maker.make_begun()
    world.head(JUNE + 2 * HOUR_US - 1)
    assert heads(world.location)[-1].head.said["rows"].get("bins") is None
    world.head(JUNE + 2 * HOUR_US)
    assert [kept.head.said["rows"].get("bins") for kept in heads(world.location)] == [None, None, 1]
    assert heads(world.location)[0].head.said["clock"] == "in doubt"
    assert world.walk().bad == ()
    world.close()


def test_what_is_over_is_over_by_the_zone() -> None:
    at = JUNE + HOUR_US
    assert closed_at(at, ZONE) == {
        "bins": JUNE // HOUR_US - 1, "sightings": 739402, "identities": 739402, "counts": 202505,
    }  # fmt: skip
    assert closed_at(at - 1, ZONE) == {
        "bins": JUNE // HOUR_US - 2, "sightings": 739401, "identities": 739401, "counts": 202504,
    }  # fmt: skip


def test_clean_up_of_counts_is_not_there_and_would_be_named(path: Path) -> None:
    world = World(path)
    with world.writer.transaction() as db:
        fill(db)
    world.head(LATER)
    before = rows_of(world.location)
    world.writer.tidy()
    assert rows_of(world.location) == before
    assert world.walk().bad == ()
    world.sql("DELETE FROM counts WHERE component = 2")
    assert world.bad().table == "counts"
    world.close()


@pytest.mark.skipif(not is_available("sm3"), reason="this Python's OpenSSL was built without SM3")
def test_the_algorithm_may_be_another_from_one_head_to_the_next(path: Path) -> None:
    world = World(path)
    with world.writer.transaction() as db:
        fill(db)
    world.head(LATER)
    world.maker.terms = Terms(Algorithm.SM3)
    with world.writer.transaction() as db:
        db.execute("INSERT INTO gaps VALUES (9, 99, 7)")
    world.head(LATER + HOUR_US)
    assert [kept.head.algorithm for kept in heads(world.location)] == ["sha256", "sm3"]
    assert world.walk().bad == ()
    world.sql("UPDATE gaps SET at = 8 WHERE boot_no = 99")
    assert (world.bad().table, world.bad().key) == ("gaps", (9, 99))
    world.close()


def test_only_a_witness_finds_a_ledger_that_was_rewritten_as_a_whole(tmp_path: Path) -> None:
    digests = []
    for number, state in enumerate((State.DOWN, State.UP)):
        world = World(tmp_path / f"{number}.db")
        run = world.writer.start_run(RunRequest("v", "b", LATER, (0, LATER), "0", 1))
        edge = EdgeRow(1, run.boot_no, 1, Edge(LATER, state, Degraded.NONE, Cause.PROBE))
        world.writer.write(run, Batch(LATER + 1, edges=[edge]))
        digests.append(world.head(LATER + HOUR_US))
        world.close()
    told, lies = digests
    code, said = verify(tmp_path / "1.db")
    assert code == 0
    assert NO_WITNESS in said
    assert verify(tmp_path / "1.db", "--expect", lies)[0] == 0
    code, said = verify(tmp_path / "1.db", "--expect", told)
    assert code == 1
    assert "no head and no seal of this store has it" in said
    assert verify(tmp_path / "0.db", "--expect", f"sha256:{told[:20].upper()}")[0] == 0


def test_only_a_witness_finds_a_chain_that_was_cut_off_with_all_it_covered(path: Path) -> None:
    world = World(path)
    with world.writer.transaction() as db:
        fill(db)
    world.head(LATER)
    with world.writer.transaction() as db:
        db.execute("INSERT INTO gaps VALUES (9, 99, 7)")
    end = world.head(LATER + HOUR_US)
    world.close()
    for sql in (
        "DELETE FROM gaps WHERE boot_no = 99",
        "DELETE FROM head_rows WHERE head = 2",
        "DELETE FROM heads WHERE number = 2",
        "UPDATE chain_state SET generation = 1",
    ):
        tamper(path, sql)
    code, said = verify(path)
    assert (code, NO_WITNESS in said) == (0, True)
    assert verify(path, "--expect", end)[0] == 1


def test_the_command_names_the_first_bad_record_and_leaves_with_1(path: Path) -> None:
    world = World(path)
    with world.writer.transaction() as db:
        fill(db)
    world.head(LATER)
    world.close()
    tamper(path, "UPDATE edges SET state = 2 WHERE component = 3")
    code, said = verify(path)
    assert code == 1
    first = said.splitlines()[0]
    assert first.startswith("FAILED: the first record that is wrong: edges component=3, vantage=3, boot_no=3, seq=")
    assert "(target-3#component-3)" in first
    assert NO_WITNESS not in said


@pytest.mark.parametrize("text", ["short", "0123456789abcde", "x" * 64, ""])
def test_an_expectation_that_is_no_digest_is_refused(path: Path, text: str) -> None:
    World(path).close()
    assert verify(path, "--expect", text)[0] == 2


def test_a_restored_store_begins_a_new_epoch_and_names_what_it_continues(tmp_path: Path, path: Path) -> None:
    world = World(path)
    with world.writer.transaction() as db:
        fill(db)
    kept = world.head(LATER)
    backup(world.location, tmp_path / "backup.db")
    with world.writer.transaction() as db:
        db.execute("INSERT INTO gaps VALUES (9, 99, 7)")
    lost = world.head(LATER + HOUR_US)
    world.close()
    put(Location(path), tmp_path / "backup.db", ZONE)
    last = heads(Location(path))[-1]
    said = last.head.said["restore"]
    assert (last.head.kind, said["epoch"], said["continues"]) == ("restore", 2, f"sha256:{kept}")
    assert said["put_aside"] == {"number": 2, "digest": f"sha256:{lost}"}
    assert verify(path)[0] == 0
    code, words = verify(path, "--expect", lost)
    assert code == 1
    assert "restored from a backup in head" in words


@pytest.mark.parametrize("schema", range(1, FIRST_CHAINED))
def test_a_backup_of_each_released_schema_is_restored_into_a_chain(tmp_path: Path, path: Path, schema: int) -> None:
    old_store(tmp_path / "old.db", schema)
    with closing(sqlite3.connect(tmp_path / "old.db")) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    shutil.copy(tmp_path / "old.db", tmp_path / "backup.db")
    put(Location(path), tmp_path / "backup.db", ZONE)
    assert [kept.head.kind for kept in heads(Location(path))] == ["upgrade", "restore"]
    assert json.dumps(heads(Location(path))[-1].head.said["restore"]["put_aside"]) == "null"
    assert walk(Location(path)).bad == ()


def test_a_row_is_proven_to_be_in_its_head_and_a_changed_one_is_not(path: Path) -> None:
    world = World(path)
    with world.writer.transaction() as db:
        fill(db)
    world.head(LATER)
    world.head(LATER + HOUR_US)
    with world.maker.reading() as db:
        key = (2, 2, 2, db.execute("SELECT seq FROM edges WHERE component = 2").fetchone()[0])
        assert heads_with(db, "edges", [key, (9, 9, 9, 9)]) == {key: 1}
        (proven,) = proofs(db, 1, [("edges", key)])
    algorithm, root = proven.head.head.algorithm, bytes.fromhex(proven.head.head.root)
    columns = proven.row.columns or ()
    assert climb(algorithm, leaf(algorithm, "edges", key, columns), proven.steps) == root
    assert climb(algorithm, leaf(algorithm, "edges", key, (*columns[:-1], b"")), proven.steps) != root
    world.close()


def test_a_store_without_a_head_is_not_called_right(path: Path) -> None:
    location = Location(path)
    with closing(connect(location)) as connection:
        migrate(connection, location)
    code, said = verify(path)
    assert code == 0
    assert ("nothing is proved of this store" in said, "ok:" in said, "agrees with itself" in said) == (
        True,
        False,
        False,
    )
