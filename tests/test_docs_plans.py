"""The pages on plans and indicators are held to the plan files' schema, to the formulas and to each other."""

import re
from pathlib import Path

import pytest

from agent.figures.formulas import FORMULAS
from agent.plans import BUILT_IN, plan_by_id
from agent.plans.schema import PlanFile
from tests.option_tables import is_chinese, options, read, spans, tables

DOCS = Path(__file__).parents[1] / "docs"
HEADS = {"en": ["option", "type", "default", "meaning"], "zh": ["选项", "类型", "缺省", "含义"]}
PAGES = {"en": DOCS / "plans.md", "zh": DOCS / "plans.zh.md"}
FORMULA_PAGES = {"en": DOCS / "indicators.md", "zh": DOCS / "indicators.zh.md"}
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def rows(page: Path, head: str) -> list[list[str]]:
    """The rows of the one table whose first column is called so."""
    (found,) = (table for table in tables(read(page)) if table[0][0] == head)
    return found[1:]


@LANGUAGES
def test_every_option_of_a_plan_file_is_documented_and_nothing_more(language: str) -> None:
    told = rows(PAGES[language], HEADS[language][0])
    wanted = [[f"`{option.path}`", option.type, option.default] for option in options(PlanFile, language)]
    assert [row[:3] for row in told] == wanted


def test_the_english_meanings_are_the_schema_s() -> None:
    assert [row[3] for row in rows(PAGES["en"], "option")] == [option.meaning for option in options(PlanFile, "en")]


def test_the_chinese_meanings_are_chinese_and_name_the_same_code() -> None:
    for english, chinese in zip(rows(PAGES["en"], "option"), rows(PAGES["zh"], "选项"), strict=True):
        assert is_chinese(chinese[3]), chinese
        assert spans(chinese[3]) == spans(english[3]), chinese
        assert re.findall(r"\b[A-Z]\d\b", chinese[3]) == re.findall(r"\b[A-Z]\d\b", english[3]), chinese


@pytest.mark.parametrize(("language", "head"), [("en", "plan"), ("zh", "规划")])
def test_the_built_in_plans_are_listed_with_their_rows_and_years(language: str, head: str) -> None:
    told = [row[:3] for row in rows(PAGES[language], head)]
    plans = [plan_by_id(plan) for plan in BUILT_IN]
    assert told == [[f"`{p.id}`", str(len(p.rows)), ", ".join(map(str, p.years)) or "-"] for p in plans]


@pytest.mark.parametrize(("language", "head"), [("en", "formula"), ("zh", "公式")])
def test_every_formula_is_documented_with_what_it_reads(language: str, head: str) -> None:
    told = {row[0].strip("`"): row for row in rows(FORMULA_PAGES[language], head)}
    assert list(told) == list(FORMULAS)
    for name, formula in FORMULAS.items():
        assert spans(told[name][3]) == set(formula.scope), name
        assert spans(told[name][4]) == set(formula.parameters), name
        assert told[name][1], name


def test_both_languages_name_the_same_rules_and_code() -> None:
    for pages in (PAGES, FORMULA_PAGES):
        english, chinese = (read(pages[language]).split("\n## ") for language in ("en", "zh"))
        assert [spans(section) for section in english] == [spans(section) for section in chinese]
        found = [[sorted(set(re.findall(r"\b[A-Z]\d+\b", part))) for part in parts] for parts in (english, chinese)]
        assert found[0] == found[1]
