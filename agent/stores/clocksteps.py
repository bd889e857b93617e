"""Steps of the wall clock and how runs were dated, as rows of the ledger (T2, T4)."""

import json
import sqlite3
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

ANCHORED = "clock_anchor"
"""Kind of the record that says by which anchor a run is dated from there on, and why; its first one needs none."""


class How(StrEnum):
    """What ended the doubt over a step (T4)."""

    UNDONE = "undone"
    STOOD = "stood"
    ACCEPTED = "accepted"


class ClockStep(NamedTuple):
    """One step. Units: microseconds; `seen_at` is by the dating from before it, `resolution` a How, None while open."""

    boot_no: int
    number: int
    seen_at: int
    step_us: int
    monotonic_ns: int
    resolved_at: int | None = None
    resolution: str | None = None
    resolved_by: str | None = None


class Resolution(NamedTuple):
    """Every open step up to and including (boot_no, number) is resolved."""

    boot_no: int
    number: int
    at: int
    how: How
    by: str


class Dating(NamedTuple):
    """How the last run was dated at its end: an anchor, and how far the wall clock was known to be ahead of it.

    `last_durable` is its last durable instant. Units: microseconds, monotonic nanoseconds of boot `boot_id`.
    """

    boot_id: str
    monotonic_ns: int
    dated_us: int
    offset_us: int
    last_durable: int


def body_of(why: str, anchor: tuple[int, int], offset_us: int, jump_us: int = 0) -> str:
    """The body of a record ANCHORED. `offset_us` is how far the wall clock stays ahead of the dating by `anchor`."""
    monotonic_ns, dated_us = anchor
    body = {
        "why": why,
        "jump_us": jump_us,
        "offset_us": offset_us,
        "anchor": {"monotonic_ns": monotonic_ns, "dated_us": dated_us},
    }
    return json.dumps(body)


def insert(db: sqlite3.Connection, vantage: int, steps: Sequence[ClockStep]) -> None:
    """Keep steps; one that is known already changes nothing (E2)."""
    db.executemany(
        "INSERT OR IGNORE INTO clock_steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [(vantage, *step) for step in steps]
    )


def resolve(db: sqlite3.Connection, vantage: int, resolutions: Sequence[Resolution]) -> None:
    """Say of open steps how their doubt ended; what was said before stays (E1)."""
    db.executemany(
        "UPDATE clock_steps SET resolved_at = ?, resolution = ?, resolved_by = ?"
        " WHERE vantage = ? AND resolved_at IS NULL AND (boot_no, number) <= (?, ?)",
        [(said.at, said.how, said.by, vantage, said.boot_no, said.number) for said in resolutions],
    )


def steps(db: sqlite3.Connection, *, only_open: bool) -> list[ClockStep]:
    """Every step, or those that nobody has resolved, oldest first."""
    rows = db.execute(
        "SELECT boot_no, number, seen_at, step_us, monotonic_ns, resolved_at, resolution, resolved_by FROM clock_steps"
        " WHERE ? OR resolved_at IS NULL ORDER BY boot_no, number",
        (not only_open,),
    )
    return [ClockStep(*row) for row in rows]


def last_dating(db: sqlite3.Connection) -> Dating | None:
    """How the last run was dated; None in a new store."""
    run = db.execute(
        "SELECT vantage, boot_no, boot_id, heartbeat_at FROM runs ORDER BY boot_no DESC LIMIT 1"
    ).fetchone()
    if run is None:
        return None
    key = run[:2]
    said = db.execute(
        "SELECT body FROM records WHERE vantage = ? AND boot_no = ? AND kind = ? ORDER BY seq DESC LIMIT 1",
        (*key, ANCHORED),
    ).fetchone()
    if said is not None:
        body = json.loads(said[0])
        anchor = body["anchor"]
        return Dating(run[2], anchor["monotonic_ns"], anchor["dated_us"], body["offset_us"], run[3])
    first = db.execute(
        "SELECT monotonic_ns, wall_at FROM anchors WHERE vantage = ? AND boot_no = ? ORDER BY monotonic_ns LIMIT 1", key
    ).fetchone()
    return None if first is None else Dating(run[2], first[0], first[1], 0, run[3])
