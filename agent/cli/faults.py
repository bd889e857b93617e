"""`sla-agent faults`: those of a period, one of them, the rate and what stands beside it, what people say of them."""

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.cli.asking import post
from agent.cli.common import (
    SIMULATED_WORDS,
    ConfigOption,
    Place,
    StoreOption,
    chosen_plan,
    console,
    failing_clearly,
    instant,
    now_us,
    open_reader,
    open_writer,
    os_user,
    place,
    present_us,
)
from agent.errors import UsageError
from agent.figures.faults import Faults, Found
from agent.figures.paths import path_words
from agent.figures.plan import PlanTables, faults_of_plan
from agent.figures.report import clearing_of, quality_rate, rates, sites_out, unknown_imports
from agent.instants import format_duration, hours
from agent.notes import note
from agent.process import undisturbed
from agent.reports.seconds import clock, down, up
from agent.stores.holder import live_holder
from agent.stores.noting import Note
from agent.stores.reading import SqliteReader
from agent.version import METHOD_VERSION
from sla.availability import Ratio
from sla.faults import Fault
from sla.model import Window
from sla.numbers import percent
from sla.periods import named, to_datetime, year
from sla.plans import Plan

DECIMALS = 2
"""V3: rates are printed to 2 decimals of a percent, truncated."""

WIDE = 150
"""Columns from which on faults are a table; a narrower terminal gets two lines for each."""


class Action(StrEnum):
    """What to do with faults."""

    LIST = "list"
    SHOW = "show"
    ACK = "ack"
    ANNOTATE = "annotate"
    REPORT = "report"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("faults")(faults)


def faults(  # noqa: PLR0913  # one parameter an option
    action: Annotated[
        Action, typer.Argument(metavar="ACTION", help="list, show, ack, annotate or report; ack and annotate write.")
    ] = Action.LIST,
    fault: Annotated[str | None, typer.Argument(metavar="ID", help="show, ack, annotate: the fault.")] = None,
    period: Annotated[
        str | None, typer.Option("--period", metavar="P", help="2025, 2025-Q2 or 2025-06; default the running year.")
    ] = None,
    plan: Annotated[str | None, typer.Option("--plan", metavar="ID", help="Only faults that its row counts.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="T", help="Cut time here, with today's knowledge; default now.")
    ] = None,
    text: Annotated[str, typer.Option("--text", metavar="TEXT", help="annotate: a remark; ack: a word with it.")] = "",
    priority: Annotated[str | None, typer.Option("--priority", metavar="P", help="annotate: P1 to P4.")] = None,
    cause: Annotated[str | None, typer.Option("--cause", metavar="TEXT", help="annotate: the cause.")] = None,
    unit: Annotated[
        str | None, typer.Option("--responsible-unit", metavar="UNIT", help="annotate: who answers for it.")
    ] = None,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="annotate: why, for the ledger.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The answer for machines.")] = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Faults of a period by the 3-hour rule: list, show, ack, annotate, report."""
    with failing_clearly(), undisturbed():
        said = {"note": text, "priority": priority, "cause": cause, "responsible_unit": unit}
        words = [(kind, value) for kind, value in said.items() if value]
        _refuse_what_is_not_asked(action, fault, period or plan, as_of, says=bool(words or why))
        where = place(store, config)
        if action is Action.ACK:
            words = [("ack", text), *(each for each in words if each[0] != "note")]
        if action in (Action.ACK, Action.ANNOTATE):
            _write(where, _id(action, fault), words, why, as_json=as_json)
            return
        until = None if as_of is None else instant("--as-of", as_of, where.zone)
        with open_reader(where.location) as reader:
            if action is Action.SHOW:
                _show(Faults(reader, where.zone), _id(action, fault), present_us(reader), until, as_json=as_json)
            elif plan is not None:
                _of_plan(reader, chosen_plan(plan, where), period, as_of, action, as_json=as_json)
            else:
                _of_period(reader, where, period, until, action, as_json=as_json)


def _refuse_what_is_not_asked(
    action: Action, fault: str | None, period: str | None, as_of: str | None, *, says: bool
) -> None:
    """Nothing that is written on the command line is passed over."""
    writes = action in (Action.ACK, Action.ANNOTATE)
    if fault is not None and action in (Action.LIST, Action.REPORT):
        raise UsageError(f"faults {action}: got the ID {fault}, wanted none; for one fault: sla-agent faults show ID")
    if says and not writes:
        raise UsageError(f"faults {action}: got something to write, which it does not; use ack or annotate")
    if period is not None and action not in (Action.LIST, Action.REPORT):
        raise UsageError(f"faults {action}: got --period or --plan, wanted none: it is about one fault; leave it out")
    if as_of is not None and writes:
        raise UsageError(f"faults {action}: got --as-of, wanted none: what is written is recorded now; leave it out")


def _id(action: Action, fault: str | None) -> str:
    if fault is None:
        raise UsageError(f"faults {action}: got no ID, wanted the id of a fault; see: sla-agent faults list")
    return fault


def _of_period(
    reader: SqliteReader, where: Place, period: str | None, until: int | None, action: Action, *, as_json: bool
) -> None:
    faults, now = Faults(reader, where.zone), present_us(reader)
    found = faults.find(_period(period, where, until or now), now=now, as_of=until)
    _tell(faults, found, action, as_json=as_json)


def _of_plan(  # what the command was asked
    reader: SqliteReader, plan: Plan, period: str | None, as_of: str | None, action: Action, *, as_json: bool
) -> None:
    """Only what the plan's row counts, in the plan's zone, with the misses that its target bears (F4)."""
    until = None if as_of is None else instant("--as-of", as_of, plan.zone_info)
    asked, _ = PlanTables(reader).asked(plan, period, now=present_us(reader), as_of=until)
    _tell(asked.faults, faults_of_plan(asked), action, as_json=as_json)


def _tell(faults: Faults, found: Found, action: Action, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(faults.as_json(found), ensure_ascii=False))
        return
    out = console()
    _head(out, faults, found)
    _list(out, faults, found, found.faults)
    if found.quality:
        out.print(Text("quality faults, rated apart (F12):"))
        _list(out, faults, found, found.quality)
    _planned(out, faults, found)
    if action is Action.REPORT:
        _beside(out, found, faults)
    _rate(out, faults, found)


def _period(text: str | None, where: Place, now: int) -> Window:
    if text is None:
        return year(to_datetime(now, where.zone).year, where.zone)
    try:
        return named(text, where.zone)
    except ValueError as exc:
        raise UsageError(f"--period: got {text!r}, {exc}") from None


def _mark(out: Console, faults: Faults) -> None:
    """What is not real says so first (E8)."""
    if faults.simulated:
        out.print(SIMULATED_WORDS, style="bold reverse")


def _head(out: Console, faults: Faults, found: Found) -> None:
    _mark(out, faults)
    start, end = map(faults.time, found.period)
    out.print(Text(f"faults whose clock started from {start} to {end}"))
    out.print(Text(f"as of {faults.time(found.as_of)}, method {METHOD_VERSION}"))
    since = faults.known_since
    if since is None or found.period.start < since:
        ago = "at all" if since is None else f"before {faults.time(since)}"
        out.print(Text(f"nothing was measured {ago}: what failed then is not known", style="bold"))


def _list(out: Console, faults: Faults, found: Found, rows: Sequence[Fault]) -> None:
    if not rows:
        out.print(Text("no fault"))
    elif out.width >= WIDE:
        out.print(_table(faults, found, rows))
    else:
        for fault in rows:
            _two_lines(out, faults, found, fault)


def _two_lines(out: Console, faults: Faults, found: Found, fault: Fault) -> None:
    restored = "not restored" if fault.restored is None else f"restored {faults.time(down(fault.restored[1]))}"
    lines = (
        f"{fault.id}  {fault.root}  {fault.role}  {fault.priority}  {fault.outcome}",
        f"  from {faults.time(down(fault.start))}, {restored}",
        f"  {_lasting(faults, found, fault, exact=False)}, {_members(fault.members)}  {_marks(fault)}".rstrip(),
    )
    out.print(Text("\n".join(lines)))


def _table(faults: Faults, found: Found, rows: Sequence[Fault]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("id", "root", "role", "priority", "start", "restored", LASTING, "outcome", "members", ""):
        table.add_column(Text(name), overflow="fold", no_wrap=name in ("id", "start", "restored"))
    for fault in rows:
        table.add_row(
            fault.id,
            Text(fault.root),
            Text(fault.role),
            str(fault.priority),
            faults.time(down(fault.start)),
            "-" if fault.restored is None else faults.time(down(fault.restored[1])),
            Text(_lasting(faults, found, fault, exact=False)),
            str(fault.outcome),
            str(len(fault.members)),
            _marks(fault),
        )
    return table


LASTING = "lasting [shortest, longest]"


def _lasting(faults: Faults, found: Found, fault: Fault, *, exact: bool) -> str:
    """The clock's time, and beside it what it may truly be where that is not the same (F3).

    Not `exact`: whole seconds, so that a fault never looks shorter and what it may be never narrower than it is.
    """
    shortest, longest = faults.duration(fault, found.as_of)
    least, most = (hours(shortest or 0), hours) if exact else (clock(down(shortest or 0)), _whole)
    if fault.restored is None:
        return f"{least} so far"
    said = most(fault.restored[1] - fault.start)
    if shortest == longest:
        return said
    return f"{said} [{least}, {'no bound' if longest is None else most(longest)}]"


def _whole(us: int) -> str:
    return clock(up(us))


def _members(members: Sequence[str]) -> str:
    return f"{len(members)} member{'' if len(members) == 1 else 's'}"


def _marks(fault: Fault) -> str:
    flags = ("overrun", "residual", "repeat", "withdrawn")
    words = [name for name in flags if getattr(fault, name)]
    return " ".join([*words, *([] if fault.source == "probe" else [str(fault.source)])])


def _planned(out: Console, faults: Faults, found: Found) -> None:
    for each in found.planned:
        end = "not restored in its window" if each.restored is None else f"to {faults.time(each.restored)}"
        window = found.known.window_id(each.root, each.onset)
        line = f"planned: {each.root} from {faults.time(each.onset)}, {end}, window {window}, {_members(each.members)}"
        out.print(Text(line))


def _beside(out: Console, found: Found, faults: Faults) -> None:
    """Everything that stands beside the headline (F9)."""
    table = Table(box=None, pad_edge=False)
    table.add_column("rate", overflow="fold")
    for name in ("low", "high", "in time", "late", "undecided", "n", "pending"):
        table.add_column(name, justify="right", no_wrap=True)
    beside = rates(found.faults, found.period, found.gaps, found.known.book)
    for each in (*beside, quality_rate(found.quality, found.period, found.gaps)):
        rate = each.rate
        counts = map(str, (rate.in_time, rate.late, rate.undecided, rate.n, rate.pending))
        name = f"{each.name.replace('_', ' ')} {'not on file' if each.value == '-' else each.value}"
        table.add_row(Text(name), _percent(rate.low), _percent(rate.high), *counts)
    out.print(table)
    times = clearing_of(found.faults)
    words = [format_duration(each) if each is not None else "-" for each in (times.median, times.p95)]
    out.print(Text(f"clearing time of {times.faults} restored: median {words[0]}, p95 {words[1]}"))
    for site in sites_out(found.known, found.period):
        start, end = map(faults.time, site.window)
        line = f"site without service for more than 3 h: {site.site} from {start} to {end}"
        out.print(Text(line))
    for unknown in unknown_imports(found.known, found.period):
        start, end = map(faults.time, unknown.window)
        out.print(Text(f"imported, not known for more than 3 h (F11): {unknown.root} from {start} to {end}"))


def _rate(out: Console, faults: Faults, found: Found) -> None:
    rate = found.rate
    counts = f"in time {rate.in_time}, late {rate.late}, undecided {rate.undecided}, n {rate.n}; pending {rate.pending}"
    if rate.low[1]:
        pairs = " to ".join(f"{_percent(each)} ({each[0]}/{each[1]})" for each in (rate.low, rate.high))
        bears = "" if rate.allowed is None else f"; the target bears {rate.allowed} late"
        out.print(Text(f"rate within 3 h: {pairs}: {counts}{bears}"))
    else:
        out.print(Text(f"rate within 3 h: no value, nothing to rate: {counts}"))
    for gap in found.gaps:
        start, end = map(faults.time, gap.window)
        line = f"blind: {gap.vantage} from {start} to {end}; a late fault may hide there (F11)"
        out.print(Text(line))


def _percent(ratio: Ratio) -> str:
    return f"{percent(ratio, DECIMALS)} %" if ratio[1] else "-"


def _show(faults: Faults, id_: str, now: int, until: int | None, *, as_json: bool) -> None:
    fault, found = faults.show(id_, now=now, as_of=until)
    notes = faults.notes(id_)
    if as_json:
        body = {**faults.fault(fault), **faults.details(fault, found)}
        typer.echo(json.dumps(body, ensure_ascii=False))
        return
    out = console()
    _mark(out, faults)
    paths = (line for path in faults.paths(fault.id) for line in path_words(path, faults.time))
    for line in (*_facts(faults, found, fault), *_desk(faults, fault), *map(partial(_said, faults), notes), *paths):
        out.print(Text(line))


def _facts(faults: Faults, found: Found, fault: Fault) -> Iterator[str]:
    """One fault, a line for each thing that is known of it."""
    told, details = faults.fault(fault), faults.details(fault, found)
    yield f"{fault.id}  {fault.root}  {fault.role}  {fault.priority}  {fault.outcome}  {_marks(fault)}".rstrip()
    yield f"clock from {told['start']}"
    yield f"onset {_between(told['onset'])}"
    yield f"declared DOWN {told['detected'] or '-'}"
    yield "not restored" if told["restored"] is None else f"restored {_between(told['restored'])}"
    yield f"{LASTING}: {_lasting(faults, found, fault, exact=True)}"
    yield f"{_members(fault.members)}: {', '.join(fault.members)}" if fault.members else "no members"
    yield f"responsible unit {details['responsible_unit'] or 'not on file'}"
    yield f"carrier {details['carrier'] or 'not on file'}"


def _between(ends: Sequence[str | None]) -> str:
    """An instant that is known, or one that lies between two (F10)."""
    first, last = ends
    if first is None:
        return f"{last} or any time before"
    return str(last) if first == last else f"between {first} and {last}"


def _desk(faults: Faults, fault: Fault) -> Iterator[str]:
    for row in fault.desk:
        stamps = ("onset", "reported", "acknowledged", "restored", "closed")
        said = [f"{name} {faults.time(at)}" for name in stamps if (at := getattr(row, name)) is not None]
        yield f"desk {row.id}: {', '.join([*said, *([f'cause {row.cause}'] if row.cause else [])])}"


def _said(faults: Faults, note: Note) -> str:
    words = " ".join(part for part in (note.value, f"({note.why})" if note.why else "") if part)
    return f"{note.kind.replace('_', ' ')} by {note.recorded_by} at {faults.time(note.recorded_at)}: {words or '-'}"


def _write(where: Place, id_: str, said: Sequence[tuple[str, str]], why: str, *, as_json: bool) -> None:
    """Through the running agent, or into the store where none holds it."""
    if not said:
        raise UsageError(
            "faults annotate: got nothing to say, wanted --text, --priority, --cause or --responsible-unit"
        )
    at, by = now_us(), os_user()
    written = [note(id_, kind, value or "", why, by=by, at=at) for kind, value in said]
    with open_reader(where.location) as reader:
        _require(reader, where, id_)
    holder = live_holder(where.location)
    if holder and holder.get("address"):
        for each in written:
            body = {"kind": each.kind, "value": each.value, "why": each.why, "by": by}
            post(holder["address"], f"/api/v1/faults/{quote(id_, safe='')}/notes", body)
    else:
        with open_writer(where.location, "sla-agent faults") as writer:
            writer.add_notes(written)
    if as_json:
        notes = [{"kind": each.kind, "value": each.value, "why": each.why, "recorded_by": by} for each in written]
        typer.echo(json.dumps({"fault": id_, "notes": notes}, ensure_ascii=False))
    else:
        typer.echo(f"{id_}: {', '.join(each.kind for each in written)} recorded as {by}")


def _require(reader: SqliteReader, where: Place, id_: str) -> None:
    """A note is of a fault that there is, or was."""
    if not reader.fault_events(id_):
        Faults(reader, where.zone).show(id_, now=present_us(reader))
