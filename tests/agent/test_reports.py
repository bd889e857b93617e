"""Reports as files: a page that needs nothing else, and a workbook, both with the table's own numbers."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import openpyxl
import pytest

from agent.figures.plan import PlanTables, Told, as_json
from agent.plans import plan_by_id
from agent.reports.html_file import html_text
from agent.reports.xlsx_file import xlsx_bytes
from sla.model import State
from tests.agent.figure_cases import NOW, Books, books
from tests.agent.web_worlds import read

LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


@pytest.fixture
def made() -> Iterator[Books]:
    with books() as empty:
        empty.targets("web", "n")
        empty.enter("platforms", "platform_id,name", "cloud-1,市政务云")
        empty.enter("components", "component_id,platform_id,member", "cloud-1-web,cloud-1,web")
        empty.states(
            "web,2025-01-01,up",
            "n,2025-01-01,up",
            "n,2025-02-01,down",
            "n,2025-02-01T04:00:00,up",
            "n,2025-05-01,unknown",
        )
        yield empty


def told(made: Books, plan: str = "ankang") -> Told:
    return PlanTables(made.reader).told(plan_by_id(plan), "2025", now=NOW)


@LANGUAGES
def test_the_page_is_whole_and_needs_nothing_else(made: Books, language: str) -> None:
    text = html_text(told(made).table, language)
    page = read(text)
    assert page.open == []
    assert not re.search(r"<script|<link|src=|href=|url\(|https?://", text)
    words = " ".join(page.words)
    for row in plan_by_id("ankang").rows:
        assert row.definition_zh in words
        assert (row.name_zh if language == "zh" else row.name_en) in words


def test_the_page_shows_verdicts_as_a_sign_and_a_word(made: Books) -> None:
    words = " ".join(read(html_text(told(made).table, "zh")).words)
    assert "✓ 达标" in words
    assert "✕ 未达标" in words
    assert "口径未经批准" in words


def test_what_comes_from_people_is_text_in_the_page(made: Books) -> None:
    heading = "measure_id,indicator,date,numerator,denominator,document,signer"
    made.enter("measures", heading, "M1,data_cataloging_rate,2025-12-31,9,10,<b>文</b>,王", recorded="2026-01-10")
    text = html_text(told(made).table, "zh")
    assert "&lt;b&gt;文" in text
    assert "<b>文" not in text


def test_a_simulated_store_says_so_on_every_form(made: Books) -> None:
    found = told(made)
    table = replace(found.table, simulated=True)
    assert "模拟数据 SIMULATED" in html_text(table, "zh")
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(table, found.faults, "zh")))
    assert "模拟数据 SIMULATED" in book.worksheets[0]["A2"].value
    book.close()


@LANGUAGES
def test_the_workbook_has_the_plans_rows_and_the_exact_parts(made: Books, language: str) -> None:
    found = told(made)
    data = xlsx_bytes(found.table, found.faults, language)
    assert data == xlsx_bytes(found.table, found.faults, language)
    book = openpyxl.load_workbook(io.BytesIO(data))
    summary, why, exact, faults, method = book.worksheets
    numbers = [summary.cell(row, 1).value for row in range(4, 33)]
    assert numbers == [str(number) for number in range(1, 30)]
    assert why.max_row > 29
    rows = as_json(found.table, language)["indicators"]
    heads = [cell.value for cell in exact[1]]
    for line, row in enumerate(rows, start=2):
        values = dict(zip(heads, (cell.value for cell in exact[line]), strict=True))
        assert (values["id"], values["verdict"], values["display"]) == (row["id"], row["verdict"], row["display"])
        assert (None if values["n"] is None else int(values["n"])) == row["n"]
        assert (None if values["low_d"] is None else int(values["low_d"])) == (row["low"] or [None, None])[1]
    assert [cell.value for cell in faults[2]][1:4] == ["n", "node", "P3"]
    assert faults.max_row == 2
    assert method.max_row > 3
    book.close()


def test_no_cell_of_the_workbook_is_a_formula(made: Books) -> None:
    made.ran("2026-01-02", "2026-01-03", [("n", "2026-01-02T00:00:00", State.UP)])
    found = told(made, "xian")
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(found.table, found.faults, "zh")))
    assert not [cell.value for sheet in book for row in sheet for cell in row if cell.data_type == "f"]
    book.close()


def test_a_plan_without_a_row_of_faults_has_none_to_list(made: Books) -> None:
    plan = plan_by_id("ankang")
    rows = tuple(row for row in plan.rows if row.formula != "clearing_rate")
    only = PlanTables(made.reader).told(replace(plan, rows=rows), "2025", now=NOW)
    assert only.faults is None
    assert xlsx_bytes(only.table, None, "zh")
