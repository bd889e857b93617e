"""Whom a certificate names, whole, as one line of text each: for labels that other tools of this trade also write.

The form is RFC 4514's with the attributes of RFC 5280 in one fixed order, so that an authority that writes the same
name in another order makes the same label. Source: RFC 4514 2, RFC 5280 4.1.2.4 and 4.2.1.6.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from collectors.wire.x509 import CertificateFormatError, children, expect, text_of

_SEQUENCE = 0x30
_OBJECT_ID = 0x06
_OCTETS = 0x04
_VERSION = 0xA0
_EXTENSIONS = 0xA3
_DNS_NAME = 0x82
_ALTERNATIVE_NAME = "2.5.29.17"
_ORDER = {
    "2.5.4.5": "SERIALNUMBER", "2.5.4.3": "CN", "2.5.4.17": "POSTALCODE", "2.5.4.9": "STREET", "2.5.4.8": "ST",
    "2.5.4.7": "L", "2.5.4.11": "OU", "2.5.4.10": "O", "2.5.4.6": "C",
}  # fmt: skip
"""The attributes that have a short name, in the order in which they are written."""


@dataclass(frozen=True, slots=True)
class Names:
    """Subject and issuer as text, and the DNS names that the certificate is good for."""

    subject: str
    issuer: str
    dns_names: tuple[str, ...]


def parse_names(der: bytes) -> Names:
    """The names of one DER certificate. Errors: CertificateFormatError."""
    certificate = children(expect(next(children(der), None), _SEQUENCE))
    fields = list(children(expect(next(certificate, None), _SEQUENCE)))
    start = 1 if fields and fields[0][0] == _VERSION else 0
    if len(fields) < start + 5:
        raise CertificateFormatError("a certificate without a subject")
    issuer, subject = expect(fields[start + 2], _SEQUENCE), expect(fields[start + 4], _SEQUENCE)
    extensions = next((content for tag, content in fields[start + 5 :] if tag == _EXTENSIONS), b"")
    return Names(_line(subject), _line(issuer), tuple(_dns_names(extensions)))


def _line(name: bytes) -> str:
    found: dict[str, list[str]] = {}
    others: list[str] = []
    for _, group in children(name):
        for _, pair in children(group):
            kind, value = _pair(pair)
            if kind in _ORDER:
                found.setdefault(kind, []).append(_escaped(text_of(*value)))
            else:
                others.append(f"{kind}=#{_encoded(*value).hex()}")
    known = ["+".join(f"{short}={value}" for value in found[kind]) for kind, short in _ORDER.items() if kind in found]
    return ",".join([*known, *reversed(others)])


def _pair(pair: bytes) -> tuple[str, tuple[int, bytes]]:
    parts = list(children(pair))
    if len(parts) != 2 or parts[0][0] != _OBJECT_ID:
        raise CertificateFormatError("a name has an attribute that is no pair of type and value")
    return _dotted(parts[0][1]), parts[1]


def _dns_names(extensions: bytes) -> Iterator[str]:
    for _, every in children(extensions):
        for _, extension in children(every):
            parts = list(children(extension))
            if len(parts) < 2 or _dotted(parts[0][1]) != _ALTERNATIVE_NAME or parts[-1][0] != _OCTETS:
                continue
            for _, names in children(parts[-1][1]):
                yield from (content.decode("ascii", "replace") for tag, content in children(names) if tag == _DNS_NAME)


def _dotted(oid: bytes) -> str:
    numbers, value = list[int](), 0
    for byte in oid:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    if not numbers:
        raise CertificateFormatError("an empty object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (first, numbers[0] - 40 * first, *numbers[1:]))


def _encoded(tag: int, content: bytes) -> bytes:
    """An element as DER."""
    size = len(content)
    digits = size.to_bytes((size.bit_length() + 7) // 8 or 1)
    return bytes((tag,)) + (digits if size < 0x80 else bytes((0x80 | len(digits),)) + digits) + content


def _escaped(value: str) -> str:
    text = "".join(f"\\{char}" if char in ',+"\\<>;' else char for char in value)
    if value.endswith(" "):
        text = f"{text[:-1]}\\ "
    return f"\\{text}" if value.startswith((" ", "#")) and value != " " else text
