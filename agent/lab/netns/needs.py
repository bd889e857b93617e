"""What network namespaces take of a host, looked at before anything is made: one message names all that is missing."""

import os
import shutil
from pathlib import Path

from agent.errors import AgentError

PROGRAMS = {"ip": "iproute2", "nft": "nftables"}
"""What is called, and the Debian package it is in."""

TUN = Path("/dev/net/tun")
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class NetnsError(AgentError):
    """The host does not let us build the lab's network, or a command that builds it failed."""


def program(name: str) -> str:
    """Where a program is. Errors: NetnsError naming its package."""
    path = shutil.which(name, path=PATH)
    if path is None:
        raise NetnsError(f"lab: {name} is not installed; install the package {PROGRAMS.get(name, name)}")
    return path


def missing() -> list[str]:
    """What this process or this host lacks for a lab of namespaces."""
    found = []
    if os.geteuid() != 0:
        found.append(f"root (this is user {os.geteuid()})")
    if not Path("/proc/self/ns/net").exists():
        found.append("a kernel with network namespaces")
    for name, package in PROGRAMS.items():
        if shutil.which(name, path=PATH) is None:
            found.append(f"the program {name} (package {package})")
    return found


def need_netns() -> None:
    """Errors: NetnsError that names everything missing and the way without it."""
    found = missing()
    if found:
        raise NetnsError(
            f"lab: --net netns needs {', '.join(found)}; run it as root on Linux, or take --net loopback, "
            "which needs no rights"
        )


def need_tun() -> None:
    """Errors: NetnsError where packets cannot be delayed."""
    if not TUN.exists():
        raise NetnsError(f"lab: a slow line needs {TUN}; load the module tun, or leave slow lines out of the script")
