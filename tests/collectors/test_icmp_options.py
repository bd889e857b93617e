"""The kind icmp without a socket: the arithmetic of a probe, options and addresses."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collectors.base import Module, Outcome, Reason, Target
from collectors.icmp import KIND
from collectors.icmp.channel import _round_trip
from collectors.icmp.options import IcmpModule, check_address
from collectors.icmp.probe import Probe, Recipe
from collectors.resolve import Address

TARGET = Target(id="x", address="10.0.0.1", timeout_seconds=2.0)


def a_probe(rtts: dict[int, float], sent: int) -> Probe:
    loop = asyncio.get_running_loop()
    probe = Probe(TARGET, Address(socket.AF_INET, ("10.0.0.1", 0)), Recipe(20, 0.02, 56, []), loop.time(), loop)
    probe.sent = sent
    probe.rtts.update(rtts)
    return probe


async def test_the_values_are_those_of_a_worked_example():
    probe = a_probe({3: 0.040, 0: 0.010, 1: 0.030}, sent=4)  # 10, 30, lost, 40 ms
    assert probe.judge().values == pytest.approx(
        {
            "rtt_seconds": 0.08 / 3, "rtt_min_seconds": 0.010, "rtt_p95_seconds": 0.040, "jitter_seconds": 0.015,
            "loss_ratio": 0.25, "echoes_sent": 4, "echoes_received": 3,
        }
    )  # fmt: skip


async def test_the_95th_percentile_of_twenty_echoes_is_the_nineteenth():
    probe = a_probe({i: (20 - i) / 1000 for i in range(20)}, sent=20)
    assert probe.judge().values["rtt_p95_seconds"] == 0.019


async def test_a_probe_that_could_send_nothing_is_an_error_and_never_a_failure():
    reading = a_probe({}, sent=0).judge()
    assert (reading.outcome, reading.reason) == (Outcome.ERROR, Reason.LATE)


@pytest.mark.parametrize(
    ("stamp", "wanted"),
    [(None, 500), (1000, 500), (900, 400), (500, 0), (499, 500), (1001, 500), (-(10**18), 500)],
    ids=["no stamp", "no stay", "stay", "all stay", "stepped ahead", "stepped back", "stepped far"],
)
def test_a_step_of_the_wall_clock_never_makes_a_false_rtt(stamp: int | None, wanted: int):
    assert _round_trip(500, 1000, stamp) == wanted


@given(st.integers(0, 10**12), st.integers(), st.integers() | st.none())
def test_an_rtt_is_never_negative_nor_longer_than_what_elapsed(elapsed: int, wall: int, stamp: int | None):
    assert 0 <= _round_trip(elapsed, wall, stamp) <= elapsed


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"count": 0}, "greater than or equal to 1"),
        ({"count": 21}, "less than or equal to 20"),
        ({"payload_size": 7}, "greater than or equal to 8"),
        ({"payload_size": 1453}, "less than or equal to 1452"),
        ({"count": 5, "gap": "1s"}, "longer than half the timeout"),
        ({"source_address": "gateway"}, "wanted an IPv4 or IPv6 address of this host"),
        ({"source_address": "0.0.0.0"}, "wanted one single address"),
        ({"source_address": "fe80::1%eth0"}, "without a zone"),
        ({"source_address": "::1", "family": "4"}, "not an address of family 4"),
        ({"family": "5"}, "auto"),
        ({"pattern": "x"}, "Extra inputs"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        IcmpModule(**options)


def test_options_are_read_as_text():
    module = IcmpModule(timeout="3s", count="4", gap="50ms", payload_size="100", ttl="9", family=6)
    assert (module.timeout, module.count, module.gap, module.payload_size) == (3.0, 4, 0.05, 100)
    assert (module.ttl, module.family) == (9, "6")


@pytest.mark.parametrize("address", ["10.0.0.1", "fe80::1%eth0", "2001:db8::1", "gw-1.example.invalid", "host_1"])
def test_an_address_that_can_be_dialled_is_accepted(address: str):
    assert check_address(address) == ""


@pytest.mark.parametrize(
    "address",
    ["", "10.0.0.300", "10.1", "0x7f.1", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255",
     "::ffff:10.0.0.1", "10.0.0.1:80", "http://a.example", "[::1]", "a b", "a" * 64, "10.0.0.0/24"],
)  # fmt: skip
def test_an_address_that_would_measure_something_else_is_refused(address: str):
    assert check_address(address).startswith("got ")


def test_a_module_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="wanted an IcmpModule"):
        KIND.build(Module())
