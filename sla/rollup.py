"""Roll-up (V4): parts into a whole by their numerators and denominators, never by averages of percentages.

A part that is missing widens the bounds: of known weight it counts as none of it and as all of it, of unknown weight
nothing bounds the whole. Parts made by different definitions are never added: they stand side by side.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sla.availability import Bounds, Ratio

NOTHING = Bounds((0, 0), (0, 0))
UNBOUNDED = Bounds((0, 1), (1, 1))


class Part(NamedTuple):
    """One part. Shape: `bounds` None is one of which nothing was told, `weight` then its denominator, if known.

    `widened`: the bounds as they are shown where they tell more than what is added, which the whole has but once.
    """

    key: str
    bounds: Bounds | None
    definition: str = ""
    weight: int | None = None
    widened: Bounds | None = None

    @property
    def shown(self) -> Bounds | None:
        """What stands beside the part's name."""
        return self.bounds if self.widened is None else self.widened


class Whole(NamedTuple):
    """Parts of one definition together; `missing` are the keys that widen it."""

    definition: str
    bounds: Bounds
    parts: tuple[Part, ...]
    missing: tuple[str, ...]

    @property
    def is_bounded(self) -> bool:
        """Whether what is missing leaves any bound."""
        return all(part.bounds is not None or part.weight is not None for part in self.parts)


def roll_up(parts: Iterable[Part], *, beyond: Bounds = NOTHING) -> list[Whole]:
    """A whole for each definition, in the order in which they come; what is missing is missing of each of them.

    `beyond` is what the whole has and no part (F11: what a gap of our own may hide, once).
    Errors: ValueError for a key that comes twice in one definition: nothing is counted twice.
    """
    told = list(parts)
    missing = [part for part in told if part.bounds is None]
    definitions = list(dict.fromkeys(part.definition for part in told if part.bounds is not None)) or [""]
    return [_whole(definition, told, missing, beyond) for definition in definitions]


def _whole(definition: str, told: Sequence[Part], missing: Sequence[Part], beyond: Bounds) -> Whole:
    mine = [part for part in told if part.bounds is not None and part.definition == definition]
    keys = [part.key for part in mine]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a part comes twice: {sorted(key for key in set(keys) if keys.count(key) > 1)}")
    absent = [part for part in missing if part.key not in keys]
    names = tuple(part.key for part in absent)
    if any(part.weight is None for part in absent):
        return Whole(definition, UNBOUNDED, (*mine, *absent), names)
    bounds = [part.bounds for part in mine if part.bounds is not None]
    bounds += [Bounds((0, part.weight), (part.weight, part.weight)) for part in absent if part.weight is not None]
    return Whole(definition, _sum([*bounds, beyond]), (*mine, *absent), names)


def _sum(bounds: Sequence[Bounds]) -> Bounds:
    return Bounds(_added([each.low for each in bounds]), _added([each.high for each in bounds]))


def _added(ratios: Sequence[Ratio]) -> Ratio:
    return (sum(n for n, _ in ratios), sum(d for _, d in ratios))
