"""The agent is told of a town what the scenario says, and asks nothing of its lines that the scenario does not ask."""

from pathlib import Path

import pytest

from agent.config import load
from collectors import KINDS
from tests.acceptance.scenario import read
from tests.acceptance.town import Town

FILES = sorted(Path(__file__).parent.glob("*.yml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_line_of_no_tier_may_lose_what_the_scenario_says_or_everything(path: Path, tmp_path: Path) -> None:
    """A line without a tier keeps the strictest of all: one that is left out here would judge the town's lines."""
    scenario = read(path)
    tiers = load(Town(scenario).write(tmp_path), KINDS).tiers
    assert tiers.of(None).loss_ratio == scenario.limits.get("loss_ratio", 1.0)
