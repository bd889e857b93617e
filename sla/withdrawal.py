"""A target leaves: its outage, if there is one, is withdrawn, not restored, and its absence may be no rest (M5)."""

from collections.abc import Callable, Collection, Sequence

from sla.confirm import FOREVER, Result, Rules, Track, advance
from sla.maintenance import union
from sla.model import Cause, Degraded, Edge, State, Window

BACK_WITHIN_US = 30 * 86_400_000_000
"""Back within this, the limit included, without a document that retired it: it was never gone."""


def withdraw(track: Track, now: int, rules: Rules) -> Result:
    """Readings have ended at `now`. What is DOWN then is so up to `now`; S2 and S3 decide everything else."""
    done = advance(track, FOREVER, rules)
    if track.state is not State.DOWN or track.streak or track.valid_until < now:
        return done
    edge = Edge(now, State.UNKNOWN, Degraded.NONE, Cause.WITHDRAWN)
    return Result(done.track._replace(since=now, last_at=max(done.track.last_at, now)), (*done.edges, edge))


def stays(service: Sequence[Window], returns: Collection[int], excused: Callable[[int], bool]) -> list[Window]:
    """The service dates, each end that was soon undone left out: the time between has no readings and is UNKNOWN.

    Units: microseconds. `returns` are the starts of whatever else has its address since; `excused` says of an end
    whether it retired the target by a document, or while it was not DOWN. Shape: service is sorted and disjoint.
    """
    back = sorted({*returns, *(window.start for window in service)})
    kept = [_until_back(window, back, excused) for window in service]
    return kept if kept == list(service) else union(kept)


def _until_back(window: Window, back: Sequence[int], excused: Callable[[int], bool]) -> Window:
    again = next((at for at in back if at >= window.end), None)
    if window.length <= 0 or again is None or again - window.end > BACK_WITHIN_US or excused(window.end):
        return window
    return Window(window.start, again)
