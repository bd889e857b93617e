"""The mass-probe engine against real peers on loopback."""

import asyncio
import contextlib
import json
import os
import resource
import select
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from collectors.base import CollectorUnavailableError, Outcome, Reason, Target, ok
from collectors.dialling import SocketOptions, kernel_rtt
from collectors.resolve import numeric
from collectors.sockets import _EXPIRING, Probe, SocketEngine
from tests.collectors.launching import landing
from tests.requirements import need_program, need_root, unmet

ROOT = Path(__file__).parents[2]


class Connect(Probe):
    """Ends as soon as the connection stands."""

    def on_connected(self):
        self.end(ok(self.values()))


class Line(Probe):
    """Ends with whatever comes first."""

    def on_connected(self):
        pass

    def on_received(self, data):
        self.end(ok(self.values(), detail=data.decode()))


class Shout(Probe):
    """Sends more than a kernel takes at once and ends when all of it is handed over."""

    def on_connected(self):
        self.send(b"x" * 8_000_000)
        assert self.unsent, "this peer takes too much at once for the test to mean anything"

    def on_flushed(self):
        self.end(ok(detail="flushed"))


class Buggy(Probe):
    def on_connected(self):
        raise LookupError("a bug of the kind")


@contextlib.contextmanager
def listening(host="127.0.0.1", backlog=128, family=socket.AF_INET):
    with socket.create_server((host, 0), family=family, backlog=backlog) as listener:
        yield listener


def closed_port():
    with listening() as listener:
        return listener.getsockname()[1]


def probe(kind, port, host="127.0.0.1", timeout=10.0, owner=None):
    address = numeric(host, port)
    assert address is not None
    return kind(owner, Target(id=f"{host}:{port}", address=str(address), timeout_seconds=timeout), address)


@contextlib.contextmanager
def opened(owner=None):
    engine = SocketEngine()
    engine.open()
    try:
        yield engine
    finally:
        engine.close(owner)


def launch(engine, what, options=SocketOptions()):  # noqa: B008 (frozen)
    future, landed = landing()
    engine.launch(what, options, time.monotonic() + what.target.timeout_seconds, landed)
    return future


async def one(engine, what, options=SocketOptions()):  # noqa: B008 (frozen)
    (reading,) = await launch(engine, what, options)
    return reading


def says(reading):
    return reading.outcome, reading.reason


async def test_a_listening_port_is_ok_with_both_times():
    with listening() as listener, opened() as engine:
        reading = await one(engine, probe(Connect, listener.getsockname()[1]))
    assert says(reading) == (Outcome.OK, None)
    assert 0 < reading.values["rtt_seconds"] <= reading.values["connect_seconds"]


async def test_a_closed_port_is_failed_refused():
    with opened() as engine:
        reading = await one(engine, probe(Connect, closed_port()))
    assert says(reading) == (Outcome.FAILED, Reason.REFUSED)
    assert "ECONNREFUSED" in reading.detail
    assert reading.values == {}


async def test_an_ipv6_address_is_dialled():
    with listening("::1", family=socket.AF_INET6) as listener, opened() as engine:
        assert says(await one(engine, probe(Connect, listener.getsockname()[1], "::1"))) == (Outcome.OK, None)


async def test_the_source_address_is_used():
    with listening() as listener, opened() as engine:
        what = probe(Connect, listener.getsockname()[1])
        assert says(await one(engine, what, SocketOptions(source="127.0.0.99"))) == (Outcome.OK, None)
        connection, (source, _) = listener.accept()
        connection.close()
    assert source == "127.0.0.99"


async def test_silence_is_failed_timeout():
    with listening(backlog=0) as listener, opened() as engine, contextlib.ExitStack() as queue:
        for _ in range(3):  # a full accept queue drops every further SYN
            filler = queue.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        reading = await one(engine, probe(Connect, listener.getsockname()[1], timeout=0.3))
    assert says(reading) == (Outcome.FAILED, Reason.TIMEOUT)
    assert "no connection within 0.3 s" in reading.detail


async def test_an_event_before_the_handshake_is_done_is_no_connection():
    with listening(backlog=0) as listener, opened() as engine:
        port = listener.getsockname()[1]
        with contextlib.ExitStack() as stack:
            for _ in range(4):  # the backlog is full: the next SYN is not answered
                taken = stack.enter_context(socket.socket())
                taken.setblocking(False)
                taken.connect_ex(("127.0.0.1", port))
            what = probe(Connect, port, timeout=0.3)
            future = launch(engine, what)
            what.on_events(select.EPOLLOUT, time.monotonic())
            what.on_events(select.EPOLLHUP | select.EPOLLOUT, time.monotonic())
            assert what.connected_at is None
            (reading,) = await future
    assert says(reading) == (Outcome.FAILED, Reason.TIMEOUT)


async def test_two_thousand_probes_on_distinct_addresses_are_all_told_apart():
    async def serve(listener, served):
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            with connection:
                connection.send(connection.getsockname()[0].encode())
                served.append(connection.getsockname()[0])

    hosts = [f"127.9.{number // 200}.{1 + number % 200}" for number in range(2000)]
    served = []
    with listening("0.0.0.0", backlog=4096) as listener, opened() as engine:
        listener.setblocking(False)
        server = asyncio.ensure_future(serve(listener, served))
        futures = [launch(engine, probe(Line, listener.getsockname()[1], host, 60.0)) for host in hosts]
        assert engine.in_flight == 2000
        readings = [(await future)[0] for future in futures]
        server.cancel()
        await asyncio.wait([server])
        assert engine.in_flight == 0
    assert Counter(says(reading) for reading in readings) == {(Outcome.OK, None): 2000}
    assert [reading.detail for reading in readings] == hosts
    assert sorted(served) == sorted(hosts)


async def test_each_probe_ends_by_its_own_deadline_in_their_order():
    ended = []
    with listening() as listener, opened() as engine:
        port = listener.getsockname()[1]
        futures = []
        for timeout in (0.3, 0.1, 0.2, 0.1):
            future = launch(engine, probe(Line, port, timeout=timeout))
            future.add_done_callback(lambda _, timeout=timeout: ended.append(timeout))
            futures.append(future)
        readings = [(await future)[0] for future in futures]
        await asyncio.sleep(0)
    assert ended == [0.1, 0.1, 0.2, 0.3]
    assert {says(reading) for reading in readings} == {(Outcome.FAILED, Reason.TIMEOUT)}


async def test_no_probe_ends_before_its_deadline():
    with listening() as listener, opened() as engine:
        what = probe(Line, listener.getsockname()[1], timeout=0.123)
        deadline = time.monotonic() + 0.123
        await engine.converse(what, SocketOptions(), deadline)
        assert time.monotonic() >= deadline


async def test_when_thousands_fall_silent_at_once_the_loop_runs_between_their_ends():
    """Whoever is told takes a quarter of what a round may last, so no round has more than five of them."""
    many, seen = 100, set[int]()
    ended: list[object] = []

    def land(said: object) -> None:
        until = time.monotonic() + _EXPIRING / 4
        while time.monotonic() < until:
            pass
        ended.append(said)

    with listening() as listener, opened() as engine:
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + 0.2
        for _ in range(many):
            engine.launch(probe(Line, listener.getsockname()[1], timeout=0.2), SocketOptions(), deadline, land)

        def look() -> None:
            seen.add(len(ended))
            if len(ended) < many:
                loop.call_soon(look)

        loop.call_soon(look)
        while len(ended) < many:
            await asyncio.sleep(0.01)
    assert len(seen - {0, many}) >= many // 5 - 2


async def test_answers_that_lie_in_the_kernel_when_our_loop_was_late_are_no_timeouts():
    count = 1300  # more than two batches of the engine
    with listening(backlog=4096) as listener, opened() as engine, contextlib.ExitStack() as peers:
        futures = [launch(engine, probe(Line, listener.getsockname()[1], timeout=0.5)) for _ in range(count)]
        deadline = time.monotonic() + 0.5
        for _ in range(count):
            peer = peers.enter_context(listener.accept()[0])
            peer.send(b"here")
        while time.monotonic() < deadline + 0.05:
            select.select([], [], [], 0.01)  # our own loop is what is late
        readings = [(await future)[0] for future in futures]
    assert Counter(says(reading) for reading in readings) == {(Outcome.OK, None): count}


async def test_more_than_the_kernel_takes_follows_by_itself():
    with listening() as listener, opened() as engine:
        future = launch(engine, probe(Shout, listener.getsockname()[1]))
        with listener.accept()[0] as peer:
            peer.setblocking(False)
            received = 0
            while not future.done() or received < 8_000_000:
                received += len(await asyncio.get_running_loop().sock_recv(peer, 1 << 20))
        (reading,) = await future
    assert (reading.detail, received) == ("flushed", 8_000_000)


async def test_a_reset_is_failed_reset_and_keeps_what_was_measured():
    with listening() as listener, opened() as engine:
        what = probe(Line, listener.getsockname()[1])
        future = launch(engine, what)
        with listener.accept()[0] as peer:
            while what.connected_at is None:
                await asyncio.sleep(0)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        (reading,) = await future
    assert says(reading) == (Outcome.FAILED, Reason.RESET)
    assert "connect_seconds" in reading.values


async def test_a_cancelled_probe_closes_its_socket_and_leaves_nothing():
    with listening() as listener, opened() as engine:
        what = probe(Line, listener.getsockname()[1])
        future = launch(engine, what)
        with listener.accept()[0] as peer:
            future.cancel()
            what.abandon()
            assert engine.in_flight == 0
            assert what.ended
            assert peer.recv(1) == b""
        what.end(ok())  # a second end says nothing


async def test_closing_ends_only_the_probes_of_the_owner():
    mine, theirs = object(), object()
    engine = SocketEngine()
    engine.open()
    engine.open()
    with listening() as listener:
        first = launch(engine, probe(Line, listener.getsockname()[1], owner=mine))
        second = launch(engine, probe(Line, listener.getsockname()[1], timeout=0.2, owner=theirs))
        engine.close(mine)
        (reading,) = await first
        assert says(reading) == (Outcome.ERROR, Reason.STOPPED)
        assert "the agent closed the collector" in reading.detail
        assert engine.in_flight == 1
        assert says((await second)[0]) == (Outcome.FAILED, Reason.TIMEOUT)
        engine.close(theirs)
    assert engine.in_flight == 0
    engine.close(theirs)  # once more does no harm


async def test_a_bug_of_a_kind_reaches_who_waits_and_stops_nobody_else():
    with listening() as listener, opened() as engine:
        port = listener.getsockname()[1]
        bad, good = launch(engine, probe(Buggy, port)), launch(engine, probe(Connect, port))
        with pytest.raises(LookupError, match="a bug of the kind"):
            await bad
        assert says((await good)[0]) == (Outcome.OK, None)
        assert engine.in_flight == 0


async def test_a_closed_engine_says_how_to_open_it():
    with pytest.raises(RuntimeError, match="async with"):
        launch(SocketEngine(), probe(Connect, 1))


def test_the_engine_serves_one_loop_after_another():
    engine = SocketEngine()

    async def once():
        engine.open()
        with listening() as listener:
            reading = await one(engine, probe(Connect, listener.getsockname()[1]))
        engine.close(None)
        return reading.outcome

    assert [asyncio.run(once()) for _ in range(2)] == [Outcome.OK, Outcome.OK]


def test_the_engine_survives_a_loop_that_died_without_closing_it():
    engine = SocketEngine()

    async def die(listener):
        engine.open()
        launch(engine, probe(Line, listener.getsockname()[1]))

    async def live(listener):
        engine.open()
        reading = await one(engine, probe(Connect, listener.getsockname()[1]))
        engine.close(None)
        return reading.outcome

    with listening() as listener:
        asyncio.run(die(listener))
        assert asyncio.run(live(listener)) is Outcome.OK
    assert engine.in_flight == 0


def test_the_engine_refuses_two_loops_at_once():
    engine = SocketEngine()

    async def use():
        engine.open()

    first = asyncio.new_event_loop()
    first.run_until_complete(use())
    with pytest.raises(RuntimeError, match="open in another loop"):
        asyncio.run(use())
    first.call_soon(engine.close, None)
    first.run_until_complete(asyncio.sleep(0))
    first.close()


def test_the_kernel_knows_no_rtt_of_what_is_no_tcp():
    left, right = socket.socketpair()
    with left, right:
        assert kernel_rtt(left) == 0.0


def child(what, *wrapper):
    command = [*wrapper, sys.executable, "-m", __spec__.name, what]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    return json.loads(run.stdout)


def lab(what):
    """Run one of the functions below in a network namespace of its own."""
    need_root()
    need_program("ip")
    unshare = need_program("unshare")
    if subprocess.run([unshare, "-n", "true"], capture_output=True, check=False).returncode:
        unmet("this machine allows no network namespaces")
    return child(what, unshare, "-n")


def test_without_a_descriptor_every_probe_is_error_resources_and_none_failed():
    assert child("descriptors") == {"error/resources": 20, "failed/timeout": 10}


def test_without_a_descriptor_for_the_epoll_the_kind_is_unavailable():
    assert child("epoll").startswith("cannot open an epoll descriptor: Too many open files; raise LimitNOFILE=")


@pytest.mark.root
def test_a_connection_that_meets_itself_is_refused():
    assert lab("self_connect") == ["failed", "refused", True]


# the other half: what runs in a process of its own


async def main_descriptors():
    with listening() as listener, opened() as engine:
        soft = 10 + len(os.listdir("/proc/self/fd")) - 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, soft))
        futures = [launch(engine, probe(Line, listener.getsockname()[1], timeout=0.3)) for _ in range(30)]
        readings = [(await future)[0] for future in futures]
    return Counter(f"{reading.outcome}/{reading.reason}" for reading in readings)


async def main_epoll():
    taken = len(os.listdir("/proc/self/fd")) - 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken, taken))
    try:
        SocketEngine().open()
    except CollectorUnavailableError as exc:
        return str(exc)
    return "opened"


async def main_self_connect():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40000")
    with opened() as engine:
        reading = await one(engine, probe(Connect, 40000, timeout=5.0))
    return [reading.outcome, reading.reason, "met its own source port" in reading.detail]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(globals()[f"main_{sys.argv[1]}"]())))
