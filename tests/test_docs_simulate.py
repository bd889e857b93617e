"""docs/simulate.md in both languages: exactly the keys, events and stories that the program has."""

from pathlib import Path
from typing import get_args

import pytest
import yaml

from agent.simulate.schema import City, Entered, Event, Scenario, What
from agent.simulate.setting import prepare

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "config" / "scenarios"
PAGES = ("docs/simulate.md", "docs/simulate.zh.md")
MODELS = (Scenario, City, Event, Entered)


def keys(model: type) -> dict[str, str]:
    return {info.alias or name: info.description for name, info in model.model_fields.items()}


def tables(page: str) -> list[dict[str, list[str]]]:
    """The tables of a page: the first cell to the others, in order."""
    found: list[dict[str, list[str]]] = []
    is_table = False
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("|---"):
            found.append({})
        elif line.startswith("| `") and is_table:
            first, *rest = (cell.strip() for cell in line.strip("|").split("|"))
            found[-1][first.strip("`")] = rest
        is_table = line.startswith("|")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_key_and_nothing_more(page: str) -> None:
    scenario, city, event, whats, entered, stories = tables(page)
    for model, told in zip(MODELS, (scenario, city, event, entered), strict=True):
        assert list(told) == list(keys(model))
        for key, (default, _) in told.items():
            info = next(info for name, info in model.model_fields.items() if (info.alias or name) == key)
            assert (default in ("required", "必填")) is info.is_required(), key
    assert set(whats) == {word for arm in get_args(What) for word in get_args(arm) or (arm,)}
    assert set(stories) == {path.stem for path in SCENARIOS.glob("*.yml")}


def test_the_page_says_what_the_schema_says() -> None:
    scenario, city, event, _, entered, _ = tables(PAGES[0])
    for model, told in zip(MODELS, (scenario, city, event, entered), strict=True):
        assert {key: rest[-1] for key, rest in told.items()} == keys(model)


def test_the_template_has_every_key_and_is_right(tmp_path: Path) -> None:
    path = SCENARIOS / "template.yml"
    script, _ = prepare(path, tmp_path)
    assert {event.what for event in script.scenario.events} >= {"flapping", "agent_down"}
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    text = path.read_text(encoding="utf-8")
    assert set(told) == set(keys(Scenario))
    for key in (*keys(City), *keys(Event), *keys(Entered)):
        assert f"{key}:" in text, key
