"""A row of a plan's table as words and printed numbers: what the table, the CSV and every other form have in common."""

from collections.abc import Iterable
from typing import NamedTuple

from agent.figures.plan import Table, part_reasons, reasons
from agent.figures.words import basis_text, reason_text, verdict_text
from agent.instants import hours
from agent.language import N_, catalogue
from agent.reports import plan_words, seconds
from sla.indicators import Judged, Reason
from sla.periods import to_datetime
from sla.verdict import PERCENT, Verdict, display

HEADS = (
    N_("No."),
    N_("Category"),
    N_("Indicator"),
    N_("Definition"),
    N_("Attribute"),
    N_("Printed target"),
    N_("Figure"),
    N_("Numerator / denominator"),
    N_("Verdict"),
    N_("Basis"),
    N_("Remarks"),
)
"""The columns, in the order of `Cells`."""

WITHIN = N_("from %(start)s until before %(end)s")
NOTHING = "-"
PROVISIONAL = N_("%(verdict)s, provisional")
ADVISORY = N_("%(text)s (%(year)s, advice only)")


class Cells(NamedTuple):
    """One row as text."""

    no: str
    category: str
    name: str
    definition: str
    attribute: str
    target: str
    figure: str
    parts: str
    verdict: str
    basis: str
    remarks: tuple[str, ...]


def heads(language: str) -> list[str]:
    """The headings of the columns."""
    return [catalogue(language).gettext(head) for head in HEADS]


def cells(table: Table, row: Judged, language: str, *, exact: bool = True) -> Cells:
    """One row in the words of a language; the plan's definition and target stay as printed.

    `exact`: times to the microsecond; else whole seconds, for people.
    """
    plain = row.row
    return Cells(
        no=str(plain.no),
        category=plan_words.category(plain.category, language),
        name=plain.name_zh if language == "zh" else plain.name_en,
        definition=plain.definition_zh,
        attribute=plan_words.attribute(plain.attribute or "", language),
        target=_target(row, language),
        figure=figure_text(row),
        parts=parts_text(row, exact=exact),
        verdict=_verdict(row, language),
        basis=basis_text(row.figure.basis, language),
        remarks=_remarks(reasons(table, row), language, exact=exact),
    )


def part_cells(table: Table, row: Judged, language: str, *, exact: bool = True) -> tuple[Cells, ...]:
    """The parts of a split row, each by its own definition, below the row (V7): `5.1`, with its window as its name."""
    zone = table.plan.zone_info
    shown = []
    for number, part in enumerate(row.parts, start=1):
        start, end = (to_datetime(at, zone).date().isoformat() for at in part.window)
        own = cells(table, part.judged, language, exact=exact)
        remarks = _remarks(part_reasons(table, part.judged), language, exact=exact)
        name = catalogue(language).gettext(WITHIN) % {"start": start, "end": end}
        shown.append(own._replace(no=f"{own.no}.{number}", name=name, remarks=remarks))
    return tuple(shown)


def figure_text(row: Judged) -> str:
    """The value, or its bounds where they differ; truncated (V3)."""
    low = row.display
    if low == NOTHING or row.figure.high == row.figure.low:
        return low
    high = display(row.figure.high, row.target, row.figure.decimals, row.row.unit)
    return f"{low} – {high}"


def _remarks(found: Iterable[Reason], language: str, *, exact: bool) -> tuple[str, ...]:
    return tuple(reason_text(reason if exact else seconds.of_reason(reason), language) for reason in found)


def parts_text(row: Judged, *, exact: bool = True) -> str:
    """Numerator and denominator beside every percentage; bounds as a range (V3)."""
    low, high = row.figure.low, row.figure.high
    if row.figure.value is None or low is None or high is None or row.row.unit != PERCENT:
        return ""
    if row.figure.timed and not exact:
        low, high = ((seconds.down(n), seconds.up(d)) for n, d in (low, high))
    above, below = _range(low[0], high[0], row), _range(low[1], high[1], row)
    return f"{above} / {below}"


def _range(one: int, other: int, row: Judged) -> str:
    texts = [hours(each) if row.figure.timed else str(each) for each in (one, other)]
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} – {texts[1]}"


def _target(row: Judged, language: str) -> str:
    if not row.target.advisory:
        return row.target.text or NOTHING
    return catalogue(language).gettext(ADVISORY) % {"text": row.target.text, "year": row.target.year}


def _verdict(row: Judged, language: str) -> str:
    said = verdict_text(row.verdict, language)
    judged = row.verdict in (Verdict.MET, Verdict.MISSED, Verdict.UNDETERMINED)
    if not (row.provisional and judged):
        return said
    return catalogue(language).gettext(PROVISIONAL) % {"verdict": said}
