"""Time availability of platforms (A3-A5): the sum over all of them, each of them, and the worst one beside it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.figure import later
from agent.figures.formulas.base import Formula
from agent.instants import format_duration
from sla.availability import Availability, Bounds, Parts, availability
from sla.budget import Budget, Ends, Outlook, budget, ends
from sla.indicators import Figure, Reason, Variation
from sla.model import State, Window
from sla.plans import Row, Variant
from sla.sums import Group, group
from sla.timeline import Span, clip
from sla.verdict import AVAILABILITY_DECIMALS, Target

CITY_CLOUD, CLOUD = "city_cloud", "cloud"
"""Classes of platforms: the city's own, and those that are to be integrated into it (C6)."""


class Measured(NamedTuple):
    """One platform over the elapsed period, the figure with what was entered later, and the service still ahead."""

    id: str
    timeline: Sequence[Span]
    found: Availability
    second: Availability
    ahead: int

    def parts(self, variant: Variant) -> Parts:
        """Its time by state."""
        return self.found.parts if variant is Variant.ALL_IN else self.found.remaining


def measure(asked: Asked, row: Row, target: Target) -> Figure:
    """Σ (up + degraded) / Σ in service over the platforms of the row, all of them where it names none."""
    ids = row.scope.get("platforms") or platforms_of(asked)
    platforms = [_measured(asked, id_) for id_ in ids]
    variant = asked.plan.variant
    whole = group({each.id: each.parts(variant) for each in platforms})
    if not platforms:
        return Figure(low=(0, 0), high=(0, 0), basis=row.basis, reasons=(Reason("no_platform"),))
    ahead = sum(each.ahead for each in platforms)
    bounds, reach = whole.bounds, ends(whole.parts, ahead)
    spent = budget(whole.parts, ahead, target, asked.window.end)
    return Figure(
        low=bounds.low,
        high=bounds.high,
        best=reach.best if asked.running else bounds.high,
        worst=reach.worst if asked.running else bounds.low,
        basis=row.basis,
        decimals=AVAILABILITY_DECIMALS,
        timed=True,
        measured=bool(whole.parts.known),
        measured_share=(whole.parts.known, whole.parts.in_service),
        budget=spent,
        parameters={
            "variant": str(variant),
            "platforms": len(platforms),
            "composition": "A5",
            "short_notice": "excludes" if asked.plan.short_notice_excludes else "no",
        },
        reasons=tuple(_reasons(asked, platforms, whole, target, spent, reach)),
        beside=tuple(_beside(platforms, variant)),
    )


def platforms_of(asked: Asked) -> list[str]:
    """The platforms of the register that are the city's cloud; without one, all that are not to be integrated.

    One that was ever in the register counts for the time in which it was in service.
    """
    classed = {id_: asked.book.latest(id_).get("class") or "other" for id_ in asked.book.ids("platforms")}
    city = [id_ for id_, kind in classed.items() if kind == CITY_CLOUD]
    return city or [id_ for id_, kind in classed.items() if kind != CLOUD]


def _measured(asked: Asked, id_: str) -> Measured:
    known, window = asked.known, asked.window
    if not known.has(id_):  # a plan may name what no register has yet: all of its time is UNKNOWN
        nothing = availability([], [], window)
        return Measured(id_, [], nothing, nothing, asked.period.end - window.end)
    timeline, service, excluded = known.of(id_), known.service(id_), known.excluded(id_)
    found = availability(timeline, service, window, excluded)
    second = later(known, id_, window, found)
    rest = availability([], service, Window(window.end, asked.period.end))
    return Measured(id_, timeline, found, found if second is None else second.measured, rest.parts.in_service)


def _beside(platforms: Sequence[Measured], variant: Variant) -> Iterator[Variation]:
    """Both variants (A3), with later entries (A2), and each platform by itself."""
    for each in Variant:
        yield _variation(str(each), group({one.id: one.parts(each) for one in platforms}).bounds)
    if any(one.second is not one.found for one in platforms):
        seen = {one.id: one._replace(found=one.second).parts(variant) for one in platforms}
        yield _variation("later_entries", group(seen).bounds)
    for one in platforms:
        yield _variation(f"platform {one.id}", one.parts(variant).bounds())


def _variation(name: str, bounds: Bounds) -> Variation:
    return Variation(name, bounds.low, bounds.high)


def _reasons(
    asked: Asked, platforms: Sequence[Measured], whole: Group, target: Target, spent: Budget | None, reach: Ends
) -> Iterator[Reason]:
    if not whole.parts.known and whole.parts.in_service:
        yield Reason("nothing_measured")
    for one in platforms:
        if not asked.known.has(one.id):
            yield Reason("platform_unregistered", {"id": one.id})
        yield from _times(asked, one)
    if whole.worst is not None and len(platforms) > 1:
        yield Reason("worst_platform", {"id": whole.worst})
    out = whole.parts.out_of_service
    if out:
        yield Reason("out_of_service", {"time": format_duration(whole.parts.in_service)})
    sources = [sum(getattr(one.found, name) for one in platforms) for name in ("probe", "imported")]
    if sources[1]:
        yield Reason("sources", {"probe": format_duration(sources[0]), "imported": format_duration(sources[1])})
    if spent is not None:
        yield from _budget(asked, spent, target, reach)


def _times(asked: Asked, one: Measured) -> Iterator[Reason]:
    """Which hours: how long it was not up or not known, and the longest piece of each."""
    for state, code in ((State.DOWN, "down_time"), (State.UNKNOWN, "unknown_time")):
        total = one.found.parts.down if state is State.DOWN else one.found.parts.unknown
        pieces = [span for span in clip(one.timeline, asked.window) if span.state is state]
        if total and pieces:
            longest = max(pieces, key=lambda span: span.length)
            edges = {"start": asked.time(longest.start), "end": asked.time(longest.end)}
            yield Reason(code, {"id": one.id, "time": format_duration(total), "pieces": len(pieces), **edges})
        elif total:
            yield Reason(f"{code}_all", {"id": one.id, "time": format_duration(total)})


def _budget(asked: Asked, spent: Budget, target: Target, reach: Ends) -> Iterator[Reason]:
    if not spent.allowed:
        if spent.spent:
            yield Reason("no_budget", {"spent": format_duration(spent.spent)})
        return
    values = {"allowed": format_duration(spent.allowed), "spent": format_duration(spent.spent)}
    if spent.left < 0:
        yield Reason("budget_gone", values | {"over": format_duration(-spent.left)})
    else:
        yield Reason("budget", values | {"left": format_duration(spent.left)})
    if not asked.running:
        return
    if spent.runs_out is not None and spent.left > 0:
        early = spent.runs_out < asked.period.end
        yield Reason("runs_out", {"at": asked.time(spent.runs_out)}) if early else Reason("lasts")
    yield Reason({Outlook.SECURED: "secured", Outlook.OPEN: "open", Outlook.LOST: "lost"}[reach.outlook(target)])


AVAILABILITY = Formula(
    "availability_composite", measure, scope=("platforms",), options=("variant", "short_notice_excludes")
)
