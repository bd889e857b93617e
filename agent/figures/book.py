"""The registers of a store, read for figures: what each id is, when it is in service, and what held of it when.

A change that people enter later never improves a headline: sla.dated says what of it holds for which time (A2).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar, cast

from agent.config.builtin import DEFAULT_MODULES
from agent.stores.base import Record
from agent.stores.registering import STARTS, RegisterRow
from sla.confirm import FOREVER
from sla.dated import Revision, attributes, later_entries, service, service_latest
from sla.model import Window

Body = Mapping[str, Any]
T = TypeVar("T")

INLINE = "inline"
"""The register of targets that stand in agent.yml itself."""

MEASURED = ("targets", INLINE, "links")
"""Registers whose rows have readings of their own."""

COMPOSITES = ("sites", "platforms")
COUNTED = ("divisions", "systems", "private_networks", "video_points", "video_demands", "identities")
"""Dated registers whose rows figures of plans count, or count by (C1-C6)."""

REPORTED = ("maintenance", "faults", "security_incidents", "data_issues", "measures", "summaries")
"""Records that people enter; a row has one version in force, its last."""

MASTER = (*MEASURED, *COMPOSITES, "components")
"""Registers that share one namespace of ids."""

DEFAULT_INTERVAL_US = 60_000_000
"""A module's regular interval where nothing says it."""


class Source(Protocol):
    """What of a store's reader is asked here."""

    def register_state(self) -> int: ...
    def register_rows(self, register: str) -> list[RegisterRow]: ...
    def records(self, kind: str | None = None) -> list[Record]: ...


class Book:
    """All versions of all rows, by id. Shape: rows of one id in the order in which they were recorded."""

    def __init__(
        self, rows: Iterable[RegisterRow], module_intervals: Mapping[str, int] | None = None, vantage: str | None = None
    ) -> None:
        self._rows: dict[str, dict[str, tuple[RegisterRow, ...]]] = {}
        self._register: dict[str, str] = {}
        self._intervals = module_intervals or {}
        self._latest: dict[str, Body] = {}
        self._kept: tuple[object, object] = (None, None)
        self._hindsight = False
        self._is_current = True
        self._bodies: dict[str, tuple[tuple[Window, Body], ...]] = {}
        self._windows: dict[Window, Window] = {}
        self._names: dict[str, Mapping[str, str]] = {}
        self._held: dict[str, tuple[Window, list[tuple[str, Body]]]] = {}
        self.vantage = vantage
        for row in rows:
            of_ids = self._rows.setdefault(row.register, {})
            of_ids[row.id] = (*of_ids.get(row.id, ()), row)
            if row.register in MASTER:
                self._register.setdefault(row.id, row.register)

    @classmethod
    def read(cls, source: Source, before: "Book | None" = None) -> "Book":
        """The registers that figures rest on; rows that an earlier book has too are shared with it."""
        wanted = (*MASTER, *COUNTED, *REPORTED)
        start = _last_start(source)
        rows = (row for register in wanted for row in source.register_rows(register))
        if before is not None:
            rows = (next((old for old in before.versions(row.register, row.id) if old == row), row) for row in rows)
        return cls(rows, _intervals(start), start.get("vantage", {}).get("name"))

    def is_of(self, start: Mapping[str, Any]) -> bool:
        """Whether a start or reload as it was recorded sets for figures what this book has."""
        return (self._intervals, self.vantage) == (_intervals(start), start.get("vantage", {}).get("name"))

    @property
    def module_intervals(self) -> Mapping[str, int]:
        """The regular intervals of modules by name. Units: microseconds."""
        return self._intervals

    def in_hindsight(self) -> "Book":
        """The same rows as if all of them had been entered at once: what the second figures rest on (A2)."""
        seen = Book((), self._intervals, self.vantage)
        seen._rows, seen._register, seen._hindsight = self._rows, self._register, True
        return seen

    def changed_later(self, id_: str) -> list[Revision]:
        """What was recorded of an id after its first recording."""
        revisions = self._revisions(id_)
        return [revision for revision in revisions if revision.recorded_at > revisions[0].recorded_at]

    def keep(self, key: object, make: Callable[[], T]) -> T:
        """What is costly to make of this book, kept until it is wanted for another key. Shape: one maker only."""
        held, made = self._kept
        if held != key:
            made = make()
            if self._is_current:
                self._kept = (key, made)
        return cast(T, made)

    def let_go(self) -> None:
        """Another book has taken its place: what was made of this one knows it, and neither would ever be freed."""
        self._kept, self._is_current = (None, None), False

    def ids(self, *registers: str) -> list[str]:
        """Every id that ever stood in one of these registers."""
        return [id_ for register in registers for id_ in self._rows.get(register, {})]

    def next_border(self, now: int) -> int | None:
        """When the next row begins or ceases to hold; None where no date lies ahead."""
        rows = (row for of_id in self._rows.values() for versions in of_id.values() for row in versions)
        ahead = (at for row in rows for at in (row.valid_from, row.valid_to) if at is not None and at > now)
        return min(ahead, default=None)

    def next_change(self, now: int) -> int:
        """Up to when the same rows hold: no date, and no instant of a recording, lies between."""
        rows = (row for of_id in self._rows.values() for versions in of_id.values() for row in versions)
        dates = (at for row in rows for at in (row.valid_from, row.valid_to, row.recorded_at) if at is not None)
        return min((at for at in dates if at > now), default=FOREVER)

    def register_of(self, id_: str) -> str | None:
        """The register in which an id stands, None if it stands in none."""
        return self._register.get(id_)

    def versions(self, register: str, id_: str) -> Sequence[RegisterRow]:
        """All that was ever recorded of an id."""
        return self._rows.get(register, {}).get(id_, ())

    def service(self, id_: str) -> list[Window]:
        """When it is in service, for the headline (A2). Shape: empty for always."""
        return service(self._revisions(id_))

    def service_of(self, register: str, id_: str) -> list[Window]:
        """The same of an id of a register whose ids are its own."""
        return service(self._dated(register, id_))

    def service_latest(self, id_: str) -> list[Window]:
        """The same with all that was entered later."""
        return service_latest(self._revisions(id_))

    def later(self, id_: str, window: Window) -> list[Revision]:
        """What was entered later and is kept out of the headline of a window."""
        return later_entries(self._revisions(id_), window)

    def document(self, id_: str, revision: Revision) -> str | None:
        """The document that a revision names, None where it names none."""
        return self._versions(id_)[revision.number].body.get("source_doc")

    def others_at(self, id_: str) -> list[int]:
        """When other targets begin their service at its address, sorted."""
        address = self.latest(id_).get("address")
        others = [other for other in self._by_address.get(address, ()) if other != id_]
        return sorted(window.start for other in others for window in self.service(other))

    @cached_property
    def _by_address(self) -> Mapping[object, list[str]]:
        found: dict[object, list[str]] = {}
        for id_ in self.ids("targets", INLINE):
            found.setdefault(self.latest(id_).get("address"), []).append(id_)
        return found

    def is_retired_by_document(self, id_: str, end: int) -> bool:
        """Whether the row that ended its service there, by its date or by being recorded, brought a document (M5)."""
        before: dict[int | None, object] = {}
        for row in self._versions(id_):
            document = row.body.get("source_doc")
            if row.valid_to is not None and end in (row.valid_to, row.recorded_at):
                return bool(document) and document != before.get(row.valid_from)
            before[row.valid_from] = document
        return False

    def bodies(self, id_: str) -> Iterator[tuple[Window, Body]]:
        """What held of it when, for the headline."""
        versions = self._versions(id_)
        return ((window, versions[number].body) for window, number in attributes(self._revisions(id_)))

    def latest(self, id_: str) -> Body:
        """What holds of it last in time; empty for an id without a row."""
        versions = self._versions(id_)
        if len(versions) == 1:
            return versions[0].body
        if id_ not in self._latest:
            held = attributes(self._revisions(id_))
            self._latest[id_] = self._versions(id_)[held[-1][1]].body if held else {}
        return self._latest[id_]

    def at(self, id_: str, instant: int) -> Body:
        """What holds of it at an instant; before its first row that one."""
        versions = self._versions(id_)
        if len(versions) == 1:  # of nearly every one, and 43 000 windows need not be kept
            return versions[0].body
        held = self._bodies.get(id_)
        if held is None:
            shared = self._windows  # 43 000 cameras of one file hold since one instant
            held = tuple((shared.setdefault(window, window), body) for window, body in self.bodies(id_))
            self._bodies[id_] = held
        return next((body for window, body in held if window.start <= instant < window.end), held[0][1] if held else {})

    def ever(self, id_: str, column: str, value: str) -> bool:
        """Whether any row of an id ever said so."""
        return any(row.body.get(column) == value for row in self._versions(id_))

    def never_changed(self, id_: str) -> bool:
        """Whether one row is all that was ever recorded of it."""
        return len(self._versions(id_)) == 1

    def held_in(self, register: str, instant: int) -> Sequence[tuple[str, Body]]:
        """The rows of a register that are in service at an instant, as they hold then for the headline (A2)."""
        kept = self._held.get(register)
        if kept is None or not kept[0].start <= instant < kept[0].end:
            kept = self._held[register] = self._hold(register, instant)
        return kept[1]

    def held_while(self, register: str, instant: int) -> Window:
        """For how long around an instant `held_in` says the same."""
        self.held_in(register, instant)
        return self._held[register][0]

    def _hold(self, register: str, instant: int) -> tuple[Window, list[tuple[str, Body]]]:
        since, until = -FOREVER, FOREVER
        found: list[tuple[str, Body]] = []
        for id_ in self.ids(register):
            revisions = self._dated(register, id_)
            times, held = service(revisions), attributes(revisions)
            for at in (at for window in (*times, *(window for window, _ in held)) for at in window):
                if at <= instant:
                    since = max(since, at)
                else:
                    until = min(until, at)
            if not times or any(window.start <= instant < window.end for window in times):
                number = next((n for window, n in held if window.start <= instant < window.end), held[0][1])
                found.append((id_, self._rows[register][id_][number].body))
        return Window(since, until), found

    def known_of(self, register: str, id_: str, instant: int) -> Body:
        """What is known today of what held at an instant: claims go by it (T3), never what takes a row out (A2)."""
        revisions = [each._replace(recorded_at=0) for each in self._dated(register, id_)]
        held = attributes(revisions)
        number = next((n for window, n in held if window.start <= instant < window.end), held[0][1])
        return self._rows[register][id_][number].body

    def last(self, register: str, id_: str) -> Body:
        """What was recorded of an id last: records, and stamps of what has happened, go by today's knowledge (T3)."""
        return self._rows[register][id_][-1].body

    def names(self, register: str) -> Mapping[str, str]:
        """What people call the rows of a register, each with its id behind it; by what was recorded last."""
        if register not in self._names:
            said = ((id_, self.last(register, id_).get("name")) for id_ in self.ids(register))
            self._names[register] = {id_: f"{name} ({id_})" for id_, name in said if name}
        return self._names[register]

    def interval(self, id_: str) -> int:
        """Microseconds between regular readings."""
        body = self.latest(id_)
        seconds = body.get("interval_seconds")
        if seconds is not None:
            return round(float(seconds) * 1_000_000)
        kind = str(body.get("kind"))
        module = str(body.get("module") or DEFAULT_MODULES.get(kind, kind))
        return self._intervals.get(module, DEFAULT_INTERVAL_US)

    def _versions(self, id_: str) -> Sequence[RegisterRow]:
        return self.versions(self._register.get(id_, ""), id_)

    def _revisions(self, id_: str) -> list[Revision]:
        return self._dated(self._register.get(id_, ""), id_)

    def _dated(self, register: str, id_: str) -> list[Revision]:
        return [
            Revision(number, row.valid_from, row.valid_to, 0 if self._hindsight else row.recorded_at, row.recorded_by)
            for number, row in enumerate(self.versions(register, id_))
        ]


class Shelf:
    """Keeps the book of a store for as long as nothing was added to it. Thread-safe: at worst it is read twice."""

    def __init__(self) -> None:
        self._kept: tuple[int, Book] | None = None

    def book(self, source: Source) -> Book:
        """The book as the store has it now; the same one while nothing that it says has changed."""
        state, kept = source.register_state(), self._kept
        if kept is None or kept[0] != state:
            kept = self._kept = (state, self._next(source, state, kept))
        return kept[1]

    def _next(self, source: Source, state: int, kept: tuple[int, Book] | None) -> Book:
        if kept is None:
            return Book.read(source)
        before = kept[1]
        if kept[0] // STARTS == state // STARTS and before.is_of(_last_start(source)):
            return before  # a reload that set nothing which a figure rests on
        book = Book.read(source, before)
        before.let_go()
        return book


def _last_start(source: Source) -> Mapping[str, Any]:
    """The configuration as the last start or reload recorded it (E7)."""
    records = [record for kind in ("start", "reload") for record in source.records(kind)]
    last: Mapping[str, Any] = json.loads(max(records, key=_at).body) if records else {}
    return last


def _intervals(start: Mapping[str, Any]) -> dict[str, int]:
    """The regular intervals of modules. Units: microseconds."""
    modules: Mapping[str, Any] = start.get("modules", {})
    return {name: round(float(str(module["interval"]).rstrip("s")) * 1_000_000) for name, module in modules.items()}


def _at(record: Record) -> int:
    return record.at
