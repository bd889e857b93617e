"""A roll-up as people and programs read it (V4): each indicator's parts, their sum, and what is missing of it."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from agent.figures.plan import Json, PlanTables
from agent.figures.rollup import NOWHERE, Absent, By, Rolled, RollUp, rolled_up
from agent.instants import format_instant, hours
from agent.language import EN, N_
from agent.reports import full
from agent.reports.build import Wanted
from agent.reports.content import Report
from agent.reports.csv_file import asked_cells, asked_heads, safe
from agent.reports.listing import Cell, Column, Listing, Share, share_text
from agent.reports.telling import Telling
from agent.version import METHOD_VERSION
from sla.availability import Bounds
from sla.rollup import Part, Whole

HEADS: Mapping[By, str] = {
    By.COUNTY: N_("by county"),
    By.TOWNSHIP: N_("by township"),
    By.VILLAGE: N_("by village"),
    By.UNIT: N_("by responsible unit"),
    By.CITY: N_("by city"),
}
HOW = N_(
    "Numerators and denominators are added up, never percentages averaged. What is missing widens the bounds of the "
    "sum. A fault counts where its root stands, a platform where its parts stand (V4)."
)
APART = N_("Other definition or method: not comparable, not added (definition %(definition)s).")
OPEN = N_("Nothing bounds the sum: of %(names)s nothing was told.")
MISSING = N_("Missing, in the bounds: %(names)s.")
SPLIT = N_("Its definition changed inside the period: not added up; ask for a quarter or month of one definition (V7).")
WHY_NOT: Mapping[Absent, str] = {
    Absent.NO_RATIO: N_("a count or a score, no ratio: not added up"),
    Absent.NO_PLACE: N_("counted for the whole plan alone, by no place or unit"),
    Absent.NOTHING: N_("nothing on file to break down"),
}
"""Why a row of the plan has no parts; of one that was split see SPLIT."""
NOT_BROKEN_DOWN = N_("Not broken down (%(why)s): %(rows)s.")
CSV_HEADS = (N_("No."), N_("Indicator"), N_("name"), N_("Figure"), N_("Remarks"))
CSV_EXACT = ("id", "definition", "key", "low_n", "low_d", "high_n", "high_d", "missing")
SUM, NO_PLACE = N_("sum"), N_("without a place or unit on file")


def made(tables: PlanTables, wanted: Wanted, by: By, *, now: int) -> tuple[RollUp, Telling]:
    """A plan by one thing, and how it is told. Errors: UsageError."""
    asked, name = tables.asked(wanted.plan, wanted.period, now=now, as_of=wanted.as_of)
    found = rolled_up(tables, asked, name, by)
    return found, Telling(asked, wanted.language)


def report(made: RollUp, telling: Telling) -> Report:
    """The same as paper and spreadsheet."""
    _, table = telling.words, made.table
    sheet = full.headed(telling, table, f"-by-{made.by}", f"{_(HEADS[made.by])} · {table.period}")
    return replace(sheet, introduction=[_(HOW), *absent(made, telling)], lists=listings(made, telling))


def absent(made: RollUp, telling: Telling) -> Iterator[str]:
    """Which rows of the plan are not broken down, and why; a split one stands among the lists."""
    found: dict[Absent, list[str]] = {}
    for row in made.rows:
        if (why := row.absent(made.by)) is not None and why is not Absent.SPLIT:
            found.setdefault(why, []).append(f"{row.judged.row.no} {_indicator_name(telling, row)}")
    comma = ", " if telling.language == EN else "、"
    for why, rows in found.items():
        yield telling.words(NOT_BROKEN_DOWN) % {"why": telling.words(WHY_NOT[why]), "rows": comma.join(rows)}


def _indicator_name(telling: Telling, row: Rolled) -> str:
    of = row.judged.row
    return of.name_zh if telling.language == "zh" else of.name_en


def listings(made: RollUp, telling: Telling) -> list[Listing]:
    """A list for each indicator, one more for each other definition of it."""
    return [listing for row in made.rows for listing in _listings(telling, made, row)]


def _listings(telling: Telling, made: RollUp, row: Rolled) -> Iterator[Listing]:
    _, judged = telling.words, row.judged
    name = _indicator_name(telling, row)
    if judged.parts:
        yield Listing(
            key=f"rollup-{judged.row.no}",
            title=f"{judged.row.no} {name}",
            note=_(SPLIT),
            columns=[Column(_("name"), 30), Column(_("figure"), 24)],
            rows=[],
        )
    for number, whole in enumerate(row.wholes):
        yield Listing(
            key=f"rollup-{judged.row.no}-{number}",
            title=f"{judged.row.no} {name}",
            note=" ".join(_notes(telling, made, whole, apart=len(row.wholes) > 1)),
            columns=[
                Column(_("name"), 30),
                Column(_("id"), 24, paper=False),
                Column(_("figure"), 24),
                Column(_("numerator / denominator"), 40, paper=False),
            ],
            rows=[*_rows(telling, made, whole, timed=judged.figure.timed)],
            sums=1,
        )


def _notes(telling: Telling, made: RollUp, whole: Whole, *, apart: bool) -> Iterator[str]:
    _ = telling.words
    if apart:
        yield _(APART) % {"definition": whole.definition}
    if whole.missing:
        names = ", ".join(_name(telling, made, key) for key in whole.missing)
        yield _(MISSING if whole.is_bounded else OPEN) % {"names": names}


def _rows(telling: Telling, made: RollUp, whole: Whole, *, timed: bool) -> Iterator[list[Cell]]:
    share = partial(_share, timed=timed)
    for part in whole.parts:
        yield [_name(telling, made, part.key), part.key, *share(part.shown)]
    yield [telling.words(SUM), "", *share(whole.bounds)]


def _share(bounds: Bounds | None, *, timed: bool) -> list[Cell]:
    if bounds is None:
        return ["-", ""]
    shown = Share(bounds.low, bounds.high, timed)
    return [shown, _exact(bounds, hours if timed else str)]


def _exact(bounds: Bounds, shown: Callable[[int], str]) -> str:
    low, high = (f"{shown(n)} / {shown(d)}" for n, d in bounds)
    return low if low == high else f"{low} – {high}"


def _name(telling: Telling, made: RollUp, key: str) -> str:
    return telling.words(NO_PLACE) if key == NOWHERE else made.names.get(key, key)


def as_json(made: RollUp) -> Json:
    """What `report --by … --format json` and the API answer."""
    table = made.table
    return {
        "plan": table.plan.id,
        "period": table.period,
        "as_of": format_instant(table.as_of, table.plan.zone_info),
        "by": str(made.by),
        "method_version": METHOD_VERSION,
        "register_version": table.register_version,
        "simulated": table.simulated,
        "indicators": [_indicator(made, row) for row in made.rows],
    }


def _indicator(made: RollUp, row: Rolled) -> Json:
    of = row.judged.row
    return {
        "no": of.no,
        "id": of.id,
        "name_zh": of.name_zh,
        "name_en": of.name_en,
        "comparable": len(row.wholes) == 1 if row.wholes else None,
        "absent": row.absent(made.by),
        "wholes": [_whole(made, whole) for whole in row.wholes],
    }


def _whole(made: RollUp, whole: Whole) -> Json:
    return {
        "definition": whole.definition or None,
        **_bounds(whole.bounds),
        "bounded": whole.is_bounded,
        "missing": list(whole.missing),
        "parts": [_part(made, part) for part in whole.parts],
    }


def _part(made: RollUp, part: Part) -> Json:
    return {"key": part.key, "name": made.names.get(part.key, part.key), **_bounds(part.shown)}


def _bounds(bounds: Bounds | None) -> Json:
    """A ratio of nothing is none."""
    if bounds is None:
        return {"low": None, "high": None}
    return {name: list(pair) if pair[1] else None for name, pair in bounds._asdict().items()}


def csv_text(made: RollUp, telling: Telling) -> str:
    """A line for each part, each sum and each row that has none: what people read first, then the exact numbers."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*map(telling.words, CSV_HEADS), *CSV_EXACT, *asked_heads(made.table)])
    told = asked_cells(made.table)
    for row in made.rows:
        lines = (line for whole in row.wholes for line in _lines(made, telling, row, whole))
        for line in lines if row.wholes else (_absent_line(made, telling, row),):
            writer.writerow(map(safe, [*line, *told]))
    return "\ufeff" + out.getvalue()


def _absent_line(made: RollUp, telling: Telling, row: Rolled) -> list[str]:
    of, why = row.judged.row, row.absent(made.by) or Absent.NOTHING
    said = telling.words(SPLIT if why is Absent.SPLIT else WHY_NOT[why])
    return [str(of.no), _indicator_name(telling, row), "", "", said, of.id, *[""] * (len(CSV_EXACT) - 1)]


def _lines(made: RollUp, telling: Telling, row: Rolled, whole: Whole) -> Iterator[list[str]]:
    of, notes = row.judged.row, " ".join(_notes(telling, made, whole, apart=len(row.wholes) > 1))
    first = [str(of.no), _indicator_name(telling, row)]
    for part in whole.parts:
        shown = [_name(telling, made, part.key), _figure(row, part.shown), ""]
        yield [*first, *shown, of.id, whole.definition, part.key or "-", *_four(part.shown), ""]
    shown = [telling.words(SUM), _figure(row, whole.bounds), notes]
    yield [*first, *shown, of.id, whole.definition, "sum", *_four(whole.bounds), ";".join(whole.missing)]


def _figure(row: Rolled, bounds: Bounds | None) -> str:
    """A percentage as every form of a report has it."""
    return "" if bounds is None else share_text(Share(bounds.low, bounds.high, row.judged.figure.timed))


def _four(bounds: Bounds | None) -> list[str]:
    return [""] * 4 if bounds is None else [str(number) for pair in bounds for number in pair]
