"""As much of BER and SNMP version 2c as an agent needs (X.690, RFC 3416). Bytes in, bytes out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Oid = tuple[int, ...]

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
COUNTER32, GAUGE32, TICKS, COUNTER64 = 0x41, 0x42, 0x43, 0x46
NO_SUCH_OBJECT, END_OF_VIEW = 0x80, 0x82
GET, GET_NEXT, RESPONSE, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA5
_VERSION_2C = b"\x01"


class NotSnmpError(ValueError):
    """Bytes that are no request of version 2c."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Shape: `first` and `second` are non-repeaters and max-repetitions of a GETBULK."""

    community: bytes
    kind: int
    id: bytes
    first: int
    second: int
    names: tuple[Oid, ...]


def read(data: bytes) -> Request:
    """A datagram. Errors: NotSnmpError."""
    try:
        ((_, message),) = _elements(data)
        (_, version), (_, community), (kind, pdu) = _elements(message)
        (_, id_), (_, first), (_, second), (_, bindings) = _elements(pdu)
        names = tuple(_numbers(next(_elements(binding))[1]) for _, binding in _elements(bindings))
    except (ValueError, IndexError, StopIteration) as exc:
        raise NotSnmpError(str(exc)) from exc
    if version != _VERSION_2C or kind not in (GET, GET_NEXT, GET_BULK):
        raise NotSnmpError("not a request of version 2c")
    return Request(community, kind, id_, int.from_bytes(first, "big"), int.from_bytes(second, "big"), names)


def response(request: Request, cells: Sequence[tuple[Oid, bytes]]) -> bytes:
    """The answer with these names and elements."""
    bindings = b"".join(tlv(SEQUENCE, tlv(OID, _packed(oid)) + element) for oid, element in cells)
    pdu = tlv(INTEGER, request.id) + number(0) + number(0) + tlv(SEQUENCE, bindings)
    return tlv(SEQUENCE, number(1) + tlv(OCTETS, request.community) + tlv(RESPONSE, pdu))


def tlv(tag: int, content: bytes = b"") -> bytes:
    """One element."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def number(value: int, tag: int = INTEGER) -> bytes:
    """A whole number of any type."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def text(value: str) -> bytes:
    """A string, as UTF-8."""
    return tlv(OCTETS, value.encode())


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 0x80:
            more = size & 0x7F
            size, at = int.from_bytes(data[at : at + more], "big"), at + more
        if at + size > len(data):
            raise NotSnmpError("cut off")
        yield tag, data[at : at + size]
        at += size


def _numbers(content: bytes) -> Oid:
    found, value = [content[0] // 40, content[0] % 40], 0
    for byte in content[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            found.append(value)
            value = 0
    return tuple(found)


def _packed(oid: Oid) -> bytes:
    out = bytearray((oid[0] * 40 + oid[1],))
    for part in oid[2:]:
        piece = [part & 0x7F]
        while part := part >> 7:
            piece.append(part & 0x7F | 0x80)
        out += bytes(reversed(piece))
    return bytes(out)
