"""The host kind on this very machine, against other witnesses: df, ps, uptime and the files of the kernel."""

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from collectors.base import Outcome, Reason
from collectors.host import HostCollector
from tests.collectors.hosting import ROOT, Prober, a_target, burn, in_mounts_of_its_own, module, probe, probe_once, run
from tests.requirements import unmet


def meminfo() -> dict[str, int]:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}


def cpu_ticks() -> list[int]:
    return [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


# --- the host itself


async def test_memory_and_swap_agree_with_meminfo():
    before = meminfo()
    values = (await probe_once())[""].values
    after = meminfo()
    slack = 256 * 1024**2
    free = sorted([before["MemAvailable"], after["MemAvailable"]])
    assert values["memory_total_bytes"] == before["MemTotal"]
    assert free[0] - slack <= values["memory_available_bytes"] <= free[1] + slack
    assert values["memory_used_ratio"] == 1 - values["memory_available_bytes"] / before["MemTotal"]
    assert values["swap_total_bytes"] == before["SwapTotal"]
    assert ("swap_used_ratio" in values) == (before["SwapTotal"] > 0)


async def test_load_cpus_boot_time_and_processes_agree_with_other_witnesses():
    before = Path("/proc/loadavg").read_text().split()
    reading = (await probe_once())[""]
    after = Path("/proc/loadavg").read_text().split()
    values = reading.values
    assert reading.outcome is Outcome.OK
    for index, name in enumerate(("load1", "load5", "load15")):
        low, high = sorted([float(before[index]), float(after[index])])
        assert low - 0.02 <= values[name] <= high + 0.02
    assert values["cpus"] == int(run("nproc", "--all"))
    assert values["load1_per_cpu"] == values["load1"] / values["cpus"]
    assert abs(values["processes"] - len(run("ps", "-e", "-o", "pid=").split())) < 40
    up_seconds = float(Path("/proc/uptime").read_text().split()[0])
    assert values["boot_timestamp_seconds"] == pytest.approx(time.time() - up_seconds, abs=5)


async def test_the_first_probe_has_no_cpu_ratio_and_the_second_agrees_with_proc_stat():
    async with HostCollector(module()) as collector:
        before = cpu_ticks()
        first = (await probe(collector))[""].values
        burn(0.5)
        second = (await probe(collector))[""].values
        spent = [now - then for now, then in zip(cpu_ticks(), before, strict=True)]
    assert not [name for name in first if name.startswith("cpu_")]
    assert second["cpu_used_ratio"] == pytest.approx(1 - (spent[3] + spent[4]) / sum(spent), abs=0.1)
    assert second["cpu_iowait_ratio"] == pytest.approx(spent[4] / sum(spent), abs=0.1)
    assert second["cpu_steal_ratio"] == pytest.approx(spent[7] / sum(spent), abs=0.1)
    assert second["cpu_used_ratio"] > 0.1  # half a CPU second of ours is in it


def test_without_proc_the_host_is_an_error_and_nothing_reads_as_zero():
    options = {"disks": {"include": ["/"]}, "interfaces_up": ["lo"], "processes": [{"name": "x", "min": 0}]}
    with Prober(options, *in_mounts_of_its_own("mount -t tmpfs none /proc")) as prober:
        readings = {name: one for name, one in prober.probe().items() if not name.startswith("io/")}
    assert readings.keys() == {"", "net/lo", "process/x"}
    assert {(one.outcome, one.reason) for one in readings.values()} == {(Outcome.ERROR, Reason.INTERNAL)}
    assert [one.values for one in readings.values()] == [{}, {}, {}]


def test_when_proc_may_not_be_read_the_host_is_an_error_of_permission():
    prefix = in_mounts_of_its_own("mount -t tmpfs -o mode=0700 none /proc")
    options = {"interfaces_up": ["lo"], "processes": [{"name": "x"}]}
    with Prober(options, *prefix, user="nobody") as prober:
        readings = prober.probe()
    for component in ("", "net/lo", "process/x"):
        assert (readings[component].outcome, readings[component].reason) == (Outcome.ERROR, Reason.PERMISSION)


async def test_an_on_demand_probe_is_told_each_part():
    steps: list[str] = []
    async with HostCollector(module(disks={"include": ["/"]}, processes=[{"name": "x"}])) as collector:
        await collector.collect(a_target(trace=lambda step, _: steps.append(step)))
    wanted = {"cpu", "memory", "block devices", "interfaces", "mounts", "disk", "temperatures", "processes"}
    assert wanted <= set(steps)


# --- file systems


async def test_the_root_file_system_agrees_with_df():
    values = (await probe_once(disks={"include": ["/"]}))["disk/"].values
    size, free, used_percent = run("df", "-B1", "--output=size,avail,pcent", "/").split()[-3:]
    inodes = run("df", "--output=itotal", "/").split()[-1]
    assert values["disk_total_bytes"] == int(size)
    assert values["disk_free_bytes"] == pytest.approx(int(free), abs=2 * 1024**3)
    assert values["disk_used_ratio"] * 100 == pytest.approx(float(used_percent.rstrip("%")), abs=1.5)
    assert values.get("inodes", 0) == int(inodes.replace("-", "0"))
    assert values["read_only"] == 0


def test_a_full_file_system_and_its_inodes_read_as_full(tmp_path):
    mount = f"mount -t tmpfs -o size=1m,nr_inodes=8 none {tmp_path}"
    fill = f"for i in 1 2 3 4 5 6 7; do touch {tmp_path}/$i; done; head -c 1m /dev/zero > {tmp_path}/1"
    options = {"disks": {"include": [str(tmp_path)]}}
    with Prober(options, *in_mounts_of_its_own(f"{mount}; {fill}")) as prober:
        reading = prober.probe()[f"disk{tmp_path}"]
    assert reading.outcome is Outcome.OK
    assert reading.values == {
        "disk_total_bytes": 1024**2, "disk_free_bytes": 0, "disk_used_ratio": 1.0,
        "inodes": 8, "inodes_used_ratio": 1.0, "read_only": 0,
    }  # fmt: skip


def test_a_half_full_read_only_file_system_without_inode_limit_says_so(tmp_path):
    mount = f"mount -t tmpfs -o size=1m,nr_inodes=0 none {tmp_path}; head -c 512k /dev/zero > {tmp_path}/1"
    prefix = in_mounts_of_its_own(f"{mount}; mount -o remount,ro {tmp_path}")
    with Prober({"disks": {"include": [str(tmp_path)]}}, *prefix) as prober:
        values = prober.probe()[f"disk{tmp_path}"].values
    assert (values["disk_used_ratio"], values["read_only"]) == (0.5, 1)
    assert "inodes_used_ratio" not in values


def test_a_file_system_that_is_unmounted_has_no_reading_any_more(tmp_path):
    unmount = f"until umount {tmp_path}; do :; done"  # busy while a probe looks at it
    wait = f"{{ timeout 60 cat {tmp_path}.go; {unmount}; }} > /dev/null 2>&1 & true"
    prefix = in_mounts_of_its_own(f"mount -t tmpfs none {tmp_path}; {wait}")
    os.mkfifo(f"{tmp_path}.go")
    with Prober({"disks": {"include": [str(tmp_path)]}}, *prefix) as prober:
        assert f"disk{tmp_path}" in prober.probe()
        Path(f"{tmp_path}.go").write_text("now\n")
        while f"disk{tmp_path}" in (readings := prober.probe()):
            assert readings[f"disk{tmp_path}"].outcome is Outcome.OK
    assert readings[""].outcome is Outcome.OK


class HungMount:
    """Stands in for a file server that went away: statvfs of the path returns only when released."""

    def __init__(self, path: str) -> None:
        self.path, self.calls, self.released = path, 0, threading.Event()

    def __call__(self, path: str) -> os.statvfs_result:
        if path == self.path:
            self.calls += 1
            assert self.released.wait(60)
        return os.statvfs(path)


async def test_a_hung_mount_fails_alone_and_is_asked_only_once_until_it_answers():
    hung = HungMount("/")
    options = module(disks={"include": ["/", "/proc"]})
    async with HostCollector(options, statvfs=hung) as collector:
        for _ in range(3):
            readings = await probe(collector, timeout_seconds=0.25)
            assert (readings["disk/"].outcome, readings["disk/"].reason) == (Outcome.FAILED, Reason.TIMEOUT)
            assert readings["disk/proc"].outcome is Outcome.OK
            assert readings[""].outcome is Outcome.OK
        assert hung.calls == 1
        hung.released.set()
        assert (await probe(collector))["disk/"].outcome is Outcome.OK
        assert (await probe(collector))["disk/"].outcome is Outcome.OK
    assert hung.calls == 2


def test_a_mount_that_hangs_for_ever_does_not_keep_the_agent_from_stopping():
    script = """
import asyncio, threading
from collectors.base import Target
from collectors.host import HostCollector, HostModule
async def main():
    options = HostModule.model_validate({"disks": {"include": ["/"]}})
    async with HostCollector(options, statvfs=lambda path: threading.Event().wait()) as collector:
        readings = await collector.collect(Target(id="h", address="localhost", timeout_seconds=0.25))
        print([reading.reason for reading in readings if reading.component == "disk/"])
asyncio.run(main())
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "timeout" in done.stdout


@pytest.mark.parametrize(
    ("number", "outcome", "reason"),
    [
        (errno.ESTALE, Outcome.FAILED, Reason.UNREACHABLE),
        (errno.EIO, Outcome.FAILED, Reason.UNREACHABLE),
        (errno.ENOTCONN, Outcome.FAILED, Reason.UNREACHABLE),
        (errno.EACCES, Outcome.ERROR, Reason.PERMISSION),
        (errno.ENOMEM, Outcome.ERROR, Reason.RESOURCES),
    ],
)
async def test_what_a_mount_answers_instead_of_its_usage(number, outcome, reason):
    def broken(path: str) -> os.statvfs_result:
        raise OSError(number, os.strerror(number), path)

    async with HostCollector(module(disks={"include": ["/"]}), statvfs=broken) as collector:
        reading = (await probe(collector))["disk/"]
    assert (reading.outcome, reading.reason) == (outcome, reason)
    assert "/" in reading.detail
    assert reading.values == {}


async def test_a_bug_in_a_thread_reaches_the_runner():
    def buggy(path: str) -> os.statvfs_result:
        raise ZeroDivisionError(path)

    async with HostCollector(module(disks={"include": ["/"]}), statvfs=buggy) as collector:
        with pytest.raises(ZeroDivisionError):
            await probe(collector)


async def test_without_a_thread_to_spare_a_mount_is_an_error_not_a_fault(monkeypatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async with HostCollector(module(disks={"include": ["/"]}, processes=[{"name": "x"}])) as collector:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        readings = await probe(collector)
    assert (readings["disk/"].outcome, readings["disk/"].reason) == (Outcome.ERROR, Reason.RESOURCES)
    assert readings["process/x"].outcome is Outcome.ERROR


@pytest.mark.root
def test_a_sandbox_s_read_only_view_is_not_taken_for_a_read_only_disk(tmp_path):
    (tmp_path / "a disk").mkdir()
    disk = f"'{tmp_path}/a disk'"
    name = f"disk{tmp_path}/a disk"
    options = {"disks": {"include": [f"{tmp_path}/*"]}}
    for view, read_only in (("bind,ro", 0), ("ro", 1)):
        setup = f"mount -t tmpfs -o size=1m none {disk}; mount -o remount,{view} {disk}"
        with Prober(options, *in_mounts_of_its_own(setup)) as prober:
            assert prober.probe()[name].values["read_only"] == read_only, view


@pytest.mark.root
def test_in_the_view_that_our_unit_gives_the_machine_s_disks_are_what_they_are(tmp_path):
    """As ProtectSystem=strict, ProtectHome=read-only, PrivateDevices and PrivateTmp make it."""
    (tmp_path / "var-tmp").mkdir()
    sandbox = (
        "mount --make-rslave /; mount --bind / /; mount -o remount,bind,ro /; "
        "mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3; mknod -m 444 /dev/urandom c 1 9; "
        f"mount --bind {tmp_path}/var-tmp /var/tmp"
    )
    options = {"disks": {"exclude_types": ["proc", "sysfs", "tmpfs", "devpts", "mqueue", "devtmpfs", "cgroup2"]}}
    with Prober(options) as outside, Prober(options, *in_mounts_of_its_own(sandbox), user="nobody") as inside:
        seen, sandboxed = outside.probe(), inside.probe()
    if not any(name.startswith("disk/") for name in seen):
        unmet("this machine shows no file system")
    assert sandboxed.keys() == seen.keys()
    assert {name: one.outcome for name, one in sandboxed.items()} == {name: one.outcome for name, one in seen.items()}
    for name, one in seen.items():
        for value in ("read_only", "disk_total_bytes", "cpus", "memory_total_bytes"):
            assert sandboxed[name].values.get(value) == one.values.get(value), f"{name} {value}"
    assert "processes" in sandboxed[""].values
