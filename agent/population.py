"""How many targets and lines of each role and county are in which state: small, whatever the size of a city."""

from collections import Counter
from collections.abc import Mapping

from agent.whereabouts import Whereabouts
from sla.composite import Said
from sla.model import State
from sla.topology import Graph

Group = tuple[str, str]
"""Role and county."""

STATES = (State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN)
"""What is in service is in one of these."""


class Population:
    """Kept in step with every look at faults. All methods are called by one look after the other, in its thread."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Group, State]] = {}
        self._counts: Counter[tuple[Group, State]] = Counter()
        self._shared: dict[tuple[Group, State], tuple[Group, State]] = {}

    def begin(self) -> None:
        """Registers have changed: everything is said anew."""
        self._of.clear()
        self._counts.clear()

    def take(self, said: Mapping[str, Said], graph: Graph, where: Whereabouts) -> None:
        """What items are in from now on. Parts of a target are counted with it."""
        for item, (state, _) in said.items():
            if "#" in item or item not in graph.items:
                continue
            before = self._of.get(item)
            group = before[0] if before else (str(graph.items[item].role), where.county(item))
            if before:
                self._counts[before] -= 1
            now = self._shared.setdefault((group, state), (group, state))  # tens of thousands are the same
            self._of[item] = now
            self._counts[now] += 1

    def counts(self) -> dict[Group, dict[State, int]]:
        """Of every group all states, those of nobody too; who is out of service takes no part."""
        groups = sorted({group for group, _ in self._counts})
        found = {group: {state: self._counts[group, state] for state in STATES} for group in groups}
        return {group: states for group, states in found.items() if any(states.values())}
