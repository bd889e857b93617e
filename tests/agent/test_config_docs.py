"""Both pages on configuration, and config/agent.example.yml, are held to the schema."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.config import Role, load
from agent.config.builtin import BUILT_IN, DEFAULT_MODULES
from agent.config.schema import Document
from agent.config.show import duration
from agent.config.tokens import TOKENS
from collectors.base import Module
from tests.agent.config_fakes import KINDS
from tests.option_tables import Option, is_chinese, options, read, spans, tables

ROOT = Path(__file__).parents[2]
TIMEOUT = "modules.NAME.timeout"  # of the kinds, so the schema of the document does not have it


class Edition(NamedTuple):
    """One language of the page."""

    language: str
    page: Path
    options_head: list[str]
    modules_head: list[str]
    default_kind: str
    timeout: str

    def rows(self, head: list[str]) -> list[list[str]]:
        """All rows of the tables with this head."""
        return [row for table in tables(read(self.page)) if table[0] == head for row in table[1:]]

    def documented(self) -> list[Option]:
        return [Option(path.strip("`"), *rest) for path, *rest in self.rows(self.options_head)]


EN = Edition(
    "en",
    ROOT / "docs" / "configuration.md",
    ["option", "type", "default", "meaning"],
    ["module", "kind", "options"],
    "{} (default)",
    "duration",
)
ZH = Edition(
    "zh",
    ROOT / "docs" / "configuration.zh.md",
    ["选项", "类型", "缺省", "含义"],
    ["模块", "类型", "选项"],
    "{}（缺省）",
    "时长",
)
EDITIONS = pytest.mark.parametrize("edition", [EN, ZH], ids=["en", "zh"])


@EDITIONS
def test_every_option_is_documented_once_with_type_and_default_and_nothing_more(edition: Edition) -> None:
    wanted = [option[:3] for option in options(Document, edition.language)]
    wanted.append((TIMEOUT, edition.timeout, f"`{duration(Module().timeout)}`"))
    assert sorted(option[:3] for option in edition.documented()) == sorted(wanted)


def test_the_english_meanings_are_those_of_the_schema() -> None:
    wanted = {option.path: option.meaning for option in options(Document, "en")}
    assert {option.path: option.meaning for option in EN.documented() if option.path != TIMEOUT} == wanted


def test_every_option_has_a_meaning() -> None:
    assert not [option for option in options(Document, "en") if not option.meaning]


def test_the_chinese_meanings_are_chinese_and_name_the_same_code_and_rules() -> None:
    english = {option.path: option.meaning or "" for option in EN.documented()}
    for option in ZH.documented():
        meaning = option.meaning or ""
        assert is_chinese(meaning) or option.path == "store.url", option
        assert spans(meaning) == spans(english[option.path]), option
        assert rules(meaning) == rules(english[option.path]), option


def rules(text: str) -> set[str]:
    return set(re.findall(r"\b[A-Z]\d+\b", text))


def test_both_languages_have_the_same_sections_options_and_code_in_the_same_order() -> None:
    english, chinese = (read(edition.page).split("\n## ") for edition in (EN, ZH))
    assert [spans(section) for section in english] == [spans(section) for section in chinese]
    assert [option.path for option in EN.documented()] == [option.path for option in ZH.documented()]


@EDITIONS
def test_the_table_of_built_in_modules_is_complete(edition: Edition) -> None:
    defaults = set(DEFAULT_MODULES.items())
    assert edition.rows(edition.modules_head) == [
        [
            f"`{name}`",
            edition.default_kind.format(kind) if (kind, name) in defaults else kind,
            ", ".join(shown(key, value) for key, value in options.items()) or "-",
        ]
        for name, (kind, options) in BUILT_IN.items()
    ]


def shown(key: str, value: object) -> str:
    return f"`{key}: {value}`".replace("'", "")


@EDITIONS
@pytest.mark.parametrize("word", [*TOKENS, *Role, "down_after", "chmod o-r"])
def test_the_page_names_roles_and_tokens(edition: Edition, word: str) -> None:
    assert word in read(edition.page)


def test_the_example_loads_and_names_every_section() -> None:
    config = load(ROOT / "config" / "agent.example.yml", KINDS, env={})
    assert len(config.targets) == 3
    lines = (ROOT / "config" / "agent.example.yml").read_text(encoding="utf-8").splitlines()
    assert {line.partition(":")[0] for line in lines if line[:1].isalpha()} == set(Document.model_fields)
