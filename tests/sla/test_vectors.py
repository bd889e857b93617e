"""Every vector of the method that the pure core can show stands in some scenario that an auditor can read."""

from pathlib import Path

import yaml

PROCESS = {17}
"""Of the clocks: shown on the real process, tests/e2e/test_clock.py."""

LATER = {20, 22, 23, 24, 32}
"""Of coverage, seals, the city's size and working days, which this release does not compute."""


def _shown() -> set[int]:
    numbers: set[int] = set()
    for file in Path(__file__).parent.glob("cases*/*.yml"):
        for case in yaml.safe_load(file.read_text(encoding="utf-8")):
            said = case.get("vector", [])
            numbers.update(said if isinstance(said, list) else [said])
    return numbers


def test_every_vector_has_a_scenario_or_a_reason_for_none() -> None:
    assert _shown() == set(range(1, 45)) - PROCESS - LATER


def test_the_clock_s_vector_is_shown_on_the_real_process() -> None:
    text = (Path(__file__).parents[1] / "e2e" / "test_clock.py").read_text(encoding="utf-8")
    assert "vector 17" in text
