"""The keys of a head's rows, and the first bytes of their leaves, packed as they lie beside it."""

import json
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from sla.seal import SHORT_BYTES

Key = tuple[Any, ...]

KEY_COLUMNS = ("k1", "k2", "k3", "k4")
"""No table of the ledger has a longer key; a shorter one is filled up with 0."""

PART_ROWS = 20_000
"""So many rows of a head are packed together: what is read at once has a bound."""

KEYS_MAX = 64 * 1024 * 1024
"""A packed part never holds more; one that says so was not written by us."""


class Part(NamedTuple):
    """Rows of one table in the order of the head. Shape: `leaves` are SHORT_BYTES each."""

    table: str
    keys: bytes
    leaves: bytes


def short_of(leaf: bytes) -> bytes:
    """What is kept of a whole leaf beside its key."""
    return leaf[:SHORT_BYTES]


def pack(table: str, keys: Sequence[Key], shorts: Sequence[bytes]) -> Part:
    """Keys and the first bytes of their leaves as one part."""
    text = json.dumps(keys, ensure_ascii=True, separators=(",", ":")).encode()
    return Part(table, zlib.compress(text, 1), b"".join(shorts))


def unpack(part: Part) -> list[tuple[Key, bytes]]:
    """Keys with the first bytes of their leaves. Errors: ValueError for what is not such a part."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(part.keys, KEYS_MAX)
    except zlib.error as exc:
        raise ValueError(f"its keys cannot be unpacked: {exc}") from exc
    keys = json.loads(text)
    shorts = [part.leaves[at : at + SHORT_BYTES] for at in range(0, len(part.leaves), SHORT_BYTES)]
    if not isinstance(keys, list) or not all(isinstance(key, list) for key in keys):
        raise ValueError("its keys are no list of keys")
    if len(keys) != len(shorts):
        raise ValueError(f"it has {len(keys)} keys and {len(shorts)} leaves")
    return [(tuple(key), short) for key, short in zip(keys, shorts, strict=True)]
