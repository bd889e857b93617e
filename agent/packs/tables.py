"""The tables of a pack: rows of the ledger and of registers as they were recorded, and what each object is."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from agent.figures.asked import Asked
from agent.figures.book import MASTER
from agent.imports.reduction import known, reduce_readings
from agent.packs.scope import Scope
from agent.stores.base import Component
from agent.stores.evidence import unpack
from agent.stores.packing import LedgerRows
from sla.model import State, Window
from sla.timeline import Span, clip

Fields = Sequence[object]

REGISTERS = ("register", "id", "version", "valid_from", "valid_to", "body", "recorded_at", "recorded_by", "import")
OBJECTS = (
    "object", "register", "role", "status", "measured", "component", "target", "part", "kind", "recorded_at",
    "doubt_at", "service",
)  # fmt: skip
TIMELINES = (
    "object", "source", "component", "vantage", "boot_no", "seq", "at", "until", "state", "degraded", "cause",
    "cause_word", "uncertainty", "evidence", "import",
)  # fmt: skip
READINGS = ("object", "vantage", "boot_no", "seq", "edge_at", "number", "at", "outcome", "reason", "over")
RUNS = (
    "vantage", "name", "boot_no", "boot_id", "started_at", "floor", "heartbeat_at", "stopped_at", "open_from",
    "version", "pid", "gap_at",
)  # fmt: skip
EVENTS = ("vantage", "name", "boot_no", "seq", "at", "kind", "body", "recorded_by")
TOLD = ("object", "component", "at", "outcome", "interval", "over", "import")
SIGHTINGS = ("object", "component", "day", "first_ok", "last_ok", "first_failed", "last_failed")
IDENTITIES = ("object", "component", "day", "identity", "first_at", "last_at")
BINS = ("object", "start", "covered_us", "bits_in", "bits_out")
WORDS = ("id", "text")
EVENT_KINDS = frozenset({"start", "stop", "reload", "isolated", "isolation_ended", "clock_step"})
WINDOWS = (
    "window_id", "version", "start", "end", "scope", "approved_by", "approved_at", "notified_at", "recorded_at",
    "recorded_by", "reason", "document", "counts", "effective_from", "effective_to", "why",
)  # fmt: skip
GAPS = ("object", "from", "to", "length_us", "cause")

_LABELS = {int(state): state.label for state in State}


class Thing(NamedTuple):
    """An object of the pack; `component` is what has readings of its own under this id."""

    name: str
    component: Component | None


def things(asked: Asked, scope: Scope) -> list[Thing]:
    """The objects whose timelines the number rests on, by id."""
    by_name = {component.name: component for component in asked.reader.components()}
    return [Thing(name, by_name.get(name)) for name in sorted(scope.objects)]


def registers(rows: LedgerRows, scope: Scope) -> Iterator[Fields]:
    """Every version of every row that matters, as it was recorded."""
    ordered = [*(name for name in MASTER if name in scope.registers), *sorted(set(scope.registers) - {*MASTER})]
    for name in ordered:
        ids = scope.registers[name]
        for row in rows.register(name):
            if ids is None or row[1] in ids:
                yield row


def objects(asked: Asked, scope: Scope, found: Sequence[Thing], rows: LedgerRows) -> Iterator[Fields]:
    """What each object is, when it served, and whether it is counted."""
    components, doubts = rows.components(), rows.doubts()
    for name, component in found:
        number = None if component is None else component.id
        raw = ("", "", "", "", "") if number is None else components[number]
        service = ";".join(f"{window.start}/{window.end}" for window in asked.known.service(name))
        register = asked.book.register_of(name)
        role = asked.known.topology.role(name) if asked.known.gate(name) is None else "composite"
        yield (
            name, register, role, scope.counted.get(name, "part"), int(number is not None), *raw,
            None if number is None else doubts.get(number), service,
        )  # fmt: skip


def counted(scope: Scope) -> Iterator[Fields]:
    """What is counted, or not, and as what."""
    yield from sorted(scope.counted.items())


def timelines(asked: Asked, found: Sequence[Thing], rows: LedgerRows) -> Iterator[Fields]:
    """Edges and stated time of each object, in the order written."""
    imported = asked.reader.imported_components()
    for name, component in found:
        if component is None:
            continue
        for row in rows.edges(component.id, asked.as_of):
            yield _edge(name, row)
        if component.id in imported:
            yield from _stated(asked, name, component.id, rows)


def _edge(name: str, row: Sequence[Any]) -> Fields:
    number, vantage, boot_no, seq, at, state, degraded, cause, word, uncertainty, evidence = row
    ids = (name, "edge", number, vantage, boot_no, seq)
    return (*ids, at, None, _LABELS[state], degraded, cause, word, uncertainty, evidence.hex(), None)


def _stated(asked: Asked, name: str, component: int, rows: LedgerRows) -> Iterator[Fields]:
    """What files state, and what their single readings come to; where both speak, the readings."""
    stated = asked.reader.imported_spans(component)
    of_import = {row[1]: row[4] for row in rows.imported_spans(component)}
    read = known(reduce_readings(asked.reader.imported_readings(component)))
    blank = (None, None, None, None)
    for span in sorted([*stated, *read]):
        source = "file" if span in stated else "readings"
        number = of_import.get(span.start) if source == "file" else None
        said = (_LABELS[int(span.state)], int(span.degraded), str(span.cause))
        ids = (name, source, component, *blank[:3])
        yield (*ids, span.start, span.end, *said, None, None, None, number)


def readings(asked: Asked, found: Sequence[Thing], rows: LedgerRows) -> Iterator[Fields]:
    """The readings that made each edge (E6)."""
    words = {int(number): str(text) for number, text in rows.words()}
    for name, component in found:
        if component is None:
            continue
        for row in rows.edges(component.id, asked.as_of):
            _, vantage, boot_no, seq, at, *_, evidence = row
            for number, seen in enumerate(unpack(at, evidence, words.__getitem__), start=1):
                said = (seen.at, int(seen.outcome), seen.reason, int(seen.over))
                yield (name, vantage, boot_no, seq, at, number, *said)


def told(asked: Asked, found: Sequence[Thing], rows: LedgerRows) -> Iterator[Fields]:
    """Single readings of files."""
    imported = asked.reader.imported_components()
    for name, component in found:
        if component is not None and component.id in imported:
            for row in rows.imported_readings(component.id):
                yield (name, *row)


def sightings(scope: Scope, found: Sequence[Thing], rows: LedgerRows) -> Iterator[Fields]:
    """Days on which targets were seen, those of the week before the cut-off."""
    if scope.days is None:
        return
    for name, component in found:
        if component is not None:
            for row in rows.sightings(component.id, scope.days):
                yield (name, *row)


def identities(scope: Scope, found: Sequence[Thing], rows: LedgerRows) -> Iterator[Fields]:
    """As whom targets answered on these days."""
    if scope.days is None:
        return
    names = {component.id: name for name, component in found if component is not None}
    for row in rows.identities(scope.days):
        if row[0] in names:
            yield (names[row[0]], *row)


def bins(asked: Asked, scope: Scope, found: Sequence[Thing]) -> Iterator[Fields]:
    """Traffic of interfaces in bins of five minutes."""
    for name, component in found if scope.needs_bins else ():
        if component is not None:
            for each in asked.reader.bins(component.id, asked.window):
                yield (name, *each)


def windows(asked: Asked, scope: Scope) -> Iterator[Fields]:
    """Every version of every window, and what M1 says of it."""
    if "maintenance" not in scope.registers:
        return
    rows = {(row.id, row.version): row for id_ in asked.book.ids("maintenance")
            for row in asked.book.versions("maintenance", id_)}  # fmt: skip
    for ruling in sorted(asked.known.windows.rulings, key=lambda each: (each.row.window_id, each.row.version)):
        row = rows[ruling.row.window_id, ruling.row.version]
        body = row.body
        effective: Sequence[int | None] = ruling.effective if ruling.counts else (None, None)
        stamps = (body.get("approved_by"), body.get("approved_at"), body.get("notified_at"))
        said = (row.recorded_at, row.recorded_by, body.get("reason"), body.get("document"))
        yield (
            row.id, row.version, body["start"], body["end"], body["scope"], *stamps, *said, int(ruling.counts),
            *effective, ";".join(map(str, ruling.reasons)),
        )  # fmt: skip


def gaps(asked: Asked, found: Sequence[Thing]) -> Iterator[Fields]:
    """Where nothing is known in the period, and why."""
    for name, _ in found:
        for span in _unknown(asked, name, asked.window):
            yield (name, span.start, span.end, span.length, str(span.cause))


def _unknown(asked: Asked, name: str, window: Window) -> Iterator[Span]:
    """Also what the timeline leaves out."""
    at = window.start
    for span in clip(asked.known.served(name), window):
        if span.start > at:
            yield Span(at, span.start, State.UNKNOWN)
        if span.state is State.UNKNOWN:
            yield span
        at = span.end
    if at < window.end:
        yield Span(at, window.end, State.UNKNOWN)
