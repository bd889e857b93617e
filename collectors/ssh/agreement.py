"""Methods to agree on a key: our half, and the secret that comes of it. The secret is used for nothing but the hash."""

import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_GROUP14 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
"""RFC 3526 3; the generator is 2."""

_EXPONENT_BITS = 128
"""Enough to be new each time, which is all that is needed: nothing is encrypted, and a longer one holds up our loop."""


class Half(Protocol):
    """Our half of an exchange: `public` as it stands in the message."""

    public: bytes

    def secret(self, theirs: bytes) -> int:
        """What both sides know now. Errors: ValueError for a value that no honest server sends."""


class _Montgomery:
    """Curve25519 (RFC 8731)."""

    def __init__(self) -> None:
        self._key = X25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def secret(self, theirs: bytes) -> int:
        return int.from_bytes(self._key.exchange(X25519PublicKey.from_public_bytes(theirs)), "big")


class _Nist:
    """The curve P-256 (RFC 5656 4)."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def secret(self, theirs: bytes) -> int:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        return int.from_bytes(self._key.exchange(ec.ECDH(), point), "big")


class _Modular:
    """Powers modulo a prime (RFC 4253 8); a value is a number in as few bytes as it needs with a sign.

    Ours, as cryptography is about to drop them; old devices have nothing else.
    """

    def __init__(self) -> None:
        self._exponent = secrets.randbits(_EXPONENT_BITS) | 1 << (_EXPONENT_BITS - 1)
        number = pow(2, self._exponent, _GROUP14)
        self.public = number.to_bytes(number.bit_length() // 8 + 1, "big")

    def secret(self, theirs: bytes) -> int:
        number = int.from_bytes(theirs, "big", signed=True)
        if not 1 < number < _GROUP14 - 1:
            raise ValueError("a public value outside the group")
        return pow(number, self._exponent, _GROUP14)


METHODS: Mapping[str, Callable[[], Half]] = {
    "curve25519-sha256": _Montgomery,
    "curve25519-sha256@libssh.org": _Montgomery,
    "ecdh-sha2-nistp256": _Nist,
    "diffie-hellman-group14-sha256": _Modular,
}
"""What makes our half, best first. None with SHA-1: what it signs could be made to fit another exchange."""


def exchange_hash(said: bytes) -> bytes:
    """The hash of all these methods."""
    return sha256(said).digest()
