"""All formulas by name: the one list from which plan files, reports and docs/indicators.md take them."""

from collections.abc import Mapping

from agent.figures.formulas import records, redundancy, registers
from agent.figures.formulas.availability import AVAILABILITY
from agent.figures.formulas.base import Formula
from agent.figures.formulas.clearing import CLEARING
from agent.figures.formulas.coverage import COVERAGE
from agent.figures.formulas.support import SUPPORT
from agent.figures.formulas.video import ONLINE

_ALL = (
    AVAILABILITY,
    CLEARING,
    COVERAGE,
    SUPPORT,
    ONLINE,
    *registers.FORMULAS,
    *records.FORMULAS,
    *redundancy.FORMULAS,
)

FORMULAS: Mapping[str, Formula] = {formula.name: formula for formula in _ALL}

__all__ = ["FORMULAS", "Formula"]
