"""The host kind: block devices, interfaces and watched processes, on real ones of the test's own where it may."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.base import Outcome, Reason
from collectors.host import HostCollector
from tests.collectors.hosting import Prober, burn, in_mounts_of_its_own, module, probe, probe_once, run
from tests.requirements import need_program, need_root, unmet

SECTOR = 512


# --- block devices and interfaces


def diskstats() -> dict[str, list[int]]:
    lines = [line.split() for line in Path("/proc/diskstats").read_text().splitlines()]
    return {line[2]: [int(field) for field in line[3:]] for line in lines}


async def test_block_devices_agree_with_diskstats_and_the_second_probe_has_rates(tmp_path):
    async with HostCollector(module()) as collector:
        first = await probe(collector)
        if not any(name.startswith("io/") for name in first):
            unmet("this machine has no block device")
        with (tmp_path / "written").open("wb") as file:
            file.write(os.urandom(4 * 1024**2))
            os.fsync(file.fileno())
        before = diskstats()
        second = {name: one for name, one in (await probe(collector)).items() if name.startswith("io/")}
        after = diskstats()
    for name, reading in second.items():
        device = name.removeprefix("io/")
        assert not Path("/sys/class/block", device, "partition").exists()
        for field, value in ((2, "read_bytes_total"), (6, "written_bytes_total")):
            assert before[device][field] * SECTOR <= reading.values[value] <= after[device][field] * SECTOR
        busy_ms = round(reading.values["busy_seconds_total"] * 1000)  # the kernel counts whole milliseconds
        assert before[device][9] <= busy_ms <= after[device][9]
        assert 0 <= reading.values["busy_ratio"] <= 1
        assert "written_bytes_per_second" not in first[name].values
    assert sum(one.values["written_bytes_per_second"] for one in second.values()) > 0


async def test_what_the_kernel_does_not_list_as_a_whole_device_is_left_out(tmp_path):
    whole = {name for name in await probe_once() if name.startswith("io/")}
    if not whole:
        unmet("this machine has no block device")
    (tmp_path / "block").mkdir()
    async with HostCollector(module(), sys=tmp_path) as collector:
        assert not whole & (await probe(collector)).keys()
        (tmp_path / "block" / min(whole).removeprefix("io/").replace("/", "!")).mkdir()
        assert whole & (await probe(collector)).keys() == {min(whole)}


async def test_the_loopback_interface_agrees_with_proc_net_dev():
    def loopback() -> list[int]:
        lines = Path("/proc/net/dev").read_text().splitlines()
        return [int(field) for line in lines if line.split(":")[0].strip() == "lo" for field in line.split()[1:]]

    before = loopback()
    readings = await probe_once(interfaces={"include": ["lo"]})
    after = loopback()
    values = readings["net/lo"].values
    assert [name for name in readings if name.startswith("net/")] == ["net/lo"]
    assert before[0] <= values["received_bytes_total"] <= after[0]
    assert before[8] <= values["sent_bytes_total"] <= after[8]
    assert before[2] + before[10] <= values["errors_total"] <= after[2] + after[10]


@pytest.fixture
def wire() -> Iterator[str]:
    """Two network namespaces of the test's own with one wire, here0 to there0; named NAME and NAMEp."""
    need_root()
    ip, name = need_program("ip"), f"slahost{os.getpid()}"
    try:
        for command in (
            f"netns add {name}", f"netns add {name}p",
            f"-n {name} link add here0 type veth peer name there0 netns {name}p",
            f"-n {name} addr add 192.0.2.1/24 dev here0", f"-n {name}p addr add 192.0.2.2/24 dev there0",
            f"-n {name} link set here0 up", f"-n {name}p link set there0 up",
        ):  # fmt: skip
            run(ip, *command.split())
        yield name
    finally:
        for suffix in ("", "p"):
            subprocess.run([ip, "netns", "del", name + suffix], check=False, capture_output=True)


def witness(wire: str) -> dict[str, dict[str, int]]:
    return json.loads(run("ip", "-n", wire, "-j", "-s", "link", "show", "here0"))[0]["stats64"]


SEND = "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.sendto(bytes(1000), ('192.0.2.2', 9)); s.close()"


def test_an_interface_of_our_own_is_measured_loses_its_link_and_goes(wire):
    options = {"interfaces": {"include": ["here0"]}, "interfaces_up": ["here0"]}
    with (
        Prober(options, "ip", "netns", "exec", wire) as strict,
        Prober({"interfaces": {"include": ["here0"]}}, "ip", "netns", "exec", wire) as lenient,
    ):
        first = strict.probe()["net/here0"]
        run("ip", "netns", "exec", wire, sys.executable, "-c", SEND)
        before = witness(wire)
        second = strict.probe()["net/here0"]
        after = witness(wire)
        assert (first.outcome, first.values["link_up"]) == (Outcome.OK, 1)
        assert first.values["speed_bytes_per_second"] == 1_250_000_000  # 10 Gbit/s, what veth says of itself
        assert second.values["sent_bytes_total"] - first.values["sent_bytes_total"] >= 1000
        for name, way in (("sent_bytes_total", "tx"), ("received_bytes_total", "rx")):
            assert before[way]["bytes"] <= second.values[name] <= after[way]["bytes"]
        assert second.values["sent_bytes_per_second"] > 0

        run("ip", "-n", f"{wire}p", "link", "set", "there0", "down")
        while '"operstate":"UP"' in run("ip", "-n", wire, "-j", "link", "show", "here0"):
            continue  # the kernel tells of a lost carrier a moment later
        down, same = strict.probe()["net/here0"], lenient.probe()["net/here0"]
        assert (down.outcome, down.reason) == (Outcome.FAILED, Reason.MISMATCH)
        assert (same.outcome, same.values["link_up"]) == (Outcome.OK, 0)
        assert "speed_bytes_per_second" not in same.values

        run("ip", "-n", wire, "link", "del", "here0")
        gone, readings = strict.probe()["net/here0"], lenient.probe()
        assert (gone.outcome, gone.values) == (Outcome.FAILED, {})
        assert "net/here0" not in readings
        assert readings[""].outcome is Outcome.OK


# --- watched processes


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def sleeper(tmp_path: Path, name: str) -> str:
    """A program under a name of its own, so that no other process of this machine has it."""
    return shutil.copy(need_program("sleep"), tmp_path / name)


@pytest.mark.parametrize("stem", ["slatest", "sla-longer-than-the-15-characters-of-the-kernel-"])
async def test_a_watched_process_is_measured_and_its_zombie_is_not_running(stem, tmp_path, started):
    name = f"{stem}{os.getpid()}"
    started.append(subprocess.Popen([sleeper(tmp_path, name), "600"]))
    async with HostCollector(module(processes=[{"name": name}])) as collector:
        running = await probe(collector)
        kibibytes, age = run("ps", "-o", "rss=,etimes=", "-p", str(started[0].pid)).split()
        values = running[f"process/{name}"].values
        assert running[f"process/{name}"].outcome is Outcome.OK
        assert values["processes_running"] == 1
        assert values["process_memory_bytes"] == int(kibibytes) * 1024
        assert values["process_oldest_start_timestamp_seconds"] == pytest.approx(time.time() - int(age), abs=5)

        started[0].send_signal(signal.SIGTERM)
        os.waitid(os.P_PID, started[0].pid, os.WEXITED | os.WNOWAIT)  # dead, and left a zombie
        dead = await probe(collector)
    assert run("ps", "-o", "stat=", "-p", str(started[0].pid)).startswith("Z")
    reading = dead[f"process/{name}"]
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, Reason.NOT_RUNNING)
    assert reading.values == {"processes_running": 0}
    assert name in reading.detail
    assert dead[""].outcome is Outcome.OK


async def test_a_command_tells_processes_of_one_program_apart_and_counts_have_limits(tmp_path, started):
    program = sleeper(tmp_path, "slacount")
    started += [subprocess.Popen([program, seconds]) for seconds in ("601", "601", "602")]
    watches = [
        {"name": "slacount", "max": "2"},
        {"name": "first", "command": f"^{program} 601$", "min": "2", "max": "2"},
        {"name": "second", "command": f"^{program} 602$", "min": "2"},
        {"name": "none", "command": f"^{program} 603$", "min": "0"},
    ]
    readings = await probe_once(processes=watches)
    found = {name: (one.reason, one.values["processes_running"]) for name, one in readings.items() if "process" in name}
    assert found == {
        "process/slacount": (Reason.MISMATCH, 3),
        "process/first": (None, 2),
        "process/second": (Reason.NOT_RUNNING, 1),
        "process/none": (None, 0),
    }


async def test_the_cpu_of_a_watched_process_agrees_with_its_own_account(started):
    mark = f"sla_burner_{os.getpid()}"
    command = [sys.executable, "-c", f"print('{mark}', flush=True)\nwhile True: pass"]
    started.append(subprocess.Popen(command, stdout=subprocess.PIPE))

    def used_seconds() -> float:
        fields = Path(f"/proc/{started[0].pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    assert started[0].stdout is not None
    with started[0].stdout as out:
        out.readline()
    async with HostCollector(module(processes=[{"name": "burner", "command": mark}])) as collector:
        since, used = time.monotonic(), used_seconds()
        first = (await probe(collector))["process/burner"].values
        burn(0.5)
        second = (await probe(collector))["process/burner"].values
        share = (used_seconds() - used) / (time.monotonic() - since) / (os.cpu_count() or 1)
    assert "process_cpu_used_ratio" not in first
    assert second["process_cpu_used_ratio"] == pytest.approx(share, abs=0.15)
    assert second["process_cpu_used_ratio"] > 0.05


@pytest.mark.parametrize(("hidepid", "counted"), [(1, True), (2, False)])
def test_where_processes_are_hidden_their_absence_is_no_evidence(hidepid, counted):
    prefix = in_mounts_of_its_own(f"mount -t proc -o hidepid={hidepid} proc /proc")
    options = {"processes": [{"name": "no-such-process"}]}
    with Prober(options, *prefix, user="nobody") as prober, Prober(options, *prefix) as root:
        hidden, seen = prober.probe(), root.probe()
    reading = hidden["process/no-such-process"]
    assert (reading.outcome, reading.reason) == (Outcome.ERROR, Reason.PERMISSION)
    assert ("processes" in hidden[""].values) is counted  # 1 hides what they are, 2 that they are
    assert hidden[""].outcome is Outcome.OK
    assert seen["process/no-such-process"].reason is Reason.NOT_RUNNING
