"""What the running agent keeps of one component: its track, its time, its last reading. No policy here."""

import json
from typing import Any

from agent.stores.base import Component
from agent.targets import Watched
from collectors.base import NO_VALUES, Reading
from sla.confirm import NEW, Track
from sla.model import Degraded, Outcome, Seen, State
from sla.totals import Totals

NOTHING_COUNTED = (0, 0, 0)
"""Readings of each outcome."""


class Entry:
    """One component of one target. Units: microseconds.

    `state` and `degraded` are the durable ones, which is all that is shown; `track` may be ahead of them by edges
    that are on their way. `doubt` is what the store was last told to doubt from, `series` how the labels
    of its samples begin ("" while it has none) and `tail` how they go on, which many entries share; `shown` are the
    values of the last reading that measured; `version` counts the changes of anything that is shown.
    """

    __slots__ = (
        "component",
        "counted",
        "degraded",
        "doubt",
        "duration_seconds",
        "last",
        "month",
        "pending",
        "pending_at",
        "probes",
        "series",
        "shown",
        "since",
        "state",
        "successes",
        "tail",
        "totals",
        "track",
        "values",
        "version",
        "watched",
        "watching",
    )

    def __init__(self, watched: Watched, component: Component, totals: Totals, track: Track = NEW) -> None:
        self.watched = watched
        self.component = component
        self.totals = totals
        self.track = track
        self.state = State.UNKNOWN
        self.degraded = Degraded.NONE
        self.since = 0
        self.doubt: int | None = None
        self.pending = 0
        self.pending_at: int | None = None
        self.last: Reading | None = None
        self.values = self.shown = NO_VALUES
        self.duration_seconds = 0.0
        self.probes = 0
        self.successes = 0
        self.counted = NOTHING_COUNTED
        self.month = 0
        self.series = self.tail = ""
        self.watching = False
        self.version = 0

    @property
    def name(self) -> str:
        """TARGET or TARGET#COMPONENT."""
        return self.component.name


def restored_to_json(settled_at: int, track: Track) -> str:
    """What the store keeps of a component between a clean stop and the next start (S8)."""
    plain = track._replace(base=None, replay=(), dirty=False, held=False)
    return json.dumps({"settled_at": settled_at, "track": plain._asdict()})


def restored_from_json(text: str) -> tuple[int, Track]:
    """The same again: up to when its time is settled, and its track. Errors: ValueError if it is not one of ours."""
    try:
        kept: dict[str, Any] = json.loads(text)
        body: dict[str, Any] = kept["track"]
        body["streak"] = tuple(Seen(s[0], Outcome(s[1]), s[2], Degraded(s[3])) for s in body["streak"])
        body["blip_starts"], body["replay"] = tuple(body["blip_starts"]), ()
        body["state"], body["degraded"] = State(body["state"]), Degraded(body["degraded"])
        return int(kept["settled_at"]), Track(**body)
    except (KeyError, TypeError, IndexError) as exc:
        raise ValueError(f"not a track of this version: {exc!r}") from exc
