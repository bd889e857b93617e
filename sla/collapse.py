"""Root collapse (F6): which outage is a fault of its own, and which belongs to the fault of something above it.

One reducer for live and for reports: `begin` with what is known, `step` for each further edge in any order, `settle`
looks again at whatever that may have changed, ancestors first. An item's answer rests on its own history and on its
ancestors' episodes alone, so the order in which edges arrive does not matter.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from sla.confirm import FOREVER
from sla.episodes import Episode, Root, RootKind, tolerance
from sla.faults import Fault, Places
from sla.model import State as Served
from sla.model import Window
from sla.outages import Outage, Spell, outages, spells
from sla.timeline import Mark
from sla.topology import Graph
from sla.ways import highest

_Piece = TypeVar("_Piece")

PAUSE_EVERY = 20
"""Items looked at between two yields of `settle`, so that a caller can give its loop back."""


_WORKING = Served.UP, Served.DEGRADED


class Change(NamedTuple):
    """What became of a fault. `kind`: opened, joined (of `root`, another fault or planned outage), void."""

    kind: str
    item: str
    start: int
    root: Root | None = None


class Made(NamedTuple):
    """A fault, and what it was made of. `is_rated` where nothing else can change its priority."""

    episode: Episode
    fault: Fault
    is_rated: bool


class State:
    """What is known of every item of a graph. Units: microseconds.

    Shape: `changed` are the items whose episodes became others since somebody took them from there; `made` is what
    the faults derived last were made of, in their order, and `rated_by` the places by which they were rated.
    """

    def __init__(
        self, graph: Graph, histories: Mapping[str, Sequence[Mark]], planned: Mapping[str, Sequence[Window]]
    ) -> None:
        self.histories = {id_: list(marks) for id_, marks in histories.items() if id_ in graph and marks}
        self.planned = dict(planned)
        self.episodes: dict[str, list[Episode]] = {}
        self.outages: dict[str, list[Outage]] = {}
        self.out: dict[str, list[int]] = {}
        self.as_of = -FOREVER
        self.spells: dict[str, Sequence[Spell]] = {}
        self.dirty = set(self.histories)
        self.queued: set[str] = set()
        self.todo: list[tuple[int, str]] = []
        self.again: list[tuple[int, str]] = []
        self.changed: set[str] = set()
        self.made: dict[tuple[int, str], Made] = {}
        self.rated_by: Places | None = None

    def take_dirty(self) -> set[str]:
        """What has changed by itself since the last look."""
        taken, self.dirty = self.dirty, set()
        for item in taken:
            self.spells.pop(item, None)
        return taken

    def enqueue(self, graph: Graph, items: Iterable[str]) -> Iterator[None]:
        """To be looked at in this order: ancestors first. What is left here is found again by the next `settle`."""
        for count, item in enumerate(items, start=1):
            if item not in self.queued:
                self.queued.add(item)
                heapq.heappush(self.todo, (graph.order[item], item))
            if count % PAUSE_EVERY == 0:
                yield None


def begin(graph: Graph, histories: Mapping[str, Sequence[Mark]], planned: Mapping[str, Sequence[Window]]) -> State:
    """Take what is known so far. Shape: planned are the counting windows of each item, united (M2)."""
    return State(graph, histories, planned)


def step(graph: Graph, state: State, item: str, mark: Mark) -> None:
    """One more edge: from `at` on this state, whatever was said of later time."""
    if item not in graph:
        return
    history = state.histories.setdefault(item, [])
    while history and history[-1].at >= mark.at:
        history.pop()
    _thin(history, state.as_of)
    history.append(mark)
    state.dirty.add(item)


def thinned(history: Iterable[Mark], as_of: int) -> list[Mark]:
    """A history as `step` keeps it."""
    kept: list[Mark] = []
    for mark in history:
        _thin(kept, as_of)
        kept.append(mark)
    return kept


def _thin(history: list[Mark], as_of: int) -> None:
    """The last mark but one goes where all three of the end work: it begins and ends no outage.

    The last one stays, for it says what holds now; nobody asks any more how well it worked before. Without this a
    camera that blips every hour would keep hundreds of marks for three days.
    """
    end = history[-3:]
    if len(end) == 3 and end[-1].at < as_of and all(mark.state in _WORKING for mark in end):
        del history[-2]


def plan(state: State, item: str, windows: Sequence[Window]) -> None:
    """Its counting windows are now these."""
    if list(state.planned.get(item, ())) != list(windows):
        state.planned[item] = list(windows)
        state.dirty.add(item)


def settle(graph: Graph, state: State, as_of: int | None = None) -> Iterator[Change | None]:
    """Look again at what may have changed, as known at `as_of`; None between two changes is a chance to pause.

    Without `as_of` nothing is judged yet: only a later call says when now is.
    """
    if as_of is None:
        return
    if as_of < state.as_of:
        state.dirty |= state.histories.keys()
        state.spells.clear()
    state.as_of = as_of
    while state.again and state.again[0][0] < as_of:
        state.dirty.add(heapq.heappop(state.again)[1])
    yield from state.enqueue(graph, state.take_dirty())
    count = 0
    while state.todo:
        item = heapq.heappop(state.todo)[1]
        state.queued.discard(item)
        before, was_out = state.episodes.get(item, []), state.out.get(item)
        after = _Judge(graph, state, item).episodes()
        _keep(state.episodes, item, after)
        if before != after:
            state.changed.add(item)
        if before != after or was_out != state.out.get(item):  # a way through what is out of service is none (F6)
            if item in graph.children:
                yield from state.enqueue(graph, (child for child in graph.behind(item) if state.outages.get(child)))
            yield from _changes(item, before, after)
        count += 1
        if count % PAUSE_EVERY == 0:
            yield None


def _keep(what: dict[str, list[_Piece]], item: str, found: list[_Piece]) -> None:
    """Of nearly every item of a city there is nothing: 43 000 empty lists were most of what a state was."""
    if found:
        what[item] = found
    else:
        what.pop(item, None)


def _changes(item: str, before: Sequence[Episode], after: Sequence[Episode]) -> Iterator[Change]:
    """Ids never vanish: a fault that is one no more has joined another, or was none."""
    own = {episode.start for episode in before if episode.root.is_fault_of(item, episode.start)}
    now = {episode.start for episode in after if episode.root.is_fault_of(item, episode.start)}
    for start in sorted(now - own):
        yield Change("opened", item, start)
    for start in sorted(own - now):
        holder = next((episode for episode in after if episode.start <= start < episode.end), None)
        yield Change("void", item, start) if holder is None else Change("joined", item, start, holder.root)


class _Judge:
    """Judges the outages of one item by its own history and its ancestors' episodes."""

    def __init__(self, graph: Graph, state: State, item: str) -> None:
        self._graph, self._state, self._item = graph, state, item

    def episodes(self) -> list[Episode]:
        """Every outage as an episode: a fault of its own, planned, or part of a fault above."""
        made: list[Episode] = []
        for spell in self._spells(self._item):
            if spell.window is not None:
                made.append(self._planned(spell, spell.window))
            else:
                made += self._judged(spell.parts)
        return made

    def _spells(self, item: str) -> Sequence[Spell]:
        """Its own outages; the same as before where nothing of its own, nor time, can have changed them."""
        state = self._state
        kept = state.spells.get(item)
        if kept is not None:
            return kept
        history = state.histories.get(item, ())
        found = outages(history, state.as_of)
        _keep(state.outages, item, found)
        _keep(state.out, item, list(_out_edges(history, state.as_of)))
        planned = state.planned.get(item, ())
        made = spells(found, planned, state.as_of)
        if history and history[-1].at >= state.as_of:
            self._look_again(next(mark.at for mark in history if mark.at >= state.as_of))
        elif not planned:
            state.spells[item] = made or ()
        return made

    def _planned(self, spell: Spell, window: Window) -> Episode:
        (outage,) = spell.parts
        if window.end >= self._state.as_of and (outage.restored is None or outage.restored > window.end):
            self._look_again(window.end)
        root = Root(self._item, spell.start, spell.down_end, RootKind.PLANNED)
        return Episode(self._item, spell.start, spell.down_end, root, spell.parts, window)

    def _judged(self, parts: tuple[Outage, ...]) -> Iterator[Episode]:
        """F6; what outlasts the ancestor's end is judged anew from there."""
        residual = False
        while parts:
            start = parts[0].start
            above = highest(self._graph, self._state, self._item, start)
            if above is None:
                kind = _own_kind(parts[0], residual)
                own = Root(self._item, start, parts[-1].down_end, kind)
                yield Episode(self._item, start, parts[-1].down_end, own, parts)
                return
            root = above.root
            until = root.end if start < root.end else above.end  # behind a member that outlasted its own root a little
            members = tuple(part for part in parts if part.start < until)
            end = members[-1].down_end
            parts = parts[len(members) :]
            residual = self._outlasts(root, until, end)
            if residual:
                parts = (members[-1].since(until), *parts)
            yield Episode(self._item, start, until if residual else end, root, members)

    def _outlasts(self, root: Root, root_end: int, end: int) -> bool:
        """Still DOWN tol after the end of the ancestor's fault."""
        if root_end == FOREVER:
            return False
        until = root_end + self._tolerance(root.item)
        if end == FOREVER and until >= self._state.as_of:
            self._look_again(until)
            return False
        return end > until

    def _tolerance(self, ancestor: str) -> int:
        return tolerance(self._graph.items[ancestor].interval, self._graph.items[self._item].interval)

    def _look_again(self, at: int) -> None:
        """When `as_of` has passed that instant, the answer may be another."""
        heapq.heappush(self._state.again, (at, self._item))


def _out_edges(history: Sequence[Mark], as_of: int) -> Iterator[int]:
    """When it left service and came back, before `as_of`."""
    is_out = False
    for mark in history:
        if mark.at < as_of and (mark.state is Served.OUT) is not is_out:
            is_out = not is_out
            yield mark.at


def _own_kind(first: Outage, residual: bool) -> RootKind:
    if residual:
        return RootKind.RESIDUAL
    return RootKind.OVERRUN if first.exact else RootKind.FAULT
