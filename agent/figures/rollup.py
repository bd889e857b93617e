"""A plan's indicators by county, township or responsible unit, and other cities' beside ours (V4).

Where a thing counts: by location where it stands (a fault where its root stands, a platform where all of its parts
do), by responsibility with the unit that its row names. What has neither is a part of its own, so that the parts
always make up the whole.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.book import Body
from agent.figures.definition import definition
from agent.figures.formulas.availability import AVAILABILITY, platforms_of
from agent.figures.formulas.clearing import CLEARING, RATED_ROLES, rated
from agent.figures.formulas.coverage import COVERAGE
from agent.figures.formulas.registers import EXTRANET, PRIVATE, items
from agent.figures.plan import PlanTables, Table
from agent.version import METHOD_VERSION
from sla.accepted import accepted
from sla.availability import Bounds, Parts, availability
from sla.faults import Fault
from sla.indicators import Judged
from sla.plans import Row
from sla.rate import rate
from sla.rollup import Part, Whole, roll_up
from sla.sums import group
from sla.verdict import PERCENT

LEVELS = ("province", "city", "county", "township", "village")
"""Of divisions, from the top."""

NOWHERE = ""
"""The part of what has no place, or no unit, on file."""


class By(StrEnum):
    """What a plan is broken down by."""

    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"
    UNIT = "responsible_unit"
    CITY = "city"


class Absent(StrEnum):
    """Why a row of the plan is not broken down."""

    NO_RATIO = "no_ratio"
    SPLIT = "split"
    NO_PLACE = "no_place"
    NOTHING = "nothing_on_file"


class Rolled(NamedTuple):
    """One indicator. Shape: several wholes only where definitions differ; none where it cannot be broken down so."""

    judged: Judged
    wholes: tuple[Whole, ...]

    def absent(self, by: By) -> Absent | None:
        """Why nothing is told of it; None where something is."""
        if self.wholes:
            return None
        if self.judged.row.unit != PERCENT:  # counts and scores are no ratios: their sum would say nothing
            return Absent.NO_RATIO
        if self.judged.parts:  # figures of different definitions are not added up (V7)
            return Absent.SPLIT
        if by is By.CITY or _maker(self.judged.row, by) is not None:
            return Absent.NOTHING
        return Absent.NO_PLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUp:
    """All of a plan's indicators by one thing. Shape: `names` of keys, where they have other ones."""

    table: Table
    by: By
    rows: tuple[Rolled, ...]
    names: Mapping[str, str]


def rolled_up(tables: PlanTables, asked: Asked, name: str, by: By) -> RollUp:
    """The whole plan broken down. Errors: UsageError, as the plan's table."""
    table = tables.table_of(asked, name)
    places = Places(asked, by)
    rows = [Rolled(judged, tuple(_wholes(asked, judged, places, name))) for judged in table.rows]
    return RollUp(table=table, by=by, rows=tuple(rows), names=places.names)


class Places:
    """Where things count, by the registers as they hold at the cut-off."""

    def __init__(self, asked: Asked, by: By) -> None:
        self.by, self._asked = by, asked
        self._cut = asked.window.end - 1
        self._divisions: dict[str, Body] = dict(asked.book.held_in("divisions", self._cut))
        self.names = {code: str(body.get("name") or code) for code, body in self._divisions.items()}

    @property
    def expected(self) -> list[str]:
        """The parts that there must be: of responsible units no register says which."""
        return [code for code, body in self._divisions.items() if body.get("level") == str(self.by)]

    def of_division(self, code: str) -> str:
        """The division of our level that one belongs to; itself where it stands above."""
        here = code
        while here in self._divisions and str(self._divisions[here].get("level")) != str(self.by):
            above = str(self._divisions[here].get("parent_code") or "")
            if not above or above not in self._divisions:
                return code
            here = above
        return here if here in self._divisions else NOWHERE

    def of(self, id_: str, at: int | None = None) -> str:
        """Where a target, a line, a site or a platform counts at an instant; by default at the cut-off."""
        book, target = self._asked.book, id_.partition("#")[0]
        body = book.at(target, self._cut if at is None else at)
        if self.by is By.UNIT:
            return str(body.get("responsible_unit") or NOWHERE)
        if target in self._asked.known.topology.platforms:
            found = {self.of(member) for member in self._members(target)}
            return found.pop() if len(found) == 1 else NOWHERE
        site = target if body.get("division_code") else str(body.get("b_site") or body.get("site_id") or "")
        code = book.at(site, self._cut if at is None else at).get("division_code") if site else None
        return self.of_division(str(code)) if code else NOWHERE

    def stand(self, roles: Sequence[str]) -> set[str]:
        """Where anything stands that may be a root of these roles: elsewhere nobody could see a fault."""
        graph = self._asked.known.topology.graph()
        return {self.of(item.id) for item in graph.items.values() if item.role in roles}

    def _members(self, platform: str) -> Iterator[str]:
        topology = self._asked.known.topology
        for id_ in self._asked.book.ids("components"):
            if self._asked.book.latest(id_).get("platform_id") == platform:
                yield topology.evidence(id_)


def _wholes(asked: Asked, judged: Judged, places: Places, period: str) -> Iterator[Whole]:
    if judged.row.unit != PERCENT or judged.parts:
        return
    if places.by is By.CITY:
        yield from _of_cities(asked, judged, places, period)
        return
    maker = _maker(judged.row, places.by)
    if maker is None:
        return
    parts, beyond = maker(asked, judged.row, judged, places)
    if parts:
        yield from roll_up(_in_order(parts, places), beyond=beyond)


def _in_order(parts: Mapping[str, Part], places: Places) -> list[Part]:
    """Those that must be there first, in the register's order; what has no place last."""
    order = {key: number for number, key in enumerate(places.expected)}
    return sorted(parts.values(), key=lambda part: (part.key == NOWHERE, order.get(part.key, len(order)), part.key))


Made = tuple[dict[str, Part], Bounds]
_NO_GAP = Bounds((0, 0), (0, 0))


def _by_fault(asked: Asked, row: Row, judged: Judged, places: Places) -> Made:
    """Each fault where its root stood when its clock began."""
    counted = rated(asked, row, judged.target)
    roles = tuple(row.scope.get("roles") or RATED_ROLES)
    found: dict[str, list[Fault]] = {key: [] for key in places.stand(roles)}
    for fault in counted.faults:
        found.setdefault(places.of(fault.root, fault.start), []).append(fault)
    parts = {key: Part(key, None) for key in places.expected}
    for key, faults in found.items():
        alone, seen = (rate(faults, asked.period, None, gaps, None) for gaps in ((), counted.gaps))
        parts[key] = Part(key, Bounds(alone.low, alone.high), widened=Bounds(seen.low, seen.high))
    hidden = counted.rate.low[1] - counted.rate.n
    return parts, Bounds((0, hidden), (0, 0))


def _by_platform(asked: Asked, row: Row, judged: Judged, places: Places) -> Made:
    """Each platform where its parts stand, or with its unit."""
    found: dict[str, dict[str, Parts]] = {}
    for id_ in row.scope.get("platforms") or platforms_of(asked):
        known, window = asked.known, asked.window
        served = (
            (known.of(id_), known.service(id_), window, known.excluded(id_)) if known.has(id_) else ([], [], window)
        )
        measured = availability(*served)
        own = measured.parts if str(asked.plan.variant) == "all_in" else measured.remaining
        found.setdefault(places.of(id_), {})[id_] = own
    return {key: Part(key, group(parts).bounds) for key, parts in found.items()}, _NO_GAP


def _by_unit(asked: Asked, row: Row, judged: Judged, places: Places) -> Made:
    """Each division in the one above it: the register is the whole, so none is missing."""
    network, levels = str(row.scope["network"]), [str(level) for level in row.scope["levels"]]
    share = asked.covered(network, levels).total
    return _by_status(share.lists, places.of_division, ("verified",), ("unmeasured",)), _NO_GAP


def _by_row(register: str) -> Callable[[Asked, Row, Judged, Places], Made]:
    """Each row of a register where its division is, or with its department."""
    steps = {"sites": EXTRANET, "private_networks": PRIVATE}[register]

    def made(asked: Asked, row: Row, judged: Judged, places: Places) -> Made:
        share = accepted(items(asked, steps), asked.window.end)

        def place(id_: str) -> str:
            body = asked.book.last(register, id_)
            if places.by is By.UNIT:
                return str(body.get("department") or body.get("responsible_unit") or NOWHERE)
            return places.of_division(str(body["division_code"])) if body.get("division_code") else NOWHERE

        return _by_status(share.lists, place, ("done",), ()), _NO_GAP

    return made


def _by_status(
    lists: Mapping[str, Sequence[str]], place: Callable[[str], str], yes: Sequence[str], maybe: Sequence[str]
) -> dict[str, Part]:
    counts: dict[str, list[int]] = {}
    for status, ids in lists.items():
        for id_ in ids:
            held = counts.setdefault(place(id_), [0, 0, 0])
            held[0] += status in yes
            held[1] += status in (*yes, *maybe)
            held[2] += 1
    return {key: Part(key, Bounds((low, whole), (high, whole))) for key, (low, high, whole) in counts.items()}


_MAKERS: Mapping[str, Callable[[Asked, Row, Judged, Places], Made]] = {
    CLEARING.name: _by_fault,
    AVAILABILITY.name: _by_platform,
    COVERAGE.name: _by_unit,
    "private_networks": _by_row("private_networks"),
    "extranet_integration": _by_row("sites"),
}


def _maker(row: Row, by: By) -> Callable[[Asked, Row, Judged, Places], Made] | None:
    """What breaks a formula down; divisions belong to no responsible unit."""
    return None if by is By.UNIT and row.formula == COVERAGE.name else _MAKERS.get(row.formula)


def _of_cities(asked: Asked, judged: Judged, places: Places, period: str) -> Iterator[Whole]:
    """Our own figure, and those that other cities sent; of a city that the register names and nobody sent, nothing."""
    figure, parts = judged.figure, {key: Part(key, None) for key in places.expected}
    own = next((code for code, name in places.names.items() if name.startswith(asked.plan.city_zh)), asked.plan.id)
    if figure.computable and figure.low is not None and figure.high is not None:
        parts[own] = Part(
            own, Bounds(figure.low, figure.high), f"{METHOD_VERSION}/{definition(asked.plan, judged.row)}"
        )
    for id_ in asked.book.ids("summaries"):
        body = asked.book.last("summaries", id_)
        if body.get("indicator") == judged.row.id and body.get("period") == period and str(body["who"]) != own:
            parts[str(body["who"])] = _told(body)
    yield from roll_up(_in_order(parts, places))


def _told(body: Body) -> Part:
    low = str(body.get("low") or f"{body['numerator']}/{body['denominator']}")
    bounds = Bounds(_pair(low), _pair(str(body["high"])))
    return Part(str(body["who"]), bounds, f"{body['method_version']}/{body['definition_digest']}")


def _pair(text: str) -> tuple[int, int]:
    n, _, d = text.partition("/")
    return int(n), int(d)
