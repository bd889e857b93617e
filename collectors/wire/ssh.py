"""SSH before encryption: packets, key exchange offers and the exchange hash, as bytes.

Source: RFC 4251 5 (types), RFC 4253 4.2, 6, 7, 8, 11 (identification, packets, key exchange, disconnection),
RFC 5656 4 and RFC 8731 (elliptic curves).
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

MAX_PACKET = 35_000
"""Bytes of a whole packet that everybody must be able to take (RFC 4253 6.1); nobody needs more here."""

MAX_IDENTIFICATION = 255
"""Characters of an identification string, its end included."""

HEADER_BYTES = 5
COOKIE_BYTES = 16
_BLOCK = 8  # without a cipher
_MIN_PADDING = 4
_MIN_LENGTH = 16 - 4  # of the smallest packet, without the length field itself
_NAMES = 10
_SHA256_BYTES = 32


class Message(IntEnum):
    """Numbers of messages; KEX_INIT and KEX_REPLY are those of every method that is offered here."""

    DISCONNECT = 1
    IGNORE = 2
    DEBUG = 4
    KEXINIT = 20
    KEX_INIT = 30
    KEX_REPLY = 31


class SshFormatError(ValueError):
    """These bytes are not SSH, or not of the message they claim to be."""


class Fields:
    """Reads the fields of a message one after another. Errors: SshFormatError where they run out."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def take(self, count: int) -> bytes:
        """So many bytes."""
        end = self._place + count
        if end > len(self._data):
            raise SshFormatError(f"a field of {count} bytes where {len(self._data) - self._place} are left")
        taken, self._place = self._data[self._place : end], end
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def uint32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.uint32())

    def text(self) -> str:
        """A string in ASCII, whatever it really holds."""
        return self.string().decode("ascii", "backslashreplace")

    def names(self) -> tuple[str, ...]:
        """A name-list."""
        text = self.text()
        return tuple(text.split(",")) if text else ()

    def mpint(self) -> int:
        """A number; a negative one stays negative."""
        return int.from_bytes(self.string(), "big", signed=True)

    def end(self) -> None:
        """Errors: SshFormatError where there is more."""
        if self._place < len(self._data):
            raise SshFormatError(f"{len(self._data) - self._place} bytes too many")


def string(data: bytes) -> bytes:
    """A string with its length."""
    return len(data).to_bytes(4, "big") + data


def mpint(number: int) -> bytes:
    """A number that is not negative, in as few bytes as it needs with a sign."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")


def packet(payload: bytes, padding: bytes = b"\0" * (_BLOCK + _MIN_PADDING)) -> bytes:
    """A payload as it is sent before encryption; `padding` is cut to what is needed."""
    needed = _BLOCK - (HEADER_BYTES + len(payload)) % _BLOCK
    needed += _BLOCK if needed < _MIN_PADDING else 0
    needed = max(needed, _MIN_LENGTH - 1 - len(payload))  # an empty payload would make a packet that is too small
    return (1 + len(payload) + needed).to_bytes(4, "big") + bytes((needed,)) + payload + padding[:needed]


def rest_of_packet(header: bytes) -> int:
    """How many bytes follow a packet's first HEADER_BYTES. Errors: SshFormatError."""
    length, padding = int.from_bytes(header[:4], "big"), header[4]
    if not _MIN_LENGTH <= length <= MAX_PACKET - 4:
        raise SshFormatError(f"a packet of {length + 4} bytes, wanted {_MIN_LENGTH + 4} to {MAX_PACKET}")
    if (length + 4) % _BLOCK:
        raise SshFormatError(f"a packet of {length + 4} bytes, wanted a multiple of {_BLOCK}")
    if not _MIN_PADDING <= padding < length - 1:
        raise SshFormatError(f"{padding} bytes of padding in a packet of {length + 4}")
    return length - 1


def payload_of(header: bytes, rest: bytes) -> bytes:
    """The payload of a whole packet."""
    return rest[: len(rest) - header[4]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a side can do, best first; ciphers, MACs and compressions for both directions alike when we make it."""

    kex: Sequence[str]
    host_keys: Sequence[str]
    ciphers_to_server: Sequence[str]
    ciphers_to_client: Sequence[str]
    macs_to_server: Sequence[str]
    macs_to_client: Sequence[str]
    compressions_to_server: Sequence[str]
    compressions_to_client: Sequence[str]
    guessed: bool = False

    @property
    def lists(self) -> tuple[Sequence[str], ...]:
        """The lists in the order of the message, without the languages."""
        return (
            self.kex, self.host_keys, self.ciphers_to_server, self.ciphers_to_client, self.macs_to_server,
            self.macs_to_client, self.compressions_to_server, self.compressions_to_client,
        )  # fmt: skip


def kexinit(offer: Offer, cookie: bytes) -> bytes:
    """The payload of an offer without languages; `cookie` is 16 random bytes."""
    lists = b"".join(string(",".join(names).encode("ascii")) for names in (*offer.lists, (), ()))
    return bytes((Message.KEXINIT,)) + cookie + lists + bytes((offer.guessed,)) + bytes(4)


def parse_kexinit(payload: bytes) -> Offer:
    """The other side's offer. Errors: SshFormatError."""
    fields = Fields(payload)
    number = fields.byte()
    if number != Message.KEXINIT:
        raise SshFormatError(f"message {number}, wanted an offer for the key exchange ({int(Message.KEXINIT)})")
    fields.take(COOKIE_BYTES)
    lists = [fields.names() for _ in range(_NAMES)]
    guessed = fields.byte() != 0
    fields.uint32()
    fields.end()
    return Offer(
        kex=lists[0], host_keys=lists[1], ciphers_to_server=lists[2], ciphers_to_client=lists[3],
        macs_to_server=lists[4], macs_to_client=lists[5], compressions_to_server=lists[6],
        compressions_to_client=lists[7], guessed=guessed,
    )  # fmt: skip


def chosen(ours: Sequence[str], theirs: Sequence[str]) -> str:
    """The client's first that the server has too (RFC 4253 7.1), "" where they share none."""
    return next((name for name in ours if name in theirs), "")


@dataclass(frozen=True, slots=True)
class KexReply:
    """The server's half: its host key as it shows it, its public value, and its signature."""

    host_key: bytes
    public: bytes
    signature: bytes


def kex_init(public: bytes) -> bytes:
    """The payload of our half; the value as it stands in a string, mpints included."""
    return bytes((Message.KEX_INIT,)) + string(public)


def parse_kex_reply(payload: bytes) -> KexReply:
    """The server's half of the exchange. Errors: SshFormatError."""
    fields = Fields(payload)
    number = fields.byte()
    if number != Message.KEX_REPLY:
        raise SshFormatError(f"message {number}, wanted the server's half of the key exchange ({Message.KEX_REPLY:d})")
    reply = KexReply(fields.string(), fields.string(), fields.string())
    fields.end()
    return reply


def disconnect(reason: int, words: str) -> bytes:
    """The payload of a goodbye."""
    return bytes((Message.DISCONNECT,)) + reason.to_bytes(4, "big") + string(words.encode()) + string(b"")


def parse_disconnect(payload: bytes) -> tuple[int, str]:
    """Reason and words of a goodbye; older servers leave the language out. Errors: SshFormatError."""
    fields = Fields(payload[1:])
    return fields.uint32(), fields.text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """What both sides said up to the server's signature: identifications without their ends, whole payloads."""

    client: bytes
    server: bytes
    client_kexinit: bytes
    server_kexinit: bytes
    client_public: bytes
    reply: KexReply

    def signed_with(self, secret: int) -> bytes:
        """What the exchange hash is made of, and so what the host key signs (RFC 4253 8)."""
        said = (
            self.client, self.server, self.client_kexinit, self.server_kexinit, self.reply.host_key,
            self.client_public, self.reply.public,
        )  # fmt: skip
        return b"".join(string(each) for each in said) + mpint(secret)


_PREFIX: Final = "SHA256:"


def digest_of(fingerprint: str) -> str:
    """The SHA-256 in hexadecimal of a fingerprint as ssh-keygen prints it, or in hexadecimal with or without colons.

    Errors: ValueError.
    """
    text = fingerprint.strip()
    if text.startswith(_PREFIX):
        try:
            digest = base64.b64decode(text.removeprefix(_PREFIX).rstrip("=") + "=", validate=True)
        except ValueError:
            digest = b""
    else:
        plain = text.lower().replace(":", "").replace(" ", "")
        digest = bytes.fromhex(plain) if not set(plain) - set("0123456789abcdef") and len(plain) % 2 == 0 else b""
    if len(digest) != _SHA256_BYTES:
        raise ValueError(f"got {fingerprint!r}, wanted a fingerprint as ssh-keygen -l prints it: SHA256: and 43 signs")
    return digest.hex()


def fingerprint_of(digest: bytes) -> str:
    """A SHA-256 as ssh-keygen prints it."""
    return _PREFIX + base64.b64encode(digest).decode("ascii").rstrip("=")
