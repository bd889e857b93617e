"""Later options of a whole plan in its file (V7): each with its day and who adopted it, all mistakes by line."""

from collections.abc import Collection
from datetime import date
from zoneinfo import ZoneInfo

from agent.config.problems import Path, Rule, show
from agent.config.reader import Reader
from agent.figures.formulas import FORMULAS
from agent.plans.changes import read_day
from agent.plans.schema import OptionsFile, PlanHead
from sla.confirm import FOREVER
from sla.periods import midnight
from sla.plans import Adoption, Change, Options, Row, Variant

WRITTEN = ("variant", "clock", "short_notice", "quality_faults")


def check_options(reader: Reader, head: PlanHead | None) -> None:
    """What must hold of the changes of a head that could be read."""
    if head is None:
        return
    before: dict[str, object] = {name: getattr(head, name) for name in WRITTEN}
    last: date | None = None
    for index, change in enumerate(head.changes):
        where: Path = ("changes", index)
        day = read_day(reader, (*where, "since"), change.since)
        read_day(reader, (*where, "adopted", "date"), change.adopted.date)
        after = before | _given(change)
        if after == before:
            text = (
                f"got a change that changes nothing, wanted at least one of {', '.join(WRITTEN)} as it is from then on"
            )
            reader.refuse(Rule.MISSING, where, text)
        if day is not None and last is not None and day <= last:
            text = f"got {show(change.since)}, wanted a later day than the change before it, {last}"
            reader.refuse(Rule.VALUE, (*where, "since"), text)
        before, last = after, day or last


def history(head: PlanHead) -> tuple[Change, ...]:
    """The options of a head without problems by their days; none where they never change."""
    if not head.changes:
        return ()
    said: dict[str, object] = {name: getattr(head, name) for name in WRITTEN}
    found = [Change(-FOREVER, options_of(said), None)]
    for change in head.changes:
        said |= _given(change)
        adopted = Adoption(change.adopted.by, change.adopted.document, change.adopted.date)
        since = midnight(date.fromisoformat(change.since), ZoneInfo(head.zone))
        found.append(Change(since, options_of(said), adopted))
    return tuple(found)


def options_of(said: dict[str, object]) -> Options:
    """Options as a plan file writes them."""
    return Options(
        variant=Variant(str(said["variant"])),
        clock=str(said["clock"]),
        short_notice_excludes=said["short_notice"] == "excludes",
        counts_quality=said["quality_faults"] == "counted",
    )


def reads(row: Row) -> Collection[str]:
    """The options of the plan by which a row goes."""
    return FORMULAS[row.formula].options


def _given(change: OptionsFile) -> dict[str, object]:
    return {name: value for name in WRITTEN if (value := getattr(change, name)) is not None}
