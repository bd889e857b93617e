"""Kinds of tens of thousands of targets probe without a task: the same reading as `collect`, by the same deadline."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from collectors.base import Launcher, Outcome, Reason, Target
from collectors.icmp.kind import icmp_kind
from collectors.tcp import TcpModule, tcp_kind
from tests.collectors.launching import launched
from tests.requirements import need_root


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def tcp_target(address: str, seconds: float = 5.0) -> Target:
    return Target(id="t", address=address, timeout_seconds=seconds)


async def test_a_launched_tcp_probe_says_what_collect_says(listener: socket.socket) -> None:
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    kind = tcp_kind()
    async with kind.build(TcpModule()) as collector:
        assert isinstance(collector, Launcher)
        [asked] = await collector.collect(tcp_target(address))
        future = launched(collector, tcp_target(address))
        assert future is not None
        [reading] = await future
        assert reading.outcome is asked.outcome is Outcome.OK
        assert sorted(reading.values) == sorted(asked.values)
        listener.close()
        future = launched(collector, tcp_target(address))
        assert future is not None
        assert (await future)[0].reason is Reason.REFUSED


async def test_a_launched_tcp_probe_ends_by_its_deadline(listener: socket.socket) -> None:
    kind = tcp_kind()
    module = TcpModule.model_validate({"dialogue": [{"expect": "never"}]})
    async with kind.build(module) as collector:
        assert isinstance(collector, Launcher)
        future = launched(collector, tcp_target(f"127.0.0.1:{listener.getsockname()[1]}", 0.05))
        assert future is not None
        assert (await future)[0].reason is Reason.TIMEOUT


async def test_names_and_traces_are_left_to_collect() -> None:
    kind = tcp_kind()
    async with kind.build(TcpModule()) as collector:
        assert isinstance(collector, Launcher)
        assert launched(collector, tcp_target("localhost:80")) is None
        assert launched(collector, tcp_target("no port")) is None
        traced = Target(id="t", address="127.0.0.1:80", timeout_seconds=1.0, trace=lambda *_: None)
        assert launched(collector, traced) is None


async def test_an_address_pinged_before_is_pinged_again_without_a_task() -> None:
    need_root()
    kind = icmp_kind()
    async with kind.build(kind.module_type()) as collector:
        assert isinstance(collector, Launcher)
        target = Target(id="t", address="127.0.0.1", timeout_seconds=5.0)
        assert launched(collector, target) is None, "an address is read once, by collect"
        [asked] = await collector.collect(target)
        future = launched(collector, target)
        assert future is not None
        [reading] = await future
        assert (reading.outcome, sorted(reading.values)) == (asked.outcome, sorted(asked.values))
    await asyncio.sleep(0)
    assert launched(collector, target) is None, "closed"
