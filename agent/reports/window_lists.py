"""Maintenance windows of a period, every version: what counts, what came late and why it excludes nothing (M1)."""

from collections.abc import Callable, Mapping

from agent.figures.book import Body
from agent.language import N_
from agent.reports.listing import At, Cell, Column, Lasting, Listing
from agent.reports.telling import Telling, touches
from sla.maintenance import Ruling, Why
from sla.model import Window

WHY: Mapping[Why, str] = {
    Why.EMPTY: N_("ends no later than it starts"),
    Why.NO_APPROVAL: N_("not approved"),
    Why.APPROVED_LATE: N_("approved after its start"),
    Why.RECORDED_LATE: N_("recorded after its start"),
    Why.SHORT_NOTICE: N_("less than 72 h notice"),
    Why.SUPERSEDED: N_("superseded by a later version"),
}


def maintenance(telling: Telling, chosen: Callable[[Ruling], bool] | None = None) -> Listing:
    """Every version of every window that touches the period."""
    _, asked = telling.words, telling.asked
    rulings = [
        each
        for each in asked.known.windows.rulings
        if touches(_time(each), asked.window) and (chosen is None or chosen(each))
    ]
    rulings.sort(key=lambda each: (each.row.start, each.row.window_id, each.row.version))
    ids, versions = asked.book.ids("maintenance"), asked.book.versions
    bodies = {(row.id, row.version): row.body for id_ in ids for row in versions("maintenance", id_)}
    return Listing(
        key="maintenance",
        title=_("Maintenance windows"),
        note=_("Only a window that stood approved and recorded before it began leaves the second figure (M1)."),
        columns=_columns(telling),
        rows=[_row(telling, each, bodies[each.row.window_id, each.row.version]) for each in rulings],
        empty=_("No maintenance window touches this period."),
    )


def _time(ruling: Ruling) -> Window:
    return Window(ruling.row.start, max(ruling.row.end, ruling.row.start + 1))


def _columns(telling: Telling) -> list[Column]:
    _ = telling.words
    return [
        Column(_("window"), 16),
        Column(_("version"), 8, paper=False),
        Column(_("scope"), 28),
        Column(_("from"), 20),
        Column(_("to"), 20),
        Column(_("approved by"), 14, paper=False),
        Column(_("approved at"), 20, paper=False),
        Column(_("notified at"), 20, paper=False),
        Column(_("recorded at"), 20, paper=False),
        Column(_("counts"), 8),
        Column(_("time that counts"), 14),
        Column(_("why not"), 26),
        Column(_("reason"), 24, paper=False),
        Column(_("document"), 20),
    ]


def _row(telling: Telling, ruling: Ruling, body: Body) -> list[Cell]:
    _, row = telling.words, ruling.row
    return [
        row.window_id,
        row.version,
        str(body.get("scope") or ""),
        At(row.start),
        At(row.end),
        str(body.get("approved_by") or ""),
        None if row.approved_at is None else At(row.approved_at),
        None if row.notified_at is None else At(row.notified_at),
        At(row.recorded_at),
        _("yes") if ruling.counts else _("no"),
        Lasting(ruling.effective.length),
        ", ".join(_(WHY[why]) for why in ruling.reasons),
        str(body.get("reason") or ""),
        str(body.get("document") or ""),
    ]
