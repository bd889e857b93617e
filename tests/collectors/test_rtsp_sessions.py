"""Sessions of kind rtsp: who talks to a device, who waits for it, and what those who wait are told."""

import asyncio
import socket
import time

import pytest

from collectors.base import Outcome, Reason, Target, failed
from collectors.resolve import Address
from collectors.rtsp import Devices, RtspModule, rtsp_kind
from collectors.rtsp.devices import MAX_WAITING, Patience, Sessions
from tests.collectors.launching import launched
from tests.collectors.rtsp_peers import LONG, SDP, probe, raw, scripted

OK = (Outcome.OK, None)
PATIENT = Patience(None, 5.0)


def device():
    return Address(socket.AF_INET, ("10.0.0.1", 554))


def verdict(reading):
    return reading.outcome, reading.reason


@pytest.mark.parametrize(("limit", "most"), [(1, 1), (2, 2)])
async def test_no_more_sessions_at_a_time_than_the_module_allows(limit, most):
    async def answer(request):
        await asyncio.sleep(0.01)
        return request.reply("200 OK", body=SDP if request.method == "DESCRIBE" else b"")

    devices = Devices()
    async with scripted(answer) as peer, asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(probe(f"{peer.address}/{n}", devices=devices, depth="describe", max_sessions=limit))
            for n in range(6)
        ]
        await asyncio.wait(tasks)
        assert {verdict(each) for task in tasks for each in task.result()} == {OK}
    assert peer.most_open == most
    order = [request.text.split()[1][-1] for request in peer.requests if request.method == "DESCRIBE"]
    assert order == sorted(order) or limit == 2
    assert devices.sessions.devices == 0


def said_ok(request):
    return request.reply("200 OK")


async def test_launched_probes_wait_their_turn_as_tasks_and_devices_are_apart():
    devices = Devices()
    async with (
        scripted(said_ok) as one,
        scripted(said_ok) as two,
        rtsp_kind(devices).build(RtspModule()) as collector,
    ):
        first = launched(collector, Target(id="a", address=one.address, timeout_seconds=LONG))
        assert first is not None
        assert launched(collector, Target(id="b", address=f"{one.address}/2", timeout_seconds=LONG)) is None
        other = launched(collector, Target(id="c", address=two.address, timeout_seconds=LONG))
        assert other is not None
        second = asyncio.ensure_future(
            collector.collect(Target(id="b", address=f"{one.address}/2", timeout_seconds=LONG))
        )
        assert {verdict((await each)[0]) for each in (first, second, other)} == {OK}
    assert one.most_open == 1
    assert devices.sessions.devices == 0


async def silent(reader, writer):
    await reader.read()


async def test_the_channels_of_a_silent_recorder_all_fail_with_the_one_that_asked():
    """Else only one of them could ever be DOWN, and the others UNKNOWN: our own queue is never their excuse."""
    devices = Devices()
    async with raw(silent) as address, rtsp_kind(devices).build(RtspModule()) as collector:
        targets = [Target(id=f"{n}", address=f"{address}/{n}", timeout_seconds=0.5) for n in range(5)]
        first = launched(collector, targets[0])
        rest = [asyncio.ensure_future(collector.collect(target)) for target in targets[1:]]
        readings = [(await each)[0] for each in [first, *rest]]
    assert {verdict(reading) for reading in readings} == {(Outcome.FAILED, Reason.TIMEOUT)}
    assert readings[1].detail.endswith("(asked by the probe before this one)")
    assert devices.sessions.devices == 0


async def test_who_waits_beyond_its_own_deadline_is_late_and_not_failed():
    devices = Devices()
    async with raw(silent) as address, rtsp_kind(devices).build(RtspModule()) as collector:
        first = launched(collector, Target(id="a", address=address, timeout_seconds=LONG))
        (reading,) = await collector.collect(Target(id="b", address=address, timeout_seconds=0.1))
        assert first is not None
    assert verdict(reading) == (Outcome.ERROR, Reason.LATE)
    assert "other probes of ours" in reading.detail
    assert verdict((await first)[0]) == (Outcome.ERROR, Reason.STOPPED)


async def test_a_shorter_probe_s_silence_does_not_speak_for_a_longer_one():
    async def slow(request):
        await asyncio.sleep(0.3)
        return request.reply("200 OK")

    devices = Devices()
    async with scripted(slow) as peer, rtsp_kind(devices).build(RtspModule()) as collector:
        first = launched(collector, Target(id="a", address=peer.address, timeout_seconds=0.1))
        (second,) = await collector.collect(Target(id="b", address=peer.address, timeout_seconds=LONG))
        assert verdict((await first)[0]) == (Outcome.FAILED, Reason.TIMEOUT)
    assert verdict(second) == OK


async def test_a_timeout_after_waiting_is_our_own_queue_s():
    """The time that is left after the wait was too short to judge by."""
    sessions_free = asyncio.Event()

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        if not sessions_free.is_set():
            await asyncio.sleep(0.3)
            sessions_free.set()
            writer.write(b"RTSP/1.0 200 OK\r\n\r\n")
        await reader.read()

    devices = Devices()
    async with raw(talk) as address, rtsp_kind(devices).build(RtspModule()) as collector:
        first = launched(collector, Target(id="a", address=address, timeout_seconds=LONG))
        (second,) = await collector.collect(Target(id="b", address=address, timeout_seconds=1.5))
        assert verdict((await first)[0]) == OK
    assert verdict(second) == (Outcome.ERROR, Reason.LATE)
    assert "our own queue before this device took" in second.detail


async def test_a_cancelled_waiter_gives_its_turn_to_the_next():
    sessions = Sessions()
    assert sessions.try_enter(device(), 1)
    first = asyncio.ensure_future(sessions.enter(device(), 1, PATIENT, LONG))
    second = asyncio.ensure_future(sessions.enter(device(), 1, PATIENT, LONG))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sessions.leave(device(), PATIENT)  # the first has its turn now, and is cancelled before it takes it
    first.cancel()
    assert await second is True
    sessions.leave(device(), PATIENT)
    assert sessions.devices == 0


@pytest.mark.parametrize("silent", [None, failed(Reason.TIMEOUT, "silent")])
async def test_who_is_told_in_the_very_turn_of_the_loop_that_ends_its_wait_has_heard_it(silent):
    sessions = Sessions()
    assert sessions.try_enter(device(), 1)
    waiting = asyncio.ensure_future(sessions.enter(device(), 1, PATIENT, 0.01))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.001, sessions.leave, device(), PATIENT, silent)
    time.sleep(0.1)  # our loop is late: both timers are due at once
    assert await waiting == (silent or True)
    if silent is None:
        sessions.leave(device(), PATIENT)
    assert sessions.devices == 0


async def test_nobody_overtakes_who_waits():
    sessions = Sessions()
    assert sessions.try_enter(device(), 1)
    waiting = asyncio.ensure_future(sessions.enter(device(), 1, PATIENT, LONG))
    await asyncio.sleep(0)
    assert not sessions.try_enter(device(), 2)
    sessions.leave(device(), PATIENT)
    assert await waiting is True
    sessions.leave(device(), PATIENT)


async def test_the_queue_of_a_device_is_bounded():
    sessions = Sessions()
    assert sessions.try_enter(device(), 1)
    waiting = [asyncio.ensure_future(sessions.enter(device(), 1, PATIENT, LONG)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    assert await sessions.enter(device(), 1, PATIENT, LONG) is False
    gone = failed(Reason.TIMEOUT, "silent")
    sessions.leave(device(), PATIENT, gone)
    assert [await each for each in waiting] == [gone] * MAX_WAITING
    assert sessions.devices == 0


async def test_a_silence_seen_from_elsewhere_does_not_count_here():
    sessions = Sessions()
    assert sessions.try_enter(device(), 1)
    waiting = asyncio.ensure_future(sessions.enter(device(), 1, Patience("10.9.9.9", 1.0), LONG))
    await asyncio.sleep(0)
    sessions.leave(device(), PATIENT, failed(Reason.TIMEOUT, "silent"))
    assert await waiting is True
