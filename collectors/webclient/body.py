"""Reads a response body without trusting its size: bounded on the wire and after decompression."""

import zlib
from dataclasses import dataclass

from aiohttp import ClientResponse

from collectors.webclient.hop import Hop

ENCODINGS = "gzip, deflate"
"""The content encodings that we can read, and so all that we ask for."""

_GZIP_MAGIC = b"\x1f\x8b"
_WINDOW = 15
_GZIP = 16 + _WINDOW


class BodyError(Exception):
    """The body is not what its Content-Encoding says."""


@dataclass(frozen=True, slots=True)
class Body:
    """What was read. `unread` names an encoding that we cannot read; `too_large`: there was more."""

    data: bytes
    size: int
    too_large: bool
    unread: str


class Plain:
    """No compression, or one that we leave alone."""

    def feed(self, data: bytes, room: int) -> bytes:
        """The decompressed bytes, not many more than `room`."""
        return data[: room + 1]

    def finish(self) -> None:
        """Say that the body has ended. Errors: BodyError if it may not end here."""


class Inflated(Plain):
    """gzip (one member or more) or deflate, with a zlib header or without."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._member: zlib._Decompress | None = None
        self._begun = b""

    def feed(self, data: bytes, room: int) -> bytes:
        """Up to room + 1 decompressed bytes. Errors: BodyError."""
        data, self._begun = self._begun + data, b""
        plain = bytearray()
        while data and len(plain) <= room:
            if self._member is None and len(data) < len(_GZIP_MAGIC):
                self._begun = data  # too short to tell what begins here
                break
            member = self._member = self._member or self._open(data)
            plain += self._inflate(member, data, room + 1 - len(plain))
            data = self._next_member(member)
        return bytes(plain)

    def finish(self) -> None:
        """Errors: BodyError if the compressed data ends too early."""
        if self._begun or (self._member is not None and not self._member.eof):
            raise BodyError(f"the {self._encoding} data ends too early")

    def _open(self, data: bytes) -> "zlib._Decompress":
        return zlib.decompressobj(_GZIP if self._encoding == "gzip" else _deflate_window(data))

    def _inflate(self, member: "zlib._Decompress", data: bytes, room: int) -> bytes:
        try:
            return member.decompress(data, room)
        except zlib.error as exc:
            raise BodyError(f"this is not {self._encoding} data: {exc}") from exc

    def _next_member(self, member: "zlib._Decompress") -> bytes:
        """What follows a finished gzip member if it is another one; padding is ignored, as browsers do."""
        rest = member.unused_data
        if self._encoding != "gzip" or not rest.startswith(_GZIP_MAGIC):
            return b""
        self._member = None
        return rest


def _deflate_window(data: bytes) -> int:
    """RFC 9110 8.4.1.2: deflate has a zlib header, though some servers leave it out."""
    has_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
    return _WINDOW if has_header else -_WINDOW


async def read_body(response: ClientResponse, hop: Hop, limit: int, *, keep: bool) -> Body:
    """Read to the end or just beyond `limit` bytes. Errors: BodyError, aiohttp.ClientError."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower().removeprefix("x-")
    known = encoding in {"gzip", "deflate"}
    decoder = Inflated(encoding) if known else Plain()
    parts: list[bytes] = []
    size = on_wire = 0
    async for chunk in response.content.iter_any():
        plain = decoder.feed(chunk, limit - size)
        size, on_wire = size + len(plain), on_wire + len(chunk)
        hop.received = size
        if keep:
            parts.append(plain)
        if max(size, on_wire) > limit:
            break
    else:
        decoder.finish()
    too_large = max(size, on_wire) > limit
    unread = "" if known or encoding == "identity" else encoding
    return Body(b"".join(parts), size, too_large, unread)
