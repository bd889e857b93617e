"""The host: interpreter, descriptors, clock."""

import os
import platform
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

from agent.clock import TIME_ERROR, kernel_clock_error_us, kernel_clock_state
from agent.config import Config
from agent.doctor.findings import Finding, Level
from agent.doctor.holding import holder_of

MINIMUM = (3, 11)
ERROR_MOST_US = 1_000_000
"""As a step of the wall clock counts from 1 s on."""

SPARE_DESCRIPTORS = 1000
UNIT_DESCRIPTORS = 65536
"""What our systemd unit allows."""

HEADROOM = 1.5
SOCKET_KINDS = frozenset({"tcp", "http", "tls", "dns", "rtsp", "host_page", "ssh"})
"""Kinds that need a descriptor for each probe under way; icmp shares one socket per family."""

_OPEN_FILES = re.compile(r"^Max open files\s+(\d+|unlimited)", re.MULTILINE)


def examine_host(config: Config | None, root: Path) -> Iterator[Finding]:
    """Interpreter, file descriptors, clock."""
    yield python()
    if config is not None:
        yield descriptors(config, root)
    yield clock(kernel_clock_state(), root, kernel_clock_error_us())


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """The interpreter that runs this."""
    text = f"Python {platform.python_version()} ({sys.executable})"
    if version >= MINIMUM:
        return Finding("python", Level.OK, text)
    return Finding("python", Level.PROBLEM, text, "install Python 3.11 or newer")


def descriptors(config: Config, root: Path) -> Finding:
    """Whether the limit on open files holds the probes that may be under way at once."""
    needed, (limit, whose) = descriptors_needed(config), _limit(config, root)
    text = f"{limit or 'unlimited'} open files allowed ({whose}), at most {needed} needed"
    if limit is None or limit >= needed:
        return Finding("descriptors", Level.OK, text)
    fix = f"in the systemd unit: LimitNOFILE={max(needed, UNIT_DESCRIPTORS)}; in a shell: ulimit -n {needed}"
    return Finding("descriptors", Level.PROBLEM, text, fix)


def descriptors_needed(config: Config) -> int:
    """1000 for everything else, and 1.5 for each probe under way when all targets are probed at their fastest."""
    busy = 0.0
    for kind, limits in config.kinds.items():
        targets = [target for target in config.targets if target.kind == kind]
        if kind not in SOCKET_KINDS or not targets:
            continue
        rate = min(limits.per_second, sum(1 / target.retry_interval_seconds for target in targets))
        timeout = max(target.timeout_seconds for target in targets)
        busy += min(limits.concurrency, timeout * rate)
    return SPARE_DESCRIPTORS + round(HEADROOM * busy)


def _limit(config: Config, root: Path) -> tuple[int | None, str]:
    """The running agent's soft limit, else this process's; None is unlimited."""
    holder = holder_of(config)
    if holder is not None:
        try:
            text = (root / "proc" / str(holder.get("pid")) / "limits").read_text(encoding="ascii")
        except OSError:
            text = ""
        if match := _OPEN_FILES.search(text):
            return None if match[1] == "unlimited" else int(match[1]), f"process {holder['pid']}, which holds the store"
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft == resource.RLIM_INFINITY else soft, "this shell; the agent's own may differ"


def clock(state: int | None, root: Path, error_us: int | None = None) -> Finding:
    """Whether anything keeps the wall clock right: it dates every outage."""
    who = [name for name, path in _KEEPERS.items() if (root / path).exists()]
    running = f"; found: {', '.join(who)}" if who else ""
    if state is None:
        return Finding(
            "clock", Level.UNKNOWN, f"the kernel does not say whether its clock is synchronised{running}", _FIX
        )
    if state == TIME_ERROR:
        return Finding("clock", Level.WARNING, f"the kernel calls its clock unsynchronised{running}", _FIX)
    off = "" if error_us is None else f", off by {error_us / 1e6:.3f} s at most"
    text = f"the kernel calls its clock synchronised{off}{running}"
    if error_us is not None and error_us > ERROR_MOST_US:
        return Finding("clock", Level.WARNING, text, "the time server has not been heard for long: look why; " + _FIX)
    return Finding("clock", Level.OK, text)


_KEEPERS = {
    "systemd-timesyncd": "run/systemd/timesync/synchronized",
    "chrony": "run/chrony/chronyd.pid",
    "ntpd": "run/ntpd.pid",
}
_FIX = "run chrony or systemd-timesyncd against the city's time server; outages are dated by this clock"


def account() -> str:
    """Who asks: what may be opened depends on it."""
    return f"user id {os.geteuid()}"
