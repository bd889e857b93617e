"""An agent of which tests say every durable edge, and what the reports say of the same store."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from agent.figures.faults import Faults, Found
from agent.imports import apply_import
from agent.registers import known_of
from agent.stores.base import Component, EdgeRow
from sla.faults import Fault, fault_id
from sla.model import Cause, Degraded, Edge, State, Window
from tests.agent.register_cases import request
from tests.agent.web_worlds import World as Web
from tests.agent.web_worlds import world as web_world
from tests.agent.worlds import SECOND, START

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
ALWAYS = Window(-(2**62), 2**62)

CONFIG = """
vantage: {{name: v}}
store: {{url: "sqlite:///{store}"}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  port: {{kind: tcp, interval: 60s, timeout: 5s}}
targets: []
"""
TARGETS = "target_id,kind,address,module,role,site_id,parents,in_service_to"
CITY = (
    "core,tcp,127.0.0.1:1,port,core,,,",
    "east,tcp,127.0.0.1:2,port,node,,core,",
    "west,tcp,127.0.0.1:3,port,node,,core,",
    "both,tcp,127.0.0.1:4,port,node,,east;west,",
    "leaf,tcp,127.0.0.1:5,port,node,,east,",
    "twig,tcp,127.0.0.1:6,port,node,,leaf,",
    "alone,tcp,127.0.0.1:7,port,node,,,",
)
"""Two ways from the core to one, one way to the others."""

ORDER = ("divisions", "sites", "links", "targets", "platforms", "components")
"""Registers as they name each other."""

Said = tuple[str, float, State]
"""An edge: whose, at which second after START, to which state."""


class Picture(NamedTuple):
    """What one fault is, without what only the reports know."""

    id: str
    root: str
    start: int
    onset: tuple[int | None, int]
    restored: tuple[int, int] | None
    outcome: str
    members: tuple[str, ...]
    flags: tuple[str, bool, bool, bool, bool]


class World:
    """Time stands still but for `to`; nothing is probed."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.agent = web.agent
        self.watch = web.agent.faults

    def to(self, seconds: float) -> None:
        self.web.clock.seconds = seconds

    async def say(self, *edges: Said) -> None:
        """Edges become durable together, in this order."""
        for name, seconds, state in edges:
            cause = Cause.NO_READING if state is UNKNOWN else Cause.PROBE
            edge = Edge(START + round(seconds * SECOND), state, Degraded.NONE, cause)
            committer = self.agent.committer
            committer.edge(EdgeRow(self._component(name), committer.run.boot_no, committer.next_seq(), edge))
        await self.web.write()

    async def look(self) -> list[Fault]:
        """What is told now."""
        await self.web.write()
        await self.watch.look()
        return list(self.watch.faults)

    def take(self, kind: str, *lines: str) -> None:
        """A file of a register or record, as the agent's own store takes it."""
        text = "\n".join(lines) + "\n"
        apply_import(self.agent.writer, request(kind, text, now=self.web.now(), known=known_of(self.agent.config)))

    def reported(self) -> Found:
        """What the reports say now of all time."""
        return Faults(self.agent.reader, self.agent.config.zone_info).find(ALWAYS, now=self.web.now())

    def events(self, fault: str) -> list[tuple[str, str | None]]:
        """What the ledger says became of a fault."""
        return [(event.kind, event.merged_into) for event in self.agent.reader.fault_events(fault)]

    def check(self) -> None:
        """The live faults and their counts are those of the reports."""
        kept = self.watch._kept
        assert kept is not None
        faults = self.reported().faults
        recent = [fault for fault in faults if fault.restored is None or fault.restored[1] >= kept.since]
        mine = [fault for fault in faults if fault.id in {each.id for each in self.watch.faults}]
        assert pictures(self.watch.faults) == pictures(mine)
        assert {fault.id for fault in recent} <= {fault.id for fault in mine}
        for label, window in self.agent.exporter.periods.items():
            inside = Counter(str(fault.outcome) for fault in faults if window.start <= fault.start < window.end)
            assert Counter(self.watch.counts.get(label, {})) == inside, label

    def _component(self, name: str) -> int:
        known = self.agent.ledger.component_of(name)
        if known is None:
            target, _, part = name.partition("#")
            known = Component(self.agent.ledger._known.next_id, target, part, "tcp")
            self.agent.ledger._known.next_id += 1
            self.agent.ledger._known.components.setdefault(target, {})[part] = known
            self.agent.committer.component(known)
        return known.id


def pictures(faults) -> list[Picture]:
    """Faults as they are compared."""
    return [
        Picture(
            fault.id, fault.root, fault.start, fault.onset, fault.restored, str(fault.outcome), fault.members,
            (fault.priority, fault.overrun, fault.residual, fault.repeat, fault.withdrawn),
        )
        for fault in faults
    ]  # fmt: skip


def of(root: str, seconds: float) -> str:
    """The id of a fault that began at that second."""
    return fault_id(root, START + round(seconds * SECOND))


@asynccontextmanager
async def world(folder: Path, *rows: str, **registers: tuple[str, ...]) -> AsyncIterator[World]:
    """A started agent with these targets, and files of other registers."""

    def fill(agent) -> None:
        files = {"targets": (TARGETS, *(rows or CITY)), **registers}
        for kind in sorted(files, key=ORDER.index):
            text = "\n".join(files[kind]) + "\n"
            apply_import(agent.writer, request(kind, text, now=START - SECOND, known=known_of(agent.config)))

    async with web_world(folder, CONFIG, None if (folder / "ledger.db").exists() else fill) as web:
        yield World(web)
