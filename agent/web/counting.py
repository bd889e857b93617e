"""How many targets and components are in which state, and which are not UP: one pass over all of them."""

from typing import TYPE_CHECKING, NamedTuple

from agent.entries import Entry
from agent.exporter import shown_state
from agent.web.shown import in_passes, targets
from sla.model import State

if TYPE_CHECKING:
    from agent.app import Agent


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
    measured = 0
    async for watched in in_passes(targets(agent)):
        for part, entry in agent.ledger.of_target(watched.id).items():
            state = shown_state(entry, now)
            numbers = counts.components if part else counts.targets
            numbers[state] += 1
            if state is not State.UP and state is not State.OUT:
                counts.wrong[state].append(entry)
            if not part and entry.track.valid_until >= now:
                measured += 1
    return counts._replace(measured=measured)


def by_label(numbers: dict[State, int]) -> dict[str, int]:
    """By the state's name in JSON."""
    return {state.label: number for state, number in numbers.items()}
