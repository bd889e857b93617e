"""How far a device's clock is from ours: a collector reports the device's stamp, only the shell knows the time (T2)."""

from dataclasses import replace

from collectors.base import DEVICE_CLOCK, Reading

ZONE_SECONDS = 8 * 3600
"""What a device is off by that writes Beijing time and labels it GMT, or the reverse."""

ZONE_TOLERANCE_SECONDS = 60


def with_skew(reading: Reading, wall_us: int) -> Reading:
    """The reading with the skew of the device's clock, where it tells one; `wall_us` is our wall time now.

    Off by a zone to the minute, it is the label that is wrong: the skew is what remains.
    """
    stamp = reading.values.get(DEVICE_CLOCK)
    if stamp is None:
        return reading
    skew = stamp - wall_us / 1e6
    zone = next((z for z in (ZONE_SECONDS, -ZONE_SECONDS) if abs(skew - z) <= ZONE_TOLERANCE_SECONDS), 0)
    found = {"clock_skew_seconds": skew - zone, "clock_zone_mislabelled": float(zone != 0)}
    return replace(reading, values={**reading.values, **found})
