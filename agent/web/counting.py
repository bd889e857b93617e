"""How many targets and components are in which state, and which are not UP: one pass over all of them."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from agent.entries import Entry
from agent.exporter import shown_state
from agent.ledger import Ledger
from agent.targets import Watched
from agent.web.shown import PASS_YIELD, targets
from sla.model import State

if TYPE_CHECKING:
    from agent.app import Agent

_SOUND = (State.UP, State.OUT)


class Counts(NamedTuple):
    """Numbers by state. `measured` targets have a valid reading; `wrong` are entries neither UP nor OUT."""

    targets: dict[State, int]
    components: dict[State, int]
    measured: int
    wrong: dict[State, list[Entry]]

    @property
    def total(self) -> int:
        """All targets."""
        return sum(self.targets.values())

    def as_json(self) -> dict[str, object]:
        """For the API."""
        return {
            "targets": {"total": self.total, "measured": self.measured, **by_label(self.targets)},
            "components": {"total": sum(self.components.values()), **by_label(self.components)},
        }


async def count(agent: "Agent", now: int) -> Counts:
    """Count everything watched for its own sake."""
    counts = Counts(dict.fromkeys(State, 0), dict.fromkeys(State, 0), 0, {state: [] for state in State})
    measured, wanted = 0, targets(agent)
    while some := list(islice(wanted, PASS_YIELD)):
        measured += _count_some(agent.ledger, some, now, counts)
        await asyncio.sleep(0)
    return counts._replace(measured=measured)


def _count_some(ledger: Ledger, some: Sequence[Watched], now: int, counts: Counts) -> int:
    """How many of them are measured; the rest is added to the counts. Asked each second of tens of thousands."""
    measured, (targets, components, _, wrong) = 0, counts
    for watched in some:
        whole, parts = ledger.parts_of(watched.id)
        if whole is not None:
            state = shown_state(whole, now)
            targets[state] += 1
            measured += whole.track.valid_until >= now
            if state not in _SOUND:
                wrong[state].append(whole)
        for entry in parts:
            state = shown_state(entry, now)
            components[state] += 1
            if state not in _SOUND:
                wrong[state].append(entry)
    return measured


def by_label(numbers: dict[State, int]) -> dict[str, int]:
    """By the state's name in JSON."""
    return {state.label: number for state, number in numbers.items()}
