"""Video points and demands (C5): 视频点位在线率 by its basis, and 视频网业务支撑率 of departments' demands.

A point has three components, each probed at its own interval: `signalled` (SIP and the catalogue say so), `reachable`
(RTSP answers) and `verified` (media or a key frame came). A rate names the one it rests on; a point that has no such
component is UNKNOWN all the time it is in service, never left out.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from sla.availability import Bounds, Parts
from sla.model import State
from sla.shares import Share, share

SUPPORTED, UNSUPPORTED, UNTESTED = "supported", "unsupported", "untested"


class Basis(StrEnum):
    """What an online rate rests on."""

    SIGNALLED = "signalled"
    REACHABLE = "reachable"
    VERIFIED = "verified"


class Point(NamedTuple):
    """A point of the register over one period. Units: microseconds.

    Shape: `in_service` is how long it was in service, `serves` whether it was in the last instant. `parts` has the
    time of each component that exists while the point was in service, `now` its state in the last instant.
    """

    id: str
    in_service: int
    serves: bool
    parts: Mapping[Basis, Parts]
    now: Mapping[Basis, State]


class Online(NamedTuple):
    """An online rate by one basis. Units: microseconds.

    Shape: `time` is Σ up / Σ in service with its bounds (A4), `snapshot` the points that were up in the last instant
    of all that were in service then, with the ids. `parts` has the time of
    all points together, degraded time as up. `silent` are points of which this basis knows nothing at all.
    """

    basis: Basis
    time: Bounds
    measured: tuple[int, int]
    parts: Parts
    snapshot: Share
    silent: tuple[str, ...]


def online(points: Iterable[Point], basis: Basis = Basis.REACHABLE) -> Online:
    """视频点位在线率 by one basis. UNKNOWN stays in the bounds (C5). Errors: ValueError for a point twice."""
    found = list(points)
    times = {point.id: _time(point, basis) for point in found}
    up, whole = sum(t.up + t.degraded for t in times.values()), sum(t.in_service for t in times.values())
    unknown = sum(t.unknown for t in times.values())
    down = whole - up - unknown
    return Online(
        basis,
        Bounds((up, whole), (up + unknown, whole)),
        (whole - unknown, whole),
        Parts(up, 0, down, unknown, 0),
        _snapshot(found, basis),
        tuple(sorted(id_ for id_, time in times.items() if time.in_service and not time.known)),
    )


def _time(point: Point, basis: Basis) -> Parts:
    """Of a component that knows less than the point was in service, the rest is UNKNOWN."""
    parts = point.parts.get(basis)
    if parts is None:
        return Parts(0, 0, 0, point.in_service, 0)
    return parts._replace(unknown=parts.unknown + max(point.in_service - parts.in_service, 0))


def _snapshot(points: Iterable[Point], basis: Basis) -> Share:
    lists: dict[str, list[str]] = {"online": [], "offline": [], "unknown": []}
    for point in points:
        if point.serves:
            lists[_WORDS.get(point.now.get(basis, State.UNKNOWN), "unknown")].append(point.id)
    return share(lists, yes=["online"], unknown=["unknown"])


_WORDS = {State.UP: "online", State.DEGRADED: "online", State.DOWN: "offline"}


class Demand(NamedTuple):
    """What a department asked of the video network, and what was assigned to it. Units: microseconds UTC.

    Shape: `asked` and `assigned` by quantity (channels, concurrency, bitrate, retention); `accepted` is when the
    department took it over, with the `document` of that.
    """

    id: str
    asked: Mapping[str, Fraction]
    assigned: Mapping[str, Fraction]
    accepted: int | None
    document: str = ""


def demands(rows: Iterable[Demand], cut: int) -> Share:
    """视频网业务支撑率: the share of registered demands that were met before `cut` (C5).

    Met: every quantity asked for was assigned in full, and the department accepted it, with a date and a document. A
    demand that says no quantity is untested: not met in the low bound, listed. Errors: ValueError.
    """
    lists: dict[str, list[str]] = {status: [] for status in (SUPPORTED, UNSUPPORTED, UNTESTED)}
    why = {}
    for row in rows:
        why[row.id] = _short(row, cut)
        lists[_status(row, why[row.id])].append(row.id)
    return share(lists, yes=[SUPPORTED], unknown=[UNTESTED], why=why)


def _status(row: Demand, short: Iterable[str]) -> str:
    if not row.asked:
        return UNTESTED
    return UNSUPPORTED if [*short] else SUPPORTED


def _short(row: Demand, cut: int) -> list[str]:
    if not row.asked:
        return ["no quantity on file"]
    words = [
        f"{name}: {_plain(row.assigned.get(name, Fraction(0)))} of {_plain(asked)}"
        for name, asked in row.asked.items()
        if row.assigned.get(name, 0) < asked
    ]
    if row.accepted is None or row.accepted >= cut or not row.document:
        words.append("not accepted with a date and a document")
    return words


def _plain(quantity: Fraction) -> str:
    """As the register wrote it: whole, or with its decimals."""
    return f"{Decimal(quantity.numerator) / quantity.denominator:f}"
