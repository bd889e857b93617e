"""Kind snmp against devices that are odd, half broken or hostile, over both back ends."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from collectors.base import Outcome, Target
from collectors.snmp import KIND, SnmpModule
from tests.collectors.snmp_peers import (
    GET,
    GETBULK,
    IF,
    IFX,
    NULL,
    OCTETS,
    RESPONSE,
    SEQUENCE,
    UPTIME,
    agent,
    device,
    honest,
    interface,
    number,
    tlv,
)
from tests.collectors.test_snmp import MISMATCH, OK, PERMISSION, PROTOCOL, TIMEOUT, TOO_LARGE, backend, opened, verdict

__all__ = ["backend"]  # a fixture

SHUT, CUT, LOWER, ABSENT, DORMANT, UNSURE = (
    {"admin": 2, "oper": 2},
    {"oper": 2},
    {"oper": 7},
    {"oper": 6},
    {"oper": 5},
    {"oper": 4},
)
UNUSED = {"oper": 2, "octets": (0, 0)}


async def ask_once(cells, timeout=10.0, reply=None, **options):
    async with agent(cells, reply=reply) as peer, opened(**options) as ask:
        return await ask(peer.address, timeout)


# which interfaces count, and what they say


async def test_an_interface_that_is_up_is_ok_and_one_that_is_cut_is_failed(backend):
    rows = [
        interface(1, "ge1"),
        interface(2, "ge2", **CUT),
        interface(3, "ge3", **LOWER),
        interface(4, "ge4", **ABSENT),
    ]
    found = await ask_once(device(*rows), backend=backend)
    assert {part: verdict(each) for part, each in found.items()} == {
        "": OK,
        "if/ge1": OK,
        "if/ge2": MISMATCH,
        "if/ge3": MISMATCH,
        "if/ge4": MISMATCH,
    }
    assert found["if/ge3"].detail == "interface ge3 (index 3): lowerLayerDown, though administratively up"


async def test_48_unused_ports_are_no_faults(backend):
    spare = [interface(number, f"ge{number}", **(SHUT if number % 2 else UNUSED)) for number in range(1, 49)]
    rows = [*spare, interface(49, "uplink"), interface(50, "lo0", kind=24)]
    found = await ask_once(device(*rows), backend=backend)
    assert set(found) == {"", "if/uplink"}
    assert found[""].values["interfaces"] == 50


@pytest.mark.parametrize("state", [SHUT, UNUSED, DORMANT, {"admin": 3, "oper": 3}])
@pytest.mark.parametrize(
    "named",
    [{"interfaces_up": ["ge1"]}, {"interfaces_up": ["到市局"]}, {"interfaces_up": ["7"]}, {"include": ["^ge1$"]}],
    ids=["name", "alias", "index", "pattern"],
)
async def test_an_interface_that_is_asked_for_is_always_judged(state, named):
    row = interface(7, "ge1", alias="到市局".encode("gb18030"), **state)
    found = await ask_once(device(row, interface(8, "ge2")), **named)
    assert verdict(found["if/ge1"]) == MISMATCH
    assert "到市局" in found["if/ge1"].detail
    assert ("if/ge2" in found) == ("include" not in named)


async def test_a_port_that_was_up_and_lost_its_counters_is_still_known(backend):
    async with agent(device(interface(1, "ge1"))) as peer, opened(backend=backend) as ask:
        assert verdict((await ask(peer.address))["if/ge1"]) == OK
        peer.cells = device(interface(1, "ge1", **UNUSED))
        assert verdict((await ask(peer.address))["if/ge1"]) == MISMATCH


async def test_a_state_that_the_device_does_not_know_says_nothing():
    found = await ask_once(device(interface(1, "ge1", **UNSURE)), interfaces_up=["ge1"])
    assert set(found) == {""}


async def test_one_that_must_be_up_and_is_not_there_is_failed():
    found = await ask_once(device(interface(1, "ge1")), interfaces_up=["ge1", "ge9"])
    assert verdict(found["if/ge1"]) == OK
    assert verdict(found["if/ge9"]) == MISMATCH


async def test_exclude_leaves_out_but_never_what_is_named():
    rows = [interface(1, "ge1"), interface(2, "vlan2"), interface(3, "vlan3")]
    found = await ask_once(device(*rows), exclude=["^vlan"], interfaces_up=["vlan3"])
    assert set(found) == {"", "if/ge1", "if/vlan3"}


async def test_names_hold_where_indexes_change_and_alike_ones_are_told_apart():
    rows = [interface(1, "ge1"), interface(2, "same"), interface(3, "same"), interface(4, "", descr="Ethernet 4")]
    rows[3].pop((*IFX, 1, 4))
    found = await ask_once(device(*rows))
    assert set(found) == {"", "if/ge1", "if/same@2", "if/same@3", "if/Ethernet 4"}
    assert "if/ge1" in await ask_once(device(interface(77, "ge1")))


# what rates may be taken from


async def two(before, now, **options):
    async with agent(before) as peer, opened(**options) as ask:
        await ask(peer.address)
        peer.cells = now
        return (await ask(peer.address))["if/ge1"].values


def later(*, ticks=100_000_100, boots=None, **row):
    return device(interface(1, "ge1", **({"octets": (126_000, 252_000)} | row)), ticks=ticks, boots=boots)


BEFORE = device(interface(1, "ge1"))


async def test_rates_by_the_device_s_own_clock(backend):
    values = await two(BEFORE, later(in_errors=5), backend=backend)
    assert values["rate_seconds"] == 1.0
    assert (values["in_bits_per_second"], values["out_bits_per_second"]) == (1_000_000, 2_000_000)
    assert (values["in_utilisation_ratio"], values["out_utilisation_ratio"]) == (0.001, 0.002)
    assert (values["in_errors_per_second"], values["out_errors_per_second"]) == (5, 0)


NO_RATE = {
    "the device started anew": (BEFORE, later(ticks=50)),
    "its engine did": (
        device(interface(1, "ge1"), boots=4),
        later(boots=5),
    ),
    "the counters did": (BEFORE, later(discontinuity=99_000_000)),
    "they went back": (BEFORE, later(octets=(10, 252_000))),
    "they went back, and the speed is not known": (
        device(interface(1, "ge1", mega=0)),
        later(octets=(10, 252_000), mega=0),
    ),
    "more than the line carries": (BEFORE, later(octets=(10**12, 252_000))),
    "the index is another's": (
        BEFORE,
        device(interface(2, "ge1", octets=(126_000, 252_000)), ticks=100_000_100),
    ),
    "only 32 bits": (
        device(interface(1, "ge1", wide=False)),
        later(wide=False),
    ),
    "no time has passed": (BEFORE, later(ticks=100_000_000)),
}


@pytest.mark.parametrize("case", NO_RATE)
async def test_there_is_no_rate_where(case, backend):
    values = await two(*NO_RATE[case], backend=backend)
    assert not [value for value in values if "bits_per_second" in value and value != "speed_bits_per_second"]
    assert not [value for value in values if "utilisation" in value]


async def test_a_64_bit_wrap_and_the_497_days_of_the_clock_are_no_break(backend):
    edge = 2**64 - 1000
    before = device(interface(1, "ge1", octets=(edge, edge)), ticks=2**32 - 50)
    values = await two(before, later(octets=(124_000, 249_000), ticks=50), backend=backend)
    assert values["rate_seconds"] == 1.0
    assert values["in_bits_per_second"] == 1_000_000


async def test_without_a_clock_of_the_device_ours_is_taken(backend):
    cells = [dict(BEFORE), dict(later(octets=(1001, 2001)))]
    for each in cells:
        del each[UPTIME]
    values = await two(*cells, backend=backend)
    assert 0 < values["rate_seconds"] < 30


async def test_a_device_with_no_64_bit_counters_still_has_states(backend):
    found = await ask_once(device(interface(1, "ge1", wide=False)), backend=backend)
    assert verdict(found["if/ge1"]) == OK
    assert "in_octets_total" not in found["if/ge1"].values


# answers that are none


def only(kind, answer):
    """A reply to one kind of request alone."""
    return lambda request, cells: answer(request, cells) if request.tag == kind else None


def standing(request, cells):
    return [request.answer([((*IF, 7, 5), number(1))] * request.repetitions)]


def backwards(request, cells):
    return [request.answer([((*IF, 7, 5), number(1)), ((*IF, 7, 4), number(1))])]


def endless(request, cells):
    (after,) = request.names
    at = after[-1] if len(after) > len(IF) + 1 else 0
    column = after[: len(IF) + 1]
    return [request.answer([((*column, at + step), number(1)) for step in range(1, request.repetitions + 1)])]


def giant(request, cells):
    return [request.answer([(request.names[0], tlv(OCTETS, b"x" * 60_000))])]


def more_than_asked(request, cells):
    return [request.answer([((*IF, 7, step), number(1)) for step in range(1, 60)])]


def garbage(request, cells):
    return [b"garbage", b"", b"\x30\x80", b"\xff" * 100]


def another_id(request, cells):
    request.id = b"\x01"
    return [request.answer(honest(request, cells))]


def hollow(request, cells):
    """A variable without a name: the Rust library panics on it."""
    pdu = tlv(RESPONSE, tlv(0x02, request.id) + number(0) + number(0) + tlv(SEQUENCE, tlv(SEQUENCE)))
    return [tlv(SEQUENCE, number(1) + tlv(OCTETS, request.community) + pdu)]


def silent(request, cells):
    return []


ODD = {
    "a walk that stands": (only(GETBULK, standing), PROTOCOL),
    "a walk that goes back": (only(GETBULK, backwards), PROTOCOL),
    "a walk without end": (only(GETBULK, endless), TOO_LARGE),
    "more rows than asked for": (only(GETBULK, more_than_asked), TOO_LARGE),
    "a giant value": (only(GET, giant), TOO_LARGE),
    "garbage": (garbage, PROTOCOL),
    "a hollow variable": (hollow, PROTOCOL),
    "an answer to another question": (another_id, TIMEOUT),
    "nothing": (silent, TIMEOUT),
    "nothing after the first answer": (only(GETBULK, silent), TIMEOUT),
}


@pytest.mark.parametrize("case", ODD)
async def test_what_no_answer_is_ends_in_time_with_its_reason(case, backend):
    reply, wanted = ODD[case]
    if (case, backend) == ("a hollow variable", "pysnmp"):  # it drops this one without a word
        wanted = TIMEOUT
    cells = device(*(interface(index, f"ge{index}") for index in range(1, 30)))
    patience = 30.0 if wanted == TOO_LARGE else 2.0  # pysnmp takes its time to read what is large
    found = await ask_once(cells, patience, reply, backend=backend, retries=1, max_rows=200)
    assert set(found) == {""}  # its interfaces say nothing
    assert (verdict(found[""]), found[""].detail) == (wanted, found[""].detail)


async def test_a_datagram_that_is_lost_is_asked_for_again(backend):
    lost = []

    def reply(request, cells):
        if request.names not in lost:
            lost.append(request.names)
            return []
        return None

    found = await ask_once(device(interface(1, "ge1")), 30.0, reply, backend=backend, try_timeout="0.2s")
    assert verdict(found["if/ge1"]) == OK
    assert found[""].values["repeated_requests"] == len(lost) > 3


async def test_garbage_before_the_answer_is_passed_over(backend):
    def reply(request, cells):
        return [b"garbage", request.answer(honest(request, cells))]

    found = await ask_once(device(interface(1, "ge1")), 30.0, reply, backend=backend, try_timeout="0.3s", retries=4)
    assert verdict(found["if/ge1"]) == OK
    assert found[""].values["repeated_requests"] == 0


async def test_an_error_status_is_taken_apart_until_what_can_be_told_is(backend):
    """tooBig for many, genErr for one: the others are still read."""
    broken = (*IFX, 10, 1)

    def reply(request, cells):
        if request.tag == GET and len(request.names) > 8:
            return [request.answer([], status=1)]
        if request.tag == GET and broken in request.names:
            return [request.answer([(oid, tlv(NULL)) for oid in request.names], status=5)]
        return None

    found = await ask_once(device(interface(1, "ge1")), 10.0, reply, backend=backend)
    assert verdict(found["if/ge1"]) == OK
    assert "in_octets_total" in found["if/ge1"].values
    assert "out_octets_total" not in found["if/ge1"].values


async def test_half_an_answer_is_no_state(backend):
    def reply(request, cells):
        return [request.answer(honest(request, cells)[:5])] if request.tag == GET else None

    found = await ask_once(device(interface(1, "ge1")), 10.0, reply, backend=backend)
    assert verdict(found[""]) == OK
    assert verdict(found["if/ge1"]) == PERMISSION


async def test_a_table_that_breaks_off_proves_no_interface_missing(backend):
    """An error in the midst of a walk looks like its end to one of the libraries."""

    def reply(request, cells):
        if request.tag == GETBULK and request.names[0] > (*IF, 7, 10):
            return [request.answer([(oid, tlv(NULL)) for oid in request.names], status=5)]
        return None

    cells = device(*(interface(index, f"ge{index}") for index in range(1, 30)))
    found = await ask_once(cells, 10.0, reply, backend=backend, interfaces_up=["ge1", "ge29"])
    assert "if/ge29" not in found


async def test_a_device_that_shows_nothing_is_our_missing_permission(backend):
    found = await ask_once({}, backend=backend)
    assert verdict(found[""]) == PERMISSION
    assert "1.3.6.1.2.1.1" in found[""].detail


async def test_a_table_of_one_column_ends_where_the_view_does(backend):
    cells = {key: value for key, value in device(interface(1, "ge1")).items() if key < (*IFX, 19)}
    found = await ask_once(cells, backend=backend, interfaces_up=["ge1", "ge2"])
    assert verdict(found["if/ge1"]) == OK
    assert verdict(found["if/ge2"]) == MISMATCH


# many


async def test_1000_agents_are_asked_with_one_collector():
    cells = device(interface(1, "ge1"), interface(2, "ge2", **CUT))
    async with contextlib.AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(agent(cells)) for _ in range(1000)]
        collector = await stack.enter_async_context(KIND.build(SnmpModule.model_validate({})))
        room = asyncio.Semaphore(KIND.concurrency)

        async def ask(number, peer):
            async with room:
                return await collector.collect(Target(id=f"t{number}", address=peer.address, timeout_seconds=30))

        before = descriptors()
        for _ in range(2):
            many = await asyncio.gather(*(ask(number, peer) for number, peer in enumerate(peers)))
            assert {tuple(verdict(reading) for reading in found) for found in many} == {(OK, OK, MISMATCH)}
        assert descriptors() <= before + 1000
        await collector.__aexit__(None, None, None)
        assert descriptors() <= before + 5


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_behind_something_down_it_is_asked_once(backend):
    """F7: no second try, whatever the module says."""
    asked = []

    def reply(request, cells):
        asked.append(request.names)
        return []

    async with agent(device(), reply=reply) as peer, opened(backend=backend, retries=4) as ask:
        (found,) = (await ask(peer.address, 1.0, single_attempt=True)).values()
    assert (found.outcome, len(asked)) == (Outcome.FAILED, 1)
