"""The 3-hour rate of a plan's row (F4, F9-F12): the faults of its roles, our own gaps, and the rates beside it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.faults import Found
from agent.figures.formulas.base import Formula
from agent.figures.formulas.shares import listed
from agent.figures.report import rates
from agent.instants import format_duration
from sla.faults import LIMIT_US, Fault, Outcome
from sla.indicators import Figure, Reason, Variation
from sla.model import Window
from sla.plans import Row
from sla.rate import Gap, Rate, by_detection, rate
from sla.verdict import Target

RATED_ROLES = ("core", "exit", "county_node", "node", "line", "platform", "component", "service")
"""F4, where a row names no roles: cameras, hosts and certificates have lists of their own."""

_DETECTION_US = 7 * 86_400_000_000
"""Longer than any confirmation takes: three readings of at most a day's interval."""


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
    if asked.plan.clock == "onset":
        return Rated(faults, gaps, by_onset, None)
    near = [fault for fault in found.derived.faults if fault.role in roles and _is_near(fault, asked.period)]
    moved = [_detected(asked, fault) for fault in near] + [fault for fault in quality if fault.role in roles]
    seen = tuple(fault for fault in moved if asked.period.start <= fault.start < asked.period.end)
    return Rated(seen, gaps, _rate(asked, seen, gaps, target), by_onset)


def _is_near(fault: Fault, period: Window) -> bool:
    """Its clock may begin in the period once it begins with the detection, which is never earlier than the onset."""
    return period.start - _DETECTION_US <= fault.start < period.end


def _rate(asked: Asked, faults: Sequence[Fault], gaps: Sequence[Gap], target: Target) -> Rate:
    wanted = None if target.value is None or target.advisory else target.ratio
    return rate(faults, asked.period, None, gaps, wanted, target.strict)


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


def measure(asked: Asked, row: Row, target: Target) -> Figure:
    """In time / (in time + late + undecided), a late fault more for each gap that may hide one in `low`."""
    found = rated(asked, row, target)
    counted = found.rate
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
        },
        reasons=tuple(_reasons(asked, found)),
        beside=tuple(_beside(asked, found)),
    )


def _beside(asked: Asked, found: Rated) -> Iterator[Variation]:
    """The other clock, and of F9's rates those that leave something out; all of them stand in `faults report`."""
    if found.other is not None:
        yield Variation("onset", found.other.low, found.other.high)
    for each in rates(found.faults, asked.period, found.gaps, asked.book):
        if each.value in ("P1-P3", "5 min", "overruns") or each.name == "evidence":
            yield Variation(each.value, each.rate.low, each.rate.high)


def _reasons(asked: Asked, found: Rated) -> Iterator[Reason]:
    begin, imported = asked.known.first_heartbeat, asked.reader.first_imported()
    if begin is None and imported is None:
        yield Reason("nothing_measured")
    elif not found.rate.n:
        yield Reason("no_fault")
    for outcome, code in ((Outcome.LATE, "late"), (Outcome.UNDECIDED, "undecided"), (Outcome.PENDING, "pending")):
        faults = [fault for fault in found.faults if fault.outcome is outcome]
        if faults:
            yield Reason(code, {"n": len(faults), "ids": listed([fault.id for fault in faults])})
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


CLEARING = Formula("clearing_rate", measure, scope=("roles",))
