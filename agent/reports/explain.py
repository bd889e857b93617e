"""One row of a plan's table for somebody who was not there: its words, its parts, its bounds, and why."""

from collections.abc import Iterator

from agent.figures.plan import Table
from agent.figures.words import basis_text, column_text
from agent.instants import hours
from agent.language import EN, N_, catalogue
from agent.reports import head
from agent.reports.cells import Cells, cells, part_cells, parts_text
from agent.reports.parameters import told
from sla.availability import Ratio
from sla.indicators import Judged

DEFINITION = N_("definition: %(text)s")
SOURCE = N_("printed in: %(document)s; line %(line)s of its text (file %(file)s)")
FORMULA = N_("formula %(formula)s (docs/indicators.md), basis: %(basis)s")
PARAMETERS = N_("parameters in force: %(parameters)s")
TARGET = N_("target of %(year)s: %(text)s")
FIGURE = N_("figure: %(figure)s, parts %(parts)s")
VERDICT = N_("verdict: %(verdict)s")
MISSES = N_("misses that the target bears: %(n)s")
BOUNDS = (
    ("low", N_("low bound %(n)s / %(d)s")),
    ("high", N_("high bound %(n)s / %(d)s")),
    ("worst", N_("at worst %(n)s / %(d)s")),
    ("best", N_("at best %(n)s / %(d)s")),
    ("claimed", N_("claimed %(n)s / %(d)s")),
)
TIMED = N_("%(bound)s microseconds, that is %(n)s / %(d)s in h:mm:ss")


def explained(table: Table, row: Judged, language: str) -> Iterator[str]:
    """Line by line. The parts of time are exact: microseconds, and beside them hours, minutes and seconds."""
    shown = cells(table, row, language)
    if table.simulated:
        yield head.SIMULATED
    yield head.title(table, language)
    yield from list(head.lines(table, language))[:-1]
    yield f"{shown.no} {shown.name}"
    yield from explained_row(table.plan.document, row, shown, language)
    yield from (f"- {remark}" for remark in shown.remarks)
    for part, own in zip(row.parts, part_cells(table, row, language), strict=True):
        yield f"{own.no} {own.name}"
        yield from (f"  {line}" for line in explained_row(table.plan.document, part.judged, own, language))
        yield from (f"  - {remark}" for remark in own.remarks)


def explained_row(document: str, row: Judged, shown: Cells, language: str) -> Iterator[str]:
    """A row, or a part of one: its words, its parameters, its figure and its verdict."""
    words, plain = catalogue(language).gettext, row.row
    yield words(DEFINITION) % {"text": plain.definition_zh}
    if plain.source is not None:
        yield words(SOURCE) % (plain.source._asdict() | {"document": document})
    yield words(FORMULA) % {"formula": plain.formula, "basis": basis_text(row.figure.basis, language)}
    if row.figure.parameters:
        yield words(PARAMETERS) % {"parameters": _parameters(row, language)}
    if row.target.year is not None:
        yield words(TARGET) % {"year": row.target.year, "text": shown.target}
    yield words(FIGURE) % {"figure": shown.figure, "parts": parts_text(row) or "-"}
    yield from _bounds(row, language)
    yield words(VERDICT) % {"verdict": shown.verdict}
    if row.allowed is not None:
        yield words(MISSES) % {"n": row.allowed}


def _bounds(row: Judged, language: str) -> Iterator[str]:
    for name, text in BOUNDS:
        ratio: Ratio | None = getattr(row.figure, name)
        if ratio is not None and ratio[1]:
            yield _bound(catalogue(language).gettext(text), ratio, row, language)


def _bound(text: str, ratio: Ratio, row: Judged, language: str) -> str:
    """A ratio as it is counted; one of time in hours, minutes and seconds too."""
    exact = text % {"n": ratio[0], "d": ratio[1]}
    if not row.figure.timed:
        return exact
    return catalogue(language).gettext(TIMED) % {"bound": exact, "n": hours(ratio[0]), "d": hours(ratio[1])}


def _parameters(row: Judged, language: str) -> str:
    found = told(row.figure.parameters, language, lambda name: column_text(name, language))
    said = [f"{name}: {value}" if language == EN else f"{name}：{value}" for name, value in found]
    return ("; " if language == EN else "；").join(said)
