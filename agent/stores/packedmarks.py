"""The marks of everything in little memory: as objects those of a city's year would be larger than the agent."""

from array import array
from collections.abc import Iterable

from sla.model import Cause, Degraded, State
from sla.timeline import Mark

Kind = tuple[State, Degraded, Cause]

_NOTHING = array("q")


class PackedMarks:
    """By component what stands, two numbers a mark: its instant, and which state it is. Floors are spent by then."""

    def __init__(self, everything: Iterable[tuple[int, Iterable[Mark]]]) -> None:
        self._kinds: list[Kind] = []
        self._numbers: dict[Kind, int] = {}
        self._packed = {component: self._pack(marks) for component, marks in everything}

    def of(self, component: int) -> list[Mark]:
        """What stands for one, oldest first; nothing for one without edges."""
        return self._unpacked(self._packed.get(component, _NOTHING))

    def take(self, component: int) -> list[Mark]:
        """The same, which nobody asks for again."""
        return self._unpacked(self._packed.pop(component, _NOTHING))

    def let_go(self) -> None:
        """Nobody asks any more: give the memory back in small pieces, for every other thread waits for each of them."""
        while self._packed:
            self._packed.popitem()

    def _unpacked(self, packed: "array[int]") -> list[Mark]:
        numbers = iter(packed)
        return [Mark(at, *self._kinds[kind]) for at, kind in zip(numbers, numbers, strict=True)]

    def _pack(self, marks: Iterable[Mark]) -> "array[int]":
        packed = array("q")
        for mark in marks:
            packed.append(mark.at)
            packed.append(self._number((mark.state, mark.degraded, mark.cause)))
        return packed

    def _number(self, kind: Kind) -> int:
        number = self._numbers.get(kind)
        if number is None:
            number = self._numbers[kind] = len(self._kinds)
            self._kinds.append(kind)
        return number
