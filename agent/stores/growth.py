"""How a row that may change is allowed to: filled in once, or only ever grown. Anything else was not our doing (E1)."""

from collections.abc import Callable, Sequence

Columns = Sequence[object]
Grows = Callable[[object, object], bool]


def same(old: object, new: object) -> bool:
    """It never changes."""
    return old == new


def filled(old: object, new: object) -> bool:
    """It is filled in once."""
    return old is None or old == new


def more(old: object, new: object) -> bool:
    """A number that is there already only rises."""
    return old is None or (isinstance(old, int) and isinstance(new, int) and new >= old)


def less(old: object, new: object) -> bool:
    """A number that is there already only falls."""
    return old is None or (isinstance(old, int) and isinstance(new, int) and new <= old)


def longer(old: object, new: object) -> bool:
    """Bytes that are there already stay in front."""
    return isinstance(old, bytes) and isinstance(new, bytes) and new.startswith(old)


GROWTH: dict[str, tuple[Grows, ...]] = {
    "runs": (same, same, same, more, filled, filled, same, same),
    "clock_steps": (same, same, same, filled, filled, filled),
    "counts": (more, more, more),
    "bins": (longer,),
    "sightings": (less, more, less, more),
    "identities": (less, more),
}
"""Column by column, as `agent.stores.covering` has them."""


def wrongly_changed(table: str, names: Sequence[str], old: Columns, new: Columns) -> str | None:
    """The first column that changed in a way that the agent never changes it; None where there is none."""
    for name, rule, before, after in zip(names, GROWTH[table], old, new, strict=True):
        if not rule(before, after):
            return name
    return None
