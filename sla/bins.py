"""Traffic in 5-minute bins, and how full a line was in them (C4). Pure: whole numbers and exact shares, no floats.

A sample says how many bits passed in an interval between two readings of counters. It is prorated over the bins that
it covers. No instant is counted twice: of samples that overlap, the one that ended first has it. What no sample
covers is covered by nothing: not idle, unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from sla.model import Window

BIN_US = 300_000_000
"""Bins begin at whole multiples of five minutes UTC, so at those of every zone's clock too."""

LONGEST_US = BIN_US * 3 // 2
"""A sample over more than a bin and a half is a mean that hides the peaks of its bins: it says nothing of them."""

ENOUGH_US = BIN_US * 80 // 100
"""So much of a bin must be covered, or the bin is unknown."""

RANK = Fraction(95, 100)
_SECOND_US = 1_000_000


class Sample(NamedTuple):
    """What passed in [start, end). Units: microseconds UTC, bits."""

    start: int
    end: int
    bits_in: int
    bits_out: int


class Bin(NamedTuple):
    """What is known of five minutes from `start`: how much of them, and what passed in that. Units: as in Sample."""

    start: int
    covered_us: int
    bits_in: int
    bits_out: int

    @property
    def is_known(self) -> bool:
        """Enough of it was seen, and none of it twice."""
        return ENOUGH_US <= self.covered_us <= BIN_US


class Busy(NamedTuple):
    """Time that counts, and what was contracted then. Units: bits per second. Shape: of two that overlap, the first."""

    window: Window
    contracted: int


class P95(NamedTuple):
    """The 95th percentile by nearest rank. `value` is that of the known bins alone.

    `least` takes every unknown bin as idle, `most` as fuller than any: None where that decides, so that nothing bounds
    it. All three are None without a bin, `value` without a known one.
    """

    bins: int
    known: int
    value: Fraction | None
    least: Fraction | None
    most: Fraction | None


class Within(NamedTuple):
    """Whether a limit is kept: unknown bins count as over it in `low`, as under it in `high`. None without a bin."""

    low: bool | None
    high: bool | None


class Meter:
    """Puts the samples of one interface into bins, as they come. What begins before `floor` is cut off there."""

    def __init__(self, floor: int) -> None:
        self._until = floor
        self._open = Bin(bin_start(floor), 0, 0, 0)

    @property
    def start(self) -> int:
        """Of the bin that is still being filled."""
        return self._open.start

    def take(self, sample: Sample) -> list[Bin]:
        """The bins that are full of all they can get. Shape: samples by their end, none before the one before."""
        length = sample.end - sample.start
        if sample.end <= self._until or not 0 < length <= LONGEST_US:
            return []
        done = []
        begin = max(sample.start, self._until)
        for start in range(bin_start(begin), sample.end, BIN_US):
            if start != self._open.start:
                done += self._shut(start)
            self._add(sample, max(start, begin), min(start + BIN_US, sample.end))
        self._until = sample.end
        if sample.end % BIN_US == 0:
            done += self._shut(sample.end)
        return done

    def close(self) -> list[Bin]:
        """The bin that is still being filled, as far as it came."""
        return self._shut(self._open.start + BIN_US)

    def drop(self, floor: int) -> None:
        """Forget the bin that is being filled; nothing before `floor` is taken any more."""
        self._until = max(self._until, floor)
        self._open = Bin(bin_start(self._until), 0, 0, 0)

    def _shut(self, following: int) -> list[Bin]:
        shut, self._open = self._open, Bin(following, 0, 0, 0)
        self._until = max(self._until, following)
        return [shut] if shut.covered_us else []

    def _add(self, sample: Sample, start: int, end: int) -> None:
        """The shares of what passed: those of pieces that make up a sample add up to the whole of it."""
        bits_in, bits_out = (_until(sample, end, n) - _until(sample, start, n) for n in sample[2:])
        held = self._open
        self._open = Bin(held.start, held.covered_us + end - start, held.bits_in + bits_in, held.bits_out + bits_out)


def bin_start(at: int) -> int:
    """Of the bin in which an instant lies."""
    return at - at % BIN_US


def next_start(at: int) -> int:
    """Of the first bin that begins at an instant or after it."""
    return -(-at // BIN_US) * BIN_US


def fold(samples: Iterable[Sample]) -> list[Bin]:
    """The bins of samples in any order."""
    in_order = sorted(samples, key=lambda sample: (sample.end, *sample))
    if not in_order:
        return []
    meter = Meter(min(sample.start for sample in in_order))
    return [*(done for sample in in_order for done in meter.take(sample)), *meter.close()]


def join(pieces: Iterable[Bin]) -> list[Bin]:
    """Bins of which parts were seen apart, whole: a run that ended inside one, and the next. Shape: by start."""
    by_start = groupby(sorted(pieces), key=lambda piece: piece.start)
    return [Bin(start, *map(sum, zip(*(piece[1:] for piece in of_it), strict=True))) for start, of_it in by_start]


def counted(busy: Sequence[Busy]) -> dict[int, int]:
    """The bins that begin in time that counts, and what was contracted then. Units: bits per second by start."""
    found: dict[int, int] = {}
    for window, contracted in busy:
        for start in range(next_start(window.start), window.end, BIN_US):
            found.setdefault(start, contracted)
    return found


def loads(bins: Iterable[Bin], contracted: Mapping[int, int], *, outward: bool) -> dict[int, Fraction]:
    """How full each known bin that counts was, by start: its bits a second against what was contracted."""
    return {
        each.start: Fraction(
            (each.bits_out if outward else each.bits_in) * _SECOND_US, each.covered_us * contracted[each.start]
        )
        for each in bins
        if each.is_known and each.start in contracted
    }


def fuller(one: Mapping[int, Fraction], other: Mapping[int, Fraction]) -> dict[int, Fraction]:
    """Of the same bins seen at both ends of a line, the fuller; a bin that one end knows is known."""
    return {start: max(each[start] for each in (one, other) if start in each) for start in {*one, *other}}


def p95(loads: Iterable[Fraction], bins: int) -> P95:
    """Of known bins' loads among so many bins that count."""
    known = sorted(loads)
    unknown, rank = bins - len(known), nearest_rank(bins)
    if not bins:
        return P95(0, 0, None, None, None)
    return P95(
        bins,
        len(known),
        known[nearest_rank(len(known)) - 1] if known else None,
        Fraction(0) if rank <= unknown else known[rank - unknown - 1],
        None if rank > len(known) else known[rank - 1],
    )


def worse(one: P95, other: P95) -> P95:
    """Of the two directions of a line the fuller, bound by bound. Shape: what one does not say is not known of both."""
    known = min(one.known, other.known)
    return P95(one.bins, known, *(_greater(*pair) for pair in zip(one[2:], other[2:], strict=True)))


def within(loads: Iterable[Fraction], bins: int, limit: Fraction) -> Within:
    """Whether the 95th percentile keeps a limit: as many bins as its rank says lie at the limit or under it."""
    known = list(loads)
    if not bins:
        return Within(None, None)
    under, rank = sum(load <= limit for load in known), nearest_rank(bins)
    return Within(under >= rank, under + bins - len(known) >= rank)


def nearest_rank(count: int) -> int:
    """Which of so many, the smallest being the first, is the 95th percentile; 0 of none."""
    return -(-count * RANK.numerator // RANK.denominator)


def _greater(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return None if one is None or other is None else max(one, other)


def _until(sample: Sample, at: int, bits: int) -> int:
    return bits * (at - sample.start) // (sample.end - sample.start)
