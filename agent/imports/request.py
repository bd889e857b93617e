"""What is asked of an import, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from zoneinfo import ZoneInfo

from agent.instants import format_duration
from agent.registers.known import Known

_NOTHING: Mapping[str, str] = MappingProxyType({})
_EVIDENCE = ("history", "readings")
SIMULATED_STORE = "模拟数据 SIMULATED: the store is simulated, and so is whatever rests on what is imported into it"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """One file to import. Units: now, as_of in microseconds UTC.

    Shape: `mapping` adds headings (heading to column, or to "ignore"); `registered` are targets that the
    configuration knows (id to kind), though the store may not; `allocate` gives ids for new components where a
    running agent gives them out, else the store's next ones are taken; `progress` is told bytes done and in all;
    `known` is what the configuration knows that rows of registers may name, None without a configuration.
    """

    kind: str
    file: str
    data: bytes
    now: int
    by: str
    zone: ZoneInfo
    as_of: int | None = None
    create_targets: bool = False
    dry_run: bool = False
    mapping: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    registered: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    allocate: Callable[[], int] | None = None
    progress: Callable[[int, int], None] | None = None
    known: Known | None = None


@dataclass(slots=True)
class Tally:
    """What rows come to. Units: *_us in microseconds; a span or a reading is one.

    `late` lies after the store's first heartbeat and changes no headline (A8).
    """

    added: int = 0
    known: int = 0
    late: int = 0
    added_us: int = 0
    known_us: int = 0
    late_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """What an import changed, or would change (`dry_run`). `first_heartbeat` None: the store never had a run.

    `notes` say what of the file was passed over, `changes` what of a register is new, a line each. `targets` counts
    ids, `kinds` are those of what is created. `simulated`: the store is (E8).
    """

    kind: str
    file: str
    digest: str
    rows: int
    targets: int
    created: tuple[str, ...]
    tally: Tally
    dry_run: bool
    first_heartbeat: int | None
    notes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    simulated: bool = False

    @property
    def changed(self) -> bool:
        """Whether the store says more than before."""
        return bool(self.created or self.tally.added)

    def words(self) -> list[str]:
        """The outcome for people, a line each."""
        of = "targets" if self.kind in _EVIDENCE else self.kind
        mark = [SIMULATED_STORE] if self.simulated else []
        lines = [*mark, f"{self.file}: {self.rows} rows of {self.targets} {of}, sha256 {self.digest}", *self.notes]
        if not self.changed:
            return [*lines, *self.changes, "nothing new: all of it is known already; the store is unchanged"]
        lines += [*self._created(), *self.changes, *self._evidence()]
        return [*lines, "dry run: nothing was written"] if self.dry_run else lines

    @property
    def _verb(self) -> str:
        return "would be " if self.dry_run else ""

    def _created(self) -> list[str]:
        """Ids that nobody knew, and registered ones of which this is the first evidence."""
        unknown = [name for name in self.created if self.kinds.get(name, "imported") == "imported"]
        first = [name for name in self.created if name not in set(unknown)]
        told = (f"targets {self._verb}created", unknown), ("registered targets with their first evidence", first)
        return [f"{what}: {len(names)} ({_some(names)})" for what, names in told if names]

    def _evidence(self) -> list[str]:
        if self.kind == "history":
            return self._spans()
        return self._readings() if self.kind == "readings" else []

    def _spans(self) -> list[str]:
        tally = self.tally
        lines = [f"spans {self._verb}added: {tally.added}, together {format_duration(tally.added_us)}"]
        if tally.known_us:
            lines.append(f"known already and left as it is: {format_duration(tally.known_us)}")
        if tally.late_us:
            lines.append(
                f"after the store's first heartbeat: {format_duration(tally.late_us)}; "
                "kept as foreign evidence, changes no headline (A8)"
            )
        return lines

    def _readings(self) -> list[str]:
        tally = self.tally
        lines = [f"readings {self._verb}added: {tally.added}"]
        if tally.known:
            lines.append(f"known already and left as they are: {tally.known}")
        if tally.late:
            lines.append(
                f"after the store's first heartbeat: {tally.late}; kept as foreign evidence, change no headline (A8)"
            )
        return lines


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
