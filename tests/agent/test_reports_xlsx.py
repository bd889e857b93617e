"""Reports as spreadsheets, read back: the plan's layout, numbers that are numbers, texts that never become formulas."""

from datetime import datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from agent.errors import AgentError
from agent.plans import BUILT_IN, plan_by_id
from agent.reports import page as page_module
from agent.reports.content import Report
from agent.reports.forms import Form, rendered
from agent.reports.party import Party
from agent.reports.plan_words import category
from agent.reports.xlsx import write_xlsx
from tests.agent.figure_cases import Books, books
from tests.agent.report_worlds import HOSTILE, city, simulated, told


@pytest.fixture
def made():
    with books() as empty:
        yield empty


@pytest.fixture
def full(made: Books) -> Books:
    city(made)
    return made


def book(report: Report) -> Workbook:
    return load_workbook(BytesIO(rendered(report, Form.XLSX)))


def rows(sheet: Worksheet) -> list[list[object]]:
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def head_of(sheet: Worksheet, first: str) -> int:
    """The number of the row that begins so."""
    return next(number for number, row in enumerate(rows(sheet), 1) if row[0] == first)


@pytest.mark.parametrize("plan", BUILT_IN)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_summary_is_the_plan_s_table_with_its_categories_merged(made: Books, plan: str, language: str) -> None:
    found = book(told(made, plan, "2025", language))
    summary = found.worksheets[0]
    start = head_of(summary, "类别" if language == "zh" else "Category")
    table = rows(summary)[start:]
    wanted = plan_by_id(plan).rows
    assert [row[1] for row in table] == [row.no for row in wanted]
    assert [row[3] for row in table] == [row.definition_zh for row in wanted]
    assert {row[6] for row in table} == {"-"}
    spans = sorted((each.min_row, each.max_row) for each in summary.merged_cells.ranges)
    for low, high in spans:
        assert {category(row.category, language) for row in wanted[low - start - 1 : high - start]} == {
            table[low - start - 1][0]
        }
    changes = sum(one.category != other.category for one, other in pairwise(wanted)) + 1
    alone = len(wanted) - sum(high - low + 1 for low, high in spans)
    assert len(spans) + alone == changes
    assert len(found.sheetnames) >= len(wanted) + 2


def test_figures_are_numbers_cut_off_with_their_exact_parts(full: Books) -> None:
    summary = book(told(full)).worksheets[0]
    start = head_of(summary, "类别")
    row = next(row for row in summary.iter_rows(min_row=start + 1) if row[1].value == 10)
    assert (row[6].value, row[6].number_format) == (pytest.approx(0.998363), "0.0000%")
    assert (row[7].value, row[7].number_format) == (pytest.approx(0.999277), "0.0000%")
    assert row[8].number_format == "[h]:mm:ss"
    assert [cell.value.total_seconds() / 3600 for cell in row[8:10]] == pytest.approx([8745 + 40 / 60, 8760])
    rate = next(row for row in summary.iter_rows(min_row=start + 1) if row[1].value == 12)
    assert [cell.value for cell in rate[6:10]] == [0.5, 0.5, 6, 12]
    assert rate[10].font.b


def test_a_missed_value_is_never_rounded_up_to_its_target(made: Books) -> None:
    made.targets("web")
    made.enter("platforms", "platform_id,name", "cloud-1,x")
    made.enter("components", "component_id,platform_id,member", "c,cloud-1,web")
    made.states("web,2025-01-01,down", "web,2025-01-02T19:48:01,up")
    summary = book(told(made)).worksheets[0]
    (row,) = (row for row in rows(summary) if row[1] == 10)
    assert row[6] == pytest.approx(0.994999)
    assert row[10] == "未达标"


def test_an_indicator_s_sheet_has_value_parts_parameters_and_the_hours_behind_it(full: Books) -> None:
    found = book(told(full))
    (name,) = (name for name in found.sheetnames if name.startswith("10 "))
    sheet = rows(found[name])
    facts = {row[0]: row[1:4] for row in sheet if row[0]}
    assert facts["公式"][0] == "availability_composite"
    assert facts["下界"][0] == pytest.approx(0.998363)
    assert facts["印载于"][0].endswith(".txt:154")
    hours = [row for row in sheet if row[0] == "市政务云平台"]
    assert [(row[1], row[2], row[3]) for row in hours][1] == (
        "中断", datetime(2025, 6, 1, 0, 30), datetime(2025, 6, 1, 4, 30)
    )  # fmt: skip


def test_objects_behind_a_share_are_all_listed_what_is_missing_first(full: Books) -> None:
    found = book(told(full))
    (name,) = (name for name in found.sheetnames if name.startswith("02 "))
    sheet = rows(found[name])
    start = next(number for number, row in enumerate(sheet) if row[0] == "情形") + 1
    listed = [row[:3] for row in sheet[start : start + 16]]
    assert [row[0] for row in listed][-12:] == ["已证实"] * 12
    assert [row[2] for row in listed if row[0] == "已验收，7 天以上无应答"] == ["610924103"]


def test_faults_have_real_dates_and_lengths(full: Books) -> None:
    sheet = book(told(full))["故障"]
    start = head_of(sheet, "故障编号")
    names = [cell.value for cell in sheet[start]]
    first = dict(zip(names, (cell.value for cell in sheet[start + 1]), strict=True))
    assert first["计时起点"] == datetime(2025, 5, 10, 1)
    assert first["最长"].total_seconds() == 4 * 3600 + 12 * 60 + 30
    assert (first["结果"], first["运营商"], first["根对象编号"]) == ("逾期", "电信", "L-610921-2")
    assert sheet.auto_filter.ref is not None
    assert sheet.freeze_panes == f"A{start + 1}"


def test_every_sheet_prints_on_a4_across_with_the_marks_and_repeats_its_heading(full: Books) -> None:
    simulated(full)
    for sheet in book(told(full)).worksheets:
        setup = sheet.page_setup
        assert (setup.paperSize, setup.orientation, setup.fitToHeight) == (9, "landscape", 0)
        assert "模拟数据 SIMULATED" in sheet.oddHeader.right.text
        assert "口径未经批准" in sheet.oddHeader.right.text
        assert sheet.oddFooter.right.text == "第 &P 页，共 &N 页"
        assert "模拟数据 SIMULATED" in str(sheet["A2"].value)
    faults = book(told(full))["故障"]
    assert faults.print_title_rows == f"${head_of(faults, '故障编号')}:${head_of(faults, '故障编号')}"


def test_what_people_entered_never_becomes_a_formula_or_a_command_of_the_header(made: Books) -> None:
    city(made, name=f"={HOSTILE}&P")
    data = rendered(told(made), Form.XLSX)
    found = load_workbook(BytesIO(data))
    cells = [cell for sheet in found.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "inlineStr"}
    assert any(cell.value == f"={HOSTILE}&P" and cell.data_type != "f" for cell in cells)


def test_column_widths_hold_chinese_headings(full: Books) -> None:
    sheet = book(told(full))["故障"]
    start = head_of(sheet, "故障编号")
    for cell in sheet[start]:
        lines = -(-page_module.width_of(str(cell.value)) // int(sheet.column_dimensions[cell.column_letter].width))
        assert lines <= 2, cell.value


def test_the_sheet_of_a_county_sums_by_numerators(full: Books) -> None:
    sheet = book(told(full, whose=Party("county", "610921")))["线路与监测对象的可用率"]
    start = head_of(sheet, "名称")
    names = [cell.value for cell in sheet[start]]
    below, above = names.index("分子"), names.index("分母")
    *lines, total = rows(sheet)[start:]
    for column in (below, above):
        assert sum(row[column].total_seconds() for row in lines) == pytest.approx(total[column].total_seconds())
    assert total[0] == "合计 10 个"


def test_the_same_store_gives_the_same_file(full: Books) -> None:
    assert rendered(told(full), Form.XLSX) == rendered(told(full), Form.XLSX)


def test_a_list_beyond_all_bounds_is_cut_and_says_so(full: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "ROWS_MAX", 3)
    sheet = book(told(full))["故障"]
    assert rows(sheet)[-1][0] == "另有 9 行未列出；请查询较短的时段。"


def test_a_folder_without_room_is_told_in_words(full: Books, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="the spreadsheet cannot be written"):
        write_xlsx(told(full), tmp_path / "absent" / "report.xlsx")
