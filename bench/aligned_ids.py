"""Ids that all have the same place in their interval: what the checksum of an id spreads, another id gathers.

A target is probed at crc32(id) of its interval. CRC-32 is linear over GF(2), so for any beginning an ending of a and b
is found that gives the checksum wanted: so many starts fall on one instant in an agent that nobody has touched.
"""

from zlib import crc32

CHECKSUM = 1 << 31
"""Half the interval."""

ENDING = 40
"""Choices of a or b: more than the 32 that are needed, so that they span all checksums."""

_OTHER = ord("a") ^ ord("b")


def aligned_ids(count: int) -> list[str]:
    """So many ids."""
    basis = _basis(len(_beginning(0)))
    return [_solved(_beginning(number), basis) for number in range(count)]


def _beginning(number: int) -> str:
    return f"a{number:05}"


def _basis(before: int) -> dict[int, tuple[int, int]]:
    """By highest bit: what changes in the checksum, and which letters of the ending change it."""
    basis: dict[int, tuple[int, int]] = {}
    nothing = crc32(bytes(before + ENDING))
    for place in range(ENDING):
        changed = bytearray(before + ENDING)
        changed[before + place] = _OTHER
        effect, letters = _reduced(crc32(changed) ^ nothing, 1 << place, basis)
        if effect:
            basis[effect.bit_length()] = (effect, letters)
    return basis


def _reduced(effect: int, letters: int, basis: dict[int, tuple[int, int]]) -> tuple[int, int]:
    for height in sorted(basis, reverse=True):
        if effect.bit_length() == height:
            effect, letters = effect ^ basis[height][0], letters ^ basis[height][1]
    return effect, letters


def _solved(beginning: str, basis: dict[int, tuple[int, int]]) -> str:
    wanted = crc32((beginning + "a" * ENDING).encode()) ^ CHECKSUM
    left, letters = _reduced(wanted, 0, basis)
    if left:
        raise ValueError(f"{beginning}: no ending gives the checksum")
    return beginning + "".join("b" if letters >> place & 1 else "a" for place in range(ENDING))
