"""The contract of a store, on the SQLite one: idempotent, whole or not at all, one writer, nothing rewritten."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import StoreError, StoreHeldError
from agent.stores import marking, pathing
from agent.stores.base import Batch, Component, Counted, EdgeRow, Record, RunRequest, RunStart
from agent.stores.evidence import pack, unpack
from agent.stores.holder import Holder, live_holder
from agent.stores.inline import InlineRow
from agent.stores.noting import FaultEvent, Note
from agent.stores.opening import Location, connect, migrate, migrations, parse_url, schema_version
from agent.stores.pathing import KeptPath
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from collectors.path import Answer, End, Hop, Method, Said, Traced
from sla.model import Cause, Degraded, Edge, Outcome, Seen, State, Window

READINGS = st.lists(
    st.builds(
        Seen,
        at=st.integers(-(2**50), 2**50),
        outcome=st.sampled_from(Outcome),
        reason=st.sampled_from(["", "timeout", "refused", "原因"]),
        over=st.integers(0, 2**17 - 1).map(Degraded),
    ),
    max_size=8,
).map(tuple)


class Store:
    """A writer and a reader on one file."""

    def __init__(self, path: Path) -> None:
        self.location = Location(path)
        connection = connect(self.location)
        migrate(connection, self.location)
        self.writer = SqliteWriter(connection)
        self.reader = SqliteReader(connect(self.location, read_only=True))

    def run(self, now: int = 1000) -> RunStart:
        return self.writer.start_run(RunRequest("v", "boot", now, (0, now), "0", 1))

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "ledger.db")
    yield made
    made.close()


def edge(at: int, state: State = State.UP, evidence: tuple[Seen, ...] = ()) -> Edge:
    return Edge(at, state, Degraded.NONE, Cause.PROBE, None, evidence)


def rows(run: RunStart, *edges: Edge, component: int = 1) -> list[EdgeRow]:
    return [EdgeRow(component, run.boot_no, seq, one) for seq, one in enumerate(edges, start=1)]


def component(number: int = 1) -> Component:
    return Component(number, f"t{number}", "", "tcp")


@given(st.integers(-(2**50), 2**50), READINGS)
def test_evidence_is_the_same_after_packing(at: int, readings: tuple[Seen, ...]) -> None:
    words = ["", "timeout", "refused", "原因"]
    assert unpack(at, pack(at, readings, words.index), words.__getitem__) == readings


@given(st.binary(max_size=60))
def test_garbage_in_place_of_evidence_is_refused_in_words(packed: bytes) -> None:
    with suppress(ValueError):  # and nothing else
        unpack(0, packed, lambda _: "")


def test_the_same_batch_twice_changes_nothing(store: Store) -> None:
    run = store.run()
    edges = rows(run, edge(1000), edge(2000, State.DOWN), edge(3000))
    store.writer.write(run, Batch(3000, [component()], edges))
    before = store.reader.marks(1)
    store.writer.write(run, Batch(3000, [], edges))
    assert store.reader.marks(1) == before
    assert len(store.reader.edges(1, Window(0, 10_000))) == 3


def test_the_order_in_which_rows_arrive_changes_nothing(store: Store) -> None:
    run = store.run()
    edges = rows(run, edge(1000), edge(2000, State.DOWN), edge(1500, State.UNKNOWN), edge(3000))
    store.writer.write(run, Batch(3000, [component(1), component(2)], edges))
    shuffled = [row._replace(component=2) for row in edges]
    random.Random(1).shuffle(shuffled)
    for row in shuffled:
        store.writer.write(run, Batch(3000, [], [row]))
    assert store.reader.marks(1) == store.reader.marks(2)


def test_a_batch_that_breaks_leaves_nothing_behind(store: Store) -> None:
    run = store.run()
    twice = [component(), component()]
    with pytest.raises(StoreError, match="cannot write"):
        store.writer.write(run, Batch(5000, twice, rows(run, edge(1000)), records=[Record(9, 1, "x", "{}")]))
    assert store.reader.components() == []
    assert store.reader.marks(1) == []
    assert store.reader.records("x") == []
    last = store.reader.last_run()
    assert last is not None
    assert last.heartbeat_at == 1000


def test_words_of_a_batch_that_broke_are_written_again_with_the_next(store: Store) -> None:
    run = store.run()
    seen = edge(1000, evidence=(Seen(1000, Outcome.OK, "fresh reason"),))
    with pytest.raises(StoreError):
        store.writer.write(run, Batch(5000, [component(), component()], rows(run, seen)))
    with pytest.raises(StoreError):
        _break_after_the_words(store, rows(run, seen))
    store.writer.write(run, Batch(5000, [component()], rows(run, seen)))
    [found] = store.reader.edges(1, Window(0, 2000))
    assert found.evidence[0].reason == "fresh reason"


def _break_after_the_words(store: Store, edges: list[EdgeRow]) -> None:
    with store.writer.transaction() as db:
        store.writer._insert_edges(db, 1, edges)
        db.execute("INSERT INTO nothing VALUES (1)")


def test_edges_of_a_later_run_never_rewrite_what_an_earlier_one_made_durable(store: Store) -> None:
    first = store.run(1000)
    store.writer.write(first, Batch(5000, [component()], rows(first, edge(1000), edge(4000, State.DOWN))))
    second = store.run(9000)
    store.writer.write(second, Batch(9500, [], rows(second, edge(2000, State.UP))))
    marks = store.reader.marks(1)
    assert [(mark.at, mark.state) for mark in marks] == [(1000, State.UP), (4000, State.DOWN), (5000, State.UP)]


def test_the_heartbeat_never_goes_back(store: Store) -> None:
    run = store.run(1000)
    store.writer.write(run, Batch(9000))
    store.writer.write(run, Batch(4000))
    last = store.reader.last_run()
    assert last is not None
    assert last.heartbeat_at == 9000


@pytest.mark.parametrize("portion", [1, 3, 500])
def test_every_component_in_one_pass_is_the_same_as_one_by_one(
    store: Store, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(marking, "PORTION", portion)
    first = store.run(1000)
    edges = [row for number in range(1, 20) for row in rows(first, edge(1000 + number), edge(2000), component=number)]
    store.writer.write(first, Batch(3000, [component(number) for number in range(1, 20)], edges))
    store.run(8000)
    assert dict(store.reader.all_marks()) == {number: store.reader.marks(number) for number in range(1, 20)}


def test_counts_add_up_and_records_keep_their_order(store: Store) -> None:
    run = store.run()
    store.writer.write(run, Batch(1, [component()], counts=[Counted(1, 202601, 3, 2, 1)]))
    store.writer.write(run, Batch(2, counts=[Counted(1, 202601, 1, 1, 1), Counted(1, 202602, 5, 0, 0)]))
    assert store.reader.counts(1) == [Counted(1, 202601, 4, 3, 2), Counted(1, 202602, 5, 0, 0)]
    store.writer.write(run, Batch(3, records=[Record(2, 5, "b", "{}"), Record(1, 9, "a", "{}")]))
    assert [record.kind for record in store.reader.records()] == ["a", "b"]


def test_targets_of_the_configuration_are_rows_and_only_what_is_new_is_written(store: Store) -> None:
    def row(start: int | None, end: int | None, **body: object) -> InlineRow:
        return InlineRow("t", start, end, {"kind": "tcp", **body})

    assert store.writer.set_inline([row(None, None)], "d1", 1) == 1
    assert store.writer.set_inline([row(None, None)], "d1", 2) == 0
    assert store.writer.set_inline([row(None, 90)], "d2", 3) == 1
    assert store.writer.set_inline([row(None, 90, site_id="S")], "d3", 4) == 1
    rows = store.reader.register_rows("inline")
    assert [(each.version, each.valid_to, each.recorded_at) for each in rows] == [(1, None, 1), (2, 90, 3), (3, 90, 4)]
    assert rows[-1].body == {"kind": "tcp", "site_id": "S"}


def test_notes_and_events_of_a_fault_are_numbered_and_stay(store: Store) -> None:
    store.writer.add_notes(
        [Note("F-1", 0, "ack", "", "", 5, "li"), Note("F-1", 0, "cause", "power", "seen", 6, "wang")]
    )
    store.writer.add_notes([Note("F-1", 0, "cause", "fibre", "found", 7, "wang")])
    assert [(note.number, note.kind, note.value) for note in store.reader.fault_notes("F-1")] == [
        (1, "ack", ""),
        (2, "cause", "power"),
        (3, "cause", "fibre"),
    ]
    assert store.reader.fault_causes() == {"F-1": "fibre"}
    opened = FaultEvent("F-1", 0, 10, "opened", "a", 9, None, 10)
    store.writer.add_fault_events([opened, opened._replace(fault="F-2", root="b")])
    store.writer.add_fault_events([opened._replace(kind="joined", merged_into="F-2")])
    assert list(store.reader.told_faults()) == [("F-2", "b", 9)]
    assert [event.merged_into for event in store.reader.fault_events("F-1")] == [None, "F-2"]


def kept(fault: str, at: int, *hops: Hop, end: End = End.SILENT) -> KeptPath:
    traced = Traced(Method.TCP, "fd00::9", 443, "fd00::1", hops, end, 3.5)
    return KeptPath(fault, 0, at, "t1", traced, at + 1)


ANSWERS = (Answer("fd00::2", 0.001234, Said.TRANSIT, "hop limit exceeded", 3, 0),)
HOPS = (Hop(1, 2, ANSWERS * 2), Hop(2, 2, ANSWERS), Hop(3, 1, ()))


def test_the_path_of_a_fault_comes_back_as_it_was_with_its_silence(store: Store) -> None:
    store.writer.add_paths([kept("F-1", 10, *HOPS)])
    store.writer.add_paths([kept("F-1", 20, end=End.STOPPED)])
    first, second = store.reader.fault_paths("F-1")
    assert first == kept("F-1", 10, *HOPS)._replace(number=1)
    assert second == kept("F-1", 20, end=End.STOPPED)._replace(number=2)
    assert store.reader.fault_paths("F-2") == []


def test_the_paths_of_faults_that_joined_another_stand_with_that_one(store: Store) -> None:
    for number, fault in enumerate(("F-1", "F-2", "F-3", "F-4")):
        store.writer.add_paths([kept(fault, 10 - number, *HOPS)])
    joined = FaultEvent("F-1", 0, 10, "joined", "a", 9, "F-2", 10)
    store.writer.add_fault_events([joined, joined._replace(fault="F-2", merged_into="F-3")])
    assert [path.fault for path in store.reader.fault_paths("F-3")] == ["F-3", "F-2", "F-1"]
    assert [path.fault for path in store.reader.fault_paths("F-1")] == ["F-1"]


def test_faults_that_joined_each_other_have_their_paths_once(store: Store) -> None:
    store.writer.add_paths([kept("F-1", 10, *HOPS)])
    joined = FaultEvent("F-1", 0, 10, "joined", "a", 9, "F-2", 10)
    store.writer.add_fault_events([joined, joined._replace(fault="F-2", merged_into="F-1")])
    assert [path.fault for path in store.reader.fault_paths("F-2")] == ["F-1"]


def test_asking_for_the_paths_of_a_fault_reads_no_other_fault_s_events(store: Store) -> None:
    plan = store.writer.connection.execute(f"EXPLAIN QUERY PLAN {pathing._OF_FAULT}", ("F-1",)).fetchall()
    assert [row[3] for row in plan if row[3].startswith(("SCAN e", "SCAN p", "SEARCH e"))] == [
        "SEARCH e USING COVERING INDEX fault_events_merged (merged_into=?)"
    ]


def test_a_path_is_whole_or_not_there_and_travels_in_a_backup(store: Store, tmp_path: Path) -> None:
    store.writer.add_paths([kept("F-1", 10, *HOPS)])
    broken = Hop(4, 1, (ANSWERS[0]._replace(words=object()),))  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(StoreError):
        store.writer.add_paths([kept("F-1", 20, *HOPS, broken)])
    store.writer.backup(tmp_path / "copy.db")
    copy = SqliteReader(connect(Location(tmp_path / "copy.db"), read_only=True))
    assert copy.fault_paths("F-1") == store.reader.fault_paths("F-1") == [kept("F-1", 10, *HOPS)._replace(number=1)]
    copy.close()


def test_a_store_of_the_release_before_gets_room_for_paths(tmp_path: Path) -> None:
    location = Location(tmp_path / "old.db")
    db = connect(location)
    for script in migrations()[:2]:
        db.executescript(script)
    db.execute("PRAGMA user_version = 2")
    db.execute("PRAGMA application_id = 1397506407")
    migrate(db, location)
    writer = SqliteWriter(db)
    writer.add_paths([kept("F-1", 10, *HOPS)])
    assert len(writer.reader.fault_paths("F-1")) == 1
    writer.close()


def test_a_fact_about_the_store_cannot_be_changed(store: Store) -> None:
    store.writer.set_meta("simulated", "true")
    store.writer.set_meta("simulated", "false")
    assert store.reader.meta("simulated") == "true"


def test_a_backup_is_whole_and_taken_while_writing_goes_on(store: Store, tmp_path: Path) -> None:
    run = store.run()
    store.writer.write(run, Batch(3000, [component()], rows(run, edge(1000))))
    store.writer.backup(tmp_path / "copy.db")
    store.writer.write(run, Batch(4000, [], [EdgeRow(1, run.boot_no, 9, edge(3500, State.DOWN))]))
    copy = SqliteReader(connect(Location(tmp_path / "copy.db"), read_only=True))
    assert [mark.state for mark in copy.marks(1)] == [State.UP]
    copy.close()


def test_a_schema_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    made = Store(path)
    made.close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    db.close()
    again = connect(Location(path))
    with pytest.raises(StoreError, match="use the program that wrote it"):
        migrate(again, Location(path))
    again.close()


def test_a_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (x)")
    db.commit()
    db.close()
    before = path.read_bytes()[100:]
    connection = connect(Location(path), read_only=True)
    with pytest.raises(StoreError, match="another program"):
        migrate(connection, Location(path))
    connection.close()
    assert path.read_bytes()[100:] == before


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("this is not a database, and long enough to be looked at" * 20, encoding="utf-8")
    with pytest.raises(StoreError, match=r"text\.db"):
        migrate(connect(Location(path)), Location(path))


def test_migrating_twice_is_migrating_once(tmp_path: Path) -> None:
    location = Location(tmp_path / "l.db")
    connection = connect(location)
    migrate(connection, location)
    migrate(connection, location)
    assert schema_version(connection) == len(migrations())
    connection.close()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////abs/l.db", "/abs/l.db"),
        ("sqlite:///rel/l.db", str(Path.cwd() / "rel/l.db")),
        ("sqlite:///:memory:", None),
    ],
)
def test_a_store_url_names_a_file_or_memory(url: str, path: str | None) -> None:
    assert parse_url(url) == Location(None if path is None else Path(path))


@pytest.mark.parametrize("url", ["", "sqlite:", "sqlite:///", "postgresql://x/y", "/var/l.db"])
def test_a_url_of_another_store_is_refused_with_what_was_wanted(url: str) -> None:
    with pytest.raises(StoreError, match="wanted sqlite:///PATH"):
        parse_url(url)


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    script = (
        "import sys; from pathlib import Path; from agent.stores.holder import Holder;"
        "from agent.stores.opening import Location;"
        f"h = Holder(Location(Path({str(path)!r})), 'sla-agent run', '127.0.0.1:9610'); print('held', flush=True);"
        "sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StoreHeldError, match=rf"sla-agent run with process id {other.pid} .*127\.0\.0\.1:9610"):
            Holder(Location(path), "import")
        holder = live_holder(Location(path))
        assert holder is not None
        assert holder["pid"] == str(other.pid)
        other.kill()
        other.wait()
    assert live_holder(Location(path)) is None
    with Holder(Location(path), "import"):
        pass


def test_a_link_to_a_store_leads_to_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "l.db").write_bytes(b"")
    (tmp_path / "link.db").symlink_to(tmp_path / "l.db")
    with Holder(Location(tmp_path / "l.db"), "a"), pytest.raises(StoreHeldError):
        Holder(Location(tmp_path / "link.db"), "b")


def test_a_new_store_is_born_as_its_location_says_and_keeps_it(tmp_path):
    real, simulated = Location(tmp_path / "real.db"), Location(tmp_path / "lab.db", simulated=True)
    for location, mark in ((real, None), (simulated, "true")):
        connection = connect(location)
        migrate(connection, location)
        assert SqliteReader(connection).meta("simulated") == mark
        connection.close()
    later = connect(simulated._replace(simulated=False))
    migrate(later, simulated._replace(simulated=False))
    SqliteWriter(later).set_meta("simulated", "false")
    assert SqliteReader(later).meta("simulated") == "true", "whatever the configuration says now"
    later.close()


def test_a_store_of_real_data_is_refused_where_only_a_simulated_one_will_do(tmp_path):
    real = Location(tmp_path / "real.db")
    connection = connect(real)
    migrate(connection, real)
    with pytest.raises(StoreError, match=r"real\.db: was not born simulated, but .*store\.simulated.*name a new file"):
        migrate(connection, real._replace(simulated=True))
    connection.close()
