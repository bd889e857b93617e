"""Bins of a real agent that asks a real snmpd: a clean stop keeps the running bin, kill -9 loses no other."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.stores.opening import Location, connect
from agent.stores.reading import SqliteReader
from sla.bins import Bin
from sla.model import Window
from tests.collectors.snmp_peers import COMMUNITY, snmpd
from tests.e2e.running import Process, agent, until
from tests.requirements import need_program, need_root

pytestmark = pytest.mark.root

HERE, THERE, PORT = "10.231.8.1", "10.231.8.2", 1161
CONFIG = """
vantage: {{name: e2e}}
store: {{url: "sqlite:///{store}"}}
web: {{listen_address: "127.0.0.1:0"}}
modules:
  ports:
    {{kind: snmp, interfaces_up: [trf1], community: {{env: E2E_COMMUNITY}}, interval: 1s, timeout: 900ms, retries: 0}}
targets:
  - {{target_id: sw, kind: snmp, address: "{address}", module: ports, role: core}}
registers:
  - {{kind: sites, file: sites.csv}}
  - {{kind: links, file: links.csv}}
"""
SITES = "site_id,name\nS-1,core\nS-2,far\n"
LINKS = "link_id,a_site,b_site,carrier,contracted_mbps,a_device,a_if\nL-1,S-1,S-2,C,1000,sw,trf1\n"
HOUR = 3_600_000_000


def ip(*arguments: str) -> None:
    subprocess.run([need_program("ip"), *arguments], check=True)


@pytest.fixture
def namespace() -> Iterator[str]:
    """A device behind a line of its own: nothing passes there but what we ask."""
    need_root()
    name = f"traffic-{os.getpid()}"
    ip("netns", "add", name)
    try:
        ip("link", "add", "trf0", "type", "veth", "peer", "name", "trf1", "netns", name)
        ip("link", "set", "trf0", "up")
        ip("-n", name, "link", "set", "trf1", "up")
        ip("address", "add", f"{HERE}/30", "dev", "trf0")
        ip("-n", name, "address", "add", f"{THERE}/30", "dev", "trf1")
        yield name
    finally:
        ip("netns", "del", name)


def test_a_stop_keeps_the_running_bin_and_a_kill_loses_no_other(
    namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("E2E_COMMUNITY", COMMUNITY)
    store = tmp_path / "ledger.db"
    (tmp_path / "sites.csv").write_text(SITES, encoding="utf-8")
    (tmp_path / "links.csv").write_text(LINKS, encoding="utf-8")
    wrap = (need_program("ip"), "netns", "exec", namespace)
    with snmpd(tmp_path, THERE, PORT, wrap=wrap) as address:
        config = tmp_path / "agent.yml"
        config.write_text(CONFIG.format(store=store, address=address), encoding="utf-8")
        with agent(config, tmp_path / "agent.log") as running:
            until(lambda: utilisation(running), "a rate against what was contracted that is not 0")
            assert running.stop() == 0
        kept = bins(store)
        assert all(each.covered_us > 0 for each in kept)
        assert sum(each.bits_in for each in kept) > 0  # our own questions and their answers
        assert sum(each.bits_out for each in kept) > 0
        with agent(config, tmp_path / "agent.log") as running:
            until(lambda: utilisation(running) is not None, "a rate of the next run")
            said = json.loads(running.get("/api/v1/targets/sw/utilisation?component=if/trf1"))
            assert said["target"] == "sw#if/trf1"
            running.kill()
        after = {each.start: each for each in bins(store)}
        for each in kept:
            assert after[each.start].covered_us >= each.covered_us
            assert after[each.start].bits_in >= each.bits_in
        assert all(each.covered_us <= 300_000_000 for each in after.values())


def utilisation(running: Process) -> float | None:
    """What the page says of the line."""
    text = running.get("/metrics")
    found = [line for line in text.splitlines() if line.startswith("sla_link_utilisation_ratio{")]
    return float(found[0].rpartition(" ")[2]) if found else None


def bins(store: Path) -> list[Bin]:
    """What the file alone says of the interface."""
    connection = connect(Location(store))
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    reader = SqliteReader(connection)
    try:
        run, component = reader.last_run(), reader.component("sw#if/trf1")
        assert run is not None
        assert component is not None
        return reader.bins(component.id, Window(run.heartbeat_at - HOUR, run.heartbeat_at + HOUR))
    finally:
        reader.close()
