"""Faults of a period out of a store: the list, what was planned, quality faults, our own gaps and the rate (F1-F12)."""

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from agent.config.problems import nearest_ids, show
from agent.errors import UsageError
from agent.figures.book import Shelf
from agent.figures.classes import derived, was_down
from agent.figures.paths import path_as_json
from agent.figures.timelines import Timelines
from agent.instants import format_instant
from agent.stores.base import Reader
from agent.stores.noting import Note
from agent.stores.opening import SIMULATED
from agent.stores.pathing import KeptPath
from sla.availability import runs
from sla.composite import Gate
from sla.faults import LIMIT_US, DeskRow, Fault, Planned, fault_id
from sla.maintenance import union
from sla.model import Edge, State, Window
from sla.quality import quality_faults
from sla.rate import Gap, Rate, rate
from sla.rootcause import Derived, thinned
from sla.timeline import Mark, Span, clip

LONG_GAP_US = LIMIT_US
"""A gap of our own longer than this may hide a late fault (F11)."""


BEFORE_US = 7 * 86_400_000_000
"""How long before a period a fault may begin whose clock, by the detection, begins in it.

Longer than any confirmation takes: three readings of at most a day's interval.
"""

_NEAR = 5
"""Ids that are named beside an unknown one."""


class UnknownFaultError(UsageError):
    """No fault has this id; `near` are ids that look alike, or the one that it joined."""

    def __init__(self, text: str, near: Sequence[str]) -> None:
        super().__init__(text)
        self.near = list(near)


class Found(NamedTuple):
    """Everything that is said of faults in a period. Units: microseconds."""

    period: Window
    as_of: int
    known: Timelines
    derived: Derived
    faults: tuple[Fault, ...]
    planned: tuple[Planned, ...]
    quality: tuple[Fault, ...]
    gaps: tuple[Gap, ...]
    rate: Rate


class Faults:
    """Answers about faults from a store."""

    def __init__(self, reader: Reader, zone: ZoneInfo, shelf: Shelf | None = None) -> None:
        self._reader = reader
        self._zone = zone
        self._shelf = shelf or Shelf()

    @property
    def known_since(self) -> int | None:
        """The first instant of which the store knows anything, None where it knows nothing."""
        begins = (self._reader.first_heartbeat(), self._reader.first_imported())
        return min((at for at in begins if at is not None), default=None)

    def find(self, period: Window, *, now: int, as_of: int | None = None) -> Found:
        """Faults whose clock started in the period, as known at `as_of`. Errors: UsageError for time to come."""
        as_of = now if as_of is None else as_of
        self.check(period, as_of, now)
        known = Timelines(self._reader, self._shelf.book(self._reader), as_of)
        return self.find_in(known, period, as_of)

    def show(self, fault: str, *, now: int, as_of: int | None = None) -> tuple[Fault, Found]:
        """One fault by its id. Errors: UnknownFaultError, of one that joined another with that one; UsageError."""
        as_of = now if as_of is None else as_of
        found = self.find(Window(-(2**62), 2**62), now=now, as_of=as_of)
        for each in (*found.faults, *found.quality):
            if each.id == fault:
                return each, found
        raise self._unknown(fault, found)

    def notes(self, fault: str) -> list[Note]:
        """What people said of it, oldest first."""
        return self._reader.fault_notes(fault)

    def paths(self, fault: str) -> list[KeptPath]:
        """Traces made when it opened, and when those opened that joined it, oldest first."""
        return self._reader.fault_paths(fault)

    def find_in(self, known: Timelines, period: Window, as_of: int) -> Found:
        """The same by timelines that are read already."""
        about = Window(period.start - BEFORE_US, period.end)
        names = [*known.topology.members(), *known.topology.sites]
        failed: dict[str, Sequence[Mark]] = {}
        quality: dict[str, list[Fault]] = {}
        for name, history in known.histories(names):
            if was_down(history):
                failed[name] = thinned(history, as_of)
            if found := [each for each in self._quality(known, name, history) if _within(each.start, period)]:
                quality[name] = found
        everything = derived(known, failed, list(desk_rows(known)), about)
        faults = tuple(fault for fault in everything.faults if _within(fault.start, period))
        planned = tuple(each for each in everything.planned if _within(each.onset, period))
        gaps = self.gaps(period, as_of)
        return Found(
            period=period,
            as_of=as_of,
            derived=everything,
            faults=faults,
            planned=planned,
            known=known,
            quality=tuple(each for name in names for each in quality.get(name, ())),
            gaps=gaps,
            rate=rate(faults, period, None, gaps, None),
        )

    def _quality(self, known: Timelines, name: str, history: Sequence[Mark]) -> Iterator[Fault]:
        """Loss, delay, flapping and lost redundancy that lasted (F12): of what is measured, and of sites."""
        return quality_faults(name, self._role(known, name), history, known.until)

    def _role(self, known: Timelines, name: str) -> str:
        return "site" if known.gate(name) is not None else known.topology.role(name)

    def gaps(self, period: Window, as_of: int) -> tuple[Gap, ...]:
        """Gaps of our own in which a late fault of a period may hide (F11)."""
        return tuple(gap for gap in self._gaps(as_of) if _may_hide(gap.window, period))

    def _gaps(self, as_of: int) -> Iterator[Gap]:
        """When a vantage was blind: no agent ran, whether killed or stopped (S8), or it was cut off (S6)."""
        names = self._reader.vantages()
        blind: dict[int, list[Window]] = {}
        for vantage, window in (*self._idle(as_of), *self._isolations(as_of)):
            blind.setdefault(vantage, []).append(Window(window.start, min(window.end, as_of)))
        for vantage, windows in blind.items():
            yield from (Gap(names[vantage], window) for window in union(windows) if window.length > LONG_GAP_US)

    def _idle(self, as_of: int) -> Iterator[tuple[int, Window]]:
        """Between one run and the next, and after the last one."""
        ended: dict[int, int] = {}
        for run in self._reader.runs():
            if run.vantage in ended:
                yield run.vantage, Window(ended[run.vantage], run.started_at)
            ended[run.vantage] = run.heartbeat_at
        for vantage, at in ended.items():
            yield vantage, Window(at, max(at, as_of))

    def _isolations(self, as_of: int) -> Iterator[tuple[int, Window]]:
        since: dict[tuple[int, str], int] = {}
        for vantage, record in self._reader.vantage_records(("isolated", "isolation_ended", "start")):
            if record.kind == "start":  # a killed agent tells no end; a new one says anew that it is cut off
                for key in [key for key in since if key[0] == vantage]:
                    yield vantage, Window(since.pop(key), record.at)
                continue
            key = (vantage, str(json.loads(record.body).get("plane", "")))
            if record.kind == "isolated":
                since.setdefault(key, record.at)
            elif key in since:
                yield vantage, Window(since.pop(key), record.at)
        for (vantage, _), start in since.items():
            yield vantage, Window(start, max(start, as_of))

    def check(self, period: Window, as_of: int, now: int) -> None:
        """Refuse what is about time to come, or about none (T3). Errors: UsageError."""
        if as_of > now:
            raise UsageError(f"as_of {self.time(as_of)} lies in the future, wanted a time that has come")
        if period.start > now:
            raise UsageError(
                f"the period begins at {self.time(period.start)}, in the future; wanted one that has begun"
            )
        if period.start >= as_of:
            raise UsageError(
                f"the period begins at {self.time(period.start)}, not before as_of {self.time(as_of)}; wanted an "
                "earlier period or a later as_of"
            )

    def _unknown(self, fault: str, found: Found) -> UnknownFaultError:
        for event in reversed(self._reader.fault_events(fault)):
            planned = _planned_as(event.merged_into, found)
            if planned is not None:
                window = found.known.window_id(planned.root, planned.onset)
                text = (
                    f"since {self.time(event.at)} part of the planned outage of {planned.root} from "
                    f"{self.time(planned.onset)} (window {window}), so no fault"
                )
                return UnknownFaultError(f"fault {fault}: {text}", [])
            if event.merged_into:
                text = f"it joined fault {event.merged_into} at {self.time(event.at)}; ask for that one"
                return UnknownFaultError(f"fault {fault}: {text}", [event.merged_into])
            if event.kind == "void":
                text = f"withdrawn at {self.time(event.at)}: later evidence says that it was none"
                return UnknownFaultError(f"fault {fault}: {text}", [])
        ids = [each.id for each in (*found.faults, *found.quality)]
        text = f"fault {show(fault)}: the store knows no such id; {nearest_ids(fault, ids)}"
        return UnknownFaultError(text, difflib.get_close_matches(fault, ids, n=_NEAR))

    def time(self, at: int) -> str:
        """An instant as it is printed."""
        return format_instant(at, self._zone)

    def as_json(self, found: Found) -> dict[str, Any]:
        """What `faults --json` prints."""
        return {
            "faults": [self.fault(fault) for fault in found.faults],
            "planned": [self._planned(found, each) for each in found.planned],
            "quality": [self.fault(fault) for fault in found.quality],
            "gaps": [
                {"vantage": gap.vantage, "from": self.time(gap.window.start), "to": self.time(gap.window.end)}
                for gap in found.gaps
            ],
            "rate": _rate(found.rate),
        }

    def fault(self, fault: Fault) -> dict[str, Any]:
        """One fault in the words of the interface."""
        earliest, first = fault.onset
        detected = self.detected(fault)
        return {
            "id": fault.id,
            "root": fault.root,
            "role": fault.role,
            "start": self.time(fault.start),
            "onset": [None if earliest is None else self.time(earliest), self.time(first)],
            "detected": None if detected is None else self.time(detected),
            "restored": None if fault.restored is None else [self.time(at) for at in fault.restored],
            "outcome": str(fault.outcome),
            "members": list(fault.members),
            "priority": fault.priority,
            "overrun": fault.overrun,
            "repeat": fault.repeat,
            "withdrawn": fault.withdrawn,
            "source": str(fault.source),
        }

    def details(self, fault: Fault, found: Found) -> dict[str, Any]:
        """What stands beside one fault: its readings' bounds, its desk rows, what people said (F1, F3)."""
        body = found.known.book.latest(fault.root.partition("#")[0])
        return {
            "duration_us": self.duration(fault, found.as_of),
            "residual": fault.residual,
            "responsible_unit": body.get("responsible_unit") or None,
            "carrier": body.get("carrier") or None,
            "desk": [self._desk_row(row) for row in fault.desk],
            "notes": [
                {
                    "kind": note.kind,
                    "value": note.value,
                    "why": note.why,
                    "recorded_at": self.time(note.recorded_at),
                    "recorded_by": note.recorded_by,
                }
                for note in self.notes(fault.id)
            ],
            "paths": [path_as_json(path, self.time) for path in self.paths(fault.id)],
        }

    def _desk_row(self, row: DeskRow) -> dict[str, Any]:
        times = {name: getattr(row, name) for name in ("reported", "onset", "acknowledged", "restored", "closed")}
        said = {name: None if at is None else self.time(at) for name, at in times.items()}
        return {"id": row.id, "cause": row.cause or None, **said}

    @property
    def simulated(self) -> bool:
        """Whether the store carries the mark (E8)."""
        return self._reader.meta(SIMULATED) == "true"

    def detected(self, fault: Fault) -> int | None:
        """When DOWN was declared: at the last of the readings that made the edge (E6)."""
        edge = self._edge(fault, fault.onset[1], (State.DOWN,))
        return None if edge is None else max((seen.at for seen in edge.evidence), default=None)

    def duration(self, fault: Fault, as_of: int) -> list[int | None]:
        """[shortest, longest] of the clock's time (F3, F10): readings are apart (S5), UNKNOWN may hide an edge.

        Shape: of what is not restored the time so far, and None.
        """
        if fault.restored is None:
            return [min(fault.ended, as_of) - fault.start, None]
        (early, late), (earliest, first) = fault.restored, fault.onset
        back = self._apart(fault, late, (State.UP, State.DEGRADED))
        shortest = max(min(early, late - back) - fault.start, 0)
        if earliest is None:
            return [shortest, None]
        return [shortest, late - min(earliest, first - self._apart(fault, first, (State.DOWN,)), fault.start)]

    def _apart(self, fault: Fault, at: int, states: Sequence[State]) -> int:
        """How long before its edge the reading that says the contrary was (S5). Units: microseconds."""
        edge = self._edge(fault, at, states)
        return 0 if edge is None else edge.uncertainty or 0

    def _edge(self, fault: Fault, at: int, states: Sequence[State]) -> Edge | None:
        """The root's own edge at an instant, the one written last."""
        component = self._reader.component(fault.root) if fault.source == "probe" else None
        if component is None:
            return None
        edges = self._reader.edges(component.id, Window(at, at + 1))
        return next((edge for edge in reversed(edges) if edge.state in states), None)

    def _planned(self, found: Found, planned: Planned) -> dict[str, Any]:
        return {
            "root": planned.root,
            "onset": self.time(planned.onset),
            "restored": None if planned.restored is None else self.time(planned.restored),
            "window_id": found.known.window_id(planned.root, planned.onset),
            "members": list(planned.members),
        }


def _planned_as(id_: str | None, found: Found) -> Planned | None:
    """The planned outage that has this id (M4)."""
    return next((each for each in found.planned if fault_id(each.root, each.onset) == id_), None)


def desk_rows(known: Timelines) -> Iterator[DeskRow]:
    """What the desk recorded, each row with what it is about."""
    for id_ in known.book.ids("faults"):
        body = known.book.versions("faults", id_)[-1].body
        times = [body.get(name) for name in ("onset", "acknowledged", "restored", "closed")]
        cause = str(body.get("cause") or "")
        row = DeskRow(id_, str(body["root"]), int(body["reported"]), times[0], times[1], times[2], times[3], cause)
        yield row._replace(root=_subject(known, row))


def _subject(known: Timelines, row: DeskRow) -> str:
    """What a row of the desk is about: of a composite the member that failed then, or one that was seen (F1).

    People report a site; its fault is that of a line. Only a composite of which nothing was seen stands for itself.
    """
    members = leaves_of(known, row.root)
    root = known.topology.evidence(row.root)
    if members == [root]:
        return root
    failed = (member for member in members if _fits(known.served(member), row.reported, known.until))
    seen = (member for member in members if _was_seen(known.served(member), row))
    return next(failed, None) or next(seen, None) or root


def leaves_of(known: Timelines, name: str) -> list[str]:
    """The ids that have readings and make an id, which may be one of them itself."""
    root = known.topology.evidence(name)
    gate = known.gate(root)
    return [root] if gate is None else [known.topology.evidence(member) for member in _leaves(gate)]


def _leaves(gate: Gate) -> Iterator[str]:
    for member in gate.members:
        if isinstance(member, str):
            yield member
        else:
            yield from _leaves(member)


def _fits(timeline: Sequence[Span], reported: int, until: int) -> bool:
    """Whether an outage links a stamp to itself: [onset - 3 h, restored] (F1)."""
    found = ((run[0].start, until if restored is None else restored) for run, restored in runs(timeline))
    return any(onset - LIMIT_US <= reported <= end for onset, end in found)


def _was_seen(timeline: Sequence[Span], row: DeskRow) -> bool:
    start = row.reported if row.onset is None else min(row.onset, row.reported)
    window = Window(start, max(start + 1, row.reported if row.restored is None else row.restored))
    return any(span.state is not State.UNKNOWN for span in clip(timeline, window))


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "in_time": rate.in_time,
        "late": rate.late,
        "pending": rate.pending,
        "undecided": rate.undecided,
        "n": rate.n,
        "low": list(rate.low) if rate.low[1] else None,
        "high": list(rate.high) if rate.high[1] else None,
        "allowed_late": rate.allowed,
    }


def _within(at: int, period: Window) -> bool:
    return period.start <= at < period.end


def _may_hide(gap: Window, period: Window) -> bool:
    """Whether a late fault could have begun, and run late, unseen in this gap in this period (F11)."""
    return gap.start < period.end and gap.end - LONG_GAP_US > period.start
