"""The method's two editions say the same: rule ids, their status, figures, names and the 44 vectors."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.version import METHOD_VERSION

DOCS = Path(__file__).resolve().parent.parent / "docs"
RULES_PER_LETTER = {"T": 4, "S": 9, "A": 8, "M": 5, "F": 12, "C": 6, "V": 7, "E": 8}
RULE_IDS = [f"{letter}{n}" for letter, count in RULES_PER_LETTER.items() for n in range(1, count + 1)]
VECTORS = 44
STATUSES = {"in force": "in force", "in part": "in part", "planned": "planned"} | {
    "现行": "in force",
    "部分现行": "in part",
    "待实现": "planned",
}

RULE = re.compile(r"^- \*\*(?P<id>[A-Z]\d+)\*\*(?: \((?P<en>[^)]+)\) |（(?P<zh>[^）]+)）)(?P<text>.*(?:\n  .*)*)", re.M)
ID_ITEM = re.compile(r"^- \*\*[A-Z]\d+\*\*", re.M)
VECTOR = re.compile(r"^\| (?P<number>\d+) \| (?P<given>.+) \| (?P<expected>.+) \| (?P<rules>.+) \|$", re.M)
FIGURE = re.compile(r"\d+(?:[.:/]\d+)*")
NAME = re.compile(r"`([^`]+)`")


class Rule(NamedTuple):
    """One rule as one edition states it."""

    status: str
    text: str


class Edition(NamedTuple):
    """One language of the method."""

    text: str
    limit_mark: str
    why_mark: str
    story_heading: str

    def rules(self) -> dict[str, Rule]:
        return {m["id"]: Rule(STATUSES[m["en"] or m["zh"]], m["text"]) for m in RULE.finditer(self.text)}

    def vectors(self) -> dict[int, re.Match[str]]:
        return {int(m["number"]): m for m in VECTOR.finditer(self.text)}

    def story(self) -> str:
        """The section that works a week by hand; tests/e2e/test_story.py replays it."""
        return self.text.split(f"\n## {self.story_heading}\n")[1].split("\n## ")[0]


def read(name: str, limit_mark: str, why_mark: str, story_heading: str) -> Edition:
    return Edition((DOCS / name).read_text(encoding="utf-8"), limit_mark, why_mark, story_heading)


EN = read("method.md", "In this\u0020release:", "**Why.** ", "A story worked by hand")
ZH = read("method.zh.md", "本版：", "**缘由。** ", "手工推算一例")
EDITIONS = pytest.mark.parametrize("edition", [EN, ZH], ids=["en", "zh"])


def unwrapped(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def figures(text: str) -> set[str]:
    return set(FIGURE.findall(text))


def names(text: str) -> set[str]:
    return set(NAME.findall(unwrapped(text)))


@EDITIONS
def test_the_method_states_the_version_that_the_code_counts_by(edition: Edition) -> None:
    stated = re.search(r"^(?:Method version: |口径版本：)`([^`]+)`", edition.text, re.M)
    assert stated is not None
    assert stated[1] == METHOD_VERSION


@EDITIONS
def test_every_rule_is_stated_once_and_in_order(edition: Edition) -> None:
    assert [m["id"] for m in RULE.finditer(edition.text)] == RULE_IDS


@EDITIONS
def test_no_rule_is_without_a_status(edition: Edition) -> None:
    assert len(ID_ITEM.findall(edition.text)) == len(edition.rules()) == len(RULE_IDS)


@EDITIONS
def test_a_rule_in_force_in_part_says_how_far_and_only_such_a_rule_does(edition: Edition) -> None:
    limited = {rule_id for rule_id, rule in edition.rules().items() if edition.limit_mark in unwrapped(rule.text)}
    assert limited == {rule_id for rule_id, rule in edition.rules().items() if rule.status == "in part"}


@EDITIONS
def test_every_section_of_rules_and_the_vectors_say_why(edition: Edition) -> None:
    sections = re.split(r"^## (?=\d)", edition.text, flags=re.M)[1:]
    assert len(sections) == len(RULES_PER_LETTER) + 1
    assert [section.count(edition.why_mark) for section in sections] == [1] * len(sections)


@EDITIONS
def test_all_vectors_stand_in_the_table_once_and_in_order(edition: Edition) -> None:
    assert [int(m["number"]) for m in VECTOR.finditer(edition.text)] == list(range(1, VECTORS + 1))


@EDITIONS
def test_every_vector_names_rules_that_exist(edition: Edition) -> None:
    named = {rule for vector in edition.vectors().values() for rule in vector["rules"].split(", ")}
    assert named <= set(RULE_IDS)


@pytest.mark.parametrize("rule_id", RULE_IDS)
def test_both_editions_give_a_rule_the_same_status_figures_and_names(rule_id: str) -> None:
    english, chinese = EN.rules()[rule_id], ZH.rules()[rule_id]
    assert english.status == chinese.status
    assert figures(english.text) == figures(chinese.text)
    assert names(english.text) == names(chinese.text)


@pytest.mark.parametrize("number", range(1, VECTORS + 1))
def test_both_editions_give_a_vector_the_same_figures_and_rules(number: int) -> None:
    english, chinese = EN.vectors()[number], ZH.vectors()[number]
    assert english["rules"] == chinese["rules"]
    for column in ("given", "expected"):
        assert figures(english[column]) == figures(chinese[column])
        assert names(english[column]) == names(chinese[column])


def test_both_editions_work_the_story_with_the_same_figures_and_names() -> None:
    assert figures(EN.story()) == figures(ZH.story())
    assert names(EN.story()) == names(ZH.story())
