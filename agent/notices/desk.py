"""What is said of faults, and when: pure, so that time can be anything.

One message a fault, not one a member. What is said stands in `told`, which is kept: after a restart nothing is said
twice, and what happened meanwhile is said once.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from agent.notices.notice import Notice, Sort

MOST = 5000
"""Faults that are followed at once; more wait until others have gone. So many are one message anyway."""

EXAMPLES = 5
LIMIT_US = 10_800_000_000


class Seen(NamedTuple):
    """A fault as the agent has it now. Units: microseconds. `restored` None: not confirmed."""

    id: str
    root: str
    role: str
    priority: str
    start: int
    restored: int | None
    is_open: bool
    withdrawn: bool
    outcome: str
    members: int


class Policy(NamedTuple):
    """When what is said. Units: microseconds."""

    wait: int
    clock: tuple[int, ...]
    repeat: int
    roles: frozenset[str]
    many: int
    is_night: Callable[[int], bool]


@dataclass(slots=True)
class Told:
    """What was said of one fault. `first` is when it was first seen here, `last` the last word about it."""

    seen: Seen
    first: int
    opened: bool = False
    stage: int = 0
    last: int = 0
    over: bool = False


class Now(NamedTuple):
    """What a look found. `became` says of a fault that is none any more: ("joined", holder), ("void", "") or None."""

    at: int
    faults: Sequence[Seen]
    isolated: Mapping[str, int]
    is_blind: Callable[[Seen], bool]
    in_doubt: bool
    became: Callable[[str], tuple[str, str] | None]


@dataclass(slots=True)
class Desk:
    """`looked_at` 0: never; then nothing that was over before is news."""

    told: dict[str, Told] = field(default_factory=dict)
    isolated: dict[str, int] = field(default_factory=dict)
    looked_at: int = 0

    def step(self, now: Now, policy: Policy) -> list[Notice]:
        """What is to be said now; afterwards it counts as said."""
        said = [*self._isolations(now), *self._faults(now, policy)]
        self.looked_at = max(now.at, self.looked_at)
        return list(_counted(said, policy.many, now.at))

    def _isolations(self, now: Now) -> Iterator[Notice]:
        """Nothing while it lasts: who cannot see may not be able to speak. Once when it is over."""
        for plane, since in now.isolated.items():
            self.isolated.setdefault(plane, since)
        for plane in [plane for plane in self.isolated if plane not in now.isolated]:
            since = self.isolated.pop(plane)
            id_ = f"isolated:{plane}:{since}"
            yield Notice(id=id_, sort=Sort.ISOLATED, at=now.at, of=plane, start=since, restored=now.at, priority="P1")

    def _faults(self, now: Now, policy: Policy) -> Iterator[Notice]:
        by_id = {seen.id: seen for seen in now.faults if seen.role in policy.roles}
        for seen in by_id.values():
            if now.is_blind(seen):
                continue
            if seen.is_open:
                yield from self._open(seen, now, policy)
            else:
                yield from self._over(seen, now)
        for id_ in [id_ for id_ in self.told if id_ not in by_id]:
            yield from self._gone(id_, now)

    def _open(self, seen: Seen, now: Now, policy: Policy) -> Iterator[Notice]:
        told = self.told.get(seen.id)
        if told is None:
            if len(self.told) >= MOST:
                return
            told = self.told[seen.id] = Told(seen, now.at)
        told.seen = seen
        if not told.opened:
            told.over = False
            if now.at - told.first >= policy.wait:
                told.opened, told.stage, told.last = True, _stage(seen, now, policy), now.at
                yield _notice(seen, Sort.OPENED, now.at)
        elif told.over:
            told.over, told.last = False, now.at
            yield _notice(seen, Sort.REOPENED, now.at)
        else:
            yield from _again(told, seen, now, policy)

    def _over(self, seen: Seen, now: Now) -> Iterator[Notice]:
        told = self.told.get(seen.id)
        if told is None:
            is_news = self.looked_at and (seen.restored or 0) > self.looked_at and len(self.told) < MOST
            if not is_news:
                return
            told = self.told[seen.id] = Told(seen, now.at)
        told.seen = seen
        if told.over:
            return
        sort = Sort.WITHDRAWN if seen.withdrawn else Sort.RESTORED
        told.over, told.last = True, now.at
        yield _notice(seen, sort if told.opened else Sort.PASSED, now.at)
        told.opened = True

    def _gone(self, id_: str, now: Now) -> Iterator[Notice]:
        """A fault of days ago, or one that is a fault no more: the latter is said if it was told."""
        told = self.told[id_]
        became = now.became(id_)
        if became is None and not told.over and now.at - told.last < LIMIT_US:
            return  # not recorded yet; or its role is told of no more
        del self.told[id_]
        if became is not None and told.opened and not told.over:
            sort = Sort.JOINED if became[0] == "joined" else Sort.VOID
            yield replace(_notice(told.seen, sort, now.at), of=became[1])


def _again(told: Told, seen: Seen, now: Now, policy: Policy) -> Iterator[Notice]:
    """The next step of its clock, or the same again after long silence. No deadline in doubt of the clock (T4)."""
    stage = told.stage if now.in_doubt else _stage(seen, now, policy)
    if stage > told.stage:
        told.stage, told.last = stage, now.at
        is_late = now.at - seen.start > LIMIT_US
        yield replace(_notice(seen, Sort.LATE if is_late else Sort.CLOCK, now.at), count=stage)
    elif policy.repeat and now.at - told.last >= policy.repeat and not policy.is_night(now.at):
        told.last = now.at
        yield _notice(seen, Sort.REPEAT, now.at)


def _stage(seen: Seen, now: Now, policy: Policy) -> int:
    """How many steps its clock has passed. The 3 hours themselves are in time (F3)."""
    age = now.at - seen.start
    return sum(age > step if step == LIMIT_US else age >= step for step in policy.clock)


def _notice(seen: Seen, sort: Sort, at: int) -> Notice:
    return Notice(
        id=f"{seen.id}:{sort}:{at}",
        sort=sort,
        at=at,
        fault=seen.id,
        root=seen.root,
        role=seen.role,
        priority=seen.priority,
        start=seen.start,
        restored=seen.restored,
        deadline=seen.start + LIMIT_US,
        outcome=seen.outcome,
        members=seen.members,
    )


def _counted(said: Iterable[Notice], many: int, at: int) -> Iterator[Notice]:
    """A storm becomes one message of each sort, with the gravest faults as examples."""
    by_sort: dict[Sort, list[Notice]] = defaultdict(list)
    for notice in said:
        by_sort[notice.sort].append(notice)
    for sort, found in by_sort.items():
        if len(found) <= many:
            yield from found
            continue
        found.sort(key=lambda notice: (notice.priority, -notice.members))
        yield Notice(
            id=f"many:{sort}:{at}",
            sort=Sort.MANY,
            at=at,
            of=sort,
            count=len(found),
            priority=found[0].priority,
            examples=tuple(notice.root for notice in found[:EXAMPLES]),
            start=min(notice.start for notice in found),
        )
