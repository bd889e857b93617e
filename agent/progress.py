"""Whether probing gets on: the evidence that the watchdog rests on (ADR 0019).

A loop that turns proves nothing. What must move is the schedule's round, a launch where something is due, and a start
in each lane where something waits. Nothing due and nothing waiting is progress too.
"""

from collections.abc import Callable, Mapping

from agent.lanes import Lane
from agent.schedule import Schedule

STILL_NS = 10_000_000_000
"""How long the schedule may stand still; it turns twice a second when idle."""

LANE_SPARE_NS = 30_000_000_000
"""How much longer than two whole probes (a second module may follow the first) a lane may start nothing."""


class Still:
    """Since when a number has not moved."""

    def __init__(self) -> None:
        self._value: int | None = None
        self._since_ns = 0

    def for_ns(self, value: int, now_ns: int) -> int:
        """How long it has been what it is, as far as we have looked."""
        if value != self._value:
            self._value, self._since_ns = value, now_ns
        return now_ns - self._since_ns


class Progress:
    """Looks at schedule and lanes. `longest_ns` is the longest timeout in force, asked for only when it matters."""

    def __init__(
        self,
        schedule: Schedule,
        lanes: Mapping[str, Lane],
        longest_ns: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        self._schedule = schedule
        self._lanes = lanes
        self._longest_ns = longest_ns
        self._now_ns = now_ns
        self._rounds = Still()
        self._launches = Still()
        self._starts: dict[str, Still] = {}

    def stalled(self) -> str:
        """What stands still, in words; empty while all gets on."""
        now = self._now_ns()
        stuck = [self._round(now), self._launch(now), *(self._lane(name, now) for name in self._lanes)]
        return "; ".join(filter(None, stuck))

    def _round(self, now: int) -> str:
        still = self._rounds.for_ns(self._schedule.rounds, now)
        return f"the schedule has not gone round for {_seconds(still)}" if still > STILL_NS else ""

    def _launch(self, now: int) -> str:
        still, overdue = self._launches.for_ns(self._schedule.launched, now), self._schedule.overdue_ns
        if min(still, overdue) <= STILL_NS:
            return ""
        return f"a probe has been due for {_seconds(overdue)} and none is launched"

    def _lane(self, name: str, now: int) -> str:
        lane = self._lanes[name]
        # an empty lane starts its clock anew: what begins to wait now has waited for nothing yet
        mark = lane.started if lane.waiting else -1
        still = self._starts.setdefault(name, Still()).for_ns(mark, now)
        if not lane.waiting or still <= LANE_SPARE_NS or still <= LANE_SPARE_NS + 2 * self._longest_ns():
            return ""
        return f"{len(lane.waiting)} probes of {name} wait and none has started for {_seconds(still)}"


def _seconds(ns: int) -> str:
    return f"{ns / 1e9:.0f} s"
