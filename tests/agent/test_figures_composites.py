"""Availability of lines, sites, platforms and components out of a store that was filled by imports (A5, A6)."""

import pytest

from agent.errors import UsageError
from sla.periods import Piece
from tests.agent.figure_cases import LINKS, Books, books
from tests.agent.import_cases import HOUR

MINUTE = HOUR // 60
DAY = ("2025-03-01", "2025-03-02")


@pytest.fixture
def made():
    with books() as empty:
        yield empty


def two_lines(made: Books) -> None:
    """S2 lives by two lines from S1; vector 9."""
    made.sites("S1", "S2")
    made.enter("links", LINKS, "A,S1,S2,电信,100,", "B,S1,S2,移动,100,")
    made.states(
        "A,2025-01-01,up", "A,2025-03-01T01:00:00,down", "A,2025-03-01T05:00:00,up",
        "B,2025-01-01,up", "B,2025-03-01T04:30:00,down", "B,2025-03-01T06:00:00,up",
    )  # fmt: skip


def platform(made: Books, *rows: str, need: str = "") -> None:
    """A platform, its components and the targets behind them: `web,required,group,group_need`."""
    names = [row.partition(",")[0] for row in rows]
    made.targets(*(f"t-{name}" for name in names))
    made.enter("platforms", "platform_id,name,need", f"cloud,政务云,{need}")
    heading = "component_id,platform_id,member,required,redundancy_group,group_need"
    lines = [f"{name},cloud,t-{name},{rest}" for name, _, rest in (row.partition(",") for row in rows)]
    made.enter("components", heading, *lines)


def us(made: Books, name: str, start: str = DAY[0], end: str = DAY[1]) -> dict[str, int]:
    """Minutes by state, those that are not 0."""
    return {state: each // MINUTE for state, each in made.answer(name, start, end)["us"].items() if each}


def test_a_line_is_what_its_own_evidence_says_vector_9(made):
    two_lines(made)
    assert us(made, "A") == {"up": 20 * 60, "down": 4 * 60}
    assert us(made, "B") == {"up": 22 * 60 + 30, "down": 90}


def test_a_site_is_up_while_any_of_its_lines_is_vector_9(made):
    two_lines(made)
    answer = made.answer("S2", *DAY)
    # down while both are, 04:30 to 05:00; one of two down 01:00-04:30 and 05:00-06:00
    assert answer["us"]["down"] == 30 * MINUTE
    assert answer["us"]["degraded"] == 270 * MINUTE
    assert answer["degraded_us"] == {"redundancy": 270 * MINUTE}
    assert answer["all_in"]["low"] == [24 * HOUR - 30 * MINUTE, 24 * HOUR]
    assert answer["source_us"] == {"probe": 0, "imported": 24 * HOUR}
    assert [(each["from"], each["to"], each["class"]) for each in answer["outages"]] == [
        ("2025-03-01T04:30:00+08:00", "2025-03-01T05:00:00+08:00", "own")
    ]
    assert [fault["root"] for fault in made.told(*DAY)["faults"]] == ["A", "B"]


def test_what_answers_at_a_site_proves_the_site_and_never_a_line(made):
    made.sites("S1", "S2")
    made.enter("links", LINKS, "A,S1,S2,电信,100,")
    made.enter("targets", "target_id,kind,address,site_id", "node,icmp,10.0.0.1,S2")
    made.states("node,2025-01-01,up", "node,2025-03-01T12:00:00,down")
    made.states("A,2025-01-01,unknown", "A,2025-03-01T01:00:00,down", "A,2025-03-01T02:00:00,unknown")
    assert us(made, "A") == {"down": 60, "unknown": 23 * 60}
    # the node answers until noon, so the site worked whatever its line says: with its line DOWN it lacks redundancy
    assert us(made, "S2") == {"up": 11 * 60, "degraded": 60, "unknown": 12 * 60}


def test_a_line_is_down_where_an_interface_at_its_end_is(made):
    made.sites("S1", "S2")
    made.targets("sw1")
    heading = "link_id,a_site,b_site,carrier,contracted_mbps,a_device,a_if"
    made.enter("links", heading, "A,S1,S2,电信,100,sw1,7")
    made.states("A,2025-01-01,up", "sw1#if/7,2025-01-01,up", "sw1#if/7,2025-03-01T10:00:00,down", create=True)
    assert us(made, "A") == {"up": 10 * 60, "down": 14 * 60}


def test_a_platform_needs_every_component_and_one_of_a_group(made):
    platform(made, "db,,,", "web1,,web,", "web2,,web,")
    made.states(
        "t-db,2025-01-01,up", "t-db,2025-03-01T20:00:00,down", "t-db,2025-03-01T21:00:00,up",
        "t-web1,2025-01-01,up", "t-web1,2025-03-01T01:00:00,down", "t-web1,2025-03-01T06:00:00,up",
        "t-web2,2025-01-01,up", "t-web2,2025-03-01T03:00:00,unknown", "t-web2,2025-03-01T04:00:00,up",
        "t-web2,2025-03-01T05:00:00,down", "t-web2,2025-03-01T05:30:00,up",
    )  # fmt: skip
    # web1 down alone 01-03, 04-05, 05:30-06: degraded; with web2 unknown 03-04: unknown; both down 05-05:30; db 20-21
    assert us(made, "cloud") == {"up": 18 * 60, "degraded": 3 * 60 + 30, "unknown": 60, "down": 90}


def test_a_component_that_retired_before_anything_was_seen_of_it_takes_no_part(made):
    platform(made, "db,,,", "old,,,")
    retired = "target_id,kind,address,in_service_to"
    made.enter("targets", retired, "t-old,icmp,10.0.0.99,2024-12-31T00:00:00+08:00")
    made.states("t-db,2025-01-01,up")
    assert us(made, "cloud") == {"up": 24 * 60}


def test_what_is_not_required_takes_no_part(made):
    platform(made, "db,,,", "logo,n,,")
    made.states("t-db,2025-01-01,up", "t-logo,2025-01-01,down")
    assert us(made, "cloud") == {"up": 24 * 60}


def test_at_least_2_of_3_is_never_lowered_vector_38(made):
    platform(made, "a,,g,2", "b,,g,2", "c,,g,2")
    rows = [f"t-{name},2025-01-01,up" for name in "abc"]
    made.states(*rows, "t-a,2025-03-01T06:00:00,out", "t-b,2025-03-01T12:00:00,out", "t-c,2025-03-01T18:00:00,out")
    # one retired at 6: the other two must be up, and are; two at 12: unknown; all at 18: out
    assert us(made, "cloud") == {"up": 12 * 60, "unknown": 6 * 60, "out_of_service": 6 * 60}


def test_a_platform_may_need_any_of_its_components(made):
    platform(made, "a,,,", "b,,,", need="any")
    made.states("t-a,2025-01-01,up", "t-b,2025-01-01,down")
    answer = made.answer("cloud", *DAY)
    assert answer["us"]["degraded"] == 24 * HOUR
    assert answer["degraded_us"] == {"redundancy": 24 * HOUR}


def test_a_component_is_what_its_member_is(made):
    platform(made, "web,,,")
    made.states("t-web,2025-01-01,up", "t-web,2025-03-01T01:00:00,down", "t-web,2025-03-01T02:00:00,up")
    of_component, of_target = made.answer("web", *DAY), made.answer("t-web", *DAY)
    assert of_component.pop("target") == "web"
    assert of_target.pop("target") == "t-web"
    assert of_component == of_target


def test_a_component_that_is_declared_unneeded_later_was_needed_before(made):
    platform(made, "db,,,", "web,,,")
    made.states("t-web,2025-01-01,up", "t-db,2025-01-01,up", "t-db,2025-03-01T01:00:00,down", "t-db,2025-03-10,up")
    before = made.answer("cloud", *DAY)["us"]
    made.enter("components", "component_id,platform_id,member,required", "db,cloud,t-db,n", recorded="2025-03-05")
    assert made.answer("cloud", *DAY)["us"] == before
    assert us(made, "cloud") == {"up": 60, "down": 23 * 60}
    assert us(made, "cloud", "2025-03-05", "2025-03-06") == {"up": 24 * 60}


def test_the_second_figure_of_a_platform_says_who_entered_what_it_rests_on(made):
    platform(made, "db,,,", "web,,,")
    made.states("t-web,2025-01-01,up", "t-db,2025-01-01,up", "t-db,2025-03-01T01:00:00,down", "t-db,2025-03-10,up")
    assert "with_later_entries" not in made.answer("cloud", *DAY)
    heading = "component_id,platform_id,member,required,source_doc"
    made.enter("components", heading, "db,cloud,t-db,n,调整单9号", recorded="2025-03-05")
    answer = made.answer("cloud", *DAY)
    assert answer["us"]["down"] == 23 * 60 * MINUTE
    later = answer["with_later_entries"]
    assert later["us"] == {"up": 24 * 60 * MINUTE, "degraded": 0, "down": 0, "unknown": 0, "out_of_service": 0}
    assert later["entries"] == [
        {"recorded_at": "2025-03-05T00:00:00+08:00", "recorded_by": "tester", "source_doc": "调整单9号"}
    ]
    assert "with_later_entries" not in made.answer("cloud", "2025-03-06", "2025-03-07"), "nothing differs there"


def test_the_second_figure_of_a_site_is_that_without_the_line_moved_away(made):
    made.sites("S1", "S2", "S3")
    made.enter("links", LINKS, "A,S1,S2,电信,100,", "B,S1,S2,移动,100,")
    made.states("A,2025-01-01,up", "A,2025-03-01T01:00:00,down", "B,2025-01-01,down")
    made.enter("links", LINKS, "B,S1,S3,移动,100,", recorded="2025-03-05")
    later = made.answer("S2", *DAY)["with_later_entries"]
    assert later["us"]["degraded"] == 0, "of one line no redundancy is lost"
    assert later["us"]["up"] == 60 * MINUTE


def test_a_platform_that_needs_less_from_now_on_needed_more_before(made):
    platform(made, "a,,,", "b,,,")
    made.states("t-a,2025-01-01,up", "t-b,2025-01-01,down")
    made.enter("platforms", "platform_id,name,need", "cloud,政务云,any", recorded="2025-03-01T12:00:00")
    assert us(made, "cloud") == {"down": 12 * 60, "degraded": 12 * 60}


def test_a_line_that_is_moved_away_later_was_its_sites_before(made):
    made.sites("S1", "S2", "S3")
    made.enter("links", LINKS, "A,S1,S2,电信,100,")
    made.states("A,2025-01-01,up", "A,2025-03-01T01:00:00,down")
    made.enter("links", LINKS, "A,S1,S3,电信,100,", recorded="2025-03-05")
    assert us(made, "S2") == {"up": 60, "down": 23 * 60}
    assert us(made, "S2", "2025-03-05", "2025-03-06") == {"unknown": 24 * 60}
    assert us(made, "S3", "2025-03-05", "2025-03-06") == {"down": 24 * 60}


def test_the_pieces_of_a_composite_sum_to_it(made):
    two_lines(made)
    answer = made.figures.answer("S2", made.of(*DAY).period, now=made.of(*DAY).as_of, breakdown=Piece.HOUR)
    assert len(answer["breakdown"]) == 24
    for state, whole in answer["us"].items():
        assert sum(piece["us"][state] for piece in answer["breakdown"]) == whole


def test_an_unknown_id_names_the_nearest_of_every_register(made):
    two_lines(made)
    made.enter("platforms", "platform_id,name", "cloud,政务云")
    with pytest.raises(UsageError, match=r"did you mean cloud\?"):
        made.answer("clouds", *DAY)
