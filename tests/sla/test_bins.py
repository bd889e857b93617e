"""Bins of traffic and the 95th percentile of how full they were (C4), beside counting second by second."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.bins import (
    BIN_US,
    ENOUGH_US,
    LONGEST_US,
    P95,
    Bin,
    Busy,
    Meter,
    Sample,
    bin_start,
    counted,
    fold,
    fuller,
    join,
    loads,
    nearest_rank,
    next_start,
    p95,
    within,
)
from sla.model import Window
from tests.depth import examples

SECOND = 1_000_000
BIN = BIN_US // SECOND
LONGEST = LONGEST_US // SECOND
MEGA = 1_000_000
WHOLE = 4 * 3600
"""Seconds that generated samples lie in."""

BITS = st.integers(0, 10**13)


def sample(start: float, end: float, bits_in: int = 0, bits_out: int = 0) -> Sample:
    return Sample(round(start * SECOND), round(end * SECOND), bits_in, bits_out)


def seconds(bins: list[Bin]) -> list[tuple[float, float, int, int]]:
    return [(each.start / SECOND, each.covered_us / SECOND, each.bits_in, each.bits_out) for each in bins]


SAMPLES = st.lists(
    st.builds(
        lambda end, length, bits_in, bits_out: sample(end - length, end, bits_in, bits_out),
        st.integers(LONGEST, WHOLE),
        st.integers(1, LONGEST),
        BITS,
        BITS,
    ),
    max_size=25,
)


@st.composite
def in_turn(draw: st.DrawFn) -> list[Sample]:
    """Samples of which each begins where the one before ended, or later; to the microsecond."""
    found, at = [], draw(st.integers(0, WHOLE * SECOND))
    for gap, length, bits_in, bits_out in draw(
        st.lists(st.tuples(st.sampled_from([0, 0, 0, 7, 40 * SECOND]), st.integers(1, LONGEST_US), BITS, BITS))
    ):
        found.append(Sample(at + gap, at + gap + length, bits_in, bits_out))
        at = found[-1].end
    return found


def second_by_second(samples: list[Sample]) -> dict[int, tuple[int, Fraction, Fraction]]:
    """Covered seconds and bits by bin, from who owns each second: of all that cover it, who ended first."""
    owner: dict[int, Sample] = {}
    for each in sorted(samples, key=lambda one: (one.end, *one)):
        begun = max((second for second in owner), default=-1) + 1  # what lies behind the last end is taken no more
        for second in range(max(each.start // SECOND, begun), each.end // SECOND):
            owner[second] = each
    found: dict[int, tuple[int, Fraction, Fraction]] = {}
    for second, each in owner.items():
        start = second // BIN * BIN
        covered, bits_in, bits_out = found.get(start, (0, Fraction(0), Fraction(0)))
        length = (each.end - each.start) // SECOND
        found[start] = (
            covered + 1,
            bits_in + Fraction(each.bits_in, length),
            bits_out + Fraction(each.bits_out, length),
        )
    return found


def test_a_sample_is_prorated_over_the_bins_that_it_covers() -> None:
    assert seconds(fold([sample(270, 330, 600, 60)])) == [(0, 30, 300, 30), (300, 30, 300, 30)]
    assert seconds(fold([sample(299, 700, 401, 802)])) == [(0, 1, 1, 2), (300, 300, 300, 600), (600, 100, 100, 200)]


def test_bits_that_cannot_be_shared_evenly_are_lost_nowhere() -> None:
    bins = fold([sample(200, 500, 1, 10**12 + 1)])
    assert [sum(each[n] for each in bins) for n in (2, 3)] == [1, 10**12 + 1]


def test_a_bin_is_known_from_80_percent_of_data_on() -> None:
    assert Bin(0, 240 * SECOND, 0, 0).is_known
    assert not Bin(0, 240 * SECOND - 1, 0, 0).is_known
    assert not Bin(0, BIN_US + 1, 0, 0).is_known  # seen twice: nobody knows which part


def test_the_same_time_told_twice_is_counted_once() -> None:
    told = [sample(0, 60, 600), sample(60, 120, 600), sample(120, 180, 600)]
    again = [*told, *told, sample(0, 120, 1200), sample(30, 180, 1500)]
    assert seconds(fold(again)) == seconds(fold(told)) == [(0, 180, 1800, 0)]
    assert seconds(fold([*told, sample(90, 210, 1200)])) == [(0, 210, 2100, 0)]


def test_a_sample_over_more_than_a_bin_and_a_half_says_nothing_of_its_bins() -> None:
    assert fold([sample(0, 450, 10)]) != []
    assert fold([sample(0, 450.000001, 10)]) == []
    assert fold([Sample(5, 5, 1, 1), Sample(9, 5, 1, 1)]) == []


def test_a_meter_gives_a_bin_once_and_nothing_of_it_again() -> None:
    meter = Meter(0)
    assert meter.take(sample(0, 200, 200)) == []
    assert seconds(meter.close()) == [(0, 200, 200, 0)]
    assert meter.take(sample(200, 290, 90)) == []
    assert seconds(meter.take(sample(290, 620, 330))) == [(300, 300, 300, 0)]
    assert seconds(meter.close()) == [(600, 20, 20, 0)]
    assert meter.close() == []


def test_what_lies_before_the_floor_is_cut_off_and_what_is_dropped_is_gone() -> None:
    meter = Meter(30 * SECOND)
    assert meter.take(sample(0, 60, 600)) == []
    meter.drop(300 * SECOND)
    assert meter.take(sample(60, 120, 600)) == []
    assert seconds(meter.take(sample(270, 330, 600))) == []
    assert seconds(meter.close()) == [(300, 30, 300, 0)]
    started = Meter(30 * SECOND)
    started.take(sample(0, 60, 600))
    assert seconds(started.close()) == [(0, 30, 300, 0)]


@given(in_turn())
def test_every_bit_of_samples_that_do_not_overlap_is_in_one_bin(samples: list[Sample]) -> None:
    bins = fold(samples)
    assert sum(each.bits_in for each in bins) == sum(each.bits_in for each in samples)
    assert sum(each.bits_out for each in bins) == sum(each.bits_out for each in samples)
    assert sum(each.covered_us for each in bins) == sum(each.end - each.start for each in samples)
    assert all(each.start % BIN_US == 0 and 0 < each.covered_us <= BIN_US for each in bins)
    assert [each.start for each in bins] == sorted({each.start for each in bins})


@settings(max_examples=examples(60))
@given(SAMPLES)
def test_bins_are_those_of_counting_second_by_second(samples: list[Sample]) -> None:
    found = {each.start // SECOND: each for each in fold(samples)}
    wanted = second_by_second(samples)
    assert found.keys() == wanted.keys()
    for start, (covered, bits_in, bits_out) in wanted.items():
        assert found[start].covered_us == covered * SECOND
        assert abs(found[start].bits_in - bits_in) <= len(samples)
        assert abs(found[start].bits_out - bits_out) <= len(samples)


@given(SAMPLES, st.randoms(use_true_random=False))
def test_the_order_in_which_samples_come_changes_nothing(samples: list[Sample], rng: random.Random) -> None:
    shuffled = [*samples, *samples]
    rng.shuffle(shuffled)
    assert fold(shuffled) == fold(samples)


@given(in_turn(), st.integers(0, WHOLE * SECOND))
def test_two_runs_that_share_a_bin_make_it_whole(samples: list[Sample], cut: int) -> None:
    before = [each for each in samples if each.end <= cut]
    floor = max(cut, before[-1].end if before else 0)
    meter = Meter(floor)
    after = [done for each in samples if each not in before for done in meter.take(each)] + meter.close()
    joined = join([*fold(before), *after])
    whole = {each.start: each for each in fold(samples)}
    for each in joined:
        assert each.covered_us <= whole[each.start].covered_us
        assert each.bits_in <= whole[each.start].bits_in
    if all(each.start >= floor for each in samples if each not in before):
        assert joined == fold(samples)


@given(st.integers(-(2**50), 2**50))
def test_every_instant_is_in_the_bin_that_begins_before_it(at: int) -> None:
    assert bin_start(at) <= at < bin_start(at) + BIN_US
    assert bin_start(at) % BIN_US == 0
    assert next_start(at) == (at if at % BIN_US == 0 else bin_start(at) + BIN_US)


def test_a_bin_counts_where_it_begins_and_with_what_was_contracted_then() -> None:
    morning, later = Window(1, BIN_US * 2), Window(BIN_US * 2, BIN_US * 3 + 1)
    assert counted([Busy(morning, 10), Busy(later, 20)]) == {BIN_US: 10, BIN_US * 2: 20, BIN_US * 3: 20}
    assert counted([Busy(morning, 10), Busy(morning, 20)]) == {BIN_US: 10}
    assert counted([Busy(Window(5, 5), 10)]) == {}


def test_a_load_is_of_the_time_that_was_covered() -> None:
    known, partly = Bin(0, ENOUGH_US, 240 * MEGA, 24 * MEGA), Bin(BIN_US, ENOUGH_US - 1, 1, 1)
    contracted = {0: 10 * MEGA, BIN_US: 10 * MEGA}
    assert loads([known, partly], contracted, outward=False) == {0: Fraction(1, 10)}
    assert loads([known, partly], contracted, outward=True) == {0: Fraction(1, 100)}
    assert loads([known], {BIN_US: 1}, outward=True) == {}


def test_of_two_ends_of_a_line_the_fuller_counts_and_one_that_knows_is_enough() -> None:
    one, other = {0: Fraction(1, 2), 300: Fraction(1, 4)}, {0: Fraction(1, 3), 600: Fraction(1)}
    assert fuller(one, other) == {0: Fraction(1, 2), 300: Fraction(1, 4), 600: Fraction(1)}


@pytest.mark.parametrize(("count", "rank"), [(0, 0), (1, 1), (19, 19), (20, 19), (21, 20), (100, 95), (8640, 8208)])
def test_the_nearest_rank(count: int, rank: int) -> None:
    assert nearest_rank(count) == rank


def test_the_95th_percentile_of_20_bins_is_the_19th() -> None:
    hundredths = [Fraction(n, 100) for n in range(1, 21)]
    assert p95(reversed(hundredths), 20) == P95(20, 20, *[Fraction(19, 100)] * 3)
    assert p95(hundredths[:18], 20) == P95(20, 18, Fraction(18, 100), Fraction(17, 100), None)
    assert p95(hundredths[:19], 20) == P95(20, 19, Fraction(19, 100), Fraction(18, 100), Fraction(19, 100))
    assert p95([], 20) == P95(20, 0, None, Fraction(0), None)
    assert p95([Fraction(1)], 20) == P95(20, 1, Fraction(1), Fraction(0), None)
    assert p95([], 0) == P95(0, 0, None, None, None)


def test_70_percent_is_kept_exactly_at_the_limit() -> None:
    limit = Fraction(70, 100)
    assert within([limit] * 19 + [Fraction(2)], 20, limit) == (True, True)
    assert within([limit] * 18 + [Fraction(2)] * 2, 20, limit) == (False, False)
    assert within([limit] * 18, 20, limit) == (False, True)
    assert within([limit] * 18 + [limit + Fraction(1, 10**12)], 20, limit) == (False, True)
    assert within([], 0, limit) == (None, None)


LOADS = st.integers(0, 20).map(lambda n: Fraction(n, 10))


@settings(max_examples=examples(200))
@given(st.lists(LOADS, max_size=60), st.lists(LOADS, max_size=40), LOADS)
def test_the_bounds_hold_whatever_the_unknown_bins_were(
    known: list[Fraction], hidden: list[Fraction], limit: Fraction
) -> None:
    every = sorted([*known, *hidden])
    said, kept = p95(known, len(every)), within(known, len(every), limit)
    if not every:
        return
    true = next(load for load in every if 20 * sum(other <= load for other in every) >= 19 * len(every))
    assert said.least is not None
    assert said.least <= true
    assert said.most is None or true <= said.most
    assert kept.low is not None
    assert kept.low <= (true <= limit) <= bool(kept.high)
    assert kept.low == (said.most is not None and said.most <= limit)
    assert kept.high == (said.least <= limit)
    if not hidden:
        assert said.value == said.least == said.most == true
