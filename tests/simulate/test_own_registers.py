"""A scenario in somebody's own agent.yml and registers: the lab's own papers, named so, make the same ledger."""

from pathlib import Path

import pytest

from agent.config import ConfigError
from agent.lab.addresses import plan
from agent.lab.building import build
from agent.lab.city_file import read_city_file
from agent.lab.registers import write
from agent.simulate.setting import prepare
from tests.simulate.plays import ledger, played, written

CITY = Path(__file__).parents[2] / "config" / "lab" / "ankang.yml"
TIMES = "name: n\nfrom: 2025-03-01\nto: 2025-03-01T02:00:00+08:00\n"
EVENTS = """\
events:
  - {at: 2025-03-01T00:20:00+08:00, for: 10m, what: lines_cut, where: S-610981}
  - {at: 2025-03-01T00:40:00+08:00, for: 5m, what: own_uplink_dead}
  - {at: 2025-03-01T01:00:00+08:00, for: 4m, what: slow, where: SYS-002, delay: 1500ms}
  - {at: 2025-03-01T01:10:00+08:00, for: 4m, what: agent_down}
"""


def papers(folder: Path) -> None:
    city = build(read_city_file(CITY), "small")
    write(folder, city, plan(city, "netns"), listen_address="127.0.0.1:9610", seconds=(60, 60))
    (folder / "ca.pem").touch()


def test_own_registers_are_as_good_as_the_lab_s(tmp_path: Path) -> None:
    own, lab = tmp_path / "own", tmp_path / "lab"
    own.mkdir()
    lab.mkdir()
    papers(own)
    mine = written(own, TIMES + "city: {agent: agent.yml}\n" + EVENTS)
    theirs = written(lab, TIMES + "interval: 60s\ncamera_interval: 60s\n" + EVENTS)
    with played(mine, own) as (one, _), played(theirs, lab) as (other, _):
        found, wanted = ledger(one), ledger(other)
        assert found["edges"]
        assert {table: rows for table, rows in found.items() if table != "records"} == {
            table: rows for table, rows in wanted.items() if table != "records"
        }


def test_a_city_is_said_once(tmp_path: Path) -> None:
    papers(tmp_path)
    text = TIMES + "city: {agent: agent.yml, townships: 2}\n"
    with pytest.raises(ConfigError, match=r":4: city.townships: got it beside agent"):
        prepare(written(tmp_path, text), tmp_path)
