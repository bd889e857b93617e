"""What was seen of every target in the last 168 h, kept from look to look (C2): most of it stands for a week.

An ok reading speaks until the cut-off is 168 h after it, whatever comes; so does a failed one of a target that has
nothing else. Only the others are looked at again, and those of which something was heard.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from agent.figures.coverage import Question, counted, standing
from agent.figures.identities import Shown
from agent.figures.sightings import Seen, Sightings
from agent.figures.timelines import Timelines
from agent.stores.base import Component, Reader
from sla.coverage import WITHIN_US, Coverage, Sighting
from sla.model import State, Window
from sla.timeline import Span, clip

_MANY = 500
"""From so many targets on the days of all are read at once."""

_GOOD = (State.UP, State.DEGRADED)


class KeptSights:
    """One network. All methods are called by one thread at a time. Units: microseconds."""

    def __init__(self, network: str, known: Timelines, reader: Reader, components: Mapping[str, Component]) -> None:
        self._reader, self._components = reader, components
        self._network = network
        self._standing = list(standing(known.book, network, known.until))
        self._seen: dict[str, Seen] = {}
        self._until: list[tuple[int, str]] = []
        self._loose: set[str] = set()
        self._proven: set[str] = set()
        self._made: dict[tuple[str, ...], tuple[int, Coverage]] = {}
        self._lines_of: dict[str, list[str]] = {}
        for id_, _, _ in self._standing:
            for component in known.evidence_of(id_):
                if component != id_:
                    self._lines_of.setdefault(component, []).append(id_)
        self._shown = Shown(reader, components, known.until)
        self._look(known, [id_ for id_, _, _ in self._standing])

    def advance(self, known: Timelines, touched: Iterable[str], *, met: bool = False) -> None:
        """Bring everything up to the end of what is known.

        `touched` are targets of which something was heard; `met`: also as whom any of them answered. A day's sighting
        of an ok reading stands whatever is heard; what states prove a back-dated edge may take back.
        """
        concerned = {id_ for component in touched for id_ in (component, *self._lines_of.get(component, ()))}
        todo = {id_ for id_ in concerned if id_ in self._seen and id_ not in self._proven} | self._loose
        while self._until and self._until[0][0] + WITHIN_US < known.until:
            todo.add(heapq.heappop(self._until)[1])
        if todo:
            self._look(known, sorted(todo))
        if met or known.until >= self._shown.changes:
            before, self._shown = self._shown, Shown(self._reader, self._components, known.until)
            if before != self._shown:
                self._made.clear()

    def covered(self, known: Timelines, zone: ZoneInfo, levels: Sequence[str]) -> Coverage:
        """Coverage now; the same as before where nothing of it can have changed."""
        kept = self._made.get(tuple(levels))
        if kept is None or kept[0] < known.until:
            asked = Question(self._network, levels, known.until)
            sightings = (
                Sighting(id_, site, *self._seen[id_], frozenset(), own | self._shown.of(id_))
                for id_, site, own in self._standing
            )
            kept = _next_acceptance(known), counted(known.book, asked, sightings)
            self._made[tuple(levels)] = kept
        return kept[1]

    def let_go(self) -> None:
        """Nobody asks any more: give the memory back in small pieces, for every other thread waits for each of them."""
        while self._seen:
            self._seen.popitem()
        while self._standing:
            self._standing.pop()

    def _look(self, known: Timelines, ids: Sequence[str]) -> None:
        seen = Sightings(self._reader, known, known.until, self._components)
        last_ok = (
            seen.last_ok() if len(ids) > _MANY else {id_: at for id_ in ids if (at := seen.day_ok(id_)) is not None}
        )
        for id_ in ids:  # one by one: sets of all targets at once would keep the interpreter from every other thread
            at = last_ok.get(id_)
            (self._proven.discard if at is None else self._proven.add)(id_)
            self._take(known, id_, seen.of(id_) if at is None else Seen(at, None, maybe_ok=False))

    def _take(self, known: Timelines, id_: str, found: Seen) -> None:
        before = self._seen.get(id_)
        self._seen[id_] = found
        if before is None or _says(before) != _says(found):
            self._made.clear()
        self._loose.discard(id_)
        if found.ok is not None:
            heapq.heappush(self._until, (found.ok, id_))
        elif found.failed is not None and not found.maybe_ok and not self._may_improve(known, id_):
            heapq.heappush(self._until, (found.failed, id_))
        elif id_ in self._components or known.of(id_):
            self._loose.add(id_)

    def _may_improve(self, known: Timelines, id_: str) -> bool:
        """Whether the passing of time alone may prove an ok reading."""
        week: Sequence[Span] = clip(known.of(id_), Window(known.until - WITHIN_US, known.until))
        return any(span.state in _GOOD or span.imported for span in week)


def _says(seen: Seen) -> tuple[bool, bool, bool]:
    return seen.ok is not None, seen.failed is not None, seen.maybe_ok


def _next_acceptance(known: Timelines) -> int:
    """Up to when no further site is accepted (C2): a date that lies ahead is reached without an entry."""
    bodies = (known.book.known_of("sites", id_, known.until - 1) for id_ in known.book.ids("sites"))
    dates = (int(body["accepted_on"]) for body in bodies if body.get("accepted_on") is not None)
    return min((at for at in dates if at >= known.until), default=2**62)
