"""The collector of the host kind: every part of this machine in one probe.

Decisions. What this machine does not tell (no sensors, no /proc/diskstats) is absent, never 0; where neither CPU
nor memory can be read (no /proc) nothing was measured, and the host's reading is an error. A mount that hangs, or
whose store is gone, is evidence against that mount alone. A link that is down is a value; it is evidence, and so is
a missing interface, only for those in `interfaces_up`. Any other disk or interface that vanishes has no reading any
more: it becomes unknown, not down.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import psutil

from collectors.base import Collector, Kind, Module, Reading, Reason, Target, error, ok
from collectors.host import disks, machine, network, processes, temperatures
from collectors.host.module import HostModule
from collectors.host.threads import Calls
from collectors.hostparts.cpu import cpu_ratios
from collectors.hostparts.disks import io_reading, mountpoints
from collectors.hostparts.network import net_reading
from collectors.hostparts.rates import Counters, History
from collectors.hostparts.values import VALUES

T = TypeVar("T")

# psutil's ways to say that a file is not there or not as it knows it
_UNREADABLE = (OSError, RuntimeError, ValueError, LookupError, psutil.Error)
_ESSENTIAL = frozenset({"cpu", "memory"})
_PARTS: Mapping[str, Callable[[], Mapping[str, float]]] = {
    "load": machine.load,
    "memory": machine.memory,
    "swap": machine.swap,
    "boot": machine.boot,
    "process table": machine.process_count,
}
_SHARE = 0.8  # of the timeout for what may hang, so that the rest is told before the runner ends the probe
_ONLY = "only"  # the key of calls of which there is one


class HostCollector:
    """Reads the machine it runs on; calls that may hang run in threads, one outstanding for each mount."""

    def __init__(
        self,
        module: HostModule,
        statvfs: Callable[[str], os.statvfs_result] = os.statvfs,
        sys: Path = Path("/sys"),
    ) -> None:
        self._module = module
        self._statvfs = statvfs
        self._sys = sys
        self._cpu, self._io, self._net, self._processes = History(), History(), History(), History()
        self._mounts: Calls[os.statvfs_result] = Calls()
        self._sensors: Calls[list[Reading]] = Calls()
        self._surveys: Calls[processes.Survey] = Calls()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for calls in (self._mounts, self._sensors, self._surveys):
            calls.close()

    async def collect(self, target: Target) -> Sequence[Reading]:
        """One reading for the host, one for each of its parts."""
        wait_seconds = target.timeout_seconds * _SHARE
        until = asyncio.get_running_loop().time() + wait_seconds
        mounts = self._start_mounts(target)
        sensors = self._start_sensors()
        survey = self._start_survey()
        readings = [self._host(target), *self._block_devices(target), *self._interfaces(target)]
        waiting: list[asyncio.Future[Any]] = [*mounts.values(), *sensors, *survey]
        if waiting:
            await asyncio.wait(waiting, timeout=until - asyncio.get_running_loop().time())
        readings += self._disks(target, mounts, wait_seconds)
        readings += self._temperatures(target, sensors)
        readings += self._watched(target, survey, wait_seconds)
        return readings

    def _host(self, target: Target) -> Reading:
        values: dict[str, float] = {}
        troubles: dict[str, BaseException] = {}
        for part, read in {"cpu": self._cpu_ratios, **_PARTS}.items():
            found = _attempt(target, part, read)
            if isinstance(found, BaseException):
                troubles[part] = found
            else:
                values.update(found)
        return _nothing_read(troubles) if troubles.keys() >= _ESSENTIAL else ok(values)

    def _cpu_ratios(self) -> dict[str, float]:
        per_second = self._cpu.step(time.monotonic(), {"cpu": machine.cpu_counters()})
        return cpu_ratios(per_second["cpu"]) if per_second else {}

    def _block_devices(self, target: Target) -> list[Reading]:
        found = _attempt(target, "block devices", lambda: disks.io_counters(self._module.block_devices, self._sys))
        if isinstance(found, BaseException):
            return []
        per_second = self._io.step(time.monotonic(), found)
        return [io_reading(name, found[name], per_second.get(name, {})) for name in found]

    def _interfaces(self, target: Target) -> list[Reading]:
        required = [f"net/{name}" for name in self._module.interfaces_up]
        links = _attempt(target, "interfaces", lambda: network.links(self._module))
        if isinstance(links, BaseException):
            return [disks.unread(component, links) for component in required]
        counters = _attempt(target, "interface counters", network.net_counters)
        known: Mapping[str, Counters] = {} if isinstance(counters, BaseException) else counters
        per_second = self._net.step(time.monotonic(), known)
        return [
            net_reading(name, links.get(name), known.get(name, {}), per_second.get(name, {}), name in required)
            for name in dict.fromkeys([*links, *required])
        ]

    def _start_mounts(self, target: Target) -> dict[str, asyncio.Future[os.statvfs_result | OSError]]:
        table = _attempt(target, "mounts", lambda: psutil.disk_partitions(all=True))
        if isinstance(table, BaseException):
            return {}
        points = mountpoints(self._module.disks, table)
        return {point: self._mounts.start(point, partial(self._statvfs, point)) for point in points}

    def _disks(
        self,
        target: Target,
        mounts: Mapping[str, asyncio.Future[os.statvfs_result | OSError]],
        waited_seconds: float,
    ) -> Iterable[Reading]:
        found = _attempt(target, "mount flags", lambda: disks.writable_stores(Path("/proc/self/mountinfo")))
        writable = frozenset[str]() if isinstance(found, BaseException) else found
        for point, answer in mounts.items():
            target.step("disk", f"{point}: {'answered' if answer.done() else 'no answer'}")
            reading = (
                disks.disk_reading(point, answer.result(), writable)
                if answer.done()
                else disks.hung_reading(point, waited_seconds)
            )
            if reading is not None:
                yield reading

    def _start_sensors(self) -> list[asyncio.Future[list[Reading] | OSError]]:
        if not self._module.temperatures:
            return []
        return [self._sensors.start(_ONLY, partial(temperatures.temperature_readings, self._sys))]

    def _temperatures(self, target: Target, sensors: list[asyncio.Future[list[Reading] | OSError]]) -> list[Reading]:
        found = [answer.result() if answer.done() else OSError("no answer") for answer in sensors]
        readings = [reading for one in found if not isinstance(one, OSError) for reading in one]
        target.step("temperatures", f"{len(readings)} sensors")
        return readings

    def _start_survey(self) -> list[asyncio.Future[processes.Survey | OSError]]:
        watches = self._module.processes  # the walk costs ten times everything else: only where it is wanted
        return [self._surveys.start(_ONLY, partial(processes.survey, watches))] if watches else []

    def _watched(
        self, target: Target, survey: list[asyncio.Future[processes.Survey | OSError]], waited_seconds: float
    ) -> list[Reading]:
        watches = self._module.processes
        for answer in survey:
            found = answer.result() if answer.done() else None
            target.step("processes", f"{len(watches)} watched")
            if found is None:
                return [_late(watch.name, waited_seconds) for watch in watches]
            if isinstance(found, OSError):
                return [disks.unread(f"process/{watch.name}", found) for watch in watches]
            per_second = self._processes.step(time.monotonic(), found.counters())
            cpus = psutil.cpu_count() or 1
            return [processes.process_reading(watch, found, per_second, cpus) for watch in watches]
        return []


def _attempt(target: Target, part: str, read: Callable[[], T]) -> T | BaseException:
    """What a part says, or why it says nothing."""
    try:
        found = read()
    except _UNREADABLE as exc:
        target.step(part, f"not readable: {exc!r}")
        return exc
    target.step(part, "read")
    return found


def _nothing_read(troubles: Mapping[str, BaseException]) -> Reading:
    denied = any(isinstance(exc, PermissionError | psutil.AccessDenied) for exc in troubles.values())
    reason = Reason.PERMISSION if denied else Reason.INTERNAL
    why = "; ".join(f"{part}: {exc!r}" for part, exc in troubles.items())
    return error(reason, f"this host could not be read; is /proc mounted and readable? {why}")


def _late(name: str, waited_seconds: float) -> Reading:
    detail = f"the process table was not read within {waited_seconds:.1f} s; is this host overloaded?"
    return error(Reason.LATE, detail, component=f"process/{name}")


def check_address(address: str) -> str:
    """What is wrong with the address: there is only this machine."""
    if address == "localhost":
        return ""
    return f"got {address}, wanted localhost: the host kind reads the machine the agent runs on"


def build(module: Module) -> Collector:
    """A collector for one module."""
    if not isinstance(module, HostModule):
        raise TypeError(f"got {type(module).__name__}, wanted HostModule")
    return HostCollector(module)


KIND = Kind(
    name="host",
    module_type=HostModule,
    build=build,
    check_address=check_address,
    values=VALUES,
    concurrency=1,
)
