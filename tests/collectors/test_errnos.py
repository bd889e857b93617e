"""Every row of the errno table, one meaning for each reason everywhere, and what real routers make of it."""

import ast
import asyncio
import contextlib
import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

import collectors.errnos
from collectors import dns, ssh, tls
from collectors.base import ERROR_REASONS, FAILED_REASONS, Outcome, Reason, Target
from collectors.dns import DnsModule
from collectors.errnos import ERRNOS, from_errno
from collectors.ssh import SshModule
from collectors.tcp import TcpModule, tcp_kind
from collectors.tls import TlsModule
from tests.requirements import need_program, need_root, unmet

ROOT = Path(__file__).parents[2]

FAILED = [
    ("ECONNREFUSED", Reason.REFUSED),
    ("ECONNRESET", Reason.RESET),
    ("EPIPE", Reason.RESET),
    ("ECONNABORTED", Reason.RESET),
    ("ETIMEDOUT", Reason.TIMEOUT),
    ("EHOSTUNREACH", Reason.UNREACHABLE),
    ("EHOSTDOWN", Reason.UNREACHABLE),
]
ERROR = [
    ("ENETUNREACH", Reason.NO_ROUTE),
    ("ENETDOWN", Reason.NO_ROUTE),
    ("EADDRNOTAVAIL", Reason.NO_ROUTE),
    ("EAFNOSUPPORT", Reason.NO_ROUTE),
    ("ENODEV", Reason.NO_ROUTE),
    ("EINVAL", Reason.NO_ROUTE),
    ("EACCES", Reason.PERMISSION),
    ("EPERM", Reason.PERMISSION),
    ("EMFILE", Reason.RESOURCES),
    ("ENFILE", Reason.RESOURCES),
    ("ENOBUFS", Reason.RESOURCES),
    ("ENOMEM", Reason.RESOURCES),
    ("ENOSPC", Reason.RESOURCES),
    ("EAGAIN", Reason.RESOURCES),
    ("EADDRINUSE", Reason.RESOURCES),
]


@pytest.mark.parametrize(("name", "reason"), FAILED)
def test_an_answer_from_the_path_is_failed(name, reason):
    reading = from_errno(getattr(errno, name), "connect to 192.0.2.1:80")
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, reason)
    assert reading.detail.startswith("connect to 192.0.2.1:80: ")
    assert f"({name})" in reading.detail


@pytest.mark.parametrize(("name", "reason"), ERROR)
def test_a_number_of_our_own_host_is_error(name, reason):
    reading = from_errno(getattr(errno, name), "open a socket")
    assert (reading.outcome, reading.reason) == (Outcome.ERROR, reason)
    assert f"({name})" in reading.detail


def test_every_row_has_its_test():
    tested = {getattr(errno, name): reason for name, reason in FAILED + ERROR}
    assert tested == {number: reason for number, (_, reason) in ERRNOS.items()}


@pytest.mark.parametrize("number", [errno.EXDEV, 99999, 0, None])
def test_a_number_outside_the_table_is_our_own_gap(number):
    reading = from_errno(number, "connect")
    assert (reading.outcome, reading.reason) == (Outcome.ERROR, Reason.INTERNAL)


def test_each_row_puts_its_reason_on_the_side_of_its_outcome():
    for outcome, reason in ERRNOS.values():
        assert reason in (FAILED_REASONS if outcome is Outcome.FAILED else ERROR_REASONS)


def test_each_reason_stands_on_exactly_one_side():
    assert frozenset(Reason) == FAILED_REASONS | ERROR_REASONS
    assert not FAILED_REASONS & ERROR_REASONS


def reasons_given():
    """(file:line, failed or error, the reason's name) of each literal call in the package."""
    package = Path(collectors.errnos.__file__).parent
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in ("failed", "error") and node.args and isinstance(node.args[0], ast.Attribute):
                yield f"{path.name}:{node.lineno}", node.func.id, node.args[0].attr


def test_no_collector_gives_a_reason_on_the_wrong_side():
    sides = {"failed": FAILED_REASONS, "error": ERROR_REASONS}
    given = list(reasons_given())
    assert given, "the scan must find the calls it judges"
    assert [row for row in given if Reason[row[2]] not in sides[row[1]]] == []


def lab():
    """Run the second half of this file in a network namespace of its own."""
    need_root()
    need_program("ip")
    unshare = need_program("unshare")
    if subprocess.run([unshare, "-n", "true"], capture_output=True, check=False).returncode:
        unmet("this machine allows no network namespaces")
    command = [unshare, "-n", sys.executable, "-m", __spec__.name]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    return json.loads(run.stdout)


@pytest.mark.root
def test_what_a_router_says_is_failed_and_what_our_own_table_says_is_error():
    table = {
        "10.2.1.1": ["failed", "unreachable", "ENETUNREACH"],  # the router has no route
        "10.2.2.1": ["failed", "unreachable", "EHOSTUNREACH"],  # the router says: host unreachable
        "10.2.3.1": ["failed", "unreachable", "EHOSTUNREACH"],  # the router prohibits it
        "[fd02:1::1]": ["failed", "unreachable", "ENETUNREACH"],
        "[fd02:3::1]": ["failed", "unreachable", "EACCES"],
        "10.3.1.1": ["error", "no_route", "ENETUNREACH"],  # we have no route
        "10.3.2.1": ["error", "no_route", "EHOSTUNREACH"],  # our own table says unreachable
        "10.3.3.1": ["error", "permission", "EACCES"],  # our own table prohibits it
        "10.3.4.1": ["error", "no_route", "EINVAL"],  # our own table swallows it
        "[fd03::1]": ["error", "no_route", "ENETUNREACH"],
    }
    assert lab() == dict.fromkeys(("tcp", "tls", "ssh", "dns"), table)


# the other half: what runs in a process of its own


def ip(*words, pid=None):
    inside = ["nsenter", "-t", str(pid), "-n"] if pid else []
    subprocess.run([*inside, "ip", *" ".join(words).split()], check=True)


@contextlib.contextmanager
def router():
    """A second namespace that forwards, behind a veth pair; its first line says that it is there."""
    command = ["unshare", "-n", "sh", "-c", "echo up; exec sleep 100"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


def wire(pid):
    ip("link set lo up")
    ip(f"link add near type veth peer name far netns {pid}")
    for family, addresses in (("-4", ("10.1.0.1/24", "10.1.0.2/24")), ("-6", ("fd01::1/64", "fd01::2/64"))):
        ip(f"{family} addr add {addresses[0]} dev near" + (" nodad" if family == "-6" else ""))
        ip(f"{family} addr add {addresses[1]} dev far" + (" nodad" if family == "-6" else ""), pid=pid)
    ip("link set near up")
    ip("link set far up", pid=pid)
    settings = {"ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1}
    settings |= {"ipv4/icmp_ratelimit": 0, "ipv6/icmp/ratelimit": 0}  # or it answers us only once a second
    forward = "; ".join(f"echo {value} > /proc/sys/net/{name}" for name, value in settings.items())
    subprocess.run(["nsenter", "-t", str(pid), "-n", "sh", "-c", forward], check=True)
    ip("route add 10.2.0.0/16 via 10.1.0.2")
    ip("-6 route add fd02::/16 via fd01::2")
    for route in ("unreachable 10.2.2.0/24", "prohibit 10.2.3.0/24", "prohibit fd02:3::/32"):
        ip(f"route add {route}", pid=pid)
    for route in ("unreachable 10.3.2.0/24", "prohibit 10.3.3.0/24", "blackhole 10.3.4.0/24"):
        ip(f"route add {route}")


async def main():
    hosts = ["10.2.1.1", "10.2.2.1", "10.2.3.1", "[fd02:1::1]", "[fd02:3::1]"]
    hosts += ["10.3.1.1", "10.3.2.1", "10.3.3.1", "10.3.4.1", "[fd03::1]"]
    over_tcp = DnsModule(query_name="a.test", transport="tcp")
    kinds = ((tcp_kind(), TcpModule()), (tls.KIND, TlsModule()), (ssh.KIND, SshModule()), (dns.KIND, over_tcp))
    with router() as pid:
        wire(pid)
        return {kind.name: {host: await said(kind, module, host) for host in hosts} for kind, module in kinds}


async def said(kind, module, host):
    async with kind.build(module) as collector:
        (reading,) = await collector.collect(Target(id=host, address=f"{host}:80", timeout_seconds=10.0))
    return [reading.outcome, reading.reason, reading.detail.partition("(")[2].partition(")")[0]]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
