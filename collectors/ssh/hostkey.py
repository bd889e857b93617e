"""Host keys: which are asked for, in which order, and whether the server holds the one that it shows.

RFC 8709 (Ed25519), RFC 5656 3 (ECDSA), RFC 8332 (RSA with SHA-2).
"""

from collections.abc import Callable, Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from collectors.wire.ssh import Fields, SshFormatError

_RSA_BITS = range(1024, 16385)
"""Below, others may have found the key; above, checking it would hold up our loop."""


class SignatureError(Exception):
    """The server does not hold the key that it shows."""


class WeakKeyError(Exception):
    """A key that proves nobody, or that we do not check."""


def identity_of(host_key: bytes) -> str:
    """Who answered, by the key as it was shown (C2): what `ssh-keygen -l` prints, in hexadecimal."""
    return f"hostkey:{sha256(host_key).hexdigest()}"


def verify(algorithm: str, host_key: bytes, signature: bytes, signed: bytes) -> None:
    """Errors: SignatureError, WeakKeyError; SshFormatError where one of them is not of this algorithm."""
    key_type, check = _CHECKS[algorithm]
    key, sign = Fields(host_key), Fields(signature)
    if (shown := key.text()) != key_type:
        raise SshFormatError(f"a key of type {shown!r} where {key_type} was agreed on")
    if (shown := sign.text()) != algorithm:
        raise SshFormatError(f"a signature by {shown!r} where {algorithm} was agreed on")
    blob = sign.string()
    sign.end()
    try:
        check(key, blob, signed)
    except InvalidSignature as exc:
        raise SignatureError("its signature does not fit the key that it shows") from exc
    except SshFormatError:
        raise
    except UnsupportedAlgorithm as exc:
        raise WeakKeyError(f"a key that we cannot check: {exc}") from exc
    except ValueError as exc:
        raise SshFormatError(f"no sound key or signature: {exc}") from exc


_Check = Callable[[Fields, bytes, bytes], None]


def _ed25519(key: Fields, signature: bytes, signed: bytes) -> None:
    public = Ed25519PublicKey.from_public_bytes(key.string())
    key.end()
    public.verify(signature, signed)


def _ecdsa(curve: ec.EllipticCurve, name: str, digest: HashAlgorithm) -> _Check:
    def check(key: Fields, signature: bytes, signed: bytes) -> None:
        if (shown := key.text()) != name:
            raise SshFormatError(f"a key on the curve {shown!r}, wanted {name}")
        public = ec.EllipticCurvePublicKey.from_encoded_point(curve, key.string())
        key.end()
        numbers = Fields(signature)
        r, s = numbers.mpint(), numbers.mpint()
        numbers.end()
        if r <= 0 or s <= 0:
            raise SshFormatError("a signature of numbers that are not positive")
        public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))

    return check


def _rsa(digest: HashAlgorithm) -> _Check:
    def check(key: Fields, signature: bytes, signed: bytes) -> None:
        exponent, modulus = key.mpint(), key.mpint()
        key.end()
        if modulus.bit_length() not in _RSA_BITS:
            raise WeakKeyError(f"an RSA key of {modulus.bit_length()} bits, wanted {_RSA_BITS[0]} to {_RSA_BITS[-1]}")
        public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        public.verify(signature.rjust((public.key_size + 7) // 8, b"\0"), signed, PKCS1v15(), digest)

    return check


_CHECKS: Mapping[str, tuple[str, _Check]] = {
    "ssh-ed25519": ("ssh-ed25519", _ed25519),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256", _ecdsa(ec.SECP256R1(), "nistp256", SHA256())),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384", _ecdsa(ec.SECP384R1(), "nistp384", SHA384())),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521", _ecdsa(ec.SECP521R1(), "nistp521", SHA512())),
    "rsa-sha2-512": ("ssh-rsa", _rsa(SHA512())),
    "rsa-sha2-256": ("ssh-rsa", _rsa(SHA256())),
}

ALGORITHMS = tuple(_CHECKS)
"""In the order in which they are asked for. It never changes: a server with several keys always shows the same one."""
