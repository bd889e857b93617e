"""V7: a definition that changes in mid-year splits the row in every form, and a sealed month keeps its figures."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from agent.errors import UsageError
from agent.figures.kept import Kept
from agent.figures.plan import PlanTables, Table, as_json, faults_of_plan, only
from agent.figures.rollup import By, rolled_up
from agent.indicators import _samples
from agent.packs.build import write_pack
from agent.packs.explanation import explanation
from agent.reports import rollup
from agent.reports.build import Wanted, build
from agent.reports.csv_file import csv_text
from agent.reports.explain import explained
from agent.reports.forms import Form, rendered
from sla.plans import Plan, Row
from sla.verdict import parse_target
from tests.agent.figure_cases import NOW, Books, books
from tests.agent.import_cases import HOUR, at
from tests.agent.plan_texts import CLOUD, changes, clearing, plan_of

ROWS = (
    CLOUD,
    changes("""
since: 2025-07-01
definition: 门户与邮件都可用
scope: {platforms: [portal, mail]}
adopted: {by: 市数据局, document: 数发〔2025〕3号, date: 2025-06-20}
"""),
    clearing(6, "rate", target="95%", roles="service", name="{zh: 处置率, en: Rate}"),
    changes("""
since: 2025-05-10
scope: {roles: [service, component]}
adopted: {by: 市数据局, document: 数发〔2025〕2号, date: 2025-05-01}
"""),
)
FIRST, SECOND = 181 * 24 * HOUR, 184 * 24 * HOUR
"""January to June, July to December 2025, by hand."""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_of(tmp_path, ROWS)


@pytest.fixture
def made() -> Iterator[Books]:
    """A portal that was down for 10 h in March, a mail that was down for 100 h in August."""
    with books() as empty:
        empty.targets("web", "smtp")
        empty.enter("platforms", "platform_id,name", "portal,门户", "mail,邮件")
        empty.enter("components", "component_id,platform_id,member", "p-1,portal,web", "m-1,mail,smtp")
        empty.states(
            "web,2025-01-01,up", "web,2025-03-01,down", "web,2025-03-01T10:00:00,up",
            "smtp,2025-01-01,up", "smtp,2025-02-01,down", "smtp,2025-02-11,up",
            "smtp,2025-08-01,down", "smtp,2025-08-05T04:00:00,up",
        )  # fmt: skip
        yield empty


def table(made: Books, plan: Plan, period: str = "2025", **options: str) -> Table:
    given: dict[str, Any] = {"now": NOW} | {key: at(value) for key, value in options.items()}
    return PlanTables(made.reader).table(plan, period, **given)


def told(made: Books, plan: Plan, period: str = "2025", id_: str = "cloud", **options: str) -> dict[str, Any]:
    (found,) = (each for each in as_json(table(made, plan, period, **options))["indicators"] if each["id"] == id_)
    return found


def test_each_part_is_measured_by_its_own_definition_and_nothing_is_summed(made: Books, plan: Plan) -> None:
    found = told(made, plan)
    one, two = found["parts"]
    assert (one["from"], one["to"]) == ("2025-01-01T00:00:00+08:00", "2025-07-01T00:00:00+08:00")
    assert (two["from"], two["to"]) == ("2025-07-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00")
    assert (one["n"], one["d"], one["verdict"]) == (FIRST - 10 * HOUR, FIRST, "met")
    assert (two["n"], two["d"], two["verdict"]) == (2 * SECOND - 100 * HOUR, 2 * SECOND, "missed")
    assert (one["definition_zh"], two["definition_zh"]) == ("门户可用", "门户与邮件都可用")
    assert one["parameters"]["definition_digest"] != two["parameters"]["definition_digest"]
    assert two["parameters"]["adopted"]["date"] == "2025-06-20"
    assert ["口径未经批准" in one["reasons"], "口径未经批准" in two["reasons"]] == [True, False]
    assert (found["n"], found["d"], found["low"], found["high"], found["display"]) == (None, None, None, None, "-")
    assert found["verdict"] == "undetermined"


def test_parts_that_agree_give_the_whole_its_verdict(made: Books, plan: Plan) -> None:
    easy = replace(plan, rows=tuple(_with_target(row, "90%") for row in plan.rows))
    assert told(made, easy)["verdict"] == "met"
    hard = replace(plan, rows=tuple(_with_target(row, "100%") for row in plan.rows))
    assert told(made, hard)["verdict"] == "missed"


def _with_target(row: Row, text: str) -> Row:
    targets = {2025: parse_target(2025, text, row.unit)}
    versions = tuple(each._replace(row=replace(each.row, targets=targets)) for each in row.versions)
    return replace(row, targets=targets, versions=versions)


@pytest.mark.parametrize(("period", "definition"), [("2025-Q2", "门户可用"), ("2025-07", "门户与邮件都可用")])
def test_a_period_without_a_change_has_the_definition_of_its_time(
    made: Books, plan: Plan, period: str, definition: str
) -> None:
    found = told(made, plan, period)
    assert "parts" not in found
    assert found["definition_zh"] == definition
    assert found["d"] == (91 * 24 * HOUR if period == "2025-Q2" else 2 * 31 * 24 * HOUR)


def test_a_part_that_has_not_begun_has_no_figure_and_leaves_the_whole_provisional(made: Books, plan: Plan) -> None:
    found = told(made, plan, as_of="2025-06-30")
    one, two = found["parts"]
    assert (one["d"], one["provisional"]) == (180 * 24 * HOUR, False)  # 10 h and the day left are under 1 %
    assert (two["n"], two["display"], two["provisional"]) == (None, "-", True)
    assert (found["verdict"], found["provisional"], found["definition_zh"]) == ("met", True, "门户可用")


def test_every_form_shows_the_parts(made: Books, plan: Plan) -> None:
    whole = table(made, plan)
    rows = list(csv.DictReader(io.StringIO(csv_text(whole, "en").removeprefix("\ufeff"))))
    mine = [row for row in rows if row["id"] == "cloud"]
    assert [row["No."] for row in mine] == ["5", "5.1", "5.2"]
    assert [row["Verdict"] for row in mine] == ["undetermined", "met", "missed"]
    assert [row["d"] for row in mine] == ["", str(FIRST), str(2 * SECOND)]
    lines = "\n".join(explained(whole, whole.rows[0], "en"))
    assert "5.1 from 2025-01-01 until before 2025-07-01" in lines
    assert "definition: 门户与邮件都可用" in lines
    assert "not added up (V7)" in lines
    report = build(PlanTables(made.reader), Wanted(plan=plan, period="2025", language="zh"), now=NOW)
    html = rendered(report, Form.HTML).decode()
    assert html.count('<tr class="part">') == 4
    assert 'rowspan="6"' in html
    assert "门户与邮件都可用" in html
    book = load_workbook(BytesIO(rendered(report, Form.XLSX)))
    assert {"5.1", "5.2"} <= {cell.value for cell in book.worksheets[0]["B"]}


def test_metrics_are_those_of_the_part_in_force(made: Books, plan: Plan) -> None:
    whole = table(made, plan)
    found = {(family.name, labels[-1]): value for family, labels, value in _samples(whole, whole.rows[0].in_force)}
    assert found["sla_indicator_verdict", "missed"] == 1.0
    assert found["sla_indicator_denominator", "low"] == 2 * SECOND / 1e6


def test_packs_explanations_and_lists_of_faults_name_the_periods_to_ask_for(made: Books, plan: Plan) -> None:
    tables = PlanTables(made.reader)
    for id_, words in (("cloud", ("2025-Q1, 2025-Q2", "2025-Q3, 2025-Q4")), ("rate", ("2025-Q1, 2025-04", "2025-06"))):
        asked = tables.asked(only(plan, id_), "2025", now=NOW)
        row = asked[0].plan.rows[0]
        with pytest.raises(UsageError) as refused:
            write_pack(tables, asked, row, BytesIO())
        assert all(each in str(refused.value) for each in words)
        with pytest.raises(UsageError, match="one definition"):
            explanation(tables, asked, row, "en")
    with pytest.raises(UsageError, match="one definition"):
        faults_of_plan(tables.asked(plan, "2025", now=NOW)[0])
    asked = tables.asked(only(plan, "cloud"), "2025-Q3", now=NOW)
    assert write_pack(tables, asked, asked[0].plan.rows[0], BytesIO()).stem == "x-cloud-2025-Q3"


def test_what_is_kept_says_the_same_as_a_whole_look(made: Books, plan: Plan) -> None:
    kept = PlanTables(made.reader, kept=Kept(made.reader))
    for when in ("2025-05-20", "2025-06-30", "2025-09-01"):
        whole = PlanTables(made.reader).table(plan, "2025", now=at(when))
        assert as_json(kept.table(plan, "2025", now=at(when))) == as_json(whole)


def test_a_split_row_is_not_broken_down(made: Books, plan: Plan) -> None:
    tables = PlanTables(made.reader)
    found = rolled_up(tables, *tables.asked(plan, "2025", now=NOW), By.CITY)
    assert [row.wholes for row in found.rows] == [(), ()]
    found = rolled_up(tables, *tables.asked(plan, "2025-Q1", now=NOW), By.CITY)
    assert [len(row.wholes) for row in found.rows] == [1, 1]


def test_a_rollup_says_that_a_split_row_is_not_added_up(made: Books, plan: Plan) -> None:
    wanted = Wanted(plan=plan, period="2025", language="en")
    found, telling = rollup.made(PlanTables(made.reader), wanted, By.COUNTY, now=NOW)
    assert [listing.note.startswith("Its definition changed") for listing in rollup.listings(found, telling)] == [
        True
    ] * 2
    report = rollup.report(found, telling)
    assert "ask for a quarter or month" in rendered(report, Form.HTML).decode()
    assert rendered(report, Form.XLSX)
