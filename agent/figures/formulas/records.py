"""Figures of what people report: deadlines of data problems and incidents (V5, V6), signed measures, video demands."""

from collections.abc import Iterator
from difflib import get_close_matches
from fractions import Fraction

from agent.figures.asked import Asked
from agent.figures.book import Body
from agent.figures.formulas.base import Formula, not_computable
from agent.figures.formulas.shares import figure_of
from sla.accepted import Measure, measured
from sla.deadlines import Deadline, Incident, Issue, data_issues, security_incidents
from sla.indicators import Figure, Reason
from sla.plans import Row
from sla.points import Demand, demands
from sla.verdict import Target

WORKING_DAYS = 3
_QUANTITIES = {
    "channels": "assigned_channels",
    "concurrency": "assigned_concurrency",
    "bitrate_mbps": "assigned_mbps",
    "retention_days": "assigned_days",
}


def data_rectification(asked: Asked, row: Row, _: Target) -> Figure:
    """问题数据及时整改率 (V5)."""
    days = int(row.parameters.get("working_days", WORKING_DAYS))
    issues = [
        Issue(id_, int(body["issued_at"]), _stamp(body, "rectified_at")) for id_, body in _records(asked, "data_issues")
    ]
    share = data_issues(issues, days, asked.period, asked.as_of, asked.calendar, asked.zone)
    return figure_of(row, share, parameters={"working_days": days}, of_events=True)


def security_rectification(asked: Asked, row: Row, _: Target) -> Figure:
    """网络安全事件及时整改率 (V6)."""
    table = row.parameters.get("deadlines") or {}
    if not table:
        return not_computable(row, Reason("no_deadlines", {"n": len(list(_records(asked, "security_incidents")))}))
    deadlines = {severity: Deadline(**limits) for severity, limits in table.items()}
    incidents = [_incident(id_, body) for id_, body in _records(asked, "security_incidents")]
    share = security_incidents(incidents, deadlines, asked.period, asked.as_of, asked.calendar, asked.zone)
    return figure_of(row, share, parameters={"deadlines": table}, of_events=True)


def _incident(id_: str, body: Body) -> Incident:
    began = min(at for at in (_stamp(body, "noticed_at"), _stamp(body, "found_at")) if at is not None)
    return Incident(id_, str(body["severity"]), began, _stamp(body, "verified_at"), _stamp(body, "reopened_at"))


def signed(asked: Asked, row: Row, _: Target) -> Figure:
    """The last signed figure of the period: numerator and denominator, or a count or score of 1."""
    counts = FORMULA_COUNT.name == row.formula
    told = [_measure(id_, body) for id_, body in _records(asked, "measures") if body.get("indicator") == row.id]
    odd = [each.id for each in told if (each.denominator is None) is not counts]
    share = measured((each for each in told if each.id not in odd), asked.period, asked.as_of)
    reasons = [Reason("measure_of_other_sort", {"ids": ", ".join(odd)})] if odd else []
    if share.not_computable:
        mine = [each for each in told if asked.period.start <= each.at < asked.window.end and each.id not in odd]
        code = Reason("measures_differ") if mine else Reason("no_measure")
        return not_computable(row, *reasons, code, *(() if mine else _misnamed(asked, row)))
    for id_, words in share.why.items():
        reasons.append(Reason("signed", {"id": id_, "words": "; ".join(words)}))
    return Figure(
        low=share.low,
        high=share.high,
        basis=row.basis,
        measured=bool(share.d),
        misses_of=None if counts or not share.d else share.d,
        reasons=tuple(reasons),
    )


def _misnamed(asked: Asked, row: Row) -> Iterator[Reason]:
    """Signed figures of an indicator that the plan does not have, and whose name is nearest to this row's."""
    known = [each.id for each in asked.plan.rows]
    for id_, body in _records(asked, "measures"):
        name = str(body.get("indicator"))
        if name not in known and get_close_matches(name, known, n=1)[:1] == [row.id]:
            yield Reason("measure_misnamed", {"id": id_, "name": name, "wanted": row.id})


def _measure(id_: str, body: Body) -> Measure:
    whole = body.get("denominator")
    return Measure(
        id_,
        int(body["date"]),
        _exact(body["numerator"]),
        None if whole is None else _exact(whole),
        str(body["document"]),
        str(body["signer"]),
    )


def _exact(number: object) -> tuple[int, int]:
    """A number of the register, whose JSON keeps its decimals exactly, as two whole ones."""
    return Fraction(str(number)).as_integer_ratio()


def video_support(asked: Asked, row: Row, _: Target) -> Figure:
    """视频网业务支撑率: demands that were met (C5)."""
    cut = asked.window.end
    held = asked.book.held_in("video_demands", cut - 1)
    rows = [_demand(id_, body, asked.book.known_of("video_demands", id_, cut - 1)) for id_, body in held]
    return figure_of(row, demands(rows, cut))


def _demand(id_: str, held: Body, body: Body) -> Demand:
    """What was asked goes by what held then (A2), what was assigned and accepted by today's knowledge."""
    quantities = [(name, held.get(name), body.get(given)) for name, given in _QUANTITIES.items()]
    wanted = {name: Fraction(str(asked_for)) for name, asked_for, _ in quantities if asked_for is not None}
    given = {name: Fraction(str(got)) for name, _, got in quantities if got is not None}
    return Demand(id_, wanted, given, _stamp(body, "accepted_on"), str(body.get("acceptance_doc") or ""))


def _records(asked: Asked, kind: str) -> Iterator[tuple[str, Body]]:
    """Each record as it was entered last (T3)."""
    return ((id_, asked.book.last(kind, id_)) for id_ in asked.book.ids(kind))


def _stamp(body: Body, name: str) -> int | None:
    at = body.get(name)
    return None if at is None else int(at)


FORMULA_COUNT = Formula("measure_count", signed, counts=True)
FORMULAS = (
    Formula("data_rectification", data_rectification, parameters=("working_days",)),
    Formula("security_rectification", security_rectification, parameters=("deadlines",)),
    Formula("measure", signed),
    FORMULA_COUNT,
    Formula("video_support", video_support),
)
