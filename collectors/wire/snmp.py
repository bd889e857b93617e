"""SNMPv3 messages without authentication, and the reports that answer them (RFC 3412, RFC 3414). No sockets.

Every engine that speaks version 3 answers such a message with a report, whatever its users and communities are.
So it tells a device that lives from one that is gone, and a user that the device knows from one that it does not.
"""

from typing import NamedTuple

_INTEGER, _OCTETS, _OID, _SEQUENCE = 0x02, 0x04, 0x06, 0x30
_GET, _REPORT = 0xA0, 0xA8
_MOST_BYTES = 65507
_REPORTABLE = b"\x04"
_USM = 3

UNKNOWN_USER = "1.3.6.1.6.3.15.1.1.3"
"""usmStatsUnknownUserNames: the engine has no such user."""

UNKNOWN_ENGINE = "1.3.6.1.6.3.15.1.1.4"
"""usmStatsUnknownEngineIDs: how an engine says its own id."""


class MalformedError(ValueError):
    """Bytes that are not what they should be; the text says what is wrong."""


class Report(NamedTuple):
    """What came back: the id of the message it answers, the engine's id, the counter it names ("" for none)."""

    message_id: int
    engine_id: bytes
    counter: str


def question(message_id: int, engine_id: bytes = b"", user: bytes = b"") -> bytes:
    """A reportable request for nothing. Without an engine id it asks for that."""
    header = _integer(message_id) + _integer(_MOST_BYTES) + _tlv(_OCTETS, _REPORTABLE) + _integer(_USM)
    engine = _tlv(_OCTETS, engine_id)
    security = engine + _integer(0) * 2 + _tlv(_OCTETS, user) + _tlv(_OCTETS, b"") * 2
    pdu = _tlv(_GET, _integer(message_id) + _integer(0) * 2 + _tlv(_SEQUENCE, b""))
    scoped = _tlv(_SEQUENCE, engine + _tlv(_OCTETS, b"") + pdu)
    parts = (_integer(3), _tlv(_SEQUENCE, header), _tlv(_OCTETS, _tlv(_SEQUENCE, security)), scoped)
    return _tlv(_SEQUENCE, b"".join(parts))


def read_report(data: bytes) -> Report:
    """What a message without encryption says. Errors: MalformedError."""
    message = _Reader(_Reader(data).take(_SEQUENCE))
    if message.integer() != 3:
        raise MalformedError("not a message of version 3")
    message_id = _Reader(message.take(_SEQUENCE)).integer()
    engine_id = _Reader(_Reader(message.take(_OCTETS)).take(_SEQUENCE)).take(_OCTETS)
    scoped = _Reader(message.take(_SEQUENCE))
    scoped.take(_OCTETS)
    scoped.take(_OCTETS)
    tag, pdu = scoped.any()
    return Report(message_id, engine_id, _counter(pdu) if tag == _REPORT else "")


def _counter(pdu: bytes) -> str:
    """The name of the first variable, without its instance."""
    inside = _Reader(pdu)
    for _ in range(3):
        inside.integer()
    bindings = _Reader(inside.take(_SEQUENCE))
    name = _oid(_Reader(bindings.take(_SEQUENCE)).take(_OID))
    return name.rpartition(".")[0]


def _oid(data: bytes) -> str:
    if not data:
        raise MalformedError("an object identifier without a part")
    parts, number = [str(min(data[0] // 40, 2)), str(data[0] - 40 * min(data[0] // 40, 2))], 0
    for byte in data[1:]:
        number = number << 7 | byte & 0x7F
        if number >> 32:
            raise MalformedError("a part of an object identifier above 32 bits")
        if not byte & 0x80:
            parts.append(str(number))
            number = 0
    return ".".join(parts)


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes((tag, size)) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + value


def _integer(value: int) -> bytes:
    return _tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


class _Reader:
    """Takes one element after the other off the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def any(self) -> tuple[int, bytes]:
        """Tag and content. Errors: MalformedError."""
        data = self._data
        if len(data) < 2:
            raise MalformedError("it ends before an element does")
        size, begin = data[1], 2
        if size & 0x80:
            begin = 2 + (size & 0x7F)
            if not 3 <= begin <= 6 or len(data) < begin:
                raise MalformedError("a length that cannot be")
            size = int.from_bytes(data[2:begin], "big")
        if len(data) < begin + size:
            raise MalformedError("it ends before an element does")
        self._data = data[begin + size :]
        return data[0], data[begin : begin + size]

    def take(self, tag: int) -> bytes:
        """The content of the next element, which must have this tag."""
        found, content = self.any()
        if found != tag:
            raise MalformedError(f"got an element with tag {found:#04x}, wanted {tag:#04x}")
        return content

    def integer(self) -> int:
        """The next element, which must be a number of at most 8 bytes."""
        content = self.take(_INTEGER)
        if not 1 <= len(content) <= 8:
            raise MalformedError("a number that is too long")
        return int.from_bytes(content, "big", signed=True)
