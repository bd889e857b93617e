"""The sheet of one carrier or one county: its own lines and targets, faults, windows; sums, never averages (V4)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from agent.config.problems import nearest, show
from agent.errors import UsageError
from agent.figures.book import INLINE, Book
from agent.figures.plan import Table
from agent.language import N_
from agent.reports import coverage_lists, fault_lists, full, window_lists
from agent.reports.content import Report
from agent.reports.listing import Cell, Column, Lasting, Listing, Share
from agent.reports.telling import Telling, touches
from sla.availability import Parts, availability
from sla.faults import Fault
from sla.maintenance import union
from sla.model import Window
from sla.rate import Gap, rate

CARRIER, COUNTY = "carrier", "county"
KINDS: Mapping[str, str] = {CARRIER: N_("sheet of the carrier %(name)s"), COUNTY: N_("sheet of the county %(name)s")}
MEASURED = ("links", "targets", INLINE)

OWN_VIEW = N_(
    "Users' view: all in service counts, whoever caused an outage. Beside it, labelled, the view of own "
    "responsibility: without approved maintenance and without outages that came from something above (A7). Only "
    "the first is held against targets."
)


class Party(NamedTuple):
    """Whose sheet it is: `kind` carrier or county, `value` its name or its code."""

    kind: str
    value: str


def parse(text: str) -> Party:
    """What `carrier=NAME` or `county=CODE` asks for. Errors: UsageError, in words."""
    kind, sign, value = text.partition("=")
    if kind not in KINDS or not sign or not value.strip():
        raise UsageError(f"for: got {show(text[:80])}, wanted carrier=NAME or county=CODE, as the registers have them")
    return Party(kind, value.strip())


def tail(party: Party) -> str:
    """What stands behind plan and period in the name of its file: letters and figures of any language."""
    return f"-{party.kind}-{''.join(c if c.isalnum() else '-' for c in party.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """What belongs to a party, by id with the time in which it did (A2)."""

    name: str
    held: Mapping[str, Sequence[Window]]
    sites: Collection[str]
    divisions: Collection[str] = ()

    def has(self, id_: str, at: int) -> bool:
        """Whether it was the party's at an instant."""
        return any(window.start <= at < window.end for window in self.held.get(id_.partition("#")[0], ()))


def mine(book: Book, party: Party) -> Mine:
    """The party's lines and targets. Errors: UsageError for a name that no register has."""
    if party.kind == CARRIER:
        return _of_carrier(book, party.value)
    return _of_county(book, party.value)


def _of_carrier(book: Book, name: str) -> Mine:
    held, known = dict[str, list[Window]](), set[str]()
    for id_ in book.ids(*MEASURED):
        for window, body in book.bodies(id_):
            carrier = str(body.get("carrier") or "")
            known.add(carrier)
            if carrier == name:
                held.setdefault(id_, []).append(window)
    if not held:
        raise UsageError(
            f"for: no line or target is of the carrier {show(name)}; {nearest(name, sorted(known - {''}))}"
        )
    return Mine(name=name, held=held, sites=())


def _of_county(book: Book, code: str) -> Mine:
    divisions = {id_: book.last("divisions", id_) for id_ in book.ids("divisions")}
    if code not in divisions:
        raise UsageError(f"for: the register of divisions has no code {show(code)}; {nearest(code, sorted(divisions))}")
    below = {code}
    grown = True
    while grown:
        more = {id_ for id_, body in divisions.items() if body.get("parent_code") in below} - below
        below, grown = below | more, bool(more)
    sites = {id_ for id_ in book.ids("sites") if book.latest(id_).get("division_code") in below}
    held: dict[str, list[Window]] = {}
    for id_ in book.ids(*MEASURED):
        for window, body in book.bodies(id_):
            if (body.get("b_site") or body.get("site_id")) in sites:
                held.setdefault(id_, []).append(window)
    return Mine(name=str(divisions[code].get("name") or code), held=held, sites=sites, divisions=below)


def report(telling: Telling, table: Table, party: Party) -> Report:
    """The sheet that a carrier or a county gets. Errors: UsageError for a name that no register has."""
    _, own = telling.words, mine(telling.asked.book, party)
    subtitle = f"{_(KINDS[party.kind]) % {'name': own.name}} · {table.period}"
    sheet = full.headed(telling, table, tail(party), subtitle)
    return replace(sheet, introduction=[_(OWN_VIEW)], lists=list(_lists(telling, own)))


def _lists(telling: Telling, own: Mine) -> Iterator[Listing]:
    yield _available(telling, own)
    yield _rates(telling, own)
    yield fault_lists.faults(telling, lambda fault: own.has(fault.root, fault.start))
    yield fault_lists.planned(telling, lambda root: root.partition("#")[0] in own.held)
    if own.sites:
        yield fault_lists.out_of_reach(telling, lambda site: site in own.sites)
    if own.divisions:
        yield from coverage_lists.coverage(telling, own.divisions)
    concerned = _windows(telling, own)
    yield window_lists.maintenance(telling, lambda ruling: (ruling.row.window_id, ruling.row.version) in concerned)
    yield fault_lists.gaps(telling)


def _windows(telling: Telling, own: Mine) -> set[tuple[str, int]]:
    """The versions of windows that speak of anything of theirs."""
    asked = telling.asked
    return {
        (each.row.window_id, each.row.version)
        for id_ in (*own.held, *own.sites)
        for each in asked.known.windows.of(id_)
    }


class _Line(NamedTuple):
    """One line or target: its time in each of the three views."""

    id: str
    all_in: Parts
    remaining: Parts
    responsible: Parts
    outages: int
    upstream: int


def _available(telling: Telling, own: Mine) -> Listing:
    _ = telling.words
    lines = [line for id_, held in own.held.items() if (line := _line(telling, id_, held)) is not None]
    lines.sort(key=_worst_first)
    rows = [_row(telling, line, telling.name(line.id)) for line in lines]
    if lines:
        rows.append(_row(telling, _total(lines), _("sum of %(n)s") % {"n": len(lines)}))
    return Listing(
        key="available",
        title=_("Availability of lines and targets"),
        note=_("Worst first. The sum adds up numerators and denominators (V4)."),
        columns=_columns(telling),
        rows=rows,
        empty=_("Nothing was in service in this period."),
        sums=1 if lines else 0,
    )


def _columns(telling: Telling) -> list[Column]:
    _ = telling.words
    return [
        Column(_("name"), 28),
        Column(_("id"), 20, paper=False),
        Column(_("near site"), 24, paper=False),
        Column(_("far site"), 24),
        Column(_("users' view"), 24),
        Column(_("without approved maintenance"), 24, paper=False),
        Column(_("own responsibility"), 24),
        Column(_("down"), 14),
        Column(_("not known"), 14),
        Column(_("outages"), 9),
        Column(_("of it from above"), 10),
    ]


def _row(telling: Telling, line: _Line, name: str) -> list[Cell]:
    body = telling.body(line.id) if line.id else {}
    ends = [
        telling.name(str(site)) if site else ""
        for site in (body.get("a_site"), body.get("b_site") or body.get("site_id"))
    ]
    return [
        name,
        line.id,
        *ends,
        *(_share(parts) for parts in (line.all_in, line.remaining, line.responsible)),
        Lasting(line.all_in.down),
        Lasting(line.all_in.unknown),
        line.outages,
        line.upstream,
    ]


def _total(lines: Sequence[_Line]) -> _Line:
    return _Line(
        "",
        _sum([line.all_in for line in lines]),
        _sum([line.remaining for line in lines]),
        _sum([line.responsible for line in lines]),
        sum(line.outages for line in lines),
        sum(line.upstream for line in lines),
    )


def _share(parts: Parts) -> Share:
    return Share(*parts.bounds(), timed=True)


def _worst_first(line: _Line) -> tuple[float, str]:
    """By the low bound; only an order, so a float does."""
    up, whole = line.all_in.bounds().low
    return (up / whole if whole else 2.0, line.id)


def _sum(parts: Sequence[Parts]) -> Parts:
    return Parts(*(sum(column) for column in zip(*parts, strict=True)))


def _line(telling: Telling, id_: str, held: Sequence[Window]) -> _Line | None:
    """Its figures over the time in which it was theirs; None where it never was in this period."""
    known, window = telling.asked.known, telling.asked.window
    times = [Window(max(each.start, window.start), min(each.end, window.end)) for each in held if touches(each, window)]
    if not times:
        return None
    timeline, service, approved = known.of(id_), known.service(id_), known.excluded(id_)
    above = _from_above(telling, id_)
    found = [availability(timeline, service, time, approved) for time in times]
    own = [availability(timeline, service, time, union([*approved, *above])) for time in times]
    onsets = {outage.onset for each in found for outage in each.outages}
    return _Line(
        id_,
        _sum([each.parts for each in found]),
        _sum([each.remaining for each in found]),
        _sum([each.remaining for each in own]),
        len(onsets),
        len({each.start for each in above} & onsets),
    )


def _from_above(telling: Telling, id_: str) -> list[Window]:
    """Its outages that are classed upstream (A7), from onset to restoration."""
    known = telling.asked.known
    episodes = telling.asked.found.derived.episodes.get(known.topology.evidence(id_), ())
    return [
        Window(part.start, part.down_end)
        for episode in episodes
        if episode.kind == "upstream"
        for part in episode.parts
        if not part.exact
    ]


def _rates(telling: Telling, own: Mine) -> Listing:
    """The 3-hour rate of their faults (F9): all, and each priority."""
    _, asked = telling.words, telling.asked
    found, blind, _whole = telling.counted
    faults = [fault for fault in found if own.has(fault.root, fault.start)]
    rows = [_rate(telling, _("all"), "", faults, blind)]
    for priority in sorted({str(fault.priority) for fault in faults}):
        chosen = [fault for fault in faults if str(fault.priority) == priority]
        rows.append(_rate(telling, _("priority"), priority, chosen, blind))
    for outcome_of in sorted({_unit(asked.book, fault) for fault in faults} - {""}):
        chosen = [fault for fault in faults if _unit(asked.book, fault) == outcome_of]
        rows.append(_rate(telling, _("responsible unit"), outcome_of, chosen, blind))
    return fault_lists.rate_listing(telling, rows, " ".join(_notes(telling, faults)))


def _notes(telling: Telling, faults: Sequence[Fault]) -> Iterator[str]:
    _ = telling.words
    row = telling.clearing_row
    if row is not None:
        target = row.target(telling.asked.year)
        yield _("The plan prints %(text)s for all faults together.") % {"text": target.text or "-"}
    yield fault_lists.times(telling, faults)


def _rate(telling: Telling, over: str, value: str, faults: Sequence[Fault], gaps: Sequence[Gap]) -> list[Cell]:
    return fault_lists.rate_row(over, value, rate(faults, telling.asked.period, None, gaps, None))


def _unit(book: Book, fault: Fault) -> str:
    return str(book.at(fault.root.partition("#")[0], fault.start).get("responsible_unit") or "")
