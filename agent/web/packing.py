"""gzip for pages of megabytes: by ISA-L where its wheel exists, a fifth of zlib's CPU seconds for the same page."""

import zlib
from collections.abc import Callable
from typing import Protocol

try:
    from isal import isal_zlib
except ImportError:  # a machine without its wheel
    ISAL = False
else:
    ISAL = True

_GZIP = 16 + zlib.MAX_WBITS


class Packer(Protocol):
    """Takes a page part by part. It lets go of the interpreter meanwhile."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def by_zlib() -> Packer:
    """The standard library's, at its fastest."""
    return zlib.compressobj(1, zlib.DEFLATED, _GZIP)


def by_isal() -> Packer:
    """ISA-L's, at its second level: smaller than zlib's first."""
    packer: Packer = isal_zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return packer


packer: Callable[[], Packer] = by_isal if ISAL else by_zlib
"""A new one, for one page."""
