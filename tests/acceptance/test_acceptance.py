"""The whole agent on a real network that breaks: what it says in the end is what a person worked out beforehand.

Each scenario is a file of this folder. The agent runs in a namespace of its own with nothing but its configuration; the
lab cuts lines and drops packets; then `sla-agent faults` and `sla-agent availability` are held against the answer.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.cli.common import open_reader, place
from agent.cli.main import app
from sla.maintenance import union
from sla.model import Window
from tests.acceptance.holding import Marks, check_faults, check_outages, check_times, check_vantage
from tests.acceptance.scenario import Scenario, read
from tests.acceptance.stage import Stage, running
from tests.acceptance.town import Town, standing
from tests.e2e.running import DEADLINE_SECONDS
from tests.lab.netns_worlds import need_lab

FOLDER = Path(__file__).parent
SCENARIOS = sorted(FOLDER.glob("*.yml"))
WANTED = {"line_cut", "both_lines", "county_uplink", "own_uplink", "own_device", "flapping", "loss", "ipv6_down"}


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_agent_says_what_was_worked_out_by_hand(path: Path, tmp_path: Path):
    need_lab()
    scenario = read(path)
    town = Town(scenario)
    config = town.write(tmp_path)
    with standing(town) as net, running(net, config, tmp_path / "log") as agent:
        stage = Stage(net, agent)
        stage.play(scenario)
        assert agent.stop() == 0, (tmp_path / "log").read_text(encoding="utf-8")
    hold(scenario, config, stage.marks)


def hold(scenario: Scenario, config: Path, marks: Marks) -> None:
    """Every figure of the answer against the agent's own commands."""
    faults = asked(config, "faults", "--json")
    check_faults(scenario.faults, faults, marks)
    check_vantage(scenario.vantage, cut_off(config), marks)
    for id_, wanted in scenario.availability.items():
        window = ("--from", iso(marks["up"].after), "--to", iso(marks["end"].before))
        told = answered(config, "availability", "--target", id_, *window, "--json")
        check_times(id_, wanted, told, marks)
        check_outages(id_, wanted, told, faults["faults"])


def cut_off(config: Path) -> list[Window]:
    """When the vantage was cut off, from any plane, as the ledger has it."""
    found, since = [], {}
    with open_reader(place(None, config).location) as reader:
        for _, record in reader.vantage_records(("isolated", "isolation_ended")):
            if record.kind == "isolated":
                assert since.setdefault(record.body, record.at) == record.at, "told twice"
            else:
                found.append(Window(since.pop(record.body), record.at))
    assert since == {}, "still cut off"
    return union(found)


def asked(config: Path, *words: str) -> Any:
    """What a command prints, as a process of its own, outside of the lab's network."""
    command = [sys.executable, "-m", "agent", *words, "--config.file", str(config)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def answered(config: Path, *words: str) -> Any:
    """The same command without the second it takes to start."""
    said = CliRunner().invoke(app, [*words, "--config.file", str(config)])
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


def iso(us: int) -> str:
    seconds, rest = divmod(us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest).isoformat(timespec="microseconds")


def test_every_scenario_that_was_asked_for_is_there():
    assert {path.stem for path in SCENARIOS} >= WANTED
