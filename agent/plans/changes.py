"""Later definitions of a row in a plan file (V7): each with its day and who adopted it, all mistakes by line."""

from collections.abc import Callable
from datetime import date

from agent.config.problems import Path, Rule, show
from agent.config.reader import Reader
from agent.plans.schema import ChangeFile, Parameters, RowFile

CHANGED = ("definition", "formula", "basis", "scope", "parameters")
"""What a change may give anew."""


def read_changes(
    reader: Reader, path: Path, row: RowFile, check: Callable[[Path, RowFile], None]
) -> list[tuple[date, RowFile]]:
    """The row as it is from each day on. Shape: days ascend where nothing is wrong; `check` is that of any row."""
    found: list[tuple[date, RowFile]] = []
    for index, change in enumerate(row.changes):
        where: Path = (*path, "changes", index)
        later = _changed(row, change)
        day = read_day(reader, (*where, "since"), change.since)
        read_day(reader, (*where, "adopted", "date"), change.adopted.date)
        _check_sense(reader, where, row, later)
        check(where, later)
        check_deadlines(reader, (*where, "parameters", "deadlines"), change.parameters)
        if day is not None:
            if found and day <= found[-1][0]:
                text = f"got {show(change.since)}, wanted a later day than the change before it, {found[-1][0]}"
                reader.refuse(Rule.VALUE, (*where, "since"), text)
            found.append((day, later))
        row = later
    return found


def _changed(row: RowFile, change: ChangeFile) -> RowFile:
    """What is given anew replaces what was; another formula takes nothing over from the one before."""
    given = {name: getattr(change, name) for name in CHANGED if name in change.model_fields_set}
    if change.formula not in (None, row.formula):
        given |= {"scope": change.scope, "parameters": change.parameters}
    return row.model_copy(update={**given, "adopted": change.adopted, "changes": ()})


def _check_sense(reader: Reader, path: Path, row: RowFile, later: RowFile) -> None:
    if all(getattr(row, name) == getattr(later, name) for name in CHANGED):
        text = f"got a change that changes nothing, wanted at least one of {', '.join(CHANGED)} as it is from then on"
        reader.refuse(Rule.MISSING, path, text)


def check_deadlines(reader: Reader, path: Path, parameters: Parameters) -> None:
    """Each deadline in one unit."""
    for severity, deadline in parameters.deadlines.items():
        if (deadline.hours is None) is (deadline.working_days is None):
            text = "wanted either hours or working_days; for example {hours: 72}"
            reader.refuse(Rule.VALUE, (*path, severity), text, at_key=True)


def read_day(reader: Reader, path: Path, text: str) -> date | None:
    """A day as text; None, and a problem, for one that does not exist."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        reader.refuse(Rule.DATE, path, f"got {show(text)}, wanted a day that exists; for example 2026-07-01")
        return None
