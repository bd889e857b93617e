"""Kind rtsp against two more servers that nobody here wrote, and against what a third one sent."""

import time
from urllib.parse import quote

import pytest

from collectors.base import Outcome, Reason, Target
from collectors.rtsp import KIND, RtspModule
from tests.collectors.launching import launched
from tests.collectors.rtsp_peers import LONG, probe, raw
from tests.collectors.rtsp_servers import aio_server, make_media, rtsp_rs
from tests.collectors.test_wire_rtsp import NODE, NODE_DESCRIBED

OK = (Outcome.OK, None)
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER"


def verdict(reading):
    return reading.outcome, reading.reason


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    make_media(folder)
    return folder


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"])
def files(request, media):
    with aio_server(media, request.param) as server:
        yield server


@pytest.fixture(scope="module", params=["127.0.0.1", "::1"])
def live(request):
    with rtsp_rs(request.param) as address:
        yield address


async def traced(address, **options):
    lines = []
    readings = await probe(address, trace=lambda step, text: lines.append(f"{step} {text}"), **options)
    return readings, "\n".join(lines)


async def test_options_tell_the_clock_although_its_date_is_written_in_another_order(files):
    before = int(time.time())
    (reading,), told = await traced(files.rtsp)
    after = int(time.time())
    assert (verdict(reading), reading.values["status_code"]) == (OK, 200)
    assert before <= reading.values["date_timestamp_seconds"] <= after
    assert 0 < reading.values["options_seconds"] < LONG
    odd = time.strftime("%a, %b %d %Y %H:%M:%S GMT", time.gmtime(reading.values["date_timestamp_seconds"]))
    assert f"; public: {METHODS}; date: {odd}" in told


async def options_launched(address):
    async with KIND.build(RtspModule()) as collector:
        landed = launched(collector, Target(id="t", address=address, timeout_seconds=LONG))
        assert landed is not None
        return await landed


async def test_options_without_a_task(files, live):
    for address in (files.rtsp, live):
        (reading,) = await options_launched(address)
        assert (verdict(reading), reading.values["status_code"]) == (OK, 200)


@pytest.mark.parametrize(
    ("path", "facts", "detail"),
    [
        ("/t.mp4", {"tracks": 1, "video_tracks": 1, "audio_tracks": 0, "h264": 1, "h265": 0}, "video H264"),
        ("/t.mp4?play_count=0", {"tracks": 1, "h264": 1, "h265": 0}, "video H264"),
        (f"/{quote('路口.mp4')}", {"tracks": 1, "h264": 1, "h265": 0}, "video H264"),
        ("/h265.mp4", {"tracks": 1, "video_tracks": 1, "audio_tracks": 0, "h264": 0, "h265": 1}, "video H265"),
        ("/bell.wav", {"tracks": 1, "video_tracks": 0, "audio_tracks": 1, "h264": 0, "h265": 0}, "audio PCMA"),
    ],
)
async def test_files_are_described(files, path, facts, detail):
    before = int(time.time())
    channel, reachable = await probe(f"rtsp://{files.rtsp}{path}", depth="describe")
    assert (verdict(channel), channel.detail, verdict(reachable)) == (OK, detail, OK)
    assert {name: channel.values[name] for name in facts} == facts
    assert (channel.values["describe_ok"], channel.values["limited"], channel.values["status_code"]) == (1, 0, 200)
    for reading in (channel, reachable):
        assert before <= reading.values["date_timestamp_seconds"] <= int(time.time())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothere.mp4", 404),
        ("/", 404),
        ("/../t.mp4", 404),
        ("/server.log", 404),
        ("/t.mp4?play_count=x", 400),  # the answer carries a text that is no description
        ("/broken.mp4", 400),
    ],
)
async def test_what_the_server_of_files_refuses_is_the_channel_s_failure_alone(files, path, status):
    channel, reachable = await probe(f"{files.rtsp}{path}", depth="describe")
    assert (verdict(channel), verdict(reachable)) == ((Outcome.FAILED, Reason.STATUS), OK)
    assert (channel.values["status_code"], channel.values["describe_ok"]) == (status, 0)
    assert (reachable.values["status_code"], reachable.values["limited"]) == (200, 0)
    assert f"DESCRIBE of {path} was answered {status} " in channel.detail
    assert "h264" not in channel.values


@pytest.mark.parametrize("depth", ["options", "describe"])
async def test_the_http_port_of_the_same_server_is_no_rtsp(files, depth):
    readings = await probe(f"{files.control}/t.mp4", depth=depth)
    assert {verdict(each) for each in readings} == {(Outcome.FAILED, Reason.PROTOCOL)}
    assert "HTTP/1.1 405 Method Not Allowed" in readings[0].detail
    assert "status_code" not in readings[0].values


async def test_a_server_without_a_clock_tells_none(live):
    (reading,), told = await traced(live)
    assert (verdict(reading), reading.values["status_code"]) == (OK, 200)
    assert "date_timestamp_seconds" not in reading.values
    assert f"server: rtsp-rs/0.1; public: {METHODS}" in told


@pytest.mark.parametrize("path", ["/stream", "", "/nothere"])
async def test_a_server_that_describes_its_stream_under_every_path(live, path):
    """It says so itself; over IPv6 its description names the address `[`, which is nothing of ours."""
    channel, reachable = await probe(f"{live}{path}", depth="describe")
    facts = {"tracks": 1, "video_tracks": 1, "audio_tracks": 0, "h264": 1, "h265": 0, "describe_ok": 1}
    assert (verdict(channel), channel.detail, verdict(reachable)) == (OK, "video H264", OK)
    assert {name: channel.values[name] for name in facts} == facts


async def in_pieces(writer, data):
    """The status line, the headers and the rest each in a packet of its own, as that server writes them."""
    first = data.index(b"\r\n") + 2
    head = data.index(b"\r\n\r\n") + 2
    for piece in (data[:first], data[first:head], data[head:]):
        writer.write(piece)
        await writer.drain()


async def node(reader, writer):
    for answer in (NODE, NODE_DESCRIBED):
        await reader.readuntil(b"\r\n\r\n")
        await in_pieces(writer, answer)
    await reader.read()


async def test_a_server_that_calls_the_header_options_and_sends_its_head_line_by_line():
    async with raw(node) as address:
        (channel, reachable), told = await traced(f"{address}/stream1", depth="describe")
    assert (verdict(channel), channel.detail, verdict(reachable)) == (OK, "video H264", OK)
    assert (channel.values["h264"], channel.values["date_timestamp_seconds"]) == (1, 1795331265)
    assert "options: DESCRIBE SETUP PLAY STOP" in told
