"""A small network of namespaces for the tests, and how they look at it."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from agent.lab.netns import Joint, LinePlan, NetPlan, Network, PlacePlan, need_netns, network
from agent.lab.netns.namespaces import inside
from tests.requirements import need_program, need_root

UPLINK = (Joint("10.40.0.1", "10.40.0.2"), Joint("fd40::1", "fd40::2"))


def line(id_: str, number: int) -> LinePlan:
    return LinePlan(
        id_, (Joint(f"10.41.{number}.1", f"10.41.{number}.2"), Joint(f"fd41:{number}::1", f"fd41:{number}::2"))
    )


PLAN = NetPlan(
    UPLINK,
    (
        PlacePlan("ziyang", (line("zy-1", 1), line("zy-2", 2)), ("10.51.0.0/16", "fd51::/32")),
        PlacePlan("langao", (line("lg-1", 3),), ("10.52.0.0/16", "fd52::/32")),
        PlacePlan("huangu", (line("hg-1", 4), line("hg-2", 5)), ("10.53.0.0/16", "fd53::/32"), parent="ziyang"),
    ),
    ("10.50.0.0/24", "fd50::/64"),
)


def need_lab() -> None:
    need_root()
    for name in ("ip", "nft"):
        need_program(name)
    need_netns()


@contextmanager
def built(plan: NetPlan = PLAN) -> Iterator[Network]:
    need_lab()
    with network(plan) as made:
        yield made


def answers(net: Network, address: str, port: int = 7777, timeout: float = 1.0) -> str:
    """What a connection from the vantage meets: ok, refused, unreachable, silence."""
    with inside(net.vantage):
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    with made:
        made.settimeout(timeout)
        try:
            made.connect((address, port))
        except TimeoutError:
            return "silence"
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "unreachable"
        return "ok"


@contextmanager
def listening(namespace: str, port: int = 7777) -> Iterator[socket.socket]:
    """One listener for every address of a namespace, of both versions."""
    with inside(namespace):
        made = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
    with made:
        yield made


def namespaces() -> list[str]:
    said = subprocess.run([need_program("ip"), "netns", "list"], capture_output=True, text=True, check=True).stdout
    return [each.split()[0] for each in said.splitlines() if each.strip()]
