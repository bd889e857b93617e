"""Watched processes: one walk over the process table, only where the module asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psutil

from collectors.base import Reading, Reason, error, failed, ok
from collectors.host.machine import pids
from collectors.hostparts.rates import Counters
from collectors.hostparts.selection import WatchedProcess

_GONE = frozenset({psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})


@dataclass(frozen=True, slots=True)
class Found:
    """One process that matches a watched one; `key` tells it from a later one with the same number."""

    key: str
    started_timestamp_seconds: float
    cpu_seconds: float
    memory_bytes: int


@dataclass(slots=True)
class Survey:
    """What one walk found. `hidden`: not every process could be seen, so absence proves nothing."""

    found: dict[str, list[Found]] = field(default_factory=dict)
    hidden: bool = False

    def counters(self) -> dict[str, Counters]:
        """CPU seconds of each process found."""
        return {one.key: {"cpu_seconds": one.cpu_seconds} for many in self.found.values() for one in many}


def survey(watches: Sequence[WatchedProcess]) -> Survey:
    """Walk the process table once. Errors: OSError where it cannot be read at all."""
    result = Survey({watch.name: [] for watch in watches})
    in_sight = pids()
    result.hidden = 1 not in in_sight  # init itself out of sight: hidepid
    for pid in in_sight:
        try:
            _look_at(psutil.Process(pid), watches, result)
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied:
            result.hidden = True
    return result


def _look_at(process: psutil.Process, watches: Sequence[WatchedProcess], result: Survey) -> None:
    with process.oneshot():
        matching = [watch for watch in watches if _matches(watch, process)]
        if not matching or process.status() in _GONE:
            return
        for watch in matching:
            result.found[watch.name].append(_measure(watch, process))


def _matches(watch: WatchedProcess, process: psutil.Process) -> bool:
    if watch.command is None:
        return process.name() == watch.name
    return watch.command.search(" ".join(process.cmdline())) is not None


def _measure(watch: WatchedProcess, process: psutil.Process) -> Found:
    times = process.cpu_times()
    # the hash is made of the number and the start since boot, which no clock step moves
    key = f"{watch.name}/{process.pid}/{hash(process)}"
    return Found(key, process.create_time(), times.user + times.system, process.memory_info().rss)


def process_reading(
    watch: WatchedProcess, survey: Survey, per_second: Mapping[str, Mapping[str, float]], cpus: int
) -> Reading:
    """One watched process: ok where as many run as the module wants."""
    found = survey.found[watch.name]
    values: dict[str, float] = {"processes_running": len(found)}
    if found:
        values["process_memory_bytes"] = sum(one.memory_bytes for one in found)
        values["process_oldest_start_timestamp_seconds"] = min(one.started_timestamp_seconds for one in found)
    used = [per_second[one.key]["cpu_seconds"] for one in found if one.key in per_second]
    if used:
        # ticks are rounded: one CPU used in full comes out a hair above 1
        values["process_cpu_used_ratio"] = min(1.0, sum(used) / cpus)
    return _judge(watch, len(found), values, survey.hidden)


def _judge(watch: WatchedProcess, running: int, values: Mapping[str, float], hidden: bool) -> Reading:
    component = f"process/{watch.name}"
    got = f"process {watch.name}: {running} running on this host"
    if running < watch.min and hidden:
        detail = f"{got}, but /proc hides others from the agent (hidepid); add its user to the group of gid="
        return error(Reason.PERMISSION, detail, component=component)
    if running < watch.min:
        return failed(Reason.NOT_RUNNING, f"{got}, wanted at least {watch.min}", values, component)
    if watch.max is not None and running > watch.max:
        return failed(Reason.MISMATCH, f"{got}, wanted at most {watch.max}", values, component)
    return ok(values, component)
