"""A real agent in a network namespace: its interface goes down and comes back as `ip link` says."""

import asyncio
import os
import subprocess

import pytest

from collectors.base import Target
from collectors.snmp import KIND, SnmpModule
from tests.collectors.snmp_peers import COMMUNITY, snmpd
from tests.collectors.test_snmp import MISMATCH, OK, verdict
from tests.requirements import need_program, need_root

pytestmark = pytest.mark.root

HERE, THERE = "10.231.7.1", "10.231.7.2"


def ip(*arguments):
    subprocess.run([need_program("ip"), *arguments], check=True)


@pytest.fixture
def namespace():
    """Two pairs of interfaces into a namespace: one to ask over, one to cut."""
    need_root()
    name = f"snmp-{os.getpid()}"
    ip("netns", "add", name)
    try:
        for here, there in (("snq0", "snq1"), ("snl0", "snl1")):
            ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
            ip("link", "set", here, "up")
            ip("-n", name, "link", "set", there, "up")
        ip("address", "add", f"{HERE}/30", "dev", "snq0")
        ip("-n", name, "address", "add", f"{THERE}/30", "dev", "snq1")
        yield name
    finally:
        ip("netns", "del", name)


@pytest.mark.parametrize("backend", ["gufo", "pysnmp"])
async def test_a_line_is_cut_mended_and_shut(namespace, backend, tmp_path, monkeypatch):
    monkeypatch.setenv("SNMP_COMMUNITY", COMMUNITY)
    options = {"community": {"env": "SNMP_COMMUNITY"}, "interfaces_up": ["snl1"], "backend": backend, "timeout": "5s"}
    wrap = (need_program("ip"), "netns", "exec", namespace)
    async with KIND.build(SnmpModule.model_validate(options)) as collector:

        async def until(wanted, detail=""):
            """The agent looks at the kernel's table only now and then."""
            async with asyncio.timeout(90):
                while True:
                    target = Target(id="t", address=f"{THERE}:1161", timeout_seconds=5)
                    found = {reading.component: reading for reading in await collector.collect(target)}
                    line = found.get("if/snl1")
                    if line is not None and verdict(line) == wanted and detail in line.detail:
                        return found
                    await asyncio.sleep(0.3)

        with snmpd(tmp_path, THERE, 1161, wrap=wrap):
            found = await until(OK)
            assert found["if/snl1"].values["oper_status"] == 1
            ip("link", "set", "snl0", "down")
            assert verdict((await until(MISMATCH, "though administratively up"))[""]) == OK
            ip("link", "set", "snl0", "up")
            await until(OK)
            ip("-n", namespace, "link", "set", "snl1", "down")
            await until(MISMATCH, "shut by administration")
