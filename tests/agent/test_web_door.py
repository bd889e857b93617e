"""How many are let in at once, and what is said of accepts that fail for want of descriptors."""

import asyncio
import errno
import logging
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from agent.web import door
from agent.web.door import MOST, SHARE, AcceptErrors, Door, most_connections


@asynccontextmanager
async def listening(most: int) -> AsyncIterator[tuple[str, int]]:
    """A page behind a door."""

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.add_routes([web.get("/", hello)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = Door(runner, "127.0.0.1", 0, most)
    await site.start()
    try:
        yield runner.addresses[0][:2]
    finally:
        await runner.cleanup()
        asyncio.get_running_loop().set_exception_handler(None)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """The status line."""
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(60):
        return (await reader.readline()).decode().strip()


async def test_a_burst_beyond_the_limit_is_told_503_and_whoever_came_first_is_served() -> None:
    async with listening(3) as address:
        burst = await asyncio.gather(*(asyncio.open_connection(*address) for _ in range(10)))
        said = [await ask(*each) for each in burst]
        assert sorted(said) == ["HTTP/1.1 200 OK"] * 3 + ["HTTP/1.1 503 Service Unavailable"] * 7
        for _, writer in burst:
            writer.close()
        async with asyncio.timeout(60):
            while True:
                reader, writer = await asyncio.open_connection(*address)
                answer = await ask(reader, writer)
                writer.close()
                if answer == "HTTP/1.1 200 OK":
                    return  # room again once they have gone


def test_visitors_get_a_share_of_the_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, most in ((64, 64 // SHARE), (1_000_000, MOST), (resource.RLIM_INFINITY, MOST), (1, 1)):
        monkeypatch.setattr(door.resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert most_connections() == most


async def test_an_accept_without_descriptors_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    times = iter((1000.0, 1000.1, 1059.9, 1060.0))
    errors = AcceptErrors(lambda: next(times))
    loop = asyncio.get_running_loop()
    context = {"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "Too many")}
    for _ in range(4):
        errors(loop, context)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "Traceback" not in caplog.text


async def test_any_other_error_of_the_loop_is_told_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    errors = AcceptErrors(lambda: 0.0)
    errors(asyncio.get_running_loop(), {"message": "something else", "exception": OSError(errno.EMFILE, "Too many")})
    assert "something else" in caplog.text
