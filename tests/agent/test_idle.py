"""Whoever reckons in a thread goes on while the loop waits, waits while it works, and is never kept for long."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from agent import idle
from agent.idle import IDLE, IdleTime, new_loop


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is let go for having waited long."""
    monkeypatch.setattr(idle, "_AT_MOST_SECONDS", 60)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = new_loop()
    yield made
    made.close()


def begun(work) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


async def test_without_a_loop_that_tells_nobody_waits(patient: None):
    IDLE.wait()


def test_it_waits_while_the_loop_works_and_goes_on_when_the_loop_waits(patient: None, loop: asyncio.AbstractEventLoop):
    stop, order = asyncio.Event(), list[str]()

    def reckon() -> None:
        IDLE.wait()
        order.append("reckoned")
        loop.call_soon_threadsafe(stop.set)

    async def serve() -> None:
        thread = begun(reckon)
        while not IDLE._waiting:
            await asyncio.sleep(0)  # there is more to do: that is no waiting
        order.append("worked")
        await stop.wait()
        thread.join()

    loop.run_until_complete(serve())
    assert order == ["worked", "reckoned"]


def test_a_loop_that_never_waits_keeps_nobody_for_long():
    time = IdleTime()
    time.end()
    thread = begun(time.wait)
    thread.join()  # else this test never ends
    assert time._waiting == 0


def test_what_began_just_before_it_was_asked_is_seen(patient: None):
    time = IdleTime()
    time.end()
    time.begin()
    time.wait()


def test_everybody_goes_on_at_once(patient: None):
    time = IdleTime()
    time.end()
    threads = [begun(time.wait) for _ in range(3)]
    while time._waiting < 3:
        pass
    time.begin()
    for thread in threads:
        thread.join()
    assert time._waiting == 0


def test_a_closed_loop_keeps_nobody(patient: None):
    made = new_loop()
    made.run_until_complete(asyncio.sleep(0))
    IDLE.end()
    made.close()
    IDLE.wait()
