"""The store: can it be written, is it whole, how fresh is it, is there room."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from agent.clock import SystemClock
from agent.config import Config
from agent.doctor.chain import examine_chain
from agent.doctor.findings import Finding, Level
from agent.doctor.holding import holder_of
from agent.doctor.room import growth, inodes, room
from agent.errors import StoreError
from agent.instants import format_instant
from agent.stores.holder import describe
from agent.stores.opening import Location, check_ours, connect, migrations, parse_url, schema_version
from agent.stores.reading import SqliteReader

FRESH_US = 10_000_000
"""A running agent's last durable heartbeat is never older (E5)."""

_CHECK = "store"


def examine_store(config: Config) -> Iterator[Finding]:
    """The store of a configuration."""
    location = parse_url(config.store.url, simulated=config.store.simulated)
    if location.path is None:
        fix = "name a file: store.url: sqlite:////var/lib/sla-agent/ledger.db"
        yield Finding(_CHECK, Level.WARNING, "in memory: the ledger ends with the agent", fix)
        return
    yield from _file(location.path)
    if not os.path.exists(location.path):
        yield growth(_nearest(location.path), len(config.targets), 0, 0)
        return
    try:
        with closing(connect(location, read_only=True)) as connection:
            yield from _inside(connection, location, config)
    except (StoreError, sqlite3.Error) as exc:
        yield Finding(
            _CHECK, Level.PROBLEM, f"{location}: cannot be read: {exc}", "restore a backup: sla-agent restore FILE"
        )


def _file(path: Path) -> Iterator[Finding]:
    """Room, and whether it can be written; os.path.exists says no where this user may not look."""
    yield room(_nearest(path))
    yield inodes(_nearest(path))
    yield _writable(path) if os.path.exists(path) else _absent(path)


def _absent(path: Path) -> Finding:
    if os.access(_nearest(path), os.W_OK | os.X_OK):
        return Finding(_CHECK, Level.OK, f"{path}: not there yet; the agent makes it at its first start")
    fix = f"as root: install -d -o THE-AGENT'S-USER {path.parent}"
    return Finding(
        _CHECK, Level.PROBLEM, f"{path}: cannot be made, {_nearest(path)} is not writable for this user", fix
    )


def _writable(path: Path) -> Finding:
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK):
        return Finding(_CHECK, Level.OK, f"{path}: writable, {path.stat().st_size} bytes")
    fix = f"file and folder belong to the agent's user: chown -R USER {path.parent}; or ask as that user"
    return Finding(_CHECK, Level.WARNING, f"{path}: not writable for this user", fix)


def _inside(connection: sqlite3.Connection, location: Location, config: Config) -> Iterator[Finding]:
    have, known = schema_version(connection), len(migrations())
    check_ours(connection, location, have)
    if have > known:
        fix = "use the program that wrote it, or a newer one"
        yield Finding(_CHECK, Level.PROBLEM, f"schema version {have}, this program knows up to {known}", fix)
        return
    after = "" if have == known else f", brought to {known} at the next start"
    yield Finding(_CHECK, Level.OK, f"schema version {have}{after}")
    found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    if found == ["ok"]:
        yield Finding(_CHECK, Level.OK, "whole (quick_check)")
    else:
        fix = "stop the agent, keep the file, restore a backup: sla-agent restore FILE"
        yield Finding(_CHECK, Level.PROBLEM, f"damaged: {'; '.join(found)}", fix)
    if have == known:
        reader = SqliteReader(connection)
        yield _growth(reader, location)
        yield from examine_chain(connection, config, is_held=holder_of(config) is not None)
        yield from _freshness(reader, config)


def _growth(reader: SqliteReader, location: Location) -> Finding:
    path = location.path
    assert path is not None, "a store in memory has no file"
    first = reader.first_heartbeat()
    age = 0.0 if first is None else (SystemClock().wall_us() - first) / 1e6
    return growth(_nearest(path), len(reader.components()), path.stat().st_size, age)


def _freshness(reader: SqliteReader, config: Config) -> Iterator[Finding]:
    for record in reader.records("restore"):
        yield Finding(
            _CHECK, Level.OK, f"restored at {format_instant(record.at, config.zone_info)} by {record.by}: {record.body}"
        )
    run, holder, now = reader.last_run(), holder_of(config), SystemClock().wall_us()
    if run is None:
        yield Finding(_CHECK, Level.OK, "no agent has run on it yet")
        return
    at = format_instant(run.heartbeat_at, config.zone_info)
    age = now - run.heartbeat_at
    if age < -FRESH_US:
        text = f"the last heartbeat, {at}, lies ahead of this host's clock by {-age // 1_000_000} s"
        fix = "set the clock; what a running agent makes of it: sla-agent clock"
        yield Finding(_CHECK, Level.PROBLEM, text, fix)
    elif holder is None:
        end = "stopped cleanly" if run.stopped_at is not None else "ended without a clean stop"
        yield Finding(_CHECK, Level.OK, f"no agent runs; the last one {end} and speaks until {at}")
    elif not holder.get("address") or age <= FRESH_US:
        yield Finding(_CHECK, Level.OK, f"held by {describe(holder)}; last heartbeat {max(age, 0) / 1e6:.1f} s ago")
    else:
        text = f"held by {describe(holder)}, but its last heartbeat is {age // 1_000_000} s old ({at})"
        yield Finding(
            _CHECK, Level.PROBLEM, text, "look at its log and at the disk; until it writes again time is UNKNOWN"
        )


def _nearest(path: Path) -> Path:
    """The nearest folder above that exists."""
    return next(folder for folder in path.parents if os.path.exists(folder))
