"""What dated rows say of an id: when it is in service, and which row's attributes hold when (semantics A2, E1).

An entry holds for the headline from its recording on. For time before that it can only add: what it takes out of
time that was counted already, or changes in it, is told beside the headline.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from sla.confirm import FOREVER
from sla.maintenance import union, without
from sla.model import Window

ALWAYS = Window(-FOREVER, FOREVER)
NEVER = Window(-FOREVER, -FOREVER)
"""Stands alone for "at no time", since no window at all means always (sla.timeline.out_of_service)."""

Held = tuple[Window, int]
"""From when to when which revision holds, by number."""


class Revision(NamedTuple):
    """One dated row as it was recorded. Units: microseconds UTC; valid_from, valid_to None for unbounded.

    `number` is the order of recording. The same valid_from recorded again is the same row, changed; another one is
    another row of the id.
    """

    number: int
    valid_from: int | None
    valid_to: int | None
    recorded_at: int
    recorded_by: str

    @property
    def window(self) -> Window:
        """Its dates as instants."""
        start = -FOREVER if self.valid_from is None else self.valid_from
        return Window(start, FOREVER if self.valid_to is None else self.valid_to)


def service(revisions: Sequence[Revision]) -> list[Window]:
    """When the id is in service for the headline; empty for always (A2). Shape: sorted, disjoint."""
    return _service(revisions, _headline(revisions))


def service_latest(revisions: Sequence[Revision]) -> list[Window]:
    """When it is in service with everything entered, for the second figure (A2). Shape: as `service`."""
    return _service(revisions, _rows(_ordered(revisions)))


def later_entries(revisions: Sequence[Revision], window: Window) -> list[Revision]:
    """The revisions that take time out of the window which the headline keeps, in the order recorded (A2)."""
    ordered = _ordered(revisions)
    latest = [_time(_rows(ordered[:count])) for count in range(len(ordered) + 1)]
    outside = [Window(-FOREVER, window.start), Window(window.end, FOREVER)]
    kept = without(without(_time(_headline(ordered)), latest[-1]), outside)
    entries = []
    for revision, (before, after) in reversed(list(zip(ordered, pairwise(latest), strict=True))):
        rest = without(kept, without(before, after))
        if rest != kept:
            entries.append(revision)
        kept = rest
    return entries[::-1]


def attributes(revisions: Sequence[Revision]) -> list[Held]:
    """Which revision's attributes hold when, for the headline (A2).

    Shape: sorted, disjoint, without a gap from the first date on: out of service, what held last holds on.
    """
    held = _headline(revisions)
    if not held and revisions:
        first = min(revision.window.start for revision in revisions)
        return [(Window(first, FOREVER), _ordered(revisions)[-1].number)]
    reaching = zip(held, _following([window.start for window, _ in held]), strict=True)
    return _join((Window(window.start, end), number) for (window, number), end in reaching)


def _headline(revisions: Sequence[Revision]) -> list[Held]:
    """What holds when: the first recording as stated, a later one from its recording on and where nothing held.

    What is recorded at one instant is one change: what one of its rows leaves to the next was never out of service.
    """
    if len(revisions) == 1:  # as for most ids of a city: there is nothing to lay over it
        return [(window, revisions[0].number)] if (window := revisions[0].window).length > 0 else []
    held: list[Held] = []
    known: list[Revision] = []
    for recorded_at, change in groupby(_ordered(revisions), key=_recorded_at):
        known += change
        held = _lay(_rows(known), _before(held, recorded_at))
    return held


def _rows(known: Iterable[Revision]) -> list[Held]:
    """The rows as last recorded; one without an end is continued by the next, and where two overlap the later holds."""
    latest = {revision.window.start: revision for revision in known}
    rows = [latest[start] for start in sorted(latest) if latest[start].window.length > 0]
    held: list[Held] = []
    for row, following in zip(rows, _following([row.window.start for row in rows]), strict=True):
        end = following if row.valid_to is None else row.valid_to
        held = _lay(held, [(Window(row.window.start, end), row.number)])
    return held


def _following(starts: Sequence[int]) -> list[int]:
    """For each start the next one."""
    return [*starts[1:], FOREVER][: len(starts)]


def _lay(base: Sequence[Held], top: Sequence[Held]) -> list[Held]:
    """The base with the top laid over it."""
    taken = _time(top)
    return _join(sorted([*top, *((part, number) for window, number in base for part in without([window], taken))]))


def _join(held: Iterable[Held]) -> list[Held]:
    joined: list[Held] = []
    for window, number in held:
        if joined and joined[-1][0].end == window.start and joined[-1][1] == number:
            joined[-1] = (Window(joined[-1][0].start, window.end), number)
        else:
            joined.append((window, number))
    return joined


def _before(held: Iterable[Held], at: int) -> list[Held]:
    return [(Window(window.start, min(window.end, at)), number) for window, number in held if window.start < at]


def _service(revisions: Sequence[Revision], held: Iterable[Held]) -> list[Window]:
    time = _time(held)
    if not revisions or time == [ALWAYS]:
        return []
    return time or [NEVER]


def _time(held: Iterable[Held]) -> list[Window]:
    return union(window for window, _ in held)


def _ordered(revisions: Iterable[Revision]) -> list[Revision]:
    return sorted(revisions, key=_number)


def _number(revision: Revision) -> int:
    return revision.number


def _recorded_at(revision: Revision) -> int:
    return revision.recorded_at
