"""The readings behind an edge, packed (E6): a few bytes each, so that a year of them fits beside the edges.

One reading is: zigzag varint of its start relative to the edge (microseconds), one byte outcome, varint number of
the reason's word, varint of the limits broken. No sockets, no database: bytes to values and back.
"""

from collections.abc import Callable, Iterator

from agent.stores.numbers import put, take
from sla.model import Degraded, Outcome, Seen


def pack(at: int, readings: tuple[Seen, ...], word: Callable[[str], int]) -> bytes:
    """The bytes of an edge's evidence; `word` gives the number of a reason's text."""
    packed = bytearray()
    for seen in readings:
        put(packed, _zigzag(seen.at - at))
        packed.append(seen.outcome)
        put(packed, word(seen.reason))
        put(packed, int(seen.over))
    return bytes(packed)


def unpack(at: int, packed: bytes, text: Callable[[int], str]) -> tuple[Seen, ...]:
    """The readings again. Errors: ValueError when the bytes are not whole readings."""
    readings = []
    numbers = _numbers(packed)
    try:
        for delta, outcome in numbers:
            reason, _ = next(numbers)
            over, _ = next(numbers)
            readings.append(Seen(at + _unzigzag(delta), Outcome(outcome), text(reason), Degraded(over)))
    except StopIteration as exc:
        raise ValueError("evidence ends inside a reading") from exc
    return tuple(readings)


def _numbers(packed: bytes) -> Iterator[tuple[int, int]]:
    """Varints in order; the outcome byte that follows each first number of a reading comes with it."""
    position, field = 0, 0
    while position < len(packed):
        value, position = take(packed, position)
        outcome = 0
        if field == 0:
            if position >= len(packed):
                raise ValueError("evidence ends inside a reading")
            outcome = packed[position]
            position += 1
        field = (field + 1) % 3
        yield value, outcome


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def _unzigzag(value: int) -> int:
    return value // 2 if value % 2 == 0 else -(value + 1) // 2
