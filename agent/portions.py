"""Targets whose lines of /metrics are written, and kept, together: those that are probed one after the other.

A page is asked for every 15 seconds, a camera is probed every 60: of 43 000 of them three quarters say what they said
on the page before. What is kept is packed, or the page of a city would cost 45 MB (ADR 0026).
"""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from agent.entries import Entry
from agent.metrics import Family
from agent.page import Kept
from sla.confirm import FOREVER

PORTION = 250
"""Entries whose lines are written in one piece; between pieces the loop runs."""

_AT_ONCE = 5000
"""Entries that are put into their order before the loop runs again."""

IN_PLACE = 50
"""Entries that are in order as a whole, on average: in which order each of them is does not matter."""

_VERSION = attrgetter("version")


class Portion:
    """Some entries, and what was last written of them for as long as that holds.

    Every change of what an entry shows counts its `version` up, so their sum says whether any has changed. Only
    in-service dates change what is shown without one: up to the next of them it is kept.
    """

    __slots__ = ("_asked", "_kept", "_until", "_versions", "entries")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self._kept: dict[str, Kept] = {}
        self._versions = -1
        self._until = 0
        self._asked: object = None

    def kept(self, family: Family, asked: object, now: int) -> Kept | None:
        """What holds still of a family; None where it has to be written.

        `asked` stands for the page that is made: one look at the entries is enough for all of its families.
        """
        if asked != self._asked:
            self._asked = asked
            versions = sum(map(_VERSION, self.entries))
            if versions != self._versions or now >= self._until:
                self._kept = {}
                self._versions = versions
                self._until = _next_border(self.entries, now)
        return self._kept.get(family.name)

    def keep(self, family: Family, text: str) -> Kept:
        """Take what was written after `kept` had nothing, in the same turn of the loop."""
        kept = self._kept[family.name] = Kept(text)
        return kept


def _next_border(entries: Iterable[Entry], now: int) -> int:
    """When the first of them goes in or out of service; FOREVER where no date lies ahead."""
    services = {id(service): service for entry in entries if (service := entry.watched.service)}
    borders = (at for service in services.values() for window in service for at in window if at > now)
    return min(borders, default=FOREVER)


def arranged(entries: Sequence[Entry], found: list[Portion]) -> Iterator[str]:
    """Fill `found` with them in the order of their turns; yields where the loop may run."""
    places: list[list[Entry]] = [[] for _ in range(1 + len(entries) // IN_PLACE)]
    for number, entry in enumerate(entries, start=1):
        watched = entry.watched
        places[watched.phase_ns * len(places) // watched.interval_ns].append(entry)
        if number % _AT_ONCE == 0:
            yield ""
    ordered = [entry for place in places for entry in place]
    found += (Portion(ordered[start : start + PORTION]) for start in range(0, len(ordered), PORTION))
