"""Names and addresses: numeric without a resolver, and a resolver that hangs, lies or has no descriptor."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from collectors.base import Outcome, Reading, Reason
from collectors.resolve import (
    Address,
    Resolver,
    check_host,
    check_host_port,
    look_up,
    numeric,
    split_address,
)
from tests.collectors.test_tcp import OK, closed_port, measure, peer, says_once, verdict
from tests.requirements import need_program, need_root, unmet

ROOT = Path(__file__).parents[2]
ANY, V4, V6, TCP = socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10.0.0.1:22", ("10.0.0.1", 22)),
        ("[2001:db8::1]:554", ("2001:db8::1", 554)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
        ("mail.example.cn:65535", ("mail.example.cn", 65535)),
    ],
)
def test_host_and_port_are_split(text, wanted):
    assert split_address(text) == wanted
    assert check_host_port(text) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.0.0.1", "wanted host:port, for example"),
        ("", "wanted host:port, for example"),
        (":80", "wanted host:port, for example"),
        ("10.0.0.1:", "port ''"),
        ("10.0.0.1:0", "from 1 to 65535"),
        ("10.0.0.1:65536", "from 1 to 65535"),
        ("10.0.0.1:+80", "from 1 to 65535"),
        ("10.0.0.1:8 0", "from 1 to 65535"),
        ("10.0.0.1:٨٠", "from 1 to 65535"),
        ("2001:db8::1:80", "brackets round an IPv6 address, such as [2001:db8::1]:80"),
        ("http://a.example:80", "no scheme or path"),
        ("[10.0.0.1]:80", "wanted an IPv6 address between [ and ]"),
        ("[2001:db8::g]:80", "wanted an IPv6 address between [ and ]"),
        ("10.0.0.256:80", "wanted an IPv4 address"),
        ("10.1:80", "wanted an IPv4 address"),
        ("0x7f.1:80", "wanted an IPv4 address"),
        ("010.0.0.1:80", "wanted an IPv4 address"),
        ("a..b:80", "wanted a host name"),
        ("a b.example:80", "wanted a host name"),
        ("a" * 64 + ".example:80", "wanted a host name"),
        ("\x00:80", "wanted a host name"),
    ],
)
def test_a_wrong_address_is_refused_with_what_was_wanted(text, says):
    assert says in check_host_port(text)


def test_names_of_many_scripts_are_names():
    assert [check_host(name) for name in ("政务云.cn", "core-1.wn", "a_b.example.", "localhost")] == [""] * 4


def test_a_numeric_address_is_canonical_and_a_name_is_none():
    assert numeric("10.0.0.1", 80) == Address(V4, ("10.0.0.1", 80))
    assert numeric("2001:DB8:0:0::1", 80) == Address(V6, ("2001:db8::1", 80, 0, 0))
    assert numeric("fe80::1%lo", 80) == Address(V6, ("fe80::1", 80, 0, socket.if_nametoindex("lo")))
    assert numeric("localhost", 80) is None
    assert [str(numeric(host, 80)) for host in ("10.0.0.1", "::1")] == ["10.0.0.1:80", "[::1]:80"]


async def test_a_numeric_address_never_touches_the_resolver():
    resolver = Resolver()
    for host in ("127.0.0.1", "::1"):
        assert await resolver.resolve(host, 80, ANY, TCP, 1.0) == [numeric(host, 80)]
    assert resolver.threads == 0


@pytest.mark.parametrize(
    ("host", "family", "reason", "says"),
    [
        ("10.0.0.1", V6, Reason.NO_ROUTE, "wants IPv6"),
        ("::1", V4, Reason.NO_ROUTE, "wants IPv4"),
        ("fe80::1%no-such-if", ANY, Reason.NO_ROUTE, "interface"),
        ("10.1", ANY, Reason.INTERNAL, "wanted an IPv4 address"),
    ],
)
async def test_a_numeric_address_that_cannot_be_used_is_error(host, family, reason, says):
    reading = await Resolver().resolve(host, 80, family, TCP, 1.0)
    assert isinstance(reading, Reading)
    assert (reading.outcome, reading.reason) == (Outcome.ERROR, reason)
    assert says in reading.detail


async def test_a_name_is_resolved_on_a_thread():
    resolver = Resolver()
    assert await resolver.resolve("localhost", 80, V4, TCP, 10.0) == [Address(V4, ("127.0.0.1", 80))]
    assert resolver.threads == 1


async def test_many_lookups_at_once_share_the_few_threads():
    resolver = Resolver(limit=3)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(resolver.resolve("localhost", 80, V4, TCP, 10.0)) for _ in range(50)]
    assert [task.result() for task in tasks] == [[Address(V4, ("127.0.0.1", 80))]] * 50
    assert resolver.threads <= 3


def test_a_resolver_serves_one_loop_after_another():
    resolver = Resolver()
    for _ in range(2):
        assert asyncio.run(resolver.resolve("localhost", 80, V4, TCP, 10.0))


def test_without_a_descriptor_a_name_is_no_evidence_against_the_target():
    command = [sys.executable, "-m", __spec__.name, "starved"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout.split() == ["error", "resources"], run.stderr


async def test_a_name_is_resolved_and_the_reading_says_what_was_measured():
    async with peer(says_once(b"")) as address:
        port = address.rpartition(":")[2]
        reading = await measure(f"localhost:{port}", family="4")
    assert verdict(reading) == OK
    assert set(reading.values) == {"connect_seconds", "rtt_seconds", "resolve_seconds"}
    assert reading.detail == f"measured 127.0.0.1:{port}"


async def test_a_refused_name_keeps_the_resolver_s_time():
    reading = await measure(f"localhost:{closed_port()}", family="4")
    assert verdict(reading) == (Outcome.FAILED, Reason.REFUSED)
    assert set(reading.values) == {"resolve_seconds"}


@pytest.mark.parametrize(
    ("address", "options", "reason"),
    [
        ("127.0.0.1:80", {"family": "6"}, Reason.NO_ROUTE),
        ("127.0.0.1:80", {"source_address": "::1"}, Reason.NO_ROUTE),
        ("127.0.0.1:80", {"source_address": "192.0.2.7"}, Reason.NO_ROUTE),  # not an address of this host
        ("127.0.0.1", {}, Reason.INTERNAL),
    ],
)
async def test_what_is_wrong_on_our_side_is_error(address, options, reason):
    assert verdict(await measure(address, **options)) == (Outcome.ERROR, reason)


def lab(what):
    """What a name server of our own, in namespaces of our own, makes of it: a list of rows."""
    need_root()
    unshare = need_program("unshare")
    need_program("mount")
    probe = subprocess.run([unshare, "-nm", "true"], capture_output=True, check=False)
    if probe.returncode:
        unmet("this machine allows no namespaces")
    command = [unshare, "-nm", sys.executable, "-m", __spec__.name, what]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return json.loads(run.stdout)


@pytest.mark.root
def test_what_the_name_server_says_decides_between_failed_and_error():
    assert lab("answers") == {
        "good.test": "10.9.8.7",
        "missing.test": ["failed", "name"],
        "no-address.test": ["failed", "name"],
        "broken.test": ["error", "resolver"],
        "silent.test": ["error", "resolver"],
    }


@pytest.mark.root
def test_a_dead_name_server_hangs_no_more_threads_than_allowed_and_not_the_exit():
    assert lab("hang") == {"readings": [["error", "resolver"]] * 6, "threads": 2, "waiting": 0}


# the other half: what runs in a process of its own


def main_starved():
    """Look a name up with no descriptor left; the codec is loaded before, as in a running agent."""
    look_up("localhost", 80, V4, TCP)
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        reading = look_up("localhost", 80, V4, TCP)
    for descriptor in taken:
        os.close(descriptor)
    assert isinstance(reading, Reading)
    print(reading.outcome, reading.reason)


def main_limited():
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    main_starved()


def reply(query):
    """Header and answer by the name asked: an address, no such name, no address, a failure, silence."""
    end = query.index(b"\0", 12)
    name, kind = query[13:end], query[end + 1 : end + 3]
    if name.startswith(b"silent"):
        return None
    code = {b"missin": 3, b"broken": 2}.get(name[:6], 0)
    good = name.startswith(b"good") and kind == b"\0\x01"
    answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\x09\x08\x07" if good else b""
    return query[:2] + bytes([0x85, code]) + b"\0\x01\0" + bytes([good]) + b"\0\0\0\0" + query[12 : end + 5] + answer


def serve_names():
    """Make 127.0.0.1:53 of this namespace the only name server; files only visible here."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (
            ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n"),
            ("nsswitch.conf", "hosts: dns\n"),
        ):
            path = Path(folder, name)
            path.write_text(text)
            subprocess.run(["mount", "--bind", path, f"/etc/{name}"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    server = socket.socket(V4, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def serve():
        while True:
            query, peer = server.recvfrom(512)
            if (answer := reply(query)) is not None:
                server.sendto(answer, peer)

    threading.Thread(target=serve, daemon=True).start()


async def ask(resolver, name, seconds):
    found = await resolver.resolve(name, 80, V4, TCP, seconds)
    return [found.outcome, found.reason] if isinstance(found, Reading) else found[0].sockaddr[0]


async def main_answers():
    serve_names()
    resolver = Resolver()
    names = ("good.test", "missing.test", "no-address.test", "broken.test", "silent.test")
    print(json.dumps({name: await ask(resolver, name, 0.5 if "silent" in name else 10) for name in names}))


async def main_hang():
    """Two threads hang for minutes by resolv.conf; the process must end all the same (run's timeout)."""
    serve_names()
    resolver = Resolver(limit=2)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(resolver, f"silent{number}.test", 0.5)) for number in range(6)]
    readings = [task.result() for task in tasks]
    print(json.dumps({"readings": readings, "threads": resolver.threads, "waiting": len(resolver._waiting)}))


if __name__ == "__main__":
    match sys.argv[1]:
        case "starved":
            main_limited()
        case "answers":
            asyncio.run(main_answers())
        case "hang":
            asyncio.run(main_hang())
