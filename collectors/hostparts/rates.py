"""Cumulative counters of two probes to means per second. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

Counters = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """Counters of every part at one moment of the monotonic clock."""

    at_seconds: float
    parts: Mapping[str, Counters]


def rates(previous: Sample | None, current: Sample) -> dict[str, dict[str, float]]:
    """Increase per second of each part's counters.

    Shape: a part is absent where the previous sample lacks it, no time has passed or a counter went back.
    """
    if previous is None or current.at_seconds <= previous.at_seconds:
        return {}
    elapsed = current.at_seconds - previous.at_seconds
    known = {name: part for name, part in current.parts.items() if name in previous.parts}
    return {
        name: {counter: (value - previous.parts[name][counter]) / elapsed for counter, value in part.items()}
        for name, part in known.items()
        if _continues(previous.parts[name], part)
    }


def _continues(before: Counters, now: Counters) -> bool:
    # one counter that went back (reset, wrap) makes the others of its part doubtful: none of them speaks
    return before.keys() == now.keys() and all(now[counter] >= before[counter] for counter in now)


class History:
    """The previous sample of one family of counters."""

    def __init__(self) -> None:
        self._previous: Sample | None = None

    def step(self, at_seconds: float, parts: Mapping[str, Counters]) -> dict[str, dict[str, float]]:
        """Rates since the previous step; this sample becomes the previous one."""
        current = Sample(at_seconds, parts)
        found = rates(self._previous, current)
        self._previous = current
        return found
