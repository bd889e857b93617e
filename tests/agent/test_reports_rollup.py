"""A roll-up as CSV and in its introduction: what was asked, in the words of the run, and why rows are absent."""

import csv
import io

import pytest

from agent.figures.plan import PlanTables
from agent.figures.rollup import Absent, By
from agent.plans import plan_by_id
from agent.reports import rollup
from agent.reports.build import Wanted
from tests.agent import report_worlds
from tests.agent.figure_cases import NOW, Books, books


def csv_of(made: Books, by: By, language: str) -> list[dict[str, str]]:
    wanted = Wanted(plan=plan_by_id("ankang"), period="2025", language=language)
    text = rollup.csv_text(*rollup.made(PlanTables(made.reader), wanted, by, now=NOW))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    ("language", "heads", "whole", "why"),
    [
        ("zh", ["序号", "指标", "名称", "实测", "说明"], "合计", "是个数或得分，不是比率，不相加"),
        ("en", ["No.", "Indicator", "name", "Figure", "Remarks"], "sum", "a count or a score, no ratio: not added up"),
    ],
)
def test_the_csv_says_what_was_asked_in_the_words_of_the_run(
    language: str, heads: list[str], whole: str, why: str
) -> None:
    with books() as made:
        report_worlds.city(made)
        rows = csv_of(made, By.COUNTY, language)
        assert [*rows[0]][:5] == heads
        assert {(row["plan"], row["period"]) for row in rows} == {("ankang", "2025")}
        (at,) = {row["as_of"] for row in rows}
        assert at.endswith("+08:00")
        (cloud,) = [row for row in rows if row["id"] == "gov_cloud_availability" and row["key"] == "sum"]
        assert cloud[heads[2]] == whole
        assert cloud[heads[3]].endswith("%")
        assert len(cloud[heads[3]].partition(" ")[0]) >= len("99.4999%"), "time has four decimals (V3)"
        assert {row["id"] for row in rows} == {row.id for row in plan_by_id("ankang").rows}
        (users,) = [row for row in rows if row["id"] == "qinwuyuan_daily_active_users"]
        assert (users["key"], users["low_n"], users[heads[4]]) == ("", "", why)


def test_a_simulated_store_marks_every_line_as_the_report_s_csv_does() -> None:
    with books() as made:
        report_worlds.simulated(made)
        report_worlds.city(made)
        assert {row["模拟数据 SIMULATED"] for row in csv_of(made, By.COUNTY, "zh")} == {"模拟数据 SIMULATED"}


def test_each_absent_row_has_its_reason() -> None:
    with books() as made:
        report_worlds.city(made)
        for by in By:
            wanted = Wanted(plan=plan_by_id("ankang"), period="2025", language="en")
            found, telling = rollup.made(PlanTables(made.reader), wanted, by, now=NOW)
            reasons = {row.judged.row.id: row.absent(by) for row in found.rows}
            assert all(
                (reason is None) == bool(row.wholes) for row, reason in zip(found.rows, reasons.values(), strict=True)
            )
            assert reasons["qinwuyuan_daily_active_users"] is Absent.NO_RATIO
            if by is not By.CITY:
                assert reasons["data_sharing_rate"] is Absent.NO_PLACE
            assert (reasons["extranet_coverage_rate"] is Absent.NO_PLACE) == (by is By.UNIT)
            said = " ".join(rollup.report(found, telling).introduction)
            for row in found.rows:
                assert (f"{row.judged.row.no} {row.judged.row.name_en}" in said) == (not row.wholes)
            assert [row["absent"] for row in rollup.as_json(found)["indicators"]] == [*reasons.values()]
