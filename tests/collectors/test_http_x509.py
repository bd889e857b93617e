"""The certificate reader against certificates that another library made, and against broken ones."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from collectors.wire.x509 import CertificateFormatError, parse_certificate

KEY = ec.generate_private_key(ec.SECP256R1())
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


def certificate(subject: str, issuer: str, start: datetime, end: datetime) -> bytes:
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]),
        subject_name=x509.Name(
            [
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "an office"),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, subject),
            ]
        ),
        public_key=KEY.public_key(),
        serial_number=7,
        not_valid_before=start,
        not_valid_after=end,
    )
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@given(st.text("abc.政务", min_size=1, max_size=20), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=36500)))
def test_names_and_dates_are_those_the_certificate_was_made_with(name: str, start: datetime, span: timedelta) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    end = last if last - start < span else (start + span).replace(microsecond=0)
    parsed = parse_certificate(certificate(name, "an authority", start, end))
    assert (parsed.subject, parsed.issuer) == (name, "an authority")
    assert (parsed.not_before, parsed.not_after) == (start.timestamp(), end.timestamp())


def test_a_certificate_with_extensions_and_without_a_common_name_is_read() -> None:
    leaf = trustme.CA().issue_cert("127.0.0.1", not_after=datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC))
    der = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes()).public_bytes(serialization.Encoding.DER)
    assert (parse_certificate(der).subject, parse_certificate(der).not_after) == ("", 2147483647)


GOOD = certificate("host", "authority", datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(CertificateFormatError):
        parse_certificate(data)


@given(st.integers(0, len(GOOD) - 1))
def test_every_cut_is_refused(length: int) -> None:
    with pytest.raises(CertificateFormatError):
        parse_certificate(GOOD[:length])


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_changed_byte_raises_nothing_but_a_refusal(position: int, value: int) -> None:
    with contextlib.suppress(CertificateFormatError):
        parse_certificate(GOOD[:position] + bytes([value]) + GOOD[position + 1 :])


@pytest.mark.parametrize("moment", [b"991301000000Z", b"9901010000Z", b"99010100000 Z", b"\xff90101000000Z"])
def test_a_date_that_is_none_is_refused(moment: bytes) -> None:
    changed = GOOD.replace(b"\x17\x0d300101000000Z", b"\x17" + bytes([len(moment)]) + moment)
    assert changed != GOOD
    with pytest.raises(CertificateFormatError):
        parse_certificate(changed)
