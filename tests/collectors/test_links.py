"""One TCP connection of a probe, against real peers: what breaks it ends the probe in the words of its phase."""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.base import Outcome, Reading, Reason, Target
from collectors.ending import EndError
from collectors.links import Link
from collectors.resolve import Address
from collectors.walking import Walk
from tests.requirements import need_program, need_root, unmet

ROOT = Path(__file__).parents[2]
LONG = 20.0
RESET = struct.pack("ii", 1, 0)


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        yield listener


def linked(listener: socket.socket, source: str | None = None) -> Link:
    return to(Address(listener.family, listener.getsockname()), source)


def to(address: Address, source: str | None = None) -> Link:
    return Link(Walk(Target(id="t", address=str(address), timeout_seconds=LONG)), address, source)


@contextmanager
def ending() -> Iterator[list[Reading]]:
    """What ends the probe inside; nothing is a failure of the test."""
    readings: list[Reading] = []
    with pytest.raises(EndError) as caught:
        yield readings
    readings.append(caught.value.reading)


def said(readings: list[Reading]) -> tuple[Outcome, Reason | None, str]:
    [reading] = readings
    return reading.outcome, reading.reason, reading.detail


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def talking(link: Link, listener: socket.socket) -> Iterator[socket.socket]:
    """The peer's end of a link that stands."""
    peer, _ = listener.accept()
    with peer:
        link.walk.begin("talking")
        yield peer
    link.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_connection_is_measured_and_told(host: str) -> None:
    steps: list[str] = []
    with listening(host) as listener:
        address = Address(listener.family, listener.getsockname())
        target = Target(id="t", address="", timeout_seconds=LONG, trace=lambda *step: steps.append(": ".join(step)))
        link = Link(Walk(target), address)
        await link.connect()
        with talking(link, listener) as peer:
            assert (link.own_host, peer.getpeername()[0]) == (host, host)
    assert 0 < link.walk.values["rtt_seconds"] < LONG
    assert list(link.walk.values) == ["connect_seconds", "rtt_seconds"]
    assert steps == [f"connected: {address} in {link.walk.values['connect_seconds']:.6f} s"]


async def test_it_leaves_from_the_address_that_it_is_given() -> None:
    with listening() as listener:
        link = linked(listener, "127.0.0.9")
        await link.connect()
        with talking(link, listener) as peer:
            assert peer.getpeername()[0] == "127.0.0.9"


async def test_a_source_that_is_not_ours_is_our_own_fault_and_leaves_no_socket() -> None:
    before = open_descriptors()
    with ending() as readings:
        to(Address(socket.AF_INET, ("127.0.0.1", 9)), "192.0.2.1")
    outcome, reason, detail = said(readings)
    assert (outcome, reason) == (Outcome.ERROR, Reason.NO_ROUTE)
    assert detail.startswith("connecting to 127.0.0.1:9 from 192.0.2.1: ")
    assert open_descriptors() == before


async def test_a_port_where_nobody_listens_refuses() -> None:
    with listening() as listener:
        link = linked(listener)
    with ending() as readings:
        await link.connect()
    link.close()
    detail = f"connecting to {link.address}: Connection refused (ECONNREFUSED)"
    assert said(readings) == (Outcome.FAILED, Reason.REFUSED, detail)
    assert link.walk.values == {}


async def test_an_address_to_which_nobody_may_connect_is_refused_by_our_own_host() -> None:
    link = to(Address(socket.AF_INET, ("255.255.255.255", 9)))
    with ending() as readings:
        await link.connect()
    link.close()
    assert said(readings)[0] is Outcome.ERROR


async def test_what_came_of_an_answer_is_told_where_it_ends_too_soon() -> None:
    with listening() as listener:
        link = linked(listener)
        await link.connect()
        with talking(link, listener) as peer:
            peer.sendall(b"half")
            peer.shutdown(socket.SHUT_WR)
            assert await link.receive() == b"half"
            with ending() as readings:
                await link.receive(" after 'half'")
    assert said(readings) == (Outcome.FAILED, Reason.CLOSED, "talking: the peer closed the connection after 'half'")


@pytest.mark.parametrize("sending", [True, False])
async def test_a_peer_that_breaks_off_is_a_reset_of_the_phase(sending: bool) -> None:
    with listening() as listener:
        link = linked(listener)
        await link.connect()
        with talking(link, listener) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            peer.close()
            with ending() as readings:
                await (link.send(b"hello") if sending else link.receive())
    outcome, reason, detail = said(readings)
    assert (outcome, reason) == (Outcome.FAILED, Reason.RESET)
    assert detail.startswith("talking: ")


async def test_who_has_said_all_can_still_listen() -> None:
    with listening() as listener:
        link = linked(listener)
        await link.connect()
        with talking(link, listener) as peer:
            await link.send(b"bye")
            link.finish()
            assert (peer.recv(100), peer.recv(100)) == (b"bye", b"")
            peer.sendall(b"bye too")
            assert await link.receive() == b"bye too"


@pytest.mark.root
def test_a_connection_that_meets_itself_is_refused() -> None:
    need_root()
    need_program("ip")
    unshare = need_program("unshare")
    if subprocess.run([unshare, "-n", "true"], capture_output=True, check=False).returncode:
        unmet("this machine allows no network namespaces")
    command = [unshare, "-n", sys.executable, "-m", "tests.collectors.test_links"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    outcome, reason, detail = json.loads(run.stdout)
    assert (outcome, reason) == ("failed", "refused")
    assert detail.endswith("nobody listens there (the connection met its own source port)")


# the other half: what runs in a network namespace of its own


async def main() -> tuple[Outcome, Reason | None, str]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40000")
    link = to(Address(socket.AF_INET, ("127.0.0.1", 40000)))
    with ending() as readings:
        await link.connect()
    link.close()
    return said(readings)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
