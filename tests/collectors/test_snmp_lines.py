"""A real agent in a network namespace: its interface goes down and comes back as `ip link` says."""

import asyncio
import itertools
import os
import subprocess
from typing import NamedTuple

import pytest

from collectors.base import Target
from collectors.snmp import KIND, SnmpModule
from tests.collectors.snmp_peers import COMMUNITY, snmpd
from tests.collectors.test_snmp import MISMATCH, OK, verdict
from tests.requirements import need_program, need_root

pytestmark = pytest.mark.root

IN_USE = itertools.count()


def ip(*arguments):
    subprocess.run([need_program("ip"), *arguments], check=True)


class Far(NamedTuple):
    """A namespace, its address, and our end of the line into it that may be cut; its own end is `line`."""

    name: str
    address: str
    line: str


@pytest.fixture
def far():
    """Two pairs of interfaces into a namespace: one to ask over, one to cut. Names of a process's own."""
    need_root()
    mine = f"{os.getpid()}x{next(IN_USE)}"
    name, ours, line = f"snmp-{mine}", f"sq{mine}", f"sl{mine}"
    net = f"10.231.{os.getpid() % 250}"
    ip("netns", "add", name)
    try:
        for here, there in ((ours, "ask"), (line, "line")):
            ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
            ip("link", "set", here, "up")
            ip("-n", name, "link", "set", there, "up")
        ip("address", "add", f"{net}.1/30", "dev", ours)
        ip("-n", name, "address", "add", f"{net}.2/30", "dev", "ask")
        yield Far(name, f"{net}.2", line)
    finally:
        for here in (ours, line):
            ip("link", "del", here)
        ip("netns", "del", name)


@pytest.mark.parametrize("backend", ["gufo", "pysnmp"])
async def test_a_line_is_cut_mended_and_shut(far, backend, tmp_path, monkeypatch):
    monkeypatch.setenv("SNMP_COMMUNITY", COMMUNITY)
    options = {"community": {"env": "SNMP_COMMUNITY"}, "interfaces_up": ["line"], "backend": backend, "timeout": "5s"}
    wrap = (need_program("ip"), "netns", "exec", far.name)
    async with KIND.build(SnmpModule.model_validate(options)) as collector:

        async def until(wanted, detail=""):
            """The agent looks at the kernel's table only now and then."""
            async with asyncio.timeout(90):
                while True:
                    target = Target(id="t", address=f"{far.address}:1161", timeout_seconds=5)
                    found = {reading.component: reading for reading in await collector.collect(target)}
                    line = found.get("if/line")
                    if line is not None and verdict(line) == wanted and detail in line.detail:
                        return found
                    await asyncio.sleep(0.3)

        with snmpd(tmp_path, far.address, 1161, wrap=wrap):
            found = await until(OK)
            assert found["if/line"].values["oper_status"] == 1
            ip("link", "set", far.line, "down")
            assert verdict((await until(MISMATCH, "though administratively up"))[""]) == OK
            ip("link", "set", far.line, "up")
            await until(OK)
            ip("-n", far.name, "link", "set", "line", "down")
            await until(MISMATCH, "shut by administration")
