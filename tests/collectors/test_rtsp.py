"""Kind rtsp against GStreamer's server, and against every odd way in which a camera may answer."""

import asyncio
import re

import pytest
from pydantic import ValidationError

from collectors.base import CollectorUnavailableError, Outcome, Reason, Target
from collectors.rtsp import KIND, Devices, RtspModule, rtsp_kind
from tests.collectors.launching import launched
from tests.collectors.rtsp_peers import BYE, LONG, SDP, closed_port, gstreamer, login, probe, raw, reset, scripted

OK = (Outcome.OK, None)


def verdict(reading):
    return reading.outcome, reading.reason


def said(text):
    return lambda request: request.reply(text)


def whole_server(request):
    """A camera without a login."""
    return request.reply("200 OK", body=SDP if request.method == "DESCRIBE" else b"")


@pytest.fixture(scope="module")
def plain():
    with gstreamer() as address:
        yield address


@pytest.fixture(scope="module", params=["basic", "digest"])
def guarded(request):
    with gstreamer(request.param) as address:
        yield address


async def test_options_of_a_real_server(plain):
    (reading,) = await probe(plain)
    assert verdict(reading) == OK
    assert reading.values["status_code"] == 200
    assert reading.values["date_timestamp_seconds"] > 1_700_000_000
    assert 0 < reading.values["options_seconds"] < LONG
    assert 0 < reading.values["rtt_seconds"] <= reading.values["connect_seconds"] + 1


async def test_options_of_a_real_server_without_a_task(plain):
    async with KIND.build(RtspModule()) as collector:
        landed = launched(collector, Target(id="t", address=plain, timeout_seconds=LONG))
        assert landed is not None
        (reading,) = await landed
    assert verdict(reading) == OK
    assert reading.values["status_code"] == 200


async def test_a_connection_only_sends_nothing(plain):
    (reading,) = await probe(plain, depth="connect")
    assert (verdict(reading), set(reading.values)) == (OK, {"connect_seconds", "rtt_seconds"})


@pytest.mark.parametrize(
    ("path", "facts", "detail"),
    [
        ("/cam1", {"tracks": 2, "video_tracks": 1, "audio_tracks": 1, "h264": 1, "h265": 0}, "video H264 audio PCMA"),
        ("/h265", {"tracks": 1, "video_tracks": 1, "audio_tracks": 0, "h264": 0, "h265": 1}, "video H265"),
        ("/mjpeg", {"tracks": 1, "video_tracks": 1, "audio_tracks": 0, "h264": 0, "h265": 0}, "video JPEG"),
    ],
)
async def test_a_real_server_describes_its_channels(plain, path, facts, detail):
    channel, reachable = await probe(f"rtsp://{plain}{path}", depth="describe")
    assert (verdict(channel), channel.detail) == (OK, detail)
    assert {name: channel.values[name] for name in facts} == facts
    assert (channel.values["describe_ok"], channel.values["limited"], channel.values["status_code"]) == (1, 0, 200)
    assert (verdict(reachable), reachable.component) == (OK, "reachable")
    assert "describe_ok" not in reachable.values


async def test_over_ipv6_too():
    with gstreamer(host="::1") as address:
        (reading,) = await probe(address)
        channel, _ = await probe(f"{address}/cam1", depth="describe", family="6")
    assert (verdict(reading), verdict(channel)) == (OK, OK)


async def test_a_login_that_is_right(guarded, tmp_path):
    lines = []
    channel, _ = await probe(
        f"{guarded}/cam1", trace=lambda step, text: lines.append(f"{step} {text}"), **login(tmp_path)
    )
    assert verdict(channel) == OK
    told = "\n".join(lines)
    assert re.search(r"send DESCRIBE \S+ RTSP/1.0 with a (Basic|Digest) login", told)
    assert "Abc12345" not in told
    assert "YWRtaW4" not in told  # admin in base64


async def test_a_login_that_is_wrong_is_tried_once_and_never_the_channel_s_fault(guarded, tmp_path):
    devices, options = Devices(), login(tmp_path, "wrong")
    channel, reachable = await probe(f"{guarded}/cam1", devices=devices, **options)
    assert verdict(channel) == (Outcome.ERROR, Reason.LIMITED)
    assert "refused this user and password" in channel.detail
    assert (verdict(reachable), reachable.values["limited"]) == (OK, 1)
    channel, reachable = await probe(f"{guarded}/cam1", devices=devices, **options)
    assert "credential breaker open for 30 min more" in channel.detail
    assert (verdict(channel), verdict(reachable)) == ((Outcome.ERROR, Reason.LIMITED), OK)
    assert "describe_ok" not in channel.values
    channel, _ = await probe(f"{guarded}/cam1", devices=devices, **login(tmp_path))  # another credential
    assert verdict(channel) == OK


async def test_without_a_login_a_guarded_channel_is_not_offline(guarded):
    channel, reachable = await probe(f"{guarded}/cam1", depth="describe")
    assert (verdict(channel), verdict(reachable)) == ((Outcome.ERROR, Reason.LIMITED), OK)
    assert "set username and password" in channel.detail


async def test_a_channel_that_does_not_exist(plain):
    channel, reachable = await probe(f"{plain}/nothere", depth="describe")
    assert (verdict(channel), verdict(reachable)) == ((Outcome.FAILED, Reason.STATUS), OK)
    assert (channel.values["status_code"], channel.values["describe_ok"]) == (404, 0)
    assert reachable.values["status_code"] == 200


async def test_a_channel_whose_encoder_gives_nothing():
    with gstreamer() as address:
        channel, reachable = await probe(f"{address}/silent", timeout=1.5, depth="describe")
    assert (verdict(channel), verdict(reachable)) == ((Outcome.FAILED, Reason.TIMEOUT), OK)
    assert "DESCRIBE had no whole answer within 1.5 s" in channel.detail


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "453 Busy", "503 No", "551 X"]
)
async def test_any_status_proves_that_the_server_lives(status):
    async with scripted(said(status)) as peer:
        (reading,) = await probe(peer.address)
    assert verdict(reading) == OK
    assert reading.values["status_code"] == int(status[:3])
    assert status in reading.detail


ODD = {
    "options instead of public": lambda request: request.reply("200 OK", "OPTIONS: DESCRIBE, PLAY"),
    "a date as cameras write it": lambda request: request.reply("200 OK", "Date: Sat, Nov 21 2026 20:50:13 GMT"),
    "frames first": lambda request: b"$\0\0\4abcd" * 3 + request.reply("200 OK"),
    "a request first": lambda request: b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" + request.reply("200 OK"),
    "bare line feeds": lambda request: b"RTSP/1.0 200 OK\nCSeq: 1\n\n",
    "no cseq": lambda request: b"RTSP/1.0 200 OK\r\n\r\n",
    "continue first": lambda request: request.reply("100 Continue") + request.reply("200 OK"),
    "more behind it": lambda request: request.reply("200 OK") + b"\0\0\0",
}


@pytest.mark.parametrize("name", ODD)
async def test_odd_answers_are_answers(name):
    async with scripted(ODD[name]) as peer:
        (reading,) = await probe(peer.address)
    assert verdict(reading) == OK
    assert reading.values["status_code"] == 200


async def test_the_device_s_clock_is_told_in_both_shapes():
    async with scripted(lambda request: request.reply("401 No", "Date: Sat, Nov 21 2026 20:50:13 GMT")) as peer:
        (reading,) = await probe(peer.address)
    assert reading.values["date_timestamp_seconds"] == 1795294213


async def silent(reader, writer):
    await reader.read()


async def half(reader, writer):
    writer.write(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: sl")
    await reader.read()


async def drips(reader, writer):
    writer.write(b"RTSP/1.0 200 OK\r\nX: ")
    while True:
        writer.write(b"A")
        await asyncio.sleep(0.02)


async def closes(reader, writer):
    await reader.readuntil(b"\r\n\r\n")


async def closes_behind_its_status(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"RTSP/1.0 200 OK\r\n")


async def breaks_off(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    reset(writer)


async def http(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()


async def endless_head(reader, writer):
    writer.write(b"RTSP/1.0 200 OK\r\n")
    while True:
        writer.write(b"X: " + b"y" * 1000 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    ("talk", "wanted", "detail"),
    [
        (silent, (Outcome.FAILED, Reason.TIMEOUT), "no whole answer within 1 s$"),
        (half, (Outcome.FAILED, Reason.TIMEOUT), "what came begins 'RTSP/1.0 200 OK"),
        (drips, (Outcome.FAILED, Reason.TIMEOUT), "what came begins 'RTSP/1.0 200 OK'"),
        (closes, (Outcome.FAILED, Reason.CLOSED), "OPTIONS without an answer"),
        (closes_behind_its_status, OK, ""),
        (breaks_off, (Outcome.FAILED, Reason.RESET), "reset"),
        (http, (Outcome.FAILED, Reason.PROTOCOL), "HTTP/1.1 400 Bad Request"),
        (endless_head, (Outcome.FAILED, Reason.TOO_LARGE), "a head of more than"),
    ],
)
@pytest.mark.parametrize("depth", ["options", "describe"])
async def test_bad_peers_have_each_their_reason(talk, wanted, detail, depth):
    timeout = 1.0 if talk in (silent, half, drips) else LONG
    async with raw(talk) as address:
        readings = await probe(address, timeout=timeout, depth=depth)
    if talk is closes_behind_its_status and depth == "describe":
        assert [verdict(each) for each in readings] == [(Outcome.FAILED, Reason.CLOSED), OK]
        return
    assert {verdict(each) for each in readings} == {wanted}
    assert re.search(detail, readings[0].detail)


async def test_nobody_listens():
    for reading in await probe(f"127.0.0.1:{closed_port()}", depth="describe"):
        assert verdict(reading) == (Outcome.FAILED, Reason.REFUSED)


def describes(answer):
    return lambda request: request.reply("200 OK") if request.method == "OPTIONS" else answer(request)


@pytest.mark.parametrize(
    ("answer", "wanted", "detail"),
    [
        (
            lambda r: r.reply("302 Moved", "Location: rtsp://10.0.0.1/"),
            Reason.REDIRECT,
            "to 'rtsp://10.0.0.1/'; it is not",
        ),
        (lambda r: r.reply("500 Broken"), Reason.STATUS, "500 Broken"),
        (lambda r: r.reply("200 OK"), Reason.PROTOCOL, "no session description"),
        (lambda r: r.reply("200 OK", body=b"<html>"), Reason.PROTOCOL, "does not begin with v="),
        (lambda r: r.reply("200 OK", body=b"v=0\r\ns=x\r\n"), Reason.MISMATCH, "without any track"),
        (lambda r: r.reply("200 OK", "Content-Length: 65537"), Reason.TOO_LARGE, "a body of 65537 bytes"),
        (lambda r: b"\x16\x03", Reason.PROTOCOL, "DESCRIBE was answered with something that is not RTSP"),
        (lambda r: BYE, Reason.CLOSED, "DESCRIBE without an answer"),
    ],
)
async def test_answers_to_describe_that_are_the_channel_s_own(answer, wanted, detail):
    async with scripted(describes(answer)) as peer:
        channel, reachable = await probe(f"{peer.address}/1", depth="describe")
    assert (verdict(channel), verdict(reachable)) == ((Outcome.FAILED, wanted), OK)
    assert detail in channel.detail


async def test_a_late_answer_to_options_is_not_the_one_to_describe():
    def answer(request):
        first = request.reply("200 OK")
        return first if request.method == "OPTIONS" else first.replace(b"CSeq: 2", b"CSeq: 1") + request.reply("404 No")

    async with scripted(answer) as peer:
        channel, _ = await probe(peer.address, depth="describe")
    assert channel.values["status_code"] == 404


async def test_the_path_of_the_module_is_asked_where_the_address_has_none():
    async with scripted(whole_server) as peer:
        await probe(peer.address, depth="describe", path="/Streaming/Channels/102?x=1")
        await probe(f"{peer.address}/own", depth="describe", path="/Streaming/Channels/102")
    asked = [each.text.split()[1] for each in peer.requests if each.method == "DESCRIBE"]
    assert asked == [f"rtsp://{peer.address}/Streaming/Channels/102?x=1", f"rtsp://{peer.address}/own"]


async def test_a_name_is_resolved_and_told():
    async with scripted(whole_server) as peer:
        (reading,) = await probe(peer.address.replace("127.0.0.1", "localhost"), family="4")
    assert reading.values["resolve_seconds"] >= 0
    assert reading.detail == f"measured {peer.address}"
    assert peer.requests[0].text.startswith(f"OPTIONS rtsp://localhost:{peer.address.rpartition(':')[2]}/ RTSP/1.0\r\n")


async def test_a_source_address_that_is_not_here_is_our_own_fault():
    (reading,) = await probe("127.0.0.1:554", source_address="192.0.2.1")
    assert verdict(reading) == (Outcome.ERROR, Reason.NO_ROUTE)


async def test_closing_the_collector_ends_what_is_in_flight_as_stopped():
    async with raw(silent) as address:
        async with rtsp_kind(devices := Devices()).build(RtspModule()) as collector:
            landed = launched(collector, Target(id="t", address=address, timeout_seconds=LONG))
        (reading,) = await landed
    assert verdict(reading) == (Outcome.ERROR, Reason.STOPPED)
    assert devices.sessions.devices == 0


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"depth": "play"}, "depth"),
        ({"path": "live"}, "wanted / and then"),
        ({"path": "/a?password=x"}, "a path with a password"),
        ({"path": "/user=admin&password=x&channel=1"}, "a path with a password"),
        ({"username": "u"}, "belong together"),
        ({"username": "u", "password": {"env": "X"}}, "never logs in"),
        ({"depth": "describe", "username": "a:b", "password": {"env": "X"}}, "username"),
        ({"depth": "describe", "username": "u", "password": "plain"}, "plain text secret"),
        ({"max_sessions": 3}, "less than or equal to 2"),
        ({"source_address": "x"}, "wanted an address of this host"),
        ({"source_address": "::1", "family": "4"}, "wanted IPv4"),
    ],
)
def test_wrong_options_are_refused(options, wanted):
    with pytest.raises(ValidationError, match=wanted):
        RtspModule.model_validate(options)


async def test_a_password_that_is_missing_or_unusable_makes_the_module_unavailable(tmp_path):
    gone = {"depth": "describe", "username": "u", "password": {"file": str(tmp_path / "gone")}}
    with pytest.raises(CollectorUnavailableError, match="cannot read the secret file"):
        await probe("127.0.0.1", **gone)
    with pytest.raises(CollectorUnavailableError, match="the password is empty"):
        await probe("127.0.0.1", **login(tmp_path, ""))


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("10.0.0.1", ""),
        ("10.0.0.1:8554/Streaming/Channels/101?transportmode=unicast", ""),
        ("rtsp://camera.example/a@b", ""),
        ("RTSP://[2001:db8::1]:554/", ""),
        ("[fe80::1%eth0]", ""),
        ("10.0.0.1?channel=1", ""),
        ("admin:hunter2@10.0.0.1/1", "set username and password in the module"),
        ("rtsp://admin@10.0.0.1/1", "set username and password in the module"),
        ("10.0.0.1/user=admin_password=hunter2_channel=1.sdp", "set username and password in the module"),
        ("rtsps://10.0.0.1/", "rtsps is not spoken"),
        ("2001:db8::1", "brackets round an IPv6 address"),
        ("10.0.0.1:0", "a number from 1 to 65535"),
        ("10.0.0.1/a b", "without blanks"),
        ("10.0.0.1/é", "ASCII"),
        ("10.0.0.1/" + "x" * 2000, "at most 1023"),
        ("10.1", "wanted an IPv4 address"),
        ("", "wanted host"),
        ("/live", "wanted host"),
    ],
)
def test_addresses(address, wanted):
    found = KIND.check_address(address)
    assert wanted in found
    assert bool(found) == bool(wanted)
    assert "hunter2" not in found
