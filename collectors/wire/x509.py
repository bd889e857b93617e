"""Just enough X.509 to say whom a certificate names and when it ends, from its DER bytes.

The standard library decodes a certificate only after it has verified it; a probe must also know when an
unverified one ends. Source: RFC 5280 4.1, ITU-T X.690 (DER).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_SEQUENCE = 0x30
_SET = 0x31
_OBJECT_ID = 0x06
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18
_BMP_STRING = 0x1E
_VERSION = 0xA0
_COMMON_NAME = bytes((0x55, 0x04, 0x03))
_TIME_FORMATS = {_UTC_TIME: ("%y%m%d%H%M%SZ", 13), _GENERALIZED_TIME: ("%Y%m%d%H%M%SZ", 15)}
_CENTURY_PIVOT = 2050  # RFC 5280 4.1.2.5.1: a two-digit year of 50 or more lies in the 1900s


class CertificateFormatError(ValueError):
    """These bytes are not a certificate that we can read."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a probe reports of one certificate; times are seconds since 1970, names are common names or ""."""

    subject: str
    issuer: str
    not_before: int
    not_after: int


def parse_certificate(der: bytes) -> Certificate:
    """The names and dates of one DER certificate. Errors: CertificateFormatError."""
    certificate = children(_only(der, _SEQUENCE))
    fields = children(expect(next(certificate, None), _SEQUENCE))
    first = next(fields, None)
    if first is not None and first[0] == _VERSION:
        next(fields, None)  # the serial number; version 1 certificates begin with it
    next(fields, None)  # the signature algorithm
    issuer = expect(next(fields, None), _SEQUENCE)
    validity = children(expect(next(fields, None), _SEQUENCE))
    not_before, not_after = _time(next(validity, None)), _time(next(validity, None))
    subject = expect(next(fields, None), _SEQUENCE)
    return Certificate(_common_name(subject), _common_name(issuer), not_before, not_after)


def children(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each (tag, content) that `data` is a concatenation of."""
    position = 0
    while position < len(data):
        tag, start, end = _header(data, position)
        yield tag, data[start:end]
        position = end


def _header(data: bytes, position: int) -> tuple[int, int, int]:
    """The tag at `position` and where its content starts and ends."""
    head = data[position : position + 2]
    if len(head) < 2:
        raise CertificateFormatError("an element is cut off in its header")
    start, length = position + 2, head[1]
    if length >= 0x80:
        size = length & 0x7F
        digits = data[start : start + size]
        if not 0 < size <= 4 or len(digits) < size:
            raise CertificateFormatError("an element has a length that DER does not allow")
        start, length = start + size, int.from_bytes(digits)
    if start + length > len(data):
        raise CertificateFormatError("an element is longer than what contains it")
    return head[0], start, start + length


def _only(data: bytes, tag: int) -> bytes:
    return expect(next(children(data), None), tag)


def expect(element: tuple[int, bytes] | None, tag: int) -> bytes:
    """The content of an element of this tag. Errors: CertificateFormatError for another, or none."""
    if element is None or element[0] != tag:
        got = "nothing" if element is None else f"tag {element[0]:#04x}"
        raise CertificateFormatError(f"got {got}, wanted tag {tag:#04x}")
    return element[1]


def _time(element: tuple[int, bytes] | None) -> int:
    tag, content = element or (0, b"")
    layout, length = _TIME_FORMATS.get(tag, ("", -1))
    if len(content) != length:
        raise CertificateFormatError(f"got a time of tag {tag:#04x} and {len(content)} bytes")
    try:
        moment = datetime.strptime(content.decode("ascii"), layout).replace(tzinfo=UTC)
    except ValueError as exc:
        raise CertificateFormatError(f"got a time that is none: {content!r}") from exc
    if tag == _UTC_TIME and moment.year >= _CENTURY_PIVOT:
        moment = moment.replace(year=moment.year - 100)
    return int(moment.timestamp())


def _common_name(name: bytes) -> str:
    """The last common name of a distinguished name, "" if it has none."""
    found = ""
    for _, group in children(name):
        for _, pair in children(group):
            parts = list(children(pair))
            if len(parts) == 2 and parts[0] == (_OBJECT_ID, _COMMON_NAME):
                found = text_of(*parts[1])
    return found


def text_of(tag: int, content: bytes) -> str:
    """A string of a name; what is not of its coding is replaced."""
    return content.decode("utf-16-be" if tag == _BMP_STRING else "utf-8", "replace")
