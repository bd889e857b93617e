"""What a formula is: how a row of a plan comes to its figure, and which options of the row it reads."""

from collections.abc import Callable
from typing import NamedTuple

from agent.figures.asked import Asked
from sla.indicators import Figure, Reason
from sla.plans import Row
from sla.verdict import Target

Measure = Callable[[Asked, Row, Target], Figure]


class Formula(NamedTuple):
    """One formula. `scope` and `parameters` are the options that it reads, `needs` those it cannot do without.

    `counts`: its figure is a count or a score, not a ratio. `options`: those of the whole plan that it goes by.
    """

    name: str
    measure: Measure
    scope: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    counts: bool = False
    options: tuple[str, ...] = ()


def not_computable(row: Row, *reasons: Reason) -> Figure:
    """No figure, and why: never a number that nobody measured (V6)."""
    return Figure(basis=row.basis, computable=False, measured=False, reasons=reasons)
