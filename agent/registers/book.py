"""One file of a register or record: read, checked against the store, and what of it is new."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from agent.registers.approvals import moved_windows_have_their_own_approval
from agent.registers.changes import Changes
from agent.registers.entries import Cells, Entry
from agent.registers.known import Known
from agent.registers.rules import RULES, Rule
from agent.registers.schema import Register
from agent.registers.scopes import scopes_match_something
from agent.registers.target_rules import targets_are_as_in_the_configuration
from agent.registers.topology import parents_have_no_cycle
from agent.registers.view import View
from agent.sheets.problems import Problems
from agent.sheets.table import Row
from agent.stores.importing import ImportStore

ALL_RULES: tuple[Rule, ...] = (
    *RULES,
    parents_have_no_cycle,
    targets_are_as_in_the_configuration,
    scopes_match_something,
    moved_windows_have_their_own_approval,
)


class RegisterBook:
    """The rows of one file. Errors go to the problems."""

    def __init__(self, register: Register, zone: ZoneInfo, now: int, problems: Problems) -> None:
        self.register = register
        self.columns = register.columns
        self._zone = zone
        self._cells = Cells(register, zone, now, problems)
        self._entries: list[Entry] = []

    def take(self, row: Row) -> None:
        """Read one row."""
        self._entries.append(self._cells.entry(row))

    @property
    def ids(self) -> int:
        """How many different ids there are."""
        return len({entry.id for entry in self._entries})

    def compare(self, store: ImportStore, known: Known, registered: Mapping[str, str]) -> Changes:
        """Hold the rows against each other, the store and the configuration. Shape: of use without problems only."""
        view = View(self.register, self._entries, store, known, registered)
        for rule in ALL_RULES:
            for found in rule(view, self._zone):
                self._cells.note(*found)
        return Changes(view, self._zone)
