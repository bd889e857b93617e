"""Helps tests fill a store as an auditor would: registers, states and windows as CSV text, through the import."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from agent.figures import Figures
from agent.figures.faults import Faults, Found
from agent.imports import apply_import
from agent.instants import format_instant
from agent.stores.base import Batch, Component, EdgeRow, Leaving, Record, RunRequest
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from sla.model import Cause, Degraded, Edge, State, Window
from tests.agent.import_cases import HISTORY, ZONE, at
from tests.agent.import_cases import request as history_request
from tests.agent.register_cases import request

NOW = at("2026-06-01")
ENTERED = "2024-12-01"
"""When registers were entered where a test says nothing else: before all time that it measures."""

LINKS = "link_id,a_site,b_site,carrier,contracted_mbps,far_address"
TARGETS = "target_id,kind,address,role,site_id,parents"
WINDOWS = "window_id,scope,start,end,approved_by,approved_at,notified_at,reason,document"
DESK = "fault_id,root,reported,onset,restored,cause"


class Books:
    """A store with an auditor in front of it. Instants are texts of Beijing time, as `at` takes them."""

    def __init__(self, writer: SqliteWriter) -> None:
        self.writer = writer
        self.reader = SqliteReader(writer._db)
        self.figures = Figures(self.reader, ZONE)
        self.faults = Faults(self.reader, ZONE)

    def enter(self, kind: str, heading: str, *rows: str, recorded: str = ENTERED, **options: Any) -> None:
        """A file of a register or record, recorded at an instant."""
        apply_import(self.writer, request(kind, "\n".join([heading, *rows]) + "\n", now=at(recorded), **options))

    def sites(self, *ids: str) -> None:
        """Sites without anything else."""
        self.enter("sites", "site_id", *ids)

    def targets(self, *ids: str) -> None:
        """Targets without a site or parents, probed every 60 s."""
        self.enter("targets", TARGETS, *(f"{id_},icmp,10.0.0.{number},,," for number, id_ in enumerate(ids, 1)))

    def states(self, *rows: str, until: str = "2026-01-01", create: bool = False) -> None:
        """States that hold until the next row: `a,2025-01-01T08:00:00,up`."""
        lines = []
        for row in rows:
            target, when, state = row.split(",")
            lines.append(f"{target},{when if len(when) > 10 else when + 'T00:00:00'}+08:00,{state}")
        text = "\n".join([HISTORY, *lines])
        apply_import(self.writer, history_request("history", text, as_of=at(until), create_targets=create))

    def window(self, id_: str, scope: str, start: str, end: str, *, approved: str, recorded: str) -> None:
        """A maintenance window with five days' notice."""
        notified = _day(at(start) - 5 * 86_400_000_000)
        row = f'{id_},"{scope}",{start}+08:00,{end}+08:00,张主任,{approved},{notified},割接,政办9号'
        self.enter("maintenance", WINDOWS, row, recorded=recorded)

    def ran(
        self,
        start: str,
        end: str,
        edges: Sequence[tuple[str, str, State]] = (),
        records: Sequence[tuple[str, str, str]] = (),
        *,
        killed: bool = False,
    ) -> None:
        """A run of the agent: edges are (id, instant, state), records (instant, kind, body)."""
        run = self.writer.start_run(RunRequest("core", "boot", at(start), (0, at(start)), "test", 1))
        known = {component.name: component.id for component in self.reader.components()}
        new = []
        for name in dict.fromkeys(name for name, _, _ in edges):
            if name not in known:
                known[name] = len(known) + 1
                new.append(Component(known[name], *_parts(name), "icmp"))
        rows = [
            EdgeRow(known[name], run.boot_no, seq, Edge(at(when), state, Degraded.NONE, Cause.PROBE))
            for seq, (name, when, state) in enumerate(edges, start=1)
        ]
        told = [(start, "start", "{}"), *records]
        kept = [Record(seq, at(when), kind, body) for seq, (when, kind, body) in enumerate(told, start=1000)]
        batch = Batch(at(end), new, rows, records=kept)
        if killed:
            self.writer.write(run, batch)
        else:
            self.writer.stop_run(run, batch, Leaving({}))

    def answer(self, name: str, start: str, end: str, **options: Any) -> dict[str, Any]:
        """What `availability --json` says."""
        given: dict[str, Any] = {"now": NOW} | {key: at(value) for key, value in options.items()}
        return self.figures.answer(name, Window(at(start), at(end)), **given)

    def of(self, start: str, end: str, **options: str) -> Found:
        """Everything that is said of faults in a period."""
        given = {"now": NOW} | {key: at(value) for key, value in options.items()}
        return self.faults.find(Window(at(start), at(end)), **given)

    def told(self, start: str, end: str, **options: str) -> dict[str, Any]:
        """What `faults --json` says."""
        return self.faults.as_json(self.of(start, end, **options))


def _parts(name: str) -> tuple[str, str]:
    target, _, part = name.partition("#")
    return target, part


def _day(us: int) -> str:
    return format_instant(us, ZONE)[:10]


@contextmanager
def books(path: Path | None = None) -> Iterator[Books]:
    """An empty store, in memory or in a file."""
    location = Location(path)
    with closing(connect(location)) as connection:
        migrate(connection, location)
        yield Books(SqliteWriter(connection))
