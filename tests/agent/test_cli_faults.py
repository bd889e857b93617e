"""sla-agent faults as people and programs use it: list, show, ack, annotate, report, and what is refused."""

import re
import socket
from pathlib import Path

import pytest

from agent.cli.common import os_user
from agent.stores.noting import FaultEvent
from agent.stores.writing import SqliteWriter
from sla.faults import fault_id
from tests.agent.cli_agent import Said, running, sla_agent, wait_for, write_config
from tests.agent.figure_cases import Books, books
from tests.agent.import_cases import at

CORE = fault_id("core", at("2025-05-01T08:00:00"))
LINE = fault_id("line", at("2025-08-01T00:00:00"))
OPEN = fault_id("line", at("2025-12-31T23:00:00"))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two targets, one behind the other, and a year of states."""
    path = tmp_path / "ledger.db"
    with books(path) as made:
        made.enter(
            "targets",
            "target_id,kind,address,role,parents,carrier,responsible_unit",
            "core,icmp,10.0.0.1,core,,,市大数据中心",
            "node,icmp,10.0.0.2,node,core,,",
            "line,icmp,10.0.0.3,line,,电信,",
        )
        made.states(
            "core,2025-01-01,up", "core,2025-05-01T08:00:00,down", "core,2025-05-01T10:00:00,up",
            "node,2025-01-01,up", "node,2025-05-01T08:00:40,down", "node,2025-05-01T10:00:50,up",
            "line,2025-01-01,up", "line,2025-08-01,down", "line,2025-08-01T04:00:00,up",
            "line,2025-12-31T23:00:00,down",
        )  # fmt: skip
    return path


def ask(store: Path, *words: str) -> Said:
    """One command on the store alone."""
    return sla_agent("faults", *words, "--config.file", _no_targets(store), "--store", f"sqlite:///{store}")


def _no_targets(store: Path) -> Path:
    config = store.parent / "agent.yml"
    if not config.exists():
        config.write_text(f'vantage: {{name: core}}\nstore: {{url: "sqlite:///{store}"}}\n', encoding="utf-8")
    return config


YEAR = ("--period", "2025", "--as-of", "2026-01-01")


def test_the_answer_for_machines_has_exactly_the_keys_of_the_interface_in_its_order(store):
    told = ask(store, *YEAR, "--json").json
    assert list(told) == ["faults", "planned", "quality", "gaps", "rate"]
    assert list(told["faults"][0]) == [
        "id", "root", "role", "start", "onset", "detected", "restored", "outcome", "members", "priority", "overrun",
        "repeat", "withdrawn", "source",
    ]  # fmt: skip
    assert list(told["rate"]) == ["in_time", "late", "pending", "undecided", "n", "low", "high", "allowed_late"]


def test_the_faults_of_a_year_and_their_rate(store):
    told = ask(store, *YEAR, "--json").json
    assert [(fault["id"], fault["outcome"], fault["members"]) for fault in told["faults"]] == [
        (CORE, "in_time", ["node"]), (LINE, "late", []), (OPEN, "pending", []),
    ]  # fmt: skip
    assert told["faults"][0] == {
        "id": CORE,
        "root": "core",
        "role": "core",
        "start": "2025-05-01T08:00:00+08:00",
        "onset": ["2025-05-01T08:00:00+08:00", "2025-05-01T08:00:00+08:00"],
        "detected": None,
        "restored": ["2025-05-01T10:00:00+08:00", "2025-05-01T10:00:00+08:00"],
        "outcome": "in_time",
        "members": ["node"],
        "priority": "P1",
        "overrun": False,
        "repeat": False,
        "withdrawn": False,
        "source": "imported",
    }
    assert told["rate"] == {
        "in_time": 1, "late": 1, "pending": 1, "undecided": 0, "n": 2, "low": [1, 2], "high": [1, 2],
        "allowed_late": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("period", "found"),
    [("2025", 3), ("2025-Q2", 1), ("2025-Q3", 1), ("2025-05", 1), ("2025-06", 0), ("2024", 0)],
)
def test_a_period_is_a_year_a_quarter_or_a_month(store, period, found):
    assert len(ask(store, "list", "--period", period, "--json").json["faults"]) == found


def test_without_a_period_it_is_the_running_year_of_as_of(store):
    assert len(ask(store, "--as-of", "2025-09-01", "--json").json["faults"]) == 2
    assert ask(store, "--json").json["faults"] == []  # this year, whichever it is


def test_as_of_cuts_time(store):
    (fault,) = ask(store, "--period", "2025-05", "--as-of", "2025-05-01T09:00:00+08:00", "--json").json["faults"]
    assert (fault["restored"], fault["outcome"]) == (None, "pending")


def test_an_outage_of_which_nothing_more_is_known_is_undecided_after_3_hours(store):
    told = ask(store, "--period", "2025-12", "--as-of", "2026-01-01T02:00:00.000001+08:00", "--json").json
    # the history holds until 2026-01-01 00:00, after 1 h of DOWN; what came then nobody knows (F10)
    assert [fault["outcome"] for fault in told["faults"]] == ["undecided"]
    assert (told["rate"]["low"], told["rate"]["high"]) == ([0, 1], [1, 1])


def test_people_see_every_fault_with_its_lasting_and_the_rate(store):
    told = ask(store, *YEAR)
    assert told.code == 0
    lines = told.out.splitlines()
    (core,) = [line for line in lines if line.startswith(CORE)]
    assert core.split() == [
        CORE, "core", "core", "P1", "2025-05-01T08:00:00+08:00", "2025-05-01T10:00:00+08:00", "2:00:00", "in_time",
        "1", "imported",
    ]  # fmt: skip
    assert "lasting [shortest, longest]" in told.out
    assert "1:00:00 so far" in told.out
    assert lines[-1] == (
        "rate within 3 h: 50.00 % (1/2) to 50.00 % (1/2): in time 1, late 1, undecided 0, n 2; pending 1"
    )


def test_a_narrow_terminal_gets_lines_that_fit_it(store, monkeypatch):
    monkeypatch.setattr("agent.cli.common._WIDTH", 80)
    told = ask(store, *YEAR)
    lines = told.out.splitlines()
    first = lines.index(f"{CORE}  core  core  P1  in_time")
    assert lines[first + 1 : first + 3] == [
        "  from 2025-05-01T08:00:00+08:00, restored 2025-05-01T10:00:00+08:00",
        "  2:00:00, 1 member  imported",
    ]
    assert max(map(len, lines)) <= 80


def test_nothing_to_rate_has_no_value(store):
    told = ask(store, "--period", "2024")
    assert "no fault" in told.out
    assert "rate within 3 h: no value, nothing to rate" in told.out
    assert "%" not in told.out


def test_what_people_write_is_printed_as_it_is(store):
    ask(store, "ack", CORE, "--text", "[red]已派单[/red] :smile:")
    assert ask(store, "show", CORE).out.splitlines()[-1].endswith(": [red]已派单[/red] :smile:")


def test_the_report_prints_what_stands_beside_the_rate(store):
    told = ask(store, "report", *YEAR)
    row = re.compile(r"(\S.*?) +([0-9.]+ % +[0-9.]+ %( +[0-9]+){5})")
    found = [match for line in told.out.splitlines() if (match := row.fullmatch(line))]
    assert {match[1]: " ".join(match[2].split()) for match in found} == {
        "priority P1-P3": "50.00 % 50.00 % 1 1 0 2 1",
        "priority P1": "100.00 % 100.00 % 1 0 0 1 0",
        "priority P3": "0.00 % 0.00 % 0 1 0 1 1",
        "responsible unit not on file": "0.00 % 0.00 % 0 1 0 1 1",
        "responsible unit 市大数据中心": "100.00 % 100.00 % 1 0 0 1 0",
        "carrier not on file": "100.00 % 100.00 % 1 0 0 1 0",
        "carrier 电信": "0.00 % 0.00 % 0 1 0 1 1",
        "evidence imported": "50.00 % 50.00 % 1 1 0 2 1",
        "without faults shorter than 5 min": "50.00 % 50.00 % 1 1 0 2 1",
        "without overruns": "50.00 % 50.00 % 1 1 0 2 1",
    }
    assert "clearing time of 2 restored: median 2 h 00 min 00 s, p95 4 h 00 min 00 s" in told.out
    assert CORE in told.out  # each fault with its duration stands in it too (F3)


def test_a_simulated_store_is_marked(store):
    with books(store) as made:
        SqliteWriter(made.writer._db).set_meta("simulated", "true")
    assert "模拟数据 SIMULATED" in ask(store, *YEAR).out
    assert "模拟数据 SIMULATED" in ask(store, "show", CORE).out


# what people say


def test_what_people_say_of_a_fault_is_recorded_with_its_author_and_shown(store):
    acked = ask(store, "ack", CORE, "--text", "已派单")
    noted = ask(store, "annotate", CORE, "--priority", "P2", "--cause", "电源", "--why", "夜间无业务")
    assert (acked.code, acked.out) == (0, f"{CORE}: ack recorded as {os_user()}\n")
    assert noted.out == f"{CORE}: priority, cause recorded as {os_user()}\n"
    shown = ask(store, "show", CORE, "--json").json
    assert shown["priority"] == "P1"  # the computed one stays
    said = [(note["kind"], note["value"], note["why"], note["recorded_by"]) for note in shown["notes"]]
    assert said == [
        ("ack", "已派单", "", os_user()),
        ("priority", "P2", "夜间无业务", os_user()),
        ("cause", "电源", "夜间无业务", os_user()),
    ]
    lines = ask(store, "show", CORE).out.splitlines()
    assert [line.partition(" at ")[0] for line in lines[-3:]] == [
        f"{kind} by {os_user()}" for kind in ("ack", "priority", "cause")
    ]
    assert lines[-2].endswith("+08:00: P2 (夜间无业务)")


def test_ack_and_annotate_answer_machines_too(store):
    assert ask(store, "ack", CORE, "--json").json == {
        "fault": CORE,
        "notes": [{"kind": "ack", "value": "", "why": "", "recorded_by": os_user()}],
    }


def test_one_fault_is_shown_with_everything_that_is_known_of_it(store):
    told = ask(store, "show", CORE).out.splitlines()
    assert told == [
        f"{CORE}  core  core  P1  in_time  imported",
        "clock from 2025-05-01T08:00:00+08:00",
        "onset 2025-05-01T08:00:00+08:00",
        "declared DOWN -",
        "restored 2025-05-01T10:00:00+08:00",
        "lasting [shortest, longest]: 2:00:00",
        "1 member: node",
        "responsible unit 市大数据中心",
        "carrier not on file",
    ]
    assert list(ask(store, "show", CORE, "--json").json)[-7:] == [
        "duration_us", "residual", "responsible_unit", "carrier", "desk", "notes", "paths",
    ]  # fmt: skip


def test_ack_goes_through_the_api_of_the_agent_that_holds_the_store(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    config = write_config(tmp_path, f'  - {{target_id: gone, kind: tcp, address: "127.0.0.1:{port}", module: fast}}\n')

    def opened() -> str | None:
        found = sla_agent("faults", "--config.file", config, "--json").json["faults"]
        return found[0]["id"] if found else None

    with running(config):
        fault = wait_for(opened)
        acked = sla_agent("faults", "ack", fault, "--text", "在路上", "--config.file", config)
        refused = sla_agent("faults", "ack", fault[:-1] + "_", "--config.file", config)
        shown = sla_agent("faults", "show", fault, "--config.file", config, "--json").json
    assert acked.out == f"{fault}: ack recorded as {os_user()}\n"
    assert (refused.code, f"did you mean {fault}?" in refused.err) == (2, True)
    assert [(note["value"], note["recorded_by"]) for note in shown["notes"]] == [("在路上", os_user())]


# refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--plan", "ankng"),
            "plan: got ankng, wanted a plan's id, or its file, which ends in .yml; did you mean ankang?",
        ),
        (("--period", "2025-13"), "--period: got '2025-13', wanted a year, a quarter or a month: 2025, 2025-Q2"),
        (("--period", "2199"), "in the future"),
        (("--period", "2025", "--as-of", "2024-06-01"), "not before as_of 2024-06-01T00:00:00+08:00"),
        (("--as-of", "2199-01-01"), "as_of 2199-01-01T00:00:00+08:00 lies in the future"),
        (("--as-of", "gestern"), "--as-of: got 'gestern', wanted ISO 8601"),
        (("show",), "faults show: got no ID"),
        (("ack",), "faults ack: got no ID"),
        (("show", CORE[:-1] + "_"), f"the store knows no such id; did you mean {CORE}?"),
        (("ack", CORE[:-1] + "_"), f"did you mean {CORE}?"),
        (("annotate", CORE), "got nothing to say, wanted --text, --priority, --cause or --responsible-unit"),
        (("annotate", CORE, "--priority", "P2"), "priority: got no reason, wanted why it differs"),
        (("annotate", CORE, "--priority", "P9", "--why", "x"), "priority: got P9, wanted one of P1, P2, P3, P4"),
        (("annotate", CORE, "--text", "\x07"), "printable characters"),
        (("list", CORE), f"faults list: got the ID {CORE}, wanted none; for one fault: sla-agent faults show ID"),
        (("report", CORE), "faults report: got the ID"),
        (("show", CORE, "--period", "2025"), "faults show: got --period or --plan, wanted none"),
        (("ack", CORE, "--as-of", "2025-06-01"), "faults ack: got --as-of, wanted none"),
        (("list", "--text", "hm"), "faults list: got something to write"),
        (("close",), "Invalid value"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_status_2_and_writes_nothing(store, words, said):
    refused = ask(store, *words)
    assert refused.code == 2
    assert said in refused.err
    assert refused.out == ""
    with books(store) as made:
        assert made.reader.fault_notes(CORE) == []


def test_a_store_that_is_not_there_is_not_made_by_an_ack(tmp_path):
    refused = ask(tmp_path / "ledger.db", "ack", CORE)
    assert refused.code == 2
    assert "no such file" in refused.err
    assert not (tmp_path / "ledger.db").exists()


def test_a_fault_that_is_one_no_more_names_the_one_that_it_joined(store):
    gone = fault_id("node", at("2025-05-01T08:00:40"))
    with books(store) as made:
        tell_joined(made, gone)
    refused = ask(store, "show", gone)
    assert refused.code == 2
    assert f"fault {gone}: it joined fault {CORE} at 2025-05-01T08:01:00+08:00; ask for that one" in refused.err


def tell_joined(made: Books, gone: str) -> None:
    """The running agent opened a fault of the node, then saw that the core had failed."""
    start, seen = at("2025-05-01T08:00:40"), at("2025-05-01T08:01:00")
    made.writer.add_fault_events(
        [
            FaultEvent(gone, 0, start, "opened", "node", start, None, start),
            FaultEvent(gone, 0, seen, "joined", "node", start, CORE, seen),
        ]
    )


def test_the_list_has_whole_seconds_and_one_fault_has_all_of_them(tmp_path):
    path = tmp_path / "ledger.db"
    with books(path) as made:
        made.enter("targets", "target_id,kind,address,role", "a,icmp,10.0.0.1,core")
        rows = ("a,2025-01-01,up", "a,2025-05-01T08:00:00.900000,down", "a,2025-05-01T11:00:00.900001,up")
        made.states(*rows)
    listed = ask(path, *YEAR).out
    assert "2025-05-01T08:00:00+08:00" in listed
    assert "3:00:01" in listed, "three hours and a microsecond are not three hours"
    assert " late" in listed
    assert not re.search(r":\d\d\.\d", listed)
    (id_,) = re.findall(r"^F-\w+", listed, re.MULTILINE)
    assert "3:00:00.000001" in ask(path, "show", id_).out
