"""How far a device's clock is from ours: a collector reports the device's stamp, only the shell knows the time (T2)."""

from collectors.base import DEVICE_CLOCK, HOST_CLOCK, Reading, with_values

ZONE_SECONDS = 8 * 3600
"""What a device is off by that writes Beijing time and labels it GMT, or the reverse."""

ZONE_TOLERANCE_SECONDS = 60


def tells_a_clock(reading: Reading) -> bool:
    """Whether it carries what a clock there said."""
    return DEVICE_CLOCK in reading.values or HOST_CLOCK in reading.values


def with_skew(reading: Reading, wall_us: int) -> Reading:
    """The reading with the skew of the clock there, where it tells one; `wall_us` is our wall time now.

    A host counts seconds, which have no zone. A device writes a date: off by a zone to the minute, it is the label that
    is wrong, and the skew is what remains.
    """
    counted, stamp = reading.values.get(HOST_CLOCK), reading.values.get(DEVICE_CLOCK)
    if counted is not None:
        return with_values(reading, {**reading.values, "clock_skew_seconds": counted - wall_us / 1e6})
    if stamp is None:
        return reading
    skew = stamp - wall_us / 1e6
    zone = next((z for z in (ZONE_SECONDS, -ZONE_SECONDS) if abs(skew - z) <= ZONE_TOLERANCE_SECONDS), 0)
    found = {"clock_skew_seconds": skew - zone, "clock_zone_mislabelled": 1.0 if zone else 0.0}
    return with_values(reading, {**reading.values, **found})
