"""Coverage of divisions (C1-C3): the division register, accepted sites, and what answered at them in the last 168 h."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from agent.figures.asked import Asked
from agent.figures.book import INLINE, Body
from agent.figures.formulas.base import Formula
from agent.figures.formulas.shares import figure_of, listed
from sla.coverage import WITHIN_US, Coverage, Sighting, Site, Unit, coverage
from sla.indicators import Figure, Reason, Variation
from sla.model import Cause, Outcome, State, Window
from sla.periods import to_datetime
from sla.plans import Row
from sla.timeline import Span, clip
from sla.verdict import Target

VIDEO = "video"
VIDEO_PLANES = frozenset({"video", "视频", "视频网"})
"""Planes that are the video network; every other one, and none, is the extranet."""

_OK = (State.UP, State.DEGRADED)


def measure(asked: Asked, row: Row, _: Target) -> Figure:
    """Units that were verified before the cut-off, of all units of the row's levels."""
    network, levels = str(row.scope["network"]), [str(level) for level in row.scope["levels"]]
    found = units_covered(asked, network, levels)
    figure = figure_of(
        row,
        found.total,
        reasons=tuple(_reasons(found)),
        parameters={"network": network, "levels": levels, "within_hours": WITHIN_US // 3_600_000_000},
        beside=tuple(Variation(f"level {level}", share.low, share.high) for level, share in found.levels.items()),
    )
    units = {level: {status: len(ids) for status, ids in share.lists.items()} for level, share in found.levels.items()}
    return replace(figure, units=units)


def units_covered(asked: Asked, network: str, levels: Collection[str]) -> Coverage:
    """Coverage at the end of the period, or at as_of."""
    cut = asked.window.end
    units = [_unit(id_, body) for id_, body in asked.book.held_in("divisions", cut - 1)]
    return coverage(units, list(_sites(asked, network)), list(_sightings(asked, network)), cut, levels=levels)


def _unit(id_: str, body: Body) -> Unit:
    counts = body.get("counts_in_coverage")
    return Unit(id_, str(body["level"]), None if counts is None else bool(counts))


def _sites(asked: Asked, network: str) -> Iterator[Site]:
    for id_, body in asked.book.held_in("sites", asked.window.end - 1):
        planes = set(body.get("planes") or ())
        if not planes or _is_on(network, planes):
            accepted = asked.book.last("sites", id_).get("accepted_on")
            yield Site(id_, str(body.get("division_code") or ""), None if accepted is None else int(accepted))


def _is_on(network: str, planes: set[str]) -> bool:
    return bool(planes & VIDEO_PLANES if network == VIDEO else planes - VIDEO_PLANES)


def _sightings(asked: Asked, network: str) -> Iterator[Sighting]:
    """What was seen of every target and line that stands at a site, on the network that is asked for."""
    cut = asked.window.end
    for register in ("targets", INLINE):
        for id_, body in asked.book.held_in(register, cut - 1):
            if body.get("site_id") and _speaks_for(network, body):
                yield _sighting(asked, id_, str(body["site_id"]), str(body.get("address") or ""))
    if network != VIDEO:
        for id_, body in asked.book.held_in("links", cut - 1):
            yield _sighting(asked, id_, str(body["b_site"]), str(body.get("far_address") or ""))


def _speaks_for(network: str, body: Body) -> bool:
    """A target of the video network is on its plane, or is a camera."""
    is_video = body.get("role") == "camera" or body.get("kind") == "rtsp" or str(body.get("plane")) in VIDEO_PLANES
    return is_video is (network == VIDEO)


def _sighting(asked: Asked, id_: str, site: str, address: str) -> Sighting:
    """What the record proves of the last readings: where nothing else says, up means ok within 1.5 intervals (S2)."""
    cut, longest = asked.window.end, asked.book.interval(id_) * 3 // 2
    spans = clip(asked.known.of(id_), Window(min(asked.window.start, cut - WITHIN_US), cut))
    readings = asked.imported_readings(id_)
    stated = [span for span in spans if not (span.imported and readings)]  # single readings are exact, spans are not
    told = [(each.at, each.outcome) for each in readings if each.at < cut]
    ok = [_last_reading(span, longest) for span in stated if span.state in _OK]
    failed = [_last_reading(span, longest) for span in stated if span.state is State.DOWN]
    return Sighting(
        target=id_,
        site=site,
        ok=max([*ok, *(at for at, outcome in told if outcome is Outcome.OK)], default=None),
        failed=max([*failed, *(at for at, outcome in told if outcome is Outcome.FAILED)], default=None),
        maybe_ok=any(_hides_one(span) for span in stated if span.end > cut - WITHIN_US),
        days=frozenset(_days(asked, spans)),
        identities=frozenset({address} if address else ()),
    )


def _last_reading(span: Span, longest: int) -> int:
    """The start of the last reading that a span proves: one of a file up to its end, a probe's 1.5 intervals before."""
    return span.end - 1 if span.imported else max(span.start, span.end - longest)


def _hides_one(span: Span) -> bool:
    """A contrary streak that was never confirmed: after DOWN there was an ok reading."""
    return span.state is State.UNKNOWN and span.cause is Cause.UNCONFIRMED


def _days(asked: Asked, spans: list[Span]) -> Iterator[int]:
    """The days of the period on which it was seen (C3)."""
    for span in spans:
        if span.state in _OK and span.end > asked.window.start:
            first = to_datetime(max(span.start, asked.window.start), asked.zone).date().toordinal()
            yield from range(first, to_datetime(span.end - 1, asked.zone).date().toordinal() + 1)


def _reasons(found: Coverage) -> Iterator[Reason]:
    for code, ids in (
        ("left_out", found.left_out),
        ("counted_zones", found.counted_zones),
        ("strays", found.strays),
    ):
        if ids:
            yield Reason(code, {"n": len(ids), "ids": listed(ids)})


COVERAGE = Formula("coverage", measure, scope=("network", "levels"), needs=("network", "levels"))
