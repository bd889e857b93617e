"""The clock of a device against ours: its skew, and a zone that is only labelled wrong."""

import pytest

from agent.skew import with_skew
from collectors.base import ok

NOW = 1_795_294_213.0


@pytest.mark.parametrize(
    ("stamp", "skew", "mislabelled"),
    [
        (NOW, 0, 0),
        (NOW + 90, 90, 0),
        (NOW - 5, -5, 0),
        (NOW + 28_800, 0, 1),
        (NOW + 28_830, 30, 1),
        (NOW - 28_859, -59, 1),
        (NOW + 28_861, 28_861, 0),
        (NOW + 3_600, 3_600, 0),
        (0.0, -NOW, 0),
    ],
)
def test_the_skew_and_what_is_only_a_label(stamp: float, skew: float, mislabelled: float):
    found = with_skew(ok({"date_timestamp_seconds": stamp, "rtt_seconds": 0.1}), int(NOW * 1e6)).values
    assert found["clock_skew_seconds"] == pytest.approx(skew)
    assert found["clock_zone_mislabelled"] == mislabelled
    assert (found["date_timestamp_seconds"], found["rtt_seconds"]) == (stamp, 0.1)


def test_a_reading_without_a_stamp_stays_what_it_is():
    reading = ok({"rtt_seconds": 0.1})
    assert with_skew(reading, int(NOW * 1e6)) is reading


def test_a_host_that_counts_seconds_has_no_zone_to_mislabel():
    """Eight hours off are eight hours off."""
    found = with_skew(ok({"clock_timestamp_seconds": NOW + 8 * 3600}), int(NOW * 1e6)).values
    assert found == {"clock_timestamp_seconds": NOW + 8 * 3600, "clock_skew_seconds": pytest.approx(8 * 3600)}
