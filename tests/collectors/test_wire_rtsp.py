"""The RTSP codec: what real servers sent, in any pieces; and nothing that a network may send makes it raise."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors.wire.rtsp import (
    MAX_HEAD,
    MAX_PASSED,
    NotRtspError,
    Response,
    ResponseReader,
    TooLargeError,
    request,
    timestamp,
    whole,
)

GSTREAMER = (
    b"RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\n"
    b'WWW-Authenticate: Digest realm="GStreamer RTSP Server", nonce="f0df1b9d6c885a00"\r\n'
    b"Server: GStreamer RTSP server\r\nDate: Sat, 21 Nov 2026 20:49:42 GMT\r\n\r\n"
)
CAMERA = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE, PLAY, PAUSE, SETUP, TEARDOWN\r\n"
    b"Date:  Sat, Nov 21 2026 20:50:13 GMT\r\n\r\n"
)
AIO = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nDate: Sun, Nov 22 2026 07:04:33 GMT\r\nServer: python aio rtsp server\r\n"
    b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER\r\nContent-Length: 0\r\n\r\n"
)
RTSP_RS = (  # over IPv6
    b"RTSP/1.0 200 OK\r\nServer: rtsp-rs/0.1\r\nCSeq: 3\r\nContent-Type: application/sdp\r\n"
    b"Content-Base: rtsp://[::1]:18563/stream\r\nContent-Length: 176\r\n\r\n"
    b"v=0\r\no=- 0 0 IN IP4 [\r\ns=Stream\r\nc=IN IP4 [\r\nt=0 0\r\na=tool:rtsp-rs\r\na=sendonly\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
)
NODE = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nDate: Sun, 22 Nov 2026 07:07:44 GMT\r\nOPTIONS: DESCRIBE SETUP PLAY STOP\r\n\r\n"
NODE_DESCRIBED = (
    b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nDate: Sun, 22 Nov 2026 07:07:45 GMT\r\nContent-Type: application/sdp\r\n"
    b"Content-Length: 131\r\n\r\nv=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n"
)
DESCRIBED = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
RECORDED = [GSTREAMER, CAMERA, AIO, RTSP_RS, NODE, NODE_DESCRIBED, DESCRIBED]


def read_all(pieces, max_body=65536):
    reader, found = ResponseReader(max_body), []
    for piece in pieces:
        reader.feed(piece)
        while (response := reader.next()) is not None:
            found.append(response)
    return found


def cut(data, places):
    marks = sorted({min(place, len(data)) for place in places})
    return [data[a:b] for a, b in zip([0, *marks], [*marks, len(data)], strict=True)]


@pytest.mark.parametrize("data", RECORDED)
def test_byte_by_byte_reads_the_same_as_at_once(data: bytes):
    assert read_all(data[at : at + 1] for at in range(len(data))) == read_all([data])
    assert len(read_all([data])) == 1


@given(st.lists(st.sampled_from(RECORDED), max_size=4), st.lists(st.integers(0, 1500), max_size=12))
def test_any_pieces_of_any_responses_read_the_same(parts: list[bytes], places: list[int]):
    one_by_one = [response for part in parts for response in read_all([part])]
    assert read_all(cut(b"".join(parts), places)) == one_by_one


LINES = [
    "RTSP/1.0 200 OK",
    "OPTIONS * RTSP/1.0",
    "CSeq: 1",
    "Content-Length: 0",
    "Content-Length: 5",
    " folded",
    "",
    "\r",
    "$ab",
]
ENDS = ["\r\n", "\r\n", "\r\n", "\n", "\r"]


@given(
    st.one_of(
        st.sampled_from(RECORDED),
        st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(ENDS)), max_size=6).map(
            lambda lines: "".join(line + end for line, end in lines).encode() + b"\r\n"
        ),
    )
)
@example(CAMERA + CAMERA)
@example(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n\r\n")
def test_what_is_read_at_once_is_what_a_reader_reads_to_the_last_byte(data: bytes):
    found = whole(data)
    if found is not None:
        reader = ResponseReader(0)
        reader.feed(data)
        assert (reader.next(), reader.next(), reader.pending) == (found, None, b"")


@pytest.mark.parametrize("data", [GSTREAMER, CAMERA, AIO, NODE])
def test_a_response_without_a_body_is_read_at_once_and_remembered(data: bytes):
    assert [whole(data)] == read_all([data])
    assert whole(bytes(bytearray(data))) is whole(data)


@pytest.mark.parametrize(
    "data", [RTSP_RS, NODE_DESCRIBED, CAMERA[:-1], CAMERA + CAMERA, b"\r\n\r\n", b"x\r\n\r\n", b""]
)
def test_a_reader_has_to_look_at_anything_else(data: bytes):
    assert whole(data) is None


def test_a_challenge_as_gstreamer_sends_it():
    (found,) = read_all([GSTREAMER])
    assert (found.version, found.status, found.phrase, found.cseq, found.body) == ("1.0", 401, "Unauthorized", 2, b"")
    assert found.every("www-authenticate") == ['Digest realm="GStreamer RTSP Server", nonce="f0df1b9d6c885a00"']
    assert found.date == int(datetime(2026, 11, 21, 20, 49, 42, tzinfo=UTC).timestamp())


def test_a_camera_s_own_shape_of_the_date_and_its_methods():
    (found,) = read_all([CAMERA])
    assert found.date == int(datetime(2026, 11, 21, 20, 50, 13, tzinfo=UTC).timestamp())
    assert found.methods[:2] == ("OPTIONS", "DESCRIBE")
    (found,) = read_all([AIO])
    assert found.date == int(datetime(2026, 11, 22, 7, 4, 33, tzinfo=UTC).timestamp())
    assert found.methods == ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER")


def test_a_header_called_options_stands_for_public():
    (found,) = read_all([NODE])
    assert found.methods == ("DESCRIBE", "SETUP", "PLAY", "STOP")  # parted by blanks alone


@pytest.mark.parametrize(
    ("head", "status", "phrase"),
    [
        (b"RTSP/1.0 200 OK\n\n", 200, "OK"),
        (b"RTSP/2.0 200 OK\r\n\r\n", 200, "OK"),
        (b"RTSP/1.0 200\r\n\r\n", 200, ""),
        (b"RTSP/1.0  453  Not Enough Bandwidth \r\n\r\n", 453, "Not Enough Bandwidth"),
        (b"RTSP/1.0 000 Nothing\r\n\r\n", 0, "Nothing"),
        (b"\r\n\r\nRTSP/1.0 200 OK\r\n\r\n", 200, "OK"),
        (b"RTSP/1.0 200 \xe5\xa5\xbd\xff\r\n\r\n", 200, "好\\xff"),
        (b"RTSP/1.0 200 OK\r\nno header at all\r\n: none\r\n\r\n", 200, "OK"),
    ],
)
def test_lax_heads_are_read(head: bytes, status: int, phrase: str):
    (found,) = read_all([head])
    assert (found.status, found.phrase) == (status, phrase)


def test_folded_headers_and_several_of_one_name():
    (found,) = read_all(
        [b'RTSP/1.0 401 No\nWWW-Authenticate: Digest\n realm="a",\n\tnonce="b"\nwww-authenticate:Basic\n\n']
    )
    assert found.every("www-authenticate") == ['Digest realm="a", nonce="b"', "Basic"]


def test_interleaved_frames_and_requests_of_the_peer_are_passed_over():
    frame = b"$\x00\x00\x05RTSP/" + b"$\x01\x00\x00"
    asked = b"SET_PARAMETER rtsp://a/ RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 3\r\n\r\nabc"
    data = frame + asked + CAMERA + frame + DESCRIBED
    assert read_all([data]) == read_all([CAMERA]) + read_all([DESCRIBED])
    assert read_all(data[at : at + 1] for at in range(len(data))) == read_all([data])


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x15\x03\x01\x00\x02\x02P",
        b"220 mail ESMTP\r\n",
        b"rtsp/1.0 200 OK\r\n",
        b"RTSP/1.0 2000 OK\r\n",
        b"RTSP/1.0 OK\r\n",
        b"\x00",
    ],
)
def test_what_is_not_rtsp_is_refused_as_soon_as_it_shows(data: bytes):
    with pytest.raises(NotRtspError, match="got "):
        read_all([data])


@pytest.mark.parametrize("length", [b"-1", b"12x", b"", b"\xb2", b"1, 2", b"5\r\nContent-Length: 6"])
def test_a_content_length_that_is_none_is_refused(length: bytes):
    with pytest.raises(NotRtspError, match="Content-Length"):
        read_all([b"RTSP/1.0 200 OK\r\nContent-Length: " + length + b"\r\n\r\n"])


@pytest.mark.parametrize("length", [b"101", b"99999999999999999999999999"])
def test_a_body_beyond_the_limit_is_refused_before_it_comes(length: bytes):
    with pytest.raises(TooLargeError, match="more than 100"):
        read_all([b"RTSP/1.0 200 OK\r\nContent-Length: " + length + b"\r\n\r\n"], max_body=100)
    assert (
        read_all([b"RTSP/1.0 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100], max_body=100)[0].body == b"x" * 100
    )


@pytest.mark.parametrize(
    "endless",
    [
        b"RTSP/1.0 200 " + b"O" * 1000,
        b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * 100,
        b"\r\n" * 500,
        b"$\0\xff\xff" + b"x" * 65535,
    ],
)
def test_memory_is_bounded_whatever_comes_without_an_end(endless: bytes):
    reader, fed = ResponseReader(1000), 0
    reader.feed(endless)
    with pytest.raises(TooLargeError):  # noqa: PT012 (which piece is one too many is not the point)
        while fed < 2 * (MAX_HEAD + MAX_PASSED) + 200_000:
            assert reader.next() is None
            more = endless if endless[0] in b"\r$" else endless[-600:]
            reader.feed(more)
            fed += len(more)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
@example(b"RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nab", [])
def test_garbage_gives_responses_or_one_of_two_errors(data: bytes, places: list[int]):
    try:
        found = read_all(cut(data, places), max_body=100)
    except (NotRtspError, TooLargeError) as exc:
        assert str(exc).isascii()  # noqa: PT017 (whichever it is)
    else:
        assert all(len(each.body) <= 100 for each in found)


@given(st.sampled_from(RECORDED), st.binary(max_size=60))
def test_trailing_bytes_do_not_change_the_response_before_them(data: bytes, tail: bytes):
    reader = ResponseReader(65536)
    reader.feed(data + tail)
    assert reader.next() == read_all([data])[0]


def test_a_status_line_counts_when_the_peer_closes_behind_it():
    reader = ResponseReader(100)
    reader.feed(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n")
    assert reader.next() is None
    assert reader.pending == b"RTSP/1.0 200 OK\nCSeq: 1"
    assert reader.finish() == Response("1.0", 200, "OK", (("cseq", "1"),))


@pytest.mark.parametrize("data", [b"", b"RTSP/1.0 200 O", b"RTSP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
def test_half_a_response_does_not(data: bytes):
    reader = ResponseReader(100)
    reader.feed(data)
    assert reader.next() is None
    assert reader.finish() is None


EIGHT = int(datetime(2026, 11, 21, 20, 50, 13, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Sat, 21 Nov 2026 20:50:13 GMT", EIGHT),
        ("Sat, Nov 21 2026 20:50:13 GMT", EIGHT),
        ("Sat,21 Nov 2026 20:50:13 UTC", None),
        ("Saturday, 21-Nov-2026 20:50:13 GMT", EIGHT),
        ("21 Nov 2026 20:50:13", EIGHT),
        ("Sun, 22 Nov 2026 04:50:13 +0800", EIGHT),
        ("Sat, 21 Nov 2026 15:50:13 -05:00", EIGHT),
        ("Sat, 21 Nov 2026 20:50:13.25 GMT", EIGHT),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sat, 21 Nov 2026 20:50:13 CST", None),
        ("Sat, 31 Feb 2026 20:50:13 GMT", None),
        ("Sat, 21 Foo 2026 20:50:13 GMT", None),
        ("Sat, 21 Nov 0000 20:50:13 GMT", None),
        ("Sat, 21 Nov 2026 25:50:13 GMT", None),
        ("", None),
        ("tomorrow", None),
    ],
)
def test_dates_as_servers_write_them(text: str, wanted: int | None):
    assert timestamp(text) == wanted


@given(st.text(max_size=60))
def test_no_text_makes_a_date_raise(text: str):
    assert timestamp(text) is None or isinstance(timestamp(text), int)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)), st.sampled_from(["%a, %d %b %Y", "%a, %b %d %Y"]))
def test_any_instant_comes_back_from_both_shapes(at: datetime, day: str):
    assert timestamp(at.strftime(f"{day} %H:%M:%S GMT")) == int(at.replace(tzinfo=UTC, microsecond=0).timestamp())


def test_a_request_as_it_goes_out():
    assert request("OPTIONS", "rtsp://[::1]:554/", 1, [("User-Agent", "x")]) == (
        b"OPTIONS rtsp://[::1]:554/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: x\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("uri", "header"), [("rtsp://a/\r\nX: y", "z"), ("rtsp://a/ b", "z"), ("rtsp://a/", "z\nX: y")]
)
def test_nothing_breaks_out_of_its_line(uri: str, header: str):
    with pytest.raises(ValueError, match="line break"):
        request("DESCRIBE", uri, 1, [("A", header)])
