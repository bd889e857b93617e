"""The faults of a settled state: roots with their members, planned outages, and what the desk says (F1, F5, M4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import NamedTuple

from sla.collapse import PAUSE_EVERY, Made, State, settle
from sla.desk import desk_faults, heard
from sla.episodes import Episode, Root, RootKind
from sla.faults import (
    NO_PLACES,
    REPEAT_US,
    DeskRow,
    Fault,
    Places,
    Planned,
    is_repeat,
    may_be_late,
    of_episode,
    outcome_of,
    planned_of,
    priority,
)
from sla.model import Window
from sla.topology import Graph

NO_CAUSES: Mapping[str, str] = {}
_NO_LINES: Set[str] = frozenset()

_Key = tuple[int, str]
"""Start and item: what a fault's id is made of, in the order of faults."""


class Derived(NamedTuple):
    """Everything at once. Shape: faults and planned by start; episodes by item; `unlinked` desk rows count nowhere."""

    faults: tuple[Fault, ...]
    planned: tuple[Planned, ...]
    episodes: Mapping[str, Sequence[Episode]]
    unlinked: tuple[DeskRow, ...]


def _never() -> None:
    """Nobody else needs the time."""


def derive(  # noqa: PLR0913  # what is to be said, and of what
    graph: Graph,
    state: State,
    as_of: int,
    desk: Sequence[DeskRow] = (),
    places: Places = NO_PLACES,
    causes: Mapping[str, str] = NO_CAUSES,
    about: Window | None = None,
    pause: Callable[[], None] = _never,
) -> Derived:
    """What is to be said at `as_of`. `causes` are recorded ones by fault id (F5).

    `about`: only faults that were not over before this window, nor began after it, are wanted; one that was over 24 h
    before it repeats in none of them. Where the desk has spoken all are made, for its words may be of any.
    `pause`: called every so many faults.
    """
    for _ in settle(graph, state, as_of):
        pass
    roots, planned, members = _sorted_out(state)
    if about is not None and not desk:
        roots = {key: episode for key, episode in roots.items() if _is_near(episode, about)}
    found = _found(_Rating(graph, state, places), roots, members, as_of, pause)
    listened = heard(found, desk, as_of)
    alone, unlinked = desk_faults(listened.unlinked, graph, state.histories, as_of)
    told = sorted(listened.faults, key=_order) if desk else listened.faults  # else they are in order already
    faults = list(_repeats(told, causes))
    return Derived(
        faults=tuple(sorted((*faults, *alone), key=_order) if alone else faults),
        planned=tuple(sorted(planned_of(episode, members.get(_key(episode.root), ())) for episode in planned)),
        episodes=dict(state.episodes),
        unlinked=tuple(unlinked),
    )


def _sorted_out(state: State) -> tuple[dict[_Key, Episode], list[Episode], dict[_Key, tuple[str, ...]]]:
    """The faults' own episodes by root, planned ones, and by root all items with an episode in the fault of another."""
    roots: dict[_Key, Episode] = {}
    planned: list[Episode] = []
    found: dict[Root, set[str]] = {}
    for item, episodes in state.episodes.items():
        for episode in episodes:
            if not episode.is_root:
                found.setdefault(episode.root, set()).add(item)
            elif episode.root.kind is RootKind.PLANNED:
                planned.append(episode)
            else:
                roots[episode.start, item] = episode
    return roots, planned, {_key(root): tuple(sorted(items)) for root, items in found.items()}


def _found(
    rating: "_Rating",
    roots: Mapping[_Key, Episode],
    members: Mapping[_Key, tuple[str, ...]],
    as_of: int,
    pause: Callable[[], None],
) -> list[Fault]:
    """Their faults by start; of an episode that is still the one of the last look the same, with its outcome of now."""
    before, made, found = rating.state.made, dict[_Key, Made](), []
    for number, key in enumerate(_in_order(roots, before), start=1):
        if number % PAUSE_EVERY == 0:
            pause()
        episode, taken, kept = roots[key], members.get(key, ()), before.get(key)
        if kept is None or kept.episode is not episode or kept.fault.members != taken:
            kept = Made(
                episode, of_episode(episode, rating.graph.items[episode.item].role, taken, as_of), is_rated=False
            )
        elif may_be_late(kept.fault, as_of):
            kept = kept._replace(fault=replace(kept.fault, outcome=outcome_of(episode, as_of)))
        made[key] = kept if kept.is_rated and rating.holds else rating.rated(kept)
        found.append(made[key].fault)
    rating.state.made, rating.state.rated_by = made, rating.places
    return found


def _in_order(roots: Mapping[_Key, Episode], before: Mapping[_Key, object]) -> list[_Key]:
    """By start. Those of the last look come as they lay: tens of thousands sorted anew hold up every other thread."""
    known = [key for key in before if key in roots]
    return sorted((*known, *(key for key in roots if key not in before)))


def _is_near(episode: Episode, about: Window) -> bool:
    restored = episode.parts[-1].restored
    over = episode.end if restored is None else max(restored, episode.end)
    return episode.start < about.end and over >= about.start - REPEAT_US


def _key(root: Root) -> _Key:
    return root.start, root.item


class _Rating:
    """Priorities. `holds` says that what was rated for good before was rated by these places."""

    def __init__(self, graph: Graph, state: State, places: Places) -> None:
        self.graph, self.state, self.places = graph, state, places
        self.holds = state.rated_by is places
        self._roles: dict[str, str] = {}

    def rated(self, made: Made) -> Made:
        """With the priority of now; for good where the root's site has no lines, whose outages are others' (F1)."""
        fault, places = made.fault, self.places
        if not self._roles:
            self._roles = {item.id: item.role for item in self.graph.items.values()}
        has_lines = bool(places.lines_of.get(places.site_of.get(fault.root, "")))
        together = {*lines_down(self.state, fault, places)} if has_lines else _NO_LINES
        found = priority(fault, together, self._roles, places)
        fault = fault if fault.priority == found else replace(fault, priority=found)
        return Made(made.episode, fault, is_rated=not has_lines)


def lines_down(state: State, fault: Fault, places: Places) -> Iterator[str]:
    """The other lines of the root's site that were down at some time of the fault."""
    site = places.site_of.get(fault.root)
    for line in places.lines_of.get(site, ()) if site is not None else ():
        episodes = state.episodes.get(line, ())
        if any(episode.start < fault.ended and fault.onset[1] < episode.end for episode in episodes):
            yield line


def _repeats(faults: Iterable[Fault], causes: Mapping[str, str]) -> Iterator[Fault]:
    """Faults in their order, each with whether it is a repeat."""
    last: dict[str, Fault] = {}
    for fault in faults:
        repeat = is_repeat(last.get(fault.root), fault, causes)
        yield fault if fault.repeat == repeat else replace(fault, repeat=repeat)
        last[fault.root] = fault


def _order(fault: Fault) -> tuple[int, str]:
    return fault.start, fault.root
