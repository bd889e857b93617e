"""The host kind without a machine: counters that go back, mount tables, sensors in a tree of files, options."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import ValidationError

from collectors.base import Module, Outcome, Reading
from collectors.host import KIND, HostCollector, HostModule
from collectors.host.disks import usage
from collectors.host.temperatures import temperature_readings
from collectors.hostparts.cpu import cpu_ratios
from collectors.hostparts.disks import mountpoints
from collectors.hostparts.rates import History, Sample, rates
from collectors.hostparts.selection import VIRTUAL_INTERFACES, Disks, Selection
from tests.collectors.hosting import burn, by_component, module, probe


def counters(at_seconds: float, **values: float) -> Sample:
    return Sample(at_seconds, {"io/a": values})


def test_a_counter_that_grew_has_its_mean_per_second():
    assert rates(counters(10, read=100), counters(14, read=108)) == {"io/a": {"read": 2.0}}
    assert rates(counters(10, read=100), counters(14, read=100)) == {"io/a": {"read": 0.0}}


@pytest.mark.parametrize(
    ("previous", "current"),
    [
        pytest.param(None, counters(10, read=1), id="first probe"),
        pytest.param(counters(10, read=1), counters(10, read=9), id="no time has passed"),
        pytest.param(counters(10, read=2**32 - 1), counters(14, read=5), id="wrapped"),
        pytest.param(counters(10, read=7, written=9), counters(14, read=8, written=0), id="one of two was reset"),
        pytest.param(counters(10, read=7), counters(14, read=8, written=1), id="another set of counters"),
        pytest.param(Sample(10, {"io/b": {"read": 1}}), counters(14, read=8), id="a new device"),
    ],
)
def test_without_two_counts_that_belong_together_there_is_no_rate(previous, current):
    assert rates(previous, current) == {}


def test_a_reset_costs_one_rate_only_and_only_that_of_its_own_device():
    history = History()
    history.step(0, {"a": {"read": 50}, "b": {"read": 50}})
    assert history.step(2, {"a": {"read": 0}, "b": {"read": 60}}) == {"b": {"read": 5}}
    assert history.step(4, {"a": {"read": 8}, "b": {"read": 60}}) == {"a": {"read": 4}, "b": {"read": 0}}


def test_stolen_time_counts_as_used_and_waiting_for_disks_does_not():
    fields = {"user": 1.0, "nice": 0.0, "system": 1.0, "idle": 4.0, "iowait": 1.0, "irq": 0.0, "softirq": 0.0}
    assert cpu_ratios(fields | {"steal": 1.0}) == {
        "cpu_used_ratio": 3 / 8,
        "cpu_iowait_ratio": 1 / 8,
        "cpu_steal_ratio": 1 / 8,
    }
    assert "cpu_steal_ratio" not in cpu_ratios(fields)
    assert cpu_ratios(dict.fromkeys(fields, 0.0)) == {}


# --- file systems


class Line(NamedTuple):
    device: str
    mountpoint: str
    fstype: str


TABLE = [
    Line("/dev/sda2", "/", "ext4"), Line("proc", "/proc", "proc"), Line("tmpfs", "/run", "tmpfs"),
    Line("/dev/sda1", "/boot", "xfs"), Line("/dev/loop3", "/snap/core/1", "squashfs"),
    Line("overlay", "/var/lib/docker/overlay2/x/merged", "overlay"), Line("files:/a", "/srv/a", "nfs4"),
    Line("files:/b", "/srv/b", "nfs4"), Line("/dev/sda2", "/var/lib/docker/volumes/v", "ext4"),
    Line("/dev/sda2", "/etc/hosts", "ext4"),
]  # fmt: skip


def test_only_real_file_systems_are_measured_and_each_device_once():
    assert mountpoints(Disks(), TABLE) == ["/", "/boot", "/srv/a", "/srv/b"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"include": ["/srv/*"]}, ["/srv/a", "/srv/b"]),
        ({"include": ["/srv/*"], "exclude": ["*/b"]}, ["/srv/a"]),
        ({"exclude": ["/boot"], "exclude_types": ["nfs*", "proc", "tmpfs", "overlay", "squashfs"]}, ["/"]),
        ({"include": ["/run"]}, ["/run"]),
    ],
)
def test_include_and_exclude_choose_mount_points(options, wanted):
    assert mountpoints(Disks.model_validate(options), TABLE) == wanted


def test_what_autofs_mounts_is_never_looked_at_even_where_included():
    table = [
        Line("systemd-1", "/data", "autofs"), Line("/dev/sdb1", "/data", "ext4"),
        Line("auto.home", "/home", "autofs"), Line("files:/home/li", "/home/li", "nfs4"),
        Line("/dev/sdc1", "/database", "ext4"),
    ]  # fmt: skip
    assert mountpoints(Disks(), table) == ["/database"]
    assert mountpoints(Disks(include=("*",)), table) == ["/database"]


def test_a_mount_over_another_counts_as_what_is_in_sight():
    assert mountpoints(Disks(), [Line("/dev/sdb1", "/data", "ext4"), Line("none", "/data", "tmpfs")]) == []


def statvfs(**fields: int) -> os.statvfs_result:
    names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail", "f_flag")
    defaults = {"f_bsize": 4096, "f_frsize": 512}
    return os.statvfs_result([(defaults | fields).get(name, 0) for name in (*names, "f_namemax")])


def test_roots_reserve_is_neither_free_nor_part_of_the_ratio():
    values = usage(statvfs(f_blocks=100, f_bfree=40, f_bavail=20))
    assert (values["disk_total_bytes"], values["disk_free_bytes"]) == (51200, 10240)
    assert values["disk_used_ratio"] == 60 / 80


def test_a_file_system_without_blocks_has_no_ratio():
    assert usage(statvfs(f_flag=os.ST_RDONLY)) == {"read_only": 1}


# --- sensors


def tree(root: Path, **files: str) -> None:
    root.mkdir(parents=True)
    for name, text in files.items():
        (root / name).write_text(text + "\n")


def temperatures(sys: Path) -> dict[str, dict[str, float]]:
    return {name: dict(one.values) for name, one in by_component(temperature_readings(sys)).items()}


def test_sensors_are_read_with_the_thresholds_the_chip_names_and_no_others(tmp_path):
    tree(
        tmp_path / "class/hwmon/hwmon0", name="coretemp",
        temp1_input="41500", temp1_label="Package id 0", temp1_max="82000", temp1_crit="100000",
        temp2_input="-3000", temp2_crit="99000", temp3_input="20000", temp3_fault="1", temp4_label="no input",
        temp10_input="1000", temp10_label="Package id 0", temp11_input="nonsense",
    )  # fmt: skip
    (tmp_path / "class/hwmon/hwmon0/temp5_input").mkdir()  # reading it fails
    assert temperatures(tmp_path) == {
        "temperature/coretemp/Package id 0": {
            "temperature_celsius": 41.5,
            "temperature_high_celsius": 82.0,
            "temperature_critical_celsius": 100.0,
        },
        "temperature/coretemp/temp2": {"temperature_celsius": -3.0, "temperature_critical_celsius": 99.0},
        "temperature/coretemp/Package id 0#temp10": {"temperature_celsius": 1.0},
    }


def test_two_chips_of_one_name_are_told_apart_by_their_device_not_by_their_number(tmp_path):
    for number, device, degrees in ((0, "nvme1", "30000"), (1, "nvme0", "40000")):
        (tmp_path / "devices" / device).mkdir(parents=True)
        tree(tmp_path / f"class/hwmon/hwmon{number}", name="nvme", temp1_input=degrees, temp1_label="Composite")
        (tmp_path / f"class/hwmon/hwmon{number}/device").symlink_to(tmp_path / "devices" / device)
    assert temperatures(tmp_path) == {
        "temperature/nvme@nvme1/Composite": {"temperature_celsius": 30.0},
        "temperature/nvme@nvme0/Composite": {"temperature_celsius": 40.0},
    }


def test_thermal_zones_stand_in_where_there_is_no_chip(tmp_path):
    zone = tmp_path / "class/thermal/thermal_zone0"
    tree(
        zone, type="cpu-thermal", temp="52000", trip_point_0_type="passive", trip_point_0_temp="85000",
        trip_point_1_type="critical", trip_point_1_temp="105000", trip_point_2_type="hot", trip_point_2_temp="95000",
    )  # fmt: skip
    assert temperatures(tmp_path) == {
        "temperature/cpu-thermal/thermal_zone0": {
            "temperature_celsius": 52.0,
            "temperature_high_celsius": 95.0,
            "temperature_critical_celsius": 105.0,
        }
    }


def test_without_sensors_there_are_no_readings(tmp_path):
    assert temperature_readings(tmp_path) == []


async def test_sensors_are_left_alone_where_the_module_says_so(tmp_path):
    tree(tmp_path / "class/hwmon/hwmon0", name="chip", temp1_input="1000")
    for wanted in (True, False):
        async with HostCollector(module(temperatures=wanted), sys=tmp_path) as collector:
            assert ("temperature/chip/temp1" in await probe(collector)) is wanted


# --- options and the kind


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("eth0", True), ("enp3s0f1", True), ("bond0", True), ("bond0.120", True), ("vlan20", True), ("wlan0", True),
        ("br0", True), ("lo", False), ("veth12ab", False), ("docker0", False), ("br-5f2c", False), ("ifb0", False),
    ],
)  # fmt: skip
def test_interfaces_by_default_are_those_that_reach_out(name, taken):
    assert Selection().takes(name, VIRTUAL_INTERFACES) is taken


def test_who_names_an_interface_gets_it_whatever_its_kind():
    assert Selection(include=("docker*",)).takes("docker0", VIRTUAL_INTERFACES)
    assert Selection(exclude=()).takes("lo", VIRTUAL_INTERFACES)
    assert not Selection(include=("eth*",)).takes("wlan0", VIRTUAL_INTERFACES)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"processes": [{"name": "nginx"}, {"name": "nginx", "command": "x"}]}, "nginx twice"),
        ({"processes": [{"name": "nginx", "min": "3", "max": "2"}]}, "nginx: got max 2 below min 3"),
        ({"processes": [{"name": "nginx", "command": "("}]}, "wanted a regular expression"),
        ({"processes": [{"name": ""}]}, "at least 1 character"),
        ({"disk": {}}, "Extra inputs"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any], words: str):
    with pytest.raises(ValidationError, match=words.replace("(", r"\(")):
        HostModule.model_validate(options)


def test_only_the_machine_itself_can_be_a_target():
    assert KIND.check_address("localhost") == ""
    assert "wanted localhost" in KIND.check_address("127.0.0.1")


def test_the_kind_builds_a_collector_for_its_own_modules_only():
    assert isinstance(KIND.build(HostModule()), HostCollector)
    with pytest.raises(TypeError, match="wanted HostModule"):
        KIND.build(Module())


def test_every_value_has_one_sentence_of_english():
    for name, sentence in KIND.values.items():
        assert sentence[0].isupper() or sentence[0].isdigit(), name
        assert sentence.endswith("."), name
        assert sentence.count(". ") == 0, name


async def test_no_value_is_promised_that_no_reading_carries(tmp_path):
    tree(tmp_path / "class/hwmon/hwmon0", name="chip", temp1_input="1000", temp1_max="2000", temp1_crit="3000")
    everything = module(
        disks={"include": ["/"]}, interfaces={"include": ["*"]}, processes=[{"name": "all", "command": "."}]
    )
    readings: list[Reading] = []
    async with HostCollector(everything, sys=tmp_path) as collector:
        for _ in range(2):
            readings += (await probe(collector)).values()
            burn(0.05)
    carried = {name for one in readings for name in one.values}
    of_some_machines = {"swap_used_ratio", "speed_bytes_per_second", "inodes", "inodes_used_ratio"}
    assert {one.outcome for one in readings} == {Outcome.OK}
    assert KIND.values.keys() - carried <= of_some_machines
