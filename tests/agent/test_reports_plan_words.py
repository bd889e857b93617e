"""An English report: categories and attributes by name, and once that definitions are the plan's own words."""

import csv
import io
import re

import pytest

from agent.figures.plan import PlanTables
from agent.plans import BUILT_IN, plan_by_id
from agent.reports import head
from agent.reports.build import Wanted, build
from agent.reports.csv_file import csv_text
from agent.reports.forms import Form, rendered
from agent.reports.plan_words import ATTRIBUTES, CATEGORIES
from tests.agent import report_worlds
from tests.agent.figure_cases import NOW, books

CHINESE = re.compile("[\u4e00-\u9fff]")


def html(language: str) -> str:
    with books() as made:
        report_worlds.city(made)
        wanted = Wanted(plan=plan_by_id("ankang"), period="2025", language=language)
        return rendered(build(PlanTables(made.reader), wanted, now=NOW), Form.HTML).decode()


def test_every_category_and_attribute_of_the_plans_that_come_with_the_agent_has_a_name() -> None:
    rows = [row for id_ in BUILT_IN for row in plan_by_id(id_).rows]
    assert len(rows) > 50
    assert {row.category for row in rows} <= set(CATEGORIES)
    assert {row.attribute for row in rows if row.attribute} <= set(ATTRIBUTES)
    assert not any(CHINESE.search(text) for text in (*CATEGORIES.values(), *ATTRIBUTES.values()))


@pytest.mark.parametrize(("language", "wanted"), [("en", "Infrastructure"), ("zh", "基础设施")])
def test_the_csv_says_them_in_the_language_of_the_run(language: str, wanted: str) -> None:
    with books() as made:
        report_worlds.city(made)
        text = csv_text(PlanTables(made.reader).table(plan_by_id("ankang"), "2025", now=NOW), language)
    first = next(iter(csv.reader(io.StringIO(text.partition("\n")[2]))))
    assert first[1] == wanted
    assert bool(CHINESE.search(first[4])) is (language == "zh")
    assert CHINESE.search(first[3]), "the definition stays as it is printed"


def test_a_category_that_goes_on_is_not_broken_inside_a_word() -> None:
    english, chinese = html("en"), html("zh")
    cells = re.findall(r'<th class="cat"[^>]*>(.*?)</th>', english)
    assert not any(CHINESE.search(cell) for cell in cells)
    assert 'Infrastructure <span class="again">(cont.)</span>' in cells
    assert ":root:lang(en) .again { white-space: nowrap; }" in english
    assert '基础设施 <span class="again">（续）</span>' in chinese


def test_an_english_report_says_once_that_definitions_are_not_translated() -> None:
    assert html("en").count(head.VERBATIM[1:]) == 1
    assert head.VERBATIM[1:] not in html("zh")
    with books() as made:
        found = PlanTables(made.reader).table(plan_by_id("ankang"), "2025", now=NOW)
        assert [*head.lines(found, "en")].count(head.VERBATIM) == 1
        assert head.VERBATIM not in [*head.lines(found, "zh")]
