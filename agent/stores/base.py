"""What the agent asks of a store: rows as values. SQLite is the first; a second one joins the same contract tests."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from agent.stores.binning import BinRow
from agent.stores.chaining import Kept
from agent.stores.clocksteps import ClockStep, Dating, Resolution
from agent.stores.identifying import DayMet, Met
from agent.stores.inline import InlineRow
from agent.stores.noting import FaultEvent, Note
from agent.stores.packing import LedgerRows
from agent.stores.pathing import KeptPath
from agent.stores.registering import RegisterRow
from agent.stores.sealed import KeptSeal
from agent.stores.sighting import DaySeen
from agent.stores.witnessing import Delivered
from sla.bins import Bin
from sla.model import Edge, Outcome, State, Window
from sla.timeline import Mark, Span


class Component(NamedTuple):
    """What has a state of its own; `name` is the id that people use."""

    id: int
    target: str
    part: str
    kind: str

    @property
    def name(self) -> str:
        """TARGET or TARGET#COMPONENT."""
        return f"{self.target}#{self.part}" if self.part else self.target


class Run(NamedTuple):
    """One run of an agent. Units: microseconds UTC; stopped_at is None while it runs or when it was killed.

    `open_from` is the start of the earliest streak that a clean stop left open.
    """

    vantage: int
    boot_no: int
    started_at: int
    floor: int
    heartbeat_at: int
    stopped_at: int | None
    open_from: int | None = None


class EdgeRow(NamedTuple):
    """One edge on its way into the ledger; identity is (vantage, boot_no, seq) (E2)."""

    component: int
    boot_no: int
    seq: int
    edge: Edge


class Record(NamedTuple):
    """Something worth keeping that is no edge (E7); body is JSON text."""

    seq: int
    at: int
    kind: str
    body: str
    by: str = "agent"


class Counted(NamedTuple):
    """Readings of one component in one month (yyyymm of the zone) since the last write."""

    component: int
    month: int
    ok: int
    failed: int
    error: int


class ImportedReading(NamedTuple):
    """One reading of an imported file."""

    component: int
    at: int
    outcome: Outcome
    interval: int
    over: int


class ImportedSpan(NamedTuple):
    """Time of one component that an imported history states."""

    component: int
    start: int
    end: int
    state: State


class Batch(NamedTuple):
    """Everything that becomes durable together. `heartbeat` is the instant up to which this batch speaks."""

    heartbeat: int
    components: Sequence[Component] = ()
    edges: Sequence[EdgeRow] = ()
    doubts: Sequence[tuple[int, int | None]] = ()
    counts: Sequence[Counted] = ()
    records: Sequence[Record] = ()
    anchors: Sequence[tuple[int, int]] = ()
    clock_steps: Sequence[ClockStep] = ()
    resolutions: Sequence[Resolution] = ()
    bins: Sequence[BinRow] = ()
    sightings: Sequence[DaySeen] = ()
    identities: Sequence[DayMet] = ()


class RunStart(NamedTuple):
    """What a new run of the agent finds: its number, the instant it may not rewrite, and what is still known.

    `tracks` is what a clean stop knew, by component id, as JSON; empty after a kill (S8). `last_durable` is the
    previous run's last durable instant, None in a new store.
    """

    vantage: int
    boot_no: int
    floor: int
    last_durable: int | None
    clean: bool
    tracks: Mapping[int, str]


class Leaving(NamedTuple):
    """What a clean stop knew: tracks by component id as JSON, and the start of the earliest open streak (S8)."""

    tracks: Mapping[int, str]
    open_from: int | None = None


class SealStanding(NamedTuple):
    """A seal, and who outside has its digest."""

    kept: KeptSeal
    witnesses: Sequence[Delivered]

    @property
    def digest(self) -> str:
        """As it is printed."""
        return f"{self.kept.seal.algorithm}:{self.kept.digest}"


class Reader(Protocol):
    """Questions about what is durable. Never waits for the writer."""

    def components(self) -> list[Component]: ...
    def component_count(self) -> int: ...
    def component(self, name: str) -> Component | None: ...
    def marks(self, component: int) -> list[Mark]: ...
    def all_marks(self) -> Iterable[tuple[int, list[Mark]]]: ...
    def known_until(self, component: int) -> int: ...
    def all_known_until(self) -> tuple[int, dict[int, int]]: ...
    def edges(self, component: int, window: Window) -> list[Edge]: ...
    def imported_components(self) -> frozenset[int]: ...
    def imported_spans(self, component: int) -> list[Span]: ...
    def imported_readings(self, component: int) -> list[ImportedReading]: ...
    def service(self, target: str) -> list[Window]: ...
    def runs(self) -> list[Run]: ...
    def last_run(self) -> Run | None: ...
    def gaps(self) -> list[Window]: ...
    def first_heartbeat(self) -> int | None: ...
    def records(self, kind: str | None = None) -> list[Record]: ...
    def counts(self, component: int) -> list[Counted]: ...
    def bins(self, component: int, window: Window) -> list[Bin]: ...
    def sightings(self, first: int, last: int) -> list[DaySeen]: ...
    def sightings_of(self, component: int, first: int, last: int) -> list[DaySeen]: ...
    def days_seen(self, component: int, first: int, last: int) -> list[int]: ...
    def met(self, days: tuple[int, int], cut: int) -> list[Met]: ...
    def first_sighting(self) -> int | None: ...
    def meta(self, key: str) -> str | None: ...
    def clock_steps(self, *, only_open: bool = False) -> list[ClockStep]: ...
    def doubts(self) -> dict[int, int]: ...
    def seen_ok(self, days: tuple[int, int], window: Window) -> dict[int, int]: ...
    def last_dating(self) -> Dating | None: ...
    def register_state(self) -> int: ...
    def first_imported(self) -> int | None: ...
    def register_rows(self, register: str) -> list[RegisterRow]: ...
    def vantages(self) -> dict[int, str]: ...
    def vantage_gaps(self) -> list[tuple[int, Window]]: ...
    def vantage_records(self, kinds: Sequence[str]) -> list[tuple[int, Record]]: ...
    def fault_notes(self, fault: str) -> list[Note]: ...
    def told_faults(self) -> Iterable[tuple[str, str, int]]: ...
    def fault_causes(self) -> dict[str, str]: ...
    def fault_events(self, fault: str) -> list[FaultEvent]: ...
    def fault_paths(self, fault: str) -> list[KeptPath]: ...
    def ledger(self) -> LedgerRows: ...
    def seals(self, period: str | None = None) -> "list[SealStanding]": ...
    def sealed_figures(self, seal: int) -> dict[str, dict[str, Any]]: ...
    def last_head(self) -> Kept | None: ...
    def witnessed_head(self) -> tuple[Kept, list[Delivered]] | None: ...
    def close(self) -> None: ...


class Writer(Protocol):
    """What the one process that holds the store may write. Each call is durable when it returns, or raises."""

    def start_run(self, start: "RunRequest") -> RunStart: ...
    def write(self, run: RunStart, batch: Batch) -> None: ...
    def stop_run(self, run: RunStart, batch: Batch, leaving: Leaving) -> None: ...
    def set_inline(self, rows: Sequence[InlineRow], digest: str, recorded_at: int) -> int: ...
    def add_notes(self, said: Sequence[Note]) -> None: ...
    def add_fault_events(self, rows: Sequence[FaultEvent]) -> None: ...
    def add_paths(self, paths: Sequence[KeptPath]) -> None: ...
    def backup(self, path: Path) -> None: ...
    def close(self) -> None: ...


class RunRequest(NamedTuple):
    """A run that wants to start. Units: now in microseconds UTC, anchor (monotonic ns, wall us)."""

    vantage: str
    boot_id: str
    now: int
    anchor: tuple[int, int]
    version: str
    pid: int
