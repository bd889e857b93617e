"""Faults out of a store that was filled by imports: gaps of our own, the desk, quality, sites out (F1, F9-F12)."""

from typing import Any

import pytest

from agent.errors import UsageError
from agent.figures.report import quality_rate, rates, sites_out, unknown_imports
from sla.faults import fault_id
from sla.model import State
from tests.agent.figure_cases import DESK, LINKS, Books, books
from tests.agent.import_cases import HOUR, at

YEAR = ("2025-01-01", "2026-01-01")
MINUTE = HOUR // 60


@pytest.fixture
def made():
    with books() as empty:
        yield empty


def outcomes(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault["root"], fault["outcome"]) for fault in told["faults"]]


def bounds(told: dict[str, Any]) -> tuple[Any, Any]:
    return told["rate"]["low"], told["rate"]["high"]


def watched(made: Books) -> None:
    """A first run of the agent with one fault in time."""
    edges = [
        ("a", "2025-01-01T00:00:00", State.UP),
        ("a", "2025-01-02T00:00:00", State.DOWN),
        ("a", "2025-01-02T01:00:00", State.UP),
    ]
    made.targets("a")
    made.ran("2025-01-01", "2025-01-10", edges, killed=True)


# gaps of our own (F11)


def test_a_killed_agent_leaves_a_gap_that_may_hide_a_late_fault(made):
    watched(made)
    made.ran("2025-01-10T06:00:00", "2025-01-11", [("a", "2025-01-10T06:00:00", State.UP)], killed=True)
    told = made.told("2025-01-01", "2025-02-01", as_of="2025-01-11")
    assert told["gaps"] == [{"vantage": "core", "from": "2025-01-10T00:00:00+08:00", "to": "2025-01-10T06:00:00+08:00"}]
    assert list(told["gaps"][0]) == ["vantage", "from", "to"]
    assert bounds(told) == ([1, 2], [1, 1])


def test_an_agent_that_was_stopped_saw_as_little_as_one_that_was_killed(made):
    edges = [("a", "2025-01-01T00:00:00", State.UP)]
    made.ran("2025-01-01", "2025-01-10", edges)
    made.ran("2025-01-10T06:00:00", "2025-01-11")
    told = made.told("2025-01-01", "2025-02-01", as_of="2025-01-11")
    assert [(gap["from"][8:13], gap["to"][8:13]) for gap in told["gaps"]] == [("10T00", "10T06")]
    assert bounds(told) == ([0, 1], None)


def test_time_after_the_last_heartbeat_is_a_gap_as_well(made):
    watched(made)
    told = made.told("2025-01-01", "2025-02-01", as_of="2025-01-10T03:00:00.000001")
    assert [gap["to"] for gap in told["gaps"]] == ["2025-01-10T03:00:00.000001+08:00"]
    assert made.told("2025-01-01", "2025-02-01", as_of="2025-01-10T03:00:00")["gaps"] == []  # not longer than 3 h


def test_a_gap_after_the_period_hides_nothing_of_it(made):
    watched(made)
    assert made.told("2025-01-01", "2025-01-10", as_of="2025-01-20")["gaps"] == []
    assert len(made.told("2025-01-01", "2025-01-20", as_of="2025-01-20")["gaps"]) == 1


@pytest.mark.parametrize(
    ("records", "gaps"),
    [
        ([("02T00", "isolated", "业务"), ("02T04", "isolation_ended", "业务")], [("02T00", "02T04")]),
        ([("02T00", "isolated", "业务"), ("02T03", "isolation_ended", "业务")], []),
        ([("02T00", "isolated", "业务")], [("02T00", "03T00")]),
        (
            [
                ("02T00", "isolated", "业务"), ("02T01", "isolated", ""), ("02T02", "isolation_ended", "业务"),
                ("02T05", "isolation_ended", ""),
            ],
            [("02T00", "02T05")],
        ),
    ],
)  # fmt: skip
def test_a_vantage_that_was_cut_off_was_blind(made, records, gaps):
    told = [(f"2025-01-{when}:00:00", kind, f'{{"plane": "{plane}"}}') for when, kind, plane in records]
    made.ran("2025-01-01", "2025-01-03", [("a", "2025-01-01T00:00:00", State.UP)], told)
    found = made.told("2025-01-01", "2025-02-01", as_of="2025-01-03")["gaps"]
    assert [(gap["from"][8:13], gap["to"][8:13]) for gap in found] == gaps


def test_an_isolation_ends_with_the_run_that_saw_it(made):
    """A killed agent records no end; the next one says anew that it is cut off, if it is."""
    isolated = [("2025-01-02T00:00:00", "isolated", '{"plane": ""}')]
    made.ran("2025-01-01", "2025-01-02T02:00:00", [("a", "2025-01-01T00:00:00", State.UP)], isolated, killed=True)
    made.ran("2025-01-02T02:30:00", "2025-01-09")
    assert made.told("2025-01-01", "2025-02-01", as_of="2025-01-09")["gaps"] == []


def test_unknown_imported_time_is_no_gap_of_ours(made):
    made.targets("a")
    made.states("a,2025-01-01,up", "a,2025-02-01,unknown", "a,2025-03-01,up")
    assert made.told(*YEAR)["gaps"] == []


# what the desk says (F1)


def cut(made: Books) -> None:
    """A line with a node behind it, DOWN 08:00 to 10:00, and a site that nobody probes."""
    made.sites("S1", "S2", "S9")
    made.enter("links", LINKS, "line,S1,S2,电信,100,")
    made.enter("targets", "target_id,kind,address,site_id", "node,icmp,10.0.0.1,S2")
    made.states(
        "line,2025-01-01,up", "line,2025-05-01T08:00:00,down", "line,2025-05-01T10:00:00,up",
        "node,2025-01-01,up", "node,2025-05-01T08:00:30,down", "node,2025-05-01T10:00:30,up",
    )  # fmt: skip


def desk(made: Books, *rows: str) -> None:
    made.enter("faults", DESK, *rows, recorded="2025-12-01")


def test_a_ticket_links_to_the_fault_and_starts_its_clock_where_it_is_the_earlier(made):
    cut(made)
    desk(made, "GD-1,line,2025-05-01T07:50:00+08:00,,2025-05-01T10:30:00+08:00,光缆")
    (fault,) = (told := made.told(*YEAR))["faults"]
    assert fault["id"] == fault_id("line", at("2025-05-01T08:00:00"))
    assert fault["start"] == "2025-05-01T07:50:00+08:00"
    assert fault["onset"][1] == "2025-05-01T08:00:00+08:00"
    assert fault["restored"][1] == "2025-05-01T10:00:00+08:00"  # the probe's; the desk's stands beside it
    assert (fault["source"], told["rate"]["n"]) == ("imported", 1)
    one, found = made.faults.show(fault["id"], now=at("2026-06-01"))
    details = made.faults.details(one, found)
    assert details["desk"] == [
        {
            "id": "GD-1", "cause": "光缆", "reported": "2025-05-01T07:50:00+08:00", "onset": None, "acknowledged": None,
            "restored": "2025-05-01T10:30:00+08:00", "closed": None,
        }
    ]  # fmt: skip
    assert details["duration_us"] == [130 * MINUTE, 130 * MINUTE]


def test_a_ticket_of_a_member_links_to_the_fault_of_its_root(made):
    cut(made)
    desk(made, "GD-1,node,2025-05-01T08:30:00+08:00,,,")
    assert outcomes(made.told(*YEAR)) == [("line", "in_time")]


def test_a_ticket_of_a_site_links_to_the_fault_of_its_line(made):
    cut(made)
    desk(made, "GD-1,S2,2025-05-01T07:50:00+08:00,,2025-05-01T10:30:00+08:00,")
    assert outcomes(told := made.told(*YEAR)) == [("line", "in_time")]
    assert told["faults"][0]["start"] == "2025-05-01T07:50:00+08:00"


def test_a_ticket_of_a_site_whose_lines_worked_adds_no_fault(made):
    cut(made)
    desk(made, "GD-1,S2,2025-07-01T08:00:00+08:00,,2025-07-01T15:00:00+08:00,")
    assert outcomes(made.told(*YEAR)) == [("line", "in_time")]


def test_a_ticket_of_a_platforms_component_is_about_its_member(made):
    cut(made)
    made.enter("platforms", "platform_id,name", "cloud,政务云")
    made.enter("components", "component_id,platform_id,member", "web,cloud,node")
    desk(made, "GD-1,web,2025-05-01T08:30:00+08:00,,,", "GD-2,cloud,2025-05-01T08:40:00+08:00,,,")
    assert outcomes(made.told(*YEAR)) == [("line", "in_time")]


def test_a_ticket_of_what_nobody_probes_is_a_fault_of_the_desk(made):
    cut(made)
    desk(made, "GD-9,S9,2025-07-01T10:00:00+08:00,2025-07-01T09:00:00+08:00,2025-07-01T12:00:00+08:00,停电")
    told = made.told(*YEAR)
    fault = told["faults"][1]
    assert (fault["root"], fault["source"], fault["outcome"]) == ("S9", "desk", "in_time")
    assert (fault["start"], fault["detected"]) == ("2025-07-01T09:00:00+08:00", None)
    assert told["rate"]["n"] == 2


def test_a_ticket_where_a_probe_saw_nothing_adds_no_fault(made):
    cut(made)
    desk(made, "GD-2,line,2025-07-01T10:00:00+08:00,,2025-07-01T15:00:00+08:00,")
    assert outcomes(made.told(*YEAR)) == [("line", "in_time")]


# beside the headline (F9, F12)


def test_lost_redundancy_that_lasts_is_a_quality_fault_of_the_site_and_rated_apart(made):
    made.sites("S1", "S2")
    made.enter("links", LINKS, "A,S1,S2,电信,100,", "B,S1,S2,移动,100,")
    made.states(
        "A,2025-01-01,up", "A,2025-03-01T01:00:00,down", "A,2025-03-01T02:00:00,up",
        "A,2025-04-01T01:00:00,down", "A,2025-04-01T01:15:00,up", "B,2025-01-01,up",
    )  # fmt: skip
    told = made.told(*YEAR)
    assert [(each["root"], each["role"], each["start"], each["priority"]) for each in told["quality"]] == [
        ("S2", "site", "2025-03-01T01:00:00+08:00", "P4")
    ]
    assert list(told["quality"][0]) == list(told["faults"][0])
    assert [(fault["root"], fault["priority"]) for fault in told["faults"]] == [("A", "P4"), ("A", "P4")]
    assert told["rate"]["n"] == 2


def test_sites_without_service_for_more_than_3_hours_in_one_piece(made):
    cut(made)
    made.states(
        "line,2026-02-01,down", "line,2026-02-01T03:00:00,up", "line,2026-02-02,down",
        "line,2026-02-02T01:00:00,unknown", "line,2026-02-02T02:00:00,down", "line,2026-02-02T03:00:00.000001,up",
        "node,2026-02-01,down", "node,2026-02-01T03:00:00,up", "node,2026-02-02,down",
        "node,2026-02-02T03:00:00.000001,up", until="2026-03-01",
    )  # fmt: skip
    found = made.of("2026-01-01", "2026-06-01")
    out = [(each.site, made.faults.time(each.window.start)) for each in sites_out(found.known, found.period)]
    assert out == [("S2", "2026-02-02T00:00:00+08:00")]  # the first one was exactly 3 h


def test_every_rate_beside_the_headline_is_over_its_own_faults(made):
    made.enter(
        "targets", "target_id,kind,address,carrier,responsible_unit", "a,icmp,10.0.0.1,电信,甲", "b,icmp,10.0.0.2,,乙"
    )
    made.states(
        "a,2025-01-01,up", "a,2025-02-01,down", "a,2025-02-01T00:04:59,up",
        "b,2025-01-01,up", "b,2025-02-01,down", "b,2025-02-01T00:05:00,up",
    )  # fmt: skip
    found = made.of(*YEAR)
    told = {(one.name, one.value): one.rate.n for one in rates(found.faults, found.period, (), found.known.book)}
    assert told == {
        ("priority", "P1-P3"): 2, ("priority", "P3"): 2, ("responsible_unit", "甲"): 1, ("responsible_unit", "乙"): 1,
        ("carrier", "-"): 1, ("carrier", "电信"): 1, ("evidence", "imported"): 2,
        ("without faults shorter than", "5 min"): 1, ("without", "overruns"): 2,
    }  # fmt: skip


def test_quality_faults_have_a_rate_of_their_own(made):
    made.sites("S1", "S2")
    made.enter("links", LINKS, "A,S1,S2,电信,100,", "B,S1,S2,移动,100,")
    made.states(
        "A,2025-01-01,up", "A,2025-03-01T01:00:00,down", "A,2025-03-01T02:00:00,up",
        "A,2025-04-01T01:00:00,down", "A,2025-04-01T05:00:00,up", "B,2025-01-01,up",
    )  # fmt: skip
    found = made.of(*YEAR)
    said = quality_rate(found.quality, found.period, ()).rate
    assert (said.in_time, said.late, said.low, said.high) == (1, 1, (1, 2), (1, 2))


def test_imported_time_that_nobody_knows_is_listed_and_counts_nothing(made):
    """F11: a late fault could hide in it; the agent was not there to be blamed."""
    made.targets("a")
    made.states(
        "a,2025-01-01,up", "a,2025-02-01,unknown", "a,2025-02-01T03:00:00,up", "a,2025-03-01,unknown",
        "a,2025-03-01T03:00:00.000001,up",
    )  # fmt: skip
    found = made.of(*YEAR)
    said = [(each.root, made.faults.time(each.window.start)) for each in unknown_imports(found.known, found.period)]
    assert said == [("a", "2025-03-01T00:00:00+08:00")]
    assert (found.rate.n, found.gaps) == (0, ())
    ended = made.of("2025-03-01", "2025-03-02")
    assert len(list(unknown_imports(ended.known, ended.period))) == 1


# time (T3, F8)


def test_a_fault_over_a_border_counts_where_its_clock_started_vector_15(made):
    made.targets("a")
    made.states("a,2025-01-01,up", "a,2025-12-31T23:00:00,down", "a,2026-01-01T01:30:00,up", until="2026-02-01")
    assert outcomes(made.told(*YEAR)) == [("a", "in_time")]
    assert made.told("2026-01-01", "2026-02-01")["faults"] == []
    assert made.answer("a", *YEAR)["us"]["down"] == 60 * MINUTE
    assert made.answer("a", "2026-01-01", "2026-02-01")["us"]["down"] == 90 * MINUTE


def test_the_limit_itself_is_in_time_vector_14(made):
    made.targets("a", "b")
    made.states(
        "a,2025-01-01,up", "a,2025-02-01,down", "a,2025-02-01T03:00:00,up",
        "b,2025-01-01,up", "b,2025-02-01,down", "b,2025-02-01T03:00:00.000001,up",
    )  # fmt: skip
    assert outcomes(made.told(*YEAR)) == [("a", "in_time"), ("b", "late")]


def test_unknown_before_an_onset_widens_it_vector_44(made):
    made.targets("a")
    made.states("a,2025-01-01,up", "a,2025-02-01,unknown", "a,2025-02-01T00:20:00,down", "a,2025-02-01T03:10:00,up")
    (fault,) = (told := made.told(*YEAR))["faults"]
    assert fault["onset"] == ["2025-02-01T00:00:00+08:00", "2025-02-01T00:20:00+08:00"]
    assert (fault["outcome"], *bounds(told)) == ("undecided", [0, 1], [1, 1])


def test_a_removed_target_leaves_its_outage_withdrawn_vector_18(made):
    made.targets("a")
    made.states("a,2025-01-01,up", "a,2025-02-01,down", "a,2025-02-01T05:00:00,out")
    (fault,) = made.told(*YEAR)["faults"]
    assert (fault["withdrawn"], fault["restored"], fault["outcome"]) == (True, None, "late")
    assert made.answer("a", *YEAR)["outages"][0]["class"] == "withdrawn"


@pytest.mark.parametrize(
    ("start", "as_of", "words"),
    [
        ("2025-01-01", "2027-01-01", "as_of .* lies in the future"),
        ("2027-01-01", "2026-01-01", "the period begins at .* in the future"),
        ("2026-01-01", "2026-01-01", "not before as_of"),
    ],
)
def test_time_to_come_is_refused(made, start, as_of, words):
    with pytest.raises(UsageError, match=words):
        made.of(start, "2028-01-01", as_of=as_of)
