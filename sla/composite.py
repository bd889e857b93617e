"""What a composite was in, from the timelines of its members (A5, A6), and where windows exclude it (M3).

Three-valued (Kleene) logic: what an UNKNOWN member could still turn either way is UNKNOWN. One sweep over all
change points keeps a count of members per state, so its cost is that of sorting them, however many members there are.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from heapq import heappop, heappush
from itertools import groupby
from operator import itemgetter, or_
from typing import NamedTuple

from sla.model import Cause, Degraded, State, Window
from sla.timeline import Span, clip

ALL = 0
"""As `need`: all of the members that take part."""

Said = tuple[State, Degraded]
"""What is said of one instant: a state and, where DEGRADED, why."""

Member = tuple[Sequence[Span], Sequence[Window]]
"""A member's timeline, and the counting windows that exclude it, in any order."""

_KNOWN = (State.UP, State.DEGRADED, State.DOWN)
_NOT_WORKING = (State.DOWN, State.UNKNOWN)


class Gate(NamedTuple):
    """A composite: UP when `need` of its members are (ALL: each of them) (A5).

    Shape: members are ids, or gates inside (redundancy groups).
    """

    need: int
    members: tuple["str | Gate", ...]


def combine(need: int, members: Sequence[Sequence[Span]], window: Window) -> list[Span]:
    """`need` of the members, by Kleene logic (A5).

    Shape: a member's timeline is sorted and disjoint, what it leaves out of the window is UNKNOWN; the result covers
    the window exactly.
    Errors: ValueError for a negative need, or a window that ends before it starts.
    """
    return _sweep([members], window, lambda tallies: _kleene(need, tallies[0]))


def evaluate(gate: Gate, timeline_of: Callable[[str], Sequence[Span]], window: Window) -> list[Span]:
    """The gate's timeline, the gates inside first (A5). Shape, Errors: those of `combine`."""
    members = [
        evaluate(each, timeline_of, window) if isinstance(each, Gate) else timeline_of(each) for each in gate.members
    ]
    return combine(gate.need, members, window)


def state_now(gate: Gate, state_of: Callable[[str], Said]) -> Said:
    """The same logic at one instant (A5)."""
    said = (state_now(each, state_of) if isinstance(each, Gate) else state_of(each) for each in gate.members)
    return _kleene(gate.need, _Tally(said))


def line(evidence: Sequence[Sequence[Span]], window: Window) -> list[Span]:
    """A line by the evidence of that line only: any that fails is enough, UNKNOWN with none (A6).

    Shape: as `combine`; evidence that is OUT says nothing, so the line's own service dates are laid over by the caller.
    """
    return _sweep([evidence], window, lambda tallies: _line(tallies[0]))


def site(lines: Sequence[Sequence[Span]], answers: Sequence[Sequence[Span]], window: Window) -> list[Span]:
    """A site by its lines, and by what answers there, which proves the site and never a line (A6).

    Shape: as `combine`; answers are the timelines of the node targets that stand at the site. Where no line is in
    service the site is any of its answers; without anything to go by it is UNKNOWN.
    """
    return _sweep([lines, answers], window, lambda tallies: _site(*tallies))


def families(by_family: Sequence[Sequence[Span]], window: Window) -> list[Span]:
    """One target by its address families: any of them, DEGRADED where one is DOWN while another is up (S4)."""
    return _sweep([by_family], window, lambda tallies: _families(tallies[0]))


def redundancy_lost(timeline: Sequence[Span], window: Window) -> int:
    """How long it worked with a member DOWN (A6). Units: microseconds."""
    inside = (span for span in clip(timeline, window) if span.state is State.DEGRADED)
    return sum(span.length for span in inside if span.degraded & Degraded.REDUNDANCY)


def excluded(
    gate: Gate,
    own: Sequence[Window],
    timeline_of: Callable[[str], Sequence[Span]],
    excluded_of: Callable[[str], Sequence[Window]],
    window: Window,
) -> list[Window]:
    """Where counting windows exclude the composite (M3); a gate inside is a member under the same rule.

    Shape: own are the counting windows that name the composite itself, in any order; the result is sorted, disjoint
    and inside the window. For a member that is a composite, excluded_of gives what this function gave for it.
    """
    return _member(gate, own, timeline_of, excluded_of, window)[1]


def excluded_time(
    timeline: Sequence[Span], members: Sequence[Member], own: Sequence[Window], window: Window
) -> list[Window]:
    """M3 for any composite whose timeline is known; of a site the members are its lines, without lines its answers.

    Shape: as `excluded`. Where it is UNKNOWN although no member is DOWN or UNKNOWN, no member's window excludes it.
    """
    hurt: list[Window] = []
    unexcused: list[Window] = []
    for spans, windows in members:
        bad = _not_working(spans, window)
        hurt += bad
        unexcused += _without(bad, _union(windows, window))
    whole = _not_working(timeline, window)
    unhurt = _without(whole, _union(hurt, window))
    excused = _without(_without(whole, unhurt), _union(unexcused, window))
    return _union([*own, *excused], window)


class _Tally:
    """How many members are in each state at one instant, and why the DEGRADED ones are."""

    __slots__ = ("counts", "why")

    def __init__(self, said: Iterable[Said] = ()) -> None:
        self.counts = [0] * (max(State) + 1)
        self.why: Counter[Degraded] = Counter()
        for state, degraded in said:
            self.add(state, degraded)

    def add(self, state: State, degraded: Degraded, number: int = 1) -> None:
        self.counts[state] += number
        if state is State.DEGRADED:
            self.why[degraded] += number

    @property
    def up(self) -> int:
        return self.counts[State.UP] + self.counts[State.DEGRADED]

    @property
    def taking_part(self) -> int:
        return sum(self.counts) - self.counts[State.OUT]

    def is_empty(self) -> bool:
        return not any(self.counts)

    def reasons(self) -> Degraded:
        return reduce(or_, (reason for reason, number in self.why.items() if number), Degraded.NONE)


Judge = Callable[[Sequence[_Tally]], Said]


def _kleene(need: int, tally: _Tally) -> Said:
    if need < 0:
        raise ValueError(f"need: got {need}, wanted ALL (0) or how many members must be up")
    taking_part = tally.taking_part
    if not taking_part:
        return State.OUT, Degraded.NONE
    wanted = need or taking_part
    if tally.up >= wanted:
        return _working(tally)
    # With fewer members left than are wanted nobody can say what the missing ones would have done (A5).
    if taking_part < wanted or tally.up + tally.counts[State.UNKNOWN] >= wanted:
        return State.UNKNOWN, Degraded.NONE
    return State.DOWN, Degraded.NONE


def _working(tally: _Tally) -> Said:
    """It works; how well, says what its members lack."""
    flags = Degraded.REDUNDANCY if tally.counts[State.DOWN] else Degraded.NONE
    if tally.counts[State.DEGRADED]:
        flags |= Degraded.MEMBER
    return (State.DEGRADED if flags else State.UP), flags


def _line(tally: _Tally) -> Said:
    if tally.counts[State.DOWN]:
        return State.DOWN, Degraded.NONE
    if tally.counts[State.DEGRADED]:
        return State.DEGRADED, tally.reasons()
    return (State.UP if tally.up else State.UNKNOWN), Degraded.NONE


def _site(lines: _Tally, answers: _Tally) -> Said:
    if lines.is_empty() and answers.is_empty():
        return State.UNKNOWN, Degraded.NONE
    if not lines.taking_part:
        return _kleene(1, answers)
    return _working(lines) if answers.up else _kleene(1, lines)


def _families(tally: _Tally) -> Said:
    if tally.is_empty():
        return State.UNKNOWN, Degraded.NONE
    state, flags = _kleene(1, tally)
    if state is State.DEGRADED:  # the families are the target itself, so their reasons are its own
        flags = tally.reasons() | (Degraded.FAMILY if tally.counts[State.DOWN] else Degraded.NONE)
    return state, flags


class _Board:
    """What every member is in at the instant that the sweep has reached, counted by group."""

    __slots__ = ("_imported", "_now", "_tally_of", "_unknown", "tallies")

    def __init__(self, sizes: Sequence[int]) -> None:
        self.tallies = [_Tally() for _ in sizes]
        self._tally_of = [tally for tally, size in zip(self.tallies, sizes, strict=True) for _ in range(size)]
        self._now: list[Span | None] = [None] * sum(sizes)
        self._imported = 0
        self._unknown: list[int] = []  # a heap; members that are UNKNOWN no more leave it when they reach its top

    def put(self, member: int, span: Span) -> None:
        before = self._now[member]
        if before is not None:
            self._count(member, before, -1)
        self._now[member] = span
        self._count(member, span, 1)
        if span.state is State.UNKNOWN:
            heappush(self._unknown, member)

    def span(self, start: int, end: int, said: Said) -> Span:
        """What is said, with where it comes from."""
        state, degraded = said
        return Span(start, end, state, degraded, self._cause(state), self._imported > 0)

    def _count(self, member: int, span: Span, number: int) -> None:
        self._tally_of[member].add(span.state, span.degraded, number)
        if span.imported and span.state in _KNOWN:
            self._imported += number

    def _cause(self, state: State) -> Cause:
        if state is State.OUT:
            return Cause.NEVER
        if state is State.UNKNOWN:
            return self._first_unknown()
        return Cause.IMPORTED if self._imported else Cause.PROBE

    def _first_unknown(self) -> Cause:
        while self._unknown:
            span = self._now[self._unknown[0]]
            if span is not None and span.state is State.UNKNOWN:
                return span.cause
            heappop(self._unknown)
        return Cause.NO_READING  # too few members left, or none that could say anything


def _sweep(groups: Sequence[Sequence[Sequence[Span]]], window: Window, judge: Judge) -> list[Span]:
    if window.end < window.start:
        raise ValueError(f"window ends at {window.end}, before its start {window.start}")
    if not window.length:
        return []
    board = _Board([len(group) for group in groups])
    members = (member for group in groups for member in group)
    changes = sorted((span.start, index, span) for index, each in enumerate(members) for span in _filled(each, window))
    if not changes:
        return [board.span(*window, judge(board.tallies))]
    return list(_pieces(changes, board, window.end, judge))


def _pieces(changes: Sequence[tuple[int, int, Span]], board: _Board, end: int, judge: Judge) -> Iterator[Span]:
    """The result, neighbours that say the same made one."""
    said: Span | None = None
    for at, at_once in groupby(changes, key=itemgetter(0)):
        for _, member, span in at_once:
            board.put(member, span)
        now = board.span(at, end, judge(board.tallies))
        if said is None:
            said = now
        elif now[2:] != said[2:]:
            yield said._replace(end=at)
            said = now
    if said is not None:
        yield said


def _filled(timeline: Sequence[Span], window: Window) -> Iterator[Span]:
    """The timeline over all of the window, UNKNOWN where it says nothing."""
    at = window.start
    for span in clip(timeline, window):
        if span.start > at:
            yield Span(at, span.start, State.UNKNOWN)
        yield span
        at = span.end
    if at < window.end:
        yield Span(at, window.end, State.UNKNOWN)


def _member(
    gate: Gate,
    own: Sequence[Window],
    timeline_of: Callable[[str], Sequence[Span]],
    excluded_of: Callable[[str], Sequence[Window]],
    window: Window,
) -> tuple[list[Span], list[Window]]:
    """The gate as a member of the gate around it: its timeline, and where it is excluded."""
    members = [
        _member(each, (), timeline_of, excluded_of, window)
        if isinstance(each, Gate)
        else (timeline_of(each), excluded_of(each))
        for each in gate.members
    ]
    timeline = combine(gate.need, [each for each, _ in members], window)
    return timeline, excluded_time(timeline, members, own, window)


def _not_working(timeline: Sequence[Span], window: Window) -> list[Window]:
    bad = (Window(span.start, span.end) for span in _filled(timeline, window) if span.state in _NOT_WORKING)
    return _union(bad, window)


def _union(windows: Iterable[Window], window: Window) -> list[Window]:
    """Inside the window, merged where they meet or overlap (M2)."""
    merged: list[Window] = []
    for start, end in sorted(windows):
        low, high = max(start, window.start), min(end, window.end)
        if low >= high:
            continue
        if merged and low <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, high))
        else:
            merged.append(Window(low, high))
    return merged


def _without(base: Sequence[Window], cut: Sequence[Window]) -> list[Window]:
    """What the cut leaves of the base. Shape: both as `_union` makes them."""
    left: list[Window] = []
    index = 0
    for window in base:
        at = window.start
        while index < len(cut) and cut[index].start < window.end:
            if cut[index].start > at:
                left.append(Window(at, cut[index].start))
            at = max(at, cut[index].end)
            if cut[index].end > window.end:  # it may reach into the next window too
                break
            index += 1
        if at < window.end:
            left.append(Window(at, window.end))
    return left
