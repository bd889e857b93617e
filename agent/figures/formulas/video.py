"""视频点位在线率 (C5): the time in which the points of the register were reachable, as the RTSP collector saw them.

A point is probed by the target that its row names. `signalled` and `verified` have no collector yet, so a rate by
them would be UNKNOWN throughout: this formula goes by `reachable` alone, and says so.
"""

from collections.abc import Iterator

from agent.figures.asked import Asked
from agent.figures.formulas.base import Formula
from agent.figures.formulas.shares import listed, names_of
from sla.availability import availability
from sla.budget import ends
from sla.indicators import Figure, Reason
from sla.model import State, Window
from sla.plans import Row
from sla.points import Basis, Online, Point, online
from sla.timeline import clip
from sla.verdict import AVAILABILITY_DECIMALS, Target

_LAST = 1
"""A snapshot is of the last microsecond before the cut-off."""


def measure(asked: Asked, row: Row, _: Target) -> Figure:
    """Σ reachable / Σ in service over the points; what is not known stays in the bounds."""
    found = online(_points(asked), Basis.REACHABLE)
    whole = found.measured[1]
    ahead = sum(_in_service(asked, id_, Window(asked.window.end, asked.period.end)) for id_ in _ids(asked))
    reach = ends(found.parts, ahead)
    return Figure(
        low=found.time.low,
        high=found.time.high,
        best=reach.best if asked.running else found.time.high,
        worst=reach.worst if asked.running else found.time.low,
        basis=row.basis,
        decimals=AVAILABILITY_DECIMALS,
        timed=True,
        measured=found.measured[0] > 0,
        measured_share=found.measured,
        parameters={"basis": str(Basis.REACHABLE), "points": len(_ids(asked))},
        reasons=tuple(_reasons(asked, found, whole)),
        lists={status: ids for status, ids in found.snapshot.lists.items() if ids},
    )


def _ids(asked: Asked) -> list[str]:
    return asked.book.ids("video_points")


def _in_service(asked: Asked, id_: str, window: Window) -> int:
    if window.length <= 0:
        return 0
    return availability([], asked.book.service_of("video_points", id_), window).parts.in_service


def _points(asked: Asked) -> Iterator[Point]:
    known, window = asked.known, asked.window
    serving = dict(asked.book.held_in("video_points", window.end - _LAST))
    for id_ in _ids(asked):
        service = asked.book.service_of("video_points", id_)
        target = str(asked.book.known_of("video_points", id_, window.end - _LAST).get("target") or "")
        whole = availability([], service, window).parts.in_service
        if not target or not known.has(target):
            yield Point(id_, whole, id_ in serving, {}, {})
            continue
        spans = [
            span for span in known.of(target) if span.state is not State.OUT
        ]  # what the target was out of is unknown
        last = [span.state for span in clip(spans, Window(window.end - _LAST, window.end))]
        parts = {Basis.REACHABLE: availability(spans, service, window).parts}
        yield Point(id_, whole, id_ in serving, parts, {Basis.REACHABLE: last[0]} if last else {})


def _reasons(asked: Asked, found: Online, whole: int) -> Iterator[Reason]:
    if not whole:
        yield Reason("nothing_on_file")
    elif not found.measured[0]:
        yield Reason("nothing_measured")
    if found.snapshot.d:
        unknown = len(found.snapshot.lists.get("unknown", ()))
        yield Reason("points_snapshot", {"n": found.snapshot.n, "d": found.snapshot.d, "unknown": unknown})
    names = names_of(asked, "video_points")
    if found.silent:
        ids = listed(names.get(id_, id_) for id_ in found.silent)
        yield Reason("points_silent", {"n": len(found.silent), "ids": ids})
    offline = found.snapshot.lists.get("offline", ())
    if offline:
        yield Reason("points_offline", {"n": len(offline), "ids": listed(names.get(id_, id_) for id_ in offline)})


ONLINE = Formula("video_online", measure)
