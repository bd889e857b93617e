"""The page of one target or component: why it is in its state, its last day, its figures, its edges with proof."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.web import render
from agent.web.display import DAY_US, Display
from agent.web.figured import Figurer
from agent.web.panels import Freshness
from agent.web.shown import Shown, degraded_names
from sla.model import Edge, Outcome, Seen, State, Window

if TYPE_CHECKING:
    from agent.app import Agent

EDGES_MAX = 50
SPANS_MAX = 100
STRIP_WIDTH = 1340
TICK_HOURS = 2
NARROW_WIDTH = 330
NARROW_HOURS = 6
LOOK_BACK = (DAY_US, 31 * DAY_US, 366 * DAY_US)
"""How far back edges are looked for, until there are some."""


class Edges(NamedTuple):
    """The newest edges, newest first; `total` in the time looked at, which begins at `start`."""

    found: list[Edge]
    total: int
    start: int


class Taken(NamedTuple):
    """What is taken of the agent on the loop. `streak` are open readings that contradict the state."""

    now: int
    fresh: Freshness
    parts: list[Shown]
    streak: tuple[Seen, ...]


def build(agent: "Agent", look: render.Look, taken: Taken) -> Callable[[], str]:
    """The page's text; to be called in a thread."""

    def text() -> str:
        display = Display(look.words, agent.config.zone_info, taken.fresh.as_of)
        figurer = Figurer(agent, display)
        one = taken.parts[0]
        figured = figurer.of(one, STRIP_WIDTH, TICK_HOURS)
        model: dict[str, Any] = {
            "display": display,
            "fresh": taken.fresh,
            "now": taken.now,
            "one": one,
            "components": taken.parts[1:],
            "known": figurer.known(one),
            "streak": taken.streak,
            "figured": figured,
            "narrow": figurer.drawn(figured.spans, NARROW_WIDTH, NARROW_HOURS),
            "spans": figured.spans[::-1][:SPANS_MAX],
            "spans_more": max(len(figured.spans) - SPANS_MAX, 0),
            "edges": edges(agent, one.component, display.as_of),
            "degraded_names": degraded_names,
            "State": State,
            "Outcome": Outcome,
        }
        return render.page("target.html", look, model)

    return text


def edges(agent: "Agent", component: int, as_of: int) -> Edges:
    """The newest edges of the last day, or of longer where it had none."""
    start = as_of
    for back in LOOK_BACK:
        start = as_of - back
        if found := agent.reader.edges(component, Window(start, as_of + 1)):
            return Edges(found[::-1][:EDGES_MAX], len(found), start)
    return Edges([], 0, start)
