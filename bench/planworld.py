"""A city's year in a store: registers as files, 43 000 targets with 40 edges each, and the last days of sightings."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.imports import ImportRequest, apply_import
from agent.stores.base import Batch, Component, EdgeRow, RunRequest, RunStart
from agent.stores.opening import Location, connect, migrate
from agent.stores.sighting import DaySeen
from agent.stores.writing import SqliteWriter
from bench.ledger import SECOND, START
from sla.model import Cause, Degraded, Edge, Outcome, Seen, State
from sla.periods import to_datetime

ZONE = ZoneInfo("Asia/Shanghai")
DAY = 86_400 * SECOND
NOW = START + 364 * DAY
COUNTIES, TOWNSHIPS, VILLAGES = 10, 15, 15
CLOUD = 6


class City(NamedTuple):
    """An open store of a city, with the run that writes it."""

    location: Location
    writer: SqliteWriter
    run: RunStart
    targets: int


class _Files(NamedTuple):
    """The registers, as lines of CSV."""

    divisions: list[str]
    sites: list[str]
    links: list[str]
    targets: list[str]


def build(folder: Path, targets: int, edges: int) -> City:
    """Write it all. Shape: the first targets are nodes with a site each, the rest cameras behind them."""
    location = Location(folder / "plans.db")
    connection = connect(location)
    migrate(connection, location)
    writer = SqliteWriter(connection)
    _registers(writer, targets)
    run = writer.start_run(RunRequest("bench", "boot", START, (0, START), "bench", 1))
    ids = [row.partition(",")[0] for row in _files(targets).targets]
    components = [Component(number, id_, "", "icmp") for number, id_ in enumerate(ids, 1)]
    writer.write(run, Batch(START, components))
    _edges(writer, run, components, edges)
    _sightings(writer, run, components)
    writer.tidy()
    return City(location, writer, run, len(ids))


def _registers(writer: SqliteWriter, targets: int) -> None:
    files = _files(targets)
    _enter(writer, "divisions", "code,name,level,parent_code", files.divisions)
    _enter(writer, "sites", "site_id,name,division_code,accepted_on", files.sites)
    _enter(writer, "links", "link_id,a_site,b_site,carrier,contracted_mbps,far_address", files.links)
    _enter(writer, "targets", "target_id,kind,address,role,site_id,parents,carrier,interval_seconds", files.targets)
    _enter(writer, "platforms", "platform_id,name,class", ["cloud,政务云,city_cloud"])
    parts = [f"c-{number},cloud,cloud-{number}" for number in range(CLOUD)]
    _enter(writer, "components", "component_id,platform_id,member", parts)


def _enter(writer: SqliteWriter, kind: str, heading: str, rows: list[str]) -> None:
    data = "\n".join([heading, *rows, ""]).encode()
    apply_import(writer, _request(kind, data))


def _request(kind: str, data: bytes) -> ImportRequest:
    return ImportRequest(kind=kind, file=f"{kind}.csv", data=data, now=START - DAY, by="bench", zone=ZONE)


def _files(targets: int) -> _Files:
    files = _Files(["6109,City,city,"], ["S-CITY,Core,6109,2024-01-01"], [], ["core,icmp,10.0.0.1,core,S-CITY,,,60"])
    files.targets.extend(f"cloud-{n},tcp,10.0.1.{n}:443,component,S-CITY,,,60" for n in range(CLOUD))
    for county in range(COUNTIES):
        name = f"6109{county:02}"
        _place(files, name, "county", "6109", ("core", f"10.1.{county}.1", "county_node"))
        for line in range(2):
            files.links.append(f"L-{name}-{line},S-CITY,S-{name},carrier-{line},1000,10.2.{county}.{line}")
        for township in range(TOWNSHIPS):
            town = f"{name}{township:03}"
            _place(files, town, "township", name, (f"n-{name}", f"10.3.{county}.{township}", "node"))
            for village in range(VILLAGES):
                address = f"10.{4 + county}.{township}.{village}"
                _place(files, f"{town}{village:03}", "village", town, (f"n-{town}", address, "node"))
    nodes = [row.partition(",")[0] for row in files.targets if ",node," in row]
    for number in range(targets - len(files.targets)):
        node = nodes[number % len(nodes)]
        address = f"rtsp://10.{100 + number // 62500}.{number // 250 % 250}.{number % 250}/"
        files.targets.append(f"cam-{number:05},rtsp,{address},camera,S-{node[2:]},{node},,300")
    return files


def _place(files: _Files, code: str, level: str, parent: str, node: tuple[str, str, str]) -> None:
    above, address, role = node
    files.divisions.append(f"{code},{code},{level},{parent}")
    files.sites.append(f"S-{code},{code},{code},2024-01-01")
    files.targets.append(f"n-{code},icmp,{address},{role},S-{code},{above},carrier,60")


def _edges(writer: SqliteWriter, run: RunStart, components: list[Component], edges: int) -> None:
    rows: list[EdgeRow] = []
    dice, seq = random.Random(1), 0
    for component in components:
        for edge in _of_one(dice, edges):
            seq += 1
            rows.append(EdgeRow(component.id, run.boot_no, seq, edge))
        if len(rows) > 50_000:
            writer.write(run, Batch(NOW, edges=rows))
            rows = []
    writer.write(run, Batch(NOW, edges=rows))


def _of_one(dice: random.Random, edges: int) -> Iterator[Edge]:
    """Up for days and down for minutes or hours, each edge with the readings that made it (E6)."""
    at = START
    for number in range(edges):
        yield edge(at, up=number % 2 == 0)
        longest = 2 * 363 * 86_400 // edges
        at += (
            dice.randrange(longest, 2 * longest - 40_000) * SECOND
            if number % 2 == 0
            else dice.randrange(60, 20_000) * SECOND
        )


def edge(at: int, *, up: bool) -> Edge:
    """One edge with its evidence."""
    outcome, why = (Outcome.OK, "") if up else (Outcome.FAILED, "timeout")
    other, reason = (Outcome.FAILED, "timeout") if up else (Outcome.OK, "")
    streak = tuple(Seen(at + n * 10 * SECOND, outcome, why) for n in range(3))
    contrary = Seen(at - 60 * SECOND, other, reason)
    return Edge(at, State.UP if up else State.DOWN, Degraded.NONE, Cause.PROBE, 60 * SECOND, (contrary, *streak))


def _sightings(writer: SqliteWriter, run: RunStart, components: list[Component]) -> None:
    """Every day of the last eight, as the running agent keeps them."""
    for back in range(8):
        at = NOW - back * DAY
        day = to_datetime(at, ZONE).date().toordinal()
        seen = [DaySeen(day, component.id, at - DAY // 2, at - SECOND, None, None) for component in components]
        writer.write(run, Batch(NOW, sightings=seen))
