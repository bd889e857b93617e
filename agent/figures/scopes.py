"""Which windows speak of an id (M1): the id itself, or pairs such as site=S1,kind=icmp that select targets.

Every version of every window is judged first: a version that has moved its scope elsewhere ends the one before it.
What pairs select is what held of the target at the time (A2): a later change of owner or site moves no window.
"""

from collections.abc import Iterator, Sequence

from agent.figures.book import INLINE, Book
from agent.registers.scope_text import Item, parse_scope
from agent.registers.scopes import asked_of
from agent.stores.registering import RegisterRow
from sla.maintenance import Ruling, ShortNotice, WindowRow, rule
from sla.model import Window


class Windows:
    """The maintenance records of a store, judged once."""

    def __init__(self, book: Book, first_heartbeat: int | None, *, short_notice_excludes: ShortNotice = False) -> None:
        self._book = book
        rows = [row for id_ in book.ids("maintenance") for row in book.versions("maintenance", id_)]
        scopes = {(row.id, row.version): parse_scope(str(row.body["scope"])) for row in rows}
        self.rulings: Sequence[Ruling] = rule(
            [_window_row(row) for row in rows], first_heartbeat, short_notice_excludes=short_notice_excludes
        )

        self._of_id: dict[str, list[Ruling]] = {}
        self._of_pairs: list[tuple[Item, Ruling]] = []
        for ruling in self.rulings:
            for item in scopes[ruling.row.window_id, ruling.row.version]:
                if item.id:
                    self._of_id.setdefault(item.id, []).append(ruling)
                else:
                    self._of_pairs.append((item, ruling))

    def of(self, id_: str) -> list[Ruling]:
        """What M1 says of each version that names the id, cut to the time in which it does."""
        target = id_.partition("#")[0]
        found = [ruling for name in dict.fromkeys((id_, target)) for ruling in self._of_id.get(name, ())]
        for item, ruling in self._of_pairs:
            found += [ruling._replace(effective=_both(ruling.effective, time)) for time in self._times(item, target)]
        return sorted(found, key=_order)

    def _times(self, item: Item, target: str) -> Iterator[Window]:
        """When pairs select a target: what they ask of it is asked of the row that held then."""
        if self._book.register_of(target) in ("targets", INLINE):
            for window, body in self._book.bodies(target):
                asked = asked_of(target, body, self._book.vantage)
                if all(asked.get(name) == wanted for name, wanted in item.pairs):
                    yield window


def _order(ruling: Ruling) -> tuple[str, int, Window]:
    return ruling.row.window_id, ruling.row.version, ruling.effective


def _window_row(row: RegisterRow) -> WindowRow:
    """A row of the maintenance records as the rules want it. Units: microseconds."""
    body = row.body
    return WindowRow(
        window_id=row.id,
        version=row.version,
        start=int(body["start"]),
        end=int(body["end"]),
        approved=bool(body.get("approved_by")),
        approved_at=body.get("approved_at"),
        notified_at=body.get("notified_at"),
        recorded_at=row.recorded_at,
    )


def _both(one: Window, other: Window) -> Window:
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Window(start, max(start, end))
