"""Cells as people and spreadsheets write them: one exact value, or clear words of what was wanted."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.imports.problems import Problems
from agent.registers import NAMESPACE, REGISTERS, types
from agent.registers.entries import BLANK, Cells
from agent.registers.scope_text import Item, parse_scope
from agent.registers.times import parse_moment
from agent.sheets.columns import normal
from agent.sheets.table import Row
from agent.stores.registering import parse_body
from tests.agent.import_cases import ZONE, at
from tests.agent.register_cases import NOW

ALL = list(REGISTERS.values())
EACH = pytest.mark.parametrize("register", ALL, ids=list(REGISTERS))


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-01", "2025-3-1", "2025/3/1", "2025/03/01", "2025.3.1", "2025年3月1日", "2025年03月01号",
        "2025-03-01 00:00", "2025/3/1 0:00:00", "2025年3月1日 0时", "2025-03-01T00:00:00+08:00",
        "2025-02-28T16:00:00Z", "2025-02-28 16:00:00+00:00",
    ],
)  # fmt: skip
def test_a_date_is_its_beginning_in_the_zone_however_it_is_written(text):
    assert parse_moment(text, ZONE) == 1_740_758_400_000_000  # date -u -d 2025-02-28T16:00:00Z +%s


@pytest.mark.parametrize(
    "text", ["2025-03-01 08:30", "2025/3/1 8:30:00", "2025年3月1日8时30分", "2025年3月1日 8点30分"]
)
def test_a_time_without_an_offset_is_the_zone_s(text):
    assert parse_moment(text, ZONE) == at("2025-03-01T08:30:00")
    assert parse_moment(text, ZoneInfo("UTC")) == at("2025-03-01T16:30:00")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2025-02-29", "wanted a time that exists (day is out of range for month); correct it"),
        ("2025年13月1日", "wanted a time that exists (month must be in 1..12); correct it"),
        ("2025-03-01 24:00", "wanted a time that exists (hour must be in 0..23); correct it"),
        ("1969-12-31", "wanted a year from 1970 to 2199; correct the year"),
        ("45717", "which a spreadsheet has made of a date, wanted a date"),
        ("2025年3月", "wanted a date"),
        ("3/1/2025", "wanted a date"),
        ("2025-03-01 morning", "wanted a date"),
        ("2025.3.12.1", "wanted a date"),
        ("", "wanted a date"),
    ],
)
def test_what_is_no_time_is_refused_in_words(text, words):
    with pytest.raises(ValueError, match="wanted") as caught:
        parse_moment(text, ZONE)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("text", ["1986-05-04 02:30", "1986-09-14 01:30"])
def test_an_hour_that_the_clocks_skip_or_show_twice_needs_its_offset(text):
    with pytest.raises(ValueError, match="wanted its offset too"):
        parse_moment(text, ZONE)
    assert parse_moment(f"{text}+08:00", ZONE) == at(text.replace(" ", "T") + ":00")


@given(st.datetimes(datetime(1992, 1, 1), datetime(2199, 12, 31)))
@settings(max_examples=200, deadline=None)
def test_every_second_is_read_back(moment):
    moment = moment.replace(microsecond=0)
    wanted = (moment - datetime(1970, 1, 1) - timedelta(hours=8)) // timedelta(microseconds=1)
    for form in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒", "%Y-%m-%dT%H:%M:%S+08:00"):
        assert parse_moment(moment.strftime(form), ZONE) == wanted


@pytest.mark.parametrize(
    ("text", "mbps"),
    [
        ("100", 100), ("100M", 100), ("100m".upper(), 100), ("100Mbps", 100), ("100 Mb/s", 100), ("100兆", 100),
        ("１００Ｍ", 100), ("1G", 1000), ("1.5Gbps", 1500), ("1千兆", 1000), ("2048k", 2.048), ("2.048M", 2.048),
    ],
)  # fmt: skip
def test_rates_are_megabits(text, mbps):
    assert types.RATE.read(text, ZONE) == mbps


@pytest.mark.parametrize(
    "text", ["0", "-1", "100MB", "100MB/s", "百兆", "1,000", "100T", "1e3", "20000G", "M", "10.0000001"]
)
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(ValueError, match="wanted a rate"):
        types.RATE.read(text, ZONE)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (types.INTERVAL, "60", 60), (types.INTERVAL, "60s", 60), (types.INTERVAL, "60秒", 60),
        (types.INTERVAL, "5min", 300), (types.INTERVAL, "5分钟", 300), (types.INTERVAL, "1.5", 1.5),
        (types.TIMEOUT, "0.5", 0.5),
        (types.FLAG, "是", True), (types.FLAG, "Y", True), (types.FLAG, "√", True), (types.FLAG, "1", True),
        (types.FLAG, "否", False), (types.FLAG, "no", False), (types.FLAG, "×", False),
        (types.NEED, "all", "all"), (types.NEED, "任一", "any"), (types.NEED, "2", 2),
        (types.LEVEL, "市", "city"), (types.LEVEL, "县", "county"), (types.LEVEL, "镇", "township"),
        (types.LEVEL, "村", "village"), (types.LEVEL, "Zone", "zone"),
        (types.TIER, "骨干", "backbone"), (types.ROLE, "county_node", "county_node"), (types.PRIORITY, "p2", "P2"),
        (types.FAMILIES, "IPv6；ipv4", [4, 6]), (types.FAMILIES, "双栈", [4, 6]), (types.FAMILIES, "6", [6]),
        (types.IDS, "sw1; sw2#if/7；线路-3", ["sw1", "sw2#if/7", "线路-3"]),
        (types.IP, "2001:DB8::0:1", "2001:db8::1"),
        (types.TEXT, "a\n b", "a b"),
        (types.SCOPE, "a；site=S1， kind = icmp ;b#if/1", "a;site=S1,kind=icmp;b#if/1"),
    ],
)  # fmt: skip
def test_a_cell_has_one_value(kind, text, value):
    assert kind.read(text, ZONE) == value


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (types.INTERVAL, "0.5", "wanted 1 to 86400 (1 s to 1 day)"),
        (types.INTERVAL, "5m", "wanted seconds, 1 to 86400 (1 s to 1 day); write 60, 60s or 1min"),
        (types.NAME, "6.10924E+11", "which a spreadsheet has made of a long number, wanted all its digits"),
        (types.NAME, "a b", "wanted at most 128 letters"),
        (types.IDS, "a;a", "wanted each of them once"),
        (types.IDS, ";", "wanted ids with ; between them"),
        (types.IDS, "a b", "wanted ids with ; between them: wanted at most 128 letters"),
        (types.ID, "a#", "wanted at most 128 letters"),
        (types.IP, "10.0.0.1/30", "wanted an IP address (10.6.0.2, 2001:db8::2); leave out the length of the prefix"),
        (types.TEXT, "a\x00b", "wanted printable characters"),
        (types.TEXT, "x" * 2001, "wanted at most 2000 characters"),
        (types.FAMILIES, "4;4", "wanted 4, 6 or 4;6"),
        (types.NEED, "0", "wanted all, any or how many are needed (2)"),
        (types.LEVEL, "省", "wanted one of city, county, township, village, zone"),
        (types.SCOPE, ";", "wanted ids or pairs"),
        (types.SCOPE, "site=", "wanted one value after site="),
    ],
)
def test_what_a_cell_cannot_be_is_said(kind, text, words):
    with pytest.raises(ValueError, match="wanted") as caught:
        kind.read(text, ZONE)
    assert str(caught.value).startswith(words)


def test_a_scope_is_a_union_of_ids_and_of_pairs():
    assert parse_scope("a;site=S1,kind=icmp") == [Item("a"), Item("", (("site", "S1"), ("kind", "icmp")))]


@EACH
def test_every_example_is_a_value_and_every_type_shows_what_it_reads(register):
    for field in register.fields:
        if field.example:
            value = field.type.read(field.example, ZONE)
            assert field.type.read(field.type.show(value, ZONE), ZONE) == value, field.name


@EACH
def test_no_heading_stands_for_two_columns(register):
    headings = [normal(name) for column in register.columns for name in column.headings]
    assert len(set(headings)) == len(headings)


@EACH
def test_the_id_is_the_first_column_and_required(register):
    assert register.fields[0].required
    assert register.fields[0].type is (types.IDENTITY if register.name == "identities" else types.NAME)


def test_registers_of_the_one_namespace_are_those_of_the_contract():
    assert {register.name for register in ALL if register.shares_ids} == set(NAMESPACE)


def test_a_body_is_canonical_json_of_what_was_filled_in():
    problems = Problems("links.csv")
    cells = Cells(REGISTERS["links"], ZONE, NOW, problems)
    texts = {
        "link_id": "线路",
        "a_site": "A",
        "b_site": "B",
        "carrier": "电信",
        "contracted_mbps": "2.048M",
        "duct": "无",
    }
    texts |= {"in_service_from": "2025-03-01"}
    row = Row(2, tuple(texts.get(field.name, "") for field in REGISTERS["links"].fields))
    entry = cells.entry(row)
    problems.check()
    wanted = '{"a_site":"A","b_site":"B","carrier":"电信","contracted_mbps":2.048,"in_service_from":1740758400000000}'
    assert entry.body == wanted
    assert entry.key == ("线路", 1_740_758_400_000_000)
    assert parse_body(entry.body)["contracted_mbps"] == Decimal("2.048")
    assert json.loads(entry.body) == entry.values


def test_cells_that_say_there_is_nothing_are_empty():
    problems = Problems("platforms.csv")
    cells = Cells(REGISTERS["platforms"], ZONE, NOW, problems)
    for word in BLANK:
        rest = (word,) * (len(REGISTERS["platforms"].fields) - 2)
        entry = cells.entry(Row(2, ("p", "name", *rest)))
        assert entry.values == {"name": "name"}
    problems.check()
