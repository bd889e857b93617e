"""Kind host_page with pages of node_exporter: what they come to, and what is unknown where they do not tell."""

import pytest

from collectors.base import Outcome, Reason
from collectors.host import HostCollector, HostModule
from collectors.host_page import HostPageModule
from tests.collectors.hosting import probe as probe_this_host
from tests.collectors.page_peers import (
    NODE,
    STAMP,
    dated,
    eye,
    failing,
    later,
    look,
    looks,
    node_page,
    response,
    running_node_exporter,
    without,
)

COUNTED = ("boot_timestamp_seconds", "cpus", "memory_total_bytes", "swap_total_bytes", "disk_total_bytes", "inodes")


async def test_a_real_node_exporter_says_of_this_host_what_the_kind_host_says() -> None:
    with running_node_exporter() as address:
        async with eye(address) as one:
            await one.look()
            found = await one.look()
    async with HostCollector(HostModule()) as collector:
        here = await probe_this_host(collector)
    assert {name for name in here if not name.startswith("temperature/")} <= found.keys()
    for component, reading in here.items():
        if component.startswith("temperature/"):
            continue
        assert found[component].outcome is Outcome.OK, component
        names = reading.values.keys() - {"processes"}  # only with its collector processes
        assert names <= found[component].values.keys(), component
        for name in COUNTED:
            assert found[component].values.get(name) == reading.values.get(name), (component, name)
        for name in ("disk_used_ratio", "inodes_used_ratio", "memory_used_ratio"):
            assert found[component].values.get(name) == pytest.approx(reading.values.get(name), abs=0.1)
        for name in names:
            if name.endswith("_total"):
                assert found[component].values[name] == pytest.approx(reading.values[name], rel=0.2, abs=1e7)


async def test_a_real_node_exporter_without_memory_is_not_a_sound_host() -> None:
    with running_node_exporter("--no-collector.meminfo", "--no-collector.cpu") as address:
        async with eye(address) as one:
            found = await one.look()
    assert (found[""].outcome, found[""].reason) == (Outcome.ERROR, Reason.UNREAD)
    assert "cpu and meminfo" in found[""].detail


async def test_every_value_of_a_page() -> None:
    found = await look(node_page())
    host = dict(found[""].values)
    assert host.pop("rtt_seconds") >= 0
    assert host.pop("fetch_seconds") > 0
    assert host.pop("body_bytes") == len(node_page())
    assert host.pop("clock_timestamp_seconds") == pytest.approx(STAMP, abs=20)
    assert host == {
        "load1": 3, "load5": 2, "load15": 1, "cpus": 2, "load1_per_cpu": 1.5, "memory_total_bytes": 8e9,
        "memory_available_bytes": 2e9, "memory_used_ratio": 0.75, "swap_total_bytes": 1e9, "swap_free_bytes": 7.5e8,
        "swap_used_ratio": 0.25, "boot_timestamp_seconds": 1.7e9, "collectors_failed": 0, "age_seconds": 0,
    }  # fmt: skip
    assert {name: dict(reading.values) for name, reading in found.items() if name} == {
        "io/vda": {"read_bytes_total": 5000, "written_bytes_total": 6000, "busy_seconds_total": 7},
        "net/eth0": {
            "received_bytes_total": 100000, "sent_bytes_total": 200000, "errors_total": 3, "drops_total": 7,
            "link_up": 1, "speed_bytes_per_second": 1.25e8,
        },
        "net/eth1": {"link_up": 0},
        "disk/": {
            "read_only": 0, "disk_total_bytes": 1000, "disk_free_bytes": 300, "inodes": 100,
            "disk_used_ratio": pytest.approx(600 / 900), "inodes_used_ratio": 0.25,
        },
        "disk/data": {},
        "temperature/coretemp/Package id 0": {
            "temperature_celsius": 55, "temperature_high_celsius": 80, "temperature_critical_celsius": 100,
        },
    }  # fmt: skip
    assert (found["disk/data"].outcome, found["disk/data"].reason) == (Outcome.ERROR, Reason.UNREAD)


async def test_what_is_not_told_is_absent_and_never_zero() -> None:
    text = without(NODE, "node_load", "node_network_receive_errs", "node_filesystem_files", "node_memory_Swap")
    found = await look(node_page(text=text, node_memory_MemAvailable_bytes=float("nan")))
    absent = {"load1", "load5", "load15", "load1_per_cpu", "swap_used_ratio", "swap_total_bytes"}
    assert not (absent | {"memory_available_bytes", "memory_used_ratio"}) & found[""].values.keys()
    assert "errors_total" not in found["net/eth0"].values
    assert not {"inodes", "inodes_used_ratio"} & found["disk/"].values.keys()


def growing(stamp: float, **changed: float) -> bytes:
    return response(node_page(STAMP + stamp, **changed), dated(later(stamp)))


async def test_counters_become_rates_from_the_second_page_on() -> None:
    first, second = await looks(
        growing(0), growing(60, node_network_receive_bytes_total=900000, node_disk_read_bytes_total=9000)
    )
    assert "received_bytes_per_second" not in first["net/eth0"].values
    assert second["net/eth0"].values["received_bytes_per_second"] > 0
    assert second["net/eth0"].values["sent_bytes_per_second"] == 0
    assert second["io/vda"].values["read_bytes_per_second"] > 0


async def test_cpu_shares_are_of_the_time_between_two_pages() -> None:
    more = NODE.replace('"0",mode="idle"} 1000', '"0",mode="idle"} 1030').replace(
        'mode="user"} 100', 'mode="user"} 110'
    )
    _, second = await looks(growing(0), response(node_page(STAMP + 60, more), dated(later(60))))
    assert second[""].values["cpu_used_ratio"] == pytest.approx(0.25)
    assert second[""].values["cpu_iowait_ratio"] == 0


async def test_a_counter_that_went_back_gives_no_rate_and_the_next_one_does() -> None:
    lower = {"node_network_receive_bytes_total": 10}
    _, reset, after = await looks(growing(0), growing(60, **lower), growing(120, node_network_receive_bytes_total=20))
    assert "received_bytes_per_second" not in reset["net/eth0"].values
    assert reset["net/eth0"].outcome is Outcome.OK
    assert after["net/eth0"].values["received_bytes_per_second"] > 0


async def test_a_reboot_gives_no_rate_though_every_counter_is_higher_than_before() -> None:
    higher = {"node_boot_time_seconds": 1.75e9, "node_network_receive_bytes_total": 10**9}
    _, second = await looks(growing(0), growing(60, **higher))
    assert second[""].values["boot_timestamp_seconds"] == 1.75e9
    assert "received_bytes_per_second" not in second["net/eth0"].values
    assert "cpu_used_ratio" not in second[""].values


async def test_the_same_page_twice_gives_no_rate_of_zero() -> None:
    _, again = await looks(growing(0), growing(0))
    assert again[""].outcome is Outcome.OK
    assert "received_bytes_per_second" not in again["net/eth0"].values


@pytest.mark.parametrize("collector", ["cpu", "meminfo"])
async def test_a_failed_collector_of_cpu_or_memory_makes_the_host_an_error(collector: str) -> None:
    found = await look(failing(node_page(), collector))
    assert (found[""].outcome, found[""].reason) == (Outcome.ERROR, Reason.UNREAD)
    assert collector in found[""].detail
    assert found["disk/"].outcome is Outcome.OK


async def test_another_failed_collector_is_told_and_counted() -> None:
    found = await look(failing(without(node_page(), "node_load"), "loadavg"))
    assert found[""].outcome is Outcome.OK
    assert found[""].values["collectors_failed"] == 1
    assert "loadavg" in found[""].detail


@pytest.mark.parametrize(
    ("collector", "family", "component"),
    [
        ("filesystem", "node_filesystem", "disk/"),
        ("diskstats", "node_disk", "io/vda"),
        ("netdev", "node_network", "net/eth0"),
    ],
)
async def test_parts_of_a_failed_collector_are_errors_until_it_works_again(
    collector: str, family: str, component: str
) -> None:
    broken = failing(without(node_page(STAMP + 60), family), collector)
    first, second, third, fourth = await looks(
        growing(0), response(broken, dated(later(60))), response(broken, dated(later(60))), growing(120)
    )
    assert first[component].outcome is fourth[component].outcome is Outcome.OK
    for found in (second, third):
        assert (found[component].outcome, found[component].reason) == (Outcome.ERROR, Reason.UNREAD)
        assert collector in found[component].detail
        assert not found[component].values


async def test_a_disk_that_vanished_has_no_reading_any_more() -> None:
    gone = without(node_page(STAMP + 60), "node_filesystem")
    _, second = await looks(growing(0), response(gone, dated(later(60))))
    assert "disk/" not in second


async def test_interfaces_that_must_be_up() -> None:
    found = await look(node_page(), interfaces_up=["eth0", "eth1", "eth9"], interfaces={"include": ["eth0"]})
    assert {name: reading.outcome for name, reading in found.items() if name.startswith("net/")} == {
        "net/eth0": Outcome.OK, "net/eth1": Outcome.FAILED, "net/eth9": Outcome.FAILED,
    }  # fmt: skip
    assert found["net/eth1"].reason is found["net/eth9"].reason is Reason.MISMATCH


async def test_an_interface_that_must_be_up_is_unknown_where_links_were_not_read() -> None:
    text = without(node_page(), "node_network_up", "node_network_info", "node_network_flags", "node_network_speed")
    for page in (text, failing(text, "netclass")):
        found = await look(page, interfaces_up=["eth0"])
        assert (found["net/eth0"].outcome, found["net/eth0"].reason) == (Outcome.ERROR, Reason.UNREAD)


async def test_what_the_module_leaves_out_is_left_out() -> None:
    found = await look(
        node_page(), temperatures=False, interfaces={"include": ["eth1"]}, block_devices={"exclude": ["vda"]},
        disks={"include": ["/run"]},
    )  # fmt: skip
    assert sorted(found) == ["", "disk/run", "net/eth1"]


async def test_a_watched_process_is_unknown_on_a_page_that_has_none() -> None:
    found = await look(node_page(), processes=[{"name": "nginx"}])
    assert (found["process/nginx"].outcome, found["process/nginx"].reason) == (Outcome.ERROR, Reason.UNREAD)


def test_the_defaults_of_what_is_measured_are_those_of_the_kind_host() -> None:
    for option in ("disks", "interfaces", "interfaces_up", "block_devices", "temperatures"):
        assert getattr(HostPageModule(), option) == getattr(HostModule(), option)


async def test_a_page_cannot_fill_the_ledger_with_parts() -> None:
    more = "".join(f'node_network_up{{device="e{n}"}} 1\n' for n in range(5000))
    long = f'node_network_up{{device="{"x" * 2000}"}} 1\n'
    found = await look(node_page() + more + long)
    assert len(found) == 1001
    assert found[""].outcome is Outcome.OK
    assert "left out" in found[""].detail


async def test_numbers_too_large_to_count_with_are_absent() -> None:
    huge = {"node_network_receive_errs_total": 1.7e308, "node_network_transmit_errs_total": 1.7e308}
    found = await look(node_page(**huge))
    assert "errors_total" not in found["net/eth0"].values


async def test_a_page_of_several_hosts_is_unknown() -> None:
    two = node_page().replace("node_time_seconds", 'node_time_seconds{instance="a"}')
    found = await look(two + f'node_time_seconds{{instance="b"}} {STAMP}\n')
    assert (found[""].outcome, found[""].reason) == (Outcome.ERROR, Reason.UNREAD)
