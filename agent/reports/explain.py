"""One row of a plan's table for somebody who was not there: its words, its parts, its bounds, and why."""

from collections.abc import Iterator

from agent.figures.plan import Table
from agent.figures.words import basis_text
from agent.language import N_, catalogue
from agent.reports import head
from agent.reports.cells import cells, parts_text
from sla.availability import Ratio
from sla.indicators import Judged

DEFINITION = N_("definition: %(text)s")
SOURCE = N_("printed in %(file)s, line %(line)s")
FORMULA = N_("formula %(formula)s (docs/indicators.md), basis: %(basis)s")
PARAMETERS = N_("parameters in force: %(parameters)s")
TARGET = N_("target of %(year)s: %(text)s")
FIGURE = N_("figure: %(figure)s, parts %(parts)s")
VERDICT = N_("verdict: %(verdict)s")
MISSES = N_("misses that the target bears: %(n)s")
BOUNDS = (
    ("low", N_("low bound %(n)s/%(d)s")),
    ("high", N_("high bound %(n)s/%(d)s")),
    ("worst", N_("at worst %(n)s/%(d)s")),
    ("best", N_("at best %(n)s/%(d)s")),
    ("claimed", N_("claimed %(n)s/%(d)s")),
)


def explained(table: Table, row: Judged, language: str) -> Iterator[str]:
    """Line by line. The parts of time are microseconds, exact."""
    words, shown, plain = catalogue(language).gettext, cells(table, row, language), row.row
    if table.simulated:
        yield head.SIMULATED
    yield head.title(table, language)
    yield from list(head.lines(table, language))[:-1]
    yield f"{plain.no} {shown.name}"
    yield words(DEFINITION) % {"text": plain.definition_zh}
    if plain.source is not None:
        yield words(SOURCE) % plain.source._asdict()
    yield words(FORMULA) % {"formula": plain.formula, "basis": basis_text(row.figure.basis, language)}
    if row.figure.parameters:
        said = ", ".join(f"{name} {value}" for name, value in row.figure.parameters.items())
        yield words(PARAMETERS) % {"parameters": said}
    if row.target.year is not None:
        yield words(TARGET) % {"year": row.target.year, "text": shown.target}
    yield words(FIGURE) % {"figure": shown.figure, "parts": parts_text(row) or "-"}
    yield from _bounds(row, language)
    yield words(VERDICT) % {"verdict": shown.verdict}
    if row.allowed is not None:
        yield words(MISSES) % {"n": row.allowed}
    yield from (f"- {remark}" for remark in shown.remarks)


def _bounds(row: Judged, language: str) -> Iterator[str]:
    for name, text in BOUNDS:
        ratio: Ratio | None = getattr(row.figure, name)
        if ratio is not None and ratio[1]:
            yield catalogue(language).gettext(text) % {"n": ratio[0], "d": ratio[1]}
