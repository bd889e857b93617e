"""What a number owes most to: the longest outages, gaps and exclusions, or the faults and objects that cost it."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.formulas.availability import platforms_of
from agent.figures.formulas.clearing import CLEARING, rated
from agent.instants import format_duration
from agent.language import N_, catalogue
from sla.confirm import FOREVER
from sla.faults import Fault, Outcome
from sla.indicators import Judged
from sla.model import State, Window
from sla.timeline import clip

LARGEST = 10
_GOOD = frozenset({"verified", "supported", "done", "used", "in_time"})

OUTAGE = N_("outage of %(id)s: %(time)s, from %(start)s to %(end)s")
GAP = N_("not known, %(id)s: %(time)s, from %(start)s to %(end)s (%(cause)s)")
EXCLUSION = N_("approved maintenance of %(id)s: %(time)s, from %(start)s to %(end)s; leaves the second variant only")
FAULT = N_("fault %(fault)s of %(id)s, %(outcome)s: %(time)s, from %(start)s to %(end)s")
BLIND = N_("vantage %(id)s saw nothing: %(time)s, from %(start)s to %(end)s")
OBJECT = N_("%(status)s: %(id)s")
OBJECT_WHY = N_("%(status)s: %(id)s (%(why)s)")
OPEN = N_("still open")

OUTCOMES = {
    Outcome.LATE: N_("later than 3 hours"),
    Outcome.UNDECIDED: N_("undecided"),
    Outcome.PENDING: N_("open, not rated yet"),
    Outcome.IN_TIME: N_("in time"),
}


class Contribution(NamedTuple):
    """One of them. Units: microseconds; `weight` puts them in order. Shape: `values` fill the places of `text`."""

    weight: int
    text: str
    values: dict[str, str]

    def words(self, language: str) -> str:
        """As a sentence."""
        say = catalogue(language).gettext
        translated = {name: say(value) if name in ("outcome", "end", "status") and value else value
                      for name, value in self.values.items()}  # fmt: skip
        return say(self.text) % translated


def largest(asked: Asked, judged: Judged, count: int = LARGEST) -> list[Contribution]:
    """The first ones, the heaviest first."""
    if judged.row.formula == "availability_composite":
        found = _of_time(asked, judged)
    elif judged.row.formula == CLEARING.name:
        found = _of_faults(asked, judged)
    else:
        return list(islice(_of_things(judged), count))
    return sorted(found, key=lambda each: (-each.weight, sorted(each.values.items())))[:count]


def _of_time(asked: Asked, judged: Judged) -> Iterator[Contribution]:
    """Outages, gaps and exclusions of the platforms that count."""
    for id_ in judged.row.scope.get("platforms") or platforms_of(asked):
        if not asked.known.has(id_):
            yield _piece(asked, GAP, id_, asked.window, cause="never")
            continue
        for span in clip(asked.known.served(id_), asked.window):
            window = Window(span.start, span.end)
            if span.state is State.DOWN:
                yield _piece(asked, OUTAGE, id_, window)
            elif span.state is State.UNKNOWN:
                yield _piece(asked, GAP, id_, window, cause=str(span.cause))
        for window in asked.known.excluded(id_):
            inside = Window(max(window.start, asked.window.start), min(window.end, asked.window.end))
            if inside.length > 0:
                yield _piece(asked, EXCLUSION, id_, inside)


def _of_faults(asked: Asked, judged: Judged) -> Iterator[Contribution]:
    found = rated(asked, judged.row, judged.target)
    for fault in found.faults:
        end = _end(fault, asked.as_of)
        extra = {"fault": fault.id, "outcome": OUTCOMES[fault.outcome]}
        made = _piece(asked, FAULT, fault.root, Window(fault.start, max(end, fault.start)), **extra)
        still = fault.restored is None and not fault.withdrawn and fault.ended == FOREVER
        yield made._replace(values=made.values | ({"end": OPEN} if still else {}))
    for gap in found.gaps:
        yield _piece(asked, BLIND, gap.vantage, gap.window)


def _end(fault: Fault, as_of: int) -> int:
    return min(fault.ended, as_of) if fault.restored is None else fault.restored[1]


def _of_things(judged: Judged) -> Iterator[Contribution]:
    """What is missing of the whole, one by one."""
    for status, ids in judged.figure.lists.items():
        for id_ in ids if status not in _GOOD else ():
            why = "; ".join(judged.figure.why.get(id_, ()))
            values = {"status": status, "id": id_} | ({"why": why} if why else {})
            yield Contribution(0, OBJECT_WHY if why else OBJECT, values)


def _piece(asked: Asked, text: str, id_: str, window: Window, **extra: str) -> Contribution:
    time: Callable[[int], str] = asked.time
    values = {"id": id_, "time": format_duration(window.length), "start": time(window.start), "end": time(window.end)}
    return Contribution(window.length, text, values | extra)
