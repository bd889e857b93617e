"""A target leaves the configuration: its outage, if there is one, is withdrawn, not restored (M5)."""

from sla.confirm import FOREVER, Result, Rules, Track, advance
from sla.model import Cause, Degraded, Edge, State


def withdraw(track: Track, now: int, rules: Rules) -> Result:
    """Readings have ended at `now`. What is DOWN then is so up to `now`; S2 and S3 decide everything else."""
    done = advance(track, FOREVER, rules)
    if track.state is not State.DOWN or track.streak or track.valid_until < now:
        return done
    edge = Edge(now, State.UNKNOWN, Degraded.NONE, Cause.WITHDRAWN)
    return Result(done.track._replace(since=now, last_at=max(done.track.last_at, now)), (*done.edges, edge))
