"""What the figures of plans rest on, kept from look to look: an edge is put in where it belongs.

It says to the last digit what a whole look says (agent.figures.faults, agent.figures.coverage). Whatever it cannot
put in, it begins anew for: other registers, a new component, a date that comes, a store that has not written lately.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar, cast
from zoneinfo import ZoneInfo

from agent.figures.book import Book
from agent.figures.keptfaults import KeptFaults
from agent.figures.keptsights import KeptSights
from agent.figures.timelines import JUST_NOW_US, Timelines, by_name
from agent.stores.base import Batch, Reader, Run
from sla.coverage import Coverage
from sla.maintenance import ShortNotice
from sla.model import Window
from sla.tally import Tally

T = TypeVar("T")

_MOST = 10_000
"""Batches that wait at most."""


class _Base(NamedTuple):
    """What everything that is kept was made of; another one is another beginning."""

    book: Book
    state: int
    boot_no: int | None
    since: int | None


class Kept:
    """One thread at a time; `heard` may be called by any. Units: microseconds."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._heard: deque[Batch] = deque()
        self._early: dict[str, int] = {}
        self._faults: dict[ShortNotice, KeptFaults] = {}
        self._sights: dict[str, KeptSights] = {}
        self._was_fresh = False
        self._base: _Base | None = None
        self._until = self._fresh = self._furthest = 0

    def heard(self, batch: Batch) -> None:
        """Rows became durable."""
        if any((batch.components, batch.edges, batch.sightings, batch.identities, batch.bins, batch.doubts)):
            self._heard.append(batch)
            if len(self._heard) > _MOST:  # nobody looks: what is read anew costs less than to remember all of it
                self._base = None
                self._heard.clear()

    def look(self, book: Book, until: int) -> None:
        """Bring all that is kept up to an instant, by these registers."""
        news = [self._heard.popleft() for _ in range(len(self._heard))]
        run = self._reader.last_run()
        base = _Base(book, self._reader.register_state(), run and run.boot_no, self._reader.first_heartbeat())
        goes_on = base == self._base and self._until <= until <= self._border and _is_fresh(run, until)
        goes_on = goes_on and self._was_fresh and not any(self._is_new(batch) for batch in news)
        self._base = None  # until all of it is done: what fails half way begins anew
        self._until, self._fresh = until, min(run.heartbeat_at, until) if run else until
        self._was_fresh = _is_fresh(run, until)
        if not goes_on:
            self._begin(base)
        self._known: dict[ShortNotice, Timelines] = {}
        self._advance(news)
        self._furthest = max(self._furthest, until)
        if until == self._furthest:  # else a later look would miss what was heard between this one and that one
            self._base = base

    def known(self, *, short_notice_excludes: ShortNotice) -> Timelines:
        """Timelines of this look; each id is read when it is asked for."""
        if short_notice_excludes not in self._known:
            self._known[short_notice_excludes] = Timelines(
                self._reader,
                self._book,
                self._until,
                short_notice_excludes=short_notice_excludes,
                components=self._components,
                imported=self._imported,
            )
        return self._known[short_notice_excludes]

    def tally(self, roles: Iterable[str], period: Window, *, short_notice_excludes: ShortNotice) -> Tally:
        """The faults of these roles whose clock started in a period, as known at this look."""
        wanted = frozenset(roles)
        kept = self._faults.get(short_notice_excludes)
        if kept is None or not kept.roles >= wanted:
            known = self.known(short_notice_excludes=short_notice_excludes)
            wanted_before = frozenset() if kept is None else kept.roles
            kept = self._faults[short_notice_excludes] = KeptFaults(known, wanted | wanted_before, self._fresh)
        return kept.tally(wanted, period)

    def covered(self, network: str, levels: Sequence[str], zone: ZoneInfo) -> Coverage:
        """Coverage at this look."""
        known = self.known(short_notice_excludes=False)
        kept = self._sights.get(network)
        if kept is None:
            kept = self._sights[network] = KeptSights(network, known, self._reader, self._components)
        return kept.covered(known, zone, levels)

    def memo(self, key: Hashable, until: int, parts: Iterable[str], make: Callable[[], T]) -> T:
        """What was made of these components' time up to an instant, until something of it is heard."""
        state = (until, *(self._news.get(part, 0) for part in parts))
        kept = self._memos.get(key)
        if kept is not None and kept[0] == state:
            return cast(T, kept[1])
        made = make()
        if self._fresh >= until:
            self._memos[key] = state, made
        return made

    def _begin(self, base: _Base) -> None:
        self._book, self._border = base.book, base.book.next_change(self._until)
        self._components = by_name(self._reader)
        self._names = {component.id: name for name, component in self._components.items()}
        self._imported = self._reader.imported_components()
        for faults in self._faults.values():
            faults.let_go()
        for sights in self._sights.values():
            sights.let_go()
        self._faults, self._sights = {}, {}
        self._memos: dict[Hashable, tuple[object, object]] = {}
        self._news: dict[str, int] = {}
        self._doubted: set[str] = set()

    def _advance(self, news: Sequence[Batch]) -> None:
        doubted = {name for id_ in self._reader.doubts() if (name := self._names.get(id_)) is not None}
        touched, seen = self._early.keys() | doubted | self._doubted, set[str]()
        self._doubted = doubted
        met = any(batch.identities for batch in news)
        self._early = {name: at for name, at in self._early.items() if at >= self._fresh}
        for batch in news:
            for row in batch.edges:
                touched.add(self._names[row.component])
                if row.edge.at >= self._fresh:  # beyond what the look knows: it counts from a later one on
                    self._early[self._names[row.component]] = row.edge.at
            seen.update(self._names[row.component] for row in batch.sightings if row.component in self._names)
            for bin_ in batch.bins:
                self._tell(self._names.get(bin_.component, ""))
        for name in touched:
            self._tell(name)
        for excludes, faults in self._faults.items():
            faults.advance(self.known(short_notice_excludes=excludes), touched, self._fresh)
        for sights in self._sights.values():
            sights.advance(self.known(short_notice_excludes=False), touched | seen, met=met)

    def _tell(self, name: str) -> None:
        self._news[name] = self._news.get(name, 0) + 1

    def _is_new(self, batch: Batch) -> bool:
        """Whether it tells of a component that hangs on nothing yet."""
        return any(component.id not in self._names for component in batch.components) or any(
            row.component not in self._names for row in batch.edges
        )


def _is_fresh(run: Run | None, until: int) -> bool:
    """Whether what was seen last goes on: else every component has become UNKNOWN without an edge."""
    return run is None or run.stopped_at is not None or until - run.heartbeat_at <= JUST_NOW_US
