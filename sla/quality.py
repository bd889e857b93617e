"""Quality faults (F12): loss, delay, flapping or lost redundancy that lasts, listed and rated apart."""

from collections.abc import Iterator, Sequence

from sla.confirm import FOREVER
from sla.faults import Clock, Fault, fault_id, outcome
from sla.model import Cause, Degraded, State
from sla.outages import End, Outage
from sla.timeline import Mark

LASTING_US = 900_000_000
"""Longer than this it is a fault."""

COUNTED = Degraded.LOSS | Degraded.RTT | Degraded.FLAPPING | Degraded.REDUNDANCY
PREFIX = "quality:"


def quality_faults(item: str, role: str, history: Sequence[Mark], as_of: int) -> Iterator[Fault]:
    """Those of one item, or of a site. What is UNKNOWN between two such times belongs to the fault, as in S8.

    Worse is no recovery: once it has lasted, it goes on through DOWN, until the item is seen good.
    """
    if all(mark.state is not State.DEGRADED for mark in history):  # as of most items of a city
        return
    for piece in _Pieces().read(history, as_of):
        if _lasted(piece, as_of):
            yield _fault(item, role, piece, as_of)


def _lasted(piece: Outage, as_of: int) -> bool:
    known = as_of if piece.end is End.OPEN else piece.down_end
    return known - piece.start > LASTING_US


class _Pieces:
    """Reads a history from left to right."""

    def __init__(self) -> None:
        self._open: Outage | None = None
        self._unknown_since: int | None = None
        self._is_unknown = True

    def read(self, history: Sequence[Mark], as_of: int) -> Iterator[Outage]:
        """Each stretch of counted DEGRADED, with the DOWN time behind it."""
        for mark, until in _until(history, as_of):
            piece = self._open
            if mark.state is State.DEGRADED and mark.degraded & COUNTED:
                self._bad(mark, until)
            elif mark.state is State.DOWN and piece is not None:
                self._open = _going_on(piece, until) if _lasted(piece, as_of) else None
            elif mark.state is State.UNKNOWN:
                self._unknown_since = self._unknown_since if self._is_unknown else mark.at
            elif piece is not None:
                is_out = mark.state is State.OUT
                end = End.WITHDRAWN if is_out else End.RESTORED
                yield piece._replace(restored=None if is_out else mark.at, end=end)
                self._open = None
            self._is_unknown = mark.state is State.UNKNOWN
        if self._open is not None:
            yield self._open

    def _bad(self, mark: Mark, until: int) -> None:
        if self._open is not None:
            self._open = _going_on(self._open, until)
            return
        earliest = self._unknown_since if self._is_unknown else mark.at
        end = End.OPEN if until == FOREVER else End.UNSEEN
        self._open = Outage(mark.at, earliest, until, None, end, mark.cause is Cause.IMPORTED)


def _going_on(piece: Outage, until: int) -> Outage:
    return piece._replace(down_end=until, end=End.OPEN if until == FOREVER else End.UNSEEN)


def _until(history: Sequence[Mark], as_of: int) -> Iterator[tuple[Mark, int]]:
    for position, mark in enumerate(history):
        if mark.at >= as_of:
            return
        following = history[position + 1].at if position + 1 < len(history) else FOREVER
        yield mark, FOREVER if following >= as_of else following


def _fault(item: str, role: str, piece: Outage, as_of: int) -> Fault:
    return Fault(
        id=fault_id(PREFIX + item, piece.start),
        root=item,
        role=role,
        start=piece.start,
        onset=(piece.earliest, piece.start),
        restored=None if piece.restored is None else (piece.down_end, piece.restored),
        ended=piece.down_end,
        withdrawn=piece.end is End.WITHDRAWN,
        outcome=outcome(Clock(piece.start, piece.earliest), (piece,), as_of),
        priority="P4",
        source="imported" if piece.imported else "probe",
    )
