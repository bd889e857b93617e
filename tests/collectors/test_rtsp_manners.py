"""How gently kind rtsp treats a device: wrong passwords, busy devices, sessions. The clock is a number here."""

import asyncio
import socket
import time

import pytest

from collectors.base import Outcome, Reason, Target, failed
from collectors.resolve import Address
from collectors.rtsp import Devices, RtspModule, rtsp_kind
from collectors.rtsp.devices import MAX_WAITING, Manners, Patience, Sessions
from tests.collectors.launching import launched
from tests.collectors.rtsp_peers import BYE, LONG, SDP, login, probe, raw, scripted

MINUTE, HOUR = 60.0, 3600.0
GOOD, OTHER = b"good", b"other"
OK = (Outcome.OK, None)
LIMITED = (Outcome.ERROR, Reason.LIMITED)
PATIENT = Patience(None, 5.0)


def device(number=1):
    return Address(socket.AF_INET, (f"10.0.{number // 250}.{number % 250}", 554))


def verdict(reading):
    return reading.outcome, reading.reason


# the credential breaker


def test_a_wrong_password_rests_30_minutes_then_24_hours():
    manners = Manners()
    assert manners.refused(device(), GOOD, 0.0) == 30 * MINUTE
    assert "credential breaker open for 30 min" in manners.why_not_ask(device(), "/", GOOD, 1.0)
    assert manners.why_not_ask(device(), "/", GOOD, 30 * MINUTE) == ""
    assert manners.refused(device(), GOOD, 30 * MINUTE) == 24 * HOUR
    assert "for 24 h more" in manners.why_not_ask(device(), "/", GOOD, 31 * MINUTE)
    assert manners.refused(device(), GOOD, 25 * HOUR) == 24 * HOUR


def test_it_rests_for_this_credential_on_this_device_only():
    manners = Manners()
    manners.refused(device(1), GOOD, 0.0)
    assert manners.why_not_ask(device(1), "/", OTHER, 1.0) == ""
    assert manners.why_not_ask(device(1), "/", None, 1.0) == ""
    assert manners.why_not_ask(device(2), "/", GOOD, 1.0) == ""


def test_a_password_that_works_again_starts_anew():
    manners = Manners()
    manners.refused(device(), GOOD, 0.0)
    manners.answered(device(), "/", GOOD)
    assert manners.why_not_ask(device(), "/", GOOD, 1.0) == ""


def test_a_credential_that_was_good_before_is_doubted_slowly_and_the_breaker_stays_shut():
    """A camera whose list of users is full answers 401 too; and no more than two logins in any 30 minutes."""
    manners = Manners()
    manners.answered(device(), "/", GOOD)
    rests = [manners.refused(device(), GOOD, at) for at in (0.0, 15 * MINUTE, 45 * MINUTE, 105 * MINUTE)]
    assert rests == [15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 60 * MINUTE]
    assert "as it refused 4 times in a row" in manners.why_not_ask(device(), "/", GOOD, 106 * MINUTE)


def test_refused_on_four_devices_it_rests_on_all_that_never_took_it():
    manners = Manners()
    manners.answered(device(9), "/", GOOD)
    for number in range(3):
        manners.refused(device(number), GOOD, 0.0)
    assert manners.why_not_ask(device(5), "/", GOOD, 1.0) == ""
    manners.refused(device(3), GOOD, 0.0)
    assert "4 devices refuse this user and password" in manners.why_not_ask(device(5), "/", GOOD, 1.0)
    assert manners.why_not_ask(device(9), "/", GOOD, 1.0) == ""
    assert manners.why_not_ask(device(5), "/", OTHER, 1.0) == ""
    manners.answered(device(3), "/", GOOD)
    assert manners.why_not_ask(device(5), "/", GOOD, 1.0) == ""


def test_a_credential_that_nobody_took_yet_is_tried_on_four_devices_at_a_time():
    manners = Manners()
    assert [manners.begin_trial(GOOD, 0.0) for _ in range(4)] == [""] * 4
    assert "tried on other devices first" in manners.begin_trial(GOOD, 0.0)
    assert manners.begin_trial(OTHER, 0.0) == ""
    manners.end_trial(GOOD)
    assert manners.begin_trial(GOOD, 0.0) == ""
    manners.answered(device(), "/", GOOD)
    assert [manners.begin_trial(GOOD, 0.0) for _ in range(20)] == [""] * 20


# back-off


def test_a_busy_device_is_left_alone_twice_as_long_each_time_up_to_an_hour():
    manners, now, rests = Manners(), 0.0, []
    for _ in range(9):
        rests.append(manners.busy(device(), "", now))
        assert manners.why_not_ask(device(), "/any", None, now + rests[-1] - 1)
        now += rests[-1]
        assert manners.why_not_ask(device(), "/any", None, now) == ""
    assert rests == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    manners.answered(device(), "/any", None)
    assert manners.busy(device(), "", now) == 60


def test_a_forbidden_channel_leaves_the_others_alone():
    manners = Manners()
    manners.busy(device(), "/5", 0.0)
    assert manners.why_not_ask(device(), "/5", None, 1.0) == "left alone for 59 s more, as it refused 1 times in a row"
    assert manners.why_not_ask(device(), "/6", None, 1.0) == ""


def test_what_is_remembered_is_bounded_and_the_least_recent_goes():
    manners = Manners(remembered=10)
    for number in range(100):
        credential = b"%d" % (number % 3)
        manners.refused(device(number), credential, 0.0)
        manners.busy(device(number), "/", 0.0)
        manners.answered(device(number + 1000), "/", b"%d" % number)
    tables = (manners._proven, manners._wrong, manners._busy, manners._taken, *manners._refused_on.values())
    assert max(map(len, tables)) == 10
    assert len(manners._refused_on) == 3
    assert manners.why_not_ask(device(99), "/", b"0", 1.0)


def test_credentials_that_come_and_go_do_not_pile_up():
    manners = Manners(remembered=10)
    for number in range(100):
        manners.refused(device(number), b"%d" % number, 0.0)
    assert len(manners._refused_on) <= 10


# on the wire


def guarded(password_is_good):
    """A camera with Basic login."""

    def answer(request):
        if request.method == "OPTIONS":
            return request.reply("200 OK")
        if not request.login:
            return request.reply("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"')
        good = password_is_good() if callable(password_is_good) else password_is_good
        return request.reply("200 OK", body=SDP) if good else request.reply("401 No", "WWW-Authenticate: Basic")

    return answer


async def test_one_wrong_attempt_and_options_go_on(tmp_path):
    devices = Devices()
    async with scripted(guarded(False)) as peer:
        for _ in range(4):
            channel, reachable = await probe(peer.address, devices=devices, **login(tmp_path))
            assert (verdict(channel), verdict(reachable)) == (LIMITED, OK)
        (reading,) = await probe(peer.address, devices=devices)
        assert verdict(reading) == OK
    assert (peer.logins, peer.asked("DESCRIBE"), peer.asked("OPTIONS")) == (1, 2, 5)


async def test_a_login_that_worked_and_is_refused_now_is_a_limit_and_not_the_breaker(tmp_path):
    devices, good = Devices(), [True, False]
    async with scripted(guarded(lambda: good.pop(0))) as peer:
        first, _ = await probe(peer.address, devices=devices, **login(tmp_path))
        second, reachable = await probe(peer.address, devices=devices, **login(tmp_path))
        third, _ = await probe(peer.address, devices=devices, **login(tmp_path))
    assert [verdict(each) for each in (first, second, third, reachable)] == [OK, LIMITED, LIMITED, OK]
    assert "a login that it took before (401 No); the next attempt waits 15 min" in second.detail
    assert "left alone for 15 min more" in third.detail
    assert peer.logins == 2


@pytest.mark.parametrize("status", ["403 Forbidden", "453 Not Enough Bandwidth", "503 Service Unavailable"])
async def test_a_device_that_is_busy_is_alive_and_left_alone(status):
    devices = Devices()
    async with scripted(lambda r: r.reply("200 OK") if r.method == "OPTIONS" else r.reply(status)) as peer:
        for _ in range(3):
            channel, reachable = await probe(peer.address, devices=devices, depth="describe")
            assert (verdict(channel), verdict(reachable)) == (LIMITED, OK)
            assert (channel.values["limited"], reachable.values["limited"]) == (1, 1)
    assert (peer.asked("DESCRIBE"), peer.asked("OPTIONS")) == (1, 3)


async def test_a_stale_nonce_is_no_wrong_password(tmp_path):
    def answer(request):
        if request.method == "OPTIONS":
            return request.reply("200 OK")
        if 'nonce="2"' in request.login:
            return request.reply("200 OK", body=SDP)
        number, stale = ("2", ", stale=true") if request.login else ("1", "")
        return request.reply("401 No", f'WWW-Authenticate: Digest realm="x", nonce="{number}"{stale}')

    devices = Devices()
    async with scripted(answer) as peer:
        channel, _ = await probe(peer.address, devices=devices, **login(tmp_path))
        assert verdict(channel) == OK
    assert peer.logins == 2


async def test_a_nonce_that_is_always_stale_ends_without_a_verdict_on_the_password(tmp_path):
    def answer(request):
        if request.method == "OPTIONS":
            return request.reply("200 OK")
        return request.reply("401 No", 'WWW-Authenticate: Digest realm="x", nonce="1", stale=true')

    devices = Devices()
    async with scripted(answer) as peer:
        channel, _ = await probe(peer.address, devices=devices, **login(tmp_path))
    assert (verdict(channel), peer.logins) == (LIMITED, 2)
    assert "calls every nonce stale" in channel.detail
    assert not devices.manners._wrong


async def test_a_server_that_ends_the_connection_with_its_challenge_is_asked_on_a_new_one(tmp_path):
    def answer(request):
        if request.method == "OPTIONS":
            return request.reply("200 OK")
        if request.login:
            return request.reply("200 OK", body=SDP)
        return request.reply("401 No", "WWW-Authenticate: Basic", "Connection: close")

    async with scripted(answer) as peer:
        channel, reachable = await probe(peer.address, **login(tmp_path))
    assert (verdict(channel), verdict(reachable)) == (OK, OK)
    assert (peer.connections, peer.asked("OPTIONS"), peer.logins) == (2, 1, 1)


async def test_a_connection_broken_off_on_our_login_counts_as_its_refusal(tmp_path):
    def answer(request):
        if request.method == "OPTIONS":
            return request.reply("200 OK")
        return BYE if request.login else request.reply("401 No", "WWW-Authenticate: Basic")

    devices = Devices()
    async with scripted(answer) as peer:
        for _ in range(3):
            channel, reachable = await probe(peer.address, devices=devices, **login(tmp_path))
            assert (verdict(channel), verdict(reachable)) == (LIMITED, OK)
    assert peer.logins == 1


@pytest.mark.parametrize("header", ["WWW-Authenticate: Negotiate", "X: y", 'WWW-Authenticate: Digest realm="x"'])
async def test_a_challenge_that_we_cannot_answer_is_no_attempt(tmp_path, header):
    async with scripted(lambda r: r.reply("200 OK" if r.method == "OPTIONS" else "401 No", header)) as peer:
        channel, _ = await probe(peer.address, **login(tmp_path))
    assert (verdict(channel), peer.logins) == (LIMITED, 0)
    assert "no way to log in that we know" in channel.detail


async def test_one_mistyped_password_reaches_four_devices_of_twelve(tmp_path):
    devices, options = Devices(), login(tmp_path)
    async with asyncio.TaskGroup() as group:
        ready, done, peers = asyncio.Event(), asyncio.Event(), []

        async def camera():
            async with scripted(guarded(False)) as peer:
                peers.append(peer)
                if len(peers) == 12:
                    ready.set()
                await done.wait()

        for _ in range(12):
            group.create_task(camera())
        await ready.wait()
        async with asyncio.TaskGroup() as probes:
            tasks = [probes.create_task(probe(peer.address, devices=devices, **options)) for peer in peers]
        done.set()
    assert {verdict(task.result()[0]) for task in tasks} == {LIMITED}
    assert {verdict(task.result()[1]) for task in tasks} == {OK}
    assert 1 <= sum(peer.logins for peer in peers) <= 4


# sessions


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
            await asyncio.sleep(0.4)
            sessions_free.set()
            writer.write(b"RTSP/1.0 200 OK\r\n\r\n")
        await reader.read()

    devices = Devices()
    async with raw(talk) as address, rtsp_kind(devices).build(RtspModule()) as collector:
        first = launched(collector, Target(id="a", address=address, timeout_seconds=LONG))
        (second,) = await collector.collect(Target(id="b", address=address, timeout_seconds=0.8))
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
