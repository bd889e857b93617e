"""Time in which nothing changes, without each of its readings: what a year of a simulated city is made of.

Where the same readings came in two intervals of a component and left it the same but for the time, they leave it so in
every further interval: `step` knows no instant but by its distance from others. So the track after many more of them
is the track now, with its times moved on; that is what a reading after reading would have left, exactly.
"""

from typing import NamedTuple

from sla.confirm import Track
from sla.model import Degraded, Outcome

_TIMES = ("valid_until", "last_at", "last_ok", "last_failed")


class Pace(NamedTuple):
    """How the same component stood at two turns of its grid, one interval apart, with the same readings before each."""

    before: Track
    after: Track
    interval: int

    @property
    def is_steady(self) -> bool:
        """Whether one more interval of the same readings would only move its times on by the interval."""
        return self.after == self.before or _repeats(self.before, self.after, self.interval)

    @property
    def outcome(self) -> Outcome | None:
        """What its readings said; None where it had none. Shape: of a steady one only."""
        if self.after.last_at == self.before.last_at:
            return None
        if self.after.last_ok != self.before.last_ok:
            return Outcome.OK
        return Outcome.FAILED if self.after.last_failed != self.before.last_failed else Outcome.ERROR

    def after_more(self, times: int) -> Track:
        """The track after so many more intervals. Errors: ValueError for one that is not steady."""
        if not self.is_steady:
            raise ValueError("a track that still changes cannot be held")
        return _moved(self.before, self.after, times * self.interval)


def _repeats(before: Track, after: Track, interval: int) -> bool:
    still = {name: getattr(after, name) for name in _TIMES} | {"proof": after.proof}
    if before._replace(**still, base=after.base, replay=after.replay) != after or _is_moving(after, before.last_at):
        return False
    if any(getattr(after, name) not in _ends(getattr(before, name), interval) for name in _TIMES):
        return False
    return _same_replay(before, after, interval)


def _is_moving(track: Track, at: int) -> bool:
    """Something is open that more readings, or time alone, would settle."""
    flapping = Degraded.FLAPPING in track.degraded or track.flapping_until > at
    return bool(track.streak) or track.held or flapping


def _ends(time: int | None, interval: int) -> tuple[int | None, ...]:
    return (None,) if time is None else (time, time + interval)


def _same_replay(before: Track, after: Track, interval: int) -> bool:
    """What the self-check may still judge is the same readings, one interval later (S6)."""
    if before.base is None or after.base is None:
        return before.base is after.base and before.replay == after.replay
    later = tuple(seen._replace(at=seen.at + interval) for seen in before.replay)
    return later == after.replay and _repeats(before.base, after.base, interval)


def _moved(before: Track, after: Track, by: int) -> Track:
    times = {name: getattr(after, name) + by for name in _TIMES if getattr(after, name) != getattr(before, name)}
    if after.base is None or before.base is None:
        return after._replace(**times)
    base = _moved(before.base, after.base, by)
    return after._replace(**times, base=base, replay=tuple(seen._replace(at=seen.at + by) for seen in after.replay))
