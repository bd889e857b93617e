"""Coverage: which units of the division register were seen on the network before the cut-off (C1-C3).

A unit in a list is a claim. It is covered by what answered at one of its accepted sites in the 168 h before the
cut-off, and the claim stands beside the figure with the names that make the difference.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeVar

from sla.shares import Ids, Share, share

WITHIN_US = 168 * 3_600_000_000
"""How old an ok reading may be: a unit down on the cut-off day is covered, one silent for longer is not (C3)."""

LEVELS = ("city", "county", "township", "village")
ZONE = "zone"


class Status(StrEnum):
    """What a unit is (C2); each is exactly one."""

    VERIFIED = "verified"
    STALE = "stale"
    UNMEASURED = "unmeasured"
    UNDECLARED = "undeclared"
    NONE = "none"


CLAIMED = (Status.VERIFIED, Status.STALE, Status.UNMEASURED)
"""Those with an accepted site."""


class Unit(NamedTuple):
    """A row of the division register as it holds in the last instant before the cut-off (C1).

    `counts` is the decision on it, None where nobody decided: then a zone does not count and everything else does.
    """

    id: str
    level: str
    counts: bool | None = None

    @property
    def is_counted(self) -> bool:
        """Whether it is in the denominator."""
        return self.level != ZONE if self.counts is None else self.counts


class Site(NamedTuple):
    """A site in service in the last instant before the cut-off. Units: microseconds UTC; `accepted` None: never."""

    id: str
    unit: str
    accepted: int | None


class Claims(NamedTuple):
    """What the register says of identities in the last instant before the cut-off (C2).

    Shape: `owners` has the site that names an identity; it speaks for that site's unit alone. `repeating` are those
    that several units have by decision, such as a wildcard certificate: they tell no unit from another and are not
    compared.
    """

    owners: Mapping[str, str] = {}
    repeating: Collection[str] = ()


NO_CLAIMS = Claims()


class Sighting(NamedTuple):
    """What the record says of one target of a site on the right plane. Units: microseconds UTC.

    Shape: `ok` and `failed` are starts of readings that the record proves, the last of each before the cut-off, None
    for none. `maybe_ok` is true where it cannot rule out an ok reading in those 168 h that it does not prove. `days`
    are the ordinals of the days on which an ok reading is proven. `identities` are what the target was reached by or
    said of itself in those 168 h: its address, engine ids, certificates.
    """

    target: str
    site: str
    ok: int | None
    failed: int | None
    maybe_ok: bool = False
    days: frozenset[int] = frozenset()
    identities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Coverage at one instant.

    Shape: `levels` has the share of each level that was asked for, `total` that of all of them; lists are by status,
    `beside` has `shared`: units at which an identity was seen that speaks for another unit, or for none, and
    `repeating`: units at which one was seen that may repeat by decision, and does. Which they are, and at which other
    units they were seen, say `shared_by` and `repeated_by` of each unit. `left_out` are units of these levels, and
    zones, that a decision keeps out of the denominator. `days` says on how many days each unit was verified (C3).
    `strays` are sites whose unit the register does not have at the cut-off.
    """

    total: Share
    levels: Mapping[str, Share]
    left_out: Ids
    counted_zones: Ids
    days: Mapping[str, int]
    strays: Ids
    shared_by: Mapping[str, Mapping[str, Ids]]
    repeated_by: Mapping[str, Mapping[str, Ids]]


def coverage(
    units: Iterable[Unit],
    sites: Iterable[Site],
    sightings: Iterable[Sighting],
    cut: int,
    *,
    levels: Collection[str] = LEVELS,
    claims: Claims = NO_CLAIMS,
) -> Coverage:
    """Coverage in the last instant before `cut`, of units of these levels.

    An identity that was seen behind several units speaks for the one whose site names it in `claims`, and for none
    where none does (C2). Zones that are counted by decision stand as a level of their own and in the total.
    Errors: ValueError for a unit or a site that comes twice.
    """
    register = _once(units, "unit")
    places = _once(sites, "site")
    mine = {unit.id: unit for unit in register.values() if unit.level in levels or unit.level == ZONE}
    seen = _evidence(list(sightings), places, claims)
    counted = [unit for unit in mine.values() if unit.is_counted]
    statuses = _statuses(counted, places.values(), seen, cut)
    asked = [level for level in (*LEVELS, ZONE) if any(unit.level == level for unit in counted) or level in levels]
    found = Coverage(
        total=_share(counted, statuses, seen),
        levels={level: _share([u for u in counted if u.level == level], statuses, seen) for level in asked},
        left_out=tuple(sorted(unit.id for unit in mine.values() if not unit.is_counted)),
        counted_zones=tuple(sorted(unit.id for unit in counted if unit.level == ZONE)),
        days={unit.id: len(seen.days.get(unit.id, ())) for unit in counted},
        strays=tuple(sorted(site.id for site in places.values() if site.unit not in register)),
        shared_by={unit.id: seen.shared[unit.id] for unit in counted if unit.id in seen.shared},
        repeated_by={unit.id: seen.repeated[unit.id] for unit in counted if unit.id in seen.repeated},
    )
    while seen.of:  # in small pieces: every other thread waits while one piece of memory is given back
        seen.of.popitem()
    return found


_Row = TypeVar("_Row", Unit, Site)


class _Evidence(NamedTuple):
    """Sightings that speak for a unit, by unit; by unit what others have too, with these others; days by unit."""

    of: dict[str, list[Sighting]]
    shared: Mapping[str, Mapping[str, Ids]]
    repeated: Mapping[str, Mapping[str, Ids]]
    days: Mapping[str, frozenset[int]]


def _evidence(sightings: Sequence[Sighting], sites: Mapping[str, Site], claims: Claims) -> _Evidence:
    """Who speaks for whom. What stands at no site in service speaks for nobody."""
    placed = [(each, sites[each.site].unit) for each in sightings if each.site in sites]
    behind = _behind(placed)
    of: dict[str, list[Sighting]] = {}
    shared: dict[str, dict[str, Ids]] = {}
    repeated: dict[str, dict[str, Ids]] = {}
    for each, unit in placed:
        common = {key: behind[key] for key in each.identities if key in behind}
        others = {key: tuple(sorted(units - {unit})) for key, units in common.items()}
        may = {key: ids for key, ids in others.items() if key in claims.repeating}
        alien = {key: others[key] for key in others.keys() - may.keys() if not _owns(claims, key, sites, unit)}
        if alien:
            shared.setdefault(unit, {}).update(alien)
        else:
            of.setdefault(unit, []).append(each)
        if may:
            repeated.setdefault(unit, {}).update(may)
    days = {unit: frozenset[int]().union(*(each.days for each in found)) for unit, found in of.items()}
    return _Evidence(of, shared, repeated, days)


def _behind(placed: Iterable[tuple[Sighting, str]]) -> dict[str, set[str]]:
    """The units behind which an identity was seen, of those that were seen behind several."""
    units: dict[str, set[str]] = {}
    for each, unit in placed:
        for identity in each.identities:
            units.setdefault(identity, set()).add(unit)
    return {identity: found for identity, found in units.items() if len(found) > 1}


def _owns(claims: Claims, identity: str, sites: Mapping[str, Site], unit: str) -> bool:
    site = sites.get(claims.owners.get(identity, ""))
    return site is not None and site.unit == unit


def _statuses(units: Iterable[Unit], sites: Iterable[Site], seen: _Evidence, cut: int) -> dict[str, Status]:
    """C2. A site accepted at the cut-off or after it is not accepted before it."""
    accepted: dict[str, set[str]] = {}
    for site in sites:
        if site.accepted is not None and site.accepted < cut:
            accepted.setdefault(site.unit, set()).add(site.id)
    return {unit.id: _status(accepted.get(unit.id, set()), seen.of.get(unit.id, ()), cut) for unit in units}


def _status(accepted: Collection[str], sightings: Iterable[Sighting], cut: int) -> Status:
    """Only what stands at an accepted site verifies; any of the unit's sites shows one that nobody declared."""
    found = list(sightings)
    if not accepted:
        return Status.UNDECLARED if any(_is_in(each.ok, cut) for each in found) else Status.NONE
    mine = [each for each in found if each.site in accepted]
    if any(_is_in(each.ok, cut) for each in mine):
        return Status.VERIFIED
    if any(_is_in(each.failed, cut) for each in mine) and not any(each.maybe_ok for each in mine):
        return Status.STALE
    return Status.UNMEASURED


def _is_in(at: int | None, cut: int) -> bool:
    """Whether a reading lies in [cut - 168 h, cut)."""
    return at is not None and cut - WITHIN_US <= at < cut


def _share(units: Sequence[Unit], statuses: Mapping[str, Status], seen: _Evidence) -> Share:
    lists: dict[str, list[str]] = {str(status): [] for status in Status}
    for unit in units:
        lists[statuses[unit.id]].append(unit.id)
    return share(
        lists,
        yes=[Status.VERIFIED],
        unknown=[Status.UNMEASURED],
        claimed=sum(len(lists[status]) for status in CLAIMED),
        beside={
            "shared": [unit.id for unit in units if unit.id in seen.shared],
            "repeating": [unit.id for unit in units if unit.id in seen.repeated],
        },
        why={unit.id: list(_why(seen, unit.id)) for unit in units},
    )


def _why(seen: _Evidence, unit: str) -> Iterator[str]:
    for identity, others in sorted(seen.shared.get(unit, {}).items()):
        yield f"{identity} is also at {', '.join(others)}"
    for identity, others in sorted(seen.repeated.get(unit, {}).items()):
        yield f"{identity} may repeat by decision and is also at {', '.join(others)}"


def _once(rows: Iterable[_Row], what: str) -> dict[str, _Row]:
    found: dict[str, _Row] = {}
    for row in rows:
        if found.setdefault(row.id, row) is not row:
            raise ValueError(f"got the {what} {row.id} twice, wanted it once")
    return found
