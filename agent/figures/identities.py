"""As whom targets answered before a cut-off, and what the register says of that (C2): what keeps units apart."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from agent.figures.book import Book
from agent.stores.base import Component, Reader
from sla.confirm import FOREVER
from sla.coverage import WITHIN_US, Claims
from sla.periods import to_datetime

_UTC = ZoneInfo("UTC")
_NOBODY: frozenset[str] = frozenset()


class Shown:
    """Answers about one cut-off: as whom each target answered in [cut-off - 168 h, cut-off).

    Shape: `changes` is the first later cut-off for which the same rows say something else. Units: microseconds UTC.
    """

    def __init__(self, reader: Reader, components: Mapping[str, Component], cut: int) -> None:
        start = cut - WITHIN_US
        names = {component.id: name for name, component in components.items()}
        self._of: dict[str, frozenset[str]] = {}
        self.changes = FOREVER
        for met in reader.met(_days(start, cut), cut):
            if met.before is not None and met.before >= start:
                name = names.get(met.component, "")
                self._of[name] = self._of.get(name, _NOBODY) | {met.identity}
                self.changes = min(self.changes, met.before + WITHIN_US + 1)
            if met.after is not None:
                self.changes = min(self.changes, met.after + 1)

    def of(self, id_: str) -> frozenset[str]:
        """Its identities; empty where its kind shows none, or nobody heard one."""
        return self._of.get(id_, _NOBODY)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shown) and self._of == other._of

    __hash__ = None  # type: ignore[assignment]  # it is compared, never a key


def _days(start: int, end: int) -> tuple[int, int]:
    """One more on either side, as the agent's zone may be another one."""
    first, last = (to_datetime(at, _UTC).date().toordinal() for at in (start, end))
    return first - 1, last + 1


def claims(book: Book, cut: int) -> Claims:
    """What the register `identities` says in the last instant before the cut-off."""
    held = book.held_in("identities", cut - 1)
    owners = {id_: str(body["site_id"]) for id_, body in held if body.get("site_id")}
    return Claims(owners, frozenset(id_ for id_, body in held if body.get("repeats")))
