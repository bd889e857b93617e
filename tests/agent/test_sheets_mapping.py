"""--map: more headings, blanks to fill, rows and sheets to pass over; one clear message for what cannot be meant."""

import json

import pytest

from agent.errors import UsageError
from agent.sheets import check_map, read_map
from agent.sheets.mapping import rules_of
from tests.agent.sheet_cases import COLUMNS

YAML = """\
县区: division_code, fill
带宽 (M): contracted_mbps
备注: ignore
ignore_rows: [合计, 备注]
ignore_sheets: [汇总]
"""


def test_a_map_is_flat_text_that_can_travel():
    mapping = read_map("map.yml", YAML.encode())
    assert mapping == {
        "县区": "division_code, fill",
        "带宽(m)": "contracted_mbps",
        "备注": "ignore",
        "ignore_rows": "合计, 备注",
        "ignore_sheets": "汇总",
    }
    check_map(mapping, COLUMNS)
    assert json.loads(json.dumps(mapping)) == mapping


def test_a_map_in_csv_says_the_same_of_columns():
    mapping = read_map("map.CSV", '\ufeff县区,"division_code, fill"\n带宽 (M),contracted_mbps\n\n'.encode())
    assert mapping == {"县区": "division_code, fill", "带宽(m)": "contracted_mbps"}


def test_what_a_map_comes_to():
    rules = rules_of(read_map("map.yml", YAML.encode()))
    assert rules.names == {"县区": "division_code", "带宽(m)": "contracted_mbps", "备注": "ignore"}
    assert rules.fill == {"division_code"}
    assert rules.ignore_rows == ("合计", "备注")
    assert rules.ignore_sheets == ("汇总",)


def test_headings_that_did_not_come_from_a_file_are_understood_too():
    assert rules_of({" 带宽（Ｍ）* ": "contracted_mbps"}).names == {"带宽(m)": "contracted_mbps"}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("map.yml", b"a: {b: c}\n", "map.yml: a: got a mapping, wanted the name of a column"),
        ("map.yml", b"a: [b]\n", "map.yml: a: got a list, wanted the name of a column"),
        (
            "map.yml",
            b"ignore_rows: {a: b}\n",
            "map.yml: ignore_rows: got a mapping, wanted words: ignore_rows: [合计, 备注]",
        ),
        ("map.yml", b"ignore_rows: ['a, b']\n", "map.yml: ignore_rows: got a, b, wanted one word without a comma"),
        (
            "map.yml",
            b"a: b\na: c\n",
            "map.yml: got it a second time, wanted it once; the first is in line 1, remove one",
        ),
        ("map.csv", b"a,b,c\n", "map.csv:1: got 3 cells, wanted two: heading, column"),
        ("map.csv", b'"a\n', "map.csv: unexpected end of data; wanted CSV with two cells a row: heading, column"),
        ("map.yml", b"\xff\xff", "map.yml: got bytes that are not UTF-8, wanted UTF-8 text; save it as UTF-8"),
    ],
)
def test_a_broken_map_file_is_refused(name, data, message):
    with pytest.raises(UsageError) as caught:
        read_map(name, data)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("carier", "--map: x: got carier, wanted a column of this file or ignore; did you mean carrier?"),
        ("", ("--map: x: got empty text, wanted a column of this file or ignore; known: carrier, contracted_mbps, "
             "division_code, in_service_from, link_id")),
        ("carrier, fil", "--map: x: got fil after carrier, wanted nothing, or fill after a column: link_id, fill"),
        ("ignore, fill", "--map: x: got fill after ignore, wanted nothing, or fill after a column: link_id, fill"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_meant_is_refused(value, message):
    with pytest.raises(UsageError) as caught:
        check_map({"x": value}, COLUMNS)
    assert str(caught.value) == message
