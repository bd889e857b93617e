"""Rates of what was to be done by a deadline: problem data (V5) and security incidents (V6)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.model import Window
from sla.shares import Share, by_status, none_computable, share
from sla.workdays import MissingYearError, WorkCalendar

IN_TIME, LATE = "in_time", "late"
PENDING = "pending"
STATUSES = (IN_TIME, LATE)


class Issue(NamedTuple):
    """A data problem. Units: microseconds UTC; `rectified` None while it is open."""

    id: str
    issued: int
    rectified: int | None = None


class Incident(NamedTuple):
    """A security incident. Units: microseconds UTC.

    `began` is the earlier of notice and discovery; `verified` is when the notifying side confirmed the rectification,
    which ends the clock; `reopened` is when it turned out not to have worked.
    """

    id: str
    severity: str
    began: int
    verified: int | None = None
    reopened: int | None = None


class Deadline(NamedTuple):
    """How long a severity has: hours, or else working days."""

    hours: int | None = None
    working_days: int | None = None


class _Item(NamedTuple):
    """Something with a deadline. `late` is true whatever the clock says."""

    id: str
    due: int
    done: int | None
    late: bool = False


def data_issues(
    issues: Iterable[Issue], days: int, period: Window, as_of: int, calendar: WorkCalendar, zone: ZoneInfo
) -> Share:
    """问题数据及时整改率 (V5): of the problems issued in the period, those rectified before their deadline.

    Shape: lists in_time and late; beside them pending: open, and not yet due. A year that the calendar lacks makes it
    not computable.
    """
    mine = [issue for issue in issues if period.start <= issue.issued < min(period.end, as_of)]
    try:
        items = [_Item(each.id, calendar.due(each.issued, days, zone), each.rectified) for each in mine]
    except MissingYearError as exc:
        return none_computable(str(exc), {"issues": [issue.id for issue in mine]})
    return _rate(items, as_of)


def security_incidents(
    incidents: Iterable[Incident],
    deadlines: Mapping[str, Deadline],
    period: Window,
    as_of: int,
    calendar: WorkCalendar,
    zone: ZoneInfo,
) -> Share:
    """网络安全事件及时整改率 (V6): of the incidents whose deadline falls in the period, those verified before it.

    Shape: as data_issues. Without a deadline table, or with an incident whose severity it lacks, not computable. One
    that was opened again is late. Pending are those whose deadline in the period is yet to come.
    """
    if not deadlines:
        return none_computable("the plan file has no approved deadlines: no deadline table, no rate (V6)")
    known = [each for each in incidents if each.began < min(period.end, as_of)]
    if lacking := sorted({each.severity for each in known if each.severity not in deadlines}):
        ids = [each.id for each in known if each.severity in lacking]
        return none_computable(f"no approved deadline for the severity {', '.join(lacking)} (V6)", {"incidents": ids})
    try:
        items = [_incident(each, deadlines[each.severity], as_of, calendar, zone) for each in known]
    except MissingYearError as exc:
        return none_computable(str(exc), {"incidents": [each.id for each in known]})
    return _rate([item for item in items if period.start <= item.due < period.end], as_of)


def _incident(each: Incident, deadline: Deadline, as_of: int, calendar: WorkCalendar, zone: ZoneInfo) -> _Item:
    reopened = each.reopened is not None and each.reopened < as_of
    return _Item(each.id, _due(each.began, deadline, calendar, zone), each.verified, reopened)


def _due(began: int, deadline: Deadline, calendar: WorkCalendar, zone: ZoneInfo) -> int:
    if deadline.hours is not None:
        return began + deadline.hours * 3_600_000_000
    if deadline.working_days is None:
        raise ValueError("a deadline needs hours or working days")
    return calendar.due(began, deadline.working_days, zone)


def _rate(items: Sequence[_Item], as_of: int) -> Share:
    """What was done after as_of was open then (T3)."""
    statuses = {item.id: _status(item, as_of) for item in items}
    found = by_status(statuses, (*STATUSES, PENDING))
    pending = found.pop(PENDING)
    return share(found, yes=[IN_TIME], beside={PENDING: pending})


def _status(item: _Item, as_of: int) -> str:
    """Done at the instant it is due is late: due means before it."""
    if item.late:
        return LATE
    if item.done is not None and item.done < as_of:
        return IN_TIME if item.done < item.due else LATE
    return LATE if as_of >= item.due else PENDING
