"""sla-agent backup and restore, on stores that real agents wrote."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from agent.cli import backup as backup_module
from agent.stores.base import Batch, Component, Record, RunRequest
from agent.stores.holder import Holder
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from tests.agent.cli_agent import ENV, running, sla_agent, wait_for, write_config
from tests.requirements import need_root

NOW = 1_760_000_000_000_000
TARGETS = "  - {target_id: this-host, kind: host, module: machine, address: localhost}"


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path, TARGETS)


def new_store(path, *names: str, runs: int = 1) -> None:
    """A store with components of these names."""
    location = Location(path)
    connection = connect(location)
    migrate(connection, location)
    writer = SqliteWriter(connection)
    for number in range(runs):
        at = NOW + number * 1_000_000
        run = writer.start_run(RunRequest("here", "boot", at, (0, at), "0", 1))
        components = [Component(id_, name, "", "host") for id_, name in enumerate(names, 1)] if number == 0 else []
        writer.write(run, Batch(at + 500_000, components, records=[Record(1, at, "start", "{}")]))
    writer.close()


def names_in(path) -> list[str]:
    with closing(connect(Location(path), read_only=True)) as connection:
        return [component.name for component in SqliteReader(connection).components()]


def records_in(path) -> list[Record]:
    with closing(connect(Location(path), read_only=True)) as connection:
        return SqliteReader(connection).records("restore")


def test_a_backup_of_a_running_agent_is_whole_and_says_its_digest(config, tmp_path):
    with running(config):
        wait_for(lambda: "up" in sla_agent("targets", "--config.file", config).out or None)
        said = sla_agent("backup", tmp_path / "b.db", "--config.file", config)
    assert said.code == 0, said.err
    file = tmp_path / "b.db"
    assert f"{file}: {file.stat().st_size} bytes, read from end to end" in said.out
    assert f"sha256 {hashlib.sha256(file.read_bytes()).hexdigest()}" in said.out
    assert "durable until 20" in said.out
    assert "this-host" in names_in(file)
    assert [name for name in os.listdir(tmp_path) if name.startswith("b.db")] == ["b.db"], "one file, nothing beside it"


def test_a_backup_holds_what_still_stands_in_the_write_ahead_log(tmp_path):
    store = tmp_path / "s.db"
    location = Location(store)
    with closing(connect(location)) as connection:  # open: its log is not carried over into the file
        migrate(connection, location)
        writer = SqliteWriter(connection)
        run = writer.start_run(RunRequest("here", "boot", NOW, (0, NOW), "0", 1))
        writer.write(run, Batch(NOW, [Component(1, "late", "", "host")]))
        said = sla_agent("backup", tmp_path / "b.db", "--store", f"sqlite:///{store}")
    assert said.code == 0, said.err
    assert names_in(tmp_path / "b.db") == ["late"]


def test_an_existing_file_is_never_overwritten(tmp_path):
    new_store(tmp_path / "s.db", "a")
    (tmp_path / "b.db").write_text("precious", encoding="utf-8")
    said = sla_agent("backup", tmp_path / "b.db", "--store", f"sqlite:///{tmp_path}/s.db")
    assert said.code == 2
    assert "never overwritten" in said.err
    assert (tmp_path / "b.db").read_text(encoding="utf-8") == "precious"


def test_a_file_that_somebody_makes_meanwhile_is_not_overwritten_either(tmp_path, monkeypatch):
    new_store(tmp_path / "s.db", "a")
    file = tmp_path / "b.db"
    whole = backup_module.check

    def check_and_lose_the_race(*paths):
        file.write_text("precious", encoding="utf-8")
        return whole(*paths)

    monkeypatch.setattr(backup_module, "check", check_and_lose_the_race)
    said = sla_agent("backup", file, "--store", f"sqlite:///{tmp_path}/s.db")
    assert said.code == 2
    assert file.read_text(encoding="utf-8") == "precious"
    assert sorted(name for name in os.listdir(tmp_path) if name.startswith("b.db")) == ["b.db"]


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("sqlite:///{}/none.db", "no such file"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///{}/text", "whole store"),
    ],
)
def test_without_a_store_there_is_no_backup_and_no_file(tmp_path, url, wanted):
    (tmp_path / "text").write_text("no database, and long enough not to look like an empty one" * 20, encoding="utf-8")
    said = sla_agent("backup", tmp_path / "b.db", "--store", url.format(tmp_path))
    assert (said.code, said.out) == (2, "")
    assert wanted in said.err
    assert not (tmp_path / "b.db").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path):
    new_store(tmp_path / "s.db", "a")
    said = sla_agent("backup", tmp_path / "none" / "b.db", "--store", f"sqlite:///{tmp_path}/s.db")
    assert said.code == 2
    assert f"{tmp_path}/none: takes no new file: No such file or directory" in said.err


def test_a_restored_store_is_the_backup_and_the_old_one_lies_beside_it(tmp_path):
    store, file = tmp_path / "s.db", tmp_path / "b.db"
    new_store(file, "from-backup")
    new_store(store, "from-before")
    said = sla_agent("restore", file, "--store", f"sqlite:///{store}")
    assert said.code == 0, said.err
    assert names_in(store) == ["from-backup"]
    (aside,) = tmp_path.glob("s.db.before-restore-*")
    assert names_in(aside) == ["from-before"]
    assert f"the store that was there is now {aside}" in said.out
    assert names_in(file) == ["from-backup"], "the backup itself is left as it was"


def test_a_restore_stands_in_the_ledger_with_the_digest_of_the_backup_and_who_did_it(tmp_path):
    store, file = tmp_path / "s.db", tmp_path / "b.db"
    new_store(file, "a", runs=2)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    for _ in range(2):
        assert sla_agent("restore", file, "--store", f"sqlite:///{store}").code == 0
        (tmp_path / "moved").mkdir(exist_ok=True)
        for aside in tmp_path.glob("s.db.before-restore-*"):
            aside.rename(tmp_path / "moved" / aside.name)
    (record,) = records_in(store)
    assert json.loads(record.body) == {"file": str(file), "sha256": digest}
    assert record.by
    assert record.at > NOW


def test_a_backup_of_a_restored_store_keeps_its_mark(tmp_path):
    store, first, second = tmp_path / "s.db", tmp_path / "b1.db", tmp_path / "b2.db"
    new_store(first, "a")
    url = f"sqlite:///{store}"
    assert sla_agent("restore", first, "--store", url).code == 0
    assert sla_agent("backup", second, "--store", url).code == 0
    store.unlink()
    assert sla_agent("restore", second, "--store", url).code == 0
    assert [json.loads(record.body)["file"] for record in records_in(store)] == [str(first), str(second)]


def test_a_store_in_which_no_agent_ever_ran_can_be_restored_too(tmp_path):
    store, file = tmp_path / "s.db", tmp_path / "b.db"
    new_store(file, runs=0)
    assert sla_agent("restore", file, "--store", f"sqlite:///{store}").code == 0
    with closing(connect(Location(store), read_only=True)) as connection:
        assert json.loads(SqliteReader(connection).meta("restore"))["file"] == str(file)


def test_after_a_restore_the_time_since_the_backup_is_unknown_not_up(config, tmp_path):
    file = tmp_path / "b.db"
    with running(config):
        assert sla_agent("backup", file, "--config.file", config).code == 0
    assert sla_agent("restore", file, "--config.file", config).code == 0
    with closing(connect(Location(tmp_path / "ledger.db"), read_only=True)) as connection:
        before = SqliteReader(connection).last_run()
    with running(config):
        pass
    with closing(connect(Location(tmp_path / "ledger.db"), read_only=True)) as connection:
        reader = SqliteReader(connection)
        (gap,) = reader.gaps()
        assert gap.start == before.heartbeat_at
        assert gap.end == reader.last_run().started_at


def test_a_held_store_is_not_restored_and_its_holder_is_named(tmp_path):
    store, file = tmp_path / "s.db", tmp_path / "b.db"
    new_store(file, "from-backup")
    new_store(store, "from-before")
    with Holder(Location(store), "sla-agent run", "127.0.0.1:1"):
        said = sla_agent("restore", file, "--store", f"sqlite:///{store}")
    assert said.code == 2
    assert "is held by sla-agent run" in said.err
    assert names_in(store) == ["from-before"]
    assert not list(tmp_path.glob("*before-restore*"))


def damage(path) -> None:
    """Destroy a page in the middle of the file."""
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)


def truncate(path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def newer(path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


def foreign(path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")


def empty(path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [damage, truncate, newer, foreign, empty])
def test_a_bad_backup_is_refused_before_the_store_is_touched(tmp_path, spoil):
    store, file = tmp_path / "s.db", tmp_path / "b.db"
    new_store(file, *(f"target-{number}" for number in range(500)))
    new_store(store, "from-before")
    spoil(file)
    said = sla_agent("restore", file, "--store", f"sqlite:///{store}")
    assert said.code == 2
    assert "b.db" in said.err
    assert names_in(store) == ["from-before"]
    assert sorted(path.name for path in tmp_path.iterdir() if "restor" in path.name) == []


def test_the_store_itself_is_no_backup_of_itself(tmp_path):
    new_store(tmp_path / "s.db", "a")
    said = sla_agent("restore", tmp_path / "s.db", "--store", f"sqlite:///{tmp_path}/s.db")
    assert said.code == 2
    assert names_in(tmp_path / "s.db") == ["a"]


def test_a_damaged_store_is_moved_aside_as_it_is(tmp_path):
    store, file = tmp_path / "s.db", tmp_path / "b.db"
    new_store(file, "from-backup")
    store.write_bytes(b"ruins" * 1000)
    assert sla_agent("restore", file, "--store", f"sqlite:///{store}").code == 0
    assert names_in(store) == ["from-backup"]
    (aside,) = tmp_path.glob("s.db.before-restore-*")
    assert aside.read_bytes() == b"ruins" * 1000


def test_a_log_left_by_a_kill_goes_aside_with_its_store(tmp_path):
    store, file = tmp_path / "s.db", tmp_path / "b.db"
    new_store(file, "from-backup")
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom tests.agent.test_cli_backup import *\n"
        "location = Location(Path(sys.argv[1]))\nconnection = connect(location)\nmigrate(connection, location)\n"
        "writer = SqliteWriter(connection)\nrun = writer.start_run(RunRequest('v', 'b', NOW, (0, NOW), '0', 1))\n"
        "writer.write(run, Batch(NOW, [Component(1, 'in-the-log', '', 'host')]))\nos._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(store)], env=ENV, check=False)
    assert done.returncode == 9
    assert store.with_name("s.db-wal").stat().st_size > 0
    assert sla_agent("restore", file, "--store", f"sqlite:///{store}").code == 0
    assert names_in(store) == ["from-backup"]
    aside = next(
        path for path in tmp_path.glob("s.db.before-restore-*") if path.suffix != ".lock" and "-wal" not in path.name
    )
    assert names_in(aside) == ["in-the-log"]


def test_what_root_restores_stays_its_owners(tmp_path):
    need_root()
    store, file = tmp_path / "s.db", tmp_path / "b.db"
    new_store(file, "from-backup")
    new_store(store, "from-before")
    os.chown(store, 12345, 23456)
    store.chmod(0o640)
    assert sla_agent("restore", file, "--store", f"sqlite:///{store}").code == 0
    found = store.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (12345, 23456, 0o640)
    assert (tmp_path / "s.db.lock").stat().st_uid == 12345
