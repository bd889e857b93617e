"""A second opinion on M4, M5, S8, F5, F6 and F10: slow, naive, written from the method's text alone.

Nothing is kept between questions and nothing is looked up cleverly: every outage of every item is asked, ancestors
first, what of all that is already known stood in its way. Nothing here imports the engine's reducer, and nothing in
the engine may import this. Times are integer microseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sla.model import Cause, State, Window
from sla.timeline import Mark

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
LIMIT = 3 * HOUR
NEVER = 1 << 62
"""The end of what has not ended."""

GOOD = (State.UP, State.DEGRADED)
OneWay = tuple[int, tuple[str, ...]]


@dataclass(frozen=True)
class Node:
    """An item: id, interval, and from when to when it is reached over which (need, members)."""

    id: str
    interval: int
    ways: tuple[tuple[Window, tuple[OneWay, ...]], ...] = ()


@dataclass(frozen=True)
class World:
    """All that is known at `as_of`."""

    nodes: tuple[Node, ...]
    histories: Mapping[str, Sequence[Mark]]
    planned: Mapping[str, Sequence[Window]]
    as_of: int

    def node(self, name: str) -> Node:
        return next(node for node in self.nodes if node.id == name)


@dataclass(frozen=True)
class Piece:
    """An outage, or what is left of one after a window or after the end of what it was a member of.

    `how` it ended: restored, withdrawn, open (DOWN now), unseen (UNKNOWN now), or cut (the rest is judged anew).
    """

    earliest: int | None
    first: int
    last_down: int
    end: int
    how: str
    overrun: bool = False
    residual: bool = False


@dataclass
class Episode:
    """Pieces that F5 makes one, or a planned outage; `boss` is the root's episode where it is a member."""

    item: str
    pieces: list[Piece]
    window: Window | None = None
    boss: "Episode | None" = None

    @property
    def start(self) -> int:
        return self.pieces[0].first

    @property
    def end(self) -> int:
        """Of what stands in the way: UNKNOWN after the last DOWN span is not DOWN."""
        return self.pieces[-1].last_down

    @property
    def root(self) -> "Episode":
        return self.boss or self


@dataclass(frozen=True)
class OracleFault:
    """What the rules say of one fault, as far as the forests compare it."""

    root: str
    start: int
    onset: tuple[int | None, int]
    restored: tuple[int, int] | None
    outcome: str
    members: tuple[str, ...]
    overrun: bool
    residual: bool
    repeat: bool
    withdrawn: bool


@dataclass(frozen=True)
class OraclePlanned:
    root: str
    onset: int
    restored: int | None
    members: tuple[str, ...]
    window: Window


@dataclass
class Verdicts:
    faults: list[OracleFault] = field(default_factory=list)
    planned: list[OraclePlanned] = field(default_factory=list)


# --- S8, M5: outages -------------------------------------------------------------------------------------------

Stretch = list[tuple[int, int, State, Cause]]


def stretches(marks: Sequence[Mark], as_of: int) -> list[tuple[Stretch, State | None]]:
    """The times that are only DOWN or UNKNOWN, and what ends each."""
    seen = [mark for mark in marks if mark.at < as_of]
    ends = [*(mark.at for mark in seen), as_of][1:]
    found: list[tuple[Stretch, State | None]] = [([], None)]
    for mark, end in zip(seen, ends, strict=False):
        if mark.state in GOOD or mark.state is State.OUT:
            found[-1] = (found[-1][0], mark.state)
            found.append(([], None))
        else:
            found[-1][0].append((mark.at, end, mark.state, mark.cause))
    return found


def outages(marks: Sequence[Mark], as_of: int) -> list[Piece]:
    """One for each stretch that is DOWN anywhere: nothing but UNKNOWN lies between its DOWN spans."""
    found = []
    for number, (stretch, ended_by) in enumerate(stretches(marks, as_of)):
        down = [i for i, (_, _, state, _) in enumerate(stretch) if state is State.DOWN]
        if not down:
            continue
        record_begins = number == 0
        before, after = stretch[: down[0]], stretch[down[-1] + 1 :]
        first, last_down = stretch[down[0]][0], stretch[down[-1]][1]
        gone = [at for at, _, _, cause in after if cause is Cause.WITHDRAWN]
        gone += [stretch[-1][1]] if ended_by is State.OUT else []
        if gone:
            end, how = gone[0], "withdrawn"
        elif ended_by is not None:
            end, how = stretch[-1][1], "restored"
        else:
            end, how = NEVER, "unseen" if after else "open"
        found.append(Piece(earliest_onset(before, first, record_begins), first, last_down, end, how))
    return found


def earliest_onset(before: Stretch, first: int, record_begins: bool) -> int | None:
    """F10: back to the start of the UNKNOWN right before; no bound where the record begins with it."""
    earliest = first
    for at, _, state, _ in reversed(before):
        if state is not State.UNKNOWN:
            return earliest
        earliest = at
    return None if record_begins else earliest


# --- M4, then F5 -----------------------------------------------------------------------------------------------


def planned_and_rest(piece: Piece, windows: Sequence[Window], as_of: int) -> tuple[Piece | None, Window, Piece | None]:
    """The planned part of an outage, its window, and the part that is none."""
    for window in windows:
        if window.start <= piece.first < window.end:
            if piece.end <= window.end and piece.how in ("restored", "withdrawn"):
                return piece, window, None
            inside = replace(piece, last_down=min(piece.last_down, window.end), end=window.end, how="cut")
            over = replace(piece, earliest=window.end, first=window.end, overrun=True)
            over = replace(over, last_down=max(piece.last_down, window.end))
            return inside, window, over if window.end < as_of else None
    return None, Window(0, 0), piece


def chains(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """F5: DOWN again within 10 min of a restoration is the same fault."""
    found: list[list[Piece]] = []
    for piece in pieces:
        last = found[-1][-1] if found else None
        again = last is not None and last.how == "restored" and piece.first - last.end <= 10 * MINUTE
        if again and not piece.overrun:
            found[-1].append(piece)
        else:
            found.append([piece])
    return found


# --- F6 --------------------------------------------------------------------------------------------------------


class Forest:
    """Judges one item after the other, ancestors first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.done: dict[str, list[Episode]] = {}
        while len(self.done) < len(world.nodes):
            for node in world.nodes:
                if node.id not in self.done and self.parents_ever(node) <= set(self.done):
                    self.done[node.id] = []
                    self.judge_item(node.id)

    def parents_ever(self, node: Node) -> set[str]:
        named = {m for _, ways in node.ways for _, members in ways for m in members}
        return named & {node.id for node in self.world.nodes}

    def judge_item(self, item: str) -> None:
        loose = []
        for outage in outages(self.world.histories.get(item, ()), self.world.as_of):
            inside, window, rest = planned_and_rest(outage, self.world.planned.get(item, ()), self.world.as_of)
            if inside:
                self.done[item].append(Episode(item, [inside], window))
            if rest:
                loose.append(rest)
        for chain in chains(loose):
            self.judge(item, chain)
        self.done[item].sort(key=lambda episode: (episode.start, episode.end))

    def judge(self, item: str, chain: list[Piece]) -> None:
        """A fault of its own, or a member up to the end of what it is a member of; then what is left, anew."""
        episode = Episode(item, chain)
        self.done[item].append(episode)
        chosen = self.highest_in_the_way(item, episode.start)
        if chosen is None:
            return None
        episode.boss = chosen.root
        tol = self.tol(chosen.root.item, item)
        end = chosen.root.end if episode.start < chosen.root.end else chosen.end  # it outlasts its root by tol at most
        for i, piece in enumerate(chain):
            if i and piece.first >= end:
                episode.pieces = chain[:i]
                return self.judge(item, chain[i:])
            if piece.last_down > end + tol:
                episode.pieces = [*chain[:i], replace(piece, last_down=end, end=end, how="cut")]
                rest = replace(piece, earliest=end, first=end, overrun=False, residual=True)
                return self.judge(item, [rest, *chain[i + 1 :]])
        return None

    def highest_in_the_way(self, item: str, o: int) -> Episode | None:
        down = {name: e for name in self.above(item, o) if (e := self.down_for(name, item, o)) is not None}
        if not self.cut_off(item, o, set(down)):
            return None
        alone = [name for name in down if self.cut_off(item, o, {name})]
        every = self.in_the_way(item, o, set(down))
        return down[min(alone or every, key=lambda name: (self.hops(name, o), -down[name].start, name))]

    def in_the_way(self, item: str, o: int, down: set[str]) -> set[str]:
        """All that is down on the ways of something cut off."""
        found: set[str] = set()
        for _, members in self.ways_at(item, o) if self.cut_off(item, o, down) else ():
            for member in members:
                found |= ({member} & down) | self.in_the_way(member, o, down)
        return found

    def down_for(self, ancestor: str, item: str, o: int) -> Episode | None:
        """Its first episode that the onset falls into, tol included."""
        for e in self.done[ancestor]:
            if e.start - self.tol(ancestor, item) <= o < e.end:
                return e
        return None

    def tol(self, parent: str, child: str) -> int:
        node = self.world.node
        return max(2 * node(parent).interval, 2 * node(child).interval, 180 * SECOND)

    def cut_off(self, item: str, o: int, down: set[str]) -> bool:
        ways = self.ways_at(item, o)
        return bool(ways) and all(self.blocked(way, o, down) for way in ways)

    def blocked(self, way: OneWay, o: int, down: set[str]) -> bool:
        need, members = way
        good = [m for m in members if m not in down and not self.cut_off(m, o, down)]
        return len(good) < need

    def ways_at(self, item: str, o: int) -> list[OneWay]:
        """Without members that are OUT or that nobody knows; of fewer than need all that are left are needed."""
        found = []
        for window, ways in self.world.node(item).ways:
            if window.start <= o < window.end:
                for need, members in ways:
                    left = tuple(m for m in members if m in self.done and not self.out(m, o))
                    if left:
                        found.append((min(need, len(left)), left))
        return found

    def out(self, item: str, o: int) -> bool:
        marks = self.world.histories.get(item, ())
        before = [m for m in marks if m.at <= o and m.at < self.world.as_of]
        return bool(before) and before[-1].state is State.OUT

    def above(self, item: str, o: int) -> set[str]:
        found: set[str] = set()
        for _, members in self.ways_at(item, o):
            for member in members:
                found |= {member} | self.above(member, o)
        return found

    def hops(self, item: str, o: int) -> int:
        """To the top, the shortest way."""
        ways = self.ways_at(item, o)
        return 1 + min(self.hops(m, o) for _, members in ways for m in members) if ways else 0


# --- F10 and what is listed ------------------------------------------------------------------------------------


def outcome(pieces: Sequence[Piece], as_of: int) -> str:
    head, last = pieces[0], pieces[-1]
    if last.how == "restored":
        longest = NEVER if head.earliest is None else last.end - head.earliest
        shortest = last.last_down - head.first
        return "in_time" if longest <= LIMIT else "late" if shortest > LIMIT else "undecided"
    if last.how == "withdrawn":
        return "late" if last.last_down - head.first > LIMIT else "undecided"
    if last.last_down - head.first > LIMIT:
        return "late"
    return "pending" if as_of - head.first <= LIMIT else "undecided"


def restored(pieces: Sequence[Piece]) -> tuple[int, int] | None:
    last = pieces[-1]
    return (last.last_down, last.end) if last.how == "restored" else None


def verdicts(world: World) -> Verdicts:
    forest = Forest(world)
    every = [e for episodes in forest.done.values() for e in episodes]
    found = Verdicts()
    for e in every:
        members = tuple(sorted({m.item for m in every if m.boss is e}))
        if e.boss is not None:
            continue
        if e.window is not None:
            back = e.pieces[0].end if e.pieces[0].how == "restored" else None
            found.planned.append(OraclePlanned(e.item, e.start, back, members, e.window))
        else:
            found.faults.append(_fault(e, members, every, world.as_of))
    return found


def _fault(e: Episode, members: tuple[str, ...], every: list[Episode], as_of: int) -> OracleFault:
    own = [o for o in every if o.item == e.item and o.boss is None and o.window is None and o.start < e.start]
    back = restored(max(own, key=lambda o: o.start).pieces) if own else None
    head = e.pieces[0]
    return OracleFault(
        root=e.item,
        start=e.start,
        onset=(head.earliest, head.first),
        restored=restored(e.pieces),
        outcome=outcome(e.pieces, as_of),
        members=members,
        overrun=head.overrun,
        residual=head.residual,
        repeat=back is not None and e.start - back[1] <= 24 * HOUR,
        withdrawn=e.pieces[-1].how == "withdrawn",
    )
