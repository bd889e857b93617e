"""The ICMP codec: real shapes in and out, and nothing that a network may send makes it raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.wire import icmp
from collectors.wire.icmp import EchoReply

U16 = st.integers(0, 0xFFFF)
PAYLOADS = st.binary(max_size=200)


def ipv4(payload: bytes, *, options: bytes = b"", ttl: int = 61, protocol: int = 1, flags: int = 0) -> bytes:
    header_words = 5 + len(options) // 4
    total = header_words * 4 + len(payload)
    head = bytes([0x40 | header_words, 0]) + total.to_bytes(2, "big") + b"\x12\x34" + flags.to_bytes(2, "big")
    return head + bytes([ttl, protocol, 0, 0]) + bytes([10, 0, 0, 1]) + bytes([10, 9, 9, 9]) + options + payload


def with_checksum(message: bytes) -> bytes:
    """RFC 1071, written as the RFC says it, so that it checks the arithmetic shortcut of the codec."""
    blank = message[:2] + b"\0\0" + message[4:]
    padded = blank + b"\0" * (len(blank) % 2)
    total = sum(int.from_bytes(padded[i : i + 2], "big") for i in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return message[:2] + (~total & 0xFFFF).to_bytes(2, "big") + message[4:]


def reply_v4(identifier: int, sequence: int, payload: bytes) -> bytes:
    request = icmp.echo_request_v4(identifier, sequence, payload)
    return with_checksum(b"\0" + request[1:])


@given(U16, U16, PAYLOADS)
def test_a_request_carries_the_checksum_of_rfc_1071(identifier: int, sequence: int, payload: bytes):
    request = icmp.echo_request_v4(identifier, sequence, payload)
    assert with_checksum(request) == request


def test_a_request_equals_bytes_written_down_from_the_rfc():
    assert icmp.echo_request_v4(0x1234, 7, b"abcd").hex() == "0800" + "20fe" + "1234" + "0007" + "61626364"
    assert icmp.echo_request_v6(0x1234, 7, b"abcd").hex() == "8000" + "0000" + "1234" + "0007" + "61626364"


@given(U16, U16, PAYLOADS, st.integers(0, 10), st.integers(0, 255))
def test_a_reply_behind_any_ip_header_length_is_read_back(identifier, sequence, payload, words, ttl):
    packet = ipv4(reply_v4(identifier, sequence, payload), options=b"\1\1\1\0" * words, ttl=ttl)
    assert icmp.parse_v4_packet(packet) == EchoReply(identifier, sequence, payload, ttl)


@given(U16, U16, PAYLOADS)
def test_an_ipv6_reply_is_read_back(identifier: int, sequence: int, payload: bytes):
    message = b"\x81" + icmp.echo_request_v6(identifier, sequence, payload)[1:]
    assert icmp.parse_v6_message(message) == EchoReply(identifier, sequence, payload)


def test_link_padding_after_the_packet_is_not_payload():
    packet = ipv4(reply_v4(1, 2, b"x")) + bytes(20)
    assert icmp.parse_v4_packet(packet) == EchoReply(1, 2, b"x", 61)


@pytest.mark.parametrize("payload", [b"", b"cookie"])
def test_a_quoted_request_of_either_family_names_its_echo(payload: bytes):
    assert icmp.quoted_request(icmp.echo_request_v4(0xBEEF, 5, payload)) == (0xBEEF, 5)
    assert icmp.quoted_request(icmp.echo_request_v6(0xBEEF, 5, payload)) == (0xBEEF, 5)


@pytest.mark.parametrize("quote", [b"", icmp.echo_request_v4(1, 1, b"")[:7], reply_v4(1, 1, b""), b"\x08\1" + bytes(6)])
def test_a_quote_of_anything_else_names_none(quote: bytes):
    assert icmp.quoted_request(quote) is None


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (icmp.meaning_v4(3, 1), "host unreachable"),
        (icmp.meaning_v4(3, 99), "ICMP type 3 code 99"),
        (icmp.meaning_v4(11, 0), "hop limit exceeded"),
        (icmp.meaning_v4(5, 0), None),
        (icmp.meaning_v6(1, 3), "address unreachable"),
        (icmp.meaning_v6(2, 0), "packet too big"),
        (icmp.meaning_v6(3, 77), "ICMPv6 type 3 code 77"),
        (icmp.meaning_v6(137, 0), None),
    ],
)
def test_an_error_of_the_path_has_a_meaning_and_other_messages_none(said: str | None, wanted: str | None):
    assert said == wanted


@pytest.mark.parametrize("change", [{"protocol": 17}, {"flags": 185}], ids=["UDP", "a later fragment"])
def test_a_packet_that_does_not_begin_with_icmp_is_not_a_reply(change: dict[str, int]):
    assert icmp.parse_v4_packet(ipv4(reply_v4(1, 1, b"abc"), **change)) is None


def test_a_request_of_somebody_else_is_not_a_reply():
    assert icmp.parse_v4_packet(ipv4(icmp.echo_request_v4(1, 1, b"abc"))) is None
    assert icmp.parse_v6_message(icmp.echo_request_v6(1, 1, b"abc")) is None


def test_a_reply_with_a_code_is_not_a_reply():
    assert icmp.parse_v4_message(with_checksum(b"\0\1" + reply_v4(1, 1, b"")[2:])) is None
    assert icmp.parse_v6_message(b"\x81\1" + icmp.echo_request_v6(1, 1, b"")[2:]) is None


@given(PAYLOADS, st.data())
def test_any_single_changed_bit_of_an_icmp_message_is_noticed(payload: bytes, data):
    packet = bytearray(reply_v4(77, 3, payload))
    bit = data.draw(st.integers(0, len(packet) * 8 - 1))
    packet[bit // 8] ^= 1 << (bit % 8)
    assert icmp.parse_v4_message(bytes(packet)) is None


@given(PAYLOADS, st.data())
def test_a_truncated_packet_is_not_a_reply(payload: bytes, data):
    packet = ipv4(reply_v4(77, 3, payload))
    assert icmp.parse_v4_packet(packet[: data.draw(st.integers(0, len(packet) - 1))]) is None


PLAUSIBLE = st.builds(
    lambda head, rest: head + rest,
    st.sampled_from([b"", b"\x45", b"\x45\0\0\x1c", b"\x03\x01", b"\x0b", b"\x00", b"\x81", b"\x01", b"\x4f"]),
    st.binary(max_size=120),
)


@given(PLAUSIBLE | st.builds(ipv4, PLAUSIBLE))
def test_garbage_gives_a_value_or_none(data: bytes):
    for parse in (icmp.parse_v4_packet, icmp.parse_v4_message, icmp.parse_v6_message):
        assert isinstance(parse(data), EchoReply | None)
    quoted = icmp.quoted_request(data)
    assert quoted is None or len(quoted) == 2
