"""业务支撑率 (C4): whether each system has, on every link it needs, the bandwidth that it declared.

Three tests of a link: (a) demands against what is contracted, (b) how full it is in busy hours, (c) loss and rtt inside
the limits. What nobody measured fails in the low bound and passes in the high one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from sla.bins import BIN_US, ENOUGH_US, Within, within
from sla.model import Degraded, State, Window
from sla.shares import Share, share
from sla.timeline import Span

SUPPORTED, UNSUPPORTED, NO_DEMAND, UNDETERMINED = "supported", "unsupported", "no_demand", "undetermined"
STATUSES = (SUPPORTED, UNSUPPORTED, NO_DEMAND, UNDETERMINED)

Rates = Mapping[int, Fraction]
"""Bits per second by the start of the bin: the bins that are known, of those that count."""


class Quality(NamedTuple):
    """Bins of one link: how many kept the limits of its tier, of how many were measured, of how many count."""

    inside: int
    measured: int
    bins: int


class Line(NamedTuple):
    """A link as C4 needs it. Units: bits per second.

    Shape: `contracted` is what holds at the cut-off, `busy` what was contracted in each bin that counts. `ways` are its
    two directions. Lines of one `group` carry for each other; the empty group is the line alone.
    """

    id: str
    contracted: int
    group: str
    busy: Mapping[int, int]
    ways: tuple[Rates, Rates]
    quality: Quality


class System(NamedTuple):
    """A business system and all links it needs. Units: demand in bits per second, None where none was declared."""

    id: str
    demand: int | None
    links: tuple[str, ...]


class Limits(NamedTuple):
    """The parameters of C4."""

    utilisation: Fraction = Fraction(70, 100)
    inside: Fraction = Fraction(99, 100)


class Finding(NamedTuple):
    """What one test of one link says: in the low bound, in the high bound, and in words what is wrong or missing."""

    low: bool
    high: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Both figures. Shape: lists by status; `why` says of a system what fails or is missing, link by link.

    `n_minus_1` is the same with the largest line of each group removed; a line without a group leaves nothing then.
    """

    headline: Share
    n_minus_1: Share


def support(systems: Sequence[System], lines: Iterable[Line], limits: Limits | None = None) -> Support:
    """The share of systems that are supported; without a demand on file one is not, in the low bound.

    Errors: ValueError for a system that comes twice.
    """
    by_id = {line.id: line for line in lines}
    keys = {id_: _key(line) for id_, line in by_id.items()}
    bounds = limits or Limits()
    asked, together = _asked(systems, {id_: id_ for id_ in by_id}), _asked(systems, keys)
    groups = _groups(by_id.values())
    whole = {id_: _whole(line, asked.get(id_, 0), bounds) for id_, line in by_id.items()}
    left = {key: _left(group, together.get(key, 0), bounds) for key, group in groups.items()}
    lacking = {id_: left[key] for id_, key in keys.items()}
    return Support(headline=_share(systems, whole), n_minus_1=_share(systems, lacking))


def quality(spans: Sequence[Span], judged: Sequence[Window], starts: Iterable[int]) -> Quality:
    """How many bins of a line kept loss and rtt inside its limits. Shape: spans and windows sorted and disjoint.

    `judged` is when both were measured and held against the limits of its tier: an interface that is up says nothing
    of them. A bin is measured where that is 80 % of it or more, and inside only if none of it is DOWN or over a limit.
    """
    bins = sorted(starts)
    known, broken = _held(judged, bins), _held([span for span in spans if _is_broken(span)], bins)
    pairs = [(held >= ENOUGH_US, bad > 0) for held, bad in zip(known, broken, strict=True)]
    return Quality(sum(held and not bad for held, bad in pairs), sum(held or bad for held, bad in pairs), len(bins))


def _is_broken(span: Span) -> bool:
    return span.state is State.DOWN or bool(span.degraded & (Degraded.LOSS | Degraded.RTT))


def _held(times: Sequence[Window | Span], bins: Iterable[int]) -> Iterator[int]:
    """How much of each bin these times hold, both in their order. Units: microseconds."""
    first = 0
    for start in bins:
        end, held = start + BIN_US, 0
        while first < len(times) and times[first].end <= start:
            first += 1
        place = first
        while place < len(times) and times[place].start < end:
            held += min(times[place].end, end) - max(times[place].start, start)
            place += 1
        yield held


def _asked(systems: Iterable[System], keys: Mapping[str, str]) -> dict[str, int]:
    """Declared demands by link, or by group of links: a system asks each that it needs once."""
    asked: dict[str, int] = {}
    for system in systems:
        for key in {keys[link] for link in system.links if link in keys}:
            asked[key] = asked.get(key, 0) + (system.demand or 0)
    return asked


def _whole(line: Line, asked: int, limits: Limits) -> list[Finding]:
    """The tests of a line as it stands."""
    return [
        _capacity(line.id, asked, line.contracted),
        _fullness(line.id, [_loads(rates, line.busy) for rates in line.ways], len(line.busy), limits),
        _inside(line, limits),
    ]


def _left(group: Sequence[Line], asked: int, limits: Limits) -> list[Finding]:
    """The tests of what is left of a group when its largest line is gone and the others carry its traffic."""
    name = "+".join(sorted(each.id for each in group))
    left = sum(each.contracted for each in group) - max(each.contracted for each in group)
    if not left:
        return [Finding(low=False, high=False, text=f"{name}: no line carries for it")]
    bins = set.intersection(*(set(each.busy) for each in group))
    ways = [_rerouted([each.ways[way] for each in group], group, bins) for way in (0, 1)]
    return [_capacity(name, asked, left), _fullness(name, ways, len(bins), limits), *_insides(group, limits)]


def _insides(group: Iterable[Line], limits: Limits) -> list[Finding]:
    return [_inside(each, limits) for each in group]


def _rerouted(rates: Sequence[Rates], group: Sequence[Line], bins: Iterable[int]) -> dict[int, Fraction]:
    """All traffic of a group over what is left of it, in the bins in which all of its lines are known."""
    found = {}
    for start in bins:
        busy = [each.busy[start] for each in group]
        left = sum(busy) - max(busy)
        if left and all(start in each for each in rates):
            found[start] = sum((each[start] for each in rates), Fraction(0)) / left
    return found


def _loads(rates: Rates, busy: Mapping[int, int]) -> dict[int, Fraction]:
    return {start: rate / busy[start] for start, rate in rates.items() if start in busy}


def _capacity(name: str, asked: int, contracted: int) -> Finding:
    """Test (a)."""
    kept = asked <= contracted
    return Finding(kept, kept, "" if kept else f"{name}: demands of {asked} bit/s, contracted {contracted} bit/s")


def _fullness(name: str, ways: Sequence[Mapping[int, Fraction]], bins: int, limits: Limits) -> Finding:
    """Test (b), of both directions. Without a bin that counts nothing is known."""
    found: list[Within] = [within(loads.values(), bins, limits.utilisation) for loads in ways]
    low, high = all(each.low is True for each in found), all(each.high is not False for each in found)
    if not high:
        return Finding(low, high, f"{name}: the 95th percentile of busy hours is over {_percent(limits.utilisation)}")
    known = min(map(len, ways))
    return Finding(low, high, "" if low else f"{name}: traffic known in {known} of {bins} busy bins")


def _inside(line: Line, limits: Limits) -> Finding:
    """Test (c)."""
    inside, measured, bins = line.quality
    needed = limits.inside * bins
    low, high = bool(bins) and inside >= needed, inside + bins - measured >= needed
    if not high:
        return Finding(low, high, f"{line.id}: loss and rtt inside the limits in {inside} of {measured} measured bins")
    return Finding(low, high, "" if low else f"{line.id}: loss and rtt measured in {measured} of {bins} bins")


def _share(systems: Sequence[System], findings: Mapping[str, Sequence[Finding]]) -> Share:
    lists: dict[str, list[str]] = {status: [] for status in STATUSES}
    why = {}
    for system in systems:
        status, why[system.id] = _status(system, findings)
        lists[status].append(system.id)
    return share(lists, yes=[SUPPORTED], unknown=[NO_DEMAND, UNDETERMINED], why=why)


def _status(system: System, findings: Mapping[str, Sequence[Finding]]) -> tuple[str, list[str]]:
    """A link that fails for certain decides; then what is missing does."""
    found = [finding for link in sorted(set(system.links)) for finding in findings.get(link, [_unknown(link)])]
    words = [finding.text for finding in found if finding.text]
    if not all(finding.high for finding in found):
        return UNSUPPORTED, words
    if system.demand is None:
        return NO_DEMAND, ["no demand on file", *words]
    if not system.links:
        return UNDETERMINED, ["no link on file"]
    return (SUPPORTED, words) if all(finding.low for finding in found) else (UNDETERMINED, words)


def _unknown(link: str) -> Finding:
    return Finding(low=False, high=True, text=f"{link}: no such link in service at the cut-off")


def _groups(lines: Iterable[Line]) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(_key(line), []).append(line)
    return groups


def _key(line: Line) -> str:
    """A group's name and a line's id may be the same word; they stay two things."""
    return f"group {line.group}" if line.group else f"line {line.id}"


def _percent(share: Fraction) -> str:
    return f"{share * 100} %"
