"""A probe that has ended is gone at once: what is left to the collector of cycles stops the loop when it runs."""

import asyncio
import gc
from typing import TypeVar

import pytest

from collectors.base import Kind, Launcher, Module, Outcome, Target
from collectors.rtsp import RtspModule, rtsp_kind
from collectors.sockets import Probe
from collectors.tcp import TcpModule, tcp_kind
from tests.collectors.launching import launched
from tests.collectors.rtsp_peers import closed_port

_T = TypeVar("_T")


def alive(kind: type[_T]) -> list[_T]:
    return [one for one in gc.get_objects() if isinstance(one, kind)]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if await reader.read(4096):
        writer.write(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nDate: Sat, 21 Nov 2026 20:50:13 GMT\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(("kind", "module"), [(tcp_kind(), TcpModule()), (rtsp_kind(), RtspModule())])
async def test_a_probe_that_has_ended_leaves_nothing_to_the_collector_of_cycles(kind: Kind, module: Module) -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    ports = server.sockets[0].getsockname()[1], closed_port()
    gc.collect()
    gc.disable()
    try:
        async with server, kind.build(module) as collector:
            assert isinstance(collector, Launcher)
            for port, outcome in zip(ports, (Outcome.OK, Outcome.FAILED), strict=True):
                waiting = launched(collector, Target(id="t", address=f"127.0.0.1:{port}", timeout_seconds=30))
                assert waiting is not None
                (reading,) = await waiting
                assert reading.outcome is outcome
        del waiting, reading
        assert alive(Probe) == []
    finally:
        gc.enable()
