"""What is said of faults and when: one message a fault, each step of its clock once, the end once, nothing twice."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.notices.desk import LIMIT_US, MOST, Desk, Now, Policy, Seen
from agent.notices.notice import Notice, Sort

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
START = 1_767_225_600 * SECOND
CLOCK = (HOUR, 2 * HOUR, 150 * MINUTE, LIMIT_US)


def policy(wait: int = 0, repeat: int = 0, many: int = 20, is_night: Callable[[int], bool] = lambda _: False) -> Policy:
    return Policy(wait, CLOCK, repeat, frozenset({"line", "core"}), many, is_night)


def seen(id_: str = "F", **other: object) -> Seen:
    whole = {
        "id": id_, "root": f"root-{id_}", "role": "line", "priority": "P3", "start": START, "restored": None,
        "is_open": True, "withdrawn": False, "outcome": "pending", "members": 0, **other,
    }  # fmt: skip
    return Seen(**whole)  # type: ignore[arg-type]  # by name


def restored(id_: str = "F", after: int = MINUTE) -> Seen:
    return seen(id_, restored=START + after, is_open=False, outcome="in_time")


class Table:
    """A desk and its time."""

    def __init__(self, rules: Policy | None = None) -> None:
        self.desk, self.rules = Desk(), rules or policy()

    def at(self, after: int, *faults: Seen, **now: object) -> list[Notice]:
        known = {"isolated": {}, "is_blind": lambda _: False, "in_doubt": False, "became": lambda _: None, **now}
        return self.desk.step(Now(at=START + after, faults=faults, **known), self.rules)  # type: ignore[arg-type]  # by name


def sorts(said: Sequence[Notice]) -> list[str]:
    return [notice.sort for notice in said]


def test_a_fault_is_told_once_and_its_end_once():
    table = Table()
    assert sorts(table.at(SECOND, seen())) == ["opened"]
    assert sorts(table.at(2 * SECOND, seen(members=9))) == []
    (end,) = table.at(MINUTE, restored())
    assert (end.sort, end.outcome, end.restored, end.start) == (Sort.RESTORED, "in_time", START + MINUTE, START)
    assert table.at(2 * MINUTE, restored()) == []
    assert table.at(HOUR) == []
    assert table.desk.told == {}


def test_the_clock_is_told_at_each_step_once_and_3_hours_are_not_late():
    table = Table()
    table.at(SECOND, seen())
    said = {}
    for minute in range(1, 200):
        for notice in table.at(minute * MINUTE, seen()):
            said[minute] = notice.sort
    assert said == {60: "clock", 120: "clock", 150: "clock", 181: "late"}


def test_the_limit_to_the_microsecond():
    table = Table()
    table.at(151 * MINUTE, seen())
    assert table.at(LIMIT_US, seen()) == []
    assert sorts(table.at(LIMIT_US + 1, seen())) == ["late"]


def test_steps_that_passed_while_nobody_looked_are_told_as_the_last():
    table = Table()
    table.at(SECOND, seen())
    assert [(notice.sort, notice.count) for notice in table.at(155 * MINUTE, seen())] == [("clock", 3)]


def test_it_waits_for_what_stands_above_to_turn_out_to_be_the_root():
    table = Table(policy(wait=MINUTE))
    assert table.at(0, seen("child")) == []
    joined = table.at(30 * SECOND, seen("parent"), became=lambda _: ("joined", "parent"))
    assert joined == [], "what was never told is not told to have joined"
    assert [notice.fault for notice in table.at(90 * SECOND, seen("parent"))] == ["parent"]


def test_a_fault_that_was_over_before_it_was_told_is_told_as_such():
    table = Table(policy(wait=MINUTE))
    table.at(0, seen())
    assert sorts(table.at(40 * SECOND, restored(after=30 * SECOND))) == ["passed"]
    assert table.at(2 * MINUTE, restored(after=30 * SECOND)) == []


def test_down_again_within_the_same_fault_is_told():
    table = Table()
    table.at(0, seen())
    table.at(MINUTE, restored())
    assert sorts(table.at(3 * MINUTE, seen())) == ["reopened"]
    assert sorts(table.at(5 * MINUTE, restored(after=4 * MINUTE))) == ["restored"]


@pytest.mark.parametrize(("became", "sort", "of"), [(("joined", "G"), "joined", "G"), (("void", ""), "void", "")])
def test_a_told_fault_that_is_none_any_more_is_told_once(became: tuple[str, str], sort: str, of: str):
    table = Table()
    table.at(0, seen())
    (said,) = table.at(MINUTE, became=lambda _: became)
    assert (said.sort, said.of, said.root) == (sort, of, "root-F")
    assert table.at(2 * MINUTE, became=lambda _: became) == []


def test_a_fault_that_is_not_yet_recorded_as_gone_is_not_forgotten():
    table = Table()
    table.at(0, seen())
    assert table.at(SECOND) == []
    assert sorts(table.at(2 * SECOND, restored())) == ["restored"]


def test_a_target_removed_while_down():
    table = Table()
    table.at(0, seen())
    assert sorts(table.at(MINUTE, seen(is_open=False, withdrawn=True))) == ["withdrawn"]


def test_repeats_are_quiet_and_not_at_night():
    night = [False]
    table = Table(policy(repeat=HOUR, is_night=lambda _: night[0])._replace(clock=()))
    table.at(0, seen())
    assert table.at(HOUR - 1, seen()) == []
    night[0] = True
    assert table.at(2 * HOUR, seen()) == []
    night[0] = False
    assert sorts(table.at(3 * HOUR, seen())) == ["repeat"]
    assert table.at(3 * HOUR + MINUTE, seen()) == []


def test_at_night_the_clock_is_told_all_the_same():
    table = Table(policy(repeat=HOUR, is_night=lambda _: True))
    table.at(0, seen())
    assert sorts(table.at(HOUR, seen())) == ["clock"]


def test_no_deadline_is_told_while_the_clock_is_in_doubt():
    table = Table()
    table.at(0, seen())
    assert table.at(2 * HOUR, seen(), in_doubt=True) == []
    assert [(notice.sort, notice.count) for notice in table.at(2 * HOUR + 1, seen())] == [("clock", 2)]


def test_nothing_is_told_while_the_vantage_is_cut_off_and_once_that_it_was():
    table = Table()
    table.at(0, seen("known"))
    cut = {"isolated": {"business": START + MINUTE}, "is_blind": lambda _: True}
    assert table.at(2 * MINUTE, seen("known"), seen("new"), **cut) == []
    assert table.at(2 * HOUR, seen("known"), **cut) == []
    said = table.at(3 * HOUR, seen("known"))
    assert sorts(said) == ["isolated", "clock"]
    assert (said[0].of, said[0].start, said[0].restored) == ("business", START + MINUTE, START + 3 * HOUR)
    assert table.at(3 * HOUR + SECOND, seen("known"))[0].sort is Sort.LATE


def test_another_plane_s_faults_are_told_meanwhile():
    table = Table()
    cut = {"isolated": {"video": START}, "is_blind": lambda fault: fault.id == "camera"}
    assert [notice.fault for notice in table.at(0, seen("camera"), seen("line"), **cut)] == ["line"]


def test_a_role_that_is_not_asked_for_is_not_told():
    assert Table().at(0, seen(role="camera")) == []


def test_a_storm_is_one_message_with_the_gravest_first():
    table = Table(policy(many=3))
    faults = [seen(str(number), priority="P1" if number == 7 else "P3", members=number) for number in range(10)]
    (said,) = table.at(0, *faults)
    assert (said.sort, said.of, said.count, said.priority) == (Sort.MANY, "opened", 10, "P1")
    assert said.examples[:2] == ("root-7", "root-9")
    assert table.at(SECOND, *faults) == []
    (over,) = table.at(MINUTE, *[restored(str(number)) for number in range(10)])
    assert (over.sort, over.of, over.count) == (Sort.MANY, "restored", 10)


def test_what_is_followed_is_bounded():
    table = Table(policy(many=1))
    table.at(0, *[seen(str(number)) for number in range(MOST + 10)])
    assert len(table.desk.told) == MOST


def test_an_old_store_s_faults_of_the_past_are_no_news():
    table = Table()
    assert table.at(HOUR, restored()) == []


def test_a_fault_that_came_and_went_while_the_agent_was_away_is_told():
    table = Table()
    table.at(0)
    assert sorts(table.at(HOUR, restored(after=MINUTE))) == ["passed"]
    assert table.at(HOUR + 1, restored(after=MINUTE)) == []


STEPS = st.lists(st.sampled_from(["open", "restored", "gone", "blind", "wait"]), max_size=30)


@given(STEPS)
def test_whatever_happens_nothing_is_told_twice_and_no_end_without_a_beginning(steps: list[str]):
    table, told = Table(policy(wait=MINUTE)), list[str]()
    for number, step in enumerate(steps):
        at = number * 20 * SECOND
        faults = {"open": [seen()], "restored": [restored(after=at)], "blind": [seen()]}.get(step, [])
        now = {"is_blind": lambda _: True} if step == "blind" else {}
        told += sorts(table.at(at, *faults, **now))
    for before, after in pairwise(told):
        assert (before, after) not in {("opened", "opened"), ("restored", "restored"), ("passed", "restored")}
    if "restored" in told:
        assert told[0] in ("opened", "passed")
