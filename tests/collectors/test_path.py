"""Traces over three real routers, held against Debian's traceroute; cuts, firewalls, and what others send."""

import errno
import json
import re
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.base import Outcome, Reason, Target
from collectors.path import KIND, End, Hop, PathModule, Said, Traced, last_answered, sentence, trace
from collectors.path.senders import Connections, Echoes, Heard
from collectors.path.tracer import Tracer
from collectors.resolve import Address, numeric
from tests.collectors.icmp_peers import inside, ip, python_inside, run_inside
from tests.collectors.path_peers import HOPS_V4, HOPS_V6, TARGET_V4, TARGET_V6, Chain, chain
from tests.requirements import need_program, need_root

METHODS = pytest.mark.parametrize("method", ["icmp", "udp", "tcp"])
ADDRESSES = pytest.mark.parametrize("address", [TARGET_V4, TARGET_V6], ids=["v4", "v6"])
PORT = 7777


@pytest.fixture(scope="module")
def net() -> Iterator[Chain]:
    with chain() as made:
        yield made


def traced(net: Chain, address: str, method: str, **options) -> Traced:
    where = numeric(address, 0)
    assert where is not None
    with inside(net.vantage):
        port = PORT if method == "tcp" else None
        return trace(where, PathModule.model_validate({"method": method, **options}), port=port)


def addresses(hops: tuple[Hop, ...]) -> list[set[str]]:
    return [{answer.address for answer in hop.answers} for hop in hops]


def by_traceroute(net: Chain, address: str, method: str, hops: int = 8) -> list[set[str]]:
    """Addresses by hop, of the program of another's."""
    flags = {"icmp": ["-I"], "udp": ["-U", "-p", "33434"], "tcp": ["-T", "-p", str(PORT)]}[method]
    if method == "udp":
        flags = []
    program = need_program("traceroute")
    said = run_inside(net.vantage, program, "-n", "-q", "2", "-w", "1", "-m", str(hops), *flags, address)
    lines = said.splitlines()[1:]
    return [set(re.findall(r"\s((?:\d+\.){3}\d+|[0-9a-f]*:[0-9a-f:]+)\s", f"{line} ")) for line in lines]


@METHODS
@ADDRESSES
def test_every_hop_is_the_one_that_traceroute_finds(net: Chain, method: str, address: str):
    found = traced(net, address, method)
    assert found.end is End.ARRIVED
    wanted = HOPS_V6 if ":" in address else HOPS_V4
    assert addresses(found.hops) == by_traceroute(net, address, method) == [{hop} for hop in wanted]
    assert [hop.sent for hop in found.hops] == [2, 2, 2, 2]
    assert {answer.said for hop in found.hops[:-1] for answer in hop.answers} == {Said.TRANSIT}
    words = {"icmp": "echo reply", "udp": "port unreachable", "tcp": "refused"}[method]
    assert {answer.words for answer in found.hops[-1].answers} == {words}
    assert f"hop 4 answers in the name of {address}" in sentence(found)


@ADDRESSES
def test_a_port_that_accepts_is_connected_to(net: Chain, address: str):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(net.target):
        listener = socket.socket(family)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, PORT))
        listener.listen()
        found = traced(net, address, "tcp")
    assert found.end is End.ARRIVED
    assert {answer.words for answer in found.hops[-1].answers} == {"connected"}


@METHODS
@ADDRESSES
def test_a_cut_behind_the_second_router_is_named_by_that_router(net: Chain, method: str, address: str):
    with net.cut(3):
        found = traced(net, address, method)
        theirs = by_traceroute(net, address, method, hops=2)
    second = "fd70:2::2" if ":" in address else "10.70.2.2"
    assert addresses(found.hops[:2]) == theirs
    assert found.end is End.UNREACHABLE
    assert addresses(found.hops[2:]) == [{second}]
    words = "address unreachable" if ":" in address else "host unreachable"
    assert sentence(found).startswith(f"breaks at hop 3: {second} says {words}")


@METHODS
@ADDRESSES
def test_a_firewall_that_swallows_leaves_silence_and_no_more_is_claimed(net: Chain, method: str, address: str):
    with net.firewall(2, "drop"):
        found = traced(net, address, method, silent_hops=3)
        theirs = by_traceroute(net, address, method, hops=5)
    assert found.end is End.SILENT
    assert addresses(found.hops) == theirs
    assert len(found.hops) == 5
    last = last_answered(found.hops)
    assert last is not None
    assert last.number == 2
    assert "last hop that answered: hop 2" in sentence(found)
    assert sentence(found).endswith("hops 3 to 5 silent")


@METHODS
@ADDRESSES
@pytest.mark.parametrize(
    ("verdict", "words"),
    [("reject", "port unreachable"), ("reject with icmpx type admin-prohibited", "filtered")],
    ids=["port", "prohibited"],
)
def test_a_firewall_that_rejects_is_named(net: Chain, method: str, address: str, verdict: str, words: str):
    with net.firewall(2, verdict):
        found = traced(net, address, method)
    second = "fd70:2::2" if ":" in address else "10.70.2.2"
    assert found.end is End.UNREACHABLE
    assert len(found.hops) == 3
    assert f"breaks at hop 3: {second} says {words}" in sentence(found)


def test_a_reset_that_a_firewall_sends_is_told_as_an_answer_in_the_name_of_the_address(net: Chain):
    with net.firewall(2, "meta l4proto tcp reject with tcp reset"):
        found = traced(net, TARGET_V4, "tcp")
    assert sentence(found).startswith(f"hop 3 answers in the name of {TARGET_V4}")


def test_the_first_link_that_is_cut_is_said_by_this_host_itself(net: Chain):
    with net.cut(1):
        found = traced(net, TARGET_V4, "udp")
    assert sentence(found).startswith("breaks at hop 1: this host itself, 10.70.1.1, says host unreachable")


class Full:
    """A sender whose link takes none of its packets for one reason."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.refused = 0
        self.is_closed = False

    def send(self, number: int, hops: int) -> None:
        self.refused += 1
        raise OSError(self.number, "no")

    def heard(self, descriptor: int) -> Iterator[Heard]:
        return iter(())

    def close(self) -> None:
        self.is_closed = True


def refused(number: int) -> tuple[Full, Traced]:
    sent_by = Full(number)
    recipe = PathModule(timeout="1s", per_second=100)
    return sent_by, Tracer(Address(socket.AF_INET, ("127.0.0.1", 0)), recipe, None, sent_by, select.poll()).run(
        lambda _: None, lambda: False
    )


def test_a_link_that_goes_down_under_the_packets_ends_no_trace():
    """The kernel says ENOBUFS for a moment, before it says that there is no way."""
    sent_by, found = refused(errno.ENOBUFS)
    assert sent_by.refused > 1
    assert [hop.answers for hop in found.hops if hop.answers] == []


def test_any_other_trouble_of_ours_is_said():
    with pytest.raises(OSError, match="no"):
        refused(errno.EPERM)


def test_it_goes_no_further_than_it_is_told(net: Chain):
    found = traced(net, TARGET_V4, "icmp", max_hops=2, queries=3)
    assert found.end is End.MAX_HOPS
    assert [(hop.number, hop.sent, len(hop.answers)) for hop in found.hops] == [(1, 3, 3), (2, 3, 3)]
    assert "asked no further" in sentence(found)


def test_the_deadline_ends_it(net: Chain):
    with net.firewall(1, "drop"):
        found = traced(net, TARGET_V4, "icmp", timeout="1s")
    assert found.end is End.DEADLINE


def test_a_wish_to_stop_ends_it(net: Chain):
    with net.firewall(1, "drop"), inside(net.vantage):
        found = trace(Address(socket.AF_INET, (TARGET_V4, 0)), PathModule(), stopping=lambda: True)
    assert found.end is End.STOPPED
    assert found.hops == ()
    assert sentence(found) == "no hop answered; asked as far as hop 0"


def test_what_is_sent_a_second_is_bounded(net: Chain):
    """By what really left, seen by the far end."""
    with inside(net.names[1]):
        seen = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    with seen, net.firewall(1, "drop"):
        seen.setblocking(False)
        found = traced(net, TARGET_V4, "udp", per_second=20, silent_hops=10)
        stamps = sum(socket.inet_ntoa(packet[30:34]) == TARGET_V4 and packet[23] == 17 for packet in drained(seen))
    assert stamps == sum(hop.sent for hop in found.hops) == 22
    assert found.seconds > 21 / 20


def drained(seen: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            packet, sender = seen.recvfrom(2048)
        except BlockingIOError:
            return
        if sender[2] != socket.PACKET_OUTGOING and sender[0].startswith("near"):
            yield packet


@ADDRESSES
def test_without_the_kernel_s_queue_a_raw_socket_hears_who_answers_a_syn(net: Chain, address: str):
    """As on kernels before 5.8."""
    where = numeric(address, 0)
    assert where is not None
    with inside(net.vantage):
        poller = select.poll()
        sender = Connections(where, PORT, poller, queues=False)
        found = Tracer(where, PathModule(method="tcp"), PORT, sender, poller).run(lambda _: None, lambda: False)
    assert found.end is End.ARRIVED
    assert addresses(found.hops) == [{hop} for hop in (HOPS_V6 if ":" in address else HOPS_V4)]


def test_echoes_of_others_are_never_taken_for_ours(net: Chain):
    """Two senders at once, to the same address: each hears its own."""
    where = Address(socket.AF_INET, (TARGET_V4, 0))
    with inside(net.vantage):
        pollers = [select.poll(), select.poll()]
        mine, other = (Echoes(where, poller) for poller in pollers)
        for number in range(6):
            other.send(number, number + 1)
        assert pollers[0].poll(60_000)
        heard = list(mine.heard(pollers[0].poll(0)[0][0]))
        mine.close()
        other.close()
    assert heard == []


def test_a_host_without_a_way_there_is_an_error_of_ours(net: Chain):
    assert [said[:2] for said in in_child(net, ["192.0.2.1", "2001:db8::1"])] == [["error", "no_route"]] * 2


CHILD = """
import asyncio, json
from collectors.base import Target
from collectors.path import KIND, PathModule

async def main(addresses, options):
    async with KIND.build(PathModule.model_validate(options)) as collector:
        for address in addresses:
            steps = []
            told = lambda step, detail: steps.append(step)
            (reading,) = await collector.collect(Target(id="x", address=address, timeout_seconds=15, trace=told))
            said.append([reading.outcome, reading.reason, reading.detail, steps, dict(reading.values)])

said = []
"""


def in_child(net: Chain, to: list[str], *wrapper: str, **options):
    script = f"{CHILD}\nasyncio.run(main({to!r}, {options!r}))\nprint(json.dumps(said))"
    return json.loads(python_inside(net.vantage, script, *wrapper))


@ADDRESSES
def test_people_see_each_hop_and_how_far_it_came(net: Chain, address: str):
    ((outcome, reason, _, steps, values),) = in_child(net, [address])
    assert (outcome, reason, steps) == ("ok", None, ["hop 1", "hop 2", "hop 3", "hop 4"])
    assert values["hops"] == 4
    assert 0 < values["rtt_seconds"] < 15


def test_people_are_told_where_it_ends(net: Chain):
    with net.firewall(2, "reject"):
        ((outcome, reason, detail, steps, values),) = in_child(net, [TARGET_V4])
    assert (outcome, reason) == ("failed", "unreachable")
    assert "breaks at hop 3" in detail
    assert steps == ["hop 1", "hop 2", "hop 3"]
    assert values == {"hops": 3}
    with net.firewall(1, "drop"):
        ((outcome, reason, *_),) = in_child(net, [TARGET_V4], silent_hops=1)
    assert (outcome, reason) == ("failed", "timeout")


def unprivileged() -> tuple[str, ...]:
    return (need_program("setpriv"), "--inh-caps=-net_raw", "--bounding-set=-net_raw")


def test_without_permission_echoes_name_both_ways_to_mend_it_and_the_others_need_none(net: Chain):
    ip("netns", "exec", net.vantage, need_program("sysctl"), "-qw", "net.ipv4.ping_group_range=1 0")
    ((outcome, reason, detail, *_),) = in_child(net, [TARGET_V4], *unprivileged())
    assert (outcome, reason) == ("error", "permission")
    assert "AmbientCapabilities=CAP_NET_RAW" in detail
    assert "net.ipv4.ping_group_range" in detail
    for method in ("udp", "tcp"):
        for said in in_child(net, [TARGET_V4, TARGET_V6], *unprivileged(), method=method):
            assert (said[0], said[3]) == ("ok", ["hop 1", "hop 2", "hop 3", "hop 4"])


def test_with_the_kernel_s_own_sockets_for_pings_echoes_say_the_same(net: Chain):
    ip("netns", "exec", net.vantage, need_program("sysctl"), "-qw", "net.ipv4.ping_group_range=0 0")
    for said in in_child(net, [TARGET_V4, TARGET_V6], *unprivileged()):
        assert (said[0], said[3]) == ("ok", ["hop 1", "hop 2", "hop 3", "hop 4"])


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        ("10.0.0.1", True), ("10.0.0.1:443", True), ("fd00::1", True), ("[fd00::1]:443", True), ("a.example", True),
        ("a.example:53", True), ("224.0.0.1", False), ("0.0.0.0", False), ("10.0.0.1:0", False), ("10.0.0", False),
        ("[fd00::1]", False), ("a b", False), ("http://a.example/", False),
    ],
)  # fmt: skip
def test_addresses_are_checked_offline(address: str, is_good: bool):
    assert (KIND.check_address(address) == "") == is_good


async def test_this_host_is_one_hop_away():
    need_root()
    async with KIND.build(PathModule(method="udp")) as collector:
        (reading,) = await collector.collect(Target(id="x", address="127.0.0.1", timeout_seconds=5))
    assert (reading.outcome, reading.reason, reading.values["hops"]) == (Outcome.OK, None, 1)
    assert reading.reason is not Reason.TIMEOUT


def test_the_program_shows_it(net: Chain):
    root = str(Path(__file__).parents[2])
    command = [need_program("ip"), "netns", "exec", net.vantage, sys.executable, "-m", "agent", "probe", "path"]
    said = subprocess.run(
        [*command, TARGET_V6, "--set", "method=udp", "--set", "max_hops=2"],
        capture_output=True, text=True, check=False, timeout=60, cwd=root,
    )  # fmt: skip
    assert said.returncode == 1, said.stderr
    assert re.search(r"hop 1  fd70:1::2  [0-9.]+ ms, [0-9.]+ ms\n", said.stdout)
    assert "no target's state follows from it" in said.stdout
