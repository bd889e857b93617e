"""ICMP and ICMPv6 errors with the packet they quote: whose packet it was that did not get through.

Extensions (RFC 4884) behind the quote are ignored. Source: RFC 792, RFC 4443, RFC 8200.
"""

from typing import NamedTuple

from collectors.wire import icmp

_IPV4_MIN_BYTES, _IPV6_BYTES = 20, 40
_PORTS_BYTES = 4
_CHAINED = frozenset({0, 43, 60})  # hop-by-hop, routing, destination options: their length stands in them
_FRAGMENT = 44
_CHAIN_LIMIT = 8


class Quoted(NamedTuple):
    """The start of a packet that an error gives back: two ports, or type, code and checksum of an ICMP message.

    Shape: addresses are packed, 4 or 16 bytes.
    """

    protocol: int
    source: bytes
    destination: bytes
    ports: tuple[int, int]


class PathError(NamedTuple):
    """What the path says of a packet of ours, or of another's."""

    kind: int
    code: int
    quoted: Quoted


def parse_v4_error(packet: bytes) -> PathError | None:
    """What a raw IPv4 socket received: an IP header, then ICMP. None: no error, damaged, or it quotes too little."""
    message = icmp.message_of_v4(packet)
    if message is None or message[0] not in (icmp.V4_UNREACHABLE, icmp.V4_TIME_EXCEEDED):
        return None
    quoted = _quoted_v4(message[icmp.HEADER_BYTES :])
    return None if quoted is None else PathError(message[0], message[1], quoted)


def parse_v6_error(message: bytes) -> PathError | None:
    """An ICMPv6 error, its checksum verified by the kernel. None: no error, or it quotes too little."""
    if len(message) < icmp.HEADER_BYTES or message[0] not in (icmp.V6_UNREACHABLE, icmp.V6_TIME_EXCEEDED):
        return None
    quoted = _quoted_v6(message[icmp.HEADER_BYTES :])
    return None if quoted is None else PathError(message[0], message[1], quoted)


def _quoted_v4(packet: bytes) -> Quoted | None:
    if len(packet) < _IPV4_MIN_BYTES or packet[0] >> 4 != 4:
        return None
    length = (packet[0] & 0x0F) * 4
    is_first = int.from_bytes(packet[6:8], "big") & 0x1FFF == 0
    if length < _IPV4_MIN_BYTES or not is_first or len(packet) < length + _PORTS_BYTES:
        return None
    return Quoted(packet[9], packet[12:16], packet[16:20], _ports(packet, length))


def _quoted_v6(packet: bytes) -> Quoted | None:
    if len(packet) < _IPV6_BYTES or packet[0] >> 4 != 6:
        return None
    found = _upper_layer(packet)
    if found is None:
        return None
    return Quoted(found[0], packet[8:24], packet[24:40], _ports(packet, found[1]))


def _upper_layer(packet: bytes) -> tuple[int, int] | None:
    """Protocol, and where its header begins, behind the extension headers; None where that is not quoted."""
    protocol, at = packet[6], _IPV6_BYTES
    for _ in range(_CHAIN_LIMIT):
        if len(packet) < at + _PORTS_BYTES:
            return None
        if protocol == _FRAGMENT:
            if int.from_bytes(packet[at + 2 : at + 4], "big") >> 3:
                return None
            protocol, at = packet[at], at + 8
        elif protocol in _CHAINED:
            protocol, at = packet[at], at + 8 + packet[at + 1] * 8
        else:
            return protocol, at
    return None


def _ports(packet: bytes, at: int) -> tuple[int, int]:
    return int.from_bytes(packet[at : at + 2], "big"), int.from_bytes(packet[at + 2 : at + 4], "big")
