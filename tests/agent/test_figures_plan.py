"""A plan's table out of a store that was filled by imports: the vectors of the method, and what it never says."""

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.errors import UsageError
from agent.figures.faults import Faults
from agent.figures.plan import PlanTables, Table, as_json, faults_of_plan
from agent.plans import BUILT_IN, plan_by_id
from agent.reports.cells import cells
from agent.reports.csv_file import csv_text
from sla.model import State
from sla.periods import named
from sla.plans import Plan, Variant
from sla.verdict import parse_target
from tests.agent.figure_cases import NOW, Books, books
from tests.agent.import_cases import HOUR, ZONE, at

PLANS = {plan: plan_by_id(plan) for plan in BUILT_IN}
CLOUD = "gov_cloud_availability"
RATE = "fault_timely_handling_rate"
KEYS = [
    "no", "id", "name_zh", "name_en", "definition_zh", "attribute", "target", "n", "d", "low", "high", "best", "worst",
    "claimed", "display", "verdict", "provisional", "basis", "late", "pending", "allowed", "parameters", "reasons",
    "evidence",
]  # fmt: skip
HEAD = [
    "plan", "period", "as_of", "method_version", "register_version", "status", "seal", "adopted", "simulated",
    "indicators",
]  # fmt: skip


@pytest.fixture
def made():
    with books() as empty:
        yield empty


def table(made: Books, plan: str | Plan, period: str, **options: str) -> Table:
    given: dict[str, Any] = {"now": NOW} | {key: at(value) for key, value in options.items()}
    return PlanTables(made.reader).table(PLANS[plan] if isinstance(plan, str) else plan, period, **given)


def row(found: Table, id_: str) -> dict[str, Any]:
    (told,) = (each for each in as_json(found)["indicators"] if each["id"] == id_)
    return told


def cloud(made: Books, *states: str, until: str = "2026-01-01") -> None:
    """A platform of one component, whose target was in these states."""
    made.targets("web")
    made.enter("platforms", "platform_id,name", "cloud-1,市政务云")
    made.enter("components", "component_id,platform_id,member", "cloud-1-web,cloud-1,web")
    made.states(*states, until=until)


def with_target(plan: str, id_: str, year: int, text: str) -> Plan:
    """A plan that prints another figure."""
    base = PLANS[plan]
    rows = [
        replace(each, targets={**each.targets, year: parse_target(year, text, each.unit)}) if each.id == id_ else each
        for each in base.rows
    ]
    return replace(base, rows=tuple(rows))


# --- an empty store ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", BUILT_IN)
@pytest.mark.parametrize("period", ["2022", "2023", "2024", "2025", "2025-Q2", "2026"])
def test_an_empty_store_meets_nothing_and_claims_nothing(made: Books, plan: str, period: str) -> None:
    told = as_json(table(made, plan, period))["indicators"]
    assert [each["no"] for each in told] == [each.no for each in PLANS[plan].rows]
    assert not [each["id"] for each in told if each["verdict"] in ("met", "missed")]
    assert {(each["n"], each["d"], each["display"]) for each in told} == {(None, None, "-")}
    assert "没有测到任何时间" in " ".join(*(each["reasons"] for each in told if each["id"] == RATE))


def test_the_answer_has_the_keys_of_the_interface_and_no_others(made: Books) -> None:
    told = as_json(table(made, "ankang", "2025"))
    assert list(told) == HEAD
    assert {tuple(each) for each in told["indicators"]} == {tuple(KEYS)}
    assert list(told["indicators"][9]["target"]) == ["year", "text", "op", "value", "advisory"]
    assert (told["status"], told["seal"], told["adopted"], told["method_version"]) == (
        "provisional", None, None, "2026-11",
    )  # fmt: skip
    assert json.loads(json.dumps(told)) == told


# --- vectors 1 to 4: hours of the platform -------------------------------------------------------------------------


def test_vector_1_without_history_nothing_is_said(made: Books) -> None:
    made.enter("platforms", "platform_id,name", "cloud-1,市政务云")
    told = row(table(made, "ankang", "2025"), CLOUD)
    assert (told["low"], told["high"]) == ([0, 8760 * HOUR], [8760 * HOUR, 8760 * HOUR])
    assert (told["n"], told["d"], told["display"], told["verdict"]) == (None, None, "-", "undetermined")


@pytest.mark.parametrize(
    ("end", "verdict", "display"),
    [("2025-01-02T19:48:00", "met", "99.5000%"), ("2025-01-02T19:48:01", "missed", "99.4999%")],
)
def test_vector_2_one_second_more_is_missed_and_printed_so(made: Books, end: str, verdict: str, display: str) -> None:
    cloud(made, "web,2025-01-01,down", f"web,{end},up")
    told = row(table(made, "ankang", "2025"), CLOUD)
    assert (told["verdict"], told["display"], told["provisional"]) == (verdict, display, False)
    assert told["d"] == 8760 * HOUR


def test_vector_3_a_leap_year_has_more_to_lose(made: Books) -> None:
    cloud(made, "web,2024-01-01,down", "web,2024-01-02T19:48:00,up")
    told = row(table(made, with_target("ankang", CLOUD, 2024, "99.5%"), "2024"), CLOUD)
    assert (told["verdict"], told["display"], told["d"]) == ("met", "99.5013%", 8784 * HOUR)


@pytest.mark.parametrize(("text", "verdict"), [("99.5%", "undetermined"), ("99%", "met")])
def test_vector_4_bounds_decide(made: Books, text: str, verdict: str) -> None:
    cloud(made, "web,2025-01-01,down", "web,2025-01-01T20:00:00,unknown", "web,2025-01-03T12:00:00,up")
    found = table(made, with_target("ankang", CLOUD, 2025, text), "2025")
    told = row(found, CLOUD)
    assert (told["low"], told["high"]) == ([8700 * HOUR, 8760 * HOUR], [8740 * HOUR, 8760 * HOUR])
    assert (told["verdict"], told["display"]) == (verdict, "99.3150%")
    (shown,) = (cells(found, each, "zh") for each in found.rows if each.row.id == CLOUD)
    assert (shown.figure, shown.parts) == ("99.3150% – 99.7716%", "8700:00:00 – 8740:00:00 / 8760:00:00")
    assert any("未知 40 h" in remark for remark in shown.remarks)


# --- vectors 5, 6 and 37: the 3-hour rate --------------------------------------------------------------------------


def faulty(made: Books, in_time: int, late: int) -> None:
    """So many faults of a node, one a day."""
    made.targets("n")
    rows = ["n,2025-01-01,up"]
    for number in range(in_time + late):
        day = f"2025-{number // 28 + 1:02}-{number % 28 + 1:02}"
        rows += [f"n,{day}T01:00:00,down", f"n,{day}T{'05' if number < late else '02'}:00:00,up"]
    made.states(*rows)


def test_vector_5_two_late_of_120_miss_99_percent(made: Books) -> None:
    faulty(made, 118, 2)
    told = row(table(made, "ankang", "2025"), RATE)
    assert (told["low"], told["high"], told["display"]) == ([118, 120], [118, 120], "98.33%")
    assert (told["verdict"], told["allowed"], told["late"], told["pending"]) == ("missed", 1, 2, 0)
    assert (told["best"], told["worst"]) == (None, None)


@pytest.mark.parametrize(("text", "verdict", "allowed"), [("95%", "met", 1), (">95%", "missed", 0)])
def test_vector_6_a_strict_target_is_not_met_by_equality(made: Books, text: str, verdict: str, allowed: int) -> None:
    faulty(made, 19, 1)
    told = row(table(made, with_target("ankang", RATE, 2025, text), "2025"), RATE)
    assert (told["verdict"], told["allowed"], told["display"]) == (verdict, allowed, "95.00%")


def test_vector_37_a_gap_of_six_hours_may_hide_a_late_fault(made: Books) -> None:
    made.targets("n")
    edges = [("n", "2025-01-01T00:00:00", State.UP)]
    for number in range(50):
        day = f"2025-{number // 28 + 1:02}-{number % 28 + 1:02}"
        edges += [("n", f"{day}T01:00:00", State.DOWN), ("n", f"{day}T02:00:00", State.UP)]
    made.ran("2025-01-01", "2025-06-01", edges, killed=True)
    made.ran("2025-06-01T06:00:00", "2026-01-01", [("n", "2025-06-01T06:00:00", State.UP)], killed=True)
    found = table(made, "ankang", "2025", as_of="2026-01-01")
    told = row(found, RATE)
    assert (told["low"], told["high"], told["verdict"]) == ([50, 51], [50, 50], "undetermined")
    assert (told["n"], told["d"], told["display"]) == (50, 51, "98.03%")
    assert any("6 h 00 min" in reason for reason in told["reasons"])


def test_a_gap_over_no_root_of_the_row_hides_nothing_of_it(made: Books) -> None:
    made.enter("targets", "target_id,kind,address,role", "cam,rtsp,10.0.0.1,camera")
    made.ran("2025-01-01", "2025-06-01", [("cam", "2025-01-01T00:00:00", State.UP)], killed=True)
    made.ran("2025-06-01T06:00:00", "2026-01-01", [], killed=True)
    told = row(table(made, "ankang", "2025", as_of="2026-01-01"), RATE)
    assert (told["low"], told["high"], told["verdict"]) == (None, None, "not_applicable")


def test_faults_of_other_roles_are_not_rated(made: Books) -> None:
    made.enter("targets", "target_id,kind,address,role", "cam,icmp,10.0.0.1,camera", "n,icmp,10.0.0.2,node")
    made.states("cam,2025-01-01,up", "cam,2025-02-01,down", "cam,2025-02-02,up", "n,2025-01-01,up")
    told = row(table(made, "ankang", "2025"), RATE)
    assert (told["verdict"], told["display"], told["allowed"]) == ("not_applicable", "-", None)


def test_faults_by_a_plan_are_those_that_its_row_counts(made: Books) -> None:
    made.enter("targets", "target_id,kind,address,role", "cam,icmp,10.0.0.1,camera", "n,icmp,10.0.0.2,node")
    made.states(
        *(f"{id_},{when}" for id_ in ("cam", "n") for when in ("2025-01-01,up", "2025-02-01,down", "2025-02-02,up"))
    )
    asked, _ = PlanTables(made.reader).asked(PLANS["ankang"], "2025", now=NOW)
    found = faults_of_plan(asked)
    assert [fault.root for fault in found.faults] == ["n"]
    assert (found.rate.n, found.rate.late, found.rate.allowed) == (1, 1, 0)
    assert len(Faults(made.reader, ZONE).find(named("2025", ZONE), now=NOW).faults) == 2


# --- composites and variants ---------------------------------------------------------------------------------------


def two_clouds(made: Books) -> None:
    made.targets("a", "b")
    made.enter("platforms", "platform_id,name", "one,甲", "two,乙")
    made.enter("components", "component_id,platform_id,member", "one-a,one,a", "two-b,two,b")
    made.states("a,2025-01-01,up", "b,2025-01-01,down", "b,2025-01-11,up")


def test_platforms_are_summed_and_the_worst_stands_beside(made: Books) -> None:
    two_clouds(made)
    found = table(made, "ankang", "2025")
    told = row(found, CLOUD)
    assert (told["n"], told["d"]) == ((2 * 8760 - 240) * HOUR, 2 * 8760 * HOUR)
    (judged,) = (each for each in found.rows if each.row.id == CLOUD)
    beside = {each.name: each.low for each in judged.figure.beside}
    assert beside["platform two"] == (8520 * HOUR, 8760 * HOUR)
    assert beside["platform one"] == (8760 * HOUR, 8760 * HOUR)
    assert "最差的平台是 two" in told["reasons"]


def test_a_platform_that_only_the_plan_knows_is_unknown_all_the_time(made: Books) -> None:
    cloud(made, "web,2025-01-01,up")
    base = PLANS["ankang"]
    rows = [
        replace(each, scope={"platforms": ["cloud-1", "cloud-2"]}) if each.id == CLOUD else each for each in base.rows
    ]
    told = row(table(made, replace(base, rows=tuple(rows)), "2025"), CLOUD)
    assert (told["low"], told["high"]) == ([8760 * HOUR, 17520 * HOUR], [17520 * HOUR, 17520 * HOUR])
    assert told["verdict"] == "undetermined"


@pytest.mark.parametrize(("variant", "verdict"), [(Variant.ALL_IN, "missed"), (Variant.EXCLUDING_APPROVED, "met")])
def test_the_plan_names_the_variant_that_is_judged_and_both_are_there(
    made: Books, variant: Variant, verdict: str
) -> None:
    cloud(made, "web,2025-01-01,up", "web,2025-03-01,down", "web,2025-03-04,up")
    made.window("W", "web", "2025-03-01T00:00:00", "2025-03-04T00:00:00", approved="2025-02-01", recorded="2025-06-01")
    found = table(made, replace(PLANS["ankang"], variant=variant), "2025")
    (judged,) = (each for each in found.rows if each.row.id == CLOUD)
    assert str(judged.verdict) == verdict
    beside = {each.name: each.low for each in judged.figure.beside}
    assert beside["all_in"] == (8688 * HOUR, 8760 * HOUR)
    assert beside["excluding_approved"] == (8688 * HOUR, 8688 * HOUR)


def test_a_platform_that_was_in_service_for_half_a_year_counts_its_half(made: Books) -> None:
    made.targets("web")
    made.enter("platforms", "platform_id,name,in_service_from", "cloud-1,云,2025-07-01")
    made.enter("components", "component_id,platform_id,member", "cloud-1-web,cloud-1,web")
    made.states("web,2025-01-01,down", "web,2025-07-01,up")
    told = row(table(made, "ankang", "2025"), CLOUD)
    assert (told["n"], told["d"], told["display"]) == (4416 * HOUR, 4416 * HOUR, "100%")
    assert any("4416 h" in reason for reason in told["reasons"])


# --- a period that still runs (T3) ---------------------------------------------------------------------------------


def test_a_running_year_is_measured_over_elapsed_time_and_says_what_it_can_come_to(made: Books) -> None:
    cloud(made, "web,2025-01-01,down", "web,2025-01-01T10:00:00,up", until="2025-07-01")
    told = row(table(made, "ankang", "2025", as_of="2025-07-01"), CLOUD)
    elapsed = 181 * 24
    assert (told["n"], told["d"]) == ((elapsed - 10) * HOUR, elapsed * HOUR)
    assert told["worst"] == [(elapsed - 10) * HOUR, 8760 * HOUR]
    assert told["best"] == [8750 * HOUR, 8760 * HOUR]
    assert (told["verdict"], told["provisional"]) == ("met", True)
    assert any("年初至今" in reason for reason in told["reasons"])
    assert any("43 h 48 min" in reason and "33 h 48 min" in reason for reason in told["reasons"])


def test_a_year_that_is_lost_is_lost_early(made: Books) -> None:
    cloud(made, "web,2025-01-01,down", "web,2025-01-03,up", until="2025-07-01")
    told = row(table(made, "ankang", "2025", as_of="2025-07-01"), CLOUD)
    assert (told["verdict"], told["provisional"]) == ("missed", False)
    assert "本期已不可能达标" in told["reasons"]


def test_a_target_of_all_hours_has_no_budget_but_an_event(made: Books) -> None:
    cloud(made, "web,2024-01-01,up", "web,2024-03-01,down", "web,2024-03-01T00:00:01,up")
    told = row(table(made, "weinan", "2024"), CLOUD)
    assert (told["verdict"], told["display"]) == ("missed", "99.9999%")
    assert any("不允许任何中断" in reason for reason in told["reasons"])


@pytest.mark.parametrize(
    ("period", "as_of"),
    [("2027", "2026-05-01"), ("2025", "2027-01-01"), ("2025", "2025-01-01"), ("2025-13", "2026-01-01")],
)
def test_time_to_come_and_no_period_at_all_are_refused(made: Books, period: str, as_of: str) -> None:
    with pytest.raises(UsageError):
        table(made, "ankang", period, as_of=as_of)


# --- targets ------------------------------------------------------------------------------------------------------


def test_a_year_without_a_column_gets_advice_and_no_verdict(made: Books) -> None:
    cloud(made, "web,2024-01-01,up")
    told = row(table(made, "ankang", "2024"), CLOUD)
    assert told["target"] == {"year": 2023, "text": "99%", "op": "ge", "value": 99, "advisory": True}
    assert (told["verdict"], told["display"]) == ("no_target", "100%")
    assert any("仅供参考" in reason for reason in told["reasons"])


def test_the_value_of_a_row_without_a_target_is_shown(made: Books) -> None:
    cloud(made, "web,2025-01-01,up")
    told = row(table(made, "weinan", "2025"), CLOUD)
    assert (told["target"]["text"], told["verdict"], told["display"]) == ("/", "no_target", "100%")


def test_a_draft_and_a_definition_that_nobody_adopted_say_so(made: Books) -> None:
    reasons = row(table(made, "xian", "2025"), CLOUD)["reasons"]
    assert {"口径未经批准", "出自征求意见稿，不是已印发的规划"} <= set(reasons)


# --- words and files -----------------------------------------------------------------------------------------------


def test_both_languages_say_the_same_numbers(made: Books) -> None:
    two_clouds(made)
    found = table(made, "ankang", "2025")
    english, chinese = as_json(found, "en"), as_json(found, "zh")
    for one, other in zip(english["indicators"], chinese["indicators"], strict=True):
        assert len(one.pop("reasons")) == len(other.pop("reasons"))
    assert english == chinese


def test_the_csv_has_every_row_and_the_exact_parts(made: Books) -> None:
    two_clouds(made)
    text = csv_text(table(made, "ankang", "2025"), "zh")
    assert text.startswith("\ufeff序号,")
    lines = text.removeprefix("\ufeff").splitlines()
    assert len(lines) == 1 + 29
    assert f"{(2 * 8760 - 240) * HOUR},{2 * 8760 * HOUR}" in lines[10]
