"""As whom targets answered before a cut-off, and what the register says of that (C2): what keeps units apart."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from agent.figures.book import Book
from agent.stores.base import Component, Reader
from agent.stores.identifying import DayMet
from sla.confirm import FOREVER
from sla.coverage import WITHIN_US, Claims
from sla.periods import to_datetime

_DAY = timedelta(days=1)
_UTC = ZoneInfo("UTC")
_NOBODY: frozenset[str] = frozenset()


class Met:
    """Answers about one cut-off: as whom each target answered in [cut-off - 168 h, cut-off).

    Shape: `changes` is the first later cut-off for which the same rows say something else. Units: microseconds UTC.
    """

    def __init__(self, reader: Reader, components: Mapping[str, Component], cut: int) -> None:
        start = cut - WITHIN_US
        first, last = (to_datetime(at, _UTC).date() for at in (start, cut))  # one more: the agent's zone may be another
        rows = reader.identities((first - _DAY).toordinal(), (last + _DAY).toordinal())
        names = {component.id: name for name, component in components.items()}
        self._of: dict[str, frozenset[str]] = {}
        self.changes = FOREVER
        for (component, identity), at in _last(rows, cut).items():
            if at is not None and at >= start:
                name = names.get(component, "")
                self._of[name] = self._of.get(name, _NOBODY) | {identity}
                self.changes = min(self.changes, at + WITHIN_US + 1)
        ahead = (at + 1 for row in rows for at in (row.first_at, row.last_at) if at >= cut)
        self.changes = min(self.changes, *ahead, FOREVER)

    def of(self, id_: str) -> frozenset[str]:
        """Its identities; empty where its kind shows none, or nobody heard one."""
        return self._of.get(id_, _NOBODY)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Met) and self._of == other._of

    __hash__ = None  # type: ignore[assignment]  # it is compared, never a key


def _last(rows: Collection[DayMet], cut: int) -> dict[tuple[int, str], int | None]:
    """When each component answered last with each identity before the cut-off, as far as the days tell."""
    found: dict[tuple[int, str], int | None] = {}
    for row in rows:
        at = max((at for at in (row.first_at, row.last_at) if at < cut), default=None)
        before = found.get((row.component, row.identity))
        found[row.component, row.identity] = at if before is None else max(before, at or before)
    return found


def claims(book: Book, cut: int) -> Claims:
    """What the register `identities` says in the last instant before the cut-off."""
    held = book.held_in("identities", cut - 1)
    owners = {id_: str(body["site_id"]) for id_, body in held if body.get("site_id")}
    return Claims(owners, frozenset(id_ for id_, body in held if body.get("repeats")))
