"""What must hold of a plan beyond the types of its options; every problem is noted, none hides another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from agent.config.problems import Path, Rule, nearest, show
from agent.config.reader import Reader
from agent.figures.formulas import FORMULAS, Formula
from agent.plans.changes import check_deadlines, read_changes
from agent.plans.options import check_options
from agent.plans.schema import Adopted, PlanHead, RowFile
from sla.periods import midnight
from sla.plans import Adoption, Basis, Row, Source, Version
from sla.verdict import PERCENT, Target, parse_target


def check_head(reader: Reader, head: PlanHead | None) -> None:
    """What must hold of a plan without its rows."""
    years = years_of(reader)
    if years != sorted(set(years)):
        reader.refuse(Rule.VALUE, ("years",), f"got {', '.join(map(str, years))}, wanted each year once, in order")
    if head is not None and head.adopted is not None:
        _check_date(reader, ("adopted", "date"), head.adopted)
    check_options(reader, head)
    if reader.tree.at(("rows",)) is None:
        reader.refuse(Rule.MISSING, ("rows",), "got nothing, wanted the rows of the plan's table; add them")


def years_of(reader: Reader) -> list[int]:
    """The printed columns as far as they can be read."""
    raw = reader.tree.at(("years",))
    texts = raw if isinstance(raw, list) else []
    return [int(text) for text in texts if isinstance(text, str) and text.isascii() and text.isdecimal()]


def read_rows(reader: Reader, head: PlanHead | None) -> tuple[Row, ...]:
    """The rows; those with problems are left out, and the problems noted."""
    years, made = years_of(reader), []
    seen: dict[tuple[str, str], int] = {}
    for index in reader.sequence(("rows",)):
        path: Path = ("rows", index)
        row = reader.read(RowFile, path)
        _check_twice(reader, path, seen)
        if row is not None:
            before = len(reader.found)
            targets = _targets(reader, path, row, years)
            check_formula(reader, path, row)
            _check_adoption(reader, path, row, head)
            changed = read_changes(reader, path, row, partial(check_formula, reader))
            if len(reader.found) == before:
                made.append(_versions(_row(row, targets), [(day, _row(each, targets)) for day, each in changed], head))
    return tuple(made)


def _check_twice(reader: Reader, path: Path, seen: dict[tuple[str, str], int]) -> None:
    for name in ("id", "number"):
        value = reader.tree.at((*path, name))
        if isinstance(value, str):
            first = seen.setdefault((name, value), int(path[1]))
            if first != path[1]:
                line = reader.tree.place(("rows", first, name))[0]
                text = f"got {show(value)} a second time, wanted it once; the first is in line {line}"
                reader.refuse(Rule.DUPLICATE_ID, (*path, name), text)


def _targets(reader: Reader, path: Path, row: RowFile, years: list[int]) -> dict[int, Target]:
    found: dict[int, Target] = {}
    for column, text in row.targets.items():
        where = (*path, "targets", column)
        if column not in map(str, years):
            step = nearest(column, map(str, years))
            reader.refuse(Rule.CHOICE, where, f"got a column that `years` does not name; {step}", at_key=True)
            continue
        try:
            found[int(column)] = parse_target(int(column), text, row.unit)
        except ValueError as exc:
            reader.refuse(Rule.VALUE, where, f"got {show(text)}, {exc}")
    for year in years:
        if str(year) not in row.targets:
            where = (*path, "targets")
            reader.refuse(
                Rule.MISSING, where, f'got no cell for {year}, wanted what is printed; "{year}": "/" for none'
            )
    return dict(sorted(found.items()))


def check_formula(reader: Reader, path: Path, row: RowFile) -> None:
    """What a formula takes of a row, at the path where the row, or a change of it, stands."""
    formula = FORMULAS.get(row.formula)
    if formula is None:
        text = f"got {show(row.formula)}, wanted a formula of this agent; {nearest(row.formula, FORMULAS)}"
        reader.refuse(Rule.CHOICE, (*path, "formula"), text)
        return
    if formula.counts is not (row.unit != PERCENT):
        wanted = "the unit that the plan prints, or number" if formula.counts else "percent"
        reader.refuse(Rule.VALUE, (*path, "unit"), f"got {show(row.unit)}, wanted {wanted} for {formula.name}")
    _check_keys(reader, (*path, "scope"), row.scope.model_fields_set, formula.scope, formula)
    _check_keys(reader, (*path, "parameters"), row.parameters.model_fields_set, formula.parameters, formula)
    for name in formula.needs:
        if name not in row.scope.model_fields_set:
            reader.refuse(Rule.MISSING, (*path, "scope"), f"got no {name}, wanted it for {formula.name}; add it")


def _check_keys(reader: Reader, path: Path, given: set[str], taken: tuple[str, ...], formula: Formula) -> None:
    for name in sorted(given - set(taken)):
        words = f"{formula.name} takes {', '.join(taken) or 'none'}"
        reader.refuse(
            Rule.UNKNOWN_OPTION, (*path, name), f"got an option that nothing would read; {words}", at_key=True
        )


def _check_adoption(reader: Reader, path: Path, row: RowFile, head: PlanHead | None) -> None:
    if row.adopted is not None:
        _check_date(reader, (*path, "adopted", "date"), row.adopted)
    where = (*path, "parameters", "deadlines")
    if row.parameters.deadlines and row.adopted is None and (head is None or head.adopted is None):
        text = "got deadlines that nobody adopted, wanted `adopted: {by, document, date}` beside them (V6)"
        reader.refuse(Rule.MISSING, where, text, at_key=True)
    check_deadlines(reader, where, row.parameters)


def _versions(row: Row, later: Sequence[tuple[date, Row]], head: PlanHead | None) -> Row:
    """The row with its later definitions; the zone of a plan that cannot be read does not matter."""
    if not later:
        return row
    zone = ZoneInfo("UTC" if head is None else head.zone)
    found = [Version(midnight(day, zone), each) for day, each in later]
    return replace(row, versions=(Version(None, row), *found))


def _check_date(reader: Reader, path: Path, adopted: Adopted) -> None:
    try:
        date.fromisoformat(adopted.date)
    except ValueError:
        reader.refuse(Rule.DATE, path, f"got {show(adopted.date)}, wanted a day that exists; for example 2026-01-15")


def _row(row: RowFile, targets: Mapping[int, Target]) -> Row:
    adopted = row.adopted
    return Row(
        no=row.number,
        id=row.id,
        category=row.category,
        name_zh=row.name.zh,
        name_en=row.name.en,
        definition_zh=row.definition,
        attribute=row.attribute,
        targets=targets,
        unit=row.unit,
        formula=row.formula,
        basis=Basis(row.basis),
        scope=dict(_given(row.scope.model_dump(exclude_unset=True))),
        parameters=dict(_given(row.parameters.model_dump(exclude_unset=True))),
        adopted=None if adopted is None else Adoption(adopted.by, adopted.document, adopted.date),
        source=None if row.source is None else Source(row.source.file, row.source.line),
        note=row.note,
    )


def _given(options: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Plain values, as JSON has them."""
    for name, value in options.items():
        yield name, [str(each) for each in value] if isinstance(value, tuple) else value
