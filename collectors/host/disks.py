"""File systems and block devices."""

import errno
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import psutil

from collectors.base import Reading, Reason, error, failed, ok
from collectors.errnos import from_errno
from collectors.host.module import VIRTUAL_DEVICES, Disks, Selection
from collectors.host.rates import Counters

# what a mount says whose store is gone: evidence against it, where the table for sockets knows no such thing
_STORE_GONE = frozenset(
    {
        errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO, errno.EUCLEAN, errno.ETIMEDOUT,
        errno.EHOSTDOWN, errno.EHOSTUNREACH,
    }
)  # fmt: skip
_VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR})


class Mount(Protocol):
    """One line of the mount table."""

    @property
    def device(self) -> str: ...
    @property
    def mountpoint(self) -> str: ...
    @property
    def fstype(self) -> str: ...


def mountpoints(disks: Disks, table: Iterable[Mount]) -> list[str]:
    """Mount points to measure: each device once, at its shortest path.

    What autofs mounts on demand is left alone, even where included: looking would mount it or keep it.
    """
    mounts = list(table)
    on_demand = [mount.mountpoint for mount in mounts if mount.fstype == "autofs"]
    top = {mount.mountpoint: mount for mount in mounts}  # the last one mounted there is the one in sight
    devices: dict[str, str] = {}
    for mount in sorted(top.values(), key=lambda mount: (len(mount.mountpoint), mount.mountpoint)):
        if disks.takes_mount(mount.mountpoint, mount.fstype) and not _below(mount.mountpoint, on_demand):
            # only a local device is one store; other sources are bare labels (tmpfs) or answer each alone
            store = mount.device if mount.device.startswith("/") else mount.mountpoint
            devices.setdefault(store, mount.mountpoint)
    return sorted(devices.values())


def _below(mountpoint: str, parents: Iterable[str]) -> bool:
    return any(mountpoint == parent or mountpoint.startswith(f"{parent}/") for parent in parents)


def component_of(mountpoint: str) -> str:
    """`disk` and the path: disk/ is the root file system, disk/var/log is /var/log."""
    return f"disk{mountpoint}"


def disk_reading(mountpoint: str, answer: os.statvfs_result | OSError) -> Reading | None:
    """What a mount answered; None where it is not mounted any more."""
    component = component_of(mountpoint)
    if isinstance(answer, os.statvfs_result):
        return ok(usage(answer), component)
    if answer.errno in _VANISHED:
        return None
    if answer.errno in _STORE_GONE:
        name = errno.errorcode[answer.errno]
        detail = f"{mountpoint} is mounted but its store is gone: {answer.strerror} ({name}); see dmesg"
        return failed(Reason.UNREACHABLE, detail, component=component)
    return replace(from_errno(answer.errno, f"read the usage of {mountpoint}"), component=component)


def hung_reading(mountpoint: str, waited_seconds: float) -> Reading:
    """A mount that did not answer in time: evidence against this mount alone."""
    detail = f"{mountpoint} did not answer within {waited_seconds:.1f} s; see its file server, or its disk in dmesg"
    return failed(Reason.TIMEOUT, detail, component=component_of(mountpoint))


def usage(stat: os.statvfs_result) -> dict[str, float]:
    """Space and inodes as df computes them: root's reserve is neither free nor part of the ratio."""
    values: dict[str, float] = {"read_only": float(bool(stat.f_flag & os.ST_RDONLY))}
    used = stat.f_blocks - stat.f_bfree
    if stat.f_blocks > 0:
        values["disk_total_bytes"] = stat.f_blocks * stat.f_frsize
        values["disk_free_bytes"] = stat.f_bavail * stat.f_frsize
    if used + stat.f_bavail > 0:
        values["disk_used_ratio"] = used / (used + stat.f_bavail)
    if stat.f_files > 0:
        values["inodes"] = stat.f_files
        values["inodes_used_ratio"] = (stat.f_files - stat.f_ffree) / stat.f_files
    return values


def io_counters(selection: Selection, sys: Path) -> dict[str, Counters]:
    """Counters of whole block devices by component; partitions only repeat their device's."""
    found = psutil.disk_io_counters(perdisk=True, nowrap=False)
    return {
        f"io/{name}": {
            "read_bytes_total": counters.read_bytes,
            "written_bytes_total": counters.write_bytes,
            "busy_seconds_total": counters.busy_time / 1000,
        }
        for name, counters in found.items()
        if selection.takes(name, VIRTUAL_DEVICES) and _is_whole(name, sys)
    }


def _is_whole(name: str, sys: Path) -> bool:
    block = sys / "block"
    return not block.is_dir() or (block / name.replace("/", "!")).exists()


def io_reading(component: str, counters: Counters, per_second: Mapping[str, float]) -> Reading:
    """Totals of one block device, with rates where there was a probe before."""
    values = dict(counters)
    if per_second:
        values["read_bytes_per_second"] = per_second["read_bytes_total"]
        values["written_bytes_per_second"] = per_second["written_bytes_total"]
        # the kernel rounds its milliseconds: a fully busy device comes out a hair above 1
        values["busy_ratio"] = min(1.0, per_second["busy_seconds_total"])
    return ok(values, component)


def unread(component: str, why: BaseException) -> Reading:
    """A required part that could not be read at all: says nothing about it."""
    reason = Reason.PERMISSION if isinstance(why, PermissionError | psutil.AccessDenied) else Reason.INTERNAL
    return error(reason, f"cannot read {component}: {why!r}", component=component)
