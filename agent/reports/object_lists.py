"""What stands behind one indicator's number: the objects by what they are, the hours, and the figures beside it."""

from collections.abc import Iterator, Mapping

from agent.figures.formulas.availability import AVAILABILITY, platforms_of
from agent.figures.formulas.coverage import COVERAGE
from agent.figures.words import why_text
from agent.language import N_
from agent.reports.fault_lists import OVER, VALUES
from agent.reports.listing import At, Cell, Column, Lasting, Listing, Share
from agent.reports.telling import Telling
from sla.coverage import ZONE
from sla.indicators import Judged
from sla.model import State

STATUSES: Mapping[str, str] = {
    "verified": N_("verified"),
    "stale": N_("accepted, silent for 7 days or more"),
    "unmeasured": N_("accepted, not measured in the last 7 days"),
    "undeclared": N_("not accepted, yet answering"),
    "none": N_("without access"),
    "shared": N_("seen behind an address, certificate, host key or engine that others have too"),
    "repeating": N_("with a certificate that may repeat by decision, and does"),
    "supported": N_("supported"),
    "unsupported": N_("not supported"),
    "undetermined": N_("undetermined"),
    "no_demand": N_("without a demand on file"),
    "untested": N_("without a quantity on file"),
    "done": N_("done"),
    "partial": N_("done in part, which counts nothing"),
    "not_done": N_("not done"),
    "exempt": N_("exempt by document"),
    "seen": N_("claim borne out by probes"),
    "unseen": N_("claim that probes contradict"),
    "untold": N_("claim of which probes know nothing"),
    "used": N_("used"),
    "unused": N_("not used"),
    "used_later": N_("used after the cut-off"),
    "in_time": N_("in time"),
    "late": N_("late"),
    "pending": N_("pending"),
}
LEVEL_WORDS: Mapping[str, str] = {
    "city": N_("city level"),
    "county": N_("county level"),
    "township": N_("township level"),
    "village": N_("village level"),
    ZONE: N_("zone"),
}
DAYS = N_("days verified in the period")
GOOD = frozenset({"verified", "supported", "done", "used", "in_time", "seen"})
"""What counts; everything else is what is missing, and comes first."""

_STATES = {State.DOWN: N_("down"), State.UNKNOWN: N_("not known")}
_PREFIXES = {"platform": N_("platform"), "level": N_("level"), "clock onset": N_("clock from the onset")}
FIGURES = {
    "n_minus_1": N_("largest line removed (N-1)"),
    "all_in": N_("every instant in service"),
    "excluding_approved": N_("without approved maintenance"),
    "later_entries": N_("with what was entered later"),
}


def objects(telling: Telling, judged: Judged) -> Listing | None:
    """Every object behind a share of things, what is missing first; None where the figure is of no things."""
    _, figure = telling.words, judged.figure
    if not figure.lists:
        return None
    order = sorted(figure.lists, key=lambda status: (status in GOOD, status))
    days = _days(telling, judged)
    rows: list[list[Cell]] = [
        [
            _(STATUSES.get(status, status)),
            telling.name(id_),
            id_,
            *([] if days is None else [days.get(id_)]),
            why_text("; ".join(figure.why.get(id_, ())), telling.language),
        ]
        for status in order
        for id_ in figure.lists[status]
    ]
    counts = ", ".join(f"{_(STATUSES.get(status, status))} {len(figure.lists[status])}" for status in order)
    return Listing(
        key=f"objects-{judged.row.no}",
        title=_("Objects behind the number"),
        note=counts,
        columns=[
            Column(_("status"), 26),
            Column(_("name"), 34),
            Column(_("id"), 26),
            *([] if days is None else [Column(_(DAYS), 14)]),
            Column(_("why"), 46),
        ],
        rows=rows,
        on_paper=sum(len(ids) for status, ids in figure.lists.items() if status not in GOOD),
        empty=_("Nothing is missing."),
    )


def _days(telling: Telling, judged: Judged) -> Mapping[str, int] | None:
    """Days verified by unit, beside coverage alone (C3)."""
    is_coverage = judged.row.formula == COVERAGE.name
    return telling.asked.days_verified(str(judged.row.scope["network"])) if is_coverage else None


def platforms(telling: Telling, judged: Judged) -> list[str]:
    """The platforms that a row of time availability is over."""
    if judged.row.formula != AVAILABILITY.name:
        return []
    return [
        id_ for id_ in judged.row.scope.get("platforms") or platforms_of(telling.asked) if telling.asked.known.has(id_)
    ]


def outages(telling: Telling, judged: Judged) -> Listing | None:
    """Which hours: every piece in which a platform was down or not known."""
    _ = telling.words
    if judged.row.formula != AVAILABILITY.name:
        return None
    return Listing(
        key=f"outages-{judged.row.no}",
        title=_("Outages and unknown time"),
        note=_("A piece in a counting maintenance window leaves only the second figure."),
        columns=[
            Column(_("platform"), 30),
            Column(_("id"), 22, paper=False),
            Column(_("state"), 12),
            Column(_("from"), 20),
            Column(_("to"), 20),
            Column(_("length"), 14),
            Column(_("of it in counting windows"), 16),
        ],
        rows=[row for id_ in platforms(telling, judged) for row in _pieces(telling, id_)],
        empty=_("Neither down nor unknown for an instant."),
    )


def _pieces(telling: Telling, id_: str) -> Iterator[list[Cell]]:
    excluded = telling.asked.known.excluded(id_)
    for span in telling.whole(id_):
        if span.state in _STATES:
            inside = sum(max(min(span.end, each.end) - max(span.start, each.start), 0) for each in excluded)
            state = telling.words(_STATES[span.state])
            yield [telling.name(id_), id_, state, At(span.start), At(span.end), Lasting(span.length), Lasting(inside)]


def beside(telling: Telling, judged: Judged) -> Listing | None:
    """The figures beside the headline."""
    _, figure = telling.words, judged.figure
    if not figure.beside:
        return None
    return Listing(
        key=f"beside-{judged.row.no}",
        title=_("Figures beside the headline"),
        columns=[Column(_("over"), 44), Column(_("figure"), 30)],
        rows=[[_over(telling, each.name), Share(each.low, each.high, figure.timed)] for each in figure.beside],
    )


def _over(telling: Telling, name: str) -> str:
    """What it is over, in words; names that people gave stay as they are."""
    _ = telling.words
    if name in FIGURES or name in _PREFIXES:
        return _({**FIGURES, **_PREFIXES}[name])
    for prefix in sorted((*OVER, *_PREFIXES), key=len, reverse=True):
        if name.startswith(f"{prefix} "):
            value = name.removeprefix(f"{prefix} ")
            if prefix == "level" and value in LEVEL_WORDS:
                return _(LEVEL_WORDS[value])
            value = telling.name(value) if prefix == "platform" else value
            worded = prefix in ("evidence", "without", "quality") and value in VALUES
            return f"{_({**OVER, **_PREFIXES}[prefix])} {_(VALUES[value]) if worded else value}".strip()
    return name
