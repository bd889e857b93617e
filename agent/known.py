"""What the store knew of components when this run started."""

from collections.abc import Sequence

from agent.stores.base import Component, RunStart
from agent.stores.packedmarks import PackedMarks
from sla.model import Window
from sla.timeline import Mark


class Known:
    """Components that no target has taken yet, by target and part; marks, periods and the start itself."""

    def __init__(
        self,
        start: RunStart,
        now: int,
        components: Sequence[Component],
        marks: PackedMarks,
        periods: Sequence[Window],
    ) -> None:
        self.periods = periods
        self.start = start
        self.now = now
        self.components: dict[str, dict[str, Component]] = {}
        for component in components:
            self.components.setdefault(component.target, {})[component.part] = component
        self._marks = marks
        self.next_id = max((component.id for component in components), default=0) + 1

    def take(self, target_id: str, part: str) -> Component | None:
        """A target's component, which is the target's from now on; None where the store knows none."""
        parts = self.components.get(target_id, {})
        component = parts.pop(part, None)
        if component is not None and not parts:
            del self.components[target_id]
        return component

    def standing(self, component: int) -> list[Mark]:
        """What stands of a component that was taken; it is asked for once."""
        return self._marks.take(component)
