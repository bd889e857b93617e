"""Files of histories and readings: headings, ids, times; garbage is refused by row, never a traceback."""

import random
from contextlib import closing
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.errors import UsageError
from agent.imports import ImportOutcome, ImportProblemsError, apply_import, preview_import, read_map
from agent.instants import format_duration, parse_point, parse_stamp
from agent.sheets.problems import MAX_PROBLEMS
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from tests.agent.import_cases import HISTORY, READINGS, ZONE, City, at, request
from tests.agent.sheet_cases import sheet_of, workbook

ROW = "a,2025-01-01T00:00:00+08:00,up"
CHINESE = "目标编号,时间,状态\n汉江路-1,2025-01-01T00:00:00+08:00,正常\n汉江路-1,2025-01-02T00:00:00+08:00,中断\n"


def empty():
    connection = connect(Location(None))
    migrate(connection, Location(None))
    return closing(connection)


def preview(kind: str, text: str | bytes, **options) -> ImportOutcome:
    with empty() as connection:
        return preview_import(connection, request(kind, text, **options))


def refusal(kind: str, text: str | bytes, **options) -> str:
    with pytest.raises(ImportProblemsError) as caught:
        preview(kind, text, **options)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_utf_8_with_or_without_mark_and_gb18030_say_the_same(encoding):
    with empty() as connection:
        apply_import(SqliteWriter(connection), request("history", CHINESE.encode(encoding)))
        reader = SqliteReader(connection)
        component = reader.component("汉江路-1")
        assert component is not None
        assert [span.state.label for span in reader.imported_spans(component.id)] == ["up", "down"]


def test_a_gb18030_file_goes_the_whole_way(tmp_path):
    city = City(tmp_path)
    path = city.file("导出.csv", CHINESE.encode("gb18030"))
    assert city.run("import", "history", path, "--as-of", "2025-01-03", "--create-targets").exit_code == 0
    us = city.answer("汉江路-1", "2025-01-01", "2025-01-03")["us"]
    assert us["up"] == us["down"] == at("2025-01-02") - at("2025-01-01")


@pytest.mark.parametrize("state", ["正常".encode()[:-1] + b"\xff", "正常".encode()[2:]])
def test_utf_8_with_a_few_broken_bytes_is_refused_not_read_as_gb18030(state):
    rows = "".join(f"a,2025-01-0{day}T00:00:00+08:00,中断\n" for day in range(2, 5)).encode()
    data = HISTORY.encode() + b"\na,2025-01-01T00:00:00+08:00," + state + b"\n" + rows
    assert "rows.csv:2: file: got bytes that are neither UTF-8 nor GB18030" in refusal("history", data)


def test_quoted_cells_hold_separators_and_count_as_one_row():
    text = '"target_id","at","state"\n"a","2025-01-01T00:00:00+08:00","up"\nb,"x\ny",up\nc,z,up\n'
    message = refusal("history", text)
    assert "rows.csv:3: at:" in message
    assert "rows.csv:5: at:" in message


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        ("history", "监测对象,时间,状态"),
        ("history", " Target_ID ,AT, State"),
        ("readings", "目标编号,时间,结果,间隔秒,超限"),
        ("readings", "监测对象,时间,结果,间隔（秒）,超限"),
    ],
)
def test_headings_are_known_by_other_names_too(kind, heading):
    row = ROW if kind == "history" else "a,2025-01-01T00:00:00+08:00,正常,60,"
    assert preview(kind, f"{heading}\n{row}\n").rows == 1


def test_columns_may_stand_in_any_order():
    assert preview("history", "state,target_id,at\nup,a,2025-01-01T00:00:00+08:00\n").rows == 1


def test_an_unknown_column_is_refused_for_it_may_be_a_limit_that_was_broken():
    assert "over_limits: got an unknown heading" in refusal("readings", READINGS + "s\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "got an empty file"),
        (HISTORY, "got no rows"),
        (f"{HISTORY}\na,2025-01-01T00:00:00+08:00\n", ":2: state: got nothing"),
    ],
)
def test_a_file_that_cannot_be_a_table_is_refused_by_row(text, words):
    assert words in refusal("history", text)


@pytest.mark.parametrize("target", ["", "#", "a#", "a b", "a;b", "a=b", "#if", "a#b#c", "x" * 129, "a\x00"])
def test_an_id_that_no_scope_could_name_is_refused(target):
    assert ":2: target_id: " in refusal("history", f"{HISTORY}\n{target},2025-01-01T00:00:00+08:00,up\n")


def test_problems_beyond_the_bound_are_counted():
    text = "\n".join([HISTORY, *["a,x,up"] * (MAX_PROBLEMS + 5)])
    message = refusal("history", text)
    assert len(message.splitlines()) == MAX_PROBLEMS + 1
    assert message.endswith("and 5 more problems like these")


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="did you mean history"):
        preview("histori", HISTORY)


# workbooks


def test_a_workbook_is_read_as_its_csv_is_and_says_what_it_passed_over():
    lines = (["target_id", "at", "state"], ROW.split(","))
    outcome = preview("history", workbook(sheet_of(*lines), sheet_of(["说明"])), file="rows.xlsx")
    assert (outcome.rows, outcome.notes) == (1, ("sheets passed over: 二",))
    assert outcome.words()[1] == "sheets passed over: 二"


def test_problems_that_are_found_when_all_is_read_name_their_sheet():
    day = "2025-01-01T00:00:00+08:00"
    heading = ["target_id", "at", "state"]
    sheets = sheet_of(heading, ["a", day, "up"]), sheet_of(heading, ["b", day, "up"], ["a", day, "down"])
    message = refusal("history", workbook(*sheets), file="rows.xlsx", create_targets=False)
    known = "wanted a known one (--create-targets makes new ones); none is defined"
    assert message.splitlines() == [
        "rows.xlsx[台账]:2: target_id: got the unknown id a, " + known,
        "rows.xlsx[二]:2: target_id: got the unknown id b, " + known,
        (
            f"rows.xlsx[二]:3: state: got down, wanted up as row 2 of sheet 台账 says for {day}; "
            "a target has one state at an instant, correct one of the two"
        ),
    ]


# --map


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.yml", "设备: target_id\n备注: ignore\n"),
        ("map.csv", "设备,target_id\n备注,ignore\n\n"),
    ],
)
def test_a_map_file_adds_headings_and_passes_over_columns(name, text):
    mapping = read_map(name, text.encode())
    outcome = preview("history", f"设备,时间,状态,备注\n{ROW},随便\n", mapping=mapping)
    assert outcome.rows == 1


def test_a_map_to_a_column_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="did you mean state"):
        preview("history", f"{HISTORY}\n{ROW}\n", mapping={"x": "stat"})


# times


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1970-01-01 08:00:00.000001+08:00", 1),
        ("1970-01-01T08:00+0800", 0),
        ("1970-01-01T08:00:00.5+08", 500_000),
    ],
)
def test_iso_8601_with_an_offset_is_an_instant(text, us):
    assert parse_stamp(text, ZONE) == us


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2025-01-31T08:00:00", "write 2025-01-31T08:00:00[+]08:00 if it is the time of Asia/Shanghai"),
        ("2025-01-31 08:00", "write 2025-01-31T08:00:00[+]08:00"),
        ("2025-01-31", "write 2025-01-31T00:00:00[+]08:00"),
        ("2025/1/31 8:00", "spreadsheet"),
        ("31/01/2025", "spreadsheet"),
        ("1-Jan-25", "spreadsheet"),
        ("45658", "spreadsheet"),
        ("45658.3333", "spreadsheet"),
        ("2025年1月31日", "spreadsheet"),
        ("2025-02-30T00:00:00+08:00", "a time that exists"),
        ("2025-02-30T00:00:00", "a time that exists"),
        ("2025-01-01T24:00:00+08:00", "a time that exists"),
        ("2025-01-01T00:00:60Z", "a time that exists"),
        ("2025-01-01T00:00:00.1234567Z", "wanted ISO 8601"),
        ("0001-01-01T00:00:00+14:00", "a year from 1970"),
        ("9999-12-31T23:59:59-12:00", "a year from 1970"),
        ("yesterday", "wanted ISO 8601"),
        ("", "wanted ISO 8601"),
    ],
)
def test_any_other_time_is_refused_with_what_to_write(text, words):
    with pytest.raises(ValueError, match=words):
        parse_stamp(text, ZONE)


def test_a_date_on_the_command_line_is_its_local_midnight():
    assert parse_point("2025-01-01", ZONE) == parse_stamp("2024-12-31T16:00:00Z", ZONE)
    assert parse_point("2025-01-01", ZoneInfo("UTC")) == parse_stamp("2025-01-01T00:00:00Z", ZONE)


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0 h 00 min 00 s"),
        (157_680_000_000, "43 h 48 min 00 s"),
        (1_500_000, "0 h 00 min 01.5 s"),
        (1, "0 h 00 min 00.000001 s"),
    ],
)
def test_durations_are_exact(us, text):
    assert format_duration(us) == text


# garbage

_CELLS = st.one_of(
    st.sampled_from(
        [
            "a",
            "b#c",
            "up",
            "down",
            "ok",
            "failed",
            "60",
            "loss",
            "正常",
            "2025-01-01T00:00:00+08:00",
            "2025-1-1",
            '"',
            "",
        ]
    ),
    st.text(max_size=8),
)
_TABLES = st.lists(st.lists(_CELLS, max_size=7), max_size=8)


def _never_a_traceback(kind: str, data: bytes) -> None:
    problems = ()
    rows = 0
    try:
        rows = preview(kind, data).rows
    except ImportProblemsError as exc:
        problems = exc.problems
    assert all(str(problem).startswith("rows.csv") for problem in problems)
    assert bool(rows) != bool(problems)


@given(kind=st.sampled_from(["history", "readings"]), data=st.binary(max_size=200))
@example("history", HISTORY.encode() + b"\n\x00,\x00,\x00")
@example("history", b"\xef\xbb\xbf")
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_by_name_or_read(kind, data):
    _never_a_traceback(kind, data)


@given(
    kind=st.sampled_from(["history", "readings"]),
    table=_TABLES,
    separator=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "gb18030"]),
)
@settings(max_examples=200, deadline=None)
def test_any_cells_under_right_headings_are_refused_by_row_or_read(kind, table, separator, encoding):
    heading = (HISTORY if kind == "history" else READINGS).replace(",", separator)
    text = "\n".join([heading, *(separator.join(row) for row in table)])
    _never_a_traceback(kind, text.encode(encoding, errors="replace"))


@pytest.mark.parametrize("name", ["rows.xlsx", "ROWS.XLSX", "rows.xls"])
@pytest.mark.parametrize(
    "data", [random.Random(5).randbytes(300), b"\x00" * 64, b"%PDF-1.7\n\x00\x01\xff", b"\xff\xfa\xfb"]
)
def test_bytes_under_the_name_of_a_workbook_are_said_to_be_none(tmp_path, name, data):
    city = City(tmp_path)
    said = city.run("import", "sites", city.file(name, data))
    assert said.exit_code == 2
    assert "got bytes that are neither a workbook nor text, wanted .xlsx or CSV; fetch the file again" in said.stderr
    assert "UTF-8" not in said.stderr


def test_a_table_that_is_only_called_xlsx_is_read(tmp_path):
    city = City(tmp_path)
    for encoding in ("utf-8", "gb18030"):
        path = city.file("导出.xlsx", CHINESE.encode(encoding))
        assert city.run("import", "history", path, "--as-of", "2025-01-03", "--create-targets").exit_code == 0
