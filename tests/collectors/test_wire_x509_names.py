"""Whole names of certificates, held against an independent library; broken bytes say so and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from collectors.wire.x509 import CertificateFormatError
from collectors.wire.x509_names import Names, parse_names

KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(subject: x509.Name, *names: x509.GeneralName) -> bytes:
    """A self-signed certificate in DER; the issuer is fixed."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")]))
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    )
    if names:
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def named(*pairs: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (named(), ""),
        (named((NameOID.COMMON_NAME, "portal.example")), "CN=portal.example"),
        (
            named((NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "安康市"), (NameOID.COMMON_NAME, "a")),
            "CN=a,O=安康市,C=CN",
        ),
        (
            named((NameOID.COMMON_NAME, "a"), (NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "x")),
            "CN=a,OU=x,C=CN",
        ),
        (named((NameOID.ORGANIZATION_NAME, 'A, "B"+C;')), 'O=A\\, \\"B\\"\\+C\\;'),
        (named((NameOID.ORGANIZATION_NAME, " padded ")), "O=\\ padded\\ "),
        (named((NameOID.ORGANIZATION_NAME, "#1")), "O=\\#1"),
        (
            named((NameOID.ORGANIZATIONAL_UNIT_NAME, "one"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "two")),
            "OU=one+OU=two",
        ),
        (named((NameOID.EMAIL_ADDRESS, "a@b"), (NameOID.COMMON_NAME, "a")), "CN=a,1.2.840.113549.1.9.1=#1603614062"),
    ],
)
def test_a_name_is_one_line_in_one_order(subject: x509.Name, text: str) -> None:
    assert parse_names(certificate(subject)) == Names(text, "CN=CA", ())


def test_only_dns_names_are_names_it_is_good_for() -> None:
    der = certificate(
        named((NameOID.COMMON_NAME, "a")),
        x509.DNSName("a.example"),
        x509.RFC822Name("x@a.example"),
        x509.DNSName("*.b.example"),
    )
    assert parse_names(der).dns_names == ("a.example", "*.b.example")


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=16)


@given(TEXT, TEXT)
def test_plain_parts_of_any_name_are_in_the_line(organisation: str, name: str) -> None:
    subject = named((NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, name))
    line = parse_names(certificate(subject)).subject
    unescaped = line.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
    assert unescaped == f"CN={name},O={organisation}"


@given(st.binary(max_size=200))
def test_bytes_that_are_no_certificate_say_so(data: bytes) -> None:
    with pytest.raises(CertificateFormatError):
        parse_names(data)


GOOD = certificate(named((NameOID.COMMON_NAME, "a.example")), x509.DNSName("a.example"))


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_damaged_certificate_has_names_or_is_refused(position: int, byte: int) -> None:
    damaged = GOOD[:position] + bytes((byte,)) + GOOD[position + 1 :]
    with suppress(CertificateFormatError):
        assert isinstance(parse_names(damaged), Names)
