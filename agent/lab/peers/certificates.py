"""The lab's own authority and what it signs. The authority is kept in a folder, as the agent's modules name it."""

import os
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.errors import UsageError

CA_FILE, KEY_FILE = "ca.pem", "ca.key"
_NAME = "Lab CA (simulated)"
_CA_DAYS, _DAYS, _LEAST_DAYS = 3650, 365, 400
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs for the lab's systems. `seconds` is the wall clock."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    seconds: Callable[[], float]

    def context(self, host: str, *, is_expired: bool = False) -> ssl.SSLContext:
        """What a system at an address shows; one that has expired ended a day ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = _time(self.seconds)
        ends = now - timedelta(days=1) if is_expired else now + timedelta(days=_DAYS)
        leaf = self._leaf(key, host, now - timedelta(days=30), ends)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # ssl takes a key from a file only
            file.write(_pem_key(key) + leaf.public_bytes(serialization.Encoding.PEM))
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _leaf(
        self, key: ec.EllipticCurvePrivateKey, host: str, begins: datetime, ends: datetime
    ) -> x509.Certificate:  # fmt: skip
        return (
            _builder(key, self.certificate.subject, f"{host}", begins, ends)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def authority(folder: Path, seconds: Callable[[], float]) -> Authority:
    """The folder's authority, made where there is none or it ends soon. Errors: UsageError for an unusable folder."""
    try:
        kept = _kept(folder, seconds)
        if kept is None:
            kept = _made(seconds)
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / KEY_FILE, _pem_key(kept.key), _PRIVATE)
            _write(folder / CA_FILE, kept.certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    except OSError as exc:
        raise UsageError(f"{folder}: cannot keep the lab's certificates ({exc.strerror}); name another folder") from exc
    return kept


def _kept(folder: Path, seconds: Callable[[], float]) -> Authority | None:
    try:
        certificate = x509.load_pem_x509_certificate((folder / CA_FILE).read_bytes())
        key = serialization.load_pem_private_key((folder / KEY_FILE).read_bytes(), None)
    except (FileNotFoundError, ValueError):
        return None
    fits = isinstance(key, ec.EllipticCurvePrivateKey) and key.public_key() == certificate.public_key()
    lasts = certificate.not_valid_after_utc - _time(seconds) > timedelta(days=_LEAST_DAYS)
    begun = certificate.not_valid_before_utc <= _time(seconds)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not (fits and lasts and begun):
        return None
    return Authority(certificate, key, seconds)


def _made(seconds: Callable[[], float]) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    now = _time(seconds)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(key, name, _NAME, now - timedelta(days=31), now + timedelta(days=_CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key, seconds)


def _builder(
    key: ec.EllipticCurvePrivateKey, issuer: x509.Name, name: str, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _write(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)


def _time(seconds: Callable[[], float]) -> datetime:
    return datetime.fromtimestamp(seconds(), UTC).replace(microsecond=0)
