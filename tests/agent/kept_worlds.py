"""Helps tests hold what is kept from look to look against a whole look: a small city in which anything may happen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from agent.figures.book import Shelf
from agent.figures.kept import Kept
from agent.figures.plan import PlanTables, Table
from agent.imports import ImportProblemsError, apply_import
from agent.instants import format_instant
from agent.plans import plan_by_id
from agent.stores.base import Batch, Component, EdgeRow, RunRequest
from agent.stores.identifying import DayMet
from agent.stores.noting import Note
from agent.stores.sighting import DaySeen
from sla.model import Cause, Degraded, Edge, State, Window
from sla.periods import to_datetime
from sla.plans import Plan
from tests.agent.figure_cases import DESK, WINDOWS, Books, books
from tests.agent.import_cases import ZONE, at
from tests.agent.register_cases import request

SECOND = 1_000_000
HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
BEGIN = at("2025-03-03T08:00:00")

TARGETS = "target_id,kind,address,role,site_id,parents,in_service_to,interval_seconds"
PROBED = ("core", "n-a", "n-b", "n-c", "cam-1", "cam-2", "web", "L-a1", "L-a2", "L-b1", "sw#if/1", "host-1", "alone")
"""What has readings of its own; `alone` is in no register."""

PLANS = ("ankang", "guangyuan")


def plans() -> list[Plan]:
    """Built-in ones, one for which short notice excludes, and one that counts other roles."""
    built_in = [plan_by_id(id_) for id_ in PLANS]
    rows = tuple(
        replace(row, scope={"roles": ["camera", "host", "node"]}) if row.formula == "clearing_rate" else row
        for row in built_in[0].rows
    )
    return [*built_in, replace(built_in[0], id="short", short_notice_excludes=True, rows=rows)]


class World:
    """A running agent's store: every batch that becomes durable is told to what is kept."""

    def __init__(self, made: Books) -> None:
        self.made = made
        self.now = BEGIN
        self.kept = Kept(made.reader)
        self.tables = PlanTables(made.reader, Shelf(), self.kept)
        self._registers()
        self.run = made.writer.start_run(RunRequest("v", "boot", BEGIN, (0, BEGIN), "test", 1))
        self._ids = {name: number for number, name in enumerate(PROBED, 1)}
        self._seq = 0
        self.write(components=[_component(name, id_) for name, id_ in self._ids.items()])

    def _registers(self) -> None:
        enter = self.made.enter
        levels = ("6109,市,city,", "610921,甲,county,6109", "610922,乙,county,6109", "610923,丙,county,6109")
        enter("divisions", "code,name,level,parent_code", *levels)
        sites = ("S,6109,2024-01-01", "S-a,610921,2024-01-01", "S-b,610922,2024-06-01", "S-c,610923,")
        enter("sites", "site_id,division_code,accepted_on", *sites)
        enter(
            "links",
            "link_id,a_site,b_site,carrier,contracted_mbps,far_address,a_device,a_if",
            "L-a1,S,S-a,电信,100,10.9.0.1,,",
            "L-a2,S,S-a,移动,100,10.9.0.2,,",
            "L-b1,S,S-b,电信,100,10.9.0.3,sw,1",
        )
        enter(
            "targets",
            TARGETS,
            "core,icmp,10.0.0.1,core,S,,,",
            "sw,snmp,10.0.0.9,node,S,core,,",
            "n-a,icmp,10.0.0.2,county_node,S-a,,,",
            "n-b,icmp,10.0.0.3,node,S-b,core,2025-03-20,300",
            "n-c,icmp,10.0.0.4,node,S-c,n-a;n-b,,",
            "cam-1,rtsp,rtsp://10.0.1.1/,camera,S-a,n-a,,",
            "cam-2,rtsp,rtsp://10.0.1.2/,camera,S-b,n-b,,",
            "web,http,http://10.0.2.1/,component,S,,,",
            "host-1,icmp,10.0.2.2,host,S-c,,,",
        )
        enter("platforms", "platform_id,name,class", "cloud,云,city_cloud")
        enter("components", "component_id,platform_id,member", "c-1,cloud,web")
        enter("systems", "system_id,name,demand_mbps,required_links", "sys,系统,10,L-a1;L-b1")

    def write(self, *, late: int = 0, **rows: object) -> None:
        """One batch; its heartbeat lies `late` before now."""
        batch = Batch(max(self.now - late, BEGIN), **rows)  # type: ignore[arg-type]  # each test names what it writes
        self.made.writer.write(self.run, batch)
        self.kept.heard(batch)

    def edge(
        self, name: str, ago: int, state: State, degraded: Degraded = Degraded.NONE, cause: Cause | None = None
    ) -> None:
        """An edge some time ago."""
        self._seq += 1
        said = cause or (Cause.NO_READING if state is State.UNKNOWN else Cause.PROBE)
        edge = Edge(max(self.now - ago, BEGIN), state, degraded, said)
        self.write(edges=[EdgeRow(self._ids[name], self.run.boot_no, self._seq, edge)])

    def doubt(self, name: str, ago: int | None) -> None:
        """A streak is open since some time ago, or not any more."""
        self.write(doubts=[(self._ids[name], None if ago is None else max(self.now - ago, BEGIN))])

    def sight(self, name: str, ago: int, *, is_ok: bool) -> None:
        """A reading some time ago."""
        when = max(self.now - ago, BEGIN)
        day = to_datetime(when, ZONE).date().toordinal()
        stamps = (when, when, None, None) if is_ok else (None, None, when, when)
        self.write(sightings=[DaySeen(day, self._ids[name], *stamps)])

    def meet(self, name: str, ago: int, who: str) -> None:
        """It answered as somebody some time ago."""
        when = max(self.now - ago, BEGIN)
        day = to_datetime(when, ZONE).date().toordinal()
        self.write(identities=[DayMet(day, self._ids[name], who, when, when)])

    def enter(self, kind: str, heading: str, row: str) -> None:
        """A row of a register, entered now; one that does not fit what is there changes nothing."""
        try:
            apply_import(self.made.writer, request(kind, f"{heading}\n{row}\n", now=self.now))
        except ImportProblemsError:
            return

    def window(self, scope: str, ahead: int, *, days_before: int) -> None:
        """A maintenance window in some time."""
        start, end = self.now + ahead, self.now + ahead + 4 * HOUR
        told = _time(self.now - days_before * DAY)
        number = self.now // SECOND
        self.enter(
            "maintenance", WINDOWS, f"W-{number},{scope},{_time(start)},{_time(end)},主任,{told},{told},割接,9号"
        )

    def reported(self, root: str, ago: int) -> None:
        """A row of the desk."""
        self.enter("faults", DESK, f"D-{self.now // SECOND},{root},{_time(self.now - ago)},,,")

    def note(self) -> None:
        """Somebody says of every open fault what caused it."""
        for fault in self.made.faults.find(_year(self.now), now=self.now).faults[:2]:
            self.made.writer.add_notes([Note(fault.id, 0, "cause", "光缆", "", self.now, "tester")])

    def new_component(self) -> None:
        """Something else begins to be measured."""
        name = f"late-{len(self._ids)}"
        self._ids[name] = len(self._ids) + 1
        self.write(components=[_component(name, self._ids[name])])
        self.edge(name, 0, State.UP)

    def differing(self, *, as_of: int | None = None) -> Iterator[str]:
        """Where what is kept says otherwise than a whole look at the same store."""
        for plan in plans():
            mine = self.tables.table(plan, None, now=self.now, as_of=as_of)
            whole = whole_table(self.made, plan, self.now, as_of)
            if replace(mine, rows=()) != replace(whole, rows=()):
                yield f"{plan.id}: {replace(mine, rows=())} != {replace(whole, rows=())}"
            for one, other in zip(mine.rows, whole.rows, strict=True):
                if one != other:
                    yield f"{plan.id} {one.row.id}: kept {one.figure}, whole {other.figure}"


def whole_table(made: Books, plan: Plan, now: int, as_of: int | None) -> Table:
    """The same reckoned from the ledger alone, with nothing kept."""
    tables = PlanTables(made.reader, Shelf())
    asked, name = tables.asked(plan, None, now=now, as_of=as_of)
    return tables.table_of(asked, name)


@contextmanager
def world() -> Iterator[World]:
    """A city whose every target was seen once."""
    with books() as made:
        city = World(made)
        for name in PROBED:
            city.edge(name, 0, State.UP)
        yield city


def _component(name: str, number: int) -> Component:
    target, _, part = name.partition("#")
    return Component(number, target, part, "icmp")


def _time(us: int) -> str:
    return format_instant(us // SECOND * SECOND, ZONE)


def _year(now: int) -> Window:
    return Window(now - 400 * DAY, now + DAY)
