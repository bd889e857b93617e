"""The arithmetic of the chain (E3): the bytes of a row, its leaf, the root of an hour, heads and seals.

Whatever is digested begins with one byte that says what it is, so that none can pass for another: a leaf never for a
node (RFC 6962, 2.1), a head never for a seal. A digest covers canonical JSON: see `canonical`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

Json = dict[str, Any]

FORM = 1
"""Which tables and columns a leaf covers, and how; it is part of each head, so that it may change between two."""

SHORT_BYTES = 8
"""So many bytes of each leaf are kept beside the head, to name the row that differs. The root has all of them."""

_LEAF, _NODE, _HEAD, _SEAL, _FIGURES = (bytes([number]) for number in range(5))


class Algorithm(StrEnum):
    """What digests are made with; in force for one head, and free to be another in the next."""

    SHA256 = "sha256"
    SM3 = "sm3"


class Side(StrEnum):
    """Where the other half of a pair stands."""

    LEFT = "left"
    RIGHT = "right"


class Step(NamedTuple):
    """One step of an inclusion proof: the digest to put together with, and on which side it stands."""

    side: Side
    digest: bytes


class Head(NamedTuple):
    """One link of the chain. Units: microseconds UTC. Shape: digests in hexadecimal; `before` is "" for the first.

    It covers the rows that became durable in [since, until), `rows` of them. `kind` says why it was made; `said` is
    what it says beside, JSON.
    """

    number: int
    kind: str
    since: int
    until: int
    algorithm: str
    rows: int
    root: str
    before: str
    said: Json
    form: int = FORM

    @property
    def digest(self) -> str:
        """What the next head, the seals and the witnesses name it by."""
        return _hex(self.algorithm, _HEAD, list(self))


class Seal(NamedTuple):
    """The seal of a month, or a revision of it. Units: microseconds UTC. Shape: digests in hexadecimal.

    `number` counts all seals of a store; `before` is the digest of the one before, "" for the first. `heads` is the
    root over the digests of heads `first_head` to `last_head`: those since the seal before, so each is in one seal.
    `figures` has the digest of each plan's published table of the month by the plan's id.
    """

    number: int
    period: str
    revision: int
    zone: str
    sealed_at: int
    sealed_by: str
    algorithm: str
    first_head: int
    last_head: int
    last_digest: str
    heads: str
    figures: Mapping[str, str]
    said: Json
    before: str
    form: int = FORM

    @property
    def digest(self) -> str:
        """What reports print and witnesses keep."""
        return _hex(self.algorithm, _SEAL, list(self))


class Tree:
    """A Merkle tree that is built leaf by leaf and keeps only its right edge. Source: RFC 6962, 2.1."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._halves: list[tuple[int, bytes]] = []
        self.count = 0

    def add(self, leaf: bytes) -> None:
        """One more leaf, behind those before."""
        level, digest = 0, leaf
        while self._halves and self._halves[-1][0] == level:
            digest = _digest(self._algorithm, _NODE, self._halves.pop()[1] + digest)
            level += 1
        self._halves.append((level, digest))
        self.count += 1

    def root(self) -> bytes:
        """The root of what was added; of nothing it is the digest of nothing."""
        if not self._halves:
            return hashlib.new(self._algorithm).digest()
        digest = self._halves[-1][1]
        for _, left in reversed(self._halves[:-1]):
            digest = _digest(self._algorithm, _NODE, left + digest)
        return digest


def is_available(algorithm: str) -> bool:
    """Whether this Python can make such digests: SM3 needs an OpenSSL that was built with it."""
    try:
        hashlib.new(algorithm)
    except ValueError:
        return False
    return True


def canonical(value: object) -> bytes:
    """The one spelling of a value: JSON in ASCII, without spaces, keys sorted, bytes as {"hex": "…"}.

    Errors: TypeError for what JSON does not have, ValueError for a number that is none.
    """
    return _spell(value).encode("ascii")


def leaf(algorithm: str, table: str, key: Sequence[object], columns: Sequence[object]) -> bytes:
    """The digest of a row: its table (a plain name), its key, its other columns in the order of the schema.

    Shape: what is digested is `canonical([table, key, columns])`, spelled faster as a city has millions of rows.
    """
    spelled = f'["{table}",[{_items(key)}],[{_items(columns)}]]'
    return _digest(algorithm, _LEAF, spelled.encode("ascii"))


def figures_digest(algorithm: str, table: Json) -> str:
    """The digest of a published table, in hexadecimal."""
    return _hex(algorithm, _FIGURES, table)


def root(algorithm: str, leaves: Iterable[bytes]) -> bytes:
    """The root over leaves in their order."""
    tree = Tree(algorithm)
    for each in leaves:
        tree.add(each)
    return tree.root()


def proof(algorithm: str, leaves: Sequence[bytes], index: int) -> list[Step]:
    """What leads from one leaf to the root. Errors: IndexError for a leaf that is not there."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    steps, level = [], list(leaves)
    while len(level) > 1:
        other = index ^ 1
        if other < len(level):
            steps.append(Step(Side.LEFT if other < index else Side.RIGHT, level[other]))
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [_digest(algorithm, _NODE, left + right) for left, right in pairs]
        level = [*above, level[-1]] if len(level) % 2 else above
        index //= 2
    return steps


def climb(algorithm: str, leaf_digest: bytes, steps: Iterable[Step]) -> bytes:
    """The root that a leaf and its proof lead to."""
    digest = leaf_digest
    for side, other in steps:
        both = other + digest if side == Side.LEFT else digest + other
        digest = _digest(algorithm, _NODE, both)
    return digest


def _items(values: Sequence[object]) -> str:
    return ",".join([_item(value) for value in values])


def _item(value: object) -> str:
    kind = type(value)
    if kind is int:
        return str(value)
    if kind is str:
        return encode_basestring_ascii(value)  # type: ignore[arg-type]  # it is a str
    if value is None:
        return "null"
    return f'{{"hex":"{value.hex()}"}}' if isinstance(value, bytes) else _spell(value)


def _blob(value: object) -> object:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    raise TypeError(f"{type(value).__name__} has no canonical form")


_spell = json.JSONEncoder(
    ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"), default=_blob
).encode


def _digest(algorithm: str, what: bytes, data: bytes) -> bytes:
    if algorithm == "sha256":  # by name it takes twice as long, and a node is little more than its digest
        return hashlib.sha256(what + data).digest()
    return hashlib.new(algorithm, what + data).digest()


def _hex(algorithm: str, what: bytes, value: object) -> str:
    return _digest(algorithm, what, canonical(value)).hex()
