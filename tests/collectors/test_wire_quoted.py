"""ICMP errors with the packet they quote: whole ones are understood, nothing else ever is."""

import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from collectors.wire.quoted import PathError, Quoted, parse_v4_error, parse_v6_error
from tests.collectors.icmp_peers import checksum

V4_HERE, V4_THERE = socket.inet_aton("10.0.0.1"), socket.inet_aton("10.9.9.9")
V6_HERE, V6_THERE = socket.inet_pton(socket.AF_INET6, "fd00::1"), socket.inet_pton(socket.AF_INET6, "fd09::9")
TCP = socket.IPPROTO_TCP

ports = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))


def v4_header(protocol: int, total: int, *, options: int = 0, offset: int = 0) -> bytes:
    first = 0x40 | 5 + options
    head = struct.pack("!BBHHHBBH4s4s", first, 0, total, 7, offset, 1, protocol, 0, V4_HERE, V4_THERE)
    return head + bytes(4 * options)


def v4_error(kind: int, code: int, said: tuple[int, int], *, extra: bytes = b"", options: int = 0, offset: int = 0):
    """A whole IPv4 packet as a raw socket is given it."""
    quote = v4_header(TCP, 60, options=options, offset=offset) + struct.pack("!HHI", *said, 1)
    message = checksum(bytes([kind, code]) + bytes(6) + quote + extra)
    return v4_header(socket.IPPROTO_ICMP, 20 + len(message)) + message


def v6_error(kind: int, code: int, said: tuple[int, int], *, chain: tuple[tuple[int, bytes], ...] = ()) -> bytes:
    """An ICMPv6 message. Shape: chain are extension headers: number, and all of their bytes but the first."""
    numbers = [*(number for number, _ in chain), TCP]
    headers = b"".join(bytes([after]) + rest for (_, rest), after in zip(chain, numbers[1:], strict=True))
    quote = struct.pack("!IHBB16s16s", 6 << 28, 40, numbers[0], 1, V6_HERE, V6_THERE) + headers
    return bytes([kind, code]) + bytes(6) + quote + struct.pack("!HHI", *said, 1)


@given(said=ports, kind=st.sampled_from([3, 11]), code=st.integers(0, 15), extra=st.binary(max_size=80),
       options=st.integers(0, 10))  # fmt: skip
def test_an_error_of_v4_says_whose_packet_it_quotes_whatever_follows_the_quote(said, kind, code, extra, options):
    wanted = PathError(kind, code, Quoted(TCP, V4_HERE, V4_THERE, said))
    assert parse_v4_error(v4_error(kind, code, said, extra=extra, options=options)) == wanted


@given(said=ports, kind=st.sampled_from([1, 3]), code=st.integers(0, 6))
def test_an_error_of_v6_says_whose_packet_it_quotes(said, kind, code):
    assert parse_v6_error(v6_error(kind, code, said)) == PathError(kind, code, Quoted(TCP, V6_HERE, V6_THERE, said))


def test_extension_headers_of_v6_are_stepped_over():
    hop_by_hop, fragment = (0, bytes([0]) + bytes(6)), (44, bytes(7))
    error = parse_v6_error(v6_error(3, 0, (5, 80), chain=(hop_by_hop, (60, bytes([1]) + bytes(14)), fragment)))
    assert error is not None
    assert error.quoted.ports == (5, 80)


def test_a_later_fragment_has_no_ports_so_it_is_nobody_s():
    assert parse_v4_error(v4_error(11, 0, (5, 80), offset=3)) is None
    assert parse_v6_error(v6_error(3, 0, (5, 80), chain=((44, bytes([0, 0, 8]) + bytes(4)),))) is None


def test_an_endless_chain_of_headers_ends():
    assert parse_v6_error(v6_error(3, 0, (5, 80), chain=((0, bytes(7)),) * 20)) is None


@given(said=ports, cut=st.integers(0, 55))
def test_a_quote_without_its_ports_is_nothing(said, cut):
    assert parse_v4_error(v4_error(11, 0, said)[: min(cut, 51)]) is None
    assert parse_v6_error(v6_error(3, 0, said)[: min(cut, 51)]) is None


@given(said=ports, place=st.integers(160, 8 * 56 - 1))
def test_a_damaged_error_of_v4_is_nothing(said, place):
    packet = bytearray(v4_error(11, 0, said))
    packet[place // 8] ^= 1 << place % 8
    assert parse_v4_error(bytes(packet)) is None


@given(junk=st.binary(max_size=200))
def test_junk_breaks_nothing(junk):
    parse_v4_error(junk)
    parse_v6_error(junk)
    parse_v4_error(v4_error(11, 0, (1, 2))[:28] + junk)
    parse_v6_error(bytes([3, 0]) + bytes(6) + b"\x60" + junk)


@given(kind=st.integers(0, 255).filter(lambda kind: kind not in (3, 11)), said=ports)
def test_other_messages_are_no_errors(kind, said):
    assert parse_v4_error(v4_error(kind, 0, said)) is None


@given(kind=st.integers(0, 255).filter(lambda kind: kind not in (1, 3)), said=ports)
def test_other_messages_of_v6_are_no_errors(kind, said):
    assert parse_v6_error(v6_error(kind, 0, said)) is None
