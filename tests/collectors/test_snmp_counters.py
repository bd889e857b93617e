"""The arithmetic of rates: right where counters go on, and nothing at all where they may not have."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collectors.snmp.counters import Clock, Sample, elapsed, rates

WRAP32, WRAP64 = 2**32, 2**64
SECONDS = st.floats(5, 3600)
TICKS = st.integers(0, WRAP32 - 1)
OCTETS = st.integers(0, WRAP64 - 1)
SPEEDS = st.sampled_from([None, 2_000_000, 10**8, 10**9, 10**11])


def clock(at, ticks=None, boots=None, engine=None):
    return Clock(at, ticks, boots, engine)


@given(SECONDS, TICKS.filter(lambda ticks: ticks > 40_000))
def test_a_clock_that_goes_as_ours_is_believed_over_its_wrap_too(seconds, ticks):
    later = (ticks + round(seconds * 100)) % WRAP32
    found = elapsed(clock(0, ticks), clock(seconds, later))
    assert found == pytest.approx(seconds, abs=0.01)


@given(SECONDS, TICKS, st.floats(0, 1))
def test_a_start_between_is_never_taken_for_time_that_passed(seconds, ticks, share):
    """However long before: what the clock says now is the time since that start."""
    now = round(seconds * share * 100)
    for boots in (None, 7):
        before = clock(0, ticks, boots, None if boots is None else ticks // 100)
        after = clock(seconds, now, None if boots is None else boots + 1, None if boots is None else now // 100)
        assert elapsed(before, after) is None or boots is None
        if boots is None and elapsed(before, after) is not None:  # only what a wrap alone can explain
            assert ticks > WRAP32 - 400_000
            assert abs((now - ticks) % WRAP32 / 100 - seconds) <= max(2, seconds / 10)


CLOCKS = [
    ("ours alone", clock(0), clock(60), 60),
    ("one says nothing any more", clock(0, 100_000), clock(60), None),
    ("it stands", clock(0, 100_000), clock(60, 100_000), None),
    ("it stands, but the engine goes on", clock(0, 100_000, 3, 1000), clock(60, 100_000, 3, 1060), 60),
    ("it fell, but the engine goes on", clock(0, 100_000, 3, 1000), clock(60, 50, 3, 1060), 60),
    ("it fell", clock(0, 100_000), clock(60, 50), None),
    ("it fell, the engine too", clock(0, 100_000, 3, 1000), clock(60, 50, 3, 0), None),
    ("the engine counts starts", clock(0, 100_000, 3, 1000), clock(60, 106_000, 4, 1060), None),
    ("it jumped ahead", clock(0, 100_000), clock(60, 500_000), None),
    ("a start at once after the first sample", clock(0, 100), clock(60, 5_950), None),
    ("as young, but the engine knows better", clock(0, 100, 3, 1), clock(60, 6_100, 3, 61), 60),
    ("a little slow", clock(0, 100_000), clock(60, 105_500), 55),
    ("no time passed", clock(5, 100_000), clock(5, 100_000), None),
    ("497 days are over", clock(0, WRAP32 - 3_000), clock(60, 3_000), 60),
]


@pytest.mark.parametrize(("before", "now", "wanted"), [case[1:] for case in CLOCKS], ids=[case[0] for case in CLOCKS])
def test_the_time_between_two_samples(before, now, wanted):
    assert elapsed(before, now) == wanted


def sample(seconds, octets, *, speed=None, **more):
    ticks = (10_000_000 + round(seconds * 100)) % WRAP32
    return Sample(clock(seconds, ticks), "1", speed, octets={"in": octets, "out": octets}, **more)


@given(st.integers(5, 3600), OCTETS, OCTETS, SPEEDS)
def test_a_rate_is_what_passed_or_it_is_absent(seconds, first, second, speed):
    found = rates(sample(0, first, speed=speed), sample(seconds, second, speed=speed))
    passed = (second - first) % WRAP64
    if not found:
        assert second < first or passed * 8 > (speed or 0) * seconds
        return
    assert found["rate_seconds"] == seconds
    assert found["in_bytes_per_second"] == found["out_bytes_per_second"]
    if speed is None:
        assert second >= first
        assert found["in_bytes_per_second"] == passed / found["rate_seconds"]
        assert "in_utilisation_ratio" not in found
    else:
        assert found["in_bytes_per_second"] * 8 <= speed
        assert found["in_bytes_per_second"] == pytest.approx(min(passed / seconds, speed / 8))
        assert 0 <= found["in_utilisation_ratio"] <= 1


@given(st.integers(5, 3600), OCTETS, st.floats(0, 1), SPEEDS.filter(bool))
def test_what_a_line_can_carry_is_found_over_a_wrap_too(seconds, first, share, speed):
    passed = int(speed * seconds * share) // 8
    found = rates(sample(0, first, speed=speed), sample(seconds, (first + passed) % WRAP64, speed=speed))
    assert found["in_bytes_per_second"] == pytest.approx(passed / seconds)
    assert found["in_utilisation_ratio"] == pytest.approx(passed * 8 / seconds / speed)


@given(st.integers(5, 3600), st.integers(0, 2**40), st.integers(0, 2**40), st.sampled_from(["index", "discontinuity"]))
def test_nothing_goes_over_a_break(seconds, first, passed, what):
    before, now = sample(0, first), sample(seconds, first + passed)
    assert rates(before, now)
    assert rates(before, replace(now, **{what: "2" if what == "index" else 5})) == {}
    assert rates(None, now) == {}


@given(st.integers(5, 3600), st.integers(0, WRAP32 - 1), st.integers(0, WRAP32 - 1))
def test_a_32_bit_counter_that_went_back_says_nothing(seconds, first, second):
    found = rates(
        sample(0, 1000, others={"in_errors": first}),
        sample(seconds, 2000, others={"in_errors": second}),
    )
    assert ("in_errors_per_second" in found) == (second >= first)
    assert found["in_bytes_per_second"] > 0


def test_a_speed_that_changed_between_gives_no_utilisation():
    found = rates(sample(0, 0, speed=10**9), sample(10, 10**8, speed=10**8))
    assert found["in_bytes_per_second"] == 10**7
    assert not [name for name in found if "utilisation" in name]


def test_a_direction_that_lies_makes_the_other_doubtful():
    before = sample(0, 1000)
    now = replace(sample(10, 2000), octets={"in": 2000, "out": 10})
    assert rates(before, now) == {}
    assert rates(before, replace(now, octets={"in": 2000})) == {}


@given(st.integers(5, 600), st.floats(1.0, 1.02))
def test_a_full_line_is_full_and_not_more(seconds, over):
    octets = int(10**9 * seconds * over / 8)
    assume(octets * 8 <= 10**9 * seconds * 1.02)
    found = rates(sample(0, 0, speed=10**9), sample(seconds, octets, speed=10**9))
    assert found["in_utilisation_ratio"] == 1.0 or octets * 8 < 10**9 * seconds
