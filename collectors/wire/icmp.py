"""ICMP and ICMPv6 echo: requests as bytes, replies as values, and what the errors of the path mean.

Errors reach us through the kernel's error queue, which gives type, code and the quoted request apart.
Source: RFC 792, RFC 4443; the registries "ICMP Parameters" and "ICMPv6 Parameters" of IANA.
"""

import struct
from typing import NamedTuple

HEADER_BYTES = 8
_ECHO = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence
_IPV4_MIN_BYTES = 20
_PROTOCOL_ICMP = 1

V4_ECHO_REPLY, V4_UNREACHABLE, V4_ECHO_REQUEST, V4_TIME_EXCEEDED = 0, 3, 8, 11
V6_UNREACHABLE, V6_TOO_BIG, V6_TIME_EXCEEDED, V6_ECHO_REQUEST, V6_ECHO_REPLY = 1, 2, 3, 128, 129

_V4_MEANINGS = {
    (3, 0): "network unreachable",
    (3, 1): "host unreachable",
    (3, 2): "protocol unreachable",
    (3, 3): "port unreachable",
    (3, 4): "packet too big",
    (3, 5): "source route failed",
    (3, 6): "network unknown",
    (3, 7): "host unknown",
    (3, 9): "network prohibited",
    (3, 10): "host prohibited",
    (3, 11): "network unreachable for this type of service",
    (3, 12): "host unreachable for this type of service",
    (3, 13): "filtered",
    (11, 0): "hop limit exceeded",
    (11, 1): "reassembly time exceeded",
}
_V6_MEANINGS = {
    (1, 0): "no route to the destination",
    (1, 1): "filtered",
    (1, 2): "beyond the scope of the source address",
    (1, 3): "address unreachable",
    (1, 4): "port unreachable",
    (1, 5): "source address refused by policy",
    (1, 6): "route rejects the destination",
    (2, 0): "packet too big",
    (3, 0): "hop limit exceeded",
    (3, 1): "reassembly time exceeded",
}


class EchoReply(NamedTuple):
    """The answer to an echo request. `hop_limit` only where the IP header was part of the bytes."""

    identifier: int
    sequence: int
    payload: bytes
    hop_limit: int | None = None


def _ones_complement_sum(data: bytes) -> int:
    """0 stands for both zeroes of ones' complement, so a message with a right checksum sums to 0."""
    return int.from_bytes(data if len(data) % 2 == 0 else data + b"\0", "big") % 0xFFFF


def echo_request_v4(identifier: int, sequence: int, payload: bytes) -> bytes:
    """An ICMP echo request with its checksum."""
    blank = _ECHO.pack(V4_ECHO_REQUEST, 0, 0, identifier, sequence) + payload
    checksum = 0xFFFF - _ones_complement_sum(blank)
    return _ECHO.pack(V4_ECHO_REQUEST, 0, checksum, identifier, sequence) + payload


def echo_request_v6(identifier: int, sequence: int, payload: bytes) -> bytes:
    """An ICMPv6 echo request; the kernel adds the checksum, which covers the IP addresses."""
    return _ECHO.pack(V6_ECHO_REQUEST, 0, 0, identifier, sequence) + payload


def parse_v4_packet(packet: bytes) -> EchoReply | None:
    """What a raw IPv4 socket received: an IP header of any length, then ICMP. None: nothing for us."""
    message = message_of_v4(packet)
    return None if message is None else _reply(message, V4_ECHO_REPLY, packet[8])


def message_of_v4(packet: bytes) -> bytes | None:
    """The ICMP message, at least its header, of a whole IPv4 packet. None: another protocol's, cut or damaged."""
    header = _ipv4_header_bytes(packet)
    if header is None:
        return None
    end = int.from_bytes(packet[2:4], "big")  # the total length; what follows is link padding
    if not header + HEADER_BYTES <= end <= len(packet):
        return None
    message = packet[header:end]
    return message if _ones_complement_sum(message) == 0 else None


def parse_v4_message(message: bytes) -> EchoReply | None:
    """An ICMP echo reply without its IP header. None: damaged (a raw socket is given that too), or another."""
    return _reply(message, V4_ECHO_REPLY) if _ones_complement_sum(message) == 0 else None


def parse_v6_message(message: bytes) -> EchoReply | None:
    """An ICMPv6 echo reply, its checksum verified by the kernel. None: another message."""
    return _reply(message, V6_ECHO_REPLY)


def _reply(message: bytes, wanted: int, hop_limit: int | None = None) -> EchoReply | None:
    if len(message) < HEADER_BYTES:
        return None
    kind, code, _, identifier, sequence = _ECHO.unpack_from(message)
    if kind != wanted or code != 0:
        return None
    return EchoReply(identifier, sequence, message[HEADER_BYTES:], hop_limit)


def quoted_request(message: bytes) -> tuple[int, int] | None:
    """(identifier, sequence) of an echo request that an error gives back, of either family."""
    if len(message) < HEADER_BYTES:
        return None
    kind, code, _, identifier, sequence = _ECHO.unpack_from(message)
    return (identifier, sequence) if kind in (V4_ECHO_REQUEST, V6_ECHO_REQUEST) and code == 0 else None


def meaning_v4(kind: int, code: int) -> str | None:
    """What an ICMP error says, None if it is not one that ends an echo."""
    if kind not in (V4_UNREACHABLE, V4_TIME_EXCEEDED):
        return None
    return _V4_MEANINGS.get((kind, code), f"ICMP type {kind} code {code}")


def meaning_v6(kind: int, code: int) -> str | None:
    """What an ICMPv6 error says, None if it is not one that ends an echo."""
    if kind not in (V6_UNREACHABLE, V6_TOO_BIG, V6_TIME_EXCEEDED):
        return None
    return _V6_MEANINGS.get((kind, code), f"ICMPv6 type {kind} code {code}")


def _ipv4_header_bytes(packet: bytes) -> int | None:
    """The length of an IPv4 header that is followed by the start of an ICMP message."""
    if len(packet) < _IPV4_MIN_BYTES or packet[0] >> 4 != 4 or packet[9] != _PROTOCOL_ICMP:
        return None
    length = (packet[0] & 0x0F) * 4
    fragment_offset = int.from_bytes(packet[6:8], "big") & 0x1FFF
    return length if length >= _IPV4_MIN_BYTES and fragment_offset == 0 else None
