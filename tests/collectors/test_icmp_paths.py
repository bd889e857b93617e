"""The kind icmp over a real router, without privilege, with half of what it needs, and with names."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from collectors.base import Outcome, Reading, Reason, Target
from collectors.icmp.kind import icmp_kind
from collectors.icmp.options import IcmpModule
from tests.collectors.icmp_peers import inside, ip, namespace, python_inside
from tests.requirements import need_program, need_root

UNREACHABLE = (Outcome.FAILED, Reason.UNREACHABLE)
NO_ROUTE = (Outcome.ERROR, Reason.NO_ROUTE)
TIMEOUT = (Outcome.FAILED, Reason.TIMEOUT)
OK = (Outcome.OK, None)

# A kernel says "unreachable" only five times and then once a second, "hop limit exceeded" as often as told.
# Behind the router: 1 it rejects, 2 it swallows, 3 its policy prohibits, 4 lies one hop further (back here).
ROUTES_V4 = (
    "unreachable 10.99.1.0/24",
    "blackhole 10.99.2.0/24",
    "prohibit 10.99.3.0/24",
    "10.99.4.0/24 via 10.77.0.1",
)
ROUTES_V6 = ("unreachable fd99:1::/64", "blackhole fd99:2::/64", "prohibit fd99:3::/64", "fd99:4::/64 via fd77::1")


@pytest.fixture(scope="module")
def vantage() -> Iterator[str]:
    """A namespace with one link to a router, which knows no way to most of what is behind it."""
    need_root()
    with ExitStack() as stack:
        here = stack.enter_context(namespace("net.ipv4.ping_group_range=1 0"))
        router = stack.enter_context(
            namespace(
                "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.icmp_ratemask=0",
                "net.ipv6.icmp.ratemask=2", "net.ipv4.conf.all.send_redirects=0",
            )
        )  # fmt: skip
        ip("-n", here, "link", "add", "up0", "type", "veth", "peer", "name", "down0", "netns", router)
        for name, device, host in ((here, "up0", 1), (router, "down0", 2)):
            ip("-n", name, "addr", "add", f"10.77.0.{host}/24", "dev", device)
            ip("-n", name, "addr", "add", f"fd77::{host}/64", "dev", device, "nodad")
            ip("-n", name, "link", "set", device, "address", f"02:00:00:00:00:0{host}", "up")
            # Known neighbours: while one is being looked up, the kernel's queue for it drops all but the latest.
            for peer in (f"10.77.0.{3 - host}", f"fd77::{3 - host}"):
                ip("-n", name, "neigh", "add", peer, "lladdr", f"02:00:00:00:00:0{3 - host}", "dev", device)
        ip("-n", here, "route", "add", "10.99.0.0/16", "via", "10.77.0.2")
        ip("-n", here, "-6", "route", "add", "fd99::/16", "via", "fd77::2")
        ip("-n", here, "route", "add", "unreachable", "10.66.0.0/16")
        for route in ROUTES_V4 + ROUTES_V6:
            ip("-n", router, *(["-6"] if "fd" in route else []), "route", "add", *route.split())
        yield here


async def probe(where: str, address: str, timeout: float = 5.0, **options) -> Reading:
    collector = icmp_kind().build(IcmpModule(**options))
    with inside(where):
        await collector.__aenter__()
    try:
        (reading,) = await collector.collect(Target(id="x", address=address, timeout_seconds=timeout))
    finally:
        await collector.__aexit__(None, None, None)
    return reading


def said(reading: Reading) -> tuple[Outcome, Reason | None]:
    return reading.outcome, reading.reason


@pytest.mark.parametrize("address", ["10.77.0.2", "fd77::2"])
async def test_the_router_itself_answers(vantage: str, address: str):
    reading = await probe(vantage, address)
    assert said(reading) == OK, reading
    assert reading.values["loss_ratio"] == 0


@pytest.mark.parametrize(
    ("address", "detail"),
    [
        ("10.99.1.1", "10.99.1.1: 10.77.0.2 says: host unreachable"),
        ("10.99.3.1", "10.99.3.1: 10.77.0.2 says: filtered"),
        ("fd99:1::1", "fd99:1::1: fd77::2 says: no route to the destination"),
        ("fd99:3::1", "fd99:3::1: fd77::2 says: filtered"),
    ],
)
async def test_what_a_real_router_says_is_failed_unreachable(vantage: str, address: str, detail: str):
    reading = await probe(vantage, address, timeout=60, count=1)  # it ends at once
    assert said(reading) == UNREACHABLE
    assert reading.detail == detail


@pytest.mark.parametrize("address", ["10.99.2.1", "fd99:2::1"])
async def test_what_a_real_router_swallows_is_failed_timeout(vantage: str, address: str):
    assert said(await probe(vantage, address, timeout=0.3)) == TIMEOUT


@pytest.mark.parametrize("address", ["10.99.4.1", "fd99:4::1"])
async def test_a_ttl_that_ends_on_the_way_is_failed_unreachable(vantage: str, address: str):
    reading = await probe(vantage, address, ttl=1)
    assert said(reading) == UNREACHABLE
    assert "hop limit exceeded" in reading.detail


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "2001:db8::1", "10.66.0.1"], ids=["no route", "no route v6", "our unreachable route"]
)
async def test_no_route_of_our_own_is_an_error(vantage: str, address: str):
    assert said(await probe(vantage, address)) == NO_ROUTE


@pytest.mark.parametrize(("address", "source"), [("10.77.0.2", "10.1.1.1"), ("fd77::2", "fd11::1")])
async def test_a_source_address_that_is_not_ours_is_an_error(vantage: str, address: str, source: str):
    assert said(await probe(vantage, address, source_address=source)) == NO_ROUTE


async def test_a_link_local_address_is_probed_on_its_interface(vantage: str):
    with namespace() as pair:
        ip("-n", pair, "link", "add", "a0", "type", "veth", "peer", "name", "b0")
        ip("-n", pair, "addr", "add", "fe80::b/64", "dev", "b0", "nodad")
        ip("-n", pair, "link", "set", "a0", "up")
        ip("-n", pair, "link", "set", "b0", "up")
        index = json.loads(ip("-n", pair, "-j", "link", "show", "b0"))[0]["ifindex"]
        assert said(await probe(pair, f"fe80::b%{index}")) == OK


async def test_a_zone_that_does_not_exist_is_an_error(vantage: str):
    assert said(await probe(vantage, "fe80::1%nowhere0")) == NO_ROUTE


async def test_a_request_that_our_own_queue_drops_is_an_error_and_no_failure(vantage: str):
    tc = need_program("tc")
    with namespace() as pair:
        ip("-n", pair, "link", "add", "a0", "type", "veth", "peer", "name", "b0")
        ip("-n", pair, "addr", "add", "10.55.0.1/24", "dev", "a0")
        ip("-n", pair, "link", "set", "a0", "up")
        ip("-n", pair, "link", "set", "b0", "up")
        ip("-n", pair, "neigh", "add", "10.55.0.2", "lladdr", "02:00:00:00:00:01", "dev", "a0")
        ip("netns", "exec", pair, tc, "qdisc", "add", "dev", "a0", "root", "bfifo", "limit", "1")
        reading = await probe(pair, "10.55.0.2")
    assert said(reading) == (Outcome.ERROR, Reason.RESOURCES)
    assert "ENOBUFS" in reading.detail


async def test_errors_of_the_path_are_never_laid_on_the_healthy_neighbours(vantage: str):
    collector = icmp_kind().build(IcmpModule(ttl=1))
    with inside(vantage):
        await collector.__aenter__()
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {
                address: group.create_task(collector.collect(Target(id="x", address=address, timeout_seconds=20)))
                for i in range(1, 200)
                for address in (f"127.0.0.{i}", f"10.99.4.{i}", f"fd99:4::{i:x}")
            }
    finally:
        await collector.__aexit__(None, None, None)
    wrong = [
        task.result()
        for address, task in tasks.items()
        if said(task.result()[0]) != (OK if address.startswith("127") else UNREACHABLE)
    ]
    assert wrong == []


# Without privilege, or without enough of something: in processes of their own

CHILD = """
import asyncio, json, resource, sys
from collectors.base import CollectorUnavailableError, Target
from collectors.icmp.kind import icmp_kind
from collectors.icmp.options import IcmpModule

async def probe(collector, address, timeout):
    (reading,) = await collector.collect(Target(id="x", address=address, timeout_seconds=timeout))
    return [reading.outcome, reading.reason, reading.detail, reading.values.get("hop_limit")]

async def main(addresses, timeout, descriptors, options):
    if descriptors:
        free = open("/dev/null")
        resource.setrlimit(resource.RLIMIT_NOFILE, (free.fileno() + descriptors, 64))
        free.close()
    try:
        async with icmp_kind().build(IcmpModule(**options)) as collector, asyncio.TaskGroup() as group:
            tasks = [group.create_task(probe(collector, a, timeout)) for a in addresses]
    except CollectorUnavailableError as exc:
        print(json.dumps(str(exc)))
    else:
        print(json.dumps([task.result() for task in tasks]))
"""


def unprivileged() -> tuple[str, ...]:
    return (need_program("setpriv"), "--inh-caps=-net_raw", "--bounding-set=-net_raw")


def in_child(where: str, addresses: list[str], *wrapper: str, timeout: float = 5.0, descriptors: int = 0, **options):
    call = f"asyncio.run(main({addresses!r}, {timeout}, {descriptors}, {options!r}))"
    return json.loads(python_inside(where, CHILD + call, *wrapper))


def test_without_any_permission_the_message_names_both_ways_to_mend_it(vantage: str):
    message = in_child(vantage, [], *unprivileged())
    assert "IPv4: raw socket: Operation not permitted, datagram socket: Permission denied" in message
    assert "IPv6: raw socket: Operation not permitted, datagram socket: Permission denied" in message
    assert "AmbientCapabilities=CAP_NET_RAW" in message
    assert "sudo setcap cap_net_raw+ep /" in message
    assert "sudo sysctl -w net.ipv4.ping_group_range='0 0'" in message


@pytest.fixture
def allowed(vantage: str) -> Iterator[str]:
    """The vantage, with datagram ICMP sockets for root's group."""
    sysctl = need_program("sysctl")
    ip("netns", "exec", vantage, sysctl, "-qw", "net.ipv4.ping_group_range=0 0")
    yield vantage
    ip("netns", "exec", vantage, sysctl, "-qw", "net.ipv4.ping_group_range=1 0")


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("127.0.0.1", OK), ("::1", OK), ("10.77.0.2", OK), ("fd77::2", OK),
        ("10.99.4.1", UNREACHABLE), ("fd99:4::1", UNREACHABLE),
        ("10.99.2.1", TIMEOUT), ("fd99:2::1", TIMEOUT),
        ("192.0.2.1", NO_ROUTE), ("2001:db8::1", NO_ROUTE),
    ],
)  # fmt: skip
def test_datagram_sockets_tell_the_same_as_raw_ones(allowed: str, address: str, wanted):
    ((outcome, reason, detail, hop_limit),) = in_child(
        allowed, [address], *unprivileged(), timeout=0.5, ttl=1 if address.startswith(("10.99.4", "fd99:4")) else 9
    )
    assert (outcome, reason) == wanted, detail
    assert hop_limit == (64 if wanted == OK else None)
    assert (" says: " in detail) == (wanted == UNREACHABLE)


def test_datagram_sockets_lay_no_error_on_healthy_neighbours(allowed: str):
    addresses = [address for i in range(1, 150) for address in (f"127.0.0.{i}", f"10.99.4.{i}", f"fd99:4::{i:x}")]
    readings = in_child(allowed, addresses, *unprivileged(), timeout=20.0, ttl=1)
    wanted = [OK, UNREACHABLE, UNREACHABLE] * 149
    assert [(outcome, reason) for outcome, reason, _, _ in readings] == wanted


def test_when_one_family_cannot_be_opened_the_other_works(vantage: str):
    (_, reason_v4, detail, _), (outcome, reason, text, _) = in_child(vantage, ["127.0.0.1", "::1"], descriptors=1)
    assert reason_v4 is None, detail
    assert (outcome, reason) == (Outcome.ERROR, Reason.RESOURCES)
    assert "IPv6 ICMP socket" in text


def test_without_ipv6_on_the_host_ipv4_works_and_ipv6_is_an_error():
    need_root()
    with namespace("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.lo.disable_ipv6=1") as bare:
        v4, v6 = in_child(bare, ["127.0.0.1", "::1"])
    assert tuple(v4[:2]) == OK
    assert tuple(v6[:2]) == NO_ROUTE


# Names, asked of a name server of our own

NAME_SERVER = """
import contextlib, socket, struct

QUESTIONS = []

class NameServer(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, query, peer):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        question, kind = query[12 : at + 5], query[at + 2]
        QUESTIONS.append(".".join(labels))
        if labels[0] == "silent":
            return
        has_address = labels[0] == "there" and kind == 1
        code = 3 if labels[0] == "gone" else 2 if labels[0] == "broken" else 0
        head = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, has_address, 0, 0)
        answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + socket.inet_aton("127.0.0.9")
        self.transport.sendto(head + question + answer * has_address, peer)

async def served(names):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 53))
    with contextlib.closing(transport):
        async with icmp_kind().build(IcmpModule()) as collector:
            readings = {name: await probe(collector, name, 0.5 if "silent" in name else 5) for name in names}
    print(json.dumps([readings, QUESTIONS]))
"""


def test_names_are_resolved_inside_the_deadline_and_numbers_never(vantage: str, tmp_path: Path):
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    if shutil.which("unshare") is None or not Path("/etc/resolv.conf").exists():
        pytest.skip("needs unshare(1) and an /etc/resolv.conf to mount over")
    names = ["there.test", "gone.test", "empty.test", "broken.test", "silent.test", "127.0.0.1", "fd77::2"]
    script = CHILD + NAME_SERVER + f"asyncio.run(served({names!r}))"
    mounted = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    readings, questions = json.loads(python_inside(vantage, script, "unshare", "-m", "sh", "-c", mounted, "sh"))
    said_by = {name: tuple(reading[:2]) for name, reading in readings.items()}
    assert said_by == {
        "there.test": OK,
        "gone.test": (Outcome.FAILED, Reason.NAME),
        "empty.test": (Outcome.FAILED, Reason.NAME),
        "broken.test": (Outcome.ERROR, Reason.RESOLVER),
        "silent.test": (Outcome.ERROR, Reason.RESOLVER),
        "127.0.0.1": OK,
        "fd77::2": OK,
    }
    assert set(questions) == {"there.test", "gone.test", "empty.test", "broken.test", "silent.test"}
