"""Figures of registers (C6): integration, completion, use and connection, by dated and accepted rows.

Which rows are counted goes by what held at the cut-off; what was accepted when, by today's knowledge (T3).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.figures.asked import Asked
from agent.figures.book import Body
from agent.figures.formulas.base import Formula
from agent.figures.formulas.shares import figure_of, names_of
from sla.accepted import Item, Use, accepted, used
from sla.coverage import WITHIN_US
from sla.indicators import Figure
from sla.model import State, Window
from sla.plans import Row
from sla.timeline import clip
from sla.verdict import Target

_WORKING = (State.UP, State.DEGRADED)


class Steps(NamedTuple):
    """What a row of a register must have to be done: dated steps, documents, and what may bear it out.

    Shape: the first date is the claim; `instead` names the document that makes up for the last date. `only` is a
    column with the value that a row must have to be counted at all, `has` a column that must not be empty.
    """

    register: str
    dates: tuple[str, ...]
    documents: tuple[str, ...]
    only: tuple[str, object] | None = None
    has: str = ""
    evidence: str = ""
    instead: str = ""

    def counts(self, body: Body) -> bool:
        """Whether a row is one of those that the figure is about."""
        if self.only is not None and (body.get(self.only[0]) or _DEFAULTS.get(self.only[0])) != self.only[1]:
            return False
        return not self.has or bool(body.get(self.has))


_DEFAULTS = {"class": "business", "to_integrate": False}
"""What an empty cell says."""

PRIVATE = Steps(
    "private_networks",
    ("migrated_on", "accepted_on", "old_line_closed_on"),
    ("acceptance_doc",),
    evidence="evidence",
    instead="old_line_doc",
)
EXTRANET = Steps("sites", ("integrated_on",), ("integration_doc",), only=("to_integrate", True))
CLOUDS = Steps("platforms", ("integrated_on",), ("integration_doc",), only=("class", "cloud"))
BUILT = Steps("systems", ("accepted_on",), ("acceptance_doc",), only=("class", "common"), has="planned_doc")
CONNECTED = Steps(
    "systems", ("connected_on",), ("connection_doc",), only=("class", "business"), evidence="exchange_target"
)


def items(asked: Asked, steps: Steps) -> Iterator[Item]:
    """The rows that a figure counts, as they stand at the cut-off."""
    cut = asked.window.end
    for id_, body in asked.book.held_in(steps.register, cut - 1):
        if not steps.counts(body):
            continue
        told = asked.book.known_of(steps.register, id_, cut - 1)
        dates = {name: _stamp(told, name) for name in steps.dates}
        if steps.instead and told.get(steps.instead):
            del dates[steps.dates[-1]]
        yield Item(
            id=id_,
            dates=dates,
            documents={name: str(told.get(name) or "") for name in steps.documents},
            exempt=str(body.get("exempt_doc") or ""),
            seen=seen(asked, str(told.get(steps.evidence) or "") if steps.evidence else ""),
        )


def _stamp(body: Body, name: str) -> int | None:
    at = body.get(name)
    return None if at is None else int(at)


def seen(asked: Asked, id_: str) -> bool | None:
    """Whether it answered in the 168 h before the cut-off; None where nothing is known of it."""
    if not id_ or not asked.known.has(id_):
        return None
    cut = asked.window.end
    states = {span.state for span in clip(asked.known.served(id_), Window(cut - WITHIN_US, cut))}
    return True if states & {*_WORKING} else False if State.DOWN in states else None


def measure_by(steps: Steps) -> Formula:
    """The formula of a register's figure."""

    def measure(asked: Asked, row: Row, _: Target) -> Figure:
        share = accepted(items(asked, steps), asked.window.end)
        read = {"dates": list(steps.dates), "documents": list(steps.documents)}
        return figure_of(row, share, parameters=read, names=names_of(asked, steps.register))

    return Formula(_NAMES[steps], measure)


_NAMES = {
    PRIVATE: "private_networks",
    EXTRANET: "extranet_integration",
    CLOUDS: "cloud_integration",
    BUILT: "component_completion",
    CONNECTED: "systems_connected",
}


def measure_use(asked: Asked, row: Row, _: Target) -> Figure:
    """Of the common services online at the cut-off, those that somebody else used in the period."""
    share = used(_uses(asked), asked.period, asked.window.end)
    return figure_of(row, share, parameters={"online_for_days": 0}, names=names_of(asked, "systems"))


def _uses(asked: Asked) -> Sequence[Use]:
    found = []
    for id_, body in asked.book.held_in("systems", asked.window.end - 1):
        if body.get("class") == "common":
            told = asked.book.known_of("systems", id_, asked.window.end - 1)
            stamps = _stamp(told, "online_on"), _stamp(told, "used_on")
            found.append(Use(id_, *stamps, str(told.get("usage_doc") or ""), str(body.get("exempt_doc") or "")))
    return found


USE = Formula("component_use", measure_use)
FORMULAS = (*map(measure_by, _NAMES), USE)
