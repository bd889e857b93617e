"""Registers through an import: rows with their history, changes in words, the same file again, ids for histories."""

import io
import random
from contextlib import closing
from datetime import datetime

import pytest
import xlsxwriter

from agent.imports.request import SIMULATED_STORE
from agent.registers import REGISTERS, Known
from agent.registers.known import known_from_json
from agent.stores.opening import Location, connect, migrate
from agent.stores.registering import current, register_versions
from tests.agent.import_cases import City, at
from tests.agent.register_cases import NOW, SITES, TARGETS, knows, registers

HEAD = "target_id,kind,address,in_service_from,in_service_to"
FIRST = f"{HEAD}\na,icmp,10.0.0.1,2025-01-01,\nb,icmp,10.0.0.2,,\n"


def test_a_row_is_kept_with_its_dates_its_time_and_its_author():
    with registers() as store:
        store.take("targets", FIRST, by="wang")
        a, b = store.rows("targets")
    assert (a.id, a.version, a.valid_from, a.valid_to) == ("a", 1, at("2025-01-01"), None)
    assert a.body == {"kind": "icmp", "address": "10.0.0.1", "in_service_from": at("2025-01-01")}
    assert (a.recorded_at, a.recorded_by) == (NOW, "wang")
    assert (b.id, b.valid_from, b.valid_to, b.body) == ("b", None, None, {"kind": "icmp", "address": "10.0.0.2"})


@pytest.mark.parametrize("turn", [0, 1])
def test_the_same_file_again_changes_nothing_in_whatever_order(turn):
    rows = TARGETS.splitlines()
    again = "\n".join([rows[0], *random.Random(turn).sample(rows[1:], len(rows) - 1)]) + "\n"
    with registers() as store:
        store.city()
        before = list(store.db.iterdump())
        outcome = store.take("targets", again, now=NOW + 1, by="other")
        assert list(store.db.iterdump()) == before
    assert outcome.changed is False
    assert outcome.tally.known == 3
    assert outcome.words()[1:] == ["nothing new: all of it is known already; the store is unchanged"]


def test_a_change_is_a_further_version_and_the_one_before_stays():
    with registers() as store:
        store.take("targets", FIRST)
        outcome = store.take("targets", FIRST.replace("10.0.0.1", "10.0.0.9"), now=NOW + 5, by="li")
        a1, a2, _ = store.rows("targets")
        held = {row.id: row for row in current(store.db, "targets")}
    assert [(row.version, row.body["address"], row.recorded_by) for row in (a1, a2)] == [
        (1, "10.0.0.1", "tester"),
        (2, "10.0.0.9", "li"),
    ]
    assert (a2.valid_from, a2.recorded_at) == (a1.valid_from, NOW + 5)
    assert held["a"] == a2
    assert outcome.changes == (
        "changed: 1",
        "  a from 2025-01-01T00:00:00+08:00: address: 10.0.0.1 -> 10.0.0.9",
        "unchanged: 1",
    )


def test_the_difference_in_words_before_and_after():
    changed = (
        "target_id,kind,address,site_id,parents,interval_seconds\ncore,icmp,10.0.0.1,,,60\nnew,icmp,10.0.0.7,,core,\n"
    )
    with registers() as store:
        store.city()
        before = list(store.db.iterdump())
        preview = store.preview("targets", changed)
        assert list(store.db.iterdump()) == before
        outcome = store.take("targets", changed)
        kept = {row.id for row in current(store.db, "targets")}
    lines = [
        "added: 1 (new)",
        "changed: 1",
        "  core: site_id: S-CORE -> nothing; interval_seconds: nothing -> 60; carrier: 电信 -> nothing",
        "not in this file and kept as they are: 2 (mb, zy); to retire one give it its in_service_to",
    ]
    head = f"targets.csv: 2 rows of 2 targets, sha256 {outcome.digest}"
    assert preview.words() == [head, *lines, "dry run: nothing was written"]
    assert outcome.words() == [head, *lines]
    assert kept == {"core", "mb", "new", "zy"}


def test_what_is_missing_is_said_even_where_nothing_else_is_new():
    with registers() as store:
        store.city()
        outcome = store.take("targets", "\n".join(TARGETS.splitlines()[:3]) + "\n")
    assert outcome.words()[1:] == [
        "not in this file and kept as they are: 1 (mb); to retire one give it its in_service_to",
        "nothing new: all of it is known already; the store is unchanged",
    ]


def test_a_later_row_of_an_id_ends_an_open_one_and_both_stay():
    later = f"{HEAD}\na,icmp,10.0.0.9,2025-06-01,\n"
    with registers() as store:
        store.take("targets", FIRST)
        outcome = store.take("targets", later)
        held = [(row.id, row.version, row.valid_from, row.valid_to) for row in current(store.db, "targets")]
        written = [(row.version, row.valid_to) for row in store.rows("targets") if row.id == "a"]
    assert held == [
        ("a", 1, at("2025-01-01"), at("2025-06-01")),
        ("a", 2, at("2025-06-01"), None),
        ("b", 1, None, None),
    ]
    assert written == [(1, None), (2, None)]
    assert outcome.changes[0] == "added: 1 (a from 2025-06-01T00:00:00+08:00)"


def test_rows_of_an_id_are_numbered_by_their_begin_whatever_their_order():
    rows = ["a,icmp,10.0.0.3,2026-01-01,", "a,icmp,10.0.0.1,,", "a,icmp,10.0.0.2,2025-01-01,2025-07-01"]
    with registers() as store:
        store.take("targets", "\n".join([HEAD, *rows]) + "\n")
        held = current(store.db, "targets")
    assert [(row.version, row.body["address"], row.valid_to) for row in held] == [
        (1, "10.0.0.1", at("2025-01-01")),
        (2, "10.0.0.2", at("2025-07-01")),
        (3, "10.0.0.3", None),
    ]


def test_a_retirement_is_a_changed_row():
    with registers() as store:
        store.take("targets", FIRST)
        outcome = store.take("targets", FIRST.replace("2025-01-01,", "2025-01-01,2026-01-01"))
        row = store.rows("targets")[1]
    assert (row.id, row.version, row.valid_to) == ("a", 2, at("2026-01-01"))
    assert outcome.changes[1] == (
        "  a from 2025-01-01T00:00:00+08:00: in_service_to: nothing -> 2026-01-01T00:00:00+08:00"
    )


def test_a_register_s_version_is_the_last_import_that_changed_it():
    with registers() as store:
        first = store.take("sites", SITES.replace("division_code", "来源文件"))
        store.take("targets", FIRST)
        store.take("sites", SITES.replace("division_code", "来源文件"))
        sites, targets = (register_versions(store.db)[name] for name in ("sites", "targets"))
        assert (sites.number, sites.digest) == (1, first.digest)
        assert targets.number == 2
        store.take("targets", FIRST.replace("10.0.0.1", "10.0.0.9"))
        assert str(register_versions(store.db)["targets"]).startswith("3:")
        assert store.reader.register_versions() == register_versions(store.db)


def test_a_record_has_one_row_however_it_is_moved():
    head = "window_id,scope,start,end,reason"
    with registers() as store:
        store.city()
        store.take("maintenance", f"{head}\nw,site=S-MB，carrier=移动,2026-07-01,2026-07-02,升级\n")
        outcome = store.take("maintenance", f"{head}\nw,mb；core,2026-07-03,2026-07-04,升级\n")
        (held,) = current(store.db, "maintenance")
    assert (held.version, held.valid_from, held.valid_to) == (2, None, None)
    assert held.body == {"scope": "mb;core", "start": at("2026-07-03"), "end": at("2026-07-04"), "reason": "升级"}
    assert outcome.changes[1] == (
        "  w: scope: site=S-MB,carrier=移动 -> mb;core; start: 2026-07-01T00:00:00+08:00 -> "
        "2026-07-03T00:00:00+08:00; end: 2026-07-02T00:00:00+08:00 -> 2026-07-04T00:00:00+08:00"
    )


@pytest.mark.parametrize(
    "scope",
    ["core", "L-1", "S-MB", "cloud", "cloud-web", "mb#if/7", "site=S-MB", "kind=tcp", "carrier=移动", "role=node",
     "module=tcp_connect", "target=mb", "site=S-MB,kind=tcp", "inline-1", "role=exit", "site=S-9"],
)  # fmt: skip
def test_scopes_that_match_by_id_or_by_pairs_of_targets(scope):
    inline = {"inline-1": {"role": "exit", "site_id": "S-9", "kind": "icmp", "module": "icmp"}}
    with registers() as store:
        store.city()
        text = f'window_id,scope,start,end,reason\nw,"{scope}",2026-07-01,2026-07-02,x\n'
        assert store.take("maintenance", text, known=knows(targets=inline)).tally.added == 1


def test_headings_in_chinese_and_a_map_of_one_s_own():
    text = "线路名称,本端,对端站点名,运营商,带宽,IP地址\n毛坝专线,S-CORE,S-MB,电信,100M,10.61.0.2\n"
    with registers() as store:
        store.city().take("links", text, mapping={"对端站点名": "b_site"})
        body = store.bodies("links")["毛坝专线"]
    assert body == {
        "a_site": "S-CORE", "b_site": "S-MB", "carrier": "电信", "contracted_mbps": 100, "far_address": "10.61.0.2",
    }  # fmt: skip


def test_histories_know_the_targets_and_links_of_the_store():
    history = "target_id,at,state\nmb,2025-01-01T00:00:00+08:00,up\nL-2,2025-01-01T00:00:00+08:00,up\n"
    with registers() as store:
        store.city()
        outcome = store.take("history", history, as_of=at("2026-01-01"))
        said = store.refused("history", history.replace("L-2", "L-9"), as_of=at("2026-01-01"))
        made = {(one.target, one.kind) for one in store.reader.components()}
    assert outcome.created == ("L-2", "mb")
    assert made == {("L-2", "link"), ("mb", "tcp")}
    assert said == [
        (
            "history.csv:3: target_id: got the unknown id L-9, wanted a known one (--create-targets makes new ones); "
            "did you mean L-2?"
        )
    ]


def test_what_the_configuration_knows_travels_to_another_process():
    known = knows(planes=frozenset({"公用", "业务"}), targets={"a": {"kind": "icmp", "parents": ["b"]}})
    there = known_from_json(known.to_json())
    assert (there.planes, there.vantage, dict(there.targets)) == (known.planes, "core-room", dict(known.targets))
    assert {name: module.options for name, module in there.modules.items()} == {
        name: module.options for name, module in known.modules.items()
    }
    assert isinstance(there, Known)


def test_the_command_takes_a_register_and_says_what_it_would_do(tmp_path):
    city = City(tmp_path)
    path = city.file("站点.csv", SITES.replace("division_code", "来源文件").encode("gb18030"))
    dry = city.run("import", "sites", path, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert dry.stdout.splitlines()[1:] == ["added: 3 (S-CORE, S-MB, S-ZY)", "dry run: nothing was written"]
    assert city.run("import", "sites", path).exit_code == 0
    bad = city.run("import", "targets", city.file("t.csv", "target_id,kind,address,site_id\na,icmp,10.0.0.1,S-MX\n"))
    assert (bad.exit_code, bad.stdout) == (2, "")
    assert bad.stderr.splitlines() == [
        (
            f"{tmp_path}/t.csv:2: site_id: got the unknown site S-MX, wanted the id of a site in this file or imported "
            "before; did you mean S-MB?"
        ),
        f"sla-agent: {tmp_path}/t.csv: refused, 1 problem; nothing was applied",
    ]


def test_a_whole_city_of_targets_is_taken_and_taken_again():
    head = "target_id,kind,address,parents,carrier,in_service_from\n"
    rows = [
        f"t{number},icmp,10.0.{number >> 8}.{number & 255},{f't{number // 50}' if number else ''},电信,2025/1/1\n"
        for number in range(43_000)
    ]
    with registers() as store:
        outcome = store.take("targets", head + "".join(rows))
        again = store.take("targets", head + "".join(reversed(rows)))
        count, last = store.db.execute("SELECT count(*), max(version) FROM register_rows").fetchone()
        body = store.bodies("targets")["t42999"]
    assert (outcome.rows, outcome.targets, outcome.tally.added) == (43_000, 43_000, 43_000)
    assert (again.changed, again.tally.known) == (False, 43_000)
    assert (count, last) == (43_000, 1)
    assert body == {
        "kind": "icmp", "address": "10.0.167.247", "parents": ["t859"], "carrier": "电信",
        "in_service_from": at("2025-01-01"),
    }  # fmt: skip


@pytest.mark.parametrize("register", REGISTERS)
def test_registers_go_in_in_the_order_of_the_catalogue(register):
    """What a register refers to comes before it, but parents, which targets may share with what comes later."""
    names = list(REGISTERS)
    for field in REGISTERS[register].fields:
        if field.refers and field.refers != ("planes",) and field.name != "parents":
            assert all(names.index(other) <= names.index(register) for other in field.refers), field.name


def workbook(accepted: datetime) -> bytes:
    """A ledger as people keep it: a title over all of it, numbers of rows, real dates, codes that are numbers."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("站点台账")
        day = book.add_format({"num_format": "yyyy/m/d"})
        sheet.merge_range(0, 0, 0, 3, "接入单位台账")
        sheet.write_row(1, 0, ["序号", "站点编号", "接入单位", "验收日期"])
        sheet.write_row(2, 0, [1, 610924, "紫阳县政府"])
        sheet.write_datetime(2, 3, accepted, day)
    return file.getvalue()


def test_a_workbook_s_dates_and_codes_are_read_and_problems_name_its_sheet():
    with registers() as store:
        said = store.refused("sites", workbook(datetime(2026, 6, 2)), file="台账.xlsx")
        store.take("sites", workbook(datetime(2025, 3, 1)), file="台账.xlsx")
        (row,) = store.rows("sites")
    assert (row.id, row.body) == ("610924", {"name": "紫阳县政府", "accepted_on": at("2025-03-01")})
    assert len(said) == 1
    assert said[0].startswith("台账.xlsx[站点台账]:3: accepted_on: got 2026")
    assert said[0].endswith("wanted a time that has come (it is 2026-06-01T00:00:00+08:00); correct the time")


def test_a_simulated_store_says_so_of_rows_of_any_kind(tmp_path):
    city = City(tmp_path)
    path = city.file("sites.csv", SITES)
    with closing(connect(Location(city.store, simulated=True))) as connection:
        migrate(connection, Location(city.store, simulated=True))
    for options in (["--dry-run"], [], []):
        said = city.run("import", "sites", path, *options)
        assert said.exit_code == 0, said.output
        assert said.stdout.splitlines()[0] == SIMULATED_STORE
    (tmp_path / "real").mkdir()
    assert "SIMULATED" not in City(tmp_path / "real").run("import", "sites", path).stdout
