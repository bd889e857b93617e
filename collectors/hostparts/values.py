"""Every value a host reading may carry; the sentence is the metric's help text."""

from collections.abc import Mapping
from types import MappingProxyType

VALUES: Mapping[str, str] = MappingProxyType(
    {
        "cpu_used_ratio": "Share of the CPU time since the previous probe neither idle nor waiting for disks, "
        "time stolen by the hypervisor included.",
        "cpu_iowait_ratio": "Share of the CPU time since the previous probe idle while waiting for disks.",
        "cpu_steal_ratio": "Share of the CPU time since the previous probe that the hypervisor gave to others.",
        "cpus": "Logical CPUs that are online.",
        "load1": "Tasks running, runnable or in uninterruptible sleep, averaged over 1 minute.",
        "load5": "Tasks running, runnable or in uninterruptible sleep, averaged over 5 minutes.",
        "load15": "Tasks running, runnable or in uninterruptible sleep, averaged over 15 minutes.",
        "load1_per_cpu": "The 1 minute load divided by the CPUs that are online.",
        "memory_total_bytes": "Memory the kernel manages.",
        "memory_available_bytes": "Memory new work can have without swapping, as the kernel estimates it.",
        "memory_used_ratio": "Share of the memory that is not available.",
        "swap_total_bytes": "Swap space.",
        "swap_free_bytes": "Swap space not in use.",
        "swap_used_ratio": "Share of the swap space in use; absent where there is none.",
        "boot_timestamp_seconds": "When the machine booted, as its kernel says.",
        "processes": "Processes of the machine; absent where other users' processes are hidden from the agent.",
        "disk_total_bytes": "Size of the file system.",
        "disk_free_bytes": "Bytes users other than root can still write.",
        "disk_used_ratio": "Share of the space users may have that is used, as df shows it.",
        "inodes": "Inodes of the file system; absent where it has no fixed number.",
        "inodes_used_ratio": "Share of the inodes in use; absent where it has no fixed number.",
        "read_only": "1 where the file system is mounted read-only, else 0.",
        "read_bytes_total": "Bytes read from the block device since it appeared.",
        "written_bytes_total": "Bytes written to the block device since it appeared.",
        "busy_seconds_total": "Time the block device had at least one request in flight.",
        "read_bytes_per_second": "Bytes read from the block device, mean since the previous probe.",
        "written_bytes_per_second": "Bytes written to the block device, mean since the previous probe.",
        "busy_ratio": "Share of the time since the previous probe with at least one request in flight.",
        "received_bytes_total": "Bytes received by the interface since it appeared.",
        "sent_bytes_total": "Bytes sent by the interface since it appeared.",
        "errors_total": "Packets the interface received or sent with an error since it appeared.",
        "drops_total": "Packets the interface dropped in either direction since it appeared.",
        "received_bytes_per_second": "Bytes received by the interface, mean since the previous probe.",
        "sent_bytes_per_second": "Bytes sent by the interface, mean since the previous probe.",
        "errors_per_second": "Packets with an error in either direction, mean since the previous probe.",
        "drops_per_second": "Packets dropped in either direction, mean since the previous probe.",
        "link_up": "1 where the interface is up and its link is running, else 0.",
        "speed_bytes_per_second": "Speed of the link in bytes; absent where the interface does not know it.",
        "temperature_celsius": "Temperature at the sensor.",
        "temperature_high_celsius": "The chip's own threshold for too warm; absent where it names none.",
        "temperature_critical_celsius": "The chip's own threshold for damage; absent where it names none.",
        "processes_running": "Processes that match the watched one; zombies do not count.",
        "process_cpu_used_ratio": "Share of the time of all CPUs used since the previous probe by the matching "
        "processes that also ran then.",
        "process_memory_bytes": "Resident memory of the matching processes; shared pages count for each.",
        "process_oldest_start_timestamp_seconds": "When the longest running of the matching processes started.",
    }
)
