"""Open faults whose lines of /metrics are written, and kept, together: of thousands nearly all are as they were.

A fault that a look found unchanged is the same object as before (`State.made`), so identity says what holds still.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nsmallest
from operator import is_

from agent.page import PIECE, Kept
from agent.whereabouts import Whereabouts
from sla.faults import Fault

OF_ONE, IN_ALL = 200, 5000
"""Members of one fault, and of all, that are named: an alert for each of 43 000 would help nobody."""

Taken = tuple[str, str, str, str, str]
"""What a fault has taken: the item, the fault, its root, the item's role, and whether it is root or member."""


class Part:
    """Some open faults, where they are, and what was written of them, by family."""

    __slots__ = ("faults", "kept", "where")

    def __init__(self, faults: Sequence[Fault], where: Whereabouts) -> None:
        self.faults = faults
        self.where = where
        self.kept: dict[str, Kept] = {}

    def holds(self, faults: Sequence[Fault], where: Whereabouts) -> bool:
        """Whether these are its faults, unchanged, and in the same places."""
        return self.where is where and len(self.faults) == len(faults) and all(map(is_, self.faults, faults))


def parted(faults: Sequence[Fault], where: Whereabouts, before: Sequence[Part]) -> list[Part]:
    """The same faults in parts, each that holds still as it was before."""
    found = list[Part]()
    for number, start in enumerate(range(0, len(faults), PIECE)):
        some = faults[start : start + PIECE]
        old = before[number] if number < len(before) else None
        found.append(old if old is not None and old.holds(some, where) else Part(some, where))
    return found


def taken(role: Callable[[str], str], faults: Iterable[Fault]) -> Iterator[Taken]:
    """What open faults have taken, each item once, the largest faults last: they leave the others room."""
    seen: set[str] = set()
    for fault in nsmallest(IN_ALL, faults, key=_members):  # there is no room for more
        for item in (fault.root, *fault.members[:OF_ONE]):
            if item not in seen and len(seen) < IN_ALL:
                seen.add(item)
                yield item, fault.id, fault.root, role(item), "root" if item == fault.root else "member"


def _members(fault: Fault) -> int:
    return len(fault.members)
