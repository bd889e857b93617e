"""Peers for the tests of kind host_page: a real node_exporter, and pages that are what a test wants them to be."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from collectors.base import Reading, Target
from collectors.host_page import KIND, HostPageCollector, HostPageModule
from tests.collectors.http_peers import LONG, Handler, head, scripted
from tests.requirements import need_program

NOW = datetime(2026, 11, 22, 6, 0, 0, tzinfo=UTC)
STAMP = NOW.timestamp()
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

NODE = """\
# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="idle"} 1000
node_cpu_seconds_total{cpu="0",mode="user"} 200
node_cpu_seconds_total{cpu="0",mode="iowait"} 10
node_cpu_seconds_total{cpu="1",mode="idle"} 1100
node_cpu_seconds_total{cpu="1",mode="user"} 100
node_cpu_seconds_total{cpu="1",mode="iowait"} 0
node_load1 3
node_load5 2
node_load15 1
node_memory_MemTotal_bytes 8e+09
node_memory_MemAvailable_bytes 2e+09
node_memory_SwapTotal_bytes 1e+09
node_memory_SwapFree_bytes 7.5e+08
node_boot_time_seconds 1.7e+09
node_filesystem_size_bytes{device="/dev/vda1",fstype="ext4",mountpoint="/"} 1000
node_filesystem_free_bytes{device="/dev/vda1",fstype="ext4",mountpoint="/"} 400
node_filesystem_avail_bytes{device="/dev/vda1",fstype="ext4",mountpoint="/"} 300
node_filesystem_files{device="/dev/vda1",fstype="ext4",mountpoint="/"} 100
node_filesystem_files_free{device="/dev/vda1",fstype="ext4",mountpoint="/"} 75
node_filesystem_readonly{device="/dev/vda1",fstype="ext4",mountpoint="/"} 0
node_filesystem_device_error{device="/dev/vda1",fstype="ext4",mountpoint="/"} 0
node_filesystem_size_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 10
node_filesystem_device_error{device="nas:/v",fstype="nfs4",mountpoint="/data"} 1
node_disk_read_bytes_total{device="vda"} 5000
node_disk_written_bytes_total{device="vda"} 6000
node_disk_io_time_seconds_total{device="vda"} 7
node_disk_read_bytes_total{device="vda1"} 4000
node_disk_written_bytes_total{device="vda1"} 3000
node_disk_io_time_seconds_total{device="vda1"} 2
node_network_receive_bytes_total{device="eth0"} 100000
node_network_transmit_bytes_total{device="eth0"} 200000
node_network_receive_errs_total{device="eth0"} 1
node_network_transmit_errs_total{device="eth0"} 2
node_network_receive_drop_total{device="eth0"} 3
node_network_transmit_drop_total{device="eth0"} 4
node_network_receive_bytes_total{device="lo"} 5
node_network_up{device="eth0"} 1
node_network_up{device="eth1"} 0
node_network_up{device="lo"} 0
node_network_flags{device="eth0"} 4099
node_network_flags{device="eth1"} 4099
node_network_info{device="eth0",operstate="up"} 1
node_network_info{device="eth1",operstate="down"} 1
node_network_speed_bytes{device="eth0"} 1.25e+08
node_network_speed_bytes{device="eth1"} -125000
node_hwmon_chip_names{chip="platform_coretemp_0",chip_name="coretemp"} 1
node_hwmon_sensor_label{chip="platform_coretemp_0",sensor="temp1",label="Package id 0"} 1
node_hwmon_temp_celsius{chip="platform_coretemp_0",sensor="temp1"} 55
node_hwmon_temp_max_celsius{chip="platform_coretemp_0",sensor="temp1"} 80
node_hwmon_temp_crit_celsius{chip="platform_coretemp_0",sensor="temp1"} 100
node_scrape_collector_success{collector="cpu"} 1
node_scrape_collector_success{collector="meminfo"} 1
node_scrape_collector_success{collector="loadavg"} 1
node_scrape_collector_success{collector="filesystem"} 1
node_scrape_collector_success{collector="diskstats"} 1
node_scrape_collector_success{collector="netdev"} 1
node_scrape_collector_success{collector="netclass"} 1
node_scrape_collector_success{collector="zfs"} 0
"""


def node_page(stamp: float = STAMP, text: str = NODE, **changed: float) -> str:
    """A page of node_exporter; `changed` gives the samples of whole families one value."""
    for name, value in changed.items():
        text = re.sub(rf"^({name}(?:\{{.*\}})?) .*$", rf"\1 {value}", text, flags=re.MULTILINE)
    return f"{text}node_time_seconds {stamp!r}\n"


def failing(page: str, *collectors: str) -> str:
    """The page with these collectors failed."""
    for name in collectors:
        page = page.replace(f'success{{collector="{name}"}} 1', f'success{{collector="{name}"}} 0')
    return page


def without(page: str, *prefixes: str) -> str:
    """The page without the families of these names."""
    return "".join(line for line in page.splitlines(keepends=True) if not line.startswith(prefixes))


def dated(date: datetime | None = NOW) -> dict[str, str]:
    """The head's time."""
    return {} if date is None else {"Date": format_datetime(date, usegmt=True)}


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def response(
    page: str | bytes, headers: Mapping[str, str] | None = None, status: str = "200 OK", kind: str = TEXT
) -> bytes:
    body = page if isinstance(page, bytes) else page.encode()
    lines = {"Content-Length": str(len(body)), "Content-Type": kind, **(dated() if headers is None else headers)}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{text}Connection: close\r\n\r\n".encode() + body


def serving(*responses: bytes, asked: list[bytes] | None = None) -> Handler:
    """One response after the other, the last one for good."""
    left = list(responses)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await head(reader)
        if asked is not None:
            asked.append(request)
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        writer.write_eof() if writer.can_write_eof() else writer.close()
        await reader.read()

    return handler


class Eye:
    """A collector and the target it looks at."""

    def __init__(self, collector: HostPageCollector, address: str, timeout_seconds: float) -> None:
        self._collector = collector
        self._target = Target(id="h", address=address, timeout_seconds=timeout_seconds)

    async def look(self) -> dict[str, Reading]:
        """One probe by component."""
        readings = await self._collector.collect(self._target)
        found = {reading.component: reading for reading in readings}
        assert len(found) == len(readings), "a component came twice"
        assert readings[0].component == "", "the runner takes the first for the target's own"
        assert not {name for one in readings for name in one.values} - KIND.values.keys()
        return found


@asynccontextmanager
async def eye(address: str, timeout_seconds: float = LONG, **options: Any) -> AsyncIterator[Eye]:
    async with HostPageCollector(HostPageModule.model_validate(options)) as collector:
        yield Eye(collector, address, timeout_seconds)


async def looks(*responses: bytes, times: int | None = None, **options: Any) -> list[dict[str, Reading]]:
    """As many probes as responses, of one target."""
    async with scripted(serving(*responses)) as peer, eye(peer.url, **options) as one:
        return [await one.look() for _ in range(times or len(responses))]


async def look(answer: bytes | str, **options: Any) -> dict[str, Reading]:
    [found] = await looks(answer if isinstance(answer, bytes) else response(answer), **options)
    return found


@contextmanager
def running_node_exporter(*options: str) -> Iterator[str]:
    """A real node_exporter on a port of its own; its address."""
    program = need_program("prometheus-node-exporter")
    process = subprocess.Popen(
        [program, "--web.listen-address=127.0.0.1:0", *options], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        found = (re.search(r'"Listening on" address=(\S+)', line) for line in process.stderr)
        match = next((match for match in found if match), None)
        assert match is not None, "it ended before it listened"
        yield match[1]
    finally:
        process.terminate()
        process.communicate(timeout=LONG)
