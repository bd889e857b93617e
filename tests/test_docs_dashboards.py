"""docs/dashboards.md in both languages: the panels, variables, rules and options that there are, and nothing more."""

import re
from pathlib import Path

import pytest

from dashboards.builders.files import DASHBOARDS, FOLDER
from dashboards.builders.listing import listing
from dashboards.builders.model import Language
from dashboards.stack import wanted
from tests.dashboards.boards import CHINESE, board
from tests.dashboards.rules import PROMETHEUS, loaded

ROOT = Path(__file__).parents[1]
PAGES: dict[Language, str] = {"en": "docs/dashboards.md", "zh": "docs/dashboards.zh.md"}
EDITIONS = pytest.mark.parametrize("language", PAGES)


def read(language: Language) -> str:
    return (ROOT / PAGES[language]).read_text(encoding="utf-8")


@EDITIONS
def test_the_page_lists_every_panel_word_for_word_and_nothing_more(language: Language) -> None:
    text = read(language)
    assert listing(language) in text
    assert len(re.findall(r"^### ", text, re.MULTILINE)) == len(DASHBOARDS)


@EDITIONS
def test_every_variable_is_said_of_the_dashboards_that_have_it(language: Language) -> None:
    (block,) = re.findall(r"(?:^\|.*`datasource`.*\n)(?:\|.*\n)+", read(language), re.MULTILINE)
    told = {
        (name, uid)
        for line in block.splitlines()[1:]
        for cells in [line.strip("|").split("|")]
        for name in re.findall(r"`(\w+)`", cells[0])
        for uid in re.findall(r"`(sla-\w+)`", cells[2])
    }
    there = {
        (variable["name"], board(path)["uid"])
        for path in CHINESE
        for variable in board(path)["templating"]["list"]
        if variable["name"] != "datasource"
    }
    assert told == there


@EDITIONS
def test_every_recording_rule_of_the_dashboards_is_listed(language: Language) -> None:
    rules = [rule["record"] for rule in loaded(PROMETHEUS / "dashboards.rules.yml")["groups"][0]["rules"]]
    assert re.findall(r"^\| `(\w+:\w+:\w+)` \|", read(language), re.MULTILINE) == rules


@EDITIONS
def test_the_options_of_the_demo_stack_are_those_it_has(language: Language, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        wanted.parse(["--help"])
    there = re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    told = re.findall(r"^\| `(--[a-z-]+)` \| (\S+)", read(language), re.MULTILINE)
    assert [option for option, _ in told] == there
    defaults = vars_of(wanted.parse([]))
    for option, default in told:
        if re.fullmatch(r"`[^`]+`", default):
            assert default.strip("`") == f"{defaults[option]}", option


def vars_of(asked: wanted.Wanted) -> dict[str, str]:
    return {
        f"--{name.replace('_', '-')}": f"{value:g}" if isinstance(value, float) else str(value)
        for name in wanted.Wanted.__dataclass_fields__
        for value in [getattr(asked, name)]
    }


@EDITIONS
def test_what_the_page_names_exists(language: Language) -> None:
    text = read(language)
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert (ROOT / "docs" / link).exists(), link
    for folder in re.findall(r"`(dashboards/[a-z/]+)`", text):
        assert (ROOT / folder).exists(), folder
    assert FOLDER == ROOT / "dashboards" / "grafana"


def test_both_pages_have_the_same_commands() -> None:
    english, chinese = (re.findall(r"^```.*?^```$", read(language), re.MULTILINE | re.DOTALL) for language in PAGES)
    assert english == chinese
