"""Whose hints count, and what is probed early for them."""

from dataclasses import replace

import pytest

from agent.hints import MOST_LINES, Hints, hinted_targets
from agent.schedule import Schedule
from agent.selfmetrics import SelfMetrics
from agent.targets import Watched
from collectors.base import Target
from collectors.snmp.hints import Fate
from tests.agent.worlds import HandClock, target


def device(id_: str, address: str, kind: str = "snmp", role: str = "node", parents: tuple[str, ...] = ()) -> Watched:
    watched = replace(target(id_, interval=3600), kind=kind, role=role, parents=parents)
    return replace(watched, target=Target(id=id_, address=address, timeout_seconds=2.0))


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1:1161", "10.0.0.1"),
        ("[2001:DB8:0::1]", "2001:db8::1"),
        ("[2001:db8::1]:161", "2001:db8::1"),
        ("[fe80::1%eth0]:161", "fe80::1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_a_device_is_known_by_the_numeric_address_that_it_is_probed_at(address: str, source: str) -> None:
    assert hinted_targets([device("sw", address)]) == {source: ("sw",)}


def test_names_and_other_kinds_are_not_known() -> None:
    assert hinted_targets([device("sw", "sw1.example:161"), device("web", "10.0.0.1:80", kind="tcp")]) == {}


def test_every_device_at_the_address_and_the_lines_that_rest_on_it_are_probed() -> None:
    watched = [
        device("sw", "10.0.0.1"),
        device("sw-lines", "10.0.0.1:161"),
        device("other", "10.0.0.2"),
        device("line-a", "10.1.0.1", kind="icmp", role="line", parents=("sw#if/7",)),
        device("line-b", "10.1.0.2", kind="icmp", role="line", parents=("other", "sw")),
        device("line-c", "10.1.0.3", kind="icmp", role="line", parents=("else",)),
        device("host", "10.1.0.4", kind="icmp", parents=("sw",)),
    ]
    found = hinted_targets(watched)
    assert found == {"10.0.0.1": ("sw", "sw-lines", "line-a", "line-b"), "10.0.0.2": ("other", "line-b")}


def test_no_more_than_so_many_lines_follow_one_hint() -> None:
    lines = [device(f"l{n:03}", "10.1.0.1", kind="icmp", role="line", parents=("sw",)) for n in range(MOST_LINES + 50)]
    (ids,) = hinted_targets([device("sw", "10.0.0.1"), *lines]).values()
    assert ids == ("sw", *(f"l{number:03}" for number in range(MOST_LINES)))


def test_a_hint_is_counted_by_what_it_brings_forward() -> None:
    clock, metrics = HandClock(), SelfMetrics()
    schedule = Schedule(clock.monotonic_ns, lambda _: None, lambda *_: None)
    watched = [device("sw", "10.0.0.1"), device("line", "10.1.0.1", kind="icmp", role="line", parents=("sw",))]
    for each in watched:
        schedule.add(each)
    hints = Hints(schedule, metrics)
    assert not hints.knows("10.0.0.1")
    hints.take(hinted_targets(watched))
    assert hints.knows("10.0.0.1")
    clock.seconds = 1e-3
    hints.nudge("10.0.0.1", "trap linkDown")
    hints.nudge("10.0.0.1", "trap linkUp")
    hints.nudge("10.0.0.9", "trap linkDown")
    hints.count(Fate.OVERFLOW, 7)
    registry = metrics.registry
    assert registry.get_sample_value("sla_agent_early_probes_total") == 2
    assert registry.get_sample_value("sla_agent_traps_total", {"fate": "overflow"}) == 7
    assert registry.get_sample_value("sla_agent_traps_total", {"fate": "accepted"}) == 0
    hints.take(hinted_targets(watched[1:]))
    assert not hints.knows("10.0.0.1")
