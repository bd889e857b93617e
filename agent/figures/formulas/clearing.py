"""The 3-hour rate of a plan's row (F4, F9-F12): the faults of its roles, our own gaps, and the rates beside it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.faults import BEFORE_US, Found
from agent.figures.formulas.base import Formula
from agent.figures.formulas.shares import listed
from agent.instants import format_duration
from sla.availability import Ratio
from sla.faults import LIMIT_US, Fault, Outcome
from sla.indicators import Figure, Reason, Variation
from sla.model import Window
from sla.plans import Row
from sla.rate import Gap, Rate, by_detection, rate
from sla.tally import ALL, GRAVE_ONLY, NO_OVERRUNS, NOT_SHORT, Place, Tally
from sla.verdict import Target

RATED_ROLES = ("core", "exit", "county_node", "node", "line", "platform", "component", "service")
"""F4, where a row names no roles: cameras, hosts and certificates have lists of their own."""


class Rated(NamedTuple):
    """The faults that a row counts, the gaps that bound their rate, the rate, and the one by the other clock."""

    faults: tuple[Fault, ...]
    gaps: tuple[Gap, ...]
    rate: Rate
    other: Rate | None


def rated(asked: Asked, row: Row, target: Target) -> Rated:
    """What a row counts of all faults (F4), with the gaps over roots in its scope (F11)."""
    roles = tuple(row.scope.get("roles") or RATED_ROLES)
    found = asked.found
    quality = found.quality if asked.plan.counts_quality else ()
    faults = tuple(fault for fault in (*found.faults, *quality) if fault.role in roles)
    gaps = tuple(gap for gap in found.gaps if _is_over_roots(asked, gap, roles))
    by_onset = _rate(asked, faults, gaps, target)
    if asked.plan.clocks == {"onset"}:
        return Rated(faults, gaps, by_onset, None)
    near = [fault for fault in found.derived.faults if fault.role in roles and _is_near(fault, asked.period)]
    moved = [_by_its_clock(asked, fault) for fault in near] + [fault for fault in quality if fault.role in roles]
    seen = tuple(fault for fault in moved if asked.period.start <= fault.start < asked.period.end)
    counted = _rate(asked, seen, gaps, target)
    return Rated(seen, gaps, counted, by_onset if asked.plan.clock != "onset" else None)


def _is_near(fault: Fault, period: Window) -> bool:
    """Its clock may begin in the period once it begins with the detection, which is never earlier than the onset."""
    return period.start - BEFORE_US <= fault.start < period.end


def _rate(asked: Asked, faults: Sequence[Fault], gaps: Sequence[Gap], target: Target) -> Rate:
    wanted = _wanted(target)
    return rate(faults, asked.period, None, gaps, wanted and wanted[0], target.strict)


def _by_its_clock(asked: Asked, fault: Fault) -> Fault:
    """Its clock is that in force at its onset, so that a change leaves no fault out and counts none twice (F2, V7)."""
    return _detected(asked, fault) if asked.plan.options_at(fault.start).clock != "onset" else fault


def _detected(asked: Asked, fault: Fault) -> Fault:
    return by_detection(fault, asked.faults.detected(fault), asked.as_of)


def _is_over_roots(asked: Asked, gap: Gap, roles: Sequence[str]) -> bool:
    """Whether the blind vantage looks at a root of these roles that was in service then."""
    return any(
        item.role in roles
        and (asked.book.latest(item.id.partition("#")[0]).get("vantage") or gap.vantage) == gap.vantage
        and _serves(asked.known.service(item.id), gap.window)
        for item in asked.known.topology.graph().items.values()
    )


def _serves(service: Sequence[Window], gap: Window) -> bool:
    return not service or any(each.start < gap.end and each.end > gap.start for each in service)


class Tallied(NamedTuple):
    """The faults that a row counts, as a tally, with the gaps that bound their rate and the rate by the other clock."""

    tally: Tally
    gaps: tuple[Gap, ...]
    other: Rate | None


def _tallied(asked: Asked, row: Row, target: Target) -> Tallied:
    """What is kept, where it has all that the row counts: by the first failed reading, and without quality faults."""
    roles = tuple(row.scope.get("roles") or RATED_ROLES)
    plan = asked.plan
    if asked.kept is not None and plan.clocks == {"onset"} and not plan.counts_quality:
        gaps = tuple(gap for gap in asked.gaps if _is_over_roots(asked, gap, roles))
        tally = asked.kept.tally(roles, asked.period, short_notice_excludes=plan.short_notice)
        return Tallied(tally, gaps, None)
    found, tally = rated(asked, row, target), Tally()
    for number, fault in enumerate(found.faults):
        tally.add(fault, Place((number, 0, "", 0), fault.id))
    return Tallied(tally, found.gaps, found.other)


def measure(asked: Asked, row: Row, target: Target) -> Figure:
    """In time / (in time + late + undecided), a late fault more for each gap that may hide one in `low`."""
    found = _tallied(asked, row, target)
    counted = found.tally.rate(ALL, asked.period, found.gaps, _wanted(target))
    return Figure(
        low=counted.low,
        high=counted.high,
        basis=row.basis,
        measured=counted.n > 0,
        late=counted.late,
        pending=counted.pending,
        misses_of=counted.n or None,
        parameters={
            "limit_seconds": LIMIT_US // 1_000_000,
            "clock": asked.plan.clock,
            "roles": list(row.scope.get("roles") or RATED_ROLES),
            "quality_faults": "counted" if asked.plan.counts_quality else "apart",
            "short_notice": "excludes" if asked.plan.short_notice_excludes else "no",
        },
        reasons=tuple(_reasons(asked, found, counted)),
        beside=tuple(_beside(asked, found)),
    )


def _wanted(target: Target) -> tuple[Ratio, bool] | None:
    return None if target.value is None or target.advisory else (target.ratio, target.strict)


def _beside(asked: Asked, found: Tallied) -> Iterator[Variation]:
    """The other clock, and of F9's rates those that leave something out; all of them stand in `faults report`."""
    if found.other is not None:
        yield Variation("onset", found.other.low, found.other.high)
    for group in (GRAVE_ONLY, *found.tally.evidence(), NOT_SHORT, NO_OVERRUNS):
        over = found.tally.rate(group, asked.period, found.gaps, None)
        yield Variation(group[1], over.low, over.high)


def _reasons(asked: Asked, found: Tallied, counted: Rate) -> Iterator[Reason]:
    begin, imported = asked.known.first_heartbeat, asked.reader.first_imported()
    if begin is None and imported is None:
        yield Reason("nothing_measured")
    elif not counted.n:
        yield Reason("no_fault")
    for outcome, code in ((Outcome.LATE, "late"), (Outcome.UNDECIDED, "undecided"), (Outcome.PENDING, "pending")):
        ids = found.tally.listed(outcome)
        if ids:
            yield Reason(code, {"n": len(ids), "ids": listed(ids)})
    for gap in found.gaps:
        values = {"vantage": gap.vantage, "start": asked.time(gap.window.start), "end": asked.time(gap.window.end)}
        yield Reason("gap", values | {"time": format_duration(gap.window.length)})
    if begin is not None and begin > asked.window.start and imported is None:
        yield Reason("measured_since", {"at": asked.time(begin)})


def narrowed(asked: Asked, row: Row) -> Found:
    """Only the faults and gaps that the row counts, with its rate and the misses it bears (F4)."""
    mine, found = rated(asked, row, row.target(asked.year)), asked.found
    roles = tuple(row.scope.get("roles") or RATED_ROLES)
    planned = tuple(each for each in found.planned if found.known.topology.role(each.root) in roles)
    return found._replace(faults=mine.faults, planned=planned, gaps=mine.gaps, rate=mine.rate)


CLEARING = Formula(
    "clearing_rate", measure, scope=("roles",), options=("clock", "short_notice_excludes", "counts_quality")
)
