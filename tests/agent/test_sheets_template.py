"""Templates: what is filled into one is read back without a map, in both forms."""

from io import BytesIO

import openpyxl
import pytest

from agent.sheets import Column
from agent.sheets.template import csv_template, heading, write_template, xlsx_template
from tests.agent.sheet_cases import opened

COLUMNS = (
    Column("link_id", ("编号",), True, "线路编号", "市里统一编码", "unique in the city", "AK-HB-01"),
    Column("carrier", (), True, "运营商", "写全称", "full name", "中国电信"),
    Column("contracted_mbps", (), False, "带宽（Mbps）", "合同带宽", "as contracted, whole", "1000"),
    Column("note", (), False, explain_en="anything, with a comma", example="a,b"),
)
EXAMPLE = tuple(column.example for column in COLUMNS)


def test_headings_stand_in_both_languages_and_required_ones_are_marked():
    assert [heading(column) for column in COLUMNS] == [
        "线路编号* link_id",
        "运营商* carrier",
        "带宽（Mbps） contracted_mbps",
        "note",
    ]


def test_a_csv_template_explains_each_column_above_its_heading():
    assert csv_template(COLUMNS).decode("utf-8") == (
        "\ufeff说明：市里统一编码,写全称,合同带宽,\r\n"
        'Notes: unique in the city,full name,"as contracted, whole","anything, with a comma"\r\n'
        '示例 Example: AK-HB-01,中国电信,1000,"a,b"\r\n'
        "线路编号* link_id,运营商* carrier,带宽（Mbps） contracted_mbps,note\r\n"
    )


def test_a_csv_template_filled_in_is_read():
    data = csv_template(COLUMNS) + 'AK-HB-01,中国电信,1000,"a,b"\r\n'.encode()
    _, (row,) = opened(data, columns=COLUMNS)
    assert (row.line, row.cells) == (5, EXAMPLE)


def test_an_xlsx_template_filled_in_is_read_and_its_notes_are_passed_over():
    book = openpyxl.load_workbook(BytesIO(xlsx_template(COLUMNS, "线路")))
    book["线路"].append(EXAMPLE)
    book.save(file := BytesIO())
    table, (row,) = opened(file.getvalue(), columns=COLUMNS)
    assert (row.sheet, row.line, row.cells) == ("线路", 2, EXAMPLE)
    assert table.words() == ["sheets passed over: 说明 Notes"]


def test_an_xlsx_template_is_frozen_text_and_explained():
    book = openpyxl.load_workbook(BytesIO(xlsx_template(COLUMNS, "线路")))
    sheet, notes = book["线路"], book["说明 Notes"]
    assert sheet.freeze_panes == "A2"
    assert sheet.max_row == 1
    assert sheet.column_dimensions["A"].width > 13
    assert openpyxl.load_workbook(BytesIO(xlsx_template(COLUMNS, "x" * 40))).sheetnames[0] == "x" * 31
    assert [cell.value for cell in notes[1]][1:4] == ["表头 heading", "必填 must be filled in", "说明"]
    assert [cell.value for cell in notes[2]] == [
        "A", "线路编号* link_id", "是 yes", "市里统一编码", "unique in the city", "AK-HB-01",
    ]  # fmt: skip
    assert [cell.value for cell in notes[5]] == ["D", "note", "否 no", "", "anything, with a comma", "a,b"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_template_is_the_same_bytes_each_time_and_holds_no_rows(form):
    data = write_template(COLUMNS, form, "线路")
    assert data == write_template(COLUMNS, form, "线路")
    assert opened(data, columns=COLUMNS)[1] == []


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_template_of_one_column_is_read_too(form):
    columns = (Column("id", (), True, "编号", "说明文字", "words", "1"),)
    data = write_template(columns, form, "一")
    assert opened(data, columns=columns)[1] == []
