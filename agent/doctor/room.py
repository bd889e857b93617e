"""Room on the disk of the store: bytes, inodes, and whether the next year fits."""

import os
import shutil
from pathlib import Path

from agent.doctor.findings import Finding, Level

ROOM_BYTES = 1024**3
ROOM_RATIO = 0.05
INODES = 1000
"""A store is four files; a disk with fewer inodes left is about to refuse everybody's."""

YEAR_BYTES = 2700
"""One component with 40 state changes a year, with the readings that made each. Source: docs/performance.md."""

SECONDS_A_YEAR = 31_556_952
MEASURED_SECONDS = 30 * 86_400
"""A store that has grown for so long shows its own growth; before that it is reckoned."""


def room(folder: Path) -> Finding:
    """Bytes left for the store."""
    usage = shutil.disk_usage(folder)
    text = f"{usage.free / 1024**3:.1f} GiB free for the store ({usage.free / usage.total:.0%})"
    if usage.free >= ROOM_BYTES and usage.free >= usage.total * ROOM_RATIO:
        return Finding("disk", Level.OK, text)
    return Finding("disk", Level.WARNING, text, f"make room on the file system of {folder}")


def inodes(folder: Path, stat: os.statvfs_result | None = None) -> Finding:
    """Inodes left; a file system without a fixed number has none to run out of."""
    found = os.statvfs(folder) if stat is None else stat
    if not found.f_files:
        return Finding("disk", Level.OK, "no fixed number of inodes")
    text = f"{found.f_favail} of {found.f_files} inodes free for the store"
    if found.f_favail >= INODES and found.f_favail >= found.f_files * ROOM_RATIO:
        return Finding("disk", Level.OK, text)
    fix = f"remove many small files from the file system of {folder}: find their folder with du --inodes"
    return Finding("disk", Level.WARNING, text, fix)


def growth(folder: Path, components: int, size: int, age_seconds: float) -> Finding:
    """What the store takes in a year, and whether it is there. Units: bytes, seconds since its first heartbeat."""
    if age_seconds >= MEASURED_SECONDS:
        year, how = size * SECONDS_A_YEAR / age_seconds, f"as it has grown in {age_seconds / 86_400:.0f} days"
    else:
        year, how = components * YEAR_BYTES, f"reckoned: {components} components, 40 state changes each"
    free = shutil.disk_usage(folder).free
    text = f"the store takes about {_size(year)} a year ({how}), and a backup as much again"
    if free >= 2 * year:
        return Finding("disk", Level.OK, text)
    fix = f"{_size(free)} are free: a larger disk for {folder}, or fewer targets; nothing is ever thrown away"
    return Finding("disk", Level.WARNING, text, fix)


def _size(count: float) -> str:
    for unit, bytes_ in (("GB", 1e9), ("MB", 1e6)):
        if count >= bytes_:
            return f"{count / bytes_:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"
