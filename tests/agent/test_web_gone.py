"""A client that goes away in the middle of an answer is no bug of ours, and no line of error in the log."""

import asyncio
import logging

import pytest
from aiohttp import web

from agent.web.problems import problems_as_answers

PIECE = b"x" * 65536


async def test_a_client_that_goes_away_leaves_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ended = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(PIECE)
                await asyncio.sleep(0)  # as the page does, which is how it meets a transport that is closing
        finally:
            ended.set()

    app = web.Application(middlewares=[problems_as_answers])
    app.add_routes([web.get("/metrics", endless)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        _, writer = await asyncio.open_connection(*runner.addresses[0][:2])
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.1)
        writer.transport.abort()
        async with asyncio.timeout(60):
            await ended.wait()
        await asyncio.sleep(0)
    finally:
        await runner.cleanup()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert "the client went away" in caplog.text
