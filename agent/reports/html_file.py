"""A plan's table as one page that needs nothing else: it opens anywhere and prints on A4."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from agent.figures.plan import Table
from agent.figures.words import VERDICTS, verdict_text
from agent.language import N_, catalogue
from agent.reports import head
from agent.reports.cells import Cells, cells, heads
from sla.verdict import Verdict

SIGNS = {
    Verdict.MET: "✓",
    Verdict.MISSED: "✕",
    Verdict.UNDETERMINED: "?",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.NOT_COMPUTABLE: "⊘",
    Verdict.NO_TARGET: "/",
}
"""A verdict is a sign and a word: it survives a grey printer."""

_COLUMNS = (0, 2, 3, 4, 5, 6, 8, 9)
PREFACE = N_(
    "All %(n)s indicators of the plan's table. Beside each percentage stand its numerator and denominator; what is "
    "shown is cut off, never rounded up. Time in which nobody measured is unknown, neither up nor down; so some "
    "figures have a low and a high bound."
)
WHY = N_("Why, and on what it rests")
SIGNATURES = (N_("Prepared by"), N_("Checked by"), N_("Approved by (seal)"))


def html_text(table: Table, language: str) -> str:
    """The whole report. Shape: one file; no script, no other file, no address of another host."""
    words = catalogue(language).gettext
    rows = [(cells(table, row, language), str(row.verdict)) for row in table.rows]
    names, lines = heads(language), list(head.lines(table, language))
    common = _common([row for row, _ in rows])
    return _template().render(
        language=language,
        title=head.title(table, language),
        foot=f"{table.plan.id} {table.period}",
        simulated=head.SIMULATED if table.simulated else "",
        about=lines[:-1],
        counts=[(_count(table, verdict), verdict_text(verdict, language)) for verdict in VERDICTS],
        preface=words(PREFACE) % {"n": len(rows)},
        heads=[names[column] for column in _COLUMNS],
        groups=[(key, list(of_it)) for key, of_it in groupby(rows, key=lambda pair: pair[0].category)],
        signs={str(verdict): sign for verdict, sign in SIGNS.items()},
        why_title=words(WHY),
        common=common,
        why=list(_why([row for row, _ in rows], common)),
        signatures=[words(place) for place in SIGNATURES],
    )


def _count(table: Table, verdict: Verdict) -> int:
    return sum(row.verdict is verdict for row in table.rows)


def _common(rows: Sequence[Cells]) -> list[str]:
    """What is said of every row is said once."""
    return [text for text in rows[0].remarks if all(text in row.remarks for row in rows)] if rows else []


def _why(rows: Sequence[Cells], common: Sequence[str]) -> Iterator[tuple[Cells, list[str]]]:
    for row in rows:
        if own := [text for text in row.remarks if text not in common]:
            yield row, own


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("agent.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
