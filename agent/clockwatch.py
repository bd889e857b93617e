"""Watches the wall clock beside the monotonic one: steps, the doubt they leave, and how it ends (T2, T4).

A run is dated by its anchor and the monotonic clock. A step changes nothing of that. Only when it is resolved and the
wall clock is ahead does the run go over to a new anchor, and the time between the two datings is measured by nobody.
A dating never goes back: what is durable cannot be dated again, and what was measured is never left out.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from agent.clock import Anchor, RunClock
from agent.commit import Committer
from agent.stores.clocksteps import ANCHORED, ClockStep, Dating, How, Resolution, body_of

LOG = logging.getLogger(__name__)

STEP_US = 1_000_000
"""A difference between the clocks beyond this is a step (T2), up to it they agree."""

STOOD_NS = 600 * 1_000_000_000
"""A step that has stood so long under a synchronised clock is believed (T4)."""

ANCHOR_NS = 30 * 1_000_000_000
"""How often both clocks are written down: T2 wants it every 60 s, also of a loop that is late."""

RECENT = 10
"""Steps that are kept to be shown; the store has all of them."""


class Tally(Protocol):
    """Told what the watch sees, for the agent's own metrics."""

    def clock_stepped(self) -> None: ...
    def clock_seen(self, offset_seconds: float, *, unresolved: bool, synchronised: bool | None) -> None: ...


class Begin(NamedTuple):
    """How a run is dated from its start. Units: microseconds.

    `offset_us` is how far the wall clock was ahead when it was last not in doubt; `behind_until` the last durable
    record, where the wall clock lies before it; `why` is what is to be recorded, empty for a plain start. `follows` is
    whether the dating goes on from that of the run before, so that a step can be seen to be undone.
    """

    anchor: Anchor
    offset_us: int = 0
    behind_until: int | None = None
    why: str = ""
    follows: bool = True


def begin(now: Anchor, boot_id: str, last: Dating | None) -> Begin:
    """How to date a run that starts now (T4): a restart neither goes back nor makes a stepped clock true.

    In the same boot of the machine the monotonic clock shows a step that happened meanwhile; the dating then goes on
    as it was. Else the wall clock is taken, but nothing before the last durable record.
    """
    if last is None:
        return Begin(now)
    behind_until = last.last_durable if now.wall_us < last.last_durable else None
    same_boot = bool(boot_id) and boot_id == last.boot_id
    goes_on = Anchor(last.monotonic_ns, last.dated_us).us(now.monotonic_ns)
    if same_boot and abs(now.wall_us - goes_on - last.offset_us) > STEP_US:
        anchor = Anchor(now.monotonic_ns, max(goes_on, last.last_durable))
        return Begin(anchor, last.offset_us, behind_until, "continued")
    anchor = Anchor(now.monotonic_ns, max(now.wall_us, last.last_durable))
    why = "" if behind_until is None else "behind"
    return Begin(anchor, now.wall_us - anchor.wall_us, behind_until, why, follows=same_boot)


class Accepted(NamedTuple):
    """What came of a person's acceptance: so many steps, and by how much the dating went forward."""

    steps: int
    jump_us: int
    offset_us: int


class Heard(NamedTuple):
    """Who hears of the wall clock's steps, and of a jump of the dating from one instant straight to a later one.

    All that the jump concerns has to be done when the call returns: the next heartbeat is by the new dating.
    """

    stepped: Callable[[], None]
    jumped: Callable[[int, int], None]


@dataclass(slots=True)
class _Doubt:
    """The steps that nobody has resolved; `steady_since_ns` is since when a synchronised clock has not stepped."""

    open_steps: int
    can_be_undone: bool
    steady_since_ns: int


class ClockWatch:
    """The watch of one run. All methods are called on the loop."""

    def __init__(
        self,
        clock: RunClock,
        committer: Committer,
        tally: Tally,
        start: Begin,
        left_open: Sequence[ClockStep],
        heard: Heard,
    ) -> None:
        self._clock = clock
        self._committer = committer
        self._tally = tally
        self._heard = heard
        self._settled_us = self._seen_us = start.offset_us
        self._doubt = _Doubt(len(left_open), start.follows or not left_open, start.anchor.monotonic_ns)
        self._recent = deque(left_open, RECENT)
        self._anchor_due_ns = start.anchor.monotonic_ns
        self.behind_until = start.behind_until
        self.steps = 0
        self.offset_us = start.offset_us
        self.synchronised: bool | None = None
        if start.why:
            committer.record(start.anchor.wall_us, ANCHORED, body_of(start.why, start.anchor, start.offset_us))

    @property
    def unresolved(self) -> bool:
        """Whether nothing irreversible may run: no seal, no month end, no deadline notice (T4)."""
        return self._doubt.open_steps > 0 or self.behind_until is not None

    @property
    def open_steps(self) -> int:
        """Steps that nobody has resolved, those of earlier runs included."""
        return self._doubt.open_steps

    @property
    def recent(self) -> Sequence[ClockStep]:
        """The last few steps, oldest first."""
        return tuple(self._recent)

    def look(self) -> bool:
        """Compare the clocks; to be called about every second. True if the wall clock has just stepped."""
        now, offset = self._clock.compare()
        self.synchronised, self.offset_us = self._clock.clock.synchronised(), offset
        stepped = abs(offset - self._seen_us) > STEP_US
        if stepped:
            self._note_step(now, offset)
        if stepped or now.monotonic_ns >= self._anchor_due_ns:
            self._committer.anchor(now.monotonic_ns, now.wall_us)
            self._anchor_due_ns = now.monotonic_ns + ANCHOR_NS
        if stepped or not self.synchronised:
            self._doubt.steady_since_ns = now.monotonic_ns
        self._look_for_an_end(now)
        self._tally.clock_seen(self.offset_us / 1e6, unresolved=self.unresolved, synchronised=self.synchronised)
        return stepped

    def accept(self, by: str) -> Accepted:
        """A person takes the wall clock, as it is now, for right: what is open is resolved (T4)."""
        self.look()
        steps = self._doubt.open_steps
        if not steps:
            return Accepted(0, 0, self.offset_us)
        jump = self._resolve(self._clock.compare()[0], How.ACCEPTED, by)
        self._tally.clock_seen(self.offset_us / 1e6, unresolved=self.unresolved, synchronised=self.synchronised)
        return Accepted(steps, jump, self.offset_us)

    def _note_step(self, now: Anchor, offset: int) -> None:
        at, step_us = self._clock.us(now.monotonic_ns), offset - self._seen_us
        self.steps += 1
        self._doubt.open_steps += 1
        step = ClockStep(self._committer.run.boot_no, self.steps, at, step_us, now.monotonic_ns)
        self._recent.append(step)
        self._committer.clock_step(step)
        body = {"offset_us": offset, "before_us": self._seen_us, "wall_us": now.wall_us}
        self._committer.record(at, "clock_step", json.dumps(body))
        self._seen_us = offset
        self._tally.clock_stepped()
        self._heard.stepped()
        LOG.warning(
            "the wall clock stepped by %+.3f s and is %+.3f s from the ledger's dating, which goes on unchanged; "
            "nothing irreversible runs until the step is undone, has stood 10 min under a synchronised clock, or is "
            "accepted: sla-agent clock --accept",
            step_us / 1e6,
            offset / 1e6,
        )

    def _look_for_an_end(self, now: Anchor) -> None:
        if self.behind_until is not None and now.wall_us >= self.behind_until:
            LOG.info("the wall clock has passed the last record of the run before")
            self.behind_until = None
        if not self._doubt.open_steps:
            return
        nearest = min(abs(self.offset_us), abs(self.offset_us - self._settled_us))
        if self._doubt.can_be_undone and nearest <= STEP_US:
            self._resolve(now, How.UNDONE, "agent")
        elif now.monotonic_ns - self._doubt.steady_since_ns >= STOOD_NS:
            self._resolve(now, How.STOOD, "agent")

    def _resolve(self, now: Anchor, how: How, by: str) -> int:
        """End the doubt over every open step; returns by how many microseconds the dating jumps, usually none."""
        at, ahead = self._clock.us(now.monotonic_ns), self._clock.anchor.drift_us(now)
        jump = ahead if how is not How.UNDONE and ahead > STEP_US else 0
        if how is not How.UNDONE:
            self._settled_us = ahead - jump
        elif abs(ahead) <= STEP_US:
            self._settled_us = 0
        self._seen_us, self.offset_us = self._settled_us, ahead - jump
        anchor = now if jump else self._clock.anchor
        self._committer.resolve(Resolution(self._committer.run.boot_no, self.steps, at, how, by))
        self._committer.record(at, ANCHORED, body_of(how, anchor, self._settled_us, jump), by)
        self._recent = deque((_resolved(step, at, how, by) for step in self._recent), RECENT)
        self._doubt = _Doubt(0, can_be_undone=True, steady_since_ns=now.monotonic_ns)
        if jump:
            self._clock.go_over(now)
            self._heard.jumped(at, now.wall_us)
        LOG.warning("%s", _words(how, by, jump, self._settled_us))
        return jump


def _resolved(step: ClockStep, at: int, how: How, by: str) -> ClockStep:
    return step if step.resolution else step._replace(resolved_at=at, resolution=str(how), resolved_by=by)


def _words(how: How, by: str, jump_us: int, offset_us: int) -> str:
    """For the log: how it ended and what the ledger made of it."""
    ended = {
        How.UNDONE: "the clock is back where the ledger's dating has it",
        How.STOOD: "the stepped clock has stood 10 min, synchronised all the time",
        How.ACCEPTED: f"the stepped clock was accepted by {by}",
    }[how]
    if jump_us:
        return f"{ended}; dated by it from now on, the {jump_us / 1e6:.3f} s between are UNKNOWN"
    if offset_us < -STEP_US:
        return f"{ended}; a ledger cannot go back, so dates stay {-offset_us / 1e6:.3f} s ahead of it in this run"
    return ended
