"""Kind host_page with the page of a real second agent: what it says of its host is what the kind host said there."""

import asyncio
import re
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.metrics import BUILD_INFO, LAST_PROBE, PROBLEM, value_families
from collectors import KINDS
from collectors.base import Outcome, Reading, Reason
from collectors.host import KIND as HOST
from collectors.host import HostCollector, HostModule
from collectors.host_page import agent
from collectors.host_page.collector import KIND
from tests.agent.cli_agent import running, sla_agent, wait_for, write_config
from tests.collectors.hosting import probe as probe_this_host
from tests.collectors.page_peers import eye, look, response

GROWS = re.compile(
    "_(total|per_second)$|^(load|cpu_|busy_|memory_(available|used)|disk_(free|used)|inodes_used|processes$)"
)
WATCHED = "processes: [{name: nothing-of-this-name}]"


class Far(NamedTuple):
    """A running agent that measures the machine it is on, and a port besides."""

    url: str


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """Measured twice, so that it has rates."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        targets = f"""
  - {{target_id: box, kind: host, address: localhost, module: watching}}
  - {{target_id: port, kind: tcp, address: "127.0.0.1:{port}", module: fast}}
"""
        watching = f"  watching: {{kind: host, interval: 1s, timeout: 1s, {WATCHED}}}"
        config = write_config(tmp_path_factory.mktemp("far"), targets, watching)
        with running(config) as started:
            url = f"http://{started.address}/metrics"
            wait_for(lambda: True if "sla_host_sent_bytes_per_second{" in page(url) else None)
            yield Far(url)


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_the_families_are_those_that_the_agent_writes() -> None:
    written = {family.name: value for value, family in value_families(KINDS)["host"].items()}
    assert written == agent.FAMILIES
    assert (LAST_PROBE.name, PROBLEM.name, BUILD_INFO.name) == (agent.LAST, agent.PROBLEM, agent.BUILD)
    assert PROBLEM.labels == ("outcome", "reason")


def test_both_kinds_show_what_both_measure_in_the_same_families() -> None:
    families = value_families(KINDS)
    for value in HOST.values:
        assert families["host_page"][value].name == families["host"][value].name == f"sla_host_{value}"
    own = {value: family.name for value, family in families["host_page"].items() if value not in HOST.values}
    assert own == {
        value: f"sla_host_page_{value}" for value in KIND.values if value not in {*HOST.values, "rtt_seconds"}
    }


async def test_the_readings_are_those_of_the_kind_host(far: Far) -> None:
    async with eye(far.url) as one:
        found = await one.look()
    async with HostCollector(HostModule()) as collector:
        here = await probe_this_host(collector)
    assert found.pop("process/nothing-of-this-name").reason is Reason.NOT_RUNNING
    assert found.keys() == here.keys()
    for component, reading in here.items():
        assert found[component].outcome is reading.outcome
        fixed = {name: value for name, value in reading.values.items() if GROWS.search(name) is None}
        assert {name: found[component].values.get(name) for name in fixed} == fixed
        assert reading.values.keys() <= found[component].values.keys()
        for name, value in reading.values.items():
            if name.endswith("_total"):
                assert found[component].values[name] <= value
    assert "received_bytes_per_second" in next(r for n, r in found.items() if n.startswith("net/")).values
    assert "cpu_used_ratio" in found[""].values
    assert 0 <= found[""].values["age_seconds"] < 20


async def test_through_open_metrics_it_is_the_same(far: Far) -> None:
    async with eye(far.url, headers={"Accept": "application/openmetrics-text"}) as one:
        found = await one.look()
    assert found[""].outcome is Outcome.OK
    assert found["disk/"].values["disk_total_bytes"] > 0


async def test_what_the_page_is_asked_for_and_what_it_lacks(far: Far) -> None:
    async with eye(far.url, remote_target="other") as one:
        assert (await one.look())[""].reason is Reason.UNREAD
    options = {"disks": {"exclude": ["/"]}, "interfaces_up": ["eth9"], "processes": [{"name": "nginx"}]}
    async with eye(far.url, remote_target="box", **options) as one:
        found = await one.look()
    assert "disk/" not in found
    assert (found["net/eth9"].outcome, found["net/eth9"].reason) == (Outcome.ERROR, Reason.UNREAD)
    assert (found["process/nginx"].outcome, found["process/nginx"].reason) == (Outcome.ERROR, Reason.UNREAD)


async def test_the_middle_s_own_bounds_of_a_watched_process_count(far: Far) -> None:
    async with eye(far.url, processes=[{"name": "nothing-of-this-name", "min": 0}]) as one:
        assert (await one.look())["process/nothing-of-this-name"].outcome is Outcome.OK


def test_the_probe_command_shows_steps_and_values(far: Far) -> None:
    said = sla_agent("probe", "host_page", far.url)
    assert said.code == 1  # the watched process does not run
    for text in ("an agent's", "memory_used_ratio", "clock_skew_seconds", "✗ process/nothing-of-this-name failed"):
        assert text in said.out, said.out


def test_one_agent_in_the_middle_keeps_the_ledger_of_another_s_host(far: Far, tmp_path: Path) -> None:
    eyes = "  eyes: {kind: host_page, interval: 1s, timeout: 1s, limits: {disk_used_ratio: 0.000001}}"
    targets = f'  - {{target_id: box-1, kind: host_page, address: "{far.url}", module: eyes}}'
    with running(write_config(tmp_path, targets, eyes)) as middle:
        url = f"http://{middle.address}/metrics"
        wait_for(lambda: True if 'sla_target_up{target="box-1#disk/",kind="host_page"' in page(url) else None)
        text = page(url)
    assert 'sla_host_memory_used_ratio{target="box-1",kind="host_page"' in text
    assert 'sla_host_page_age_seconds{target="box-1",kind="host_page"' in text
    assert re.search(r'sla_target_state\{target="box-1#disk/",.*state="degraded"\} 1', text)
    assert re.search(r'sla_host_page_clock_skew_seconds\{target="box-1".*\} -?[0-9.e-]+\n', text)
    # a third agent must not take the middle's figures of another host for the middle's own
    found = asyncio.run(look(response(text, {})))
    assert (found[""].outcome, found[""].reason) == (Outcome.ERROR, Reason.UNREAD)


# pages that are written here

HEAD = 'sla_agent_build_info{version="1"} 1\n'


def part(name: str, at: float = 1000.0, more: str = "", **values: float) -> str:
    labels = f'target="{name}",kind="host",module="m",site="",vantage="v"{more}'
    lines = [f"sla_host_{value}{{{labels}}} {number!r}" for value, number in values.items()]
    return "\n".join([f"sla_target_last_probe_timestamp_seconds{{{labels}}} {at!r}", *lines, ""])


def problem(name: str, outcome: str, reason: str) -> str:
    return f'sla_probe_problem{{target="{name}",kind="host",outcome="{outcome}",reason="{reason}"}} 1\n'


AT_1000 = {"Date": "Thu, 01 Jan 1970 00:16:40 GMT"}


async def read(*parts: str, **options: object) -> Mapping[str, Reading]:
    return await look(response(HEAD + "".join(parts), AT_1000), **options)


async def test_what_the_agent_there_found_wrong_stays_wrong() -> None:
    found = await read(
        part("a", load1=1.0),
        part("a#disk/data", disk_total_bytes=5.0), problem("a#disk/data", "failed", "timeout"),
        part("a#process/x", processes_running=0.0), problem("a#process/x", "failed", "not_running"),
        part("a#disk/b", disk_total_bytes=5.0), problem("a#disk/b", "error", "permission"),
        part("a#disk/c"), problem("a#disk/c", "failed", "a reason of tomorrow"),
    )  # fmt: skip
    assert {name: (str(one.outcome), one.reason) for name, one in found.items()} == {
        "": ("ok", None),
        "disk/data": ("failed", Reason.TIMEOUT),
        "process/x": ("failed", Reason.NOT_RUNNING),
        "disk/b": ("error", Reason.UNREAD),
        "disk/c": ("error", Reason.UNREAD),
    }
    assert not found["disk/b"].values


async def test_a_part_that_the_last_probe_there_did_not_see_has_no_reading() -> None:
    found = await read(part("a", load1=1.0), part("a#disk/gone", 940.0, disk_total_bytes=5.0), part("a#disk/", 1000.0))
    assert sorted(found) == ["", "disk/"]


async def test_a_host_that_was_not_measured_lately_is_unknown() -> None:
    found = await read(part("a", 879.0, load1=1.0))
    assert (found[""].outcome, found[""].reason, list(found)) == (Outcome.ERROR, Reason.UNREAD, [""])
    assert found[""].values["age_seconds"] == 121


async def test_the_kind_host_s_own_error_there_is_an_error_here() -> None:
    found = await read(part("a", load1=1.0), problem("a", "error", "internal"))
    assert (found[""].outcome, found[""].reason) == (Outcome.ERROR, Reason.UNREAD)
    assert "load1" not in found[""].values


async def test_figures_of_a_simulated_store_are_not_taken_unasked() -> None:
    text = part("a", more=',simulated="true"', load1=1.0)
    assert (await read(text))[""].reason is Reason.UNREAD
    assert (await read(text, accept_simulated=True))[""].values["load1"] == 1


@pytest.mark.parametrize("parts", [(), (part("a"), part("b"))])
async def test_a_page_of_no_host_or_of_two_is_unknown(parts: tuple[str, ...]) -> None:
    found = await read(*parts)
    assert (found[""].outcome, found[""].reason) == (Outcome.ERROR, Reason.UNREAD)


async def test_of_two_hosts_the_one_that_is_named() -> None:
    found = await read(part("a", load1=1.0), part("b", load1=2.0), part("b#disk/"), remote_target="b")
    assert found[""].values["load1"] == 2
    assert sorted(found) == ["", "disk/"]
