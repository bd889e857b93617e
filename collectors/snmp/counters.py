"""Two samples of an interface's counters to means per second, or to nothing where that would be a guess. Pure.

Every way in which a difference of counters may lie is looked at (C4): the device started anew, the counters did, the
clock of the device is not to be trusted, the interface has another number by now, more came than the line can carry.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

TICKS = 100
"""Of sysUpTime a second."""

_UPTIME_WRAP = 2**32
_COUNTER64_WRAP = 2**64
_SLACK_SECONDS = 2.0
_SLACK_RATIO = 0.1
_OVER_LINE_RATE = 1.02  # a full line seems to carry a little more where the two ends of the time are rounded


@dataclass(frozen=True, slots=True)
class Clock:
    """When a sample was taken. `at_seconds` is our monotonic clock, the rest the device's own; None: it says nothing.

    Units: uptime_ticks in 1/100 s (sysUpTime); boots and engine_seconds as in SNMP-FRAMEWORK-MIB.
    """

    at_seconds: float
    uptime_ticks: int | None = None
    boots: int | None = None
    engine_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """The counters of one interface. `octets` are the 64-bit ones by direction, `others` of 32 bits by value's name."""

    clock: Clock
    index: str
    speed: int | None = None
    discontinuity: int | None = None
    octets: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)


def elapsed(before: Clock, now: Clock) -> float | None:
    """Seconds between two samples by the device's clock, else by ours; None if it started anew between, or may have.

    A sysUpTime that wraps after 497 days goes on as ours does; after a start it does not.
    """
    ours = now.at_seconds - before.at_seconds
    if ours <= 0 or _started_anew(before, now):
        return None
    if before.uptime_ticks is None or now.uptime_ticks is None:
        return ours if before.uptime_ticks == now.uptime_ticks else None
    slack = max(_SLACK_SECONDS, _SLACK_RATIO * ours)
    theirs = (now.uptime_ticks - before.uptime_ticks) % _UPTIME_WRAP / TICKS
    if theirs > 0 and abs(theirs - ours) <= slack:
        young = before.uptime_ticks < slack * TICKS and not _surely_the_same_start(before, now)
        return None if young else theirs  # so young that a start of it just now would look the same
    return ours if _surely_the_same_start(before, now) else None


def _started_anew(before: Clock, now: Clock) -> bool:
    if before.boots is not None and now.boots is not None and before.boots != now.boots:
        return True
    both = before.engine_seconds is not None and now.engine_seconds is not None
    return both and (now.engine_seconds or 0) < (before.engine_seconds or 0)


def _surely_the_same_start(before: Clock, now: Clock) -> bool:
    """By the engine's own count of starts, and its seconds that went on as ours did."""
    if before.boots is None or before.boots != now.boots:
        return False
    if before.engine_seconds is None or now.engine_seconds is None:
        return False
    ours = now.at_seconds - before.at_seconds
    return abs(now.engine_seconds - before.engine_seconds - ours) <= max(_SLACK_SECONDS, _SLACK_RATIO * ours)


def rates(before: Sample | None, now: Sample) -> dict[str, float]:
    """What passed between two samples, by value's name; empty where nothing can be said."""
    if before is None or before.index != now.index or before.discontinuity != now.discontinuity:
        return {}
    seconds = elapsed(before.clock, now.clock)
    if seconds is None:
        return {}
    octets = {way: _bytes_per_second(before, now, way, seconds) for way in now.octets if way in before.octets}
    if None in octets.values() or before.octets.keys() != now.octets.keys():
        return {}  # one direction that lies makes the other doubtful
    found = {f"{way}_bytes_per_second": rate for way, rate in octets.items() if rate is not None}
    found |= _utilisation(before, now, found)
    found |= {
        f"{name}_per_second": (count - before.others[name]) / seconds
        for name, count in now.others.items()
        if before.others.get(name, count + 1) <= count
    }
    return found | {"rate_seconds": seconds} if found else {}


def _bytes_per_second(before: Sample, now: Sample, way: str, seconds: float) -> float | None:
    line_rate = max(before.speed or 0, now.speed or 0)
    went_back = now.octets[way] < before.octets[way]
    if went_back and not line_rate:
        return None  # a wrap or a new beginning: only the line rate could tell
    octets = (now.octets[way] - before.octets[way]) % _COUNTER64_WRAP
    if line_rate and octets * 8 > line_rate * seconds * _OVER_LINE_RATE:
        return None
    rate = octets / seconds
    return min(rate, line_rate / 8) if line_rate else rate


def _utilisation(before: Sample, now: Sample, rates: Mapping[str, float]) -> dict[str, float]:
    """Of the speed, if that held for the whole time."""
    if not now.speed or before.speed != now.speed:
        return {}
    return {
        name.replace("bytes_per_second", "utilisation_ratio"): rate * 8 / now.speed
        for name, rate in rates.items()
        if name.endswith("_bytes_per_second")
    }
