"""Workbooks as city offices keep them: titles, merged cells, several sheets, dates, formulas; damage is refused."""

import datetime as dt
import io
import re
import zipfile
from contextlib import suppress

import pytest
import xlsxwriter
from openpyxl.utils.datetime import from_excel
from openpyxl.worksheet.worksheet import Worksheet

from agent.sheets import Column, ImportProblemsError
from agent.sheets.xlsx_cells import COLUMNS_MAX, column_at, column_name
from agent.sheets.xlsx_package import SHARED_MAX, UNPACKED_MAX
from agent.sheets.xlsx_values import Look, time_text
from tests.agent.sheet_cases import opened, refusal, rows, sheet_of, workbook

HEADINGS = ["线路编号", "县区", "运营商", "带宽（Mbps）", "开通日期"]
ONE = ["L1", "汉滨区", "电信", 100, dt.date(2025, 3, 1)]
READ = ("L1", "汉滨区", "电信", "100", "2025-03-01")


def ankang(sheet: Worksheet) -> None:
    for line in (
        ["安康市电子政务外网线路台账（2025年）"],
        ["填报单位：安康市大数据中心", None, None, None, None, "2025年3月"],
        ["序号", "县区", "线路编号", "运营商", "带宽（Mbps）", "开通日期", "备注"],
        [1, "汉滨区", "AK-HB-01", "中国电信", 1000, dt.date(2025, 3, 1), "主用"],
        [2, None, "AK-HB-02", "中国移动", 500, dt.datetime(2025, 3, 1, 8, 0), "备用"],
        [3, None, "AK-HB-03", "中国联通", 100.5, None, None],
        [4, "宁陕县", "AK-NS-01", "中国电信", "200", "2025-04-01", None],
        [5],
        ["合计", None, None, None, 1800.5],
        ["备注：带宽以合同为准。"],
    ):
        sheet.append(line)
    for cells in ("A1:G1", "A2:E2", "B4:B6", "A9:D9", "A10:G10"):
        sheet.merge_cells(cells)


def shiquan(sheet: Worksheet) -> None:
    for line in (
        ["线路信息", None, "合同信息"],
        ["线路编号", "县区", "运营商", "带宽（Mbps）"],
        ["AK-SQ-01", "石泉县", "中国广电", 50],
    ):
        sheet.append(line)
    for cells in ("A1:B1", "C1:D1"):
        sheet.merge_cells(cells)


def notes(sheet: Worksheet) -> None:
    for line in (["填表说明"], ["线路编号", "由市里统一编码"], ["运营商", "写全称"]):
        sheet.append(line)


LEDGER = workbook(ankang, shiquan, notes, names=("汉滨宁陕", "石泉", "填表说明"))


def test_a_ledger_with_titles_merged_counties_two_sheets_totals_and_notes():
    table, found = opened(LEDGER, {"备注": "ignore", "ignore_rows": "合计, 备注"})
    assert [(row.sheet, int(row.line), row.cells) for row in found] == [
        ("汉滨宁陕", 4, ("AK-HB-01", "汉滨区", "中国电信", "1000", "2025-03-01")),
        ("汉滨宁陕", 5, ("AK-HB-02", "汉滨区", "中国移动", "500", "2025-03-01T08:00:00")),
        ("汉滨宁陕", 6, ("AK-HB-03", "汉滨区", "中国联通", "100.5", "")),
        ("汉滨宁陕", 7, ("AK-NS-01", "宁陕县", "中国电信", "200", "2025-04-01")),
        ("石泉", 3, ("AK-SQ-01", "石泉县", "中国广电", "50", "")),
    ]
    assert table.sheets == ("汉滨宁陕", "石泉")
    assert table.words() == [
        "sheets passed over: 填表说明",
        "rows passed over as --map says: 合计 (1), 备注 (1)",
    ]


def test_the_same_ledger_without_a_map_is_refused_by_sheet_and_row():
    step = "(--map FILE maps it to a column, or to ignore)"
    got = refusal(LEDGER)
    assert len(got) == 1
    assert got[0].startswith("台账.xlsx[汉滨宁陕]:3: 备注: got an unknown heading, wanted one that is known; ")
    assert got[0].endswith(step)
    assert refusal(LEDGER, {"备注": "ignore"}) == [
        f"台账.xlsx[汉滨宁陕]:{line}: row: got a row of totals or notes ({word}), wanted rows of data only; remove it, "
        f"or pass over such rows with --map FILE: ignore_rows: [{word}]"
        for line, word in ((9, "合计"), (10, "备注"))
    ]


def test_the_ledger_exported_as_csv_in_gb18030_says_the_same_with_fill():
    text = (
        "安康市电子政务外网线路台账（2025年）,,,,,,\n填报单位：安康市大数据中心,,,,,2025年3月,\n"
        "序号,县区,线路编号,运营商,带宽（Mbps）,开通日期,备注\n1,汉滨区,AK-HB-01,中国电信,1000,2025-03-01,主用\n"
        "2,,AK-HB-02,中国移动,500,2025-03-01T08:00:00,备用\n3,,AK-HB-03,中国联通,100.5,,\n"
        "4,宁陕县,AK-NS-01,中国电信,200,2025-04-01,\n5,,,,,,\n合计,,,,1800.5,,\n备注：带宽以合同为准。,,,,,,\n"
    )
    mapping = {"备注": "ignore", "ignore_rows": "合计, 备注"}
    in_csv = rows(text.encode("gb18030"), {**mapping, "县区": "division_code, fill"})
    assert in_csv == [row.cells for row in opened(LEDGER, mapping)[1] if row.sheet == "汉滨宁陕"]


# cells


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (7, "General", "7"),
        (-7.0, "General", "-7"),
        (0.1 + 0.2, "General", "0.3"),
        (0.00001, "General", "0.00001"),
        (999_999_999_999_999, "General", "999999999999999"),
        (0.9995, "0.00%", "0.9995"),
        (True, "General", "true"),
        (False, "General", "false"),
        ("  两端空白 \n", "General", "两端空白"),
        ("007", "@", "007"),
        ("_x000D_", "General", "_x000D_"),
        (45717, "yyyy-mm-dd", "2025-03-01"),
        (45717, 'yyyy"年"m"月"d"日"', "2025-03-01"),
        (45717, "[$-804]yyyy/m/d;@", "2025-03-01"),
        (45717.5, "yyyy-mm-dd", "2025-03-01T12:00:00"),
        (45717, "yyyy-mm-dd hh:mm", "2025-03-01T00:00:00"),
        (45717 + 1 / 3, 'yyyy/m/d\\ h"时"mm"分"', "2025-03-01T08:00:00"),
        (1 / 3, "h:mm", "08:00:00"),
        (1.5, "[h]:mm:ss", "36:00:00"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (45717, '0"Mbps"', "45717"),
        (45717, "[Red]0.0_ ", "45717"),
    ],
)
def test_a_cell_is_text_that_does_not_depend_on_how_it_is_shown(value, number_format, text):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_row(1, 0, ["L1", "x", "y"])
        sheet.write(1, 3, value, book.add_format({"num_format": number_format}))
    assert rows(file.getvalue()) == [("L1", "x", "y", text, "")]


@pytest.mark.parametrize("number", [27, 31, 36, 50, 57, 58])
def test_the_date_formats_of_chinese_workbooks_are_known_by_their_number(number):
    data = workbook(sheet_of(HEADINGS, ONE))
    styled = rewritten(data, "xl/styles.xml", lambda text: re.sub(r'numFmtId="(14|164)"', f'numFmtId="{number}"', text))
    assert styled != data
    assert rows(styled) == [READ]


def test_days_count_from_1904_where_the_workbook_says_so():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_row(1, 0, ONE[:4])
        sheet.write_datetime(1, 4, dt.datetime(2025, 3, 1), book.add_format({"num_format": "yyyy-mm-dd"}))
    assert rows(file.getvalue()) == [READ]


@pytest.mark.parametrize("serial", [1, 58.25, 61, 1000.5, 36526, 45717.333333333336, 45717.000011574074, 73050.999])
def test_moments_are_those_of_openpyxl(serial):
    text = time_text(repr(serial), Look.MOMENT, dt.datetime(1899, 12, 30))
    assert dt.datetime.fromisoformat(text) == from_excel(serial)


def test_rich_and_inline_text_is_read_without_how_it_is_pronounced():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_row(1, 0, ["L1", "x", "y", 1])
        sheet.write_rich_string(1, 1, book.add_format({"bold": True}), "汉滨", "区")
    data = rewritten(
        file.getvalue(), "xl/sharedStrings.xml", lambda text: text.replace("</si>", "<rPh><t>hàn</t></rPh></si>")
    )
    assert rows(data) == [("L1", "汉滨区", "y", "1", "")]
    with xlsxwriter.Workbook(file := io.BytesIO(), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_row(1, 0, ["L1", "汉滨区", "电信", 1])
    assert rows(file.getvalue()) == [("L1", "汉滨区", "电信", "1", "")]


def test_formulas_are_read_by_their_results_and_refused_without_one():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet("线路")
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_formula(1, 0, '="L"&1', None, "L1")
        sheet.write_row(1, 1, ["汉滨区", "电信"])
        sheet.write_formula(1, 3, "=50*2", None, 100)
        sheet.write_formula(1, 4, '=IF(1,"","x")', None, "空")
    data = rewritten(file.getvalue(), SHEET, lambda text: text.replace("<v>空</v>", "<v></v>"))
    assert rows(data) == [("L1", "汉滨区", "电信", "100", "")]
    assert refusal(workbook(sheet_of(HEADINGS, ["L1", "x", "y", "=1+1"]))) == [
        (
            "台账.xlsx[台账]:2: contracted_mbps: got a formula without a result, wanted a value; open it, let it "
            "calculate, "
            "save it again (cell D2)"
        )
    ]


def test_errors_long_numbers_and_dates_that_do_not_exist_are_refused_by_cell():
    def fill(sheet: Worksheet) -> None:
        sheet_of(HEADINGS, ["L1", "x", "#N/A", 1], [61_000_000_001_320_000_001, "x", "y", 1], ["L3", "x", "y", 1, 60])(
            sheet
        )
        sheet["C2"].data_type = "e"
        sheet["E4"].number_format = "yyyy-mm-dd"

    assert refusal(workbook(fill)) == [
        "台账.xlsx[台账]:2: carrier: got the error #N/A, wanted a value; correct the cell (cell C2)",
        (
            "台账.xlsx[台账]:3: link_id: got a number of 20 digits, of which a spreadsheet keeps "
            "15, wanted text; make the "
            "column text and enter it anew (cell A3)"
        ),
        (
            "台账.xlsx[台账]:4: in_service_from: got 60 shown as a time, wanted a date that "
            "exists; enter it anew (cell E4)"
        ),
    ]


def test_a_row_that_holds_nothing_but_an_error_is_no_blank():
    got = refusal(workbook(sheet_of(["序号", *HEADINGS], [1, *ONE], ["=ROW()"], ["=ROW()", None, "=1"])))
    assert got == [
        (
            "台账.xlsx[台账]:4: division_code: got a formula without a result, wanted a value; "
            "open it, let it calculate, save "
            "it again (cell C4)"
        )
    ]


def test_what_is_wrong_in_a_column_that_is_not_read_is_nobodys_concern():
    def fill(sheet: Worksheet) -> None:
        sheet_of([*HEADINGS, "说明"], [*ONE, "=A1"])(sheet)

    assert rows(workbook(fill), {"说明": "ignore"}) == [READ]


# merged cells


def test_a_value_merged_over_rows_holds_for_each_of_them_and_no_further():
    lines = [HEADINGS, *([f"L{number}", None, "y", number] for number in range(1, 6))]
    lines[2][1] = "汉滨区"
    got = rows(workbook(sheet_of(*lines, merged=("B3:B5",))))
    assert [cells[1] for cells in got] == ["", "汉滨区", "汉滨区", "汉滨区", ""]


def test_a_blank_row_inside_merged_cells_stays_blank():
    lines = [HEADINGS, ["L1", "汉滨区", "y", 1], [], ["L2", None, "y", 1]]
    assert [cells[:2] for cells in rows(workbook(sheet_of(*lines, merged=("B2:B4",))))] == [
        ("L1", "汉滨区"),
        ("L2", "汉滨区"),
    ]


def test_blank_merged_cells_stay_blank():
    lines = [HEADINGS, ["L1", None, "y", 1], ["L2", None, "y", 1]]
    assert [cells[1] for cells in rows(workbook(sheet_of(*lines, merged=("B2:B3",))))] == ["", ""]


@pytest.mark.parametrize("cells", ["C2:D2", "C2:D3", "B2:C4"])
def test_a_value_over_several_columns_is_refused_naming_the_cells(cells):
    data = workbook(sheet_of(HEADINGS, *([f"L{n}", "x", "y", 1] for n in range(1, 4)), merged=(cells,)))
    assert refusal(data)[0] == (
        f"台账.xlsx[台账]:2: row: got the merged cells {cells}, wanted a value in each column; unmerge them and fill "
        "each in"
    )


def test_blank_cells_merged_across_columns_are_blank():
    assert rows(workbook(sheet_of(HEADINGS, ["L1", None, None, 1], merged=("B2:C2",)))) == [("L1", "", "", "1", "")]


def test_cells_merged_across_columns_that_are_not_read_are_nobodys_concern():
    data = workbook(sheet_of([*HEADINGS, "甲", "乙"], [*ONE, "随便"], merged=("F2:G2",)))
    assert rows(data, {"甲": "ignore", "乙": "ignore"}) == [READ]


def test_headings_over_two_rows_are_read_from_the_lower_one():
    data = workbook(
        sheet_of(
            ["线路编号", "县区", "合同", None, "开通日期"],
            [None, None, "运营商", "带宽（Mbps）"],
            ONE,
            merged=("A1:A2", "B1:B2", "C1:D1", "E1:E2"),
        )
    )
    assert rows(data) == [READ]


def test_headings_merged_over_two_rows_leave_no_row_behind():
    down = tuple(f"{letter}1:{letter}2" for letter in "ABCDE")
    assert rows(workbook(sheet_of(HEADINGS, [], ONE, merged=down))) == [READ]


# sheets


def test_a_sheet_with_some_of_the_headings_is_refused_unless_the_map_passes_over_it():
    data = workbook(
        sheet_of(HEADINGS, ONE), sheet_of(["运营商", "带宽", "条数"], ["电信", 100, 1]), names=("明细", "汇总")
    )
    got = refusal(data)
    assert [line.partition(", wanted")[0] for line in got] == [
        "台账.xlsx[汇总]:1: division_code: got no such heading",
        "台账.xlsx[汇总]:1: link_id: got no such heading",
        "台账.xlsx[汇总]:1: 条数: got an unknown heading",
    ]
    assert "or pass over the sheet there: ignore_sheets: [汇总]" in got[0]
    table, found = opened(data, {"ignore_sheets": "汇总"})
    assert [row.cells for row in found] == [READ]
    assert table.words() == ["sheets passed over: 汇总"]


def test_a_workbook_without_the_headings_is_refused():
    assert refusal(workbook(notes))[0].startswith(
        "台账.xlsx[台账]:2: carrier: got no such heading, wanted it, or 运营商"
    )
    assert refusal(workbook(sheet_of()))[0].startswith("台账.xlsx: headings: got an empty file, wanted link_id")


def test_problems_stand_in_the_order_of_the_sheets():
    bad = sheet_of(HEADINGS, [*ONE, "x"])
    assert refusal(workbook(bad, bad, names=("二月", "一月"))) == [
        f"台账.xlsx[{name}]:2: row: got 6 cells, wanted 5 as in the headings; add a heading or empty the cells"
        for name in ("二月", "一月")
    ]


def test_a_line_names_its_sheet_wherever_it_is_kept():
    _, (row,) = opened(workbook(sheet_of(HEADINGS, ONE)))
    assert (row.line, f"row {row.line}") == (2, "row 2 of sheet 台账")


# what is no workbook, or too much of one


def rewritten(data: bytes, part: str, change) -> bytes:
    """The workbook with one part changed; the part is left out where the change gives None."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name).decode()
            text = change(text) if name == part else text
            if text is not None:
                new.writestr(name, text)
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
PLAIN = workbook(sheet_of(HEADINGS, ONE))
STEP = "wanted .xlsx or CSV; open it in a spreadsheet program and save it as .xlsx, without a password"


def test_what_other_programs_write_is_read_too():
    def prefixed(text: str) -> str:
        return re.sub(r"<(/?)(\w)", r"<\1x:\2", text).replace("xmlns=", "xmlns:x=")

    def bare(text: str) -> str:
        return re.sub(r' (r|spans)="[^"]*"', "", text)

    assert rows(rewritten(PLAIN, SHEET, prefixed)) == [READ]
    assert rows(rewritten(PLAIN, SHEET, bare)) == [READ]
    assert rows(rewritten(PLAIN, SHEET, lambda text: text.replace("A1:E2", "A1"))) == [READ]


@pytest.mark.parametrize(
    ("part", "change", "got"),
    [
        ("xl/workbook.xml", lambda _: None, "台账.xlsx: file: got a workbook that lacks one of its parts, "),
        ("_rels/.rels", lambda _: "<a/>", "台账.xlsx: file: got a zip file that is no .xlsx, "),
        ("xl/styles.xml", lambda text: text[:99], "台账.xlsx: file: got XML that is broken ("),
        (SHEET, lambda text: text[: text.index("</sheetData")], "台账.xlsx[台账]: file: got XML that does not end as"),
        (SHEET, lambda text: text.replace("</c>", "", 1), "台账.xlsx[台账]: file: got XML that is broken ("),
        (SHEET, lambda text: text.replace("worksheet", "chart"), "台账.xlsx[台账]: file: got XML without <worksheet>"),
        (SHEET, lambda text: text.replace('r="2"', 'r="1"'), "台账.xlsx[台账]: file: got row 1 after row 1, at most"),
        (
            SHEET,
            lambda text: text.replace('r="2"', 'r="1048577"'),
            "台账.xlsx[台账]: file: got row 1048577 after row 1",
        ),
        (SHEET, lambda text: text.replace('r="A2"', 'r="GS2"'), "台账.xlsx[台账]: file: got text in cell GS2, at most"),
        (SHEET, lambda text: text.replace('r="A2"', 'r="Ä2"'), "台账.xlsx[台账]: file: got a cell in column 'Ä'"),
        (SHEET, lambda text: f'<?xml encoding="GBK"?>{text}', "台账.xlsx[台账]: file: got XML that is not UTF-8"),
        (SHEET, lambda text: f"<!DOCTYPE a []>{text}", "台账.xlsx[台账]: file: got XML with a document type"),
    ],
)
def test_a_damaged_workbook_is_refused(part, change, got):
    (message,) = refusal(rewritten(PLAIN, part, change))
    assert message.startswith(got)
    assert message.endswith(STEP)


def test_damaged_bytes_are_refused_without_a_traceback():
    for at in range(0, len(PLAIN), 97):
        damaged = PLAIN[:at] + bytes([PLAIN[at] ^ 0x55]) + PLAIN[at + 1 :]
        with suppress(ImportProblemsError):
            assert rows(damaged) == [READ]
    assert refusal(PLAIN[:500])[0].startswith("台账.xlsx: file: got a damaged workbook (")


@pytest.mark.parametrize(
    ("part", "size", "what"),
    [
        (SHEET, UNPACKED_MAX + 1, "a workbook that unpacks to more than 1024 MiB"),
        ("xl/sharedStrings.xml", SHARED_MAX + 1, "a workbook whose xl/sharedStrings.xml unpacks to more than 256 MiB"),
    ],
)
def test_a_bomb_is_refused_by_the_size_it_says(part, size, what):
    """The size in the directory is changed: what a zip file says is also the most that can be read from it."""
    with xlsxwriter.Workbook(file := io.BytesIO()) as book:
        book.add_worksheet().write_row(0, 0, HEADINGS)
    data = bytearray(file.getvalue())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(part.encode()))
    data[at + 24 : at + 28] = size.to_bytes(4, "little")
    assert refusal(bytes(data)) == [f"台账.xlsx: file: got {what}, {STEP}"]


def test_columns_up_to_the_bound_are_read():
    columns = tuple(Column(f"c{number}") for number in range(COLUMNS_MAX))
    lines = [[column.name for column in columns], list(range(COLUMNS_MAX))]
    assert rows(workbook(sheet_of(*lines)), columns=columns) == [tuple(map(str, range(COLUMNS_MAX)))]
    lines[1].append("x")
    assert "got text in cell GS2, at most 200 columns" in refusal(workbook(sheet_of(*lines)), columns=columns)[0]


@pytest.mark.parametrize(("at", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")])
def test_columns_have_the_names_that_people_see(at, name):
    assert (column_name(at), column_at(name)) == (name, at)


def test_a_sheet_of_many_pieces_is_read_whole():
    lines = [[f"L{number}", "汉滨区" * 5, "电信", number, None] for number in range(3000)]
    got = rows(workbook(sheet_of(HEADINGS, *lines)))
    assert got == [(f"L{number}", "汉滨区" * 5, "电信", str(number), "") for number in range(3000)]
