"""Faults: what the roots come to, with their clock and outcome (F1-F3, F10), and the priority that is computed (F1)."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sla.episodes import Episode, RootKind, fault_id
from sla.model import Window
from sla.outages import End, Outage

__all__ = ["LIMIT_US", "NO_PLACES", "Clock", "DeskRow", "Fault", "Outcome", "Places", "Planned", "fault_id", "outcome"]

LIMIT_US = 10_800_000_000
"""Three hours: in time is at most this (F3)."""

REPEAT_US = 86_400_000_000
"""The same root again within this of its restoration is a repeat (F5)."""


class Outcome(StrEnum):
    """How a fault stands to the 3-hour limit (F4, F10)."""

    IN_TIME = "in_time"
    LATE = "late"
    PENDING = "pending"
    UNDECIDED = "undecided"


class Clock(NamedTuple):
    """When the clock started: at `start`, or truly as early as `earliest`, None without bound (F2, F10)."""

    start: int
    earliest: int | None


class DeskRow(NamedTuple):
    """What the desk has recorded of a fault. Units: microseconds; None is not known."""

    id: str
    root: str
    reported: int
    onset: int | None = None
    acknowledged: int | None = None
    restored: int | None = None
    closed: int | None = None
    cause: str = ""
    role: str = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. Units: microseconds.

    Shape: `onset` and `restored` are intervals (F10): no bound where the record begins with UNKNOWN; None while no
    recovery is confirmed. `ended` is the end of the last DOWN span, FOREVER while open. `desk` are linked rows.
    """

    id: str
    root: str
    role: str
    start: int
    onset: tuple[int | None, int]
    restored: tuple[int, int] | None
    ended: int
    outcome: Outcome
    members: tuple[str, ...] = ()
    priority: str = "P3"
    overrun: bool = False
    residual: bool = False
    repeat: bool = False
    withdrawn: bool = False
    source: str = "probe"
    desk: tuple[DeskRow, ...] = ()


class Planned(NamedTuple):
    """An outage whose onset lies in a counting window of its own item: no fault (M4). Units: microseconds."""

    root: str
    onset: int
    restored: int | None
    members: tuple[str, ...]
    window: Window


def outcome(clock: Clock, parts: Sequence[Outage], as_of: int) -> Outcome:
    """Where the fault stands at `as_of`, by the shortest and the longest reading of its time (F3, F4, F10)."""
    last = parts[-1]
    if last.end is End.OPEN:
        return Outcome.LATE if as_of - clock.start > LIMIT_US else Outcome.PENDING
    if last.down_end - clock.start > LIMIT_US:
        return Outcome.LATE
    if last.end is End.WITHDRAWN:
        return Outcome.UNDECIDED
    if last.restored is None:
        return Outcome.PENDING if as_of - clock.start <= LIMIT_US else Outcome.UNDECIDED
    in_time = clock.earliest is not None and last.restored - clock.earliest <= LIMIT_US
    return Outcome.IN_TIME if in_time else Outcome.UNDECIDED


def restored(last: Outage, start: int) -> tuple[int, int] | None:
    """The first good reading, from the end of the last DOWN span on where UNKNOWN lies between (F10)."""
    return None if last.restored is None else (max(last.down_end, start), last.restored)


def outcome_of(episode: Episode, as_of: int) -> Outcome:
    """Where a root's episode stands at `as_of` (F4, F10)."""
    first = episode.parts[0]
    return outcome(Clock(first.start, first.earliest), episode.parts, as_of)


def of_episode(episode: Episode, role: str, members: tuple[str, ...], as_of: int) -> Fault:
    """A root's episode as a fault, before the desk is heard."""
    first, last = episode.parts[0], episode.parts[-1]
    return Fault(
        id=episode.root.id,
        root=episode.item,
        role=role,
        start=episode.start,
        onset=(first.earliest, first.start),
        restored=restored(last, episode.start),
        ended=last.down_end,
        outcome=outcome_of(episode, as_of),
        members=members,
        overrun=episode.root.kind is RootKind.OVERRUN,
        residual=episode.root.kind is RootKind.RESIDUAL,
        withdrawn=last.end is End.WITHDRAWN,
        source="imported" if first.imported else "probe",
    )


def planned_of(episode: Episode, members: tuple[str, ...]) -> Planned:
    """A planned outage; restored by its window's end, or not."""
    assert episode.window is not None
    (outage,) = episode.parts
    inside = outage.restored is not None and outage.restored <= episode.window.end
    return Planned(episode.item, episode.start, outage.restored if inside else None, members, episode.window)


def is_repeat(before: Fault | None, fault: Fault, causes: Mapping[str, str]) -> bool:
    """The same root again within 24 h, unless another cause is recorded (F5)."""
    if before is None or before.restored is None or fault.start - before.restored[1] > REPEAT_US:
        return False
    said, then = causes.get(fault.id), causes.get(before.id)
    return said is None or then is None or said == then


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What a fault's priority goes by. Shape: `site_of` an item, the lines of a site, which sites are counties'."""

    site_of: Mapping[str, str] = field(default_factory=dict)
    lines_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    counties: frozenset[str] = frozenset()
    sites: int = 0


NO_PLACES = Places()

_NODE_ROLES = frozenset({"core", "exit", "county_node", "node"})
_TOP_ROLES = frozenset({"core", "exit", "platform"})
_WIDE = (3, 10)
"""P1 from this share of all sites on."""


def priority(fault: Fault, together: Set[str], roles: Mapping[str, str], places: Places) -> str:
    """P1 to P3, or P4 where only redundancy is lost, by what it took (F1). `together`: lines down at the same time."""
    lost = _sites_lost({fault.root, *fault.members, *together}, roles, places)
    if fault.role in _TOP_ROLES or (lost and len(lost) * _WIDE[1] >= places.sites * _WIDE[0]):
        return "P1"
    if fault.role == "county_node" or lost & places.counties:
        return "P2"
    site = places.site_of.get(fault.root)
    return "P4" if fault.role == "line" and site is not None and site not in lost else "P3"


def _sites_lost(taken: Set[str], roles: Mapping[str, str], places: Places) -> frozenset[str]:
    """Sites without a line left, or without the node that stood there."""
    touched = {site for item in taken if (site := places.site_of.get(item)) is not None}
    return frozenset([site for site in touched if _is_lost(site, taken, roles, places)])


def _is_lost(site: str, taken: Set[str], roles: Mapping[str, str], places: Places) -> bool:
    lines = places.lines_of.get(site, ())
    if lines:
        return all(line in taken for line in lines)
    return any(roles.get(item) in _NODE_ROLES and places.site_of.get(item) == site for item in taken)


def may_change_by_itself(fault: Fault) -> bool:
    """Whether its outcome, and nothing else, may become another one only because time passes (F4, F10)."""
    return fault.restored is None and not fault.withdrawn


def may_be_late(fault: Fault, as_of: int) -> bool:
    """Whether its outcome may be another than it was, though its episode is the same: its 3 h ran out (F4, F10)."""
    return fault.outcome is Outcome.PENDING and as_of - fault.onset[1] > LIMIT_US


def is_open(fault: Fault) -> bool:
    """Neither restored nor withdrawn."""
    return fault.restored is None and not fault.withdrawn
