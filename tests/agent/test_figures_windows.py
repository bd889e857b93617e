"""Windows, later entries and classes out of a store that was filled by imports (A2, A3, A7, M1, M3, M4)."""

import pytest

from agent.errors import UsageError
from tests.agent.figure_cases import LINKS, Books, books
from tests.agent.import_cases import DAY, HOUR

MINUTE = HOUR // 60
JUNE_10 = ("2025-06-10", "2025-06-11")
NIGHT = ("2025-06-10T00:00:00", "2025-06-10T04:00:00")
SLIPPED = ("a,2025-01-01,up", "a,2025-06-10T00:10:00,down", "a,2025-06-10T04:30:00,up")
"""DOWN 00:10 to 04:30 (vectors 11, 12)."""


@pytest.fixture
def made():
    with books() as empty:
        yield empty


def planned(made: Books, scope: str, *, approved: str = "2025-06-05", recorded: str = "2025-06-05") -> None:
    made.window("W-1", scope, *NIGHT, approved=approved, recorded=recorded)


def any_of_two(made: Books) -> None:
    """A platform that any of two components carries."""
    made.targets("a", "b")
    made.enter("platforms", "platform_id,name,need", "cloud,政务云,any")
    made.enter("components", "component_id,platform_id,member", "c-a,cloud,a", "c-b,cloud,b")


# two variants


def test_both_variants_stand_side_by_side_vector_11(made):
    made.targets("a")
    made.states(*SLIPPED)
    planned(made, "a")
    answer = made.answer("a", *JUNE_10)
    assert answer["us"]["down"] == 260 * MINUTE
    assert answer["excluded_us"] == {"up": 10 * MINUTE, "degraded": 0, "down": 230 * MINUTE, "unknown": 0}
    assert answer["all_in"]["low"] == [1180 * MINUTE, 1440 * MINUTE]
    assert answer["excluding_approved"]["low"] == [1170 * MINUTE, 1200 * MINUTE]  # 30 min down of 20 h
    told = made.told(*JUNE_10)
    assert [(fault["start"], fault["overrun"], fault["outcome"]) for fault in told["faults"]] == [
        ("2025-06-10T04:00:00+08:00", True, "in_time")
    ]
    assert told["planned"] == [
        {"root": "a", "onset": "2025-06-10T00:10:00+08:00", "restored": None, "window_id": "W-1", "members": []}
    ]
    assert list(told["planned"][0]) == ["root", "onset", "restored", "window_id", "members"]


def test_a_window_approved_after_it_began_excludes_nothing_vector_12(made):
    made.targets("a")
    made.states(*SLIPPED)
    planned(made, "a", approved="2025-06-10T00:05:00+08:00", recorded="2025-06-11")
    answer = made.answer("a", *JUNE_10)
    assert answer["excluding_approved"] == answer["all_in"]
    assert set(answer["excluded_us"].values()) == {0}
    (fault,) = made.told(*JUNE_10)["faults"]
    assert (fault["start"], fault["outcome"]) == ("2025-06-10T00:10:00+08:00", "late")


@pytest.mark.parametrize("scope", ["role=node", "site=S1,kind=icmp", "module=icmp", "target=a", "x;a"])
def test_a_window_may_select_by_pairs_with_the_defaults_of_the_kind(made, scope):
    made.sites("S1")
    made.enter("targets", "target_id,kind,address,site_id", "a,icmp,10.0.0.1,S1", "x,tcp,10.0.0.2:80,")
    made.states(*SLIPPED)
    planned(made, scope)
    assert made.answer("a", *JUNE_10)["excluded_us"]["down"] == 230 * MINUTE


def test_a_window_drawn_up_the_morning_after_excludes_nothing_vector_39(made):
    made.targets("a")
    made.ran("2025-06-01", "2025-06-01T00:01:00", killed=True)
    planned(made, "a", recorded="2025-06-10T09:00:00")
    assert set(made.answer("a", *JUNE_10)["excluded_us"].values()) == {0}


def test_the_other_one_fails_while_one_is_maintained_vector_19(made):
    any_of_two(made)
    made.states(*SLIPPED, "b,2025-01-01,up", "b,2025-06-10T01:00:00,down", "b,2025-06-10T02:00:00,up")
    planned(made, "a")
    answer = made.answer("cloud", *JUNE_10)
    assert (answer["us"]["down"], answer["us"]["degraded"]) == (60 * MINUTE, 200 * MINUTE)
    assert set(answer["excluded_us"].values()) == {0}  # nor the time in which it worked (vector 33)


def test_both_members_inside_windows_excuse_the_platform(made):
    any_of_two(made)
    made.states(*SLIPPED, "b,2025-01-01,up", "b,2025-06-10T01:00:00,down", "b,2025-06-10T02:00:00,up")
    planned(made, "a;b")
    assert made.answer("cloud", *JUNE_10)["excluded_us"]["down"] == 60 * MINUTE
    assert made.answer("c-a", *JUNE_10)["excluded_us"]["down"] == 230 * MINUTE


def test_only_its_own_id_takes_a_working_composite_out(made):
    any_of_two(made)
    made.states(*SLIPPED, "b,2025-01-01,up")
    planned(made, "cloud")
    assert made.answer("cloud", *JUNE_10)["excluded_us"] == {
        "up": 10 * MINUTE, "degraded": 230 * MINUTE, "down": 0, "unknown": 0,
    }  # fmt: skip


def test_a_window_on_one_line_leaves_the_site_in(made):
    made.sites("S1", "S2")
    made.enter("links", LINKS, "a,S1,S2,电信,100,", "b,S1,S2,移动,100,")
    made.states(*SLIPPED, "b,2025-01-01,up", "b,2025-06-10T03:00:00,down", "b,2025-06-10T03:30:00,up")
    planned(made, "a")
    answer = made.answer("S2", *JUNE_10)
    assert answer["us"]["down"] == 30 * MINUTE
    assert set(answer["excluded_us"].values()) == {0}
    assert made.answer("a", *JUNE_10)["excluded_us"]["down"] == 230 * MINUTE


# later entries (A2)


def test_a_target_retired_over_its_outage_keeps_its_headline_vector_40(made):
    made.targets("a")
    made.states(*SLIPPED)
    heading = "target_id,kind,address,in_service_to,source_doc"
    made.enter("targets", heading, "a,icmp,10.0.0.1,2025-06-01,撤销通知3号", recorded="2025-06-20")
    answer = made.answer("a", "2025-06-01", "2025-07-01")
    # in service until it was recorded on 20 June
    assert answer["us"]["down"] == 260 * MINUTE
    assert answer["us"]["out_of_service"] == 11 * DAY
    assert answer["with_later_entries"] == {
        "entries": [{"recorded_at": "2025-06-20T00:00:00+08:00", "recorded_by": "tester", "source_doc": "撤销通知3号"}],
        "us": {"up": 0, "degraded": 0, "down": 0, "unknown": 0, "out_of_service": 30 * DAY},
        "excluded_us": {"up": 0, "degraded": 0, "down": 0, "unknown": 0},
        "all_in": {"low": None, "high": None},
        "excluding_approved": {"low": None, "high": None},
    }
    assert [fault["outcome"] for fault in made.told("2025-06-01", "2025-07-01")["faults"]] == ["late"]


def test_dates_that_were_known_before_need_no_second_figure(made):
    made.enter("targets", "target_id,kind,address,in_service_to", "a,icmp,10.0.0.1,2025-06-10T02:00:00+08:00")
    made.states(*SLIPPED)
    answer = made.answer("a", *JUNE_10)
    assert "with_later_entries" not in answer
    assert (answer["us"]["down"], answer["us"]["out_of_service"]) == (110 * MINUTE, 22 * HOUR)


# whose outage it was (A7)


def classes(made: Books, name: str, start: str = "2025-06-10", end: str = "2025-06-11") -> list[str]:
    return [outage["class"] for outage in made.answer(name, start, end)["outages"]]


def test_a_child_keeps_its_down_time_and_is_classed_upstream(made):
    made.enter("targets", "target_id,kind,address,parents", "core,icmp,10.0.0.1,", "node,icmp,10.0.0.2,core")
    made.states(
        "core,2025-01-01,up", "core,2025-06-10T08:00:00,down", "core,2025-06-10T10:00:00,up",
        "node,2025-01-01,up", "node,2025-06-10T08:00:40,down", "node,2025-06-10T10:00:50,up",
        "node,2025-06-10T15:00:00,down", "node,2025-06-10T15:10:00,up",
    )  # fmt: skip
    assert classes(made, "core") == ["own"]
    assert classes(made, "node") == ["upstream", "own"]
    assert made.answer("node", *JUNE_10)["us"]["down"] == 2 * HOUR + 10_000_000 + 10 * MINUTE


def test_a_target_without_parents_stands_behind_the_lines_of_its_site(made):
    made.sites("S1", "S2")
    made.enter("links", LINKS, "line,S1,S2,电信,100,")
    made.enter("targets", "target_id,kind,address,site_id", "node,icmp,10.0.0.1,S2")
    made.states(
        "line,2025-01-01,up", "line,2025-06-10T08:00:00,down", "line,2025-06-10T10:00:00,up",
        "node,2025-01-01,up", "node,2025-06-10T08:00:40,down", "node,2025-06-10T10:00:50,up",
    )  # fmt: skip
    assert classes(made, "node") == ["upstream"]
    (fault,) = made.told(*JUNE_10)["faults"]
    assert (fault["root"], fault["role"], fault["members"], fault["priority"]) == ("line", "line", ["node"], "P1")


def test_an_outage_that_begins_in_its_window_is_planned_even_where_it_overruns(made):
    made.targets("a")
    made.states(*SLIPPED)
    planned(made, "a")
    assert classes(made, "a") == ["planned"]


def test_an_outage_that_the_end_of_service_cuts_off_is_withdrawn(made):
    made.enter("targets", "target_id,kind,address,in_service_to", "a,icmp,10.0.0.1,2025-06-10T02:00:00+08:00")
    made.states(*SLIPPED)
    assert classes(made, "a") == ["withdrawn"]
    (fault,) = made.told(*JUNE_10)["faults"]
    assert (fault["withdrawn"], fault["restored"], fault["outcome"]) == (True, None, "undecided")  # 1 h 50 (F10)


RETIRED = "target_id,kind,address,in_service_from,in_service_to,source_doc"
JUNE = ("2025-06-10", "2025-07-20")


@pytest.mark.parametrize(
    ("left", "back", "document", "out_days"),
    [
        ("2025-06-10T02:00:00+08:00", "2025-07-10T02:00:00+08:00", "", 0),
        ("2025-06-10T02:00:00+08:00", "2025-07-10T02:00:00.000001+08:00", "", 30),
        ("2025-06-10T02:00:00+08:00", "2025-07-10T02:00:00+08:00", "撤销通知3号", 30),
        ("2025-06-10T00:05:00+08:00", "2025-07-10T00:05:00+08:00", "", 30),
    ],
    ids=["back in 30 days", "one microsecond later", "by a document", "it was up when it left"],
)
def test_what_left_while_down_and_is_soon_back_was_never_out(made, left, back, document, out_days):
    """M5: 30 days without a document are UNKNOWN, whatever dates people give them."""
    made.enter("targets", RETIRED, f"a,icmp,10.0.0.1,,{left},{document}", f"a,icmp,10.0.0.1,{back},,")
    made.states(*SLIPPED[:-1], "a,2025-06-10T02:00:00,unknown", "a,2025-07-11,up")
    answer = made.answer("a", *JUNE)
    assert answer["us"]["out_of_service"] // DAY == out_days
    assert (answer["us"]["unknown"] // DAY >= 29) is (out_days == 0)


@pytest.mark.parametrize(("address", "is_out"), [("10.0.0.1", False), ("10.0.0.9", True)])
def test_another_id_at_its_address_is_it_come_back(made, address, is_out):
    left = "2025-06-10T02:00:00+08:00"
    made.enter("targets", RETIRED, f"a,icmp,10.0.0.1,,{left},", f"b,icmp,{address},2025-06-20,,")
    made.states(*SLIPPED[:-1], "b,2025-06-20,up")
    assert (made.answer("a", "2025-06-10", "2025-06-20")["us"]["out_of_service"] > 0) is is_out
    after = made.answer("a", "2025-06-20", "2025-07-20")
    assert after["us"]["out_of_service"] == 30 * DAY


def test_a_component_has_the_classes_of_its_member(made):
    any_of_two(made)
    made.states(*SLIPPED, "b,2025-01-01,up")
    planned(made, "a")
    assert classes(made, "c-a") == classes(made, "a") == ["planned"]


def test_a_figure_of_time_to_come_is_refused_for_composites_too(made):
    any_of_two(made)
    with pytest.raises(UsageError, match="lies in the future"):
        made.answer("cloud", "2025-01-01", "2025-02-01", as_of="2027-01-01")
