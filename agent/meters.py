"""From readings of interfaces to bins of traffic (C4): what passed between two probes, dated as readings are.

While the wall clock is in doubt nothing is binned, and the bins that the doubt touched stay unknown (T4): their
borders are the wall clock's. Bins that are full go to the store; the one that is still being filled is lost by a
kill, and kept by a clean stop, as far as it came.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from agent.stores.base import Component
from agent.stores.binning import BinRow
from collectors.base import Outcome, Reading
from sla.bins import BIN_US, LONGEST_US, Bin, Meter, Sample, bin_start, next_start

IN, OUT, SECONDS = "in_bytes_per_second", "out_bytes_per_second", "rate_seconds"
"""The values of a reading that say what passed since the one before it, and in which time."""

INTERFACE = "if/"
"""How the names of components that are interfaces begin."""


class Meters:
    """The meters of all interfaces. Shape: readings of one component by their instant, none before `floor`."""

    def __init__(self, keep: Callable[[Sequence[BinRow]], None], floor: int) -> None:
        self._keep = keep
        self._floor = floor
        self._meters: dict[int, Meter] = {}
        self._swept = 0
        self.in_doubt: Callable[[], bool] = bool

    def take(self, component: Component, reading: Reading, at: int) -> None:
        """A reading of a component whose probe began at an instant; of most there is nothing to take."""
        if not component.part.startswith(INTERFACE) or reading.outcome is Outcome.ERROR or self.in_doubt():
            return
        sample = sample_of(reading.values, at)
        if sample is None:
            return
        meter = self._meters.get(component.id)
        if meter is None:
            meter = self._meters[component.id] = Meter(self._floor)
        self._put(component.id, meter.take(sample))

    def tick(self, now: int) -> None:
        """Let time pass: in doubt nothing is kept; of what fell silent the bin is full of all it can get."""
        if self.in_doubt():
            self.break_off(now)
        border = bin_start(now - LONGEST_US)
        if border <= self._swept:
            return
        self._swept = border
        for component, meter in self._meters.items():
            if meter.start + BIN_US <= border:
                self._put(component, meter.close())

    def break_off(self, resumed: int) -> None:
        """Bins that are being filled are given up, and none is filled that begins before `resumed`."""
        floor = next_start(resumed)
        if floor > self._floor:
            self._floor = floor
            for meter in self._meters.values():
                meter.drop(floor)

    def finish(self) -> None:
        """The clean stop: bins that are being filled are kept as far as they came; the next run may add to them."""
        for component, meter in self._meters.items():
            self._put(component, meter.close())

    def _put(self, component: int, bins: Sequence[Bin]) -> None:
        if bins:
            self._keep([BinRow(component, each) for each in bins])


def sample_of(values: Mapping[str, float], at: int) -> Sample | None:
    """The whole bits that a reading's rates came from; None where it has none, or none in one direction.

    Here floats end: a rate was made of a whole number of bytes and a time, and times that time gives them again.
    """
    seconds, *rates = (values.get(name) for name in (SECONDS, IN, OUT))
    if seconds is None or not 0 < seconds < math.inf:
        return None
    bits = [round(rate * seconds) * 8 for rate in rates if rate is not None and 0 <= rate * seconds < math.inf]
    return Sample(at - round(seconds * 1_000_000), at, *bits) if len(bits) == len(rates) else None
