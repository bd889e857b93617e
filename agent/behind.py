"""Who stands behind what is DOWN: probed once and with a short timeout, so that nothing healthy waits (F7)."""

from collections.abc import Iterator, Mapping

from agent.faultkept import Kept
from agent.targets import Watched
from collectors.base import Target
from sla.confirm import FOREVER
from sla.ways import highest

BEHIND_TIMEOUT = 2.0
"""Seconds that a probe behind something DOWN may take (F7)."""


def behind(kept: Kept, watched: Mapping[str, Watched], now: int) -> Iterator[tuple[str, Target]]:
    """Targets all of whose ways are DOWN now, as they are probed then: once and with a short timeout (F7)."""
    blocked: dict[tuple[object, int], bool] = {}
    for id_ in _below_what_is_down(kept):
        one = watched.get(id_)
        if one is None:
            continue
        alike = tuple(kept.graph.ways_at(id_, now)), kept.graph.items[id_].interval
        if alike not in blocked:
            blocked[alike] = highest(kept.graph, kept.state, id_, now) is not None
        if blocked[alike]:
            yield id_, _short(one.target)


def _short(target: Target) -> Target:
    timeout = min(target.timeout_seconds, BEHIND_TIMEOUT)
    return Target(id=target.id, address=target.address, timeout_seconds=timeout, single_attempt=True)


def _below_what_is_down(kept: Kept) -> Iterator[str]:
    seen: set[str] = set()
    for item, episodes in kept.state.episodes.items():
        if episodes and episodes[-1].end == FOREVER and item in kept.graph.children:
            todo = list(kept.graph.children[item])
            while todo:
                child = todo.pop()
                if child not in seen:
                    seen.add(child)
                    yield child
                    todo += kept.graph.children.get(child, ())
