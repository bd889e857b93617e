"""The kind icmp against the kernel's own loopback, and against a host that lies, repeats and drops."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace

import pytest

from collectors.base import Collector, Kind, Launcher, Outcome, Reading, Reason, Target
from collectors.icmp import KIND
from collectors.icmp.kind import icmp_kind
from collectors.icmp.options import IcmpModule
from tests.collectors.icmp_peers import Answer, Request, Responder, inside, namespace, open_descriptors
from tests.requirements import need_root


@pytest.fixture(autouse=True)
def _raw_sockets_need_root():
    need_root()


@pytest.fixture
def quiet() -> Iterator[str]:
    """A namespace whose kernel leaves echo requests to the responder."""
    with namespace("net.ipv4.icmp_echo_ignore_all=1") as name:
        yield name


def target(address: str = "127.0.0.1", timeout: float = 5.0, trace=None) -> Target:
    return Target(id=address, address=address, timeout_seconds=timeout, trace=trace)


async def probe(collector: Collector, address: str, timeout: float = 5.0) -> Reading:
    (reading,) = await collector.collect(target(address, timeout))
    assert set(reading.values) <= set(KIND.values)
    return reading


@asynccontextmanager
async def opened(where: str | None = None, kind: Kind | None = None, **options) -> AsyncIterator[Collector]:
    """A collector with sockets in the namespace `where`."""
    collector = (kind or icmp_kind()).build(IcmpModule(**options))
    with nullcontext() if where is None else inside(where):
        await collector.__aenter__()
    try:
        yield collector
    finally:
        await collector.__aexit__(None, None, None)


@asynccontextmanager
async def facing(where: str, answer: Answer, **options) -> AsyncIterator[tuple[Collector, Responder]]:
    responder = Responder(where, answer)
    try:
        async with opened(where, **options) as collector:
            yield collector, responder
    finally:
        responder.close()


def says(outcome: Outcome, reason: Reason | None):
    return lambda reading: (reading.outcome, reading.reason) == (outcome, reason)


is_ok = says(Outcome.OK, None)
timed_out = says(Outcome.FAILED, Reason.TIMEOUT)


def answer_truly(responder: Responder, request: Request) -> None:
    responder.send(request.reply(), request)


def say_nothing(responder: Responder, request: Request) -> None:
    """A silent host."""


# The real kernel on loopback


async def test_behind_something_down_one_echo_is_sent_however_the_probe_is_started() -> None:
    """F7: one attempt; the target's own count holds again afterwards."""
    async with opened(count=3, gap=0.01) as collector:
        behind = replace(target(), single_attempt=True)
        (asked,) = await collector.collect(behind)
        landed: asyncio.Future[Sequence[Reading]] = asyncio.get_running_loop().create_future()
        assert isinstance(collector, Launcher)
        assert collector.launch(behind, landed.set_result)
        (launched,) = await landed
        own = await probe(collector, "127.0.0.1")
    assert [each.values["echoes_sent"] for each in (asked, launched, own)] == [1.0, 1.0, 3.0]
    assert all(map(is_ok, (asked, launched, own)))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.45.6.7", "::1", "0:0:0:0:0:0:0:1", "localhost"])
async def test_when_the_host_answers_the_reading_is_ok_with_every_value(address: str):
    async with opened() as collector:
        reading = await probe(collector, address)
    assert is_ok(reading), reading
    values = reading.values
    assert set(values) == set(KIND.values)
    assert (values["loss_ratio"], values["echoes_sent"], values["echoes_received"]) == (0.0, 3.0, 3.0)
    assert values["hop_limit"] == 64
    assert 0 < values["rtt_min_seconds"] <= values["rtt_seconds"] <= values["rtt_p95_seconds"] < 5
    assert values["jitter_seconds"] >= 0


async def test_one_echo_has_no_jitter():
    async with opened(count="1") as collector:
        reading = await probe(collector, "127.0.0.1")
    assert set(KIND.values) - set(reading.values) == {"jitter_seconds"}
    assert reading.values["echoes_sent"] == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("size", [8, 9, 1452])
async def test_any_allowed_payload_size_comes_back(address: str, size: int):
    async with opened(payload_size=size) as collector:
        assert is_ok(await probe(collector, address))


@pytest.mark.parametrize("count", [1, 3])
async def test_a_thousand_probes_at_once_lose_no_echo(count: int):
    addresses = [f"127.1.{i // 250}.{i % 250 + 1}" for i in range(1000)]
    async with opened(count=count) as collector, asyncio.TaskGroup() as group:
        tasks = [group.create_task(probe(collector, address)) for address in addresses]
        tasks += [group.create_task(probe(collector, "::1")) for _ in range(200)]
    readings = [task.result() for task in tasks]
    assert all(is_ok(reading) for reading in readings)
    assert sum(reading.values["echoes_received"] for reading in readings) == 1200 * count


async def test_the_trace_tells_each_echo_and_its_answer():
    steps: list[str] = []
    async with opened(count=2) as collector:
        await collector.collect(target("localhost", trace=lambda name, detail: steps.append(f"{name} {detail}")))
    assert [step.split()[0] for step in steps] == ["resolve", "send", "reply", "send", "reply"]
    assert "echo 1 of 2, 56 bytes" in steps[1]
    assert "ms, hop limit 64" in steps[2]


async def test_our_own_lateness_does_not_make_a_timeout_or_a_long_rtt():
    async with opened(count=1) as collector:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(probe(collector, "127.0.0.1", timeout=0.2))
            await asyncio.sleep(0)  # the probe sends; the kernel answers at once
            time.sleep(0.4)  # our loop is busy until long after the deadline
        reading = task.result()
    assert is_ok(reading)
    assert reading.values["rtt_seconds"] < 0.2


async def test_modules_share_one_socket_per_family_and_the_last_one_closes_it():
    kind, before = icmp_kind(), open_descriptors()
    async with opened(kind=kind, ttl=9) as first:
        async with opened(kind=kind, count=1) as second:
            assert open_descriptors() == before + 2
            assert is_ok(await probe(first, "127.0.0.1"))
            assert is_ok(await probe(second, "127.0.0.1"))
        assert open_descriptors() == before + 2
        assert is_ok(await probe(first, "::1"))
    assert open_descriptors() == before


async def test_a_collector_that_is_closed_says_error_and_opens_nothing():
    async with opened() as collector:
        before = open_descriptors()
    reading = await probe(collector, "127.0.0.1")
    assert says(Outcome.ERROR, Reason.STOPPED)(reading)
    assert open_descriptors() == before - 2


@pytest.mark.parametrize(("family", "address"), [("4", "::1"), ("6", "127.0.0.1")])
async def test_an_address_of_a_family_the_module_excludes_is_an_error(family: str, address: str):
    async with opened(family=family) as collector:
        assert says(Outcome.ERROR, Reason.NO_ROUTE)(await probe(collector, address))


async def test_a_full_receive_buffer_is_our_error_and_not_a_silent_host():
    kind = icmp_kind()
    async with opened(kind=kind, count=1) as collector:
        channel = kind.build.__self__._channels[socket.AF_INET]
        channel._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the kernel's minimum
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(probe(collector, f"127.0.2.{i}", 0.3)) for i in range(1, 200)]
        readings = [task.result() for task in tasks]
    assert any(is_ok(reading) for reading in readings)
    lost = [reading for reading in readings if not is_ok(reading)]
    assert lost
    assert all(says(Outcome.ERROR, Reason.RESOURCES)(reading) for reading in lost)
    assert "receive buffer" in lost[0].detail


# A host that answers as it is told


async def test_more_open_echoes_than_there_are_numbers_is_our_error_and_no_hang(quiet: str):
    kind = icmp_kind()
    async with facing(quiet, say_nothing, kind=kind, count=1) as (collector, _):
        kind.build.__self__._channels[socket.AF_INET]._mask = 7  # a datagram socket has 65,536
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(probe(collector, f"127.0.3.{i}", 0.3)) for i in range(1, 21)]
    outcomes = [(task.result().outcome, task.result().reason) for task in tasks]
    assert outcomes[:4] == [(Outcome.FAILED, Reason.TIMEOUT)] * 4
    assert set(outcomes[4:]) == {(Outcome.ERROR, Reason.RESOURCES)}


async def test_a_host_that_answers_nothing_is_failed_timeout(quiet: str):
    async with facing(quiet, say_nothing) as (collector, responder):
        reading = await probe(collector, "127.0.0.9", timeout=0.2)
    assert timed_out(reading)
    assert reading.values == {"loss_ratio": 1.0, "echoes_sent": 3.0, "echoes_received": 0.0}
    assert reading.detail == "no reply from 127.0.0.9 to 3 echo requests within 0.2s"
    assert len(responder.requests) == 3


async def test_every_second_echo_lost_is_ok_with_half_the_loss(quiet: str):
    def every_second(responder: Responder, request: Request) -> None:
        if len(responder.requests) % 2:
            answer_truly(responder, request)

    async with facing(quiet, every_second, count=4) as (collector, _):
        reading = await probe(collector, "127.0.0.9", timeout=0.4)
    assert is_ok(reading)
    assert reading.values["loss_ratio"] == 0.5
    assert reading.values["echoes_received"] == 2
    assert reading.detail == "2 of 4 echo requests to 127.0.0.9 were answered"


async def test_a_duplicate_does_not_stand_in_for_a_lost_reply(quiet: str):
    def first_thrice(responder: Responder, request: Request) -> None:
        if len(responder.requests) == 1:
            for _ in range(3):
                answer_truly(responder, request)

    kind = icmp_kind()
    async with facing(quiet, first_thrice, kind=kind) as (collector, _):
        reading = await probe(collector, "127.0.0.9", timeout=0.3)
        assert kind.build.__self__._channels[socket.AF_INET]._waiting == {}
    assert is_ok(reading)
    assert reading.values["echoes_received"] == 1
    assert reading.values["loss_ratio"] == pytest.approx(2 / 3)


def from_elsewhere(responder: Responder, request: Request) -> None:
    responder.send(request.reply(), request, source="127.0.0.77")


def with_other_identifier(responder: Responder, request: Request) -> None:
    message = request.message
    responder.send(Request(request.packet[:24] + bytes([message[4] ^ 1]) + message[5:]).reply(), request)


def with_other_cookie(responder: Responder, request: Request) -> None:
    flipped = bytes([request.message[8] ^ 1])
    responder.send(Request(request.packet[:28] + flipped + request.message[9:]).reply(), request)


def with_wrong_checksum(responder: Responder, request: Request) -> None:
    reply = request.reply()
    responder.send(reply[:-1] + bytes([reply[-1] ^ 1]), request)


def without_payload(responder: Responder, request: Request) -> None:
    responder.send(request.reply(cut=8), request)


def random_bytes(responder: Responder, request: Request) -> None:
    for size in (1, 4, 7, 8, 9, 27, 28, 100, 1400):
        responder.send(os.urandom(size), request)
        responder.send(b"\0\0" + os.urandom(size), request)
        responder.send(b"\3\1" + os.urandom(size), request)


def error_for_another_destination(responder: Responder, request: Request) -> None:
    other = Request(request.packet[:16] + socket.inet_aton("127.0.0.10") + request.packet[20:])
    responder.send(other.error(3, 1), request, source="127.0.0.254")


def error_for_another_request(responder: Responder, request: Request) -> None:
    other = Request(request.packet[:26] + bytes([request.packet[26] ^ 1]) + request.packet[27:])
    responder.send(other.error(3, 1), request, source="127.0.0.254")


@pytest.mark.parametrize(
    "lie",
    [
        from_elsewhere, with_other_identifier, with_other_cookie, with_wrong_checksum, without_payload,
        random_bytes, error_for_another_destination, error_for_another_request,
    ],
)  # fmt: skip
async def test_what_is_not_our_reply_is_no_answer(quiet: str, lie: Answer):
    def lie_then_tell_the_truth(responder: Responder, request: Request) -> None:
        (answer_truly if request.destination == "127.0.0.1" else lie)(responder, request)

    async with facing(quiet, lie_then_tell_the_truth) as (collector, responder):
        assert timed_out(await probe(collector, "127.0.0.9", timeout=0.2))
        assert responder.requests
        assert is_ok(await probe(collector, "127.0.0.1"))


async def test_a_reply_with_a_shortened_payload_is_a_reply(quiet: str):
    def shorten(responder: Responder, request: Request) -> None:
        responder.send(request.reply(cut=8 + 8), request)

    async with facing(quiet, shorten) as (collector, _):
        assert is_ok(await probe(collector, "127.0.0.9"))


async def test_a_reply_to_the_probe_before_is_not_an_answer_to_this_one(quiet: str):
    def answer_the_one_before(responder: Responder, request: Request) -> None:
        if len(responder.requests) > 1:
            answer_truly(responder, responder.requests[-2])

    async with facing(quiet, answer_the_one_before, count=1) as (collector, responder):
        for _ in range(3):
            assert timed_out(await probe(collector, "127.0.0.9", timeout=0.2))
        assert len(responder.requests) == 3


async def test_a_reply_after_the_deadline_is_late_even_if_we_look_later_still(quiet: str):
    async with facing(quiet, say_nothing, count=1) as (collector, responder):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(probe(collector, "127.0.0.9", timeout=0.1))
            await responder.heard.wait()
            time.sleep(0.2)  # our loop is busy while the deadline passes and the reply comes in
            answer_truly(responder, responder.requests[0])
        assert timed_out(task.result())


@pytest.mark.parametrize(
    ("kind", "code", "meaning"),
    [(3, 1, "host unreachable"), (3, 13, "filtered"), (11, 0, "hop limit exceeded")],
)
async def test_when_the_path_says_unreachable_the_reading_is_failed_unreachable(quiet, kind, code, meaning):
    def refuse(responder: Responder, request: Request) -> None:
        responder.send(request.error(kind, code), request, source="127.0.0.254")

    async with facing(quiet, refuse) as (collector, responder):
        reading = await probe(collector, "127.0.0.9", timeout=30)  # it ends long before
    assert says(Outcome.FAILED, Reason.UNREACHABLE)(reading)
    assert reading.detail == f"127.0.0.9: 127.0.0.254 says: {meaning}"
    assert reading.values["loss_ratio"] == 1
    assert len(responder.requests) == 3


async def test_one_reply_outweighs_what_the_path_says_about_the_others(quiet: str):
    def refuse_but_the_last(responder: Responder, request: Request) -> None:
        if len(responder.requests) == 3:
            answer_truly(responder, request)
        else:
            responder.send(request.error(3, 1), request, source="127.0.0.254")

    async with facing(quiet, refuse_but_the_last) as (collector, _):
        reading = await probe(collector, "127.0.0.9")
    assert is_ok(reading)
    assert reading.values["loss_ratio"] == pytest.approx(2 / 3)


async def test_ttl_and_source_address_reach_the_wire(quiet: str):
    async with facing(quiet, answer_truly, ttl=7, source_address="127.0.0.5") as (collector, responder):
        assert is_ok(await probe(collector, "127.0.0.9"))
    assert {(request.ttl, request.source) for request in responder.requests} == {(7, "127.0.0.5")}


async def test_a_shortened_timeout_still_sends_every_echo_in_its_first_half(quiet: str):
    async with facing(quiet, answer_truly, count=3, gap="500ms") as (collector, _):
        reading = await probe(collector, "127.0.0.9", timeout=0.4)
    assert is_ok(reading)
    assert reading.values["echoes_received"] == 3


async def test_closing_ends_open_probes_as_errors_and_leaves_nothing_open(quiet: str):
    before = open_descriptors()
    async with asyncio.TaskGroup() as group, facing(quiet, say_nothing) as (collector, responder):
        task = group.create_task(probe(collector, "127.0.0.9", timeout=600))
        await responder.heard.wait()
    assert says(Outcome.ERROR, Reason.STOPPED)(task.result())
    assert open_descriptors() == before


async def test_closing_one_collector_leaves_the_probes_of_the_other_alone(quiet: str):
    kind = icmp_kind()
    async with facing(quiet, say_nothing, kind=kind, count=1) as (staying, responder), asyncio.TaskGroup() as group:
        async with opened(quiet, kind=kind, count=1) as leaving:
            ended = group.create_task(probe(leaving, "127.0.0.8", timeout=600))
            answered = group.create_task(probe(staying, "127.0.0.9", timeout=600))
            while len(responder.requests) < 2:
                responder.heard.clear()
                await responder.heard.wait()
        assert says(Outcome.ERROR, Reason.STOPPED)(await ended)
        for request in responder.requests:
            answer_truly(responder, request)
    assert is_ok(answered.result())


async def test_a_cancelled_probe_leaves_nothing_behind(quiet: str):
    kind = icmp_kind()
    async with facing(quiet, say_nothing, kind=kind) as (collector, responder):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await probe(collector, "127.0.0.9", timeout=600)
        channel = kind.build.__self__._channels[socket.AF_INET]
        assert responder.requests
        assert channel._waiting == {}
        assert is_ok(await probe(collector, "::1"))  # the shared state still works
        channel._arm()
        assert channel._due == []
