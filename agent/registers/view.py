"""What a store says of the registers, with the rows of the file that is being checked in their places."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from agent.registers.entries import Entry
from agent.registers.known import Known
from agent.registers.schema import Register
from agent.stores.importing import ImportStore
from agent.stores.registering import RawRow, latest, parse_body

INLINE = "inline"
"""Targets that stand in agent.yml, where a running agent has noted them in the store."""

Body = Mapping[str, Any]
Key = tuple[str, int | None]


class Dated(NamedTuple):
    """A dated row, of the file (then with its entry) or of the store. Units: microseconds UTC, None unbounded."""

    id: str
    start: int | None
    end: int | None
    body: Body
    entry: Entry | None = None


class View:
    """One file's register over a store. Each register is read once, when it is first asked for."""

    def __init__(
        self,
        register: Register,
        entries: Sequence[Entry],
        store: ImportStore,
        known: Known,
        registered: Mapping[str, str],
    ) -> None:
        self.register, self.entries, self.known, self.registered = register, entries, known, registered
        self._store = store
        self._latest: dict[str, list[RawRow]] = {}
        self._dated: dict[str, list[Dated]] = {}

    def stored(self, register: str) -> list[RawRow]:
        """The highest version of each dated row in the store, with the end that it says itself."""
        if register not in self._latest:
            self._latest[register] = latest(self._store.register_rows(register))
        return self._latest[register]

    def versions(self, register: str) -> list[RawRow]:
        """All versions in the store."""
        return self._store.register_rows(register)

    def dated(self, register: str) -> list[Dated]:
        """The rows as they will be: those of the file, and those of the store that the file does not have."""
        if register not in self._dated:
            self._dated[register] = list(self._rows(register))
        return self._dated[register]

    def ids(self, *registers: str, implied: bool = True) -> set[str]:
        """All ids of some registers, the configuration's targets among the targets.

        Shape: `implied` adds the sites that lines and targets name where no register of sites is kept.
        """
        found = {row.id for register in registers for row in self.stored(register)}
        if self.register.name in registers:
            found.update(entry.id for entry in self.entries)
        if "targets" in registers:
            found.update(self.inline_ids)
        if implied and "sites" in registers and not self.ids("sites", implied=False):
            found |= self.implied_sites
        return found

    @cached_property
    def implied_sites(self) -> set[str]:
        """Sites that lines and targets name."""
        named = ((register, row.body) for register in ("links", "targets") for row in self.dated(register))
        columns = {"links": ("a_site", "b_site"), "targets": ("site_id",)}
        noted = (row.get("site_id") for row in self.known.targets.values())
        found = {body.get(column) for register, body in named for column in columns[register]} | set(noted)
        return {str(site) for site in found if site}

    @cached_property
    def inline_ids(self) -> set[str]:
        """Targets that the configuration knows."""
        return {*self.registered, *self.known.targets, *(row.id for row in self.stored(INLINE))}

    @cached_property
    def parts(self) -> dict[str, set[str]]:
        """Components that targets are known to have, by target."""
        found: dict[str, set[str]] = {}
        for name in self._store.components():
            target, _, part = name.partition("#")
            if part:
                found.setdefault(target, set()).add(part)
        return found

    def _rows(self, register: str) -> Iterator[Dated]:
        mine: Sequence[Entry] = self.entries if register == self.register.name else ()
        keys: set[Key] = {entry.key for entry in mine}
        for entry in mine:
            yield Dated(entry.id, entry.start, entry.end, entry.values, entry)
        for row in self.stored(register):
            if (row.id, row.valid_from) not in keys:
                yield Dated(row.id, row.valid_from, row.valid_to, parse_body(row.body))
