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
    """Those of one item, or of a site. What is UNKNOWN between two such times belongs to the fault, as in S8."""
    for piece in _pieces(history, as_of):
        known = as_of if piece.end is End.OPEN else piece.down_end
        if known - piece.start > LASTING_US:
            yield _fault(item, role, piece, as_of)


def _pieces(history: Sequence[Mark], as_of: int) -> Iterator[Outage]:
    piece: Outage | None = None
    unknown_since: int | None = None
    was_unknown = True
    for mark, until in _until(history, as_of):
        if mark.state is State.DEGRADED and mark.degraded & COUNTED:
            end = End.OPEN if until == FOREVER else End.UNSEEN
            if piece is None:
                imported = mark.cause is Cause.IMPORTED
                piece = Outage(mark.at, unknown_since if was_unknown else mark.at, until, None, end, imported)
            else:
                piece = piece._replace(down_end=until, end=end)
        elif mark.state is not State.UNKNOWN and piece is not None:
            yield piece._replace(restored=mark.at, end=End.RESTORED)
            piece = None
        if mark.state is State.UNKNOWN and not was_unknown:
            unknown_since = mark.at
        was_unknown = mark.state is State.UNKNOWN
    if piece is not None:
        yield piece


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
        outcome=outcome(Clock(piece.start, piece.earliest), (piece,), as_of),
        priority="P4",
        source="imported" if piece.imported else "probe",
    )
