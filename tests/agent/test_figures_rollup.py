"""The roll-up through the plan table (V4): parts by place make exactly the whole; what is missing is named."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import UsageError
from agent.figures.plan import PlanTables
from agent.figures.rollup import By
from agent.plans import plan_by_id
from agent.reports import rollup
from agent.reports.build import Wanted
from tests.agent import report_worlds
from tests.agent.figure_cases import NOW, Books, books

LINKS = [f"L-{code}-{number}" for code, _ in report_worlds.COUNTIES for number in (1, 2, 4)]
SUMMARY = "summary_id,who,plan,indicator,period,numerator,denominator,high,method_version,definition_digest"


def rolled(made: Books, by: By, period: str = "2025") -> Iterator[tuple[Any, Any]]:
    wanted = Wanted(plan=plan_by_id("ankang"), period=period, language="zh")
    found, _ = rollup.made(PlanTables(made.reader), wanted, by, now=NOW)
    return ((row.judged, row.wholes) for row in found.rows)


@st.composite
def outages(draw: st.DrawFn) -> list[str]:
    rows = []
    for link in draw(st.lists(st.sampled_from(LINKS), unique=True, max_size=4)):
        day, hours, state = (
            draw(st.integers(1, 20)),
            draw(st.integers(1, 9)),
            draw(st.sampled_from(["down", "unknown"])),
        )
        rows += [f"{link},2026-01-01,up", f"{link},2026-01-{day:02}T08:00:00,{state}"]
        rows.append(f"{link},2026-01-{day:02}T{8 + hours:02}:00:00,up")
    return rows


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(outages(), st.sampled_from([By.COUNTY, By.TOWNSHIP]))
def test_parts_by_place_make_the_whole(rows: list[str], by: By) -> None:
    with books() as made:
        report_worlds.city(made)
        if rows:
            made.states(*rows, until="2026-03-01")
        seen = 0
        for judged, wholes in rolled(made, by, "2026"):
            for whole in wholes:
                if whole.missing:
                    continue
                seen += 1
                assert whole.bounds.low == judged.figure.low, judged.row.id
                assert whole.bounds.high == judged.figure.high, judged.row.id
                assert sum(part.bounds.low[1] for part in whole.parts) == judged.figure.low[1]
        assert seen >= 3


def test_a_fault_counts_where_its_root_stands() -> None:
    with books() as made:
        report_worlds.city(made)
        (clearing,) = [wholes for judged, wholes in rolled(made, By.COUNTY) if judged.row.no == 12]
        parts = {part.key: part.bounds.low for part in clearing[0].parts}
        # each county has a line down for 1:30 and one for 4:12:30; 610921's node too, with all behind it; 610924's
        # line has been down since 20 December; of the cloud, at the city's own site, one outage is late and one is not
        assert parts["610900"] == (1, 2)
        assert sum(d for _, d in parts.values()) == clearing[0].bounds.low[1]
        (by_unit,) = [wholes for judged, wholes in rolled(made, By.UNIT) if judged.row.no == 12]
        assert {part.key for part in by_unit[0].parts} >= {"政务云服务商"}


def test_a_county_where_nothing_is_measured_leaves_no_bound() -> None:
    with books() as made:
        report_worlds.city(made)
        made.enter("divisions", "code,name,level,parent_code", "610929,白河县,county,610900")
        (clearing,) = [wholes for judged, wholes in rolled(made, By.COUNTY) if judged.row.no == 12]
        assert clearing[0].missing == ("610929",)
        assert not clearing[0].is_bounded
        (coverage,) = [wholes for judged, wholes in rolled(made, By.COUNTY) if judged.row.no == 2]
        assert coverage[0].missing == ()
        assert {part.key: part.bounds.low for part in coverage[0].parts}["610929"] == (0, 1)


def test_other_cities_beside_ours() -> None:
    with books() as made:
        report_worlds.city(made)
        (own,) = [wholes for judged, wholes in rolled(made, By.CITY) if judged.row.no == 10]
        method, _, digest = own[0].definition.partition("/")
        row = f"gov_cloud_availability,2025,90,100,95/100,{method}"
        made.enter("divisions", "code,name,level", "610800,榆林市,city", "610700,汉中市,city")
        made.enter("summaries", SUMMARY, f"s1,610800,yulin,{row},{digest}", f"s2,610500,weinan,{row},0123456789abcdef")
        (both,) = [wholes for judged, wholes in rolled(made, By.CITY) if judged.row.no == 10]
        same, other = both
        assert {part.key for part in same.parts} == {"610900", "610800", "610700"}
        assert (same.missing, same.is_bounded) == (("610700",), False)
        assert [part.key for part in other.parts if part.bounds] == ["610500"]


def test_counts_are_never_added() -> None:
    with books() as made:
        report_worlds.city(made)
        for by in By:
            assert not [judged.row.id for judged, wholes in rolled(made, by) if judged.row.unit != "percent" and wholes]


def test_a_report_of_simulated_data_stays_out_of_a_real_store() -> None:
    told = (
        '{"plan": "x", "period": "2025", "simulated": true, "method_version": "1", "register_version": "1",'
        ' "indicators": [{"id": "a", "low": [1, 2], "high": [1, 2], "parameters": {"definition_digest": "d"}}]}'
    )
    with books() as made:
        with pytest.raises(UsageError, match="simulated data"):
            made.enter("summaries", told)
        report_worlds.simulated(made)
        made.enter("summaries", told)
        assert made.reader.register_rows("summaries")[0].body["high"] == "1/2"
