"""A file's rows against the store: what is added, what changed, in words; nothing is ever retired by leaving it out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from agent.config.problems import show
from agent.instants import format_instant
from agent.registers.entries import Entry
from agent.registers.view import Key, View
from agent.stores.registering import NewRow, RawRow, parse_body

NAMED = 20
"""Ids that a line of the outcome names."""

TOLD = 1000
"""Changed rows that the outcome tells one by one."""


class Change(NamedTuple):
    """A row that the store does not hold so: `before` None where it is new."""

    entry: Entry
    body: str
    before: RawRow | None


class Changes:
    """What a checked file says anew. Shape: the rows without problems, by id and begin."""

    def __init__(self, view: View, zone: ZoneInfo) -> None:
        self._register, self._zone = view.register, zone
        stored = {(row.id, row.valid_from): row for row in view.stored(view.register.name)}
        self._all = sorted(view.entries, key=_place)
        pairs = [Change(entry, entry.body, stored.pop(entry.key, None)) for entry in self._all]
        self.found = [one for one in pairs if one.before is None or one.before.body != one.body]
        self.unchanged = len(pairs) - len(self.found)
        self._missing = list(stored.values())
        self._versions: dict[str, int] = {}
        if self.found:
            for row in view.stored(view.register.name):
                self._versions[row.id] = max(self._versions.get(row.id, 0), row.version)

    def rows(self) -> Iterator[NewRow]:
        """For the store, each a further version of its id."""
        versions = dict(self._versions)
        for entry, body, _ in self.found:
            versions[entry.id] = version = versions.get(entry.id, 0) + 1
            yield NewRow(entry.id, version, entry.start, entry.end, body)

    def words(self) -> list[str]:
        """For people, a line each."""
        added = [one.entry for one in self.found if one.before is None]
        changed = [(one.entry, one.before) for one in self.found if one.before is not None]
        lines = [f"added: {self._names([entry.key for entry in added])}"] if added else []
        lines += [f"changed: {len(changed)}"] if changed else []
        lines += [f"  {self._label(entry.id, entry.start)}: {self._told(entry, row)}" for entry, row in changed[:TOLD]]
        lines += [f"  … and {len(changed) - TOLD} more"] if len(changed) > TOLD else []
        lines += [f"unchanged: {self.unchanged}"] if self.unchanged and self.found else []
        return [*lines, *self._left_out()]

    def _left_out(self) -> list[str]:
        if not self._missing:
            return []
        names = self._names([(row.id, row.valid_from) for row in self._missing])
        step = f"; to retire one give it its {self._register.end}" if self._register.dated else ""
        return [f"not in this file and kept as they are: {names}{step}"]

    def _told(self, entry: Entry, row: RawRow) -> str:
        """The columns that changed, old -> new."""
        old, new = parse_body(row.body), entry.values
        return "; ".join(
            f"{field.name}: {self._shown(field.name, old)} -> {self._shown(field.name, new)}"
            for field in self._register.fields[1:]
            if self._shown(field.name, old) != self._shown(field.name, new)
        )

    def _shown(self, column: str, body: Mapping[str, Any]) -> str:
        value = body.get(column)
        return "nothing" if value is None else show(self._register.by_name[column].type.show(value, self._zone))

    def _names(self, keys: Sequence[Key]) -> str:
        more = ", …" if len(keys) > NAMED else ""
        return f"{len(keys)} ({', '.join(self._label(*key) for key in keys[:NAMED])}{more})"

    def _label(self, id_: str, start: int | None) -> str:
        return id_ if start is None else f"{id_} from {format_instant(start, self._zone)}"


def _place(entry: Entry) -> tuple[str, bool, int]:
    return entry.id, entry.start is not None, entry.start or 0
