"""What a county's sheet says of its divisions: the status of each on each network, since when, and their shares."""

from io import BytesIO

import openpyxl
import pytest

from agent.reports.content import Report
from agent.reports.html import html_text
from agent.reports.listing import At, Listing, Share, text
from agent.reports.party import Party
from agent.reports.xlsx import write_xlsx
from tests.agent.figure_cases import Books, books
from tests.agent.import_cases import ZONE
from tests.agent.report_worlds import city, told

HANYIN, ZIYANG = Party("county", "610921"), Party("county", "610924")


@pytest.fixture
def full():
    with books() as made:
        city(made)
        yield made


def listing(report: Report, key: str) -> Listing:
    (found,) = (each for each in report.lists if each.key == key)
    return found


def extranet(report: Report) -> dict[str, tuple[str, str]]:
    """Status and instant by code."""
    rows = listing(report, "coverage-divisions").rows
    return {str(row[2]): (str(row[4]), text(row[5], ZONE)) for row in rows if row[3] in ("政务外网", "extranet")}


def test_each_division_has_its_status_and_since_when(full: Books) -> None:
    assert extranet(told(full, whose=HANYIN)) == {
        "610921": ("已证实", "2025-01-01 00:00:00"),
        **{f"61092110{n}": ("已证实", "2025-01-01 00:00:00") for n in (1, 2, 3)},
        "610921104": ("未验收，但有应答", ""),
    }


def test_what_is_silent_is_so_since_it_was_last_seen_to_work(full: Books) -> None:
    found = extranet(told(full, whose=ZIYANG))
    assert found["610924103"] == ("已验收，7 天以上无应答", "2025-12-20 00:00:00")
    assert found["610924102"][0] == "已证实"


def test_what_was_never_measured_is_since_never(full: Books) -> None:
    report = told(full, period="2024", language="en", whose=ZIYANG)
    assert extranet(report)["610924101"] == ("accepted, not measured in the last 7 days", "")
    (row,) = (row for row in listing(report, "coverage").rows if row[:2] == ["township level", "extranet"])
    assert row[2] == Share((0, 4), (3, 4))


def days(report: Report) -> dict[str, object]:
    """Days verified by code, on the extranet."""
    return {str(row[2]): row[6] for row in listing(report, "coverage-divisions").rows if row[3] == "extranet"}


def test_on_how_many_days_of_the_period_it_was_verified_stands_beside_it(full: Books) -> None:
    year = days(told(full, language="en", whose=ZIYANG))
    assert (year["610924102"], year["610924103"]) == (365, 353), "silent since 20 December: it answered on 353 days"
    march = days(told(full, period="2025-03", language="en", whose=ZIYANG))
    assert (march["610924102"], march["610924103"]) == (31, 31)
    assert days(told(full, period="2024", language="en", whose=ZIYANG))["610924101"] == 0


def test_the_same_days_stand_beside_the_plan_s_row(full: Books) -> None:
    (row,) = (each for each in told(full, language="en").indicators if each.cells.no == "2")
    (objects,) = (each for each in row.lists if each.key == "objects-2")
    assert objects.columns[3].head == "days verified in the period"
    beside = {str(each[2]): each[3] for each in objects.rows}
    assert beside.items() >= days(told(full, language="en", whose=ZIYANG)).items()


def test_it_was_seen_before_it_was_accepted_counts_from_the_acceptance(full: Books) -> None:
    site = "site_id,name,division_code,accepted_on"
    full.enter("sites", site, "S-610922-1,石泉县第1镇人民政府,610922101,2025-04-02", recorded="2025-04-03")
    assert extranet(told(full, whose=Party("county", "610922")))["610922101"] == ("已证实", "2025-04-02 00:00:00")


def test_the_shares_are_those_of_the_list_and_of_the_plan(full: Books) -> None:
    whole = {"city": (0, 0), "county": (0, 0), "township": (0, 0)}
    for code in ("610921", "610922", "610924"):
        report = told(full, language="en", whose=Party("county", code))
        statuses = [row[4] for row in listing(report, "coverage-divisions").rows if row[3] == "extranet"]
        rows = [row for row in listing(report, "coverage").rows if row[1] == "extranet"]
        assert sum(row[3] for row in rows) == statuses.count("verified")
        for level, _, share, *counts in rows:
            name = level.removesuffix(" level")
            assert sum(counts[:-1]) == share.low[1]
            whole[name] = (whole[name][0] + share.low[0], whole[name][1] + share.low[1])
    (row,) = (each for each in told(full).indicators if each.cells.no == "2")
    beside = {each.name.removeprefix("level "): each.low for each in row.judged.figure.beside}
    assert (whole["county"], whole["township"]) == (beside["county"], beside["township"])


def test_a_unit_that_a_decision_leaves_out_counts_nowhere_and_is_named(full: Books) -> None:
    heading = "code,name,level,parent_code,counts_in_coverage"
    full.enter("divisions", heading, "610921102,汉阴县第2镇,township,610921,no", recorded="2024-12-02")
    report = told(full, whose=HANYIN)
    assert extranet(report)["610921102"] == ("按决定不计入", "")
    (row,) = (row for row in listing(report, "coverage").rows if row[:2] == ["镇级", "政务外网"])
    assert (row[2], row[-1]) == (Share((2, 3), (2, 3)), 1)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_paper_and_workbook_show_the_same(full: Books, language: str) -> None:
    report = told(full, language=language, whose=ZIYANG)
    page, out = html_text(report), BytesIO()
    write_xlsx(report, out)
    book = openpyxl.load_workbook(BytesIO(out.getvalue()))
    for key in ("coverage", "coverage-divisions"):
        assert f'id="{key}"' in page
        assert listing(report, key).title in book.sheetnames
    cells = [cell.value for row in book[listing(report, "coverage-divisions").title].iter_rows() for cell in row]
    for row in listing(report, "coverage-divisions").rows:
        for cell in row:
            if cell is not None and not isinstance(cell, At):
                assert cell in cells
                assert str(cell) in page


@pytest.mark.parametrize(("language", "words"), [("zh", "也见于"), ("en", "is also at")])
def test_what_others_have_too_is_named_with_the_others(full: Books, language: str, words: str) -> None:
    sites = (("x1", "S-610921-1", "10.9.9.9"), ("x2", "S-610922-2", "10.9.9.9"), ("x3", "S-610921-1", "10.9.9.8"))
    full.enter("targets", "target_id,kind,address,site_id", *(f"{id_},icmp,{at},{site}" for id_, site, at in sites))
    found = extranet(told(full, language=language, whose=HANYIN))
    (status,) = {status for status, _ in found.values() if words in status}
    assert status.endswith(f"address:10.9.9.9 {words} 610922102")


def test_a_carrier_has_no_such_list(full: Books) -> None:
    assert not [each for each in told(full, whose=Party("carrier", "电信")).lists if each.key.startswith("coverage")]
