"""A share of things as a row's figure: its bounds, the lists behind each number, and why in words (C1-C6)."""

from collections.abc import Iterable, Iterator, Mapping

from agent.figures.asked import Asked
from agent.figures.formulas.base import not_computable
from sla.indicators import Figure, Reason
from sla.plans import Row
from sla.shares import Share

_LISTED = 10
_GOOD = frozenset({"verified", "supported", "done", "used", "in_time"})
"""Statuses of what counts: these need no list, the others are what is missing."""


def figure_of(
    row: Row,
    share: Share,
    *,
    reasons: Iterable[Reason] = (),
    parameters: Mapping[str, object] | None = None,
    names: Mapping[str, str] | None = None,
    of_events: bool = False,
) -> Figure:
    """A share as a figure.

    Of a stock that is counted at the cut-off all of it, or none, may still change until the period ends; a rate over
    events says nothing of what is to come (T3).
    """
    if share.not_computable:
        return not_computable(row, *reasons, Reason("why_not", {"words": share.not_computable}))
    late = share.lists.get("late")
    pending = share.beside.get("pending")
    ends = of_events or not share.d
    return Figure(
        low=share.low,
        high=share.high,
        best=None if ends else (share.d, share.d),
        worst=None if ends else (0, share.d),
        claimed=share.claimed,
        basis=row.basis,
        measured=share.d > 0,
        late=len(late) if of_events and late is not None else None,
        pending=len(pending) if of_events and pending is not None else None,
        misses_of=share.d or None,
        parameters=dict(parameters or {}),
        reasons=(*reasons, *_reasons(share, names or {})),
        lists={status: ids for lists in (share.lists, share.beside) for status, ids in lists.items() if ids},
        why=share.why,
    )


def names_of(asked: Asked, register: str) -> Mapping[str, str]:
    """What people call the rows of a register, each with its id behind it."""
    return asked.book.names(register)


def _reasons(share: Share, names: Mapping[str, str]) -> Iterator[Reason]:
    if not share.d:
        yield Reason("nothing_on_file")
    if share.claimed is not None and share.claimed != share.low:
        yield Reason("claimed", {"n": share.claimed[0], "d": share.claimed[1], "seen": share.low[0]})
    for lists in (share.lists, share.beside):
        for status, ids in lists.items():
            if ids and status not in _GOOD:
                yield Reason(f"list_{status}", {"n": len(ids), "ids": listed(names.get(id_, id_) for id_ in ids)})
    for id_, words in list(share.why.items())[:_LISTED]:
        yield Reason("why", {"id": names.get(id_, id_), "words": "; ".join(words)})


def listed(ids: Iterable[str]) -> str:
    """Names in a sentence: the first ten, and how many more there are."""
    names = list(ids)
    more = f" … (+{len(names) - _LISTED})" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
