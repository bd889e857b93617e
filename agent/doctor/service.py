"""What surrounds the process: who restarts it, what text it may print, which parts it runs with."""

import importlib.util
import locale
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.clock import SystemClock
from agent.config import Config
from agent.doctor.findings import Finding, Level
from agent.doctor.holding import holder_of

_UNIT = "use config/systemd/sla-agent.service, or set Type=notify and WatchdogSec=60s in a drop-in"


def examine_service(config: Config | None, root: Path) -> Iterator[Finding]:
    """Service manager, locale, zone, SNMP back end, process table."""
    if config is not None:
        yield from supervision(config, root)
        yield zone(config)
        yield process_table(root, wanted=any(target.kind == "host" for target in config.targets))
    yield encoding(locale.getencoding())
    yield snmp(installed=has_module("gufo.snmp"))


def supervision(config: Config, root: Path) -> Iterator[Finding]:
    """Whether somebody restarts the running agent when it hangs; nothing where none runs."""
    holder = holder_of(config)
    if not holder or not holder.get("address"):
        return
    folder, who = root / "proc" / holder["pid"], f"process {holder['pid']}"
    try:
        unit = (folder / "cgroup").read_text(encoding="utf-8").splitlines()[-1].rpartition("/")[2]
    except (OSError, IndexError):
        unit = ""
    if not unit.endswith(".service"):
        text = f"{who} runs in no service: nobody starts it again when it hangs, ends, or the host boots"
        yield Finding("service", Level.WARNING, text, f"for good: {_UNIT}")
        return
    yield _watched(folder, f"{who} runs as {unit}")


def _watched(folder: Path, text: str) -> Finding:
    try:
        environ = dict(pair.partition(b"=")[::2] for pair in (folder / "environ").read_bytes().split(b"\0"))
    except OSError as exc:
        why = f"{text}; whether with a watchdog is not told: {exc.strerror}"
        return Finding("service", Level.UNKNOWN, why, "ask as root or as the agent's user")
    microseconds = environ.get(b"WATCHDOG_USEC", b"")
    if environ.get(b"NOTIFY_SOCKET") and microseconds.isdigit():
        return Finding("service", Level.OK, f"{text}, with a watchdog of {int(microseconds) / 1e6:g} s")
    return Finding("service", Level.WARNING, f"{text} without a watchdog: one that hangs stays so", _UNIT)


def zone(config: Config) -> Finding:
    """In which zone months and years begin, and what the host itself shows."""
    now = datetime.fromtimestamp(SystemClock().wall_us() / 1e6, UTC)
    ours, hosts = now.astimezone(config.zone_info).utcoffset(), now.astimezone().utcoffset()
    text = f"months and years begin in {config.zone} ({_offset(ours)})"
    if ours == hosts:
        return Finding("zone", Level.OK, text)
    return Finding("zone", Level.OK, f"{text}; this host's own times, as in its log, are {_offset(hosts)}")


def _offset(offset: timedelta | None) -> str:
    minutes = round((offset or timedelta()).total_seconds() / 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def process_table(root: Path, *, wanted: bool) -> Finding:
    """Whether other users' processes are in sight (hidepid)."""
    if (root / "proc/1").exists():
        return Finding("processes", Level.OK, "the whole process table is in sight")
    text = "other users' processes are hidden: kind host can count and watch none"
    fix = "mount /proc without hidepid, or with gid= a group of the agent's user (SupplementaryGroups= in the unit)"
    return Finding("processes", Level.WARNING if wanted else Level.OK, text, fix if wanted else "")


def encoding(name: str) -> Finding:
    """Whether Chinese names can be printed."""
    if name.lower().replace("-", "") == "utf8":
        return Finding("locale", Level.OK, f"text is printed as {name}")
    text = f"text is printed as {name} (LANG={os.environ.get('LANG', '')}): names in Chinese may not be"
    return Finding(
        "locale", Level.WARNING, text, "LANG=C.UTF-8 or zh_CN.UTF-8 for this user; files are UTF-8 all the same"
    )


def snmp(*, installed: bool) -> Finding:
    """Which of the two SNMP libraries does the work."""
    if installed:
        return Finding("snmp", Level.OK, "gufo-snmp is installed")
    text = f"gufo-snmp is not installed on this {os.uname().machine}: SNMP goes by pysnmp, at many times the CPU time"
    fix = "nothing to do without SNMP targets; else install its wheel (x86_64 and aarch64), or keep the number small"
    return Finding("snmp", Level.WARNING, text, fix)


def has_module(name: str) -> bool:
    """Whether a module could be imported, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
