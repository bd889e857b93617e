"""When each target is probed, by the schedule's own rules, and the turns that are left out where nothing changes.

Every turn is there: one that is left out is counted, seen and moves the track on as if it had been produced (see
sla.steady). Readings are produced from before each change until the component is steady again.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from agent.entries import Entry
from agent.schedule import Job, next_turn
from agent.tallies import Tallies
from agent.targets import Watched
from sla.confirm import Track
from sla.steady import Pace

AHEAD = 4
"""So many whole intervals before a change every reading is produced again."""


class Probe:
    """One target's place. Units: microseconds. `turns` are its probes since its last regular one, offsets from that."""

    __slots__ = ("base", "before", "held", "job", "number", "turns")

    def __init__(self, watched: Watched, now: int) -> None:
        self.job = Job(watched, now * 1000)
        self.base: int | None = None
        self.before: dict[str, Track] = {}
        self.turns: list[int] = []
        self.held: Held | None = None
        self.number = 0

    @property
    def watched(self) -> Watched:
        return self.job.watched

    @property
    def at(self) -> int:
        """When it is due."""
        return self.job.due_ns // 1000

    @property
    def is_regular(self) -> bool:
        """Whether it is due on its grid."""
        return self.job.due_ns == self.job.regular_ns

    def ended(self, lasts: int, *, retry: bool) -> None:
        """It started when it was due: put it to its next turn."""
        started = self.job.due_ns
        turn = next_turn(self.watched, started, started + lasts * 1000, retry=retry)
        self.job.regular_ns, self.job.due_ns = turn.regular_ns, turn.due_ns


class Queue:
    """Probes by when they are due; of two at one instant the smaller id is first, whoever was there before."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str, int, Probe]] = []
        self._number = 0
        self.probes: dict[str, Probe] = {}

    def add(self, watched: Watched, now: int) -> None:
        """Begin to probe, or go on with changed options."""
        self.remove(watched.id)
        probe = self.probes[watched.id] = Probe(watched, now)
        self.push(probe)

    def remove(self, id_: str) -> None:
        """Probe it no more."""
        probe = self.probes.pop(id_, None)
        if probe is not None:
            probe.number = 0

    def push(self, probe: Probe) -> None:
        """It waits for its turn, behind what is left out before that."""
        self._number += 1
        probe.number = self._number
        due = probe.job.due_ns if probe.held is None else probe.job.due_ns + probe.held.left_us * 1000
        heapq.heappush(self._heap, (due, probe.watched.id, self._number, probe))

    def pop(self, before: int) -> Probe | None:
        """The next one that is due before an instant."""
        while self._heap and self._heap[0][0] < before * 1000:
            *_, number, probe = heapq.heappop(self._heap)
            if probe.number == number:
                return probe
        return None


class Held(NamedTuple):
    """Turns that are left out: from the regular one at `start` so many whole intervals on. Units: microseconds.

    `done` of them are taken as made already.
    """

    start: int
    times: int
    paces: Mapping[str, Pace]
    turns: tuple[int, ...]
    interval: int
    done: int = 0

    @property
    def end(self) -> int:
        """The regular turn that is taken as made last."""
        return self.start + self.times * self.interval

    @property
    def left_us(self) -> int:
        """How much of it is not taken as made yet."""
        return (self.times - self.done) * self.interval

    def up_to(self, at: int) -> "Held":
        """As much of it as lies before an instant, that instant's turn included."""
        return self._replace(times=max(self.done, min(self.times, (at - self.start) // self.interval)))


def regular_turn(probe: Probe, entries: Mapping[str, Entry], at: int) -> dict[str, Pace] | None:
    """A regular turn was made: how each part stood at the last one and now, if that is an interval ago and steady."""
    interval, before = probe.watched.rules.interval, probe.before
    last, probe.base = probe.base, at
    probe.before = {part: entry.track for part, entry in entries.items()}
    if last != at - interval or before.keys() != entries.keys():
        return None
    paces = {part: Pace(before[part], entry.track, interval) for part, entry in entries.items()}
    return paces if all(pace.is_steady for pace in paces.values()) else None


def hold(probe: Probe, paces: Mapping[str, Pace], at: int, until: int) -> Held | None:
    """The turns that can be left out before an instant at which something changes; None for too few."""
    interval = probe.watched.rules.interval
    times = (until - at) // interval - AHEAD
    return Held(at, times, paces, tuple(probe.turns), interval) if times > 0 else None


def skip(probe: Probe, held: Held, entries: Mapping[str, Entry], tallies: Tallies, days: Sequence[int]) -> int:
    """Take the turns of a hold as made; how many probes that were. Shape: `days` are the borders of days."""
    if held.times == held.done:
        return 0
    for part, pace in held.paces.items():
        entry, outcome = entries[part], pace.outcome
        entry.track = pace.after_more(held.times)
        if outcome is not None:
            for offset in held.turns:
                for first, last, number in _daily(held, offset, days):
                    tallies.take_many(entry, outcome, first, last, number)
    probe.job.due_ns += held.left_us * 1000
    probe.job.regular_ns += held.left_us * 1000
    probe.base = held.end
    probe.before = {part: entry.track for part, entry in entries.items()}
    return (held.times - held.done) * len(held.turns)


def _daily(held: Held, offset: int, days: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """The left out turns with one offset in their interval, day by day: the first, the last, how many."""
    at = held.start + held.done * held.interval + offset
    last = held.start + (held.times - 1) * held.interval + offset
    while at <= last:
        place = bisect_right(days, at)
        border = days[place] if place < len(days) else last + 1
        number = min((border - 1 - at) // held.interval, (last - at) // held.interval) + 1
        yield at, at + (number - 1) * held.interval, number
        at += number * held.interval
