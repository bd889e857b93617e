"""What a number rests on: which registers, which objects, and which of them have readings that matter."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.book import INLINE, MASTER
from agent.figures.formulas.availability import platforms_of
from agent.figures.formulas.clearing import RATED_ROLES
from agent.figures.formulas.coverage import COVERAGE
from agent.figures.topology import OWN
from sla.coverage import WITHIN_US
from sla.indicators import Judged
from sla.periods import to_datetime
from sla.plans import Row

TARGETS = ("targets", INLINE)
RECORDS: Mapping[str, str] = {
    "data_rectification": "data_issues",
    "security_rectification": "security_incidents",
    "measure": "measures",
    "measure_count": "measures",
}
COUNTED: Mapping[str, str] = {
    "private_networks": "private_networks",
    "extranet_integration": "sites",
    "cloud_integration": "platforms",
    "component_completion": "systems",
    "systems_connected": "systems",
    "component_use": "systems",
    "video_support": "video_demands",
    "bandwidth_support": "systems",
    "coverage": "divisions",
}
"""The register whose rows a share counts, by formula."""

_TOPOLOGY = ("redundant_time", "redundant_lines", "dual_stack_time")
EVENTS = ("clearing_rate",)


class Scope(NamedTuple):
    """Shape: `registers` are whole, or their rows of these ids; `objects` have timelines, `counted` a status.

    `days` are the first and the last day, as ordinals, whose sightings and identities are needed.
    """

    registers: Mapping[str, frozenset[str] | None]
    objects: frozenset[str]
    counted: Mapping[str, str]
    needs_bins: bool = False
    days: tuple[int, int] | None = None
    needs_calendar: bool = False


def scope_of(asked: Asked, row: Row, judged: Judged) -> Scope:
    """What the pack of a row has to have."""
    formula = row.formula
    if formula in RECORDS:
        return _of_records(asked, row, judged)
    if formula == "availability_composite":
        return _of_platforms(asked, row)
    if formula in (*EVENTS, *_TOPOLOGY):
        return _of_everything(asked, row)
    counted = _statuses(asked, COUNTED[formula], judged)
    if formula == COVERAGE.name:
        names = ("divisions", "sites", *TARGETS, "links", "identities")
        objects = frozenset(_measured_at_sites(asked))
        return Scope(dict.fromkeys(names), objects, counted, days=_week(asked))
    if formula == "bandwidth_support":
        needed = {str(link) for id_ in counted for link in _links(asked, id_)}
        return Scope(dict.fromkeys(("systems", "links")), _closed(asked, needed), counted, True, None, True)
    return Scope({COUNTED[formula]: None}, frozenset(), counted)


def _of_records(asked: Asked, row: Row, judged: Judged) -> Scope:
    register = RECORDS[row.formula]
    ids = asked.book.ids(register)
    if register == "measures":
        ids = [id_ for id_ in ids if asked.book.last(register, id_).get("indicator") == row.id]
    of_list = _listed(judged)
    counted = {id_: of_list.get(id_, "of another period, or not taken") for id_ in ids}
    return Scope({register: frozenset(ids)}, frozenset(), counted, needs_calendar=register != "measures")


def _of_platforms(asked: Asked, row: Row) -> Scope:
    """The platforms that count, and all that they are made of at any time."""
    ids = row.scope.get("platforms")
    mine = set(ids or platforms_of(asked))
    every = dict.fromkeys([*asked.book.ids("platforms"), *mine])
    counted = {id_: "counted" if id_ in mine else "another class of platform" for id_ in every}
    objects = _closed(asked, mine)
    book = asked.book
    rows = {register: frozenset(id_ for id_ in objects if book.versions(register, id_)) for register in MASTER}
    addresses = {book.latest(id_).get("address") for id_ in objects} - {None}
    for register in TARGETS:  # who has its address later says whether it was ever gone (M5)
        same = (id_ for id_ in book.ids(register) if book.latest(id_).get("address") in addresses)
        rows[register] |= frozenset(same)
    return Scope({**rows, "platforms": None, "components": None, "maintenance": None}, objects, counted)


def _of_everything(asked: Asked, row: Row) -> Scope:
    """Whatever may fail, since anything may stand behind anything."""
    names: dict[str, frozenset[str] | None] = dict.fromkeys((*MASTER, "divisions", "maintenance", "faults"))
    known = asked.known
    roles = row.scope.get("roles") or RATED_ROLES
    objects = [name for name in known.names if not name.startswith(OWN)]
    counted = {
        name: "counted" if known.topology.role(name) in roles else "another role"
        for name in objects
        if known.gate(name) is None
    }
    return Scope(names, frozenset(objects), counted)


def _statuses(asked: Asked, register: str, judged: Judged) -> dict[str, str]:
    """What each row of the counted register is, and why others are out."""
    of_list = _listed(judged)
    serving = {id_ for id_, _ in asked.book.held_in(register, asked.window.end - 1)}
    return {
        id_: of_list.get(id_, "not of this kind or level" if id_ in serving else "not in service at the cut-off")
        for id_ in asked.book.ids(register)
    }


def _listed(judged: Judged) -> dict[str, str]:
    """What each object counts as; what is said of it beside that comes after it."""
    found: dict[str, str] = {}
    for status, ids in judged.figure.lists.items():
        for id_ in ids:
            found.setdefault(id_, status)
    return found


def _links(asked: Asked, system: str) -> Iterable[object]:
    """Those that any row of a system ever named."""
    return [link for row in asked.book.versions("systems", system) for link in row.body.get("required_links") or ()]


def _measured_at_sites(asked: Asked) -> Iterator[str]:
    """Targets that stand at a site, lines, and the interfaces at their ends."""
    for register in TARGETS:
        yield from (id_ for id_, body in asked.book.held_in(register, asked.window.end - 1) if body.get("site_id"))
    for id_ in asked.book.ids("links"):
        yield from (id_, *asked.known.topology.interfaces(id_))


def _week(asked: Asked) -> tuple[int, int]:
    """The days of the 168 h before the cut-off; two more on either side, as a store's zone may be another."""
    cut = asked.window.end
    first, last = (to_datetime(at, asked.zone).date().toordinal() for at in (cut - WITHIN_US, cut))
    return first - 2, last + 2


def _closed(asked: Asked, ids: Iterable[str]) -> frozenset[str]:
    """These and all that they are made of."""
    found: set[str] = set()
    todo = list(ids)
    while todo:
        id_ = todo.pop()
        if id_ and id_ not in found:
            found.add(id_)
            todo += _made_of(asked, id_)
    return frozenset(found)


def _made_of(asked: Asked, id_: str) -> Iterator[str]:
    book, known = asked.book, asked.known
    register = book.register_of(id_)
    if register == "platforms":
        yield from (part for part in book.ids("components") if book.ever(part, "platform_id", id_))
    elif register == "components":
        yield from (str(row.body.get("member") or "") for row in book.versions("components", id_))
    elif register == "links":
        yield from known.topology.interfaces(id_)
    elif id_ in known.topology.sites and register in (None, "sites"):
        yield from (link for link in book.ids("links") if book.ever(link, "b_site", id_))
        yield from (node for node in book.ids(*TARGETS) if book.ever(node, "site_id", id_))
    if "#" in id_:
        yield id_.partition("#")[0]
