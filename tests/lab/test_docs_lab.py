"""docs/lab.md, in both languages, names every option, action and port of the lab, and nothing more."""

import re
from pathlib import Path

import pytest
import typer

from agent.cli.main import app
from agent.lab.addresses import _RECORDER_PORTS, _V6_PORTS, BASE, PORTS
from agent.lab.script import WHATS, Action, read_story
from tests.lab.worlds import city

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("lab.md", "lab.zh.md")


def rows(page: str, columns: int) -> list[list[str]]:
    """The rows of its tables with so many columns, cell by cell."""
    found = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text(page).splitlines() if line[:1] == "|"
    ]
    return [cells for cells in found if len(cells) == columns and "---" not in cells[0]]


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_option_is_there_with_its_default(page):
    command = typer.main.get_command(app).commands["lab"]
    wanted = {
        option.opts[0]: str(option.default)
        for option in command.params
        if option.default not in (None, False) and option.opts[0] != "--help"
    }
    told = {cells[0].strip("`"): cells[1].strip("`") for cells in rows(page, 3) if cells[0].startswith("`--")}
    assert {name: value for name, value in told.items() if name in wanted} == wanted
    assert told.keys() - wanted.keys() == {"--story", "--city", "--write-only"}
    assert str(BASE) in told.values()


@pytest.mark.parametrize("page", PAGES)
def test_every_action_is_there_with_the_defaults_of_its_options(page):
    told = {cells[0].strip("`"): cells[2] for cells in rows(page, 3) if cells[0].strip("`") in WHATS}
    assert tuple(told) == WHATS
    fields = Action.model_fields
    assert "`period`" in told["flapping"]
    assert f"{fields['period'].default:g}s" in told["flapping"]
    assert "`ratio`" in told["loss"]
    assert str(fields["ratio"].default) in told["loss"]
    assert "`delay`" in told["slow"]
    assert f"{fields['delay'].default:g}s" in told["slow"]


@pytest.mark.parametrize("page", PAGES)
def test_every_port_is_there(page):
    told = " ".join(cells[0] for cells in rows(page, 2))
    assert {int(number) for number in re.findall(r"(?<![A-Z-])\b\d{2,4}\b", told)} >= {
        *PORTS.values(),
        _V6_PORTS,
        _RECORDER_PORTS,
    }


@pytest.mark.parametrize("page", PAGES)
def test_the_story_that_is_shown_can_be_played(page, tmp_path):
    shown = re.search(r"```yaml\n(repeat:.*?)```", text(page), re.DOTALL)
    assert shown
    file = tmp_path / "story.yml"
    file.write_text(shown[1], encoding="utf-8")
    assert len(read_story(file, city()).actions) == 2


def test_both_pages_have_the_same_tables_and_blocks():
    def codes(page):
        return [re.findall(r"`[^`]+`", cells[0]) for cells in rows(page, 3)]

    assert codes(PAGES[0]) == codes(PAGES[1])
