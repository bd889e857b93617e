"""File systems and block devices, whoever read them. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from collectors.base import Reading, ok
from collectors.hostparts.rates import Counters
from collectors.hostparts.selection import Disks


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


class Space(NamedTuple):
    """One file system. Units: bytes and inodes; `available` is what users other than root can still write."""

    size: float
    free: float
    available: float
    inodes: float
    inodes_free: float

    def values(self) -> dict[str, float]:
        """Space and inodes as df computes them: root's reserve is neither free nor part of the ratio."""
        values: dict[str, float] = {}
        used = self.size - self.free
        if self.size > 0:
            values["disk_total_bytes"] = self.size
            values["disk_free_bytes"] = self.available
        if used + self.available > 0:
            values["disk_used_ratio"] = used / (used + self.available)
        if self.inodes > 0:
            values["inodes"] = self.inodes
            values["inodes_used_ratio"] = (self.inodes - self.inodes_free) / self.inodes
        return values


def io_reading(component: str, counters: Counters, per_second: Mapping[str, float]) -> Reading:
    """Totals of one block device, with rates where there was a probe before."""
    values = dict(counters)
    if per_second:
        values["read_bytes_per_second"] = per_second["read_bytes_total"]
        values["written_bytes_per_second"] = per_second["written_bytes_total"]
        # the kernel rounds its milliseconds: a fully busy device comes out a hair above 1
        values["busy_ratio"] = min(1.0, per_second["busy_seconds_total"])
    return ok(values, component)
