"""File systems and block devices."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import psutil

from collectors.base import Reading, Reason, error, failed, ok
from collectors.errnos import from_errno
from collectors.hostparts.disks import Space, component_of
from collectors.hostparts.rates import Counters
from collectors.hostparts.selection import VIRTUAL_DEVICES, Selection

# what a mount says whose store is gone: evidence against it, where the table for sockets knows no such thing
_STORE_GONE = frozenset(
    {
        errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO, errno.EUCLEAN, errno.ETIMEDOUT,
        errno.EHOSTDOWN, errno.EHOSTUNREACH,
    }
)  # fmt: skip
_VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR})


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
    """Space and inodes as df computes them."""
    size = stat.f_frsize
    space = Space(stat.f_blocks * size, stat.f_bfree * size, stat.f_bavail * size, stat.f_files, stat.f_ffree)
    return {"read_only": float(bool(stat.f_flag & os.ST_RDONLY))} | space.values()


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


def unread(component: str, why: BaseException) -> Reading:
    """A required part that could not be read at all: says nothing about it."""
    reason = Reason.PERMISSION if isinstance(why, PermissionError | psutil.AccessDenied) else Reason.INTERNAL
    return error(reason, f"cannot read {component}: {why!r}", component=component)
