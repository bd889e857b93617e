"""Helps tests play scenarios: into a store in memory or a file, whole or with every reading, and read what is left."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.simulate.engine import Player, Tally
from agent.simulate.setting import prepare
from agent.stores.opening import Location, connect, migrate
from agent.stores.reading import SqliteReader
from agent.stores.writing import SqliteWriter
from sla.model import Window

EVER = Window(-(2**62), 2**62)

TINY = """\
name: tiny
from: 2025-03-01
to: {to}
interval: {interval}
camera_interval: 120s
city:
  inline:
    name: 小城（模拟）
    code: "610900"
    in_service_from: "2025-01-01"
    carriers: [甲, 乙]
    county_mbps: 100
    township_mbps: 10
    scales: {{small: {{channels: 1, systems: 1}}}}
    platforms:
      - id: P-NET
        name: 网（模拟）
        parts: [{{id: DNS-1, kind: dns, name: 名（模拟）}}]
    counties: [{{code: "610902", name: 甲县, townships: [子镇]}}]
"""

NAMED = {
    "counts": "SELECT p.target, p.component, c.month, c.ok, c.failed, c.error FROM counts c"
    " JOIN components p ON p.id = c.component ORDER BY 1, 2, 3",
    "sightings": "SELECT p.target, p.component, s.day, s.first_ok, s.last_ok, s.first_failed, s.last_failed"
    " FROM sightings s JOIN components p ON p.id = s.component ORDER BY 1, 2, 3",
    "runs": "SELECT boot_no, started_at, floor, heartbeat_at, stopped_at, open_from FROM runs ORDER BY boot_no",
    "gaps": "SELECT boot_no, at FROM gaps ORDER BY 1",
    "records": "SELECT at, kind, body FROM records WHERE kind NOT IN ('start') ORDER BY 1, 2",
}


def written(folder: Path, text: str, name: str = "scenario.yml") -> Path:
    """A scenario's file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def played(path: Path, folder: Path, *, every_reading: bool = False) -> Iterator[tuple[SqliteReader, Tally]]:
    """The scenario in a store in memory."""
    _, play = prepare(path, folder)
    memory = Location(None, simulated=True)
    connection = connect(memory)
    try:
        migrate(connection, memory)
        tally = asyncio.run(Player(replace(play, every_reading=every_reading), SqliteWriter(connection)).play())
        yield SqliteReader(connection), tally
    finally:
        connection.close()


def ledger(reader: SqliteReader) -> dict[str, list[Any]]:
    """All that the ledger holds, whatever numbers its components and words got."""
    db: sqlite3.Connection = reader._db
    found: dict[str, list[Any]] = {name: db.execute(sql).fetchall() for name, sql in NAMED.items()}
    found["edges"] = [
        (component.name, edge)
        for component in sorted(reader.components(), key=lambda each: each.name)
        for edge in reader.edges(component.id, EVER)
    ]
    return found
