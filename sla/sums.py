"""Time by state of very many components at once: the same sums as availability, without spans (A1, A5).

A year of 43 000 targets is 1.7 million edges; what a population's figure needs of each of them is five integers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sla.availability import Bounds, Parts
from sla.model import State, Window
from sla.timeline import out_of_service

Turn = tuple[int, int, int]
"""An edge's instant, its state as stored, and the earliest instant that it may rewrite, in the order written."""

_UNKNOWN = int(State.UNKNOWN)
_OUT = int(State.OUT)


def parts(turns: Iterable[Turn], window: Window, until: int, service: Sequence[Window] = ()) -> Parts:
    """What a component was in, in a window of which nothing is known after `until`. Shape: service empty for always."""
    at, states = _standing(turns)
    if service:
        return _served(at, states, window, until, service)
    sums = [0] * 6
    _add(sums, at, states, window.start, window.end, until)
    return Parts(*sums[1:])


def _served(at: list[int], states: list[int], window: Window, until: int, service: Sequence[Window]) -> Parts:
    """The same outside the dates laid over it (A2)."""
    sums = [0] * 6
    begin = window.start
    for out in out_of_service(service, window):
        _add(sums, at, states, begin, out.start, until)
        sums[_OUT] += out.length
        begin = out.end
    _add(sums, at, states, begin, window.end, until)
    return Parts(*sums[1:])


def _standing(turns: Iterable[Turn]) -> tuple[list[int], list[int]]:
    """What stands of the turns: each cuts off all that was said from its time on (as sla.timeline.fold)."""
    at: list[int] = []
    states: list[int] = []
    last = None
    for when, state, floor in turns:
        start = when if when > floor else floor
        if last is not None and start <= last:
            while at and at[-1] >= start:
                at.pop()
                states.pop()
        at.append(start)
        states.append(state)
        last = start
    return at, states


def _add(sums: list[int], at: list[int], states: list[int], start: int, end: int, until: int) -> None:
    """Add the time of [start, end); before the first turn and from `until` on it is UNKNOWN."""
    known_end = min(end, max(until, start))
    began, state = start, _UNKNOWN
    for when, following in zip(at, states, strict=True):
        if when >= known_end:
            break
        if when > began:
            sums[state] += when - began
            began = when
        state = following
    sums[state] += max(known_end - began, 0)
    sums[_UNKNOWN] += max(end - known_end, 0)


class Group(NamedTuple):
    """Like things together: time-weighted sums, never an average, with the worst member beside them (A5)."""

    parts: Parts
    members: int
    worst: str | None

    @property
    def bounds(self) -> Bounds:
        """Unknown as down, unknown as up (A4)."""
        return self.parts.bounds()


def group(members: Mapping[str, Parts]) -> Group:
    """Sum them up; the worst is the one with the smallest low bound, the smallest id of several, in service at all."""
    sums = Parts(*(sum(column) for column in zip(*members.values(), strict=True))) if members else Parts(0, 0, 0, 0, 0)
    worst: str | None = None
    for name in sorted(members):
        if members[name].in_service and (worst is None or _is_worse(members[name], members[worst])):
            worst = name
    return Group(sums, len(members), worst)


def _is_worse(one: Parts, other: Parts) -> bool:
    (up, whole), (up_other, whole_other) = one.bounds().low, other.bounds().low
    return up * whole_other < up_other * whole
