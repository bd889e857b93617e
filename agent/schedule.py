"""When each target is probed: a calendar of due times on the monotonic clock, on a grid of 20 ms.

Every target has its own place in its interval (a checksum of its id), so starts are spread evenly, and the same
places hold after a reload. Wall time plays no part: a clock that jumps moves no probe.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from agent.targets import Watched

LAUNCH_CAP = 40
PAUSE_NS = 5_000_000
"""So many probes are started in so long at most: 8 000 a second. What waits is late by a few milliseconds, not lost."""

ROUND_NS = 2_000_000
"""Longer than this the loop does nothing but launch: then answers are served before the next are launched."""

LATE_ROUND_NS = 4_000_000
"""The same while probes have waited for eight times as long: when thousands fall silent, ending them takes as long as
it may, and launches that get less stay late."""

FIRST_SPREAD_NS = 10_000_000_000
"""A new target is probed for the first time within this, even if its interval is longer."""

EARLY_NS = 5_000_000_000
"""From one early probe of a target to the next at least: a hint may be forged, and may come a thousand times."""

STILL_ON_TIME = 10
"""A turn that passed less than such a part of the interval ago is taken late rather than left out."""

BEHIND_NS = 1_000_000_000
BEHIND = 4
"""Later than this, and than such a part of the interval, re-probes wait for the next regular turn: a loop that cannot
keep up must not ask for three times as much, or it never comes back. 43 000 that are due at once take 10 s of 60."""

_NEVER_EARLY = -EARLY_NS
_STALE_KEPT = 1000

IDLE_SECONDS = 0.5
"""How long the schedule sleeps when nothing is due."""


UNDER_WAY = -1


class Job:
    """One target's place in the schedule, and the lane it was launched in. Units: monotonic nanoseconds.

    `turn` numbers its one entry in the calendar that counts, UNDER_WAY while it has none. `early_ns` is when a hint
    last brought it forward, `hinted` whether one came while it was under way.
    """

    __slots__ = ("dead", "due_ns", "early_ns", "hinted", "lane", "regular_ns", "turn", "watched")

    def __init__(self, watched: Watched, now_ns: int) -> None:
        self.watched = watched
        self.lane = watched.kind
        self.dead = False
        self.turn = UNDER_WAY
        self.early_ns = _NEVER_EARLY
        self.hinted = False
        self.regular_ns = next_regular(watched, now_ns)
        self.due_ns = min(self.regular_ns, on_grid(watched, now_ns + watched.phase_ns % FIRST_SPREAD_NS))


def next_regular(watched: Watched, after_ns: int) -> int:
    """The first instant of the target's grid after `after_ns`: no drift, whatever happened in between."""
    interval = watched.interval_ns
    return after_ns + interval - (after_ns - watched.phase_ns) % interval


def on_grid(watched: Watched, instant_ns: int) -> int:
    """The first instant of the grid that is no earlier."""
    return -(-instant_ns // watched.grid_ns) * watched.grid_ns


class Turn(NamedTuple):
    """What follows a probe: its target's next regular turn, when it is due, and how many turns have passed (S9)."""

    regular_ns: int
    due_ns: int
    skipped: int


def next_turn(watched: Watched, started_ns: int, ended_ns: int, *, retry: bool) -> Turn:
    """The turn after a probe, sooner than the regular one for a re-probe (S3); turns that passed are left out.

    One that passed only just now is taken: a silent target with a timeout as long as its interval, or a re-probe
    across its turn, would otherwise be seen every second time, and be UNKNOWN between.
    """
    regular, skipped = next_regular(watched, started_ns), 0
    if regular <= ended_ns:
        skipped, late = divmod(ended_ns - regular, watched.interval_ns)
        skipped += late > watched.interval_ns // STILL_ON_TIME
        regular += skipped * watched.interval_ns
    due = min(regular, on_grid(watched, started_ns + watched.retry_ns)) if retry else regular
    return Turn(regular, max(due, ended_ns), skipped)


class Schedule:
    """The calendar: who is due at each instant, and a heap of the instants, for many share one.

    `launch` starts the probe of a job; the job comes back by `done` when it has ended. `rounds` and `launched` only
    ever rise: who watches over us sees by them that it gets on.
    """

    def __init__(
        self, now_ns: Callable[[], int], launch: Callable[[Job], None], missed: Callable[[str, int], None]
    ) -> None:
        self._now_ns = now_ns
        self._launch = launch
        self._missed = missed
        self._at: dict[int, list[tuple[int, Job]]] = {}  # turn and job of whoever is due at an instant
        self._instants: list[int] = []
        self._ready: deque[tuple[int, Job]] = deque()  # whose instant has come
        self._jobs: dict[str, Job] = {}
        self._number = count()
        self._wake = asyncio.Event()
        self._stale = 0
        self.lateness_ns = 0
        self.rounds = 0
        self.launched = 0

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def overdue_ns(self) -> int:
        """How long the probe that is due first has been waiting already."""
        first = self._first()
        return 0 if first is None else max(self._now_ns() - first, 0)

    def _first(self) -> int | None:
        """When the first of all is due, or was; on the way there entries that no longer count go."""
        while self._ready:
            turn, job = self._ready[0]
            if turn == job.turn and not job.dead:
                return job.due_ns
            self._drop(*self._ready.popleft())
        return self._instants[0] if self._instants else None

    def add(self, watched: Watched) -> None:
        """Begin to probe a target, or go on with changed options from its next turn."""
        self.remove(watched.id)
        job = Job(watched, self._now_ns())
        self._jobs[watched.id] = job
        self._push(job)

    def remove(self, target_id: str) -> None:
        """Probe it no more; one that is under way ends and is not put back."""
        job = self._jobs.pop(target_id, None)
        if job is not None:
            job.dead = True

    def pull_forward(self, target_id: str) -> bool:
        """Probe a target at once, or as soon as the last early probe lies EARLY_NS back; True if that is sooner.

        Never later than its turn, never twice at a time: while it is under way it gets another turn behind that.
        """
        job = self._jobs.get(target_id)
        if job is None or job.hinted:
            return False
        if job.turn == UNDER_WAY:
            job.hinted = True
            return True
        return self._bring_forward(job)

    def _bring_forward(self, job: Job) -> bool:
        due = max(self._now_ns(), job.early_ns + EARLY_NS)
        if due >= job.due_ns:
            return False
        job.due_ns = job.early_ns = due
        self._stale += 1
        self._push(job)
        self._sweep_out()
        return True

    def _sweep_out(self) -> None:
        """Entries that no longer count go when they come up, or here: hints must not make the calendar grow."""
        if self._stale > _STALE_KEPT + len(self._jobs):
            kept = {
                at: [entry for entry in due if entry[0] == entry[1].turn and not entry[1].dead]
                for at, due in self._at.items()
            }
            self._at = {at: due for at, due in kept.items() if due}
            self._instants[:] = sorted(self._at)
            self._stale = 0

    def done(self, job: Job, started_ns: int, *, retry: bool) -> None:
        """Put an ended probe's job back: at its next regular turn, or sooner for a re-probe (S3)."""
        if job.dead:
            return
        watched, now = job.watched, self._now_ns()
        behind = max(BEHIND_NS, watched.interval_ns // BEHIND)
        turn = next_turn(watched, started_ns, now, retry=retry and self.lateness_ns < behind)
        if turn.skipped:
            self._missed(watched.kind, turn.skipped)
        job.regular_ns, job.due_ns = turn.regular_ns, turn.due_ns
        if job.hinted:
            job.hinted = False
            job.due_ns = job.early_ns = min(job.due_ns, max(now, job.early_ns + EARLY_NS))
        self._push(job)

    async def serve(self) -> None:
        """Launch what is due until cancelled."""
        while True:
            now = self._now_ns()
            launched = self._launch_due(now)
            self.rounds += 1
            first = self._first()
            if first is None:
                await self._sleep(IDLE_SECONDS)
                continue
            wait = first - now
            if wait <= 0:
                wait = launched * PAUSE_NS // LAUNCH_CAP - (self._now_ns() - now)
            if wait > 0:
                await self._sleep(min(wait / 1e9, IDLE_SECONDS))
            else:
                await asyncio.sleep(0)  # more is due already: what the loop has for others comes between

    def _launch_due(self, now: int) -> int:
        """How many were launched; the clock is asked before each, for one may take longer than all the others."""
        while self._instants and self._instants[0] <= now:
            self._ready += self._at.pop(heapq.heappop(self._instants))
        ready, launched = self._ready, 0
        late = now - ready[0][1].due_ns if ready else 0
        until = now + min(max(ROUND_NS, late // 8), LATE_ROUND_NS)
        while ready and launched < LAUNCH_CAP and (not launched or self._now_ns() < until):
            turn, job = ready.popleft()
            if job.dead or turn != job.turn:
                self._drop(turn, job)
                continue
            job.turn = UNDER_WAY
            self.lateness_ns = now - job.due_ns
            launched += 1
            self._launch(job)
            self.launched += 1
        return launched

    def _drop(self, turn: int, job: Job) -> None:
        """An entry came up that no longer counts; of those that a hint replaced a count is kept."""
        self._stale -= turn != job.turn

    def _push(self, job: Job) -> None:
        job.turn = next(self._number)
        due = self._at.get(job.due_ns)
        if due is not None:
            due.append((job.turn, job))
            return
        self._at[job.due_ns] = [(job.turn, job)]
        heapq.heappush(self._instants, job.due_ns)
        if self._instants[0] == job.due_ns:
            self._wake.set()

    async def _sleep(self, seconds: float) -> None:
        """Sleep, or wake as soon as something earlier is due."""
        self._wake.clear()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(seconds, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
