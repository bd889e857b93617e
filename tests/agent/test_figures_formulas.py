"""Formulas that read registers and records, through a plan's table: vectors 20, 24 and 32, and what counts nothing."""

from dataclasses import replace
from typing import Any

import pytest

from agent.figures.formulas import support
from agent.figures.plan import PlanTables, Table, as_json
from agent.imports import apply_import
from agent.plans import plan_by_id
from sla.plans import Adoption
from tests.agent.figure_cases import NOW, TARGETS, Books, books
from tests.agent.import_cases import HOUR, at
from tests.agent.import_cases import request as history_request

ANKANG, WEINAN, XIAN, GUANGYUAN = map(plan_by_id, ("ankang", "weinan", "xian", "guangyuan"))
DIVISIONS = "code,name,level,parent_code"
SITES = "site_id,division_code,accepted_on"
READINGS = "target_id,at,outcome,interval_seconds,over_limit"


@pytest.fixture
def made():
    with books() as empty:
        yield empty


def table(made: Books, plan: Any = ANKANG, period: str = "2025", **options: str) -> Table:
    given: dict[str, Any] = {"now": NOW} | {key: at(value) for key, value in options.items()}
    return PlanTables(made.reader).table(plan, period, **given)


def row(found: Table, id_: str) -> dict[str, Any]:
    (told,) = (each for each in as_json(found)["indicators"] if each["id"] == id_)
    return told


def figure(told: dict[str, Any]) -> tuple[Any, Any, str]:
    return told["low"], told["high"], told["verdict"]


# --- coverage (C1-C3) ----------------------------------------------------------------------------------------------


def townships(made: Books, count: int, accepted: int) -> None:
    """A county whose townships have a site each, the first of them accepted, and a node at each site."""
    rows = ["610000,市,city,", "610100,县,county,610000"]
    rows += [f"6101{number:02},镇{number},township,610100" for number in range(1, count + 1)]
    made.enter("divisions", DIVISIONS, *rows)
    numbers = range(1, accepted + 1)
    made.enter("sites", SITES, *(f"S{number},6101{number:02},2024-06-01" for number in numbers))
    made.enter("targets", TARGETS, *(f"n{number},icmp,10.0.1.{number},node,S{number}," for number in numbers))


def only(levels: list[str]) -> Any:
    rows = [replace(r, scope={**r.scope, "levels": levels}) if r.formula == "coverage" else r for r in ANKANG.rows]
    return replace(ANKANG, rows=tuple(rows))


def test_vector_20_claimed_98_answered_96(made: Books) -> None:
    townships(made, 99, 98)
    rows = [f"n{number},2025-01-01,up" for number in range(1, 97)]
    made.states(*rows, "n97,2025-01-01,down", "n98,2025-01-01,down")
    made.enter(
        "divisions", DIVISIONS, "610199,镇,township,610100", "610200,镇百,township,610000", recorded="2024-12-02"
    )
    told = row(table(made, only(["township"])), "extranet_coverage_rate")
    assert (told["low"], told["high"], told["claimed"]) == ([96, 100], [96, 100], [98, 100])
    assert (told["display"], told["verdict"], told["allowed"]) == ("96.00%", "missed", 0)
    assert any("镇97 (610197), 镇98 (610198)" in reason for reason in told["reasons"])


READ_AT = ["2025-12-25T00:00:00+08:00", "2025-12-24T23:59:59.999999+08:00", "2026-01-01T00:00:00+08:00"]


@pytest.mark.parametrize(
    ("rows", "bounds"),
    [
        ([(READ_AT[0], "ok")], ([1, 1], [1, 1])),
        ([(READ_AT[1], "ok"), ("2025-12-26T00:00:00+08:00", "failed")], ([0, 1], [0, 1])),
        ([(READ_AT[1], "ok")], ([0, 1], [1, 1])),
        ([(READ_AT[2], "ok")], ([0, 1], [1, 1])),
    ],
    ids=["verified", "stale", "unmeasured", "at the cut-off"],
)
def test_vector_32_the_last_reading_seven_days_before_the_cut_off(made: Books, rows: Any, bounds: Any) -> None:
    townships(made, 1, 1)
    text = "\n".join([READINGS, *(f"n1,{when},{outcome},60," for when, outcome in rows)])
    apply_import(made.writer, history_request("readings", text))
    told = row(table(made, only(["township"])), "extranet_coverage_rate")
    assert (told["low"], told["high"]) == bounds


def test_a_site_that_is_down_on_the_day_is_covered_and_one_that_nobody_accepted_is_not(made: Books) -> None:
    townships(made, 3, 3)
    made.enter("sites", SITES, "S3,610103,", recorded="2024-12-01")
    made.states("n1,2025-01-01,up", "n1,2025-12-31,down", "n2,2025-01-01,up", "n3,2025-01-01,up")
    told = row(table(made, only(["township"])), "extranet_coverage_rate")
    assert told["low"] == [2, 3]


def test_one_address_behind_two_townships_proves_neither(made: Books) -> None:
    townships(made, 2, 2)
    made.enter("targets", TARGETS, "n2,icmp,10.0.1.1,node,S2,", recorded="2024-12-02")
    made.states("n1,2025-01-01,up", "n2,2025-01-01,up")
    told = row(table(made, only(["township"])), "extranet_coverage_rate")
    assert told["low"] == [0, 2]
    assert any("镇1 (610101), 镇2 (610102)" in reason for reason in told["reasons"])


def test_a_camera_covers_the_video_network_and_not_the_extranet(made: Books) -> None:
    made.enter("divisions", DIVISIONS, "610000,市,city,")
    made.enter("sites", SITES, "S,610000,2024-06-01")
    made.enter("targets", TARGETS, "cam,rtsp,10.0.0.9,camera,S,")
    made.states("cam,2025-01-01,up")
    found = table(made)
    assert row(found, "video_network_coverage_rate")["low"] == [1, 1]
    assert row(found, "extranet_coverage_rate")["low"] == [0, 1]


# --- deadlines (V5, V6) --------------------------------------------------------------------------------------------

ISSUES = "issue_id,issued_at,rectified_at"


@pytest.mark.parametrize(
    ("rectified", "counted"), [("2025-10-10T23:59:59", [1, 1]), ("2025-10-11T00:00:00", [0, 1]), ("", [0, 1])]
)
def test_vector_24_three_working_days_over_the_national_holiday(made: Books, rectified: str, counted: Any) -> None:
    stamp = f"{rectified}+08:00" if rectified else ""
    made.enter("data_issues", ISSUES, f"Q1,2025-09-29T09:00:00+08:00,{stamp}", recorded="2025-12-01")
    told = row(table(made), "data_issue_timely_rectification_rate")
    assert told["low"] == counted
    assert told["late"] == 1 - counted[0]
    assert (told["best"], told["worst"], told["parameters"]["working_days"]) == (None, None, 3)


def test_an_issue_that_is_not_due_yet_is_pending(made: Books) -> None:
    made.enter("data_issues", ISSUES, "Q1,2025-09-29T09:00:00+08:00,", recorded="2025-12-01")
    told = row(table(made, as_of="2025-10-10"), "data_issue_timely_rectification_rate")
    assert (told["pending"], told["low"], told["verdict"]) == (1, None, "not_applicable")


INCIDENTS = "incident_id,severity,noticed_at,verified_at"


def test_without_approved_deadlines_incidents_have_no_rate(made: Books) -> None:
    made.enter(
        "security_incidents", INCIDENTS, "E1,III,2025-03-01T09:00:00+08:00,2025-03-02T09:00:00+08:00",
        recorded="2025-12-01",
    )  # fmt: skip
    told = row(table(made), "security_incident_timely_rectification_rate")
    assert (told["verdict"], told["n"], told["display"]) == ("not_computable", None, "-")
    rows = [
        replace(r, parameters={"deadlines": {"III": {"hours": 48}}}, adopted=Adoption("局", "文", "2025-01-01"))
        if r.formula == "security_rectification"
        else r
        for r in ANKANG.rows
    ]
    told = row(table(made, replace(ANKANG, rows=tuple(rows))), "security_incident_timely_rectification_rate")
    assert (told["low"], told["verdict"]) == ([1, 1], "met")
    assert told["parameters"]["adopted"] == {"by": "局", "document": "文", "date": "2025-01-01"}
    assert "口径未经批准" not in told["reasons"]


# --- signed measures -----------------------------------------------------------------------------------------------

MEASURES = "measure_id,indicator,date,numerator,denominator,document,signer"


def test_a_signed_figure_counts_in_its_period_and_names_who_signed(made: Books) -> None:
    made.enter(
        "measures", MEASURES,
        "M1,data_cataloging_rate,2025-06-30,90,100,政数报1号,王处长",
        "M2,data_cataloging_rate,2025-12-31,100,100,政数报2号,王处长",
        "M3,business_environment_score,2025-12-31,82.6,,营商报告,李局长",
        "M4,qinwuyuan_daily_active_users,2025-12-31,9999,,平台报表,李局长",
        recorded="2026-01-10",
    )  # fmt: skip
    found = table(made)
    told = row(found, "data_cataloging_rate")
    assert (told["n"], told["d"], told["display"], told["verdict"]) == (100, 100, "100%", "met")
    assert any("王处长" in reason for reason in told["reasons"])
    half = row(table(made, as_of="2025-07-01"), "data_cataloging_rate")
    assert (half["display"], half["verdict"], half["provisional"]) == ("90.00%", "missed", True)
    score = row(found, "business_environment_score")
    assert (score["display"], score["verdict"], score["allowed"]) == ("82.6", "met", None)
    assert (row(found, "qinwuyuan_daily_active_users")["display"], score["target"]["value"]) == ("9999", 80)
    assert row(found, "qinwuyuan_daily_active_users")["verdict"] == "missed"


def test_a_count_is_printed_in_the_unit_of_the_plan(made: Books) -> None:
    made.enter(
        "measures", MEASURES, "M1,qinwuyuan_daily_active_users,2025-12-31,155000,,报表,李", recorded="2026-01-10"
    )
    told = row(table(made, WEINAN), "qinwuyuan_daily_active_users")
    assert (told["display"], told["verdict"], told["n"], told["d"]) == ("15.5万", "met", 155_000, 1)
    assert told["target"]["value"] == 150_000


def test_a_ratio_is_not_taken_for_a_count(made: Books) -> None:
    made.enter(
        "measures", MEASURES,
        "M1,qinwuyuan_daily_active_users,2025-12-31,5,10,报表,李",
        "M2,data_cataloging_rate,2025-12-31,100,,报表,李",
        recorded="2026-01-10",
    )  # fmt: skip
    found = table(made)
    for id_ in ("qinwuyuan_daily_active_users", "data_cataloging_rate"):
        assert (row(found, id_)["verdict"], row(found, id_)["n"]) == ("not_computable", None)


def test_signed_figures_that_contradict_each_other_are_none(made: Books) -> None:
    made.enter(
        "measures", MEASURES,
        "M1,data_cataloging_rate,2025-12-31,90,100,甲,李",
        "M2,data_cataloging_rate,2025-12-31,100,100,乙,王",
        recorded="2026-01-10",
    )  # fmt: skip
    assert row(table(made), "data_cataloging_rate")["verdict"] == "not_computable"


# --- registers (C6) ------------------------------------------------------------------------------------------------

NETWORKS = (
    "network_id,name,department,exempt_doc,migrated_on,accepted_on,acceptance_doc,old_line_closed_on,old_line_doc"
)


def test_private_networks_count_when_everything_is_dated_and_documented(made: Books) -> None:
    made.enter(
        "private_networks", NETWORKS,
        "N1,甲网,甲局,,2025-02-01,2025-03-01,文1,2025-03-02,",
        "N2,乙网,乙局,,2025-02-01,2025-03-01,,2025-03-02,",
        "N3,丙网,丙局,国办豁免,,,,,",
        "N4,丁网,丁局,,2025-02-01,2025-03-01,文4,,保留函",
        "N5,戊网,戊局,,2025-12-01,2026-01-01,文5,2026-01-02,",
        recorded="2026-02-01",
    )  # fmt: skip
    told = row(table(made), "private_network_integration_rate")
    assert (told["low"], told["claimed"]) == ([2, 4], [4, 4])
    assert any("乙网 (N2), 戊网 (N5)" in reason for reason in told["reasons"])


def test_an_exemption_that_is_entered_after_the_year_takes_nothing_out_of_it(made: Books) -> None:
    made.enter("private_networks", NETWORKS, "N1,甲网,甲局,,,,,,", recorded="2025-02-01")
    made.enter("private_networks", NETWORKS, "N1,甲网,甲局,国办豁免,,,,,", recorded="2026-02-01")
    assert row(table(made), "private_network_integration_rate")["low"] == [0, 1]


def test_clouds_sites_and_services(made: Books) -> None:
    made.enter(
        "platforms", "platform_id,name,class,integrated_on,integration_doc",
        "C1,卫健云,cloud,2025-05-01,文", "C2,教育云,cloud,,", "CITY,政务云,city_cloud,,",
        recorded="2025-06-01",
    )  # fmt: skip
    made.enter(
        "sites", "site_id,to_integrate,integrated_on,integration_doc", "S1,yes,2025-05-01,文", "S2,no,,",
        recorded="2025-06-01",
    )  # fmt: skip
    made.enter(
        "systems", "system_id,name,class,planned_doc,accepted_on,acceptance_doc,online_on,used_on,usage_doc",
        "K1,统一认证,common,计划,2025-02-01,文,2025-03-01,2025-12-01,日志", "K2,电子印章,common,计划,,,,,",
        recorded="2025-12-20",
    )  # fmt: skip
    made.enter(
        "systems", "system_id,name,connected_on,connection_doc", "B1,办件,2025-02-01,文", "B2,财政,,",
        recorded="2025-12-20",
    )  # fmt: skip
    found = table(made, XIAN)
    for id_, low in (
        ("cloud_platform_integration_rate", [1, 2]),
        ("extranet_integration_rate", [1, 1]),
        ("common_component_completion_rate", [1, 2]),
        ("common_component_utilization_rate", [1, 1]),
        ("information_silo_connection_rate", [1, 2]),
    ):
        assert row(found, id_)["low"] == low, id_
    assert row(found, "gov_cloud_availability")["high"] == [8760 * HOUR, 8760 * HOUR]  # the city's own cloud alone


def test_systems_without_a_demand_count_in_the_high_bound_alone(made: Books) -> None:
    made.sites("A", "B")
    made.enter("links", "link_id,a_site,b_site,carrier,contracted_mbps", "L,A,B,电信,100")
    made.enter(
        "systems", "system_id,name,demand_mbps,required_links", "B1,甲,,L", "B2,乙,200M,L", recorded="2025-01-02"
    )
    told = row(table(made), "extranet_service_support_rate")
    assert (told["low"], told["high"]) == ([0, 2], [0, 2])  # 200 Mbit/s asked of a line of 100 fails both
    made.enter("systems", "system_id,name,demand_mbps,required_links", "B2,乙,20M,L", recorded="2025-01-03")
    told = row(table(made), "extranet_service_support_rate")
    assert (told["low"], told["high"], told["verdict"]) == ([0, 2], [2, 2], "no_target")


def test_video_demands(made: Books) -> None:
    made.enter(
        "video_demands", "demand_id,department,use,channels,assigned_channels,accepted_on,acceptance_doc",
        "D1,应急局,会商,16,16,2025-06-01,文", "D2,城管局,巡查,16,8,2025-06-01,文",
        recorded="2025-06-02",
    )  # fmt: skip
    told = row(table(made), "video_network_service_support_rate")
    assert (told["low"], told["high"], told["verdict"]) == ([1, 2], [1, 2], "missed")


# --- doubled things (Guangyuan's facts) ----------------------------------------------------------------------------


def test_two_cores_are_both_up_for_a_share_of_the_time(made: Books) -> None:
    made.enter("targets", TARGETS, "c1,icmp,10.0.0.1,core,,", "c2,icmp,10.0.0.2,core,,")
    made.states("c1,2025-01-01,up", "c2,2025-01-01,up", "c2,2025-01-02,down", "c2,2025-01-03,up")
    told = row(table(made, GUANGYUAN), "dual_core_time")
    assert (told["n"], told["d"], told["verdict"]) == (8736 * HOUR, 8760 * HOUR, "no_target")


def test_one_core_is_never_two(made: Books) -> None:
    made.enter("targets", TARGETS, "c1,icmp,10.0.0.1,core,,")
    made.states("c1,2025-01-01,up")
    told = row(table(made, GUANGYUAN), "dual_core_time")
    assert (told["low"], told["high"]) == ([0, 8760 * HOUR], [0, 8760 * HOUR])


def test_sites_with_one_line_are_never_redundant(made: Books) -> None:
    made.sites("S0", "S1", "S2")
    made.enter(
        "links", "link_id,a_site,b_site,carrier,contracted_mbps",
        "L1,S0,S1,电信,100", "L2,S0,S1,移动,100", "L3,S0,S2,电信,100",
    )  # fmt: skip
    made.states("L1,2025-01-01,up", "L2,2025-01-01,up", "L3,2025-01-01,up", "L2,2025-01-02,down", "L2,2025-01-03,up")
    told = row(table(made, GUANGYUAN), "dual_line_time")
    assert (told["n"], told["d"]) == (8736 * HOUR, 2 * 8760 * HOUR)
    assert any("S2" in reason for reason in told["reasons"])


def test_lines_of_two_sites_do_not_carry_for_each_other_whatever_their_group_is_called() -> None:
    here, there = {"b_site": "S-1", "redundancy_group": "main"}, {"b_site": "S-2", "redundancy_group": "main"}
    assert support._group(here) != support._group(there)
    assert support._group(here) == support._group(dict(here))
    assert support._group({"b_site": "S-1"}) == ""


# --- video points (C5) and misnamed measures ----------------------------------------------------------------------


def with_row(formula: str, id_: str) -> Any:
    """The plan with its video row reckoned by another formula."""
    rows = tuple(
        replace(r, id=id_, formula=formula) if r.id == "video_network_service_support_rate" else r for r in ANKANG.rows
    )
    return replace(ANKANG, rows=rows)


def test_a_point_that_nobody_probes_stays_in_the_bounds(made: Books) -> None:
    made.enter("targets", TARGETS, *(f"cam-{n},rtsp,rtsp://10.0.1.{n}/,camera,," for n in (1, 2)))
    points = ("P1,大门,cam-1,", "P2,后门,cam-2,", "P3,路口,,", "P4,旧点,cam-1,2025-07-01")
    made.enter("video_points", "point_id,name,target,in_service_to", *points)
    made.states("cam-1,2025-01-01,up", "cam-2,2025-01-01,up", "cam-2,2025-12-01,down")
    told = row(table(made, with_row("video_online", "video_online_rate")), "video_online_rate")
    day = 24 * HOUR
    up, half = (365 + 334) * day, 181 * day
    assert told["low"] == [up + half, 3 * 365 * day + half]
    assert told["high"] == [up + half + 365 * day, 3 * 365 * day + half]
    assert told["parameters"]["basis"] == "reachable"
    assert "1 个点位没有任何监测数据：路口 (P3)" in told["reasons"]
    assert "1 个点位截止时不可达：后门 (P2)" in told["reasons"]
    assert "截止时 3 个点位中 1 个可达，1 个未知" in told["reasons"]


def test_points_that_nobody_ever_probed_are_no_figure(made: Books) -> None:
    made.enter("video_points", "point_id,name", "P1,大门")
    told = row(table(made, with_row("video_online", "video_online_rate")), "video_online_rate")
    assert (told["n"], told["display"]) == (None, "-")
    assert told["low"][0] == 0
    assert told["high"][0] == told["high"][1] > 0


def test_a_measure_of_an_indicator_that_the_plan_lacks_is_told_where_its_figure_is_missing(made: Books) -> None:
    wanted = next(r.id for r in ANKANG.rows if r.formula == "measure")
    heading = "measure_id,indicator,date,numerator,denominator,document,signer"
    made.enter(
        "measures",
        heading,
        f"M1,{wanted}s,2025-06-30,1,2,文,王",
        "M2,nothing_like_it,2025-06-30,1,2,文,王",
        recorded="2025-07-01",
    )
    missing = row(table(made), wanted)["reasons"]
    said = [each for each in missing if "M1" in each]
    assert said == [f"报送数据 M1 写的指标是 {wanted}s，本规划没有这个指标；是否应为 {wanted}？"]
    others = [
        reason for each in as_json(table(made))["indicators"] if each["id"] != wanted for reason in each["reasons"]
    ]
    assert not [reason for reason in others if "M1" in reason or "M2" in reason]


def test_what_is_missing_of_a_demand_is_told_in_chinese(made: Books) -> None:
    heading = "demand_id,department,use,channels,bitrate_mbps,assigned_channels,assigned_mbps"
    made.enter("video_demands", heading, "D1,市应急局,会商,16,2.5,4,2.5")
    told = row(table(made), "video_network_service_support_rate")
    assert "D1：需求路数：16 中仅 4；未确认，或缺少日期和文件" in told["reasons"]
