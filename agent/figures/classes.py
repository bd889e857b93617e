"""Whose outage it was: its own, of something above it, planned, or of a target that was removed (A7, M4, M5)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from agent.figures.timelines import Timelines
from sla.faults import DeskRow
from sla.model import State, Window
from sla.outages import End
from sla.rootcause import Derived, Episode, begin, derive
from sla.timeline import Mark
from sla.topology import Graph


class Classes(NamedTuple):
    """The class of each outage of one id, by its onset."""

    by_onset: Mapping[int, str]

    def of(self, onset: int) -> str:
        """own, upstream, planned or withdrawn; an outage of a composite is its own."""
        return self.by_onset.get(onset, "own")


def derived(
    known: Timelines, failed: Mapping[str, Sequence[Mark]], desk: Sequence[DeskRow] = (), about: Window | None = None
) -> Derived:
    """The faults of items that were DOWN, by their histories, and of whatever they stand behind; `about` as `derive`.

    Of nearly every item of a city there is nothing to be said, and 43 000 histories were most of what a question cost.
    """
    graph = known.topology.graph()
    part = graph.part(with_ancestors(graph, [*failed, *(row.root for row in desk)]))
    histories = {id_: failed[id_] if id_ in failed else known.marks(id_) for id_ in part.items}
    planned = {id_: windows for id_ in part.items if (windows := known.planned(id_))}
    state = begin(part, histories, planned)
    return derive(part, state, known.until, desk, known.topology.places(), known.causes(), about)


def was_down(history: Iterable[Mark]) -> bool:
    """Whether there is an outage in it."""
    return any(mark.state is State.DOWN for mark in history)


def classes(known: Timelines, name: str) -> Classes:
    """The classes of an id's outages, as judged by today's knowledge."""
    if known.gate(name) is not None:
        return Classes({})
    name = known.topology.evidence(name)
    found = derived(known, {name: known.marks(name)})
    return Classes(
        {
            part.start: _class(episode)
            for episode in found.episodes.get(name, ())
            for part in episode.parts
            if not part.exact
        }
    )


def _class(episode: Episode) -> str:
    """Withdrawn where an outage of its own ended so (M5)."""
    if episode.kind == "own" and episode.parts[-1].end is End.WITHDRAWN:
        return "withdrawn"
    return episode.kind


def with_ancestors(graph: Graph, ids: Iterable[str]) -> set[str]:
    """These items of a graph and all that they stand behind."""
    found: set[str] = set()
    todo = [id_ for id_ in ids if id_ in graph]
    while todo:
        id_ = todo.pop()
        if id_ not in found:
            found.add(id_)
            todo += graph.parents(id_)
    return found
