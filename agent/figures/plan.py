"""A plan's table for a period out of a store: every row in the plan's order and words, with its figure and verdict.

The command, the API and the metrics all take their numbers from here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any
from urllib.parse import urlencode

from agent.config.problems import nearest, show
from agent.errors import UsageError
from agent.figures import parts
from agent.figures.asked import Asked
from agent.figures.book import Shelf
from agent.figures.definition import definition
from agent.figures.faults import Faults, Found
from agent.figures.formulas.clearing import CLEARING, narrowed
from agent.figures.kept import Kept
from agent.figures.sealedrows import differing, sealed_rows
from agent.figures.standing import Standing, standing
from agent.figures.timelines import Timelines
from agent.figures.words import reason_text
from agent.instants import format_instant, hours
from agent.language import ZH
from agent.stores.base import Reader
from agent.stores.opening import SIMULATED
from agent.stores.registering import STARTS
from agent.version import METHOD_VERSION
from sla.availability import Ratio
from sla.changes import plan_in_force
from sla.indicators import Judged, Part, Reason, Variation
from sla.model import Window
from sla.periods import named, to_datetime
from sla.plans import Adoption, Plan, Row
from sla.verdict import PERCENT, Target, display

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All rows of a plan for one period, as known at `as_of`. Units: microseconds."""

    plan: Plan
    period: str
    window: Window
    as_of: int
    register_version: str
    simulated: bool
    rows: tuple[Judged, ...]
    standing: Standing = field(default_factory=Standing)
    sealed: Mapping[str, Json] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether the period goes on (T3)."""
        return self.as_of < self.window.end


class PlanTables:
    """Answers about plans from a store."""

    def __init__(self, reader: Reader, shelf: Shelf | None = None, kept: Kept | None = None) -> None:
        self._reader = reader
        self._shelf = shelf or Shelf()
        self._kept = kept

    def table(self, plan: Plan, period: str | None, *, now: int, as_of: int | None = None) -> Table:
        """The whole table; without a period the running year. Errors: UsageError for a period that has not come.

        Who gives what is kept tells it of every batch of rows: what was reckoned before is used where it still holds.
        """
        kept = self._kept or Kept(self._reader)
        asked, name = self._question(plan, period, now=now, as_of=as_of, kept=kept)
        return self.table_of(asked, name)

    def table_of(self, asked: Asked, name: str, told: Callable[[int, int], None] | None = None) -> Table:
        """The whole table of a question, which may be asked more; `told` hears after each row how many are done."""
        rows = []
        for row in asked.plan.rows:
            rows.append(self.row(asked, row))
            if told is not None:
                told(len(rows), len(asked.plan.rows))
        return replace(self.head_of(asked, name), rows=tuple(rows))

    def head_of(self, asked: Asked, name: str) -> Table:
        """A table without its rows: what stands above every report of the question."""
        return Table(
            plan=asked.plan,
            period=name,
            window=asked.period,
            as_of=asked.as_of,
            register_version=_version(self._reader.register_state()),
            simulated=self._reader.meta(SIMULATED) == "true",
            rows=(),
            standing=standing(self._reader, asked.period, asked.zone),
            sealed=sealed_rows(self._reader, asked.plan, name, asked.as_of),
        )

    def asked(self, plan: Plan, period: str | None, *, now: int, as_of: int | None = None) -> tuple[Asked, str]:
        """One question, and the name of its period, for who asks everything of it. Errors: UsageError."""
        asked, name = self._question(plan, period, now=now, as_of=as_of, kept=None)
        asked.known.load_all()
        return asked, name

    def _question(
        self, plan: Plan, period: str | None, *, now: int, as_of: int | None, kept: Kept | None
    ) -> tuple[Asked, str]:
        zone, at = plan.zone_info, now if as_of is None else as_of
        name = str(to_datetime(at, zone).year) if period is None else period
        try:
            window = named(name, zone)
        except ValueError as exc:
            raise UsageError(f"period: got {show(name)}, {exc}") from None
        faults = Faults(self._reader, zone, self._shelf)
        faults.check(window, at, now)
        book, short = self._shelf.book(self._reader), plan.short_notice
        if kept is None:
            known = Timelines(self._reader, book, at, short_notice_excludes=short)
        else:
            kept.look(book, at)
            known = kept.known(short_notice_excludes=short)
        made = Asked(
            plan=plan_in_force(plan, window, at),
            period=window,
            as_of=at,
            now=now,
            zone=zone,
            reader=self._reader,
            known=known,
            faults=faults,
            kept=kept,
        )
        return made, name

    def row(self, asked: Asked, row: Row) -> Judged:
        """One row with its figure and verdict."""
        return parts.measured(asked, row)


def _version(state: int) -> str:
    """Which version of the registers it rests on: imports so far, and starts or reloads so far."""
    imports, starts = divmod(state, STARTS)
    return f"{imports}.{starts}"


def only(plan: Plan, id_: str) -> Plan:
    """The plan with one of its rows alone, by id or number. Errors: UsageError naming the nearest."""
    row = plan.row(id_)
    if row is None:
        step = nearest(id_, [each.id for each in plan.rows])
        raise UsageError(f"indicator: got {show(id_)}, wanted an id or number of plan {plan.id}; {step}")
    return replace(plan, rows=(row,))


def faults_of_plan(asked: Asked) -> Found:
    """The faults that the plan's row of the 3-hour rate counts, with its rate. Errors: UsageError without one."""
    row = next((row for row in asked.plan.rows if row.formula == CLEARING.name), None)
    if row is None:
        raise UsageError(f"plan {asked.plan.id}: no row of the formula {CLEARING.name}, so it counts no faults")
    parts.refuse_split(asked, row, "the list of its faults")
    return narrowed(asked, row)


def reasons(table: Table, row: Judged) -> Iterator[Reason]:
    """Why the figure is as it is, and what must be said beside it, whatever it is (T3, V2, V7)."""
    if row.target.advisory:
        year = to_datetime(table.window.start, table.plan.zone_info).year
        values: dict[str, str | int] = {"year": year, "text": row.target.text, "column": row.target.year or 0}
        yield Reason("advisory", values)
    yield from _of_seal(table, row)
    yield from parts.reasons(row, table.plan.adopted, partial(_time, table))
    yield from row.figure.reasons
    yield from (_beside(row, each) for each in row.figure.beside if each.low and each.low[1])
    if row.row.note:
        yield Reason("note", {"words": row.row.note})
    if row.running:
        yield Reason("year_to_date", {"at": _time(table, table.as_of)})
    if table.plan.is_draft:
        yield Reason("draft")
    if adoption(table.plan, row.row) is None:
        yield Reason("not_adopted")


def part_reasons(table: Table, row: Judged) -> Iterator[Reason]:
    """The same of one part of a split row; what is said of the whole is not said again."""
    yield from row.figure.reasons
    yield from (_beside(row, each) for each in row.figure.beside if each.low and each.low[1])
    if adoption(table.plan, row.row) is None:
        yield Reason("not_adopted")


def _of_seal(table: Table, row: Judged) -> Iterator[Reason]:
    """That the seal of the month says another figure than what is reckoned now."""
    was = table.sealed.get(row.row.id)
    told = None if was is None else differing(was, _figures(table, row))
    if told is not None:
        low, high = (f"{pair[0]}/{pair[1]}" if pair else "-" for pair in (told["low"], told["high"]))
        values = {"display": told["display"], "verdict": told["verdict"], "low": low, "high": high}
        yield Reason("sealed_differs", {**values, "now": row.display})


def _beside(row: Judged, each: Variation) -> Reason:
    """A figure beside the headline, printed by the same rules, with its parts (V3)."""
    low, high = (display(ratio, row.target, row.figure.decimals) for ratio in (each.low, each.high))
    shown = hours if row.figure.timed else str
    parts = " / ".join(
        shown(least) if least == most else f"{shown(least)} – {shown(most)}"
        for least, most in zip(each.low or (), each.high or each.low or (), strict=True)
    )
    return Reason("beside", {"name": each.name, "figure": low if low == high else f"{low} – {high}", "parts": parts})


def adoption(plan: Plan, row: Row) -> Adoption | None:
    """Who adopted a row's definition: its own word, else the plan's (V7)."""
    return row.adopted or plan.adopted


def as_json(table: Table, language: str = ZH) -> Json:
    """What `report --format json` and the API answer."""
    plan = table.plan
    return {
        "plan": plan.id,
        "period": table.period,
        "as_of": _time(table, table.as_of),
        "method_version": METHOD_VERSION,
        "register_version": table.register_version,
        "status": "sealed" if table.standing.is_sealed else "provisional",
        "seal": table.standing.digest if table.standing.is_sealed else None,
        "adopted": _adopted(plan.adopted),
        "simulated": table.simulated,
        "indicators": [row_as_json(table, row, language) for row in table.rows],
    }


def row_as_json(table: Table, row: Judged, language: str = ZH) -> Json:
    """One row in the words of the interface."""
    figures = _figures(table, row)
    was = differing(table.sealed.get(row.row.id), figures)
    return {
        "no": row.row.no,
        "id": row.row.id,
        "name_zh": row.row.name_zh,
        "name_en": row.row.name_en,
        "definition_zh": row.row.definition_zh,
        "attribute": row.row.attribute,
        **{name: value for name, value in figures.items() if name != "parts"},
        "reasons": [reason_text(reason, language) for reason in reasons(table, row)],
        "evidence": f"/api/v1/plans/{table.plan.id}/indicators/{row.row.id}/evidence?{_query(table)}",
        **({"parts": [_part(table, part, language) for part in row.parts]} if row.parts else {}),
        **({"sealed": was} if was is not None else {}),
    }


def _part(table: Table, part: Part, language: str) -> Json:
    """A part of a split row: its window, its definition, its figures, its verdict (V7)."""
    row = part.judged.row
    return {
        **parts.instants(part.window, table.plan.zone_info),
        "definition_zh": row.definition_zh,
        "formula": row.formula,
        "scope": dict(row.scope),
        **_figures(_then(table, part), part.judged),
        "reasons": [reason_text(reason, language) for reason in part_reasons(table, part.judged)],
    }


def _then(table: Table, part: Part) -> Table:
    """The table with the options that the plan had in a part (V7)."""
    return replace(table, plan=table.plan.at(part.window.start))


def _figures(table: Table, row: Judged) -> Json:
    """What is measured and judged of a row, without words."""
    figure, value = row.figure, row.figure.value
    return {
        "target": _target(row.target, row.row.unit),
        "n": None if value is None else value[0],
        "d": None if value is None else value[1],
        "low": _pair(figure.low),
        "high": _pair(figure.high),
        "best": _pair(figure.best),
        "worst": _pair(figure.worst),
        "claimed": _pair(figure.claimed),
        "display": row.display,
        "verdict": str(row.verdict),
        "provisional": row.provisional,
        "basis": str(figure.basis),
        "late": figure.late,
        "pending": figure.pending,
        "allowed": row.allowed,
        "parameters": {
            **figure.parameters,
            "adopted": _adopted(adoption(table.plan, row.row)),
            "definition_digest": definition(table.plan, row.row),
        },
        **({"parts": [_figures(_then(table, part), part.judged) for part in row.parts]} if row.parts else {}),
    }


def _query(table: Table) -> str:
    """The same number again: its period and instant."""
    return urlencode({"period": table.period, "as_of": _time(table, table.as_of)})


def _target(target: Target, unit: str) -> Json:
    return {
        "year": target.year,
        "text": target.text,
        "op": str(target.op),
        "value": None if target.value is None else _number(target.value * (100 if unit == PERCENT else 1)),
        "advisory": target.advisory,
    }


def _number(value: Fraction) -> int | float:
    """What the plan prints, in its unit; comparisons never go by it."""
    return value.numerator if value.denominator == 1 else float(value)


def _pair(ratio: Ratio | None) -> list[int] | None:
    return None if ratio is None or ratio[1] == 0 else list(ratio)


def _adopted(adopted: Adoption | None) -> Json | None:
    return None if adopted is None else adopted._asdict()


def _time(table: Table, at: int) -> str:
    return format_instant(at, table.plan.zone_info)
