"""The faults of a settled state: roots with their members, planned outages, and what the desk says (F1, F5, M4)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sla.collapse import State, settle
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
    of_episode,
    outcome_of,
    planned_of,
    priority,
)
from sla.model import Window
from sla.topology import Graph

NO_CAUSES: Mapping[str, str] = {}

_Key = tuple[str, int]
"""Item and start: what a fault's id is made of."""


class Derived(NamedTuple):
    """Everything at once. Shape: faults and planned by start; episodes by item; `unlinked` desk rows count nowhere."""

    faults: tuple[Fault, ...]
    planned: tuple[Planned, ...]
    episodes: Mapping[str, tuple[Episode, ...]]
    unlinked: tuple[DeskRow, ...]


def derive(  # noqa: PLR0913  # what is to be said, and of what
    graph: Graph,
    state: State,
    as_of: int,
    desk: Sequence[DeskRow] = (),
    places: Places = NO_PLACES,
    causes: Mapping[str, str] = NO_CAUSES,
    about: Window | None = None,
) -> Derived:
    """What is to be said at `as_of`. `causes` are recorded ones by fault id (F5).

    `about`: only faults that were not over before this window, nor began after it, are wanted; one that was over 24 h
    before it repeats in none of them. Where the desk has spoken all are made, for its words may be of any.
    """
    for _ in settle(graph, state, as_of):
        pass
    members = _members(state)
    roots = [episode for episodes in state.episodes.values() for episode in episodes if episode.is_root]
    wanted = [
        episode
        for episode in roots
        if episode.root.kind is not RootKind.PLANNED and (about is None or desk or _is_near(episode, about))
    ]
    found = _found(graph, state, wanted, members, as_of)
    listened = heard(found, desk, as_of)
    alone, unlinked = desk_faults(listened.unlinked, graph, state.histories, as_of)
    faults = _rated(graph, state, listened.faults, places)
    return Derived(
        faults=tuple(sorted((*_repeats(faults, causes), *alone), key=_order)),
        planned=tuple(
            sorted(
                planned_of(episode, members.get(_key(episode.root), ()))
                for episode in roots
                if episode.root.kind is RootKind.PLANNED
            )
        ),
        episodes={item: tuple(episodes) for item, episodes in state.episodes.items() if episodes},
        unlinked=tuple(unlinked),
    )


def _found(
    graph: Graph, state: State, episodes: Sequence[Episode], members: Mapping[_Key, tuple[str, ...]], as_of: int
) -> list[Fault]:
    """Their faults; of an episode that is still the one of the last look the same one, with its outcome of now."""
    made, before, found = {}, state.made, []
    for episode in episodes:
        key, role = _key(episode.root), graph.items[episode.item].role
        taken, kept = members.get(key, ()), before.get(key)
        if kept is not None and kept[0] is episode and kept[1].members == taken and kept[1].role == role:
            now = outcome_of(episode, as_of)
            if kept[1].outcome is not now:
                kept = (episode, replace(kept[1], outcome=now))
        else:
            kept = (episode, of_episode(episode, role, taken, as_of))
        made[key] = kept
        found.append(kept[1])
    state.made = made
    return found


def _is_near(episode: Episode, about: Window) -> bool:
    restored = episode.parts[-1].restored
    over = episode.end if restored is None else max(restored, episode.end)
    return episode.start < about.end and over >= about.start - REPEAT_US


def _members(state: State) -> dict[_Key, tuple[str, ...]]:
    """By root: every item that has an episode in the fault of another."""
    found: dict[Root, set[str]] = {}
    for item, episodes in state.episodes.items():
        for episode in episodes:
            if not episode.is_root:
                found.setdefault(episode.root, set()).add(item)
    return {_key(root): tuple(sorted(items)) for root, items in found.items()}


def _key(root: Root) -> _Key:
    return root.item, root.start


def _rated(graph: Graph, state: State, faults: Sequence[Fault], places: Places) -> list[Fault]:
    roles = {item.id: item.role for item in graph.items.values()}
    rated = ((fault, priority(fault, {*lines_down(state, fault, places)}, roles, places)) for fault in faults)
    return [fault if fault.priority == found else replace(fault, priority=found) for fault, found in rated]


def lines_down(state: State, fault: Fault, places: Places) -> Iterator[str]:
    """The other lines of the root's site that were down at some time of the fault."""
    site = places.site_of.get(fault.root)
    for line in places.lines_of.get(site, ()) if site is not None else ():
        episodes = state.episodes.get(line, ())
        if any(episode.start < fault.ended and fault.onset[1] < episode.end for episode in episodes):
            yield line


def _repeats(faults: Sequence[Fault], causes: Mapping[str, str]) -> Iterator[Fault]:
    last: dict[str, Fault] = {}
    for fault in sorted(faults, key=_order):
        repeat = is_repeat(last.get(fault.root), fault, causes)
        yield fault if fault.repeat == repeat else replace(fault, repeat=repeat)
        last[fault.root] = fault


def _order(fault: Fault) -> tuple[int, str]:
    return fault.start, fault.root
