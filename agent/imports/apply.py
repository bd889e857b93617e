"""From a file's bytes to rows in the store: all of it in one transaction, or all that is wrong with it."""

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from itertools import count
from typing import Protocol

from agent.config.problems import nearest, show
from agent.errors import UsageError
from agent.imports.csv_rows import Row, Sheet
from agent.imports.headings import Column, check_map
from agent.imports.history import History
from agent.imports.problems import Problems
from agent.imports.readings import Readings
from agent.imports.request import ImportOutcome, ImportRequest, Tally
from agent.instants import format_instant
from agent.stores.importing import ImportRow, ImportStore
from agent.stores.writing import SqliteWriter

_SUGGESTED = 20
"""Unknown ids that get a suggestion; looking for one takes a while."""


class Book(Protocol):
    """The rows of one kind of file."""

    columns: tuple[Column, ...]
    first_lines: dict[str, int]
    tally: Tally

    def take(self, row: Row) -> None: ...
    def compare(self, name: str, component: int | None, store: ImportStore, first_heartbeat: int | None) -> None: ...
    def write(self, number: int, ids: Mapping[str, int], store: ImportStore) -> None: ...


def _history(request: ImportRequest, problems: Problems) -> Book:
    if request.as_of is None:
        raise UsageError("import history: got no --as-of, wanted it: the last row of a target holds until then")
    if request.as_of > request.now:
        at, now = (format_instant(us, request.zone) for us in (request.as_of, request.now))
        raise UsageError(f"--as-of {at} lies in the future, wanted a time that has come (it is {now})")
    return History(request, request.as_of, problems)


def _readings(request: ImportRequest, problems: Problems) -> Book:
    if request.as_of is not None:
        raise UsageError(
            "import readings: got --as-of, wanted none: a reading holds for 1.5 intervals (S2); leave it out"
        )
    return Readings(request, problems)


KINDS: Mapping[str, Callable[[ImportRequest, Problems], Book]] = {"history": _history, "readings": _readings}
"""What can be imported."""


def _book(request: ImportRequest, problems: Problems) -> Book:
    if request.kind not in KINDS:
        raise UsageError(f"import {show(request.kind)}: no such kind; {nearest(request.kind, KINDS)}")
    book = KINDS[request.kind](request, problems)
    check_map(request.mapping, book.columns)
    return book


def check_request(request: ImportRequest) -> None:
    """What is wrong with a request before its file is read. Errors: UsageError."""
    _book(request, Problems(request.file))


class Parsed:
    """A file that has been read, not yet held against a store. Errors: UsageError, ImportProblemsError."""

    def __init__(self, request: ImportRequest) -> None:
        self.request = request
        self.problems = Problems(request.file)
        self.book = _book(request, self.problems)
        self.digest = hashlib.sha256(request.data).hexdigest()
        self.rows = 0
        for row in Sheet(request.data, self.book.columns, request.mapping, self.problems).rows(request.progress):
            self.book.take(row)
            self.rows += 1

    def plan(self, store: ImportStore) -> "Plan":
        """What the store lacks. Errors: ImportProblemsError with everything that is wrong with the file."""
        if not self.rows:
            self.problems.add(0, "file", "got no rows under the headings, wanted at least one; name the right file")
        ids = store.components()
        new = [name for name in self.book.first_lines if name not in ids]
        self._check_ids(new, ids)
        first_heartbeat = store.first_heartbeat()
        for name in self.book.first_lines:
            self.book.compare(name, ids.get(name), store, first_heartbeat)
        self.problems.check()
        return Plan(self, new, ids, first_heartbeat)

    def _check_ids(self, new: list[str], ids: Mapping[str, int]) -> None:
        registered = self.request.registered
        if self.request.create_targets:
            return
        unknown = [name for name in new if name.partition("#")[0] not in registered]
        known = {*ids, *registered}
        for position, name in enumerate(unknown):
            step = f"; {nearest(name, known)}" if position < _SUGGESTED else ""
            text = f"got the unknown id {show(name)}, wanted a known one (--create-targets makes new ones){step}"
            self.problems.add(self.book.first_lines[name], "target_id", text)


class Plan:
    """What an import will add to a store, and how it is added."""

    def __init__(self, parsed: Parsed, new: list[str], ids: dict[str, int], first_heartbeat: int | None) -> None:
        self._parsed = parsed
        self._new = new
        self._ids = ids
        self.outcome = ImportOutcome(
            kind=parsed.request.kind,
            file=parsed.request.file,
            digest=parsed.digest,
            rows=parsed.rows,
            targets=len(parsed.book.first_lines),
            created=tuple(sorted(new)),
            tally=parsed.book.tally,
            dry_run=parsed.request.dry_run,
            first_heartbeat=first_heartbeat,
        )

    def write(self, store: ImportStore) -> None:
        """Add it, inside the caller's transaction; nothing new leaves the store as it is."""
        if not self.outcome.changed:
            return
        request, outcome = self._parsed.request, self.outcome
        allocate = request.allocate or count(max(self._ids.values(), default=0) + 1).__next__
        made = {name: allocate() for name in sorted(self._new)}
        store.add_components(made, request.registered, request.now)
        number = store.add_import(
            ImportRow(outcome.kind, outcome.file, outcome.digest, request.as_of, outcome.rows, request.now, request.by)
        )
        self._parsed.book.write(number, {**self._ids, **made}, store)


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
