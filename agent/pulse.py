"""Whether our own loop was in time: a late loop makes timeouts that say nothing about the target (S1)."""

from collections import deque
from collections.abc import Callable

BEAT_NS = 50_000_000
"""How often the loop proves that it runs."""

KEPT = 64
"""Stalls that are remembered; far more than fit into one timeout."""


class Pulse:
    """Beats on the loop; a beat that comes late is a stall. Units: nanoseconds of the monotonic clock."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._expected = now_ns() + BEAT_NS
        self._stalls: deque[tuple[int, int]] = deque(maxlen=KEPT)
        self.last_lag_ns = 0

    def beat(self) -> None:
        """Called every BEAT_NS by the loop."""
        now = self._now_ns()
        lag = max(now - self._expected, 0)
        self.last_lag_ns = lag
        if lag > BEAT_NS:
            self._stalls.append((now, lag))
        self._expected = now + BEAT_NS

    def stalled(self, started_ns: int, longer_than_ns: int) -> bool:
        """Whether the loop stood still that long at some time since `started_ns`, this very moment included."""
        if self._now_ns() - self._expected > longer_than_ns:
            return True
        for end, lag in reversed(self._stalls):  # the last first: in a storm thousands a second ask
            if end <= started_ns:
                break
            if lag > longer_than_ns:
                return True
        return False
