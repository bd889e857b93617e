"""File systems and block devices."""

import errno
import os
import re
from collections.abc import Container
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


def writable_stores(mountinfo: Path) -> frozenset[str]:
    """Mount points whose file system takes writes, however little of it this process may write.

    A sandbox (ProtectSystem= in our unit) shows us the whole machine read-only; a disk that the kernel has made
    read-only after an error is read-only itself. Only the second is a fact about the machine.
    """
    found: dict[str, bool] = {}
    for line in mountinfo.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        mount, _, store = line.partition(" - ")
        # the last one mounted there is the one in sight
        found[_unescaped(mount.split()[4])] = "rw" in store.split()[-1].split(",")
    return frozenset(mountpoint for mountpoint, is_writable in found.items() if is_writable)


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), path)


def disk_reading(
    mountpoint: str, answer: os.statvfs_result | OSError, writable: Container[str] = frozenset()
) -> Reading | None:
    """What a mount answered; None where it is not mounted any more. `writable`: as writable_stores() says."""
    component = component_of(mountpoint)
    if isinstance(answer, os.statvfs_result):
        values = usage(answer)
        return ok({**values, "read_only": 0.0} if mountpoint in writable else values, component)
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
