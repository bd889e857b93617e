"""Tampering with the ledger is named: which table, which key, and what (E3, E4, vector 22)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.stores.covering import COVERED, Covered
from tests.agent.chain_worlds import HOUR_US, JUNE, ROWS, World, fill

LATER = JUNE + 90 * 24 * HOUR_US
COLUMNS = [(covered, name) for covered in COVERED for name in covered.columns]
KEYS = [(covered, name) for covered in COVERED for name in covered.key]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with rows in every table, of two heads, and a row that is in none yet."""
    path = tmp_path_factory.mktemp("chain") / "ledger.db"
    made = World(path)
    with made.writer.transaction() as db:
        fill(db)
    made.head(LATER)
    with made.writer.transaction() as db:
        db.execute("INSERT INTO records VALUES (9, 9, 77, 5, 'reload', '{}', 'agent')")
        db.execute("INSERT INTO records VALUES (9, 9, 78, 6, 'reload', '{}', 'agent')")
    made.head(LATER + HOUR_US)
    with made.writer.transaction() as db:
        db.execute("INSERT INTO gaps VALUES (9, 99, 7)")
    made.close()
    return path


@pytest.fixture
def world(original: Path, tmp_path: Path) -> Iterator[World]:
    made = World(Path(shutil.copy(original, tmp_path / "ledger.db")))
    made.writer.connection.execute("PRAGMA synchronous = OFF")
    yield made
    made.close()


def where(covered: Covered) -> str:
    return " AND ".join(f"{name} = ?" for name in covered.key)


def keys(world: World, covered: Covered) -> list[tuple[object, ...]]:
    with world.maker.reading() as db:
        names = ", ".join(covered.key)
        return [tuple(row) for row in db.execute(f"SELECT {names} FROM {covered.table} ORDER BY {names}")]


def test_what_the_agent_wrote_agrees(world: World) -> None:
    found = world.walk()
    assert (found.bad, found.heads, found.pending) == ((), 2, 1)
    assert found.rows == len(COVERED) * ROWS + 2
    assert found.last is not None
    assert found.last.head.number == 2


@pytest.mark.parametrize(("covered", "name"), COLUMNS, ids=[f"{c.table}.{name}" for c, name in COLUMNS])
def test_each_column_that_is_changed_is_named(world: World, covered: Covered, name: str) -> None:
    key = keys(world, covered)[1]
    flip = (
        "x'09'"
        if name in ("packed", "evidence")
        else f"CASE typeof({name}) WHEN 'text' THEN {name} || '!' ELSE 123456 END"
    )
    if name in ("cause", "import"):
        flip = f"{name} % {ROWS} + 1"
    world.sql(f"UPDATE {covered.table} SET {name} = {flip} WHERE {where(covered)}", *key)
    bad = world.bad()
    assert (bad.table, bad.key) == (covered.table, key)
    assert bad.what.startswith("changed: not what was recorded in head 1")


@pytest.mark.parametrize(("covered", "name"), KEYS, ids=[f"{c.table}.{name}" for c, name in KEYS])
def test_a_key_that_is_changed_is_a_row_that_is_missing(world: World, covered: Covered, name: str) -> None:
    key = keys(world, covered)[1]
    to = f"CASE typeof({name}) WHEN 'text' THEN {name} || '!' ELSE {name} + 1000 END"
    world.sql(f"UPDATE {covered.table} SET {name} = {to} WHERE {where(covered)}", *key)
    found = world.walk().bad
    assert (found[0].table, found[0].key) == (covered.table, key)
    assert found[0].what.startswith("missing: in head 1")
    assert any(bad.table == covered.table and bad.what.startswith("inserted") for bad in found) or covered.by == name


@pytest.mark.parametrize("covered", COVERED, ids=[c.table for c in COVERED])
def test_a_row_that_is_dropped_is_named_between_its_neighbours(world: World, covered: Covered) -> None:
    first, second, third, *_ = keys(world, covered)
    world.sql(f"DELETE FROM {covered.table} WHERE {where(covered)}", *second)
    bad = world.bad()
    assert (bad.table, bad.key) == (covered.table, second)
    before, after = (", ".join(f"{n}={v}" for n, v in zip(covered.key, key, strict=True)) for key in (first, third))
    assert bad.what.endswith(f"it stood between {before} and {after}")


@pytest.mark.parametrize("covered", COVERED, ids=[c.table for c in COVERED])
def test_a_row_that_is_inserted_past_the_agent_is_named(world: World, covered: Covered) -> None:
    known = set(keys(world, covered))
    columns = ", ".join(covered.columns)
    moved = ", ".join(
        f"CASE typeof({name}) WHEN 'text' THEN {name} || '!' ELSE {name} - 1 END" if place == 0 else name
        for place, name in enumerate(covered.key)
    )
    first = min(known, key=str)
    names = ", ".join(covered.key)
    source = columns if covered.table not in ("words", "vantages") else f"{columns} || '!'"
    if covered.table == "components":
        source = columns.replace("target", "target || '!'", 1)
    rows = f"SELECT {moved}, {source} FROM {covered.table} WHERE {where(covered)}"
    world.sql(f"INSERT INTO {covered.table} ({names}, {columns}) {rows}", *first)
    (added,) = set(keys(world, covered)) - known
    bad = world.bad()
    assert (bad.table, bad.key) == (covered.table, added)
    assert bad.what.startswith("inserted")


@pytest.mark.parametrize("covered", [c for c in COVERED if c.table not in ("words", "vantages", "components")], ids=str)
def test_rows_that_are_swapped_are_both_named(world: World, covered: Covered) -> None:
    first, second = keys(world, covered)[:2]
    with world.maker.reading() as db:
        columns = ", ".join(covered.columns)
        one, two = (
            db.execute(f"SELECT {columns} FROM {covered.table} WHERE {where(covered)}", key).fetchone()
            for key in (first, second)
        )
    assert one != two
    change = f"UPDATE {covered.table} SET {', '.join(f'{name} = ?' for name in covered.columns)} WHERE {where(covered)}"
    world.sql(change, *two, *first)
    world.sql(change, *one, *second)
    assert [(bad.table, bad.key) for bad in world.walk().bad] == [(covered.table, first), (covered.table, second)]


@pytest.mark.parametrize("column", ["kind", "since", "until", "rows", "root", "before", "said", "digest"])
def test_a_head_that_is_changed_is_named(world: World, column: str) -> None:
    to = {"said": "'{}'", "rows": "rows + 1", "since": "since + 1", "until": "until + 1"}.get(
        column, f"'ab' || substr({column}, 3)"
    )
    world.sql(f"UPDATE heads SET {column} = {to} WHERE number = 1")
    bad = world.bad()
    assert (bad.table, bad.key) == ("heads", (1,))


def test_a_head_of_another_algorithm_is_named(world: World) -> None:
    world.sql("UPDATE heads SET algorithm = 'sm3-of-tomorrow' WHERE number = 1")
    assert world.bad().what == "made with sm3-of-tomorrow, which this Python cannot compute"


def test_a_head_that_is_dropped_is_named(world: World) -> None:
    world.sql("DELETE FROM heads WHERE number = 1")
    bad = world.bad()
    assert (bad.table, bad.key) == ("heads", (1,))
    assert bad.what.startswith("missing: head 1 before head 2")


def test_a_chain_that_is_cut_off_at_its_end_is_named_by_what_it_covered(world: World) -> None:
    world.sql("DELETE FROM heads WHERE number = 2")
    said = [(bad.table, bad.what.split(":")[0]) for bad in world.walk().bad]
    assert said[0] == ("heads", "missing at the end")


@pytest.mark.parametrize("column", ["keys", "leaves"])
def test_a_list_of_rows_that_is_changed_is_named(world: World, column: str) -> None:
    world.sql(f"UPDATE head_rows SET {column} = x'00' WHERE head = 1 AND part = 3")
    bad = world.bad()
    assert (bad.table, bad.key[0]) == ("head_rows", 1)


def test_a_part_of_a_list_that_is_dropped_is_named(world: World) -> None:
    world.sql("DELETE FROM head_rows WHERE head = 1 AND part = 3")
    assert world.bad().what.startswith("its list of rows was changed: it has")


def test_a_run_changes_only_as_an_agent_changes_it(world: World) -> None:
    with world.writer.transaction() as db:
        db.execute("UPDATE runs SET heartbeat_at = heartbeat_at + 5 WHERE boot_no = 4")
    assert world.walk().bad == ()
    world.head(LATER + 2 * HOUR_US)
    assert world.walk().bad == ()
    with world.writer.transaction() as db:
        db.execute("UPDATE runs SET version = 'other' WHERE boot_no = 4")
    bad = world.bad()
    assert (bad.table, bad.key) == ("runs", (4, 4))
    assert bad.what == "changed after head 3: version never changes so"


def test_what_grows_late_is_covered_again_and_the_old_version_stays(world: World) -> None:
    with world.writer.transaction() as db:
        db.execute("UPDATE counts SET ok = ok + 1 WHERE component = 1")
        db.execute("UPDATE bins SET packed = CAST(packed || x'01020304' AS BLOB) WHERE component = 1")
    world.head(LATER + 2 * HOUR_US)
    found = world.walk()
    assert (found.bad, found.rows) == ((), len(COVERED) * ROWS + 2 + 3)
    world.sql("UPDATE chain_old SET body = '[1,1,1]' WHERE tbl = 'counts'")
    assert world.bad().what.startswith("changed: not what was recorded in head 1")
