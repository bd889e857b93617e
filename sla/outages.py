"""From a history to outages (S8), what was planned of them (M4), and which belong together (F5)."""

from bisect import bisect_right
from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from sla.confirm import FOREVER
from sla.model import Cause, State, Window
from sla.timeline import Mark

REOPEN_US = 600_000_000
"""F5: DOWN again within this of the restoration, the limit included, is the same fault."""


class End(Enum):
    """How an outage ended."""

    RESTORED = auto()
    WITHDRAWN = auto()  # removed, or taken out of service, while DOWN (M5)
    OPEN = auto()  # still DOWN when the record ends
    UNSEEN = auto()  # UNKNOWN, and nothing more


class Outage(NamedTuple):
    """DOWN spans with nothing but UNKNOWN between them, or what a window or an ancestor's end left of one.

    Units: microseconds. `start` is the first failed reading; it may truly have begun as early as `earliest`, at any
    time where that is None (F10). `down_end` ends the last DOWN span, FOREVER while open; `restored` is the first good
    reading. `exact`: the start is no onset but the end of a window or of an ancestor's fault. `withdrawn` is when the
    target was removed.
    """

    start: int
    earliest: int | None
    down_end: int
    restored: int | None
    end: End
    imported: bool = False
    exact: bool = False
    withdrawn: int | None = None

    def since(self, at: int) -> "Outage":
        """The rest of it from an instant on."""
        return self._replace(start=at, earliest=at, down_end=max(self.down_end, at), exact=True)


class Spell(NamedTuple):
    """Outages of one item that F5 makes one, or one that was planned in a window."""

    parts: tuple[Outage, ...]
    window: Window | None = None

    @property
    def start(self) -> int:
        """The first onset."""
        return self.parts[0].start

    @property
    def down_end(self) -> int:
        """The end of its last DOWN span, for a planned one that of its window at the latest."""
        end = self.parts[-1].down_end
        return end if self.window is None else min(end, self.window.end)


def outages(history: Sequence[Mark], as_of: int) -> list[Outage]:
    """Every outage that began before `as_of`, whatever of it is known then."""
    reader = _Reader()
    for position, mark in enumerate(history):
        if mark.at >= as_of:
            break
        following = history[position + 1].at if position + 1 < len(history) else FOREVER
        reader.take(mark, FOREVER if following >= as_of else following)
    return reader.finish()


class _Reader:
    """Reads a history from left to right."""

    def __init__(self) -> None:
        self.found: list[Outage] = []
        self._open: Outage | None = None
        self._unknown_since: int | None = None
        self._is_unknown = True

    def take(self, mark: Mark, until: int) -> None:
        """One state that holds until the next mark."""
        if mark.state is State.DOWN:
            self._down(mark, until)
        elif mark.state is State.UNKNOWN:
            if mark.cause is Cause.WITHDRAWN and self._open is not None and self._open.withdrawn is None:
                self._open = self._open._replace(end=End.WITHDRAWN, withdrawn=mark.at)
            if not self._is_unknown:
                self._unknown_since = mark.at
        elif self._open is not None:
            self._close(mark)
        self._is_unknown = mark.state is State.UNKNOWN

    def finish(self) -> list[Outage]:
        """The outages; the last one may have no end."""
        if self._open is not None:
            self.found.append(self._open)
        return self.found

    def _down(self, mark: Mark, until: int) -> None:
        end = End.OPEN if until == FOREVER else End.UNSEEN
        if self._open is None:
            earliest = self._unknown_since if self._is_unknown else mark.at
            imported = mark.cause is Cause.IMPORTED
            self._open = Outage(mark.at, earliest, until, None, end, imported)
        else:
            self._open = self._open._replace(down_end=until, end=end, withdrawn=None)

    def _close(self, mark: Mark) -> None:
        assert self._open is not None
        if mark.state is State.OUT:
            removed = self._open.withdrawn if self._open.end is End.WITHDRAWN else mark.at
            self.found.append(self._open._replace(end=End.WITHDRAWN, withdrawn=removed))
        elif self._open.end is End.WITHDRAWN:
            self.found.append(self._open)
        else:
            self.found.append(self._open._replace(restored=mark.at, end=End.RESTORED))
        self._open = None


def spells(found: Sequence[Outage], planned: Sequence[Window], as_of: int) -> list[Spell]:
    """Windows first, then F5, which does not see what was planned. Shape: planned is disjoint and ordered."""
    made: list[Spell] = []
    last: int | None = None
    for outage in found:
        window = _holding(planned, outage.start)
        if window is not None:
            made.append(Spell((outage,), window))
            if not _overruns(outage, window.end, as_of):
                continue
            made.append(Spell((outage.since(window.end),)))
        elif last is not None and _is_reopened(made[last], outage):
            made[last] = Spell((*made[last].parts, outage))
            continue
        else:
            made.append(Spell((outage,)))
        last = len(made) - 1
    return made


def _holding(windows: Sequence[Window], at: int) -> Window | None:
    index = bisect_right(windows, at, key=_start) - 1
    return windows[index] if index >= 0 and at < windows[index].end else None


def _overruns(outage: Outage, end: int, as_of: int) -> bool:
    """Not restored when the window ends (M4); what was removed before is not DOWN any more."""
    if end >= as_of:
        return False
    if outage.withdrawn is not None:
        return outage.withdrawn > end
    return outage.restored is None or outage.restored > end


def _is_reopened(before: Spell, outage: Outage) -> bool:
    restored = before.parts[-1].restored
    return restored is not None and outage.start - restored <= REOPEN_US


def _start(window: Window) -> int:
    return window.start
