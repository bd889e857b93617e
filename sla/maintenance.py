"""Which time of which maintenance windows leaves the figures (semantics M1, M2).

Nobody can draw a window up afterwards: from the store's first heartbeat on, an instant is excluded only by a window
that stood approved and recorded when the instant came, and that no later word had withdrawn or moved away by then.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from sla.model import Window

NOTICE = 72 * 3600 * 1_000_000
"""Microseconds between notice and start below which the notice is short (M1)."""


class Why(StrEnum):
    """Why a version excludes nothing, or not all of its time."""

    EMPTY = "empty"  # it ends no later than it starts
    NO_APPROVAL = "no_approval"  # nobody approved it, or nobody says when
    APPROVED_LATE = "approved_late"  # not before its start
    RECORDED_LATE = "recorded_late"  # after its start; of one that began before the first heartbeat: after that
    SHORT_NOTICE = "short_notice"  # under 72 h or none, where the plan does not let that exclude
    SUPERSEDED = "superseded"  # a later version took its time, or a part of it


class WindowRow(NamedTuple):
    """One version of one window as recorded. Units: microseconds UTC. `approved`: approved_by is given."""

    window_id: str
    version: int
    start: int
    end: int
    approved: bool
    approved_at: int | None
    notified_at: int | None
    recorded_at: int


class Ruling(NamedTuple):
    """What M1 says of one version.

    Shape: `effective` is what it excludes, empty when it does not count. `reasons` is empty only where that is its
    whole time. `documented`: it begins before the first heartbeat, so the file's stamps stand.
    """

    row: WindowRow
    counts: bool
    effective: Window
    reasons: tuple[Why, ...]
    documented: bool
    short_notice: bool


ShortNotice = bool | tuple[tuple[int, bool], ...]
"""Whether windows with short notice exclude: never, always, or from which instants on, of which the first is early."""


def lets(short_notice: ShortNotice, start: int) -> bool:
    """What holds of a window that starts then: who changes the rule changes nothing of a window that has begun."""
    if isinstance(short_notice, bool):
        return short_notice
    return [said for since, said in short_notice if since <= start][-1]


def rule(
    rows: Sequence[WindowRow], first_heartbeat: int | None, *, short_notice_excludes: ShortNotice = False
) -> list[Ruling]:
    """Judge every version of every window (M1).

    Shape: all versions of a window, whatever their scope, or one that moved elsewhere would not be superseded;
    the rulings stand in the order of the rows.
    """
    bench = _Bench(first_heartbeat, short_notice_excludes)
    versions: dict[str, list[WindowRow]] = {}
    for row in sorted(rows, key=_version):
        versions.setdefault(row.window_id, []).append(row)
    return [bench.judge(row, [v for v in versions[row.window_id] if v.version > row.version]) for row in rows]


def union(windows: Iterable[Window]) -> list[Window]:
    """The time that any of the windows holds (M2). Shape: sorted, disjoint, none empty, none touching the next."""
    joined: list[Window] = []
    for window in sorted(window for window in windows if window.length > 0):
        if joined and window.start <= joined[-1].end:
            joined[-1] = Window(joined[-1].start, max(joined[-1].end, window.end))
        else:
            joined.append(window)
    return joined


def without(windows: Iterable[Window], taken: Iterable[Window]) -> list[Window]:
    """What of the windows no other holds. Shape: disjoint and sorted if the windows are; none empty."""
    left = [window for window in windows if window.length > 0]
    for hole in union(taken):
        left = [part for window in left for part in _around(window, hole) if part.length > 0]
    return left


def excluded(rulings: Sequence[Ruling], outages: Sequence[Window], first_heartbeat: int | None) -> list[Window]:
    """The time of one component that counting windows exclude (M1, M2).

    Shape: rulings of the windows whose scope names the component; outages are its whole runs (S8),
    [onset, restored or end of the record).
    """
    return union(part for ruling in rulings if ruling.counts for part in _parts(ruling, outages, first_heartbeat))


class _Bench(NamedTuple):
    """What all versions are judged by."""

    first_heartbeat: int | None
    short_notice_excludes: ShortNotice

    def judge(self, row: WindowRow, later: Sequence[WindowRow]) -> Ruling:
        reasons = self.objections(row)
        time = Window(row.start, row.start)
        if not reasons:
            whole = self.recorded_time(row)
            time = self.standing_time(row, whole, later)
            if whole.end < row.end:
                reasons.append(Why.RECORDED_LATE)
            if time != whole:
                reasons.append(Why.SUPERSEDED)
        return Ruling(row, time.length > 0, time, tuple(reasons), self.documented(row), _short_notice(row))

    def documented(self, row: WindowRow) -> bool:
        return self.first_heartbeat is None or row.start < self.first_heartbeat

    def objections(self, row: WindowRow) -> list[Why]:
        """Why it does not count, other versions aside (M1)."""
        found = {
            Why.EMPTY: row.end <= row.start,
            Why.NO_APPROVAL: not _has_approval(row),
            Why.APPROVED_LATE: row.approved and row.approved_at is not None and row.approved_at >= row.start,
            Why.RECORDED_LATE: not self.documented(row) and row.recorded_at > row.start,
            Why.SHORT_NOTICE: _short_notice(row) and not lets(self.short_notice_excludes, row.start),
        }
        return [why for why, holds in found.items() if holds]

    def recorded_time(self, row: WindowRow) -> Window:
        """Its time, without what was measured before it was recorded.

        A documented window that reaches over the first heartbeat is judged from there on as one that starts there:
        else a window of years that begins an instant before it could be drawn up at any time.
        """
        beat = self.first_heartbeat
        if beat is not None and row.start < beat < row.recorded_at:
            return Window(row.start, min(row.end, beat))
        return Window(row.start, row.end)

    def standing_time(self, row: WindowRow, time: Window, later: Sequence[WindowRow]) -> Window:
        """What later versions leave of it: each holds from its recording on, of a documented one from ever.

        One that counts holds instead of it; so does one without approval, which excludes nothing. Any other that
        does not count adds nothing, but what it leaves out is no longer planned.
        """
        for version in later:
            since = row.start if self.documented(row) else version.recorded_at
            before = Window(time.start, min(time.end, since))
            after = Window(max(time.start, since, version.start), min(time.end, version.end))
            if not self.objections(version) or not _has_approval(version):
                after = Window(after.start, after.start)
            time = _in_one_piece(before, after)
        return time if time.length > 0 else Window(row.start, row.start)


def _in_one_piece(before: Window, after: Window) -> Window:
    """Both where they touch; else the first that has time: a window once broken off does not come back."""
    if before.length <= 0:
        return after
    touches = after.length > 0 and before.end == after.start
    return Window(before.start, after.end) if touches else before


def _has_approval(row: WindowRow) -> bool:
    return row.approved and row.approved_at is not None


def _short_notice(row: WindowRow) -> bool:
    return row.notified_at is None or row.start - row.notified_at < NOTICE


def _parts(ruling: Ruling, outages: Sequence[Window], first_heartbeat: int | None) -> list[Window]:
    """From the first heartbeat on, nothing of an outage that was open when the version was recorded (M1)."""
    time, recorded_at = ruling.effective, ruling.row.recorded_at
    beat = time.end if first_heartbeat is None else first_heartbeat
    known = [outage for outage in outages if outage.start <= recorded_at < outage.end]
    stamped = Window(time.start, min(time.end, beat))
    return [stamped, *without([Window(max(time.start, beat), time.end)], known)]


def _around(window: Window, hole: Window) -> tuple[Window, Window]:
    return Window(window.start, min(window.end, hole.start)), Window(max(window.start, hole.end), window.end)


def _version(row: WindowRow) -> int:
    return row.version
