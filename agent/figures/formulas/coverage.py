"""Coverage of divisions (C1-C3): the division register, accepted sites, and what answered at them in the last 168 h."""

from collections.abc import Iterator
from dataclasses import replace

from agent.figures.asked import Asked
from agent.figures.formulas.base import Formula
from agent.figures.formulas.shares import figure_of, listed, names_of
from sla.coverage import WITHIN_US, Coverage
from sla.indicators import Figure, Reason, Variation
from sla.plans import Row
from sla.verdict import Target


def measure(asked: Asked, row: Row, _: Target) -> Figure:
    """Units that were verified before the cut-off, of all units of the row's levels."""
    network, levels = str(row.scope["network"]), [str(level) for level in row.scope["levels"]]
    found = asked.covered(network, levels)
    figure = figure_of(
        row,
        found.total,
        reasons=tuple(_reasons(found)),
        names=names_of(asked, "divisions"),
        parameters={"network": network, "levels": levels, "within_hours": WITHIN_US // 3_600_000_000},
    )
    units = {level: {status: len(ids) for status, ids in share.lists.items()} for level, share in found.levels.items()}
    beside = tuple(Variation(f"level {level}", share.low, share.high) for level, share in found.levels.items())
    return replace(figure, units=units, beside=beside)


def _reasons(found: Coverage) -> Iterator[Reason]:
    for code, ids in (
        ("left_out", found.left_out),
        ("counted_zones", found.counted_zones),
        ("strays", found.strays),
    ):
        if ids:
            yield Reason(code, {"n": len(ids), "ids": listed(ids)})


COVERAGE = Formula("coverage", measure, scope=("network", "levels"), needs=("network", "levels"))
