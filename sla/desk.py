"""What the desk recorded of faults (F1, F2): it links to what a probe saw, or stands alone where no probe sees."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sla.confirm import FOREVER
from sla.faults import LIMIT_US, Clock, DeskRow, Fault, fault_id, outcome
from sla.model import State, Window
from sla.outages import End, Outage
from sla.timeline import Mark
from sla.topology import Graph


class Heard(NamedTuple):
    """Faults with the rows that belong to them, and the rows that belong to none."""

    faults: list[Fault]
    unlinked: list[DeskRow]


def heard(faults: Sequence[Fault], rows: Sequence[DeskRow], as_of: int) -> Heard:
    """Link each row to the fault it speaks of; its report starts the clock where it is the earlier (F2)."""
    by_item: dict[str, list[int]] = {}
    linked: dict[int, list[DeskRow]] = {}
    if rows:
        for number, fault in enumerate(faults):
            for item in (fault.root, *fault.members):
                by_item.setdefault(item, []).append(number)
    unlinked = []
    for row in rows:
        fitting = [number for number in by_item.get(row.root, ()) if _speaks_of(row, faults[number], as_of)]
        if fitting:
            linked.setdefault(min(fitting, key=lambda number: (faults[number].start, faults[number].root)), []).append(
                row
            )
        else:
            unlinked.append(row)
    told = [_told(fault, linked[number], as_of) if number in linked else fault for number, fault in enumerate(faults)]
    return Heard(told, unlinked)


def _speaks_of(row: DeskRow, fault: Fault, as_of: int) -> bool:
    """Stamped inside [onset - 3 h, restored]."""
    first = fault.onset[1]
    end = fault.restored[1] if fault.restored is not None else as_of
    return first - LIMIT_US <= row.reported <= end


def _told(fault: Fault, rows: Sequence[DeskRow], as_of: int) -> Fault:
    reported = min(row.reported for row in rows)
    earliest, first = fault.onset
    start = min(first, reported)
    clock = Clock(start, None if earliest is None else min(earliest, reported))
    early, late = fault.restored or (None, None)
    end = End.RESTORED if late is not None else _end_of(fault)
    withdrawn = fault.ended if end is End.WITHDRAWN else None
    part = Outage(first, earliest, fault.ended if early is None else early, late, end, withdrawn=withdrawn)
    return replace(fault, start=start, desk=tuple(rows), outcome=outcome(clock, (part,), as_of))


def _end_of(fault: Fault) -> End:
    if fault.withdrawn:
        return End.WITHDRAWN
    return End.OPEN if fault.ended == FOREVER else End.UNSEEN


def desk_faults(
    rows: Sequence[DeskRow], graph: Graph, histories: Mapping[str, Sequence[Mark]], as_of: int
) -> tuple[list[Fault], list[DeskRow]]:
    """Rows of which no probe could know anything are faults of the desk; the rest stays unlinked."""
    faults, unlinked = [], []
    for row in rows:
        onset = row.onset if row.onset is not None else row.reported
        window = Window(min(onset, row.reported), min(row.restored or as_of, as_of))
        if window.start >= as_of:
            continue
        if row.root in graph and any(_seen(histories.get(row.root, ()), window)):
            unlinked.append(row)
        else:
            faults.append(_alone(row, onset, as_of, graph))
    return faults, unlinked


def _seen(history: Sequence[Mark], window: Window) -> Iterator[bool]:
    """Whether each state that reaches into the window is a known one."""
    for position, mark in enumerate(history):
        end = history[position + 1].at if position + 1 < len(history) else FOREVER
        if mark.at <= window.end and end > window.start:
            yield mark.state is not State.UNKNOWN


def _alone(row: DeskRow, onset: int, as_of: int, graph: Graph) -> Fault:
    restored = row.restored if row.restored is not None and row.restored < as_of else None
    start = min(onset, row.reported)
    ended = FOREVER if restored is None else restored
    part = Outage(onset, onset, ended, restored, End.OPEN if restored is None else End.RESTORED)
    return Fault(
        id=fault_id(row.root, start),
        root=row.root,
        role=graph.items[row.root].role if row.root in graph else row.role,
        start=start,
        onset=(onset, onset),
        restored=None if restored is None else (restored, restored),
        ended=ended,
        outcome=outcome(Clock(start, start), (part,), as_of),
        source="desk",
        desk=(row,),
    )
