"""Which parts of a host are measured: options, and what is left out where nothing is said."""

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from collectors.options import Pattern

Globs = tuple[str, ...]

# what answers for memory, for the kernel or for another file system already counted
PSEUDO_TYPES: Globs = (
    "autofs", "bdev", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs",
    "efivarfs", "erofs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fusectl", "hugetlbfs", "iso9660",
    "mqueue", "nfsd", "nsfs", "overlay", "proc", "pstore", "ramfs", "rootfs", "rpc_pipefs", "securityfs",
    "selinuxfs", "squashfs", "sysfs", "tmpfs", "tracefs",
)  # fmt: skip
CONTAINER_MOUNTS: Globs = (
    "/snap/*", "/var/lib/snapd/*", "/var/lib/docker/*", "/var/lib/containerd/*", "/var/lib/containers/*",
    "/var/lib/kubelet/*", "/run/*", "/dev/*", "/proc/*", "/sys/*",
)  # fmt: skip
VIRTUAL_INTERFACES: Globs = (
    "lo", "veth*", "docker*", "br-*", "virbr*", "vnet*", "tap*", "ifb*", "dummy*", "cali*", "flannel*",
    "cni*", "nodelocaldns", "kube-*",
)  # fmt: skip
VIRTUAL_DEVICES: Globs = ("loop*", "ram*", "zram*", "sr*", "fd*", "nbd*")


@lru_cache(maxsize=64)
def _compiled(globs: Globs) -> re.Pattern[str]:
    return re.compile("|".join(translate(glob) for glob in globs))


def _any(name: str, globs: Globs) -> bool:
    return bool(globs) and _compiled(globs).match(name) is not None


class Selection(BaseModel, frozen=True, extra="forbid"):
    """Names by glob: those in `include` (empty: all) and not in `exclude`.

    The kind's own list of exclusions holds only where neither is given: who names a thing gets it.
    """

    include: Globs = ()
    exclude: Globs | None = None

    def takes(self, name: str, otherwise: Globs) -> bool:
        """Whether this name is measured; `otherwise` is the kind's own list of exclusions."""
        usual = () if self.include else otherwise
        exclude = usual if self.exclude is None else self.exclude
        return (not self.include or _any(name, self.include)) and not _any(name, exclude)


class Disks(Selection, frozen=True, extra="forbid"):
    """Mount points by glob, and types of file systems that are not measured unless included by name."""

    exclude_types: Globs | None = None

    def takes_mount(self, mountpoint: str, fstype: str) -> bool:
        """Whether this mounted file system is measured."""
        usual = () if self.include else PSEUDO_TYPES
        types = usual if self.exclude_types is None else self.exclude_types
        return self.takes(mountpoint, CONTAINER_MOUNTS) and not _any(fstype, types)


class WatchedProcess(BaseModel, frozen=True, extra="forbid"):
    """Processes that must run: those called `name`, or with `command` those whose command line it finds.

    With `command` the name only labels them, so several services of one interpreter can be told apart.
    """

    name: Annotated[str, Field(min_length=1)]
    command: Pattern | None = None
    min: Annotated[int, Field(ge=0)] = 1
    max: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError(f"{self.name}: got max {self.max} below min {self.min}; raise max or lower min")
        return self


def one_component_each(watches: Iterable[WatchedProcess]) -> None:
    """Errors: ValueError where two watched processes would be one component."""
    names = [watch.name for watch in watches]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"processes: got {', '.join(twice)} twice; give each its own name and a command")
