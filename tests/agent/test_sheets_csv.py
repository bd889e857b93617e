"""Tables in CSV as ledgers are exported: headings, titles, blanks that were merged cells, totals; else refused."""

import pytest

from agent.sheets import Column, Problems, open_table
from tests.agent.sheet_cases import COLUMNS, HEADINGS, opened, refusal, rows

ONE = ("L1", "汉滨区", "电信", "100", "2025-03-01")
LINE = ",".join(ONE)
WANTED = "wanted link_id, division_code, carrier, contracted_mbps, in_service_from"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encoding_line_ends_and_separator_do_not_matter(encoding, line_end, separator):
    text = line_end.join([HEADINGS, LINE, ""]).replace(",", separator)
    assert rows(text.encode(encoding)) == [ONE]


def test_a_row_says_where_it_stands():
    _, found = opened(f'标题\n{HEADINGS}\n"L1","汉滨\n区",电信,100,\n\n{LINE}\n')
    assert [(row.line, row.sheet) for row in found] == [(3, ""), (6, "")]
    assert found[0].cells == ("L1", "汉滨\n区", "电信", "100", "")


@pytest.mark.parametrize(
    "headings",
    [
        "线路 编号,县  区,运营商,带宽(Mbps),开通日期",
        "*线路编号,县区*,运营商（必填）,带宽（ＭＢＰＳ）,开通日期(选填)",
        "Link_ID,division_code,CARRIER,contracted_mbps,in_service_from",
        "线路编号* link_id,县区* division_code,运营商* carrier,带宽* contracted_mbps,开通日期 in_service_from",
        '"线路编号\n*",县区,运营商,"带宽\n（Mbps）",开通日期',
    ],
)
def test_headings_differ_in_width_case_white_space_and_marks(headings):
    assert rows(f"{headings}\n{LINE}\n") == [ONE]


def test_two_languages_that_mean_different_columns_are_no_heading():
    assert refusal(f"线路编号 carrier,县区,运营商,带宽\n{LINE}\n")[0].startswith(
        "台账.csv:1: link_id: got no such heading"
    )


def test_ten_titles_may_stand_above_the_headings_and_no_more():
    titles = "".join(f"第{number}行\n" for number in range(10))
    assert rows(f"{titles}{HEADINGS}\n{LINE}\n") == [ONE]
    assert refusal(f"再一行\n{titles}{HEADINGS}\n{LINE}\n")[0] == (
        "台账.csv:1: carrier: got no such heading, wanted it, or 运营商; add it, or name its heading with --map FILE"
    )


def test_a_group_of_headings_may_stand_above_them():
    text = "线路,,,,\n线路编号,县区,运营商,带宽,开通日期\n"
    assert rows(f"{text}{LINE}\n") == [ONE]


def test_a_blank_below_a_heading_of_two_rows_was_merged():
    text = "线路编号,县区,合同,,开通日期\n,,运营商,带宽,\n"
    assert rows(f"{text}{LINE}\n") == [ONE]


def test_a_row_that_holds_only_its_ordinal_is_blank():
    assert rows(f"序号,{HEADINGS}\n1,{LINE}\n2,,,,,\n③,,,,,\n,,,,,\n") == [ONE]
    assert rows(f"序号,{HEADINGS}\n1,{LINE}\n待定,,,,,\n") == [ONE, ("", "", "", "", "")]


# blanks


TWO_COUNTIES = f"{HEADINGS}\nL1,汉滨区,电信,100,\nL2,,电信,50,\n\nL3,宁陕县,移动,20,\nL4,,移动,10,\n"


def test_blanks_are_blanks_unless_the_map_says_that_they_were_merged():
    assert [cells[1] for cells in rows(TWO_COUNTIES)] == ["汉滨区", "", "宁陕县", ""]
    filled = rows(TWO_COUNTIES, {"县区": "division_code, fill"})
    assert [cells[1] for cells in filled] == ["汉滨区", "汉滨区", "宁陕县", "宁陕县"]
    assert [cells[4] for cells in filled] == ["", "", "", ""]


def test_a_blank_with_nothing_above_it_stays_blank():
    text = f"{HEADINGS}\nL1,,电信,100,\nL2,汉滨区,电信,50,\n"
    assert [cells[1] for cells in rows(text, {"县区": "division_code，fill"})] == ["", "汉滨区"]


# totals and notes


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("合计,,,1500,", "合计"),
        (",合计：,,1500,", "合计"),
        ("备注：带宽以合同为准,,,,", "备注"),
        (",,,,填表人：张三", "填表人"),
        ("注1：含备用线路,,,,", "注"),
        ("Total,,,1500,", "total"),
    ],
)
def test_a_row_of_totals_or_notes_is_refused_by_its_row_until_the_map_passes_over_it(row, word):
    text = f"{HEADINGS}\n{LINE}\n{row}\n"
    assert refusal(text) == [
        (
            f"台账.csv:3: row: got a row of totals or notes ({word}), wanted rows of data only; "
            f"remove it, or pass over "
            f"such rows with --map FILE: ignore_rows: [{word}]"
        )
    ]
    table, found = opened(text, {"ignore_rows": word})
    assert [row.cells for row in found] == [ONE]
    assert table.words() == [f"rows passed over as --map says: {word} (1)"]


@pytest.mark.parametrize(
    "row",
    [
        "备注站,汉滨区,电信,100,",  # a name that only begins so
        "合计,汉滨区,电信,100,",
        "合计,汉滨区,,,",  # text where totals have numbers
        "L9,,,,合计",  # does not begin with it
    ],
)
def test_a_row_that_may_be_data_is_not_passed_over(row):
    assert rows(f"{HEADINGS}\n{row}\n", {"ignore_rows": "合计, 备注"}) == [tuple(row.split(","))]


def test_a_total_is_no_data_even_where_nothing_but_its_word_and_a_number_is_required():
    columns = (Column("id"), Column("mbps"), Column("name", required=False))
    assert refusal("id,mbps,name\nL1,5,合计\n合计,5,\n", columns=columns)[0].startswith(
        "台账.csv:3: row: got a row of t"
    )
    assert rows("id,mbps\nL1,5\n合计,5\n", {"ignore_rows": "合计"}, columns) == [("L1", "5", "")]


def test_other_words_can_be_passed_over_too_and_no_fill_comes_from_such_rows():
    text = f"{HEADINGS}\nL1,汉滨区,电信,100,\n,汉滨汇总,,100,\nL2,,电信,50,\n"
    mapping = {"县区": "division_code, fill", "ignore_rows": "汉滨汇总"}
    assert [cells[1] for cells in rows(text, mapping)] == ["汉滨区", "汉滨区"]


# refusals


def test_all_that_is_wrong_is_told_at_once():
    assert refusal(f"{HEADINGS},\n{LINE},多\nL2,汉滨区,电信,5,,,多余\n合计,,,105,,\n") == [
        "台账.csv:2: row: got 多 under an empty heading, wanted a heading; add it or empty the cell",
        "台账.csv:3: row: got 7 cells, wanted 6 as in the headings; quote a cell that holds a separator",
        (
            "台账.csv:4: row: got a row of totals or notes (合计), wanted rows of data only; "
            "remove it, or pass over such "
            "rows with --map FILE: ignore_rows: [合计]"
        ),
    ]


def test_headings_that_are_missing_unknown_or_twice_are_told_together():
    assert refusal("线路编号,link_id,县区,运营,带宽\n") == [
        "台账.csv:1: carrier: got no such heading, wanted it, or 运营商; add it, or name its heading with --map FILE",
        "台账.csv:1: link_id: got two headings for it, wanted one; remove or rename one",
        (
            "台账.csv:1: 运营: got an unknown heading, wanted one that is known; did you mean 运营商? (--map FILE "
            "maps it to a column, or "
            "to ignore)"
        ),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", f"台账.csv: headings: got an empty file, {WANTED}; name the right one"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            (
                "台账.csv: file: got an old Excel workbook (.xls) or one with a password, wanted .xlsx or CSV; "
                "open it in a "
                "spreadsheet program and save it as .xlsx, without a password"
            ),
        ),
        (
            HEADINGS.encode("utf-16"),
            "台账.csv: file: got UTF-16 text, wanted CSV in UTF-8 or GB18030, or .xlsx; save it as CSV",
        ),
        (
            b"\r\n<HTML><table><tr><td>",
            (
                "台账.csv: file: got a web page or XML, as some systems export under the name of .xls, wanted "
                "CSV in UTF-8 "
                "or GB18030, or .xlsx; save it as CSV"
            ),
        ),
        (
            f'{HEADINGS}\n{LINE}\n"L2,汉滨区\n'.encode(),
            (
                "台账.csv:3: row: got a row that is no CSV (unexpected end of data), wanted quotes closed, and doubled "
                "inside; correct this row"
            ),
        ),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(data, message):
    assert refusal(data) == [message]


def test_progress_ends_with_all_bytes():
    data = f"{HEADINGS}\n{LINE}\n".encode()
    told: list[tuple[int, int]] = []
    table = open_table(data, COLUMNS, {}, Problems("x"))
    assert len(list(table.rows(lambda done, total: told.append((done, total))))) == 1
    assert told[-1] == (len(data), len(data))
    assert all(total == len(data) for _, total in told)


def test_a_column_may_be_named_by_its_name_alone():
    assert rows("a,b\n1,2\n", columns=(Column("a"), Column("b", required=False))) == [("1", "2")]
    assert rows("b\n2\n", columns=(Column("a", required=False), Column("b"))) == [("", "2")]
