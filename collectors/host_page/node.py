"""A page of node_exporter as readings of a host: the families it has, and which value each of them is.

What its own collectors could not read is an error of the parts it left out, by `node_scrape_collector_success`. A
collector that finds nothing to read (no sensors) says the same, so those of temperatures are absent instead.
"""

from collections.abc import Iterable, Mapping

from collectors.base import Reading, Reason, error, ok
from collectors.host_page import temperatures
from collectors.host_page.memory import Memory
from collectors.host_page.options import HostPageModule
from collectors.host_page.parsing import Samples
from collectors.hostparts.cpu import cpu_ratios
from collectors.hostparts.disks import Space, component_of, io_reading, mountpoints
from collectors.hostparts.network import Link, net_reading
from collectors.hostparts.rates import Counters
from collectors.hostparts.selection import VIRTUAL_DEVICES, VIRTUAL_INTERFACES, Selection

TIME = "node_time_seconds"
SUCCESS = "node_scrape_collector_success"
BUILD = "node_exporter_build_info"

_CPU = "node_cpu_seconds_total"
_BOOT = "node_boot_time_seconds"
_PLAIN: Mapping[str, str] = {
    "node_load1": "load1",
    "node_load5": "load5",
    "node_load15": "load15",
    "node_memory_MemTotal_bytes": "memory_total_bytes",
    "node_memory_MemAvailable_bytes": "memory_available_bytes",
    "node_memory_SwapTotal_bytes": "swap_total_bytes",
    "node_memory_SwapFree_bytes": "swap_free_bytes",
    _BOOT: "boot_timestamp_seconds",
    "node_processes_pids": "processes",
}
_DISKS: Mapping[str, str] = {
    "node_disk_read_bytes_total": "read_bytes_total",
    "node_disk_written_bytes_total": "written_bytes_total",
    "node_disk_io_time_seconds_total": "busy_seconds_total",
}
_NET: Mapping[str, tuple[str, ...]] = {
    "received_bytes_total": ("node_network_receive_bytes_total",),
    "sent_bytes_total": ("node_network_transmit_bytes_total",),
    "errors_total": ("node_network_receive_errs_total", "node_network_transmit_errs_total"),
    "drops_total": ("node_network_receive_drop_total", "node_network_transmit_drop_total"),
}
_FLAGS, _INFO, _UP = "node_network_flags", "node_network_info", "node_network_up"
_SPEED = "node_network_speed_bytes"
_SIZE, _FREE, _AVAILABLE = "node_filesystem_size_bytes", "node_filesystem_free_bytes", "node_filesystem_avail_bytes"
_INODES, _INODES_FREE = "node_filesystem_files", "node_filesystem_files_free"
_READ_ONLY, _BROKEN = "node_filesystem_readonly", "node_filesystem_device_error"

FAMILIES = (
    TIME, SUCCESS, BUILD, _CPU, *_PLAIN, *_DISKS, *(name for names in _NET.values() for name in names), _FLAGS, _INFO,
    _UP, _SPEED, _SIZE, _FREE, _AVAILABLE, _INODES, _INODES_FREE, _READ_ONLY, _BROKEN, *temperatures.FAMILIES,
)  # fmt: skip

ESSENTIAL = frozenset({"cpu", "meminfo"})
_WANTED = ESSENTIAL | {"loadavg", "stat", "filesystem", "diskstats", "netdev", "netclass"}
_IFF_UP = 1
_OPERATES = frozenset({"up", "unknown"})  # what the kernel counts as running: drivers of tunnels never say up


class _Mount:
    """One file system of the page, as the mount table would have it."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.device = labels.get("device", "")
        self.mountpoint = labels.get("mountpoint", "")
        self.fstype = labels.get("fstype", "")


def readings_of(samples: Samples, module: HostPageModule, memory: Memory, at: float, *, is_new: bool) -> list[Reading]:
    """One reading for the host, one for each of its parts. `is_new`: the page is not the one of the probe before."""
    memory.booted(samples.one(_BOOT))
    broken = {name for name, value in samples.by(SUCCESS, "collector").items() if not value} & _WANTED
    moment = at if is_new else None
    found = [
        _host(samples, memory, moment, broken),
        *_part("diskstats", _block_devices(samples, module, memory, moment), memory, broken),
        *_part("netdev", _interfaces(samples, module, memory, moment, broken), memory, broken),
        *_part("filesystem", _file_systems(samples, module), memory, broken),
    ]
    return found + (temperatures.readings_of(samples) if module.temperatures else [])


def _part(collector: str, readings: list[Reading], memory: Memory, broken: set[str]) -> list[Reading]:
    """The readings of one collector; where it failed, errors of those parts that it told of before."""
    told = {reading.component for reading in readings}
    if collector not in broken:
        memory.parts[collector] = frozenset(told)
        return readings
    return readings + [_unread(name, collector) for name in sorted(memory.parts.get(collector, frozenset()) - told)]


def _unread(component: str, collector: str) -> Reading:
    detail = f"its collector {collector} failed ({SUCCESS} 0); see the log of the node_exporter"
    return error(Reason.UNREAD, detail, component=component)


def _host(samples: Samples, memory: Memory, at: float | None, broken: set[str]) -> Reading:
    values = {value: found for name, value in _PLAIN.items() if (found := samples.one(name)) is not None}
    values |= _cpu(samples, memory, at) | _memory_ratios(values)
    if "cpus" in values and "load1" in values:
        values["load1_per_cpu"] = values["load1"] / values["cpus"]
    values["collectors_failed"] = float(len(broken))
    failing = f"collectors that failed there: {', '.join(sorted(broken))}" if broken else ""
    lacking = [part for part, name in {"CPU": "cpus", "memory": "memory_total_bytes"}.items() if name not in values]
    if broken & ESSENTIAL or len(lacking) == len(ESSENTIAL):
        detail = failing or "the page tells neither of CPU nor of memory; are its collectors cpu and meminfo on?"
        return error(Reason.UNREAD, detail, values)
    return ok(values, detail=failing)


def _cpu(samples: Samples, memory: Memory, at: float | None) -> dict[str, float]:
    seconds: dict[str, float] = {}
    cpus = set()
    for labels, value in samples.all(_CPU):
        seconds[labels.get("mode", "")] = seconds.get(labels.get("mode", ""), 0.0) + value
        cpus.add(labels.get("cpu", ""))
    if not cpus:
        return {}
    values = {"cpus": float(len(cpus))}
    per_second = memory.cpu.step(at, {"cpu": seconds}) if at is not None else {}
    return values | cpu_ratios(per_second["cpu"]) if per_second and "idle" in seconds else values


def _memory_ratios(values: Mapping[str, float]) -> dict[str, float]:
    ratios: dict[str, float] = {}
    total, available = values.get("memory_total_bytes"), values.get("memory_available_bytes")
    if total and available is not None:
        ratios["memory_used_ratio"] = 1.0 - available / total
    swap, free = values.get("swap_total_bytes"), values.get("swap_free_bytes")
    if swap and free is not None:
        ratios["swap_used_ratio"] = (swap - free) / swap
    return ratios


def _block_devices(samples: Samples, module: HostPageModule, memory: Memory, at: float | None) -> list[Reading]:
    by_value = {value: samples.by(name, "device") for name, value in _DISKS.items()}
    devices = {device for found in by_value.values() for device in found}
    found = {
        f"io/{device}": {value: numbers[device] for value, numbers in by_value.items()}
        for device in sorted(devices)
        if _is_taken(device, devices, module.block_devices) and all(device in numbers for numbers in by_value.values())
    }
    per_second = memory.io.step(at, found) if at is not None else {}
    return [io_reading(name, counters, per_second.get(name, {})) for name, counters in found.items()]


def _is_taken(device: str, devices: Iterable[str], selection: Selection) -> bool:
    return selection.takes(device, VIRTUAL_DEVICES) and not any(_is_part_of(device, whole) for whole in devices)


def _is_part_of(device: str, whole: str) -> bool:
    """Whether this is a partition by its name: sda1 of sda, nvme0n1p1 of nvme0n1."""
    rest = device.removeprefix(whole + "p" if whole[-1:].isdigit() else whole)
    return rest != device and rest.isdigit()


def _interfaces(
    samples: Samples, module: HostPageModule, memory: Memory, at: float | None, broken: set[str]
) -> list[Reading]:
    links = _links(samples)
    counters = _net_counters(samples)
    per_second = memory.net.step(at, counters) if at is not None else {}
    named = dict.fromkeys([*sorted(links.keys() | counters.keys()), *module.interfaces_up])
    taken = [n for n in named if n in module.interfaces_up or module.interfaces.takes(n, VIRTUAL_INTERFACES)]
    found = []
    for name in taken:
        component, required = f"net/{name}", name in module.interfaces_up
        if required and name not in links and not links:
            collector = "netclass"
            found.append(_unread(component, collector) if collector in broken else _no_links(component))
        else:
            rates = per_second.get(name, {})
            found.append(net_reading(component, links.get(name), counters.get(name, {}), rates, required))
    return found


def _no_links(component: str) -> Reading:
    detail = "the page tells of no link at all; is its collector netclass on?"
    return error(Reason.UNREAD, detail, component=component)


def _net_counters(samples: Samples) -> dict[str, Counters]:
    parts = {value: [samples.by(name, "device") for name in names] for value, names in _NET.items()}
    every = {device for numbers in parts.values() for one in numbers for device in one}
    return {
        device: {
            value: sum(one[device] for one in numbers)
            for value, numbers in parts.items()
            if all(device in one for one in numbers)
        }
        for device in every
    }


def _links(samples: Samples) -> dict[str, Link]:
    """Interfaces that run: up by their administrator and operating, which is the flag RUNNING of the kernel."""
    flags, speeds = samples.by(_FLAGS, "device"), samples.by(_SPEED, "device")
    states = {sample.labels.get("device", ""): sample.labels.get("operstate", "") for sample in samples.all(_INFO)}
    return {
        device: Link(
            bool(int(flags[device]) & _IFF_UP) and states[device] in _OPERATES
            if device in flags and device in states
            else bool(up),
            max(0.0, speeds.get(device, 0.0)),
        )
        for device, up in samples.by(_UP, "device").items()
    }


def _file_systems(samples: Samples, module: HostPageModule) -> list[Reading]:
    mounts = [_Mount(sample.labels) for sample in [*samples.all(_SIZE), *samples.all(_BROKEN)]]
    names = (_SIZE, _FREE, _AVAILABLE, _INODES, _INODES_FREE, _READ_ONLY, _BROKEN)
    values = {name: samples.by(name, "mountpoint") for name in names}
    return [
        _file_system(point, {name: found[point] for name, found in values.items() if point in found})
        for point in mountpoints(module.disks, mounts)
    ]


def _file_system(point: str, values: Mapping[str, float]) -> Reading:
    component = component_of(point)
    if values.get(_BROKEN) or not values.keys() >= {_SIZE, _FREE, _AVAILABLE}:
        detail = f"its size could not be read there: hung, gone or forbidden; look at {point} on the host"
        return error(Reason.UNREAD, detail, component=component)
    inodes = (values.get(_INODES, 0.0), values.get(_INODES_FREE, 0.0))
    space = Space(values[_SIZE], values[_FREE], values[_AVAILABLE], *inodes)
    read_only = {"read_only": values[_READ_ONLY]} if _READ_ONLY in values else {}
    return ok(read_only | space.values(), component)
