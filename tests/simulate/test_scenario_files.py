"""Bad scenarios: every mistake at once, by line, with what was wanted; and what the command refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.config import ConfigError
from agent.errors import UsageError
from agent.simulate.setting import prepare
from agent.stores.holder import Holder
from agent.stores.opening import Location
from tests.simulate.plays import TINY, ledger, played, written

DAY = TINY.format(to="2025-03-02", interval="60s")
RUNNER = CliRunner()

BAD = {
    "events: [{at: 2025-03-01T01:00:00+08:00, what: line_cut, where: L-610902-9}]": "events[0].where: got L-610902-9",
    "events: [{at: 2025-03-01T01:00:00+08:00, what: lines_cut, where: S-610900}]": "wanted the id of a site with lines",
    "events: [{at: 2025-03-05T01:00:00+08:00, what: silent, where: SYS-001}]": "events[0].at: got a time outside",
    "events: [{at: soon, what: silent, where: SYS-001}]": "events[0].at: got soon",
    "events: [{at: 2025-03-01, what: agent_down}]": "events[0].for: got nothing, wanted how long",
    "events: [{at: 2025-03-01, for: 1h, what: agent_down, where: S-610902}]": "agent_down has no place",
    "events: [{at: 2025-03-01, what: flapping, where: L-610902-1}]": "events[0].for: got nothing",
    "events: [{at: 2025-03-01, what: silent, where: SYS-001, delay: 2s}]": "events[0].delay: got it with silent",
    "events: [{at: 2025-03-01, what: silent, where: SYS-001, clean: true}]": "wanted it with agent_down only",
    "events: [{at: 2025-03-01, what: silenced, where: SYS-001}]": "events[0].what: got silenced",
    "entered: [{kind: sights, rows: [{a: b}]}]": "entered[0].kind: got sights, wanted a register",
    "entered: [{kind: sites, rows: [{site: b}]}]": "entered[0].rows[0].site: got an unknown column",
    "entered: [{kind: sites}]": "wanted one of `rows` and `file`",
    "entered: [{kind: sites, recorded_at: 2026-01-01, rows: [{site_id: b}]}]": "entered[0].recorded_at: got 2026-01-01",
    "entered: [{kind: sites, rows: [{site_id: S-9, accepted_on: 2025-09-01}]}]": "entered[0].rows[0].accepted_on: got",
    "entered: [{kind: links, rows: [{link_id: L-9, a_site: S-610900}]}]": "entered[0]",
    "stories: []": "stories: got an unknown option",
}


@pytest.mark.parametrize("text", BAD)
def test_a_mistake_is_told_by_its_line(text: str, tmp_path: Path) -> None:
    path = written(tmp_path, DAY + text + "\n")
    with pytest.raises(ConfigError) as caught:
        prepare(path, tmp_path)
    last = len((DAY + text).splitlines())
    assert f"{path}:{last}: " in str(caught.value)
    assert BAD[text] in str(caught.value)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    text = DAY + "events:\n  - {at: soon, what: silent, where: SYS-001}\n  - {at: 2025-03-01, what: silent, where: X}\n"
    with pytest.raises(ConfigError) as caught:
        prepare(written(tmp_path, text), tmp_path)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(("start", "end"), [("2025-03-02", "2025-03-02"), ("2025-03-01", "2028-03-01")])
def test_times_of_the_whole(start: str, end: str, tmp_path: Path) -> None:
    text = f"name: n\nfrom: {start}\nto: {end}\n"
    with pytest.raises(ConfigError, match=r":3: to: got an end"):
        prepare(written(tmp_path, text), tmp_path)


def test_a_city_that_is_too_large(tmp_path: Path) -> None:
    text = "name: n\nfrom: 2025-03-01\nto: 2025-03-02\ncity: {scale: city, channels: 10}\n"
    with pytest.raises(UsageError, match="wanted at most 300"):
        prepare(written(tmp_path, text), tmp_path)


def run(path: Path, store: Path, *more: str) -> tuple[int, str]:
    done = RUNNER.invoke(app, ["simulate", "--scenario", str(path), "--store", f"sqlite:///{store}", *more])
    return done.exit_code, done.output


def test_the_command_marks_what_it_makes(tmp_path: Path) -> None:
    path, store = written(tmp_path, DAY), tmp_path / "s.db"
    status, said = run(path, store)
    assert (status, said.splitlines()[0]) == (0, "模拟数据 SIMULATED")
    asked = RUNNER.invoke(
        app,
        [
            "availability",
            "--store",
            f"sqlite:///{store}",
            "--target",
            "SYS-001",
            "--from",
            "2025-03-01",
            "--to",
            "2025-03-02",
            "--json",
        ],
    )
    told = json.loads(asked.output)
    assert told["simulated"] is True
    assert told["us"]["down"] == 0
    assert told["us"]["up"] > 86_000_000_000


def test_the_command_for_programs(tmp_path: Path) -> None:
    status, said = run(written(tmp_path, DAY), tmp_path / "s.db", "--json")
    told = json.loads(said)
    assert (status, told["simulated"], told["scenario"]) == (0, True, "tiny")
    assert told["readings"] > told["produced"]


def test_a_store_that_is_there_is_refused(tmp_path: Path) -> None:
    path, store = written(tmp_path, DAY), tmp_path / "s.db"
    assert run(path, store)[0] == 0
    before = store.read_bytes()
    status, said = run(path, store)
    assert (status, store.read_bytes()) == (2, before)
    assert "wanted a new file" in said


def test_a_store_that_is_held_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with Holder(Location(store), "a test"):
        status, said = run(written(tmp_path, DAY), store)
    assert status == 2
    assert "held by a test" in said


def test_a_register_that_changes_on_a_date(tmp_path: Path) -> None:
    """A target that is entered at noon is probed from then on."""
    rows = (
        "entered:\n"
        "  - {kind: targets, recorded_at: 2025-03-01T12:00:00+08:00, rows: [{target_id: NEW-1, kind: tcp, address:"
        " '10.59.0.99:22', module: lab_port, plane: business, site_id: S-610900}]}\n"
    )
    with played(written(tmp_path, DAY + rows), tmp_path) as (reader, _):
        component = reader.component("NEW-1")
        assert component is not None
        (mark, *_) = reader.marks(component.id)
        assert 0 <= mark.at - 1_740_801_600_000_000 <= 10_000_000
        assert ledger(reader)["counts"]
