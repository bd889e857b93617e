"""Certificates of a TLS peer: what it presented, in our own words, and what a failure of TLS says (S1)."""

import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from collectors.base import Reading, Reason, error, failed
from collectors.wire.x509 import Certificate, CertificateFormatError, parse_certificate

_DER = 2  # ssl's own constant for the encoding; it exports none before Python 3.13
_SHOWN = 80


@lru_cache(maxsize=1024)
def _parse(der: bytes) -> Certificate:
    """Certificates come back with every probe; reading one costs as much as the rest of a probe's bookkeeping."""
    return parse_certificate(der)


def presented_certificates(tls: ssl.SSLObject) -> Sequence[Certificate]:
    """What the peer presented, its own certificate first; empty if one of them is not readable."""
    try:
        return [_parse(der) for der in presented_der(tls)]
    except CertificateFormatError:
        return []


def verified_certificates(tls: ssl.SSLObject) -> Sequence[Certificate]:
    """The chain that was verified, up to an authority of ours; empty where nothing was, or it cannot be read."""
    if tls.context.verify_mode is ssl.CERT_NONE:  # OpenSSL builds a chain all the same
        return []
    public = getattr(tls, "get_verified_chain", None)
    try:
        if public is not None:  # since Python 3.13, before it only in the object underneath
            return [_parse(der) for der in public()]
        inner = getattr(getattr(tls, "_sslobj", None), "get_verified_chain", None)
        return [_parse(certificate.public_bytes(_DER)) for certificate in (inner() if inner else None) or ()]
    except CertificateFormatError:
        return []


def presented_der(tls: ssl.SSLObject) -> Sequence[bytes]:
    """The chain as presented, its own certificate first; before Python 3.13 only the object underneath has it."""
    public = getattr(tls, "get_unverified_chain", None)
    if public is not None:
        return list(public())
    inner = getattr(getattr(tls, "_sslobj", None), "get_unverified_chain", None)
    if inner is not None:
        return [certificate.public_bytes(_DER) for certificate in inner() or ()]
    leaf = tls.getpeercert(binary_form=True)
    return [leaf] if leaf else []


def identity_of(tls: ssl.SSLObject) -> str:
    """Who answered, by the certificate whose key the handshake has just used; "" where there is none (C2)."""
    presented = presented_der(tls)
    return f"certificate:{sha256(presented[0]).hexdigest()}" if presented else ""


def described(tls: ssl.SSLObject, chain: Sequence[Certificate]) -> Iterator[str]:
    """Lines about a finished handshake, for the trace of a probe."""
    yield f"{tls.version()} {(tls.cipher() or ('no cipher',))[0]}"
    for certificate in chain:
        end = datetime.fromtimestamp(certificate.not_after, UTC)
        yield f"certificate {certificate.subject!r} by {certificate.issuer!r} ends {end:%FT%TZ}"


def version_number(tls: ssl.SSLObject) -> float | None:
    """The TLS version as a number: 1.3."""
    version = tls.version() or ""
    return float(version.removeprefix("TLSv")) if version.startswith("TLSv") else None


def tls_reading(exc: ssl.SSLError, doing: str) -> Reading:
    """For a TLS error; its errno is one of OpenSSL's, so it must not be looked up as the system's."""
    if not isinstance(exc, ssl.SSLCertVerificationError):
        return failed(Reason.TLS, f"{doing}: {shorten(exc.reason or str(exc))}")
    # OpenSSL's words name the trouble: expired, self-signed, hostname mismatch, unknown issuer.
    return failed(Reason.CERTIFICATE, f"the certificate does not verify: {exc.verify_message} (code {exc.verify_code})")


def by_nobody(reading: Reading, *, option: str = "") -> Reading:
    """The same failure on a host without any authority: it is ours. `option`: where the module's TLS options stand."""
    if reading.reason is not Reason.CERTIFICATE:
        return reading
    advice = f"install ca-certificates, or set {option}ca_file or {option}verify: false"
    return error(Reason.INTERNAL, f"this host trusts no certificate authority at all; {advice}")


def shorten(text: str) -> str:
    """What a peer sent, safe for a line of text: quoted, escaped and short."""
    return repr(text) if len(text) <= _SHOWN else repr(text[:_SHOWN]) + "…"
