"""Listeners that close while somebody comes in: nobody is left hanging, no socket stays open."""

import asyncio
import socket

import pytest

from agent.lab.addresses import Place
from agent.lab.condition import WELL
from agent.lab.peers.listening import TcpListener
from agent.lab.peers.rtsp import Camera
from tests.lab.worlds import free_base


@pytest.mark.parametrize("turns", range(8))
async def test_who_is_let_in_as_it_closes_is_cut_off(turns: int):
    """The loop takes some turns from accepting to talking; it is closed after each number of them."""
    loop = asyncio.get_running_loop()
    listener = TcpListener(Place("127.0.0.1", free_base()), Camera(), lambda host: WELL)
    await listener.open()
    with socket.create_connection(("127.0.0.1", listener.place.port)) as client:
        client.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
        listener.close()
        async with asyncio.timeout(60):
            try:
                said = await loop.sock_recv(client, 10)
            except ConnectionResetError:
                said = b""
    assert said == b""
