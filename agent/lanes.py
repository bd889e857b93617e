"""How hard each kind may work: so many probes under way, so many started a second, and an order for the rest."""

from collections import deque
from collections.abc import Callable

from agent.schedule import Job

SECOND_NS = 1_000_000_000

DRAINED = 25
DRAINING_NS = 2_000_000
"""So many that waited are started in one go, and for so long at most; what the loop has for others comes between."""

TAKE_TURNS = 2
"""So many are started for one that ends."""


class Lane:
    """One kind's share. Units: nanoseconds of the monotonic clock.

    A job that finds no room waits its turn; one that waited past its next regular turn is counted as missed by the
    schedule when it ends (S9). `per_second` is a bucket that refills evenly and holds a tenth of a second.
    """

    def __init__(
        self, concurrency: int, per_second: int, now_ns: Callable[[], int], start: Callable[[Job], None]
    ) -> None:
        self.concurrency = concurrency
        self.per_second = per_second
        self.active = 0
        self.started = 0
        self.waiting: deque[Job] = deque()
        self._now_ns = now_ns
        self._start = start
        self._next_ns = 0
        self._draining = False

    def enter(self, job: Job) -> None:
        """Start the job now, or when there is room."""
        if self.waiting or not self._take():
            self.waiting.append(job)
        else:
            self._start(job)

    def take_out(self, unwanted: Callable[[Job], bool]) -> list[Job]:
        """The waiting jobs that belong elsewhere now; the others wait on in their order."""
        taken, kept = list[Job](), deque[Job]()
        for job in self.waiting:
            (taken if unwanted(job) else kept).append(job)
        self.waiting = kept
        return taken

    def leave(self) -> None:
        """A probe of this lane has ended."""
        self.active -= 1
        self.drain(TAKE_TURNS)

    def drain(self, most: int = DRAINED) -> None:
        """Start, of so many at most, what waits and has room now; a probe that ends at once calls this again."""
        if self._draining:
            return
        self._draining = True
        until = self._now_ns() + DRAINING_NS
        try:
            while self.waiting and most > 0 and self._now_ns() < until and (self.waiting[0].dead or self._take()):
                job = self.waiting.popleft()
                if not job.dead:
                    most -= 1
                    self._start(job)
        finally:
            self._draining = False

    def _take(self) -> bool:
        """Room for one more: by number under way, and by rate."""
        now = self._now_ns()
        if self.active >= self.concurrency or self._next_ns > now + SECOND_NS // 10:
            return False
        self._next_ns = max(self._next_ns, now) + SECOND_NS // self.per_second
        self.active += 1
        self.started += 1
        return True
