"""How gently kind rtsp treats a device: wrong passwords and busy devices. The clock is a number here."""

import asyncio
import socket

import pytest

from collectors.base import Outcome, Reason
from collectors.resolve import Address
from collectors.rtsp import Devices
from collectors.rtsp.devices import Manners
from tests.collectors.rtsp_peers import BYE, SDP, login, probe, scripted

MINUTE, HOUR = 60.0, 3600.0
GOOD, OTHER = b"good", b"other"
OK = (Outcome.OK, None)
LIMITED = (Outcome.ERROR, Reason.LIMITED)


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


@pytest.mark.parametrize(("status", "proven"), [("200 OK", True), ("404 Not Found", True), ("400 Bad Request", False)])
async def test_a_login_counts_as_taken_where_the_answer_proves_it(tmp_path, status, proven):
    def answer(request):
        if request.method == "OPTIONS":
            return request.reply("200 OK")
        if request.login:
            return request.reply(status, body=SDP)
        return request.reply("401 No", "WWW-Authenticate: Basic")

    devices = Devices()
    async with scripted(answer) as peer:
        await probe(peer.address, devices=devices, **login(tmp_path))
    assert bool(devices.manners._proven) == proven


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
