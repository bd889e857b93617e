"""Whole numbers in as few bytes as they need: seven bits a byte, the lowest first."""


def put(packed: bytearray, value: int) -> None:
    """Append a number that is not negative."""
    while value >= 0x80:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)


def take(packed: bytes, position: int) -> tuple[int, int]:
    """The number at a position, and where the next one is. Errors: ValueError where the bytes end inside it."""
    value, shift = 0, 0
    while position < len(packed):
        byte = packed[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError("what is packed ends inside a number")
