"""The landing page: a sentence, what is not up, then everything with its figures."""

import heapq
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.config.schema import Note
from agent.entries import Entry
from agent.web import render
from agent.web.answers import Facts
from agent.web.counting import Counts, count
from agent.web.display import Display
from agent.web.figured import Figured, Figurer
from agent.web.panels import Freshness, freshness
from agent.web.shown import Known, Shown, parts_of, shown, targets
from sla.faults import LIMIT_US, Fault
from sla.model import State

if TYPE_CHECKING:
    from agent.app import Agent

ROWS_MAX = 200
FAULTS_MAX = 20
COMPONENTS_MAX = 50
"""Components of one target that the landing page lists; its own page has all."""

STRIP_WIDTH = 288
WRONG_FIRST = (State.DOWN, State.DEGRADED, State.UNKNOWN)


class Wrong(NamedTuple):
    """One component that is not UP."""

    one: Shown
    known: Known | None

    @property
    def since(self) -> int | None:
        """Since when, None where nothing was ever confirmed."""
        return self.one.since or (self.known.since if self.known else None)


class Row(NamedTuple):
    """One target with its figures and components."""

    one: Shown
    components: Sequence[Shown]
    more: int
    figured: Figured


class Broken(NamedTuple):
    """An open fault. Units: microseconds; `left` of the 3 hours, negative where they are over (F3).

    `has_page`: its root is a target, or a part of one; a line has none.
    """

    fault: Fault
    name: str
    has_page: bool
    age: int
    left: int


class Part(NamedTuple):
    """A piece of the headline, in the colour of its state."""

    state: State | None
    text: str


class Taken(NamedTuple):
    """What is taken of the agent on the loop; its rest is asked of the store."""

    now: int
    facts: Facts
    fresh: Freshness
    counts: Counts
    wrong: list[Shown]
    rows: list[list[Shown]]
    faults: list[Broken]
    faults_total: int


async def take(agent: "Agent", facts: Facts) -> Taken:
    """A copy of what the page shows of the running agent."""
    now = agent.clock.now_us()
    counts = await count(agent, now)
    wrong = [shown(entry, now) for entry in islice(_in_order(counts, ROWS_MAX), ROWS_MAX)]
    rows = [parts_of(agent, watched.id, now) for watched in islice(targets(agent), ROWS_MAX)]
    fresh = freshness(agent, counts, facts, now)
    faults, total = broken(agent, now), len(agent.faults.open)
    return Taken(now, facts, fresh, counts, wrong, [parts for parts in rows if parts], faults, total)


def broken(agent: "Agent", now: int) -> list[Broken]:
    """The open faults, those with the most behind them first: what a person has to see before the list of targets."""
    first = heapq.nsmallest(
        FAULTS_MAX, agent.faults.open, key=lambda fault: (-len(fault.members), fault.start, fault.id)
    )
    return [_broken(agent, fault, now) for fault in first]


def _widest(fault: Fault) -> tuple[int, int, str]:
    return -len(fault.members), fault.start, fault.id


def _broken(agent: "Agent", fault: Fault, now: int) -> Broken:
    watched = agent.watched.get(fault.root.partition("#")[0])
    name = fault.root if watched is None or not watched.name else watched.name
    return Broken(fault, name, watched is not None, now - fault.start, fault.start + LIMIT_US - now)


def build(agent: "Agent", look: render.Look, taken: Taken) -> Callable[[], str]:
    """The page's text; to be called in a thread."""

    def text() -> str:
        display = Display(look.words, agent.config.zone_info, taken.fresh.as_of)
        figurer = Figurer(agent, display)
        model: dict[str, Any] = {
            "display": display,
            "fresh": taken.fresh,
            "facts": taken.facts,
            "agent": agent,
            "now": taken.now,
            "counts": taken.counts,
            "headline": headline(taken.counts, display),
            "note": said(agent.config.web.note, look.language),
            "faults": taken.faults,
            "faults_total": taken.faults_total,
            "wrong": [Wrong(one, figurer.known(one)) for one in taken.wrong],
            "wrong_total": sum(len(found) for found in taken.counts.wrong.values()),
            "rows": [_row(parts, figurer) for parts in taken.rows],
            "State": State,
        }
        return render.page("landing.html", look, model)

    return text


def said(note: Note, language: str) -> str:
    """The operator's sentence in a visitor's language, or in the one that there is."""
    return (note.zh or note.en) if language == "zh" else (note.en or note.zh)


def headline(counts: Counts, display: Display) -> list[Part]:
    """What is wrong, in one sentence; what is well only where nothing is wrong."""
    words, number = display.words, counts.targets
    down, degraded, unknown = (number[state] for state in WRONG_FIRST)
    texts = (
        (State.DOWN, down, words.ngettext("%(n)d target down", "%(n)d targets down", down)),
        (State.DEGRADED, degraded, words.ngettext("%(n)d degraded", "%(n)d degraded", degraded)),
        (State.UNKNOWN, unknown, words.ngettext("%(n)d unknown", "%(n)d unknown", unknown)),
    )
    if wrong := [Part(state, text % {"n": n}) for state, n, text in texts if n]:
        return wrong
    if counts.total == 0:
        return [Part(None, words.gettext("No target is configured"))]
    up = number[State.UP]
    if up == 0:
        return [Part(None, words.gettext("No target is in service"))]
    return [Part(State.UP, words.ngettext("%(n)d target, up", "All %(n)d targets up", up) % {"n": up})]


def _in_order(counts: Counts, most: int) -> list[Entry]:
    """DOWN first, then DEGRADED, then UNKNOWN; in each what began first, and no more of it than is shown."""
    return [
        entry
        for state in WRONG_FIRST
        for entry in heapq.nsmallest(most, counts.wrong[state], key=lambda entry: (entry.since, entry.name))
    ]


def _row(parts: list[Shown], figurer: Figurer) -> Row:
    components = parts[1:]
    return Row(
        parts[0],
        components[:COMPONENTS_MAX],
        max(len(components) - COMPONENTS_MAX, 0),
        figurer.of(parts[0], STRIP_WIDTH),
    )
