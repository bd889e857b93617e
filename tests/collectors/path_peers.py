"""A chain of routers in network namespaces: vantage, r1, r2, r3, target; both IP versions."""

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

from tests.collectors.icmp_peers import ip, namespace, run_inside
from tests.requirements import need_program, need_root

ROUTER = (
    "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratemask=2",
    "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.icmp_errors_use_inbound_ifaddr=1",
)  # fmt: skip

TARGET_V4, TARGET_V6 = "10.70.4.2", "fd70:4::2"
HOPS_V4 = ["10.70.1.2", "10.70.2.2", "10.70.3.2", TARGET_V4]
HOPS_V6 = ["fd70:1::2", "fd70:2::2", "fd70:3::2", TARGET_V6]


class Chain(NamedTuple):
    """Names of the namespaces, nearest first; link n joins `names[n - 1]` and `names[n]`."""

    names: list[str]

    @property
    def vantage(self) -> str:
        return self.names[0]

    @property
    def target(self) -> str:
        return self.names[-1]

    @contextlib.contextmanager
    def cut(self, link: int) -> Iterator[None]:
        """The far end of a link is down: the near router still sends, and nobody is there."""
        ip("-n", self.names[link], "link", "set", f"near{link}", "down")
        try:
            yield
        finally:
            ip("-n", self.names[link], "link", "set", f"near{link}", "up")
            self.route(link)

    def route(self, link: int) -> None:
        """The way back, which the kernel forgot with the interface."""
        name = self.names[link]
        for each in range(1, link):
            ip("-n", name, "route", "replace", f"10.70.{each}.0/24", "via", f"10.70.{link}.1")
        for version, address in (("-4", f"10.70.{link}.2/24"), ("-6", f"fd70:{link}::2/64")):
            ip("-n", name, version, "addr", "replace", address, "dev", f"near{link}", "nodad", ok=False)
        for each in range(1, link):
            ip("-n", name, "-6", "route", "replace", f"fd70:{each}::/64", "via", f"fd70:{link}::1")

    @contextlib.contextmanager
    def firewall(self, router: int, verdict: str) -> Iterator[None]:
        """What one router does with everything that it would pass on to the target."""
        nft = need_program("nft")
        rules = (
            "add table inet wall", "add chain inet wall pass { type filter hook forward priority 0 ; }",
            f"add rule inet wall pass ip daddr 10.70.4.0/24 {verdict}",
            f"add rule inet wall pass ip6 daddr fd70:4::/64 {verdict}",
        )  # fmt: skip
        for rule in rules:
            run_inside(self.names[router], nft, rule)
        try:
            yield
        finally:
            run_inside(self.names[router], nft, "delete table inet wall")


@contextlib.contextmanager
def chain() -> Iterator[Chain]:
    """Vantage, three routers and a target; every link n is 10.70.n.0/24 and fd70:n::/64, .1 near and .2 far."""
    need_root()
    with ExitStack() as stack:
        names = [stack.enter_context(namespace(*ROUTER)) for _ in range(5)]
        for link in range(1, 5):
            near, far = names[link - 1], names[link]
            ip("-n", near, "link", "add", f"far{link}", "type", "veth", "peer", "name", f"near{link}", "netns", far)
            for name, device, host in ((near, f"far{link}", 1), (far, f"near{link}", 2)):
                ip("-n", name, "addr", "add", f"10.70.{link}.{host}/24", "dev", device)
                ip("-n", name, "addr", "add", f"fd70:{link}::{host}/64", "dev", device, "nodad")
                ip("-n", name, "link", "set", device, "up")
        for place, name in enumerate(names):
            for link in range(1, 5):
                way = place + 1 if link > place + 1 else place if link < place else None
                if way is not None:
                    host = 2 if way > place else 1
                    ip("-n", name, "route", "add", f"10.70.{link}.0/24", "via", f"10.70.{way}.{host}")
                    ip("-n", name, "-6", "route", "add", f"fd70:{link}::/64", "via", f"fd70:{way}::{host}")
        yield Chain(names)
