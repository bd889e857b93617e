"""Challenges and their answers: the RFCs' own examples, what a real server took, and garbage. Session descriptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.wire.rtsp_auth import Challenge, Login, authorization, best, challenges
from collectors.wire.sdp import NotSdpError, Track, parse

MUFASA = Login("Mufasa", "Circle of Life")
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def answer(challenge, method="GET", uri="/dir/index.html", cnonce=CNONCE, login=MUFASA):
    (found,) = challenges([challenge])
    return authorization(found, login, method, uri, cnonce)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str):
    said = answer(RFC_7616.format(algorithm))
    assert f'response="{response}"' in said
    assert f"algorithm={algorithm}, opaque=" in said
    assert f'qop=auth, nc=00000001, cnonce="{CNONCE}"' in said


def test_the_example_of_rfc_2617():
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    assert 'response="6629fae49393a05397450978507c4ef1"' in answer(
        challenge, cnonce="0a4f113b", login=Login("Mufasa", "Circle Of Life")
    )


def test_what_gstreamer_took_has_neither_qop_nor_algorithm():
    said = answer(
        'Digest realm="GStreamer RTSP Server", nonce="f0df1b9d6c885a00"',
        "DESCRIBE", "rtsp://127.0.0.1:18555/cam1", login=Login("admin", "Abc12345"),
    )  # fmt: skip
    assert said == (
        'Digest username="admin", realm="GStreamer RTSP Server", nonce="f0df1b9d6c885a00", '
        'uri="rtsp://127.0.0.1:18555/cam1", response="6ae13ac3d5a7d7f0729a82a0fab1744e"'
    )


def test_a_session_key_is_bound_to_nonce_and_cnonce():
    """Worked out by hand from RFC 7616 3.4.2: H(H(user:realm:password):nonce:cnonce)."""
    import hashlib

    def h(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    said = answer('Digest realm="r", nonce="n", algorithm=MD5-sess', "DESCRIBE", "rtsp://a/", "c", Login("u", "p"))
    wanted = h(f"{h(h('u:r:p') + ':n:c')}:n:{h('DESCRIBE:rtsp://a/')}")
    assert f'response="{wanted}"' in said
    assert 'algorithm=MD5-sess, cnonce="c"' in said


def test_basic_is_the_pair_in_base64():
    assert answer('Basic realm="x"', login=Login("admin", "密码")) == "Basic YWRtaW465a+G56CB"


def test_quotes_in_a_name_are_escaped():
    assert answer('Digest realm="a\\"b", nonce="n"', login=Login('x"y', "p")).startswith(
        'Digest username="x\\"y", realm="a\\"b", nonce="n"'
    )


@pytest.mark.parametrize(
    ("values", "scheme", "algorithm"),
    [
        (['Basic realm="a"', 'Digest realm="a", nonce="n"'], "digest", "MD5"),
        (['Digest realm="a", nonce="n", Basic realm="a"'], "digest", "MD5"),
        (['Digest nonce="n"', 'Digest nonce="n", algorithm="SHA-256"'], "digest", "SHA-256"),
        (['Digest nonce="n", algorithm=SHA-512-256', "Basic"], "basic", "MD5"),
        (["Basic, Digest nonce=n"], "digest", "MD5"),
        (['Digest realm="no nonce"', 'basic realm="a"'], "basic", "MD5"),
        (['Digest nonce="n", qop="auth-int"', "Basic realm=x"], "basic", "MD5"),
    ],
)
def test_the_strongest_that_we_can_answer_is_chosen(values: list[str], scheme: str, algorithm: str):
    chosen = best(challenges(values))
    assert chosen is not None
    assert (chosen.scheme, chosen.algorithm) == (scheme, algorithm)


@pytest.mark.parametrize("values", [[], [""], ["Negotiate"], ['Digest realm="x"'], ["WSSE realm=x, profile=y"]])
def test_nothing_is_chosen_where_we_can_answer_nothing(values: list[str]):
    assert best(challenges(values)) is None


def test_parameters_of_several_challenges_stay_apart():
    found = challenges(['Digest realm="a, b", nonce="n", stale=TRUE, Basic realm="c"'])
    assert found == [
        Challenge("digest", {"realm": "a, b", "nonce": "n", "stale": "TRUE"}),
        Challenge("basic", {"realm": "c"}),
    ]
    assert [each.is_stale for each in found] == [True, False]


def test_no_repr_shows_a_password():
    assert "Circle" not in repr(MUFASA)


@given(st.lists(st.text(max_size=80), max_size=4))
def test_no_header_makes_it_raise(values: list[str]):
    found = best(challenges(values))
    assert found is None or authorization(found, MUFASA, "DESCRIBE", "rtsp://a/", "c")


def test_a_long_header_is_read_in_bounded_time_and_number():
    assert len(challenges(["Digest nonce=n, " * 2000, 'Digest "' * 2000, "a" * 100_000])) <= 16


SDP = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=Session
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=control:stream=0
m=audio 0 RTP/AVP 8
a=control:stream=1
m=video 0 RTP/AVP 98 99
a=rtpmap:99 H264/90000
a=rtpmap:98 hevc/90000
m=application 0 RTP/AVP 107
a=rtpmap:107 vnd.onvif.metadata/90000
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tracks_of_a_description(end: str):
    found = parse(SDP.replace("\n", end).encode())
    assert found.tracks == (
        Track("video", "H264", "stream=0"),
        Track("audio", "PCMA", "stream=1"),
        Track("video", "H265"),
        Track("application", "VND.ONVIF.METADATA"),
    )
    assert (len(found.of("video")), found.has("H265"), found.has("PCMA")) == (2, True, False)


@pytest.mark.parametrize(("payload", "codec"), [("26", "JPEG"), ("0", "PCMU"), ("33", "MP2T"), ("96", ""), ("x", "")])
def test_payload_types_that_need_no_map(payload: str, codec: str):
    assert parse(f"v=0\nm=video 0 RTP/AVP {payload}\n".encode()).tracks == (Track("video", codec),)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"m=video 0 RTP/AVP 96\n", b"v=0\nm=\n", b"v=0\n" + b"m=video 0 x 1\n" * 65]
)
def test_what_is_no_description_is_refused(body: bytes):
    with pytest.raises(NotSdpError):
        parse(body)


@given(st.binary(max_size=300))
def test_no_body_makes_the_description_raise_otherwise(body: bytes):
    try:
        found = parse(b"v=0\n" + body)
    except NotSdpError:
        return
    assert len(found.tracks) <= 64
