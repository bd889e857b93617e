"""What stands beside the rate (F9): by priority, unit, carrier and evidence, without short ones, without overruns."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from agent.figures.book import Book
from agent.figures.timelines import Timelines
from sla.availability import runs
from sla.clearing import Clearing, clearing
from sla.faults import Fault
from sla.model import State, Window
from sla.rate import Gap, Rate, rate
from sla.tally import GRAVE, is_short

LONG_US = 10_800_000_000


class Beside(NamedTuple):
    """One more rate: what it is over, in words, and its numbers."""

    name: str
    value: str
    rate: Rate


class Unknown(NamedTuple):
    """Imported time of a root in which it was UNKNOWN for more than 3 h in one piece. Units: microseconds."""

    root: str
    window: Window


class SiteOut(NamedTuple):
    """A site that had no service for more than 3 h in one piece. Units: microseconds."""

    site: str
    window: Window


def rates(faults: Sequence[Fault], period: Window, gaps: Sequence[Gap], book: Book) -> Iterator[Beside]:
    """Every rate beside the headline, in the order in which it is printed. Gaps of our own bound each of them (F11)."""

    def over(name: str, value: str, chosen: Sequence[Fault]) -> Beside:
        return Beside(name, value, rate(chosen, period, None, gaps, None))

    yield over("priority", "P1-P3", [fault for fault in faults if str(fault.priority) in GRAVE])
    for name, key in _keys(book).items():
        grouped: dict[str, list[Fault]] = {}
        for fault in faults:
            grouped.setdefault(key(fault), []).append(fault)
        for value in sorted(grouped):
            yield over(name, value or "-", grouped[value])
    yield over("without faults shorter than", "5 min", [fault for fault in faults if not is_short(fault)])
    yield over("without", "overruns", [fault for fault in faults if not fault.overrun])


def quality_rate(quality: Sequence[Fault], period: Window, gaps: Sequence[Gap]) -> Beside:
    """Quality faults are rated apart (F12)."""
    return Beside("quality", "faults", rate(quality, period, None, gaps, None))


def unknown_imports(known: Timelines, period: Window) -> Iterator[Unknown]:
    """What a late fault could hide in before the agent measured: listed, not counted (F11)."""
    until = known.until if known.first_heartbeat is None else min(known.first_heartbeat, known.until)
    inside = Window(period.start, min(period.end, until))
    for root in known.topology.members():
        marks = known.marks(root)
        if not marks:  # nothing was ever told of it
            continue
        ends = [*(mark.at for mark in marks[1:]), until]
        for mark, end in zip(marks, ends, strict=True):
            window = Window(max(mark.at, inside.start), min(end, inside.end))
            if mark.state is State.UNKNOWN and window.length > LONG_US:
                yield Unknown(root, window)


def clearing_of(faults: Sequence[Fault]) -> Clearing:
    """Median and p95 of the clearing times; of a restoration next to UNKNOWN the later instant counts (F10)."""
    return clearing([fault.restored[1] - fault.start for fault in faults if fault.restored is not None])


def sites_out(known: Timelines, period: Window) -> Iterator[SiteOut]:
    """Each site that was DOWN for more than 3 h in one piece, UNKNOWN between two spans included (S8)."""
    for site in known.topology.sites:
        for run, restored in runs(known.served(site)):
            end = run[-1].end if restored is None else min(run[-1].end, restored)
            if end - run[0].start > LONG_US and run[0].start < period.end and end > period.start:
                yield SiteOut(site, Window(run[0].start, end))


def _keys(book: Book) -> dict[str, Callable[[Fault], str]]:
    def column(name: str) -> Callable[[Fault], str]:
        return lambda fault: str(book.at(fault.root.partition("#")[0], fault.start).get(name) or "")

    return {
        "priority": lambda fault: str(fault.priority),
        "responsible_unit": column("responsible_unit"),
        "carrier": column("carrier"),
        "evidence": lambda fault: str(fault.source),
    }
