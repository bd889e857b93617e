"""The report of a whole plan: its table, and behind each number all that an auditor may ask for."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from agent.figures.parts import questions
from agent.figures.plan import Table, adoption
from agent.figures.words import VERDICTS, column_text
from agent.instants import hours
from agent.language import EN, N_
from agent.reports import fault_lists, head, object_lists, strips, window_lists
from agent.reports.cells import Cells, cells, heads, part_cells
from agent.reports.content import Count, Fact, Indicator, Report
from agent.reports.listing import Cell, Lasting, Listing, Share, time_text
from agent.reports.parameters import told
from agent.reports.seconds import clock, up
from agent.reports.telling import Telling
from agent.version import METHOD_VERSION
from sla.availability import Ratio
from sla.changes import options_changed
from sla.indicators import Judged
from sla.verdict import PERCENT

NOT_ADOPTED = N_("definitions not adopted")
IMITATED = N_("%(title)s (simulated)")

METHOD = (
    N_("Every percentage stands beside its numerator and denominator. Display cuts off, it never rounds up (V3)."),
    N_("Time that nobody measured is unknown: neither up nor down. It makes the low and the high bound (A4)."),
    N_("A target is met where the low bound meets it, missed where the high bound does not; else undetermined (V2)."),
    N_("DOWN is confirmed by three failed readings in a row and dated back to the first of them (S3)."),
    N_("Periods are half-open, all time is in whole microseconds; platforms are composed instant by instant (A5)."),
    N_("Faults count from the earlier of first failure and report, without pauses; at most 3 h is in time (F2, F3)."),
    N_("Sums are sums of numerators and of denominators, never averages of percentages (V4)."),
)
INTRODUCTION = N_(
    "All %(n)s indicators of the plan, in its order and words. Beside each percentage stand numerator and "
    "denominator; display cuts off and never rounds up; time without observation is unknown, neither up nor down, so "
    "some figures have a low and a high bound. Basis: probes are measured by this system; register and records are "
    "given by departments, with their source."
)


def report(telling: Telling, table: Table) -> Report:
    """Everything about a plan's period in one language."""
    _ = telling.words
    sheet = headed(telling, table, "", _("Report on indicators, %(period)s") % {"period": table.period})
    return replace(
        sheet,
        counts=_counts(telling, table),
        introduction=[_(INTRODUCTION) % {"n": len(table.rows)}, *verbatim(telling)],
        indicators=[_indicator(telling, table, row) for row in table.rows],
        lists=list(_lists(telling)),
        method=[*sheet.method, *_of_plan(telling, table)],
    )


def verbatim(telling: Telling) -> list[str]:
    """That the plan's own words are not translated; only an English report has to say so."""
    return [f"{head.VERBATIM[0].upper()}{head.VERBATIM[1:]}."] if telling.language == EN else []


def headed(telling: Telling, table: Table, tail: str, subtitle: str) -> Report:
    """What stands on every report of a plan's period, around what it is about; `tail` ends its name."""
    plan = table.plan
    return Report(
        language=telling.language,
        stem=f"{plain(plan.id)}-{table.period}{tail}",
        title=imitated(telling, table, plan.title_zh if telling.language == "zh" else plan.title_en),
        subtitle=subtitle,
        lines=head_lines(telling, table),
        marks=marks(telling, table),
        footer=footer(telling, table),
        is_simulated=table.simulated,
        zone=plan.zone_info,
        at=table.as_of,
        introduction=[],
        lists=[],
        method=[telling.words(line) for line in METHOD],
    )


def plain(name: str) -> str:
    """For file names: plain letters only, whatever a plan's id is."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name)


def head_lines(telling: Telling, table: Table) -> list[str]:
    """Period, as of, method; below the title."""
    _, zone = telling.words, table.plan.zone_info
    start, end, at = (time_text(each, zone) for each in (*table.window, table.as_of))
    said = {"start": start, "end": end, "length": hours(table.window.length).removesuffix(":00:00"), "zone": zone.key}
    lines = [_("from %(start)s to %(end)s, %(length)s h, times of %(zone)s") % said]
    state = _("the period goes on: year to date, provisional") if table.running else _("the period is over; not sealed")
    if table.standing.is_sealed:
        state = _("the period is over and sealed")
    lines.append(_("data up to %(at)s; %(state)s") % {"at": at, "state": state})
    return lines


def marks(telling: Telling, table: Table) -> list[str]:
    """What must be read on every page."""
    _ = telling.words
    said = [head.SIMULATED] if table.simulated else []
    if table.plan.adopted is None:
        said.append(_(NOT_ADOPTED))
    said.append(head.witnesses(table, _))
    return [*said, _(head.DRAFT)] if table.plan.is_draft else said


def footer(telling: Telling, table: Table) -> str:
    """Method and registers, for the foot of every page."""
    _ = telling.words
    said = {"method": METHOD_VERSION, "version": table.register_version}
    return _("method %(method)s, register version %(version)s") % said


def imitated(telling: Telling, table: Table, title: str) -> str:
    """The city's name carries the mark (E8)."""
    return telling.words(IMITATED) % {"title": title} if table.simulated else title


def _counts(telling: Telling, table: Table) -> list[Count]:
    found = Counter(row.verdict for row in table.rows)
    return [Count(str(verdict), found[verdict], telling.words(word)) for verdict, word in VERDICTS.items()]


def _of_plan(telling: Telling, table: Table) -> Iterator[str]:
    """What the plan file decided, and how firmly the record stands."""
    _, plan = telling.words, table.plan
    yield _("Source of the plan: %(document)s") % {"document": plan.document}
    said = {"variant": _(object_lists.FIGURES[str(plan.variant)]), "clock": plan.clock}
    yield _("Availability is held against targets by: %(variant)s; a fault's clock by: %(clock)s.") % said
    for change, words in options_changed(plan, table.window):
        what, by = ", ".join(f"{name} {word}" for name, word in words.items()), change.adopted
        values = {"at": telling.asked.time(change.since), "what": what, "by": "-" if by is None else by.by}
        yield (
            _("From %(at)s on the plan says otherwise: %(what)s (%(by)s); rows that go by it stand in parts.") % values
        )
    if plan.adopted is None:
        yield _("Definitions and parameters have not been adopted by anybody (V7).")
    else:
        yield _(head.ADOPTED) % plan.adopted._asdict()
    yield _of_seal(telling, table)


def _of_seal(telling: Telling, table: Table) -> str:
    """What holds the record together (E3)."""
    _, standing = telling.words, table.standing
    said = {"digest": standing.digest, "names": ", ".join(standing.witnesses)}
    if standing.is_sealed and said["names"]:
        return _("The period is sealed: %(digest)s; witnessed by %(names)s (E3).") % said
    if standing.is_sealed:
        return _("The period is sealed: %(digest)s; no outside witness confirms this record (E3).") % said
    if said["names"]:
        return _("The period is not sealed; the ledger up to %(digest)s is witnessed by %(names)s (E3).") % said
    return _("The period is not sealed; no outside witness confirms this record (E3).")


def _lists(telling: Telling) -> Iterator[Listing]:
    if telling.clearing_row is None:
        yield fault_lists.rates_beside(telling)
    yield fault_lists.faults(telling)
    yield fault_lists.planned(telling)
    yield fault_lists.out_of_reach(telling)
    yield window_lists.maintenance(telling)
    yield fault_lists.gaps(telling)


def _indicator(telling: Telling, table: Table, row: Judged) -> Indicator:
    """A row; a split one has its parts, and behind it the lists of each (V7)."""
    whole = _alone(telling, table, row)
    if not row.parts:
        return whole
    parts = []
    shown = part_cells(table, row, telling.language, exact=False)
    for number, (asked, part) in enumerate(questions(telling.asked, row)):
        own = _alone(Telling(asked, telling.language), table, part.judged)
        parts.append(replace(own, cells=shown[number], lists=[_of_part(each, shown[number]) for each in own.lists]))
    for part, cells_of in list(zip(row.parts, shown, strict=True))[len(parts) :]:
        parts.append(Indicator(judged=part.judged, cells=cells_of, facts=[], lists=[], shown=0))
    return replace(whole, lists=[found for part in parts for found in part.lists], parts=parts)


def _of_part(found: Listing, part: Cells) -> Listing:
    return replace(found, key=f"{found.key}-{part.no.replace('.', '-')}", title=f"{part.no} {found.title}, {part.name}")


def _alone(telling: Telling, table: Table, row: Judged) -> Indicator:
    found = () if row.parts else _behind(telling, row)
    shown = cells(table, row, telling.language, exact=False)
    printed = [Fact(*each) for each in zip(heads(telling.language)[3:10], shown[3:10], strict=True) if each[1]]
    return Indicator(
        judged=row,
        cells=shown,
        facts=[*printed, *_facts(telling, table, row)],
        lists=[each for each in found if each is not None],
        shown=len(printed),
        strips=None if row.parts else strips.strips(telling, object_lists.platforms(telling, row)),
    )


def _behind(telling: Telling, row: Judged) -> tuple[Listing | None, ...]:
    return (
        object_lists.outages(telling, row),
        fault_lists.rates_beside(telling) if row.row is telling.clearing_row else object_lists.beside(telling, row),
        object_lists.objects(telling, row),
    )


def _facts(telling: Telling, table: Table, row: Judged) -> Iterator[Fact]:
    _, figure = telling.words, row.figure
    yield from _values(telling, row)
    yield from _counted(telling, row)
    if figure.budget is not None:
        yield Fact(_("allowed to be lost"), Lasting(figure.budget.allowed, is_good=True))
        yield Fact(_("of it used"), Lasting(figure.budget.spent))
        yield Fact(_("of it left"), _left(figure.budget.left))
    yield Fact(_("formula"), row.row.formula)
    for name, value in told(figure.parameters, telling.language, lambda each: column_text(each, telling.language)):
        yield Fact(_("parameter: %(name)s") % {"name": name}, value)
    adopted = adoption(table.plan, row.row)
    yield Fact(_("definition"), _(NOT_ADOPTED) if adopted is None else _(head.ADOPTED) % adopted._asdict())
    if row.row.source is not None:
        yield Fact(_("printed in"), f"{row.row.source.file}:{row.row.source.line}")
    if row.row.note:
        yield Fact(_("note"), row.row.note)


def _values(telling: Telling, row: Judged) -> Iterator[Fact]:
    _, figure = telling.words, row.figure
    named = (
        (_("low bound"), figure.low),
        (_("high bound"), figure.high),
        (_("worst that can still come"), figure.worst),
    )
    for label, ratio in (*named, (_("best that can still come"), figure.best), (_("claimed"), figure.claimed)):
        if ratio is not None and ratio[1]:
            yield Fact(label, _ratio(row, ratio))
    if figure.measured_share is not None:
        yield Fact(_("measured time"), Share(figure.measured_share, figure.measured_share, figure.timed))


def _ratio(row: Judged, ratio: Ratio) -> Cell:
    if row.row.unit == PERCENT:
        return Share(ratio, ratio, row.figure.timed)
    return ratio[0] if ratio[1] == 1 else f"{ratio[0]} / {ratio[1]}"


def _counted(telling: Telling, row: Judged) -> Iterator[Fact]:
    _, figure = telling.words, row.figure
    for label, number in (
        (_("allowed misses"), row.allowed),
        (_("late"), figure.late),
        (_("pending"), figure.pending),
    ):
        if number is not None:
            yield Fact(label, number)


def _left(us: int) -> Cell:
    return Lasting(us, is_good=True) if us >= 0 else f"-{clock(up(-us))}"
