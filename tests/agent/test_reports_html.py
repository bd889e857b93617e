"""Reports as HTML: what they say, read back by a parser; what they never let through."""

import re
from html.parser import HTMLParser

import pytest

from agent.errors import UsageError
from agent.plans import BUILT_IN, plan_by_id
from agent.reports import html
from agent.reports.content import Report
from agent.reports.html import html_text, policy
from agent.reports.listing import Column, Listing, Share
from agent.reports.party import Party, parse
from tests.agent.figure_cases import Books, books
from tests.agent.report_worlds import HOSTILE, city, simulated, told

VOID = {"meta", "br", "col", "path", "circle"}
MARK = "模拟数据 SIMULATED"


class Read(HTMLParser):
    """Tags that are closed as they were opened, tables as rows of texts, and what could fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.inline: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.outside += [f"{name}={value}" for name, value in attrs if name in ("src", "href", "action", "data")]
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data.strip()


@pytest.fixture
def made():
    with books() as empty:
        yield empty


@pytest.fixture
def full(made: Books) -> Books:
    city(made)
    return made


def page(report: Report) -> Read:
    found = Read(html_text(report))
    assert found.open == []
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("plan", BUILT_IN)
def test_an_empty_store_has_every_row_of_the_plan_and_meets_none(made: Books, plan: str, language: str) -> None:
    report = told(made, plan, "2025", language)
    found = page(report)
    rows = [row for row in found.tables[0][1:] if row]
    wanted = plan_by_id(plan).rows
    names = [row.name_zh if language == "zh" else row.name_en for row in wanted]
    assert [row[-7 - 1 :][1] for row in rows] == names
    assert {row[-3] for row in rows} == {"-"}
    assert {count.verdict: count.number for count in report.counts}["met"] == 0
    assert sum(count.number for count in report.counts) == len(wanted)


def test_the_table_is_the_plan_s_with_figures_parts_and_verdicts(full: Books) -> None:
    rows = {row[-8]: row[-7:] for row in page(told(full)).tables[0][1:]}
    assert rows["10"] == [
        "政务云平台可靠性", "全年正常运行时间（小时）占比", "约束性", "99.5%",
        "99.8363% – 99.9277%8745:40:00 – 8753:40:00 / 8760:00:00", "达标", "探测",
    ]  # fmt: skip
    assert rows["12"][4:6] == ["50.00%6 / 12", "未达标"]
    assert rows["2"][4:6] == ["75.00%12 / 16", "未达标"]


def test_behind_the_numbers_stand_faults_outages_windows_and_gaps(full: Books) -> None:
    found = page(told(full))
    cells = [cell for table in found.tables for row in table for cell in row]
    assert cells.count("逾期") - 1 == 6  # and once as the heading of a column
    assert "2025-06-01 00:30:00" in cells
    assert "批准晚于开始" in found.text
    assert "石泉县第4镇" in found.text
    assert "4:12:30" in cells


def test_a_category_that_is_long_goes_on_under_its_name() -> None:
    with books() as made:
        groups = list(html._groups(told(made).indicators))
    assert [(group.category, group.again, len(group.rows)) for group in groups[:2]] == [
        ("基础设施", False, 6),
        ("基础设施", True, 6),
    ]
    assert sum(len(group.rows) for group in groups) == 29


@pytest.mark.parametrize("whose", [None, Party("carrier", "电信"), Party("county", "610921")])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_marks_stand_on_the_paper_and_in_the_margin_of_every_page(full: Books, language: str, whose) -> None:
    real = html_text(told(full, language=language, whose=whose))
    assert MARK not in real
    simulated(full)
    text = html_text(told(full, language=language, whose=whose))
    found = page(told(full, language=language, whose=whose))
    assert found.text.count(MARK) == 2
    margin = re.search(r'@top-right \{ content: "([^"]*)"', text)
    assert margin is not None
    assert margin[1].startswith(MARK)
    for mark in {
        "zh": ("口径未经批准", "无外部见证", "（模拟）"),
        "en": ("definitions not adopted", "no outside witness", "(simulated)"),
    }[language]:
        assert mark in found.text


def test_it_runs_nothing_and_fetches_nothing(full: Books) -> None:
    text = html_text(told(full))
    found = Read(text)
    assert (found.outside, found.inline) == ([], [])
    assert not {"script", "link", "img", "iframe", "form"} & set(found.tags)
    assert not re.search(r"url\(|@import|https?://", text)
    assert policy(told(full)) in text.replace("&#39;", "'")


def test_names_that_people_gave_can_break_out_of_nothing(made: Books) -> None:
    city(made, name=HOSTILE.replace(",", ""))
    text = html_text(told(made))
    found = Read(text)
    assert found.open == []
    assert "script" not in found.tags
    assert HOSTILE in found.text


def test_a_title_cannot_end_the_style_sheet() -> None:
    said = html._css_string('"; } </style><script>\n\\ 市')
    assert not set("<>;}\n") & set(said.strip('"'))
    assert said.startswith('"')
    assert said.count('"') == 2
    assert "市" in said


def test_long_lists_are_cut_and_say_so() -> None:
    columns = [Column("a", 5), Column("b", 5, paper=False)]
    rows = [[str(n), n] for n in range(html.ROWS_MAX + 7)] + [["sum", 1]]
    shown = html.printed(Listing(key="k", title="t", columns=columns, rows=rows, sums=1))
    assert (len(shown.rows), shown.more, shown.well, shown.heads, shown.sums) == (html.ROWS_MAX, 7, 0, ["a"], [["sum"]])
    well = html.printed(Listing(key="k", title="t", columns=columns, rows=rows[:10], on_paper=4))
    assert (len(well.rows), well.more, well.well) == (4, 0, 6)


def test_the_sheet_of_a_carrier_has_its_own_lines_and_sums_by_numerators(full: Books) -> None:
    report = told(full, whose=Party("carrier", "移动"))
    (lines,) = (found for found in report.lists if found.key == "available")
    *rows, total = lines.rows
    assert {row[1] for row in rows} == {
        "L-610922", "n-610922", *(f"{kind}-610922-{n}" for kind in "Ln" for n in (1, 2, 3, 4))
    }  # fmt: skip
    for column in (4, 5, 6):
        shares = [row[column] for row in rows]
        whole = total[column]
        assert isinstance(whole, Share)
        assert whole.low == tuple(sum(share.low[part] for share in shares) for part in (0, 1))
        assert whole.high == tuple(sum(share.high[part] for share in shares) for part in (0, 1))
    (faults,) = (found for found in report.lists if found.key == "faults")
    assert {row[6] for row in faults.rows} == {"移动"}
    (rates,) = (found for found in report.lists if found.key == "rates")
    assert rates.rows[0][2] == len(faults.rows)


def test_unknown_time_never_helps_a_carrier(full: Books) -> None:
    (lines,) = (found for found in told(full, whose=Party("carrier", "移动")).lists if found.key == "available")
    (row,) = (row for row in lines.rows if row[1] == "L-610922-3")
    assert (row[4].texts, row[8].us) == (("99.4520%", "100%"), 2 * 86_400_000_000)


def test_own_responsibility_leaves_out_what_came_from_above(full: Books) -> None:
    (lines,) = (found for found in told(full, whose=Party("county", "610921")).lists if found.key == "available")
    (row,) = (row for row in lines.rows if row[1] == "L-610921-3")
    assert (row[4].texts[0], row[6].texts[0], row[9], row[10]) == ("99.9885%", "100%", 1, 1)
    (root,) = (row for row in lines.rows if row[1] == "L-610921")
    assert (root[6], root[10]) == (root[4], 0)


def test_the_rate_of_a_carrier_is_that_of_the_plan_s_report(full: Books) -> None:
    whole = told(full)
    (row,) = (each for each in whole.indicators if each.cells.no == "12")
    (rates,) = (found for found in row.lists if found.key == "rates")
    for carrier in ("电信", "移动"):
        (beside,) = (each for each in rates.rows if each[:2] == ["运营商", carrier])
        (own,) = (found for found in told(full, whose=Party("carrier", carrier)).lists if found.key == "rates")
        assert own.rows[0][2:] == beside[2:]


@pytest.mark.parametrize("text", ["carrier", "carrier=", "city=1", "=电信", ""])
def test_whose_it_is_has_to_be_said_clearly(text: str) -> None:
    with pytest.raises(UsageError, match=r"wanted carrier=NAME or county=CODE"):
        parse(text)


@pytest.mark.parametrize(("whose", "words"), [(Party("carrier", "电"), "电信"), (Party("county", "61092"), "6109")])
def test_a_name_that_no_register_has_is_refused_with_the_nearest(full: Books, whose: Party, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        told(full, whose=whose)
