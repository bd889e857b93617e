"""The priority of a fault (F1): by its role, by the sites that it took, by the county node or the lines among them; and
what else is asked of one."""

from dataclasses import replace

import pytest

from sla.confirm import FOREVER
from sla.faults import (
    LIMIT_US,
    Fault,
    Outcome,
    Places,
    is_open,
    is_repeat,
    may_be_late,
    may_change_by_itself,
    priority,
)

HOUR = 3_600_000_000
ROLES = {
    "core": "core",
    "l1": "line",
    "l2": "line",
    "only": "line",
    "n": "node",
    "cn": "county_node",
    "cam": "camera",
    "eye": "camera",
}
PLACES = Places(
    site_of={"l1": "S", "l2": "S", "only": "T", "n": "U", "cn": "C", "cam": "T", "eye": "C"},
    lines_of={"S": ("l1", "l2"), "T": ("only",)},
    counties=frozenset({"C", "S"}),
    sites=10,
)


def fault(root: str, *members: str, start: int = 0, restored: int | None = HOUR) -> Fault:
    return Fault(
        id=f"F-{root}-{start}",
        root=root,
        role=ROLES[root],
        start=start,
        onset=(start, start),
        restored=None if restored is None else (restored, restored),
        ended=FOREVER if restored is None else restored,
        outcome=Outcome.IN_TIME,
        members=members,
    )


@pytest.mark.parametrize(
    ("found", "together", "wanted"),
    [
        (fault("core"), set(), "P1"),
        (fault("cn"), set(), "P2"),
        (fault("n"), set(), "P3"),
        (fault("l1"), set(), "P4"),  # the other line carries on: redundancy is lost, no site
        (fault("l1"), {"l2"}, "P2"),  # both lines of a county
        (fault("only"), set(), "P3"),  # the only line of a site
        (fault("cam"), set(), "P3"),  # takes no site with it
        (fault("eye"), set(), "P3"),  # a county lives by its node, not by a camera that stands there
        (fault("n", "eye"), set(), "P3"),  # nor by a node that stands elsewhere
        (fault("n", "l1", "l2", "only"), set(), "P1"),  # three sites of ten
        (fault("n", "only"), set(), "P3"),
    ],
)
def test_the_priority_goes_by_what_was_lost(found: Fault, together: set[str], wanted: str) -> None:
    assert priority(found, together, ROLES, PLACES) == wanted


@pytest.mark.parametrize(("later", "repeat"), [(25 * HOUR, True), (25 * HOUR + 1, False)])
def test_a_repeat_begins_within_a_day_of_the_restoration(later: int, repeat: bool) -> None:
    before, after = fault("n"), fault("n", start=later, restored=later + 1)
    assert is_repeat(before, after, {}) is repeat


def test_another_recorded_cause_makes_no_repeat() -> None:
    before, after = fault("n"), fault("n", start=2 * HOUR, restored=3 * HOUR)
    assert is_repeat(None, after, {}) is False
    assert is_repeat(fault("n", restored=None), after, {}) is False
    assert is_repeat(before, after, {before.id: "power"})
    assert is_repeat(before, after, {after.id: "power"})
    assert is_repeat(before, after, {before.id: "power", after.id: "power"})
    assert not is_repeat(before, after, {before.id: "power", after.id: "fibre"})


def test_only_what_is_not_restored_may_change_by_itself() -> None:
    assert may_change_by_itself(fault("n", restored=None))
    assert not may_change_by_itself(fault("n"))


def test_a_fault_is_open_until_it_is_restored_or_its_target_removed() -> None:
    assert is_open(fault("n", restored=None)) is True
    assert is_open(fault("n")) is False
    assert is_open(replace(fault("n", restored=None), withdrawn=True)) is False
    assert is_open(replace(fault("n"), withdrawn=True)) is False


def test_only_what_is_pending_may_be_late_and_only_after_three_hours() -> None:
    pending = replace(fault("n", start=HOUR, restored=None), outcome=Outcome.PENDING, onset=(None, HOUR))
    assert may_be_late(pending, HOUR + LIMIT_US + 1) is True
    assert may_be_late(pending, HOUR + LIMIT_US - 1) is False
    assert may_be_late(replace(pending, outcome=Outcome.LATE), HOUR + LIMIT_US + 1) is False
