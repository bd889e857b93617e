"""The page of a host as node_exporter writes it, with figures that move. Everything in it is made up."""

from collections.abc import Callable
from math import sin
from zlib import crc32

OLD = 90 * 86_400.0
"""How long a host has run when the lab begins, at least. Units: seconds."""

_GIB = float(2**30)
_PARTS = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netclass", "netdev", "stat")
_PLAIN = """\
node_time_seconds {now!r}
node_boot_time_seconds {booted!r}
node_load1 {load!r}
node_load5 {load!r}
node_load15 {load!r}
node_memory_MemTotal_bytes {memory!r}
node_memory_MemAvailable_bytes {available!r}
node_memory_SwapTotal_bytes 0
node_memory_SwapFree_bytes 0
node_filesystem_size_bytes{{device="/dev/vda1",fstype="ext4",mountpoint="/"}} {disk!r}
node_filesystem_free_bytes{{device="/dev/vda1",fstype="ext4",mountpoint="/"}} {free!r}
node_filesystem_avail_bytes{{device="/dev/vda1",fstype="ext4",mountpoint="/"}} {free!r}
node_filesystem_files{{device="/dev/vda1",fstype="ext4",mountpoint="/"}} 6.5e+06
node_filesystem_files_free{{device="/dev/vda1",fstype="ext4",mountpoint="/"}} 6e+06
node_filesystem_readonly{{device="/dev/vda1",fstype="ext4",mountpoint="/"}} 0
node_filesystem_device_error{{device="/dev/vda1",fstype="ext4",mountpoint="/"}} 0
node_disk_read_bytes_total{{device="vda"}} {read!r}
node_disk_written_bytes_total{{device="vda"}} {written!r}
node_disk_io_time_seconds_total{{device="vda"}} {busy!r}
node_network_receive_bytes_total{{device="eth0"}} {received!r}
node_network_transmit_bytes_total{{device="eth0"}} {sent!r}
node_network_receive_errs_total{{device="eth0"}} 0
node_network_transmit_errs_total{{device="eth0"}} 0
node_network_receive_drop_total{{device="eth0"}} 0
node_network_transmit_drop_total{{device="eth0"}} 0
node_network_up{{device="eth0"}} 1
node_network_speed_bytes{{device="eth0"}} 1.25e+09
"""


class Host:
    """One host. `seconds` is its wall clock."""

    def __init__(self, id_: str, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._salt = crc32(id_.encode())
        self._booted = seconds() - OLD - self._salt % int(OLD)
        self._cpus = 4 + 4 * (self._salt % 4)

    def restart(self) -> None:
        """It begins anew: another boot, all counters from zero."""
        self._booted = self._seconds()

    def page(self) -> str:
        """The page now."""
        now = self._seconds()
        ran = max(0.0, now - self._booted)
        busy = 0.1 + self._salt % 40 / 100
        memory, disk = self._cpus * 4 * _GIB, 200 * _GIB
        plain = _PLAIN.format(
            now=now, booted=self._booted, load=round(self._cpus * busy * (1 + 0.2 * sin(now / 600)), 2),
            memory=memory, available=memory * (0.7 - busy / 2), disk=disk, free=disk * (0.8 - busy),
            read=ran * 2e5, written=ran * 4e5, busy=ran * busy / 10, received=ran * 1e6, sent=ran * 6e5,
        )  # fmt: skip
        shares = {"idle": 1 - busy - 0.01, "user": busy * 0.7, "system": busy * 0.3, "iowait": 0.01}
        cpus = (
            f'node_cpu_seconds_total{{cpu="{cpu}",mode="{mode}"}} {ran * share!r}\n'
            for cpu in range(self._cpus)
            for mode, share in shares.items()
        )
        parts = (f'node_scrape_collector_success{{collector="{part}"}} 1\n' for part in _PARTS)
        return plain + "".join(parts) + "".join(cpus)
