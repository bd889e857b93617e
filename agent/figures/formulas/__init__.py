"""All formulas by name: the one list from which plan files, reports and docs/indicators.md take them."""

from collections.abc import Mapping

from agent.figures.formulas.availability import AVAILABILITY
from agent.figures.formulas.base import Formula, not_yet
from agent.figures.formulas.clearing import CLEARING

_ALL = (
    AVAILABILITY,
    CLEARING,
    Formula("coverage", not_yet, scope=("network", "levels"), needs=("network", "levels")),
    Formula("bandwidth_support", not_yet),
    Formula("video_support", not_yet),
    Formula("private_networks", not_yet),
    Formula("cloud_integration", not_yet),
    Formula("component_completion", not_yet),
    Formula("component_use", not_yet),
    Formula("systems_connected", not_yet),
    Formula("security_rectification", not_yet, parameters=("deadline_hours",)),
    Formula("data_rectification", not_yet, parameters=("working_days",)),
    Formula("redundant_time", not_yet, scope=("roles",), needs=("roles",)),
    Formula("redundant_lines", not_yet),
    Formula("dual_stack_time", not_yet),
    Formula("measure", not_yet),
    Formula("measure_count", not_yet, counts=True),
)

FORMULAS: Mapping[str, Formula] = {formula.name: formula for formula in _ALL}

__all__ = ["FORMULAS", "Formula"]
