"""From a store to a report's content: what the command, the API and the calendar have in common."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.figures.plan import PlanTables
from agent.reports import full, party
from agent.reports.content import Report
from agent.reports.party import Party
from agent.reports.telling import Telling
from sla.plans import Plan

Told = Callable[[int, int], None]
"""Hears how many steps of how many are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which report: of the whole plan or of one party. Units: microseconds; None for now, and for the running year."""

    plan: Plan
    period: str | None
    language: str
    as_of: int | None = None
    whose: Party | None = None


def build(tables: PlanTables, wanted: Wanted, *, now: int, told: Told | None = None) -> Report:
    """The content of a report. Errors: UsageError."""
    asked, name = tables.asked(wanted.plan, wanted.period, now=now, as_of=wanted.as_of)
    telling = Telling(asked, wanted.language)
    if wanted.whose is not None:
        made = party.report(telling, tables.head_of(asked, name), wanted.whose)
    else:
        made = full.report(telling, tables.table_of(asked, name, told))
    asked.known.let_go()
    return made
