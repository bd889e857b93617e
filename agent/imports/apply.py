"""From a file's bytes to rows in the store: all of it in one transaction, or all that is wrong with it."""

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from types import MappingProxyType
from typing import NamedTuple, Protocol

from agent.config.problems import nearest, show
from agent.errors import UsageError
from agent.imports.history import History
from agent.imports.problems import Problems
from agent.imports.readings import Readings
from agent.imports.request import ImportOutcome, ImportRequest, Tally
from agent.imports.summaries import as_table
from agent.instants import format_instant
from agent.registers import REGISTERS, built_in
from agent.registers.book import RegisterBook
from agent.registers.reported import SUMMARIES
from agent.sheets import Column, Row, check_map, open_table
from agent.stores.importing import ImportRow, ImportStore
from agent.stores.writing import SqliteWriter

_SUGGESTED = 20
"""Unknown ids that get a suggestion; looking for one takes a while."""


class Book(Protocol):
    """The rows of a file that says what components did."""

    columns: tuple[Column, ...]
    first_lines: dict[str, int]
    tally: Tally

    def take(self, row: Row) -> None: ...
    def compare(self, name: str, component: int | None, store: ImportStore, first_heartbeat: int | None) -> None: ...
    def write(self, number: int, ids: Mapping[str, int], store: ImportStore) -> None: ...


class Share(NamedTuple):
    """What a file adds to a store. Shape: `ids` counts those in the file, `created` are new with their `kinds`."""

    ids: int
    tally: Tally
    write: Callable[[ImportRow, int, ImportStore], None]
    created: tuple[str, ...] = ()
    kinds: Mapping[str, str] = MappingProxyType({})
    changes: tuple[str, ...] = ()


class Job(Protocol):
    """One file on its way: its rows are taken, then held against a store; what is wrong goes to the problems."""

    columns: tuple[Column, ...]

    def take(self, row: Row) -> None: ...
    def compare(self, store: ImportStore) -> Share: ...


class Evidence:
    """A file of states or readings: makes components where it names new ones."""

    def __init__(self, request: ImportRequest, problems: Problems, book: Book) -> None:
        self._request, self._problems, self._book = request, problems, book
        self.columns = book.columns
        self.take = book.take

    def compare(self, store: ImportStore) -> Share:
        """What the store lacks of it."""
        book, ids = self._book, store.components()
        new = [name for name in book.first_lines if name not in ids]
        registered = {**store.measured(), **self._request.registered}
        self._check_ids(new, ids, registered)
        first_heartbeat = store.first_heartbeat()
        for name in book.first_lines:
            book.compare(name, ids.get(name), store, first_heartbeat)
        created = tuple(sorted(new))
        kinds = {name: registered.get(name.partition("#")[0], "imported") for name in created}
        return Share(len(book.first_lines), book.tally, partial(self._write, ids, kinds), created, kinds)

    def _write(
        self, ids: Mapping[str, int], kinds: Mapping[str, str], row: ImportRow, number: int, store: ImportStore
    ) -> None:
        allocate = self._request.allocate or count(max(ids.values(), default=0) + 1).__next__
        made = {name: allocate() for name in kinds}
        store.add_components(made, kinds, row.recorded_at)
        self._book.write(number, {**ids, **made}, store)

    def _check_ids(self, new: list[str], ids: Mapping[str, int], registered: Mapping[str, str]) -> None:
        if self._request.create_targets:
            return
        unknown = [name for name in new if name.partition("#")[0] not in registered]
        known = {*ids, *registered}
        for position, name in enumerate(unknown):
            step = f"; {nearest(name, known)}" if position < _SUGGESTED else ""
            text = f"got the unknown id {show(name)}, wanted a known one (--create-targets makes new ones){step}"
            self._problems.add(self._book.first_lines[name], "target_id", text)


class Registering:
    """A file of a register or record."""

    def __init__(self, request: ImportRequest, problems: Problems) -> None:
        self._request = request
        self._book = RegisterBook(REGISTERS[request.kind], request.zone, request.now, problems)
        self.columns = self._book.columns
        self.take = self._book.take

    def compare(self, store: ImportStore) -> Share:
        """What is new in it."""
        changes = self._book.compare(store, self._request.known or built_in(), self._request.registered)
        tally = Tally(added=len(changes.found), known=changes.unchanged)

        def write(row: ImportRow, number: int, into: ImportStore) -> None:
            into.add_register_rows(row, number, [*changes.rows()])

        return Share(self._book.ids, tally, write, changes=tuple(changes.words()))


def _history(request: ImportRequest, problems: Problems) -> Job:
    if request.as_of is None:
        raise UsageError("import history: got no --as-of, wanted it: the last row of a target holds until then")
    if request.as_of > request.now:
        at, now = (format_instant(us, request.zone) for us in (request.as_of, request.now))
        raise UsageError(f"--as-of {at} lies in the future, wanted a time that has come (it is {now})")
    return Evidence(request, problems, History(request, request.as_of, problems))


def _readings(request: ImportRequest, problems: Problems) -> Job:
    if request.as_of is not None:
        raise UsageError(
            "import readings: got --as-of, wanted none: a reading holds for 1.5 intervals (S2); leave it out"
        )
    return Evidence(request, problems, Readings(request, problems))


def _register(request: ImportRequest, problems: Problems) -> Job:
    for option, given in (("--as-of", request.as_of is not None), ("--create-targets", request.create_targets)):
        if given:
            raise UsageError(f"import {request.kind}: got {option}, wanted none: it is for histories; leave it out")
    return Registering(request, problems)


KINDS: Mapping[str, Callable[[ImportRequest, Problems], Job]] = {
    "history": _history,
    "readings": _readings,
    **dict.fromkeys(REGISTERS, _register),
}
"""What can be imported."""


def _job(request: ImportRequest, problems: Problems) -> Job:
    if request.kind not in KINDS:
        raise UsageError(f"import {show(request.kind)}: no such kind; {nearest(request.kind, KINDS)}")
    job = KINDS[request.kind](request, problems)
    check_map(request.mapping, job.columns)
    return job


def check_request(request: ImportRequest) -> None:
    """What is wrong with a request before its file is read. Errors: UsageError."""
    _job(request, Problems(request.file))


class Parsed:
    """A file that has been read, not yet held against a store. Errors: UsageError, ImportProblemsError."""

    def __init__(self, request: ImportRequest) -> None:
        self.request = request
        self.problems = Problems(request.file)
        self.job = _job(request, self.problems)
        self.digest = hashlib.sha256(request.data).hexdigest()
        self.rows = 0
        data, self.simulated = request.data, False
        if request.kind == SUMMARIES.name:
            data, self.simulated = as_table(request.file, request.data)
        table = open_table(data, self.job.columns, request.mapping, self.problems)
        for row in table.rows(request.progress):
            self.job.take(row)
            self.rows += 1
        self.notes = tuple(table.words())

    def plan(self, store: ImportStore) -> "Plan":
        """What the store lacks. Errors: ImportProblemsError with everything that is wrong with the file."""
        if not self.rows:
            self.problems.add(0, "file", "got no rows under the headings, wanted at least one; name the right file")
        share = self.job.compare(store)
        self.problems.check()
        if self.simulated and not store.is_simulated:
            wanted = "wanted a report of real data: the two never stand in one store (E8)"
            raise UsageError(f"{self.request.file}: got a report of simulated data, {wanted}")
        return Plan(self, share, store.first_heartbeat(), simulated=store.is_simulated)


class Plan:
    """What an import will add to a store, and how it is added."""

    def __init__(self, parsed: Parsed, share: Share, first_heartbeat: int | None, *, simulated: bool) -> None:
        self._parsed = parsed
        self._share = share
        self.outcome = ImportOutcome(
            kind=parsed.request.kind,
            file=parsed.request.file,
            digest=parsed.digest,
            rows=parsed.rows,
            notes=parsed.notes,
            targets=share.ids,
            created=share.created,
            kinds=share.kinds,
            changes=share.changes,
            tally=share.tally,
            dry_run=parsed.request.dry_run,
            first_heartbeat=first_heartbeat,
            simulated=simulated,
        )

    def write(self, store: ImportStore) -> None:
        """Add it, inside the caller's transaction; nothing new leaves the store as it is."""
        if not self.outcome.changed:
            return
        request, outcome = self._parsed.request, self.outcome
        row = ImportRow(
            outcome.kind, outcome.file, outcome.digest, request.as_of, outcome.rows, request.now, request.by
        )
        self._share.write(row, store.add_import(row), store)


def apply_import(writer: SqliteWriter, request: ImportRequest) -> ImportOutcome:
    """Import one file, whole or not at all. Errors: UsageError, ImportProblemsError, StoreError."""
    parsed = Parsed(request)
    with writer.transaction() as db:
        store = ImportStore(db)
        plan = parsed.plan(store)
        if not request.dry_run:
            plan.write(store)
    return plan.outcome


def preview_import(connection: sqlite3.Connection, request: ImportRequest) -> ImportOutcome:
    """What an import would change, by reading alone. Errors: UsageError, ImportProblemsError."""
    return Parsed(request).plan(ImportStore(connection)).outcome
