"""Lists of faults: each with its clock, the rates beside the headline (F9), planned outages, our own gaps (F11)."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from agent.figures.report import Beside, clearing_of, quality_rate, rates, sites_out, unknown_imports
from agent.language import N_
from agent.reports.listing import At, Cell, Column, Lasting, Listing, Share
from agent.reports.seconds import clock, down, up
from agent.reports.telling import OUTCOMES, Telling
from sla.faults import Fault
from sla.model import Window
from sla.rate import Rate

OVER: Mapping[str, str] = {
    "priority": N_("priority"),
    "responsible_unit": N_("responsible unit"),
    "carrier": N_("carrier"),
    "evidence": N_("evidence"),
    "without faults shorter than": N_("without faults shorter than"),
    "without": N_("without"),
    "quality": N_("quality faults, rated apart (F12)"),
}
VALUES: Mapping[str, str] = {
    "probe": N_("probes"),
    "imported": N_("imported files"),
    "desk": N_("service desk"),
    "overruns": N_("overruns"),
    "faults": N_("all"),
}

Chosen = Callable[[Fault], bool]


def faults(telling: Telling, chosen: Chosen | None = None) -> Listing:
    """Every fault that is counted, those that cost first."""
    _ = telling.words
    found, _gaps, _rate = telling.counted
    mine = [fault for fault in found if chosen is None or chosen(fault)]
    order = {outcome: number for number, outcome in enumerate(OUTCOMES)}
    mine.sort(key=lambda fault: (order[fault.outcome], fault.start, fault.id))
    return Listing(
        key="faults",
        title=_("Faults"),
        note=_("Late ones first, then undecided, pending and those in time. Three hours is in time, more is late."),
        columns=_columns(telling),
        rows=[_fault(telling, fault) for fault in mine],
        empty=_("No fault's clock started in this period."),
    )


def _columns(telling: Telling) -> list[Column]:
    _ = telling.words
    return [
        Column(_("fault"), 22),
        Column(_("root"), 24),
        Column(_("id of the root"), 22, paper=False),
        Column(_("role"), 12, paper=False),
        Column(_("priority"), 9, paper=False),
        Column(_("responsible unit"), 22),
        Column(_("carrier"), 12),
        Column(_("clock started"), 20),
        Column(_("onset, earliest"), 20, paper=False),
        Column(_("onset, first failed"), 20, paper=False),
        Column(_("restored, earliest"), 20, paper=False),
        Column(_("restored"), 20),
        Column(_("clearing time"), 20),
        Column(_("shortest"), 14, paper=False),
        Column(_("longest"), 14, paper=False),
        Column(_("outcome"), 10),
        Column(_("members"), 9, paper=False),
        Column(_("evidence"), 10, paper=False),
        Column(_("remarks"), 20),
    ]


def _fault(telling: Telling, fault: Fault) -> list[Cell]:
    _, asked = telling.words, telling.asked
    body = asked.book.at(fault.root.partition("#")[0], fault.start)
    earliest, first = fault.onset
    early, late = fault.restored or (None, None)
    shortest, longest = asked.faults.duration(fault, asked.as_of)
    return [
        fault.id,
        telling.name(fault.root),
        fault.root,
        fault.role,
        fault.priority,
        str(body.get("responsible_unit") or ""),
        str(body.get("carrier") or ""),
        At(fault.start),
        None if earliest is None else At(earliest),
        At(first),
        None if early is None else At(early),
        _("not restored") if late is None else At(late),
        _clearing(shortest, longest),
        None if shortest is None else Lasting(shortest),
        None if longest is None else Lasting(longest),
        _(OUTCOMES[fault.outcome]),
        len(fault.members),
        _(VALUES.get(str(fault.source), str(fault.source))),
        ", ".join(_marks(telling, fault)),
    ]


def _clearing(shortest: int | None, longest: int | None) -> str:
    if longest is None:
        return f"≥ {clock(down(shortest or 0))}"
    whole = clock(up(longest))
    return whole if shortest == longest else f"{clock(down(shortest or 0))} – {whole}"


def _marks(telling: Telling, fault: Fault) -> Iterator[str]:
    _ = telling.words
    for said, text in (
        (fault.overrun, _("overran its window")),
        (fault.repeat, _("repeat within 24 h")),
        (fault.withdrawn, _("withdrawn while down")),
        (fault.residual, _("residual")),
    ):
        if said:
            yield text
    if fault.members:
        yield _("%(n)s members") % {"n": len(fault.members)}


def rates_beside(telling: Telling) -> Listing:
    """The headline and every rate beside it (F9)."""
    _, asked = telling.words, telling.asked
    found, gaps, headline = telling.counted
    besides = [*rates(found, asked.period, gaps, asked.book)]
    if not asked.plan.counts_quality:
        besides.append(quality_rate(asked.found.quality, asked.period, gaps))
    rows = [rate_row(_("all"), "", headline), *(rate_row(*_said(telling, each), each.rate) for each in besides)]
    return rate_listing(telling, rows, times(telling, found))


def times(telling: Telling, found: Sequence[Fault]) -> str:
    """How long clearing took, as a sentence; empty where nothing was restored (F9)."""
    took = clearing_of(found)
    if took.median is None or took.p95 is None:
        return ""
    said = {"n": took.faults, "median": clock(up(took.median)), "p95": clock(up(took.p95))}
    text = N_("Clearing time of %(n)s restored faults: median %(median)s, 95th percentile %(p95)s (nearest rank).")
    return telling.words(text) % said


def rate_listing(telling: Telling, rows: Sequence[Sequence[Cell]], note: str = "") -> Listing:
    """Rates of faults, a row each."""
    _ = telling.words
    return Listing(
        key="rates",
        title=_("Timely clearing of faults"),
        note=note,
        columns=[
            Column(_("over"), 22),
            Column(_("value"), 24),
            Column(_("rated"), 8),
            Column(_("in time"), 10),
            Column(_("late"), 8),
            Column(_("undecided"), 11),
            Column(_("pending"), 9),
            Column(_("rate"), 22),
        ],
        rows=rows,
    )


def _said(telling: Telling, beside: Beside) -> tuple[str, str]:
    _ = telling.words
    value = _(VALUES[beside.value]) if beside.value in VALUES and beside.name in _WORDED else beside.value
    return _(OVER.get(beside.name, beside.name)), value


_WORDED = ("evidence", "without", "quality")
"""What these rates are over is a word of ours; the others are names that people gave."""


def rate_row(over: str, value: str, rate: Rate) -> list[Cell]:
    """One rate with its counts."""
    return [over, value, rate.n, rate.in_time, rate.late, rate.undecided, rate.pending, Share(rate.low, rate.high)]


def planned(telling: Telling, chosen: Callable[[str], bool] | None = None) -> Listing:
    """Outages that began in a counting window of their own: no faults (M4)."""
    _, asked = telling.words, telling.asked
    return Listing(
        key="planned",
        title=_("Planned outages"),
        note=_("Their onset lies in a counting maintenance window of their own, so they are no faults (M4)."),
        columns=[
            Column(_("what"), 28),
            Column(_("id"), 22),
            Column(_("onset"), 20),
            Column(_("restored"), 20),
            Column(_("window"), 16),
            Column(_("members"), 9),
        ],
        rows=[
            [
                telling.name(each.root),
                each.root,
                At(each.onset),
                _("not restored") if each.restored is None else At(each.restored),
                asked.known.window_id(each.root, each.onset) or "",
                len(each.members),
            ]
            for each in asked.found.planned
            if chosen is None or chosen(each.root)
        ],
        empty=_("None."),
    )


def gaps(telling: Telling) -> Listing:
    """When a vantage of our own was blind for more than 3 h (F11), and imported time that nobody knows."""
    _, asked = telling.words, telling.asked
    _found, blind, _rate_of = telling.counted
    rows = [_gap(_("vantage"), gap.vantage, gap.window) for gap in blind]
    rows += [
        _gap(_("imported, unknown"), telling.name(each.root), each.window)
        for each in unknown_imports(asked.known, asked.window)
    ]
    return Listing(
        key="gaps",
        title=_("Gaps of the record"),
        note=_(
            "Longer than 3 h: a late fault may hide there, each one of a vantage counts one in the low bound (F11)."
        ),
        columns=_gap_columns(telling),
        rows=rows,
        empty=_("None."),
    )


def _gap(kind: str, name: str, window: Window) -> list[Cell]:
    return [kind, name, At(window.start), At(window.end), Lasting(window.length)]


def _gap_columns(telling: Telling) -> list[Column]:
    _ = telling.words
    return [
        Column(_("kind"), 20),
        Column(_("what"), 30),
        Column(_("from"), 20),
        Column(_("to"), 20),
        Column(_("length"), 14),
    ]


def out_of_reach(telling: Telling, chosen: Callable[[str], bool] | None = None) -> Listing:
    """Sites that had no service for more than 3 h in one piece (F9)."""
    _ = telling.words
    found = sites_out(telling.asked.known, telling.asked.window)
    return Listing(
        key="sites",
        title=_("Sites without service for more than 3 h"),
        columns=[Column(_("site"), 30), *_gap_columns(telling)[1:]],
        rows=[
            [
                telling.name(each.site),
                each.site,
                At(each.window.start),
                At(each.window.end),
                Lasting(each.window.length),
            ]
            for each in found
            if chosen is None or chosen(each.site)
        ],
        empty=_("None."),
    )
