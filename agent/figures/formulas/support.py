"""业务支撑率 (C4): systems and their demands, lines with traffic of busy hours and their quality, out of a store."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

from agent.figures.asked import Asked
from agent.figures.book import Body
from agent.figures.formulas.base import Formula, not_computable
from agent.figures.formulas.shares import figure_of, names_of
from agent.figures.tiers import judged, told
from agent.figures.traffic import DIRECTIONS, Held, Traffic, ended
from sla.bins import BIN_US, Busy, bin_start, counted, fuller, loads
from sla.indicators import Figure, Reason, Variation
from sla.model import Window
from sla.plans import Row
from sla.support import Limits, Line, Rates, System, quality, support
from sla.timeline import clip
from sla.verdict import Target
from sla.workdays import MissingYearError

_HUNDRED = 100
_MBPS = 1_000_000


def measure(asked: Asked, row: Row, _: Target) -> Figure:
    """Systems that are supported on every link they need, of all systems with or without a demand on file."""
    limits = _limits(row)
    systems = list(_systems(asked))
    try:
        busy = _busy(asked)
    except MissingYearError as exc:
        return not_computable(row, Reason("no_calendar", {"year": exc.year}))
    needed = dict.fromkeys(link for system in systems for link in system.links)
    known = dict(asked.book.held_in("links", asked.window.end - 1))
    lines = [_kept_line(asked, id_, busy) for id_ in needed if id_ in known]
    found = support(systems, lines, limits)
    parameters = {
        "utilisation_percent": str(limits.utilisation * _HUNDRED),
        "inside_percent": str(limits.inside * _HUNDRED),
        "busy_hours": "08:00-18:00",
        "tier_limits": told(asked),
    }
    figure = figure_of(row, found.headline, parameters=parameters, names=names_of(asked, "systems"))
    return replace(figure, beside=(Variation("n_minus_1", found.n_minus_1.low, found.n_minus_1.high),))


def _limits(row: Row) -> Limits:
    named = {"utilisation": "utilisation_percent", "inside": "inside_percent"}
    given = {name: Fraction(row.parameters[key], _HUNDRED) for name, key in named.items() if key in row.parameters}
    return Limits()._replace(**given)


def _systems(asked: Asked) -> Iterator[System]:
    """Business systems at the cut-off; common services are no demand of anybody's."""
    for id_, body in asked.book.held_in("systems", asked.window.end - 1):
        if body.get("class") != "common":
            demand = body.get("demand_mbps")
            rate = None if demand is None else ceil(Fraction(str(demand)) * _MBPS)  # a part of a bit asks for all of it
            yield System(id_, rate, tuple(str(link) for link in body.get("required_links") or ()))


def _busy(asked: Asked) -> list[Window]:
    """The busy hours that have come. Errors: MissingYearError."""
    window = ended(asked.window, asked.as_of)
    end = max(min(window.end, bin_start(window.end - 1) + 1), window.start)  # no bin begins after it
    window = Window(window.start, end)
    key = "busy", str(asked.zone), window.start
    return asked.memo(key, end, (), lambda: list(asked.calendar.busy(window, asked.zone)))


def _kept_line(asked: Asked, id_: str, busy: Sequence[Window]) -> Line:
    """A line by the bins that have ended; it is another one when a bin ends, or something is heard of it."""
    ends = (
        end.component
        for held in Traffic(asked.reader, asked.book).held(id_, asked.window)
        for way in DIRECTIONS
        for end in held.ends[way]
    )
    parts = sorted({id_, *asked.known.evidence_of(id_), *ends})
    end = busy[-1].end + BIN_US if busy else 0
    return asked.memo(("line", id_, asked.window.start), end, parts, lambda: _line(asked, id_, busy))


def _line(asked: Asked, id_: str, busy: Sequence[Window]) -> Line:
    traffic = Traffic(asked.reader, asked.book)
    held = traffic.held(id_, asked.window)
    bins = counted([Busy(_common(each.window, hours), each.contracted) for each in held for hours in busy])
    body = asked.book.at(id_, asked.window.end - 1)
    return Line(
        id=id_,
        contracted=floor(Fraction(str(body["contracted_mbps"])) * _MBPS),
        group=_group(body),
        busy=bins,
        ways=(_way(traffic, held, DIRECTIONS[0], bins), _way(traffic, held, DIRECTIONS[1], bins)),
        quality=quality(clip(asked.known.served(id_), asked.window), judged(asked, id_), bins),
    )


def _way(traffic: Traffic, held: Sequence[Held], direction: str, bins: dict[int, int]) -> Rates:
    """Bits per second of one direction, in the busy bins that are known; of two ends the fuller."""
    found: dict[int, Fraction] = {}
    for each in held:
        for end in each.ends[direction]:
            seen = traffic.bins(end.component, each.window)
            found = fuller(found, loads(seen, bins, outward=end.outward))
    return {start: load * bins[start] for start, load in found.items()}


def _common(one: Window, other: Window) -> Window:
    start = max(one.start, other.start)
    return Window(start, max(start, min(one.end, other.end)))


SUPPORT = Formula("bandwidth_support", measure, parameters=("utilisation_percent", "inside_percent"))


def _group(body: Body) -> str:
    """Lines carry for each other only to the same site, whatever a group of another site is called."""
    name = str(body.get("redundancy_group") or "")
    return f"{body['b_site']}/{name}" if name else ""
