"""The trap receiver: whose datagrams it decodes, how many, and what it tells; on real sockets, and its gate by hand."""

import asyncio
import contextlib
import socket
from collections import Counter

import pytest

from collectors.snmp import traps
from collectors.snmp.hints import MOST_BYTES, Fate, Heard
from collectors.snmp.trap_messages import TrapReader
from collectors.snmp.traps import MOST_WAITING, QUIET_SECONDS, TRIES, TRY_SECONDS, Gate, TrapReceiver, rest_after
from tests.collectors.snmp_peers import COMMUNITY, free_port
from tests.collectors.trap_peers import captured, message, v2c

DOWN = Heard(Fate.ACCEPTED, "linkDown")
OTHER = Heard(Fate.OTHER)


class Told:
    """A sink that keeps what it is told."""

    def __init__(self, *known):
        self.known = set(known)
        self.nudges = []
        self.fates = Counter()
        self.changed = asyncio.Event()

    def knows(self, source):
        return source in self.known

    def nudge(self, source, why):
        self.nudges.append((source, why))

    def count(self, fate, times=1):
        self.fates[fate] += times
        self.changed.set()

    async def until(self, wanted):
        """Until so much was told."""
        async with asyncio.timeout(60):
            while not wanted(self):
                self.changed.clear()
                await self.changed.wait()


class Counting(TrapReader):
    """Counts what it decodes."""

    def __init__(self):
        super().__init__([COMMUNITY], [])
        self.decoded = 0

    def read(self, data):
        self.decoded += 1
        return super().read(data)


class Hand:
    """A gate with a clock that the test turns."""

    def __init__(self, *known):
        self.seconds = 1000.0
        self.told = Told(*known)
        self.gate = Gate(self.told, lambda: self.seconds)

    def send(self, source="10.0.0.1", heard=DOWN, data=b"x"):
        """One datagram, decoded at once if the gate lets it pass; what became of it."""
        before = Counter(self.told.fates)
        self.gate.offer(data, source)
        waiting = self.gate.take()
        if waiting is not None:
            self.gate.decoded(waiting[0], heard)
        (fate,) = self.told.fates - before
        return fate


def test_a_hint_is_told_and_one_more_soon_after_and_then_none_for_a_while():
    hand = Hand("10.0.0.1", "10.0.0.2")
    assert [hand.send() for _ in range(5)] == [Fate.ACCEPTED] * 2 + [Fate.COALESCED] * 3
    assert hand.send("10.0.0.2") is Fate.ACCEPTED, "each device has its own"
    hand.seconds += QUIET_SECONDS
    assert hand.send() is Fate.ACCEPTED
    assert hand.told.nudges == [("10.0.0.1", "trap linkDown")] * 2 + [
        ("10.0.0.2", "trap linkDown"),
        hand.told.nudges[0],
    ]


def test_who_sends_what_is_no_hint_has_a_few_tries_and_then_one_now_and_then():
    hand = Hand("10.0.0.1")
    fates = [hand.send(heard=Heard(Fate.DENIED)) for _ in range(TRIES + 5)]
    assert fates == [Fate.DENIED] * TRIES + [Fate.RATE] * 5
    hand.seconds += TRY_SECONDS
    assert [hand.send() for _ in range(2)] == [Fate.ACCEPTED, Fate.RATE]


def test_strangers_and_what_is_too_long_are_dropped_unread():
    hand = Hand("10.0.0.1")
    assert hand.send("10.0.0.9") is Fate.UNKNOWN_SOURCE
    assert hand.send(data=bytes(MOST_BYTES + 1)) is Fate.UNDECODABLE
    assert hand.gate.take() is None
    assert hand.told.nudges == []


def test_a_zone_is_no_part_of_a_source():
    hand = Hand("fe80::1")
    assert hand.send("fe80::1%eth0") is Fate.ACCEPTED


def test_no_more_than_so_many_wait():
    sources = [f"10.0.{number // 250}.{number % 250}" for number in range(MOST_WAITING + 50)]
    hand = Hand(*sources)
    for source in sources:
        hand.gate.offer(b"x", source)
    assert hand.told.fates == {Fate.RATE: 50}
    waiting = 0
    while hand.gate.take() is not None:
        waiting += 1
    assert waiting == MOST_WAITING


def test_what_is_kept_of_sources_is_bounded(monkeypatch):
    monkeypatch.setattr(traps, "_MOST_SOURCES", 10)
    sources = [f"10.0.0.{number}" for number in range(100)]
    hand = Hand(*sources)
    for source in sources:
        hand.send(source, OTHER)
        assert len(hand.gate._sources) <= 10


@pytest.mark.parametrize(("spent", "rest"), [(0.0, 0.05), (0.001, 0.05), (0.03, 0.27), (1.0, 9.0)])
def test_decoding_gets_a_tenth_of_a_core_at_most(spent, rest):
    assert rest_after(spent) == pytest.approx(rest)


@contextlib.asynccontextmanager
async def listening(told, host, reader=None):
    """A receiver that hears; yields its port."""
    port, ready = free_port(host), asyncio.Event()
    receiver = TrapReceiver(host, port, reader or Counting(), ready.set)
    task = asyncio.ensure_future(receiver.serve(told))
    try:
        async with asyncio.timeout(60):
            await ready.wait()
        yield port
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def post(host, port, *datagrams, source=None):
    """Send datagrams."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as udp:
        if source:
            udp.bind((source, 0))
        for each in datagrams:
            udp.sendto(each, (host, port))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_trap_of_a_real_sender_is_a_hint(host):
    told = Told(host)
    async with listening(told, host) as port:
        post(host, port, captured(v2c()))
        await told.until(lambda told: told.nudges)
    assert told.nudges == [(host, "trap linkDown")]
    assert told.fates == {Fate.ACCEPTED: 1}


async def test_a_forged_trap_of_an_unknown_source_is_not_decoded():
    told, reader = Told("127.0.0.1"), Counting()
    async with listening(told, "127.0.0.1", reader) as port:
        post("127.0.0.1", port, message(), source="127.0.0.9")
        await told.until(lambda told: told.fates[Fate.UNKNOWN_SOURCE])
    assert reader.decoded == 0
    assert told.nudges == []


async def test_garbage_and_the_longest_datagram_of_all_end_nothing():
    told = Told("127.0.0.1")
    async with listening(told, "127.0.0.1") as port:
        post("127.0.0.1", port, b"", b"\x30\x80" * 100, bytes(65_000))
        await told.until(lambda told: told.fates[Fate.UNDECODABLE] == 3)
        told.known.add("127.0.0.7")
        post("127.0.0.1", port, message(), source="127.0.0.7")
        await told.until(lambda told: ("127.0.0.7", "trap linkDown") in told.nudges)


async def test_of_a_flood_a_bounded_number_is_decoded_and_everything_is_counted():
    told, reader = Told("127.0.0.1", "127.0.0.7"), Counting()
    sent = 20_000
    async with listening(told, "127.0.0.1", reader) as port:
        for _ in range(sent // 500):
            post("127.0.0.1", port, *[message(community=b"wrong")] * 499, message(), source="127.0.0.1")
            await asyncio.sleep(0)
        while told.fates.total() < sent:  # the kernel tells what it dropped with the next datagram that it takes
            post("127.0.0.1", port, b"", source="127.0.0.9")
            sent += 1
            await asyncio.sleep(0.01)
        assert reader.decoded == sum(told.fates[fate] for fate in (Fate.DENIED, Fate.ACCEPTED))
        assert told.fates[Fate.RATE] + told.fates[Fate.OVERFLOW] > 100 * reader.decoded
        post("127.0.0.1", port, message(), source="127.0.0.7")
        await told.until(lambda told: ("127.0.0.7", "trap linkDown") in told.nudges)


async def test_an_address_that_is_taken_or_not_ours_is_an_error_of_this_host():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        for host, port in (("127.0.0.1", udp.getsockname()[1]), ("192.0.2.1", 10_162)):
            with pytest.raises(OSError, match=r"in use|assign"):
                await TrapReceiver(host, port, Counting(), lambda: None).serve(Told())


async def test_an_ipv6_socket_does_not_hear_ipv4():
    told = Told("127.0.0.1", "::ffff:127.0.0.1", "::1")
    async with listening(told, "::") as port:
        with contextlib.suppress(ConnectionRefusedError):
            post("127.0.0.1", port, message())
        post("::1", port, message())
        await told.until(lambda told: told.nudges)
    assert [source for source, _ in told.nudges] == ["::1"]
