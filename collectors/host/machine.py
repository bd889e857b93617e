"""CPU, load, memory and boot time: what the kernel says without any delay."""

import psutil

from collectors.hostparts.rates import Counters

# guest time is already part of user and nice
_CPU_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


def cpu_counters() -> Counters:
    """CPU seconds of all CPUs by what they went to."""
    times = psutil.cpu_times()
    return {name: getattr(times, name) for name in _CPU_FIELDS if hasattr(times, name)}


def load() -> dict[str, float]:
    """Load averages and the CPUs they are spread over."""
    load1, load5, load15 = psutil.getloadavg()
    values = {"load1": load1, "load5": load5, "load15": load15}
    cpus = psutil.cpu_count()
    return values | {"cpus": float(cpus), "load1_per_cpu": load1 / cpus} if cpus else values


def memory() -> dict[str, float]:
    """Memory and what of it new work can have."""
    found = psutil.virtual_memory()
    return {
        "memory_total_bytes": found.total,
        "memory_available_bytes": found.available,
        "memory_used_ratio": 1.0 - found.available / found.total,
    }


def swap() -> dict[str, float]:
    """Swap space; no ratio where there is none."""
    found = psutil.swap_memory()
    values: dict[str, float] = {"swap_total_bytes": found.total, "swap_free_bytes": found.free}
    return values | {"swap_used_ratio": found.used / found.total} if found.total else values


def boot() -> dict[str, float]:
    """Boot time of the kernel's own clock."""
    return {"boot_timestamp_seconds": psutil.boot_time()}


def pids() -> list[int]:
    """Numbers of the processes in sight. Errors: OSError where there is no process table."""
    try:
        return psutil.pids()
    except LookupError as exc:  # psutil takes for granted that there is one
        raise OSError("/proc shows no process at all; is it mounted?") from exc


def process_count() -> dict[str, float]:
    """Number of processes; nothing where init is not in sight, for then others are hidden too (hidepid)."""
    found = pids()
    return {"processes": float(len(found))} if 1 in found else {}
