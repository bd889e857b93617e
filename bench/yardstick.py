"""How fast this machine is just now: a virtual one is a third slower in one hour than in another."""

import time

_STEPS = 1_000_000
_TIMES = 5


def yardstick() -> float:
    """CPU seconds for a million steps of plain Python, the best of five: absolute figures are to be read beside it."""
    return min(_once() for _ in range(_TIMES))


def _once() -> float:
    began = time.process_time()
    sum(number * number for number in range(_STEPS))
    return time.process_time() - began
