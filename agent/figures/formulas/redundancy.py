"""Shares of time in which what is doubled was there twice: cores, lines, IP versions (A5, A6, S4)."""

from collections.abc import Iterator, Mapping, Sequence

from agent.figures.asked import Asked
from agent.figures.book import INLINE, Body
from agent.figures.formulas.base import Formula
from agent.figures.formulas.shares import listed
from sla.availability import Parts, availability
from sla.budget import ends
from sla.composite import combine
from sla.indicators import Figure, Reason
from sla.model import Degraded, State
from sla.plans import Row
from sla.sums import group
from sla.timeline import Span, clip
from sla.verdict import AVAILABILITY_DECIMALS, Target

TWO = 2


def redundant_time(asked: Asked, row: Row, _: Target) -> Figure:
    """The time in which at least two targets of a role were up; with fewer than two on file, none of it."""
    roles = row.scope["roles"]
    ids = [id_ for id_, body in _targets(asked) if _role(asked, id_) in roles]
    if not ids:
        return _figure(asked, row, {})
    reasons = [Reason("only_one", {"ids": listed(ids)})] if len(ids) < TWO else []
    return _figure(asked, row, {"together": _together(asked, ids)}, reasons)


def redundant_lines(asked: Asked, row: Row, _: Target) -> Figure:
    """Σ time with two lines up / Σ in service over the sites; a site with one line is never redundant."""
    found: dict[str, Parts] = {}
    single = []
    for id_, site in asked.known.topology.sites.items():
        if site.lines:
            found[id_] = _together(asked, site.lines)
            single += [id_] if len(site.lines) < TWO else []
    reasons = [Reason("only_one", {"ids": listed(single)})] if single else []
    return _figure(asked, row, found, reasons)


def dual_stack_time(asked: Asked, row: Row, _: Target) -> Figure:
    """Σ time with both IP versions up / Σ in service over the targets that must answer on both."""
    found = {}
    for id_, body in _targets(asked):
        if {int(family) for family in body.get("families_required") or ()} == {4, 6}:
            spans = [_both(span) for span in asked.known.of(id_)]
            found[id_] = availability(spans, asked.known.service(id_), asked.window).parts
    return _figure(asked, row, found)


def _targets(asked: Asked) -> Iterator[tuple[str, Body]]:
    for register in ("targets", INLINE):
        yield from asked.book.held_in(register, asked.window.end - 1)


def _role(asked: Asked, id_: str) -> str:
    return asked.known.topology.role(id_)


def _together(asked: Asked, ids: Sequence[str]) -> Parts:
    """The time in which two of them were up; one alone never is (A5 would not know)."""
    if len(ids) < TWO:
        spans = [Span(asked.window.start, asked.window.end, State.DOWN)]
    else:
        spans = combine(TWO, [clip(asked.known.served(id_), asked.window) for id_ in ids], asked.window)
    return availability(spans, [], asked.window).parts


def _both(span: Span) -> Span:
    """One IP version down is not both up."""
    lost = span.state is State.DEGRADED and span.degraded & Degraded.FAMILY
    return span._replace(state=State.DOWN, degraded=Degraded.NONE) if lost else span


def _figure(asked: Asked, row: Row, parts: Mapping[str, Parts], reasons: Sequence[Reason] = ()) -> Figure:
    whole = group(parts)
    bounds, rest = whole.bounds, max(asked.period.end - asked.window.end, 0) * len(parts)
    reach = ends(whole.parts, rest)
    said = list(reasons)
    if not parts:
        said.append(Reason("nothing_on_file"))
    elif not whole.parts.known:
        said.append(Reason("nothing_measured"))
    if whole.worst is not None and len(parts) > 1:
        said.append(Reason("worst_member", {"id": whole.worst, "n": len(parts)}))
    return Figure(
        low=bounds.low,
        high=bounds.high,
        best=reach.best if asked.running else bounds.high,
        worst=reach.worst if asked.running else bounds.low,
        basis=row.basis,
        decimals=AVAILABILITY_DECIMALS,
        measured=bool(whole.parts.known),
        timed=True,
        measured_share=(whole.parts.known, whole.parts.in_service),
        parameters={"members": len(parts), "together": TWO},
        reasons=tuple(said),
    )


FORMULAS = (
    Formula("redundant_time", redundant_time, scope=("roles",), needs=("roles",)),
    Formula("redundant_lines", redundant_lines),
    Formula("dual_stack_time", dual_stack_time),
)
