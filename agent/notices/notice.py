"""One message about one fault, as every way out gets it and as it is kept until it has left."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Sort(StrEnum):
    """What is said."""

    OPENED = "opened"
    REOPENED = "reopened"
    CLOCK = "clock"
    LATE = "late"
    REPEAT = "repeat"
    RESTORED = "restored"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"
    JOINED = "joined"
    VOID = "void"
    MANY = "many"
    ISOLATED = "isolated"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Units: microseconds UTC. Shape: `id` stays the same however often it is sent, so a receiver can tell.

    `of` is the fault that it joined, the sort of which there are many, or the plane. `restored` also ends an isolation.
    """

    id: str
    sort: Sort
    at: int
    fault: str = ""
    root: str = ""
    name: str = ""
    role: str = ""
    priority: str = "P4"
    site: str = ""
    county: str = ""
    county_name: str = ""
    carrier: str = ""
    responsible_unit: str = ""
    start: int = 0
    restored: int | None = None
    deadline: int = 0
    outcome: str = ""
    members: int = 0
    of: str = ""
    count: int = 1
    examples: tuple[str, ...] = ()
    vantage: str = ""
    simulated: bool = False

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def from_plain(body: dict[str, Any]) -> Notice:
    """The same again. Errors: TypeError, ValueError, KeyError if it is none of this version."""
    return Notice(**{**body, "sort": Sort(body["sort"]), "examples": tuple(body["examples"])})
