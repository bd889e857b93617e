"""Every command and option is documented, and nothing more; both languages say the same."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from agent.cli.main import app
from agent.metrics import SELF_FAMILIES

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
OPERATIONS = ("docs/operations.md", "docs/operations.zh.md")

COMMANDS = get_command(app).commands
OPTIONS = {
    name: {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    for name, command in COMMANDS.items()
}
ARGUMENTS = {
    name: [parameter.metavar for parameter in command.params if parameter.param_type_name == "argument"]
    for name, command in COMMANDS.items()
}


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def table(page: str) -> dict[str, tuple[list[str], set[str]]]:
    """The table of commands: name to arguments and options."""
    found = {}
    for line in read(page).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[1].startswith("`--"):
            name, *arguments = cells[0].strip("`").split()
            found[name] = (arguments, set(re.findall(r"`(--[^`]+)`", cells[1])))
    return found


@pytest.mark.parametrize("page", READMES)
def test_the_table_of_commands_is_the_program_s(page):
    assert {name: options for name, (_, options) in table(page).items()} == OPTIONS


@pytest.mark.parametrize("page", READMES)
def test_the_arguments_are_named_as_the_program_names_them(page):
    assert {name: arguments for name, (arguments, _) in table(page).items()} == ARGUMENTS


@pytest.mark.parametrize("page", [*READMES, *OPERATIONS])
def test_no_page_shows_a_command_or_option_that_does_not_exist(page):
    shown = re.findall(r"sla-agent ([a-z]+)(?![a-z/])((?: [^`\n]*)?)", code_of(page))
    assert shown
    for name, rest in shown:
        assert name in COMMANDS
        assert set(re.findall(r"(?<!\S)(--[a-z.-]+)", rest)) <= OPTIONS[name], f"{name}{rest}"


def code_of(page: str) -> str:
    """What stands in code spans and blocks, where commands are written."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", read(page), re.DOTALL))


@pytest.mark.parametrize("pages", [READMES, OPERATIONS])
def test_both_languages_show_the_same_code(pages):
    english, chinese = (sorted(re.findall(r"`[^`\n]+`", read(page))) for page in pages)
    assert english == chinese


@pytest.mark.parametrize("page", OPERATIONS)
def test_the_metrics_to_watch_exist(page):
    named = {re.sub("_(bucket|count|sum)$", "", name) for name in re.findall(r"\bsla_agent_[a-z_]+", read(page))}
    assert len(named) >= 10
    assert named <= {family.name for family in SELF_FAMILIES}


@pytest.mark.parametrize("page", [*READMES, *OPERATIONS])
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", read(page)):
        file, _, heading = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), link
        if heading:
            assert heading in headings(target), link


def headings(file: Path) -> set[str]:
    """The anchors of a page, as they are made of its headings."""
    texts = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).lower().replace(" ", "-") for text in texts}
