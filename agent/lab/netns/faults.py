"""What breaks besides cut lines: silence, loss, one IP version, slowness. Each can be undone by itself.

All stand on the way from the agent: at the near end of the line they are about, or at the core for a prefix. Loss is
counted, not drawn: of each twenty packets exactly so many go, evenly spread.
"""

import itertools
from typing import NamedTuple

from agent.lab.netns.commands import ip_batch, nft
from agent.lab.netns.delay import Delay
from agent.lab.netns.needs import NetnsError
from agent.lab.netns.network import OWN, Network
from agent.lab.netns.plan import network_of

LOSS_STEPS = 20
"""Loss comes in steps of one packet in so many."""


class Fault(NamedTuple):
    """Something that was done and can be undone: a table of a firewall, or a detour through a delay."""

    number: int
    namespace: str
    slow: bool = False


class Detour(NamedTuple):
    """What takes packets to a delay: the device, and the rule that leads there."""

    delay: Delay
    rule: str
    version: int


class Faults:
    """Makes and undoes them in one network."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._numbers = itertools.count(1)
        self._detours: dict[int, Detour] = {}

    def silence(self, what: str) -> Fault:
        """Nothing gets through to a line or a prefix, and nobody says so. Errors: NetnsError."""
        return self._filter(what, "drop")

    def lose(self, what: str, ratio: float) -> Fault:
        """A share of the packets to a line or a prefix is lost. Errors: NetnsError."""
        lost = round(ratio * LOSS_STEPS)
        if not 0 < lost <= LOSS_STEPS:
            raise NetnsError(f"lab: loss {ratio:g}: wanted a share from {1 / LOSS_STEPS:g} to 1, such as 0.6")
        # spread as evenly as it goes: of any run of packets the share is lost, give or take one
        spread = [step for step in range(LOSS_STEPS) if (step + 1) * lost // LOSS_STEPS > step * lost // LOSS_STEPS]
        return self._filter(what, f"numgen inc mod {LOSS_STEPS} {{ {', '.join(map(str, spread))} }} drop")

    def drop_version(self, what: str, version: int) -> Fault:
        """One IP version gets through no more, on a line. Errors: NetnsError."""
        return self._filter(what, f"meta nfproto {'ipv6' if version == 6 else 'ipv4'} drop")

    def slow(self, prefix: str, seconds: float) -> Fault:
        """What goes to a prefix arrives so much later; needs a running loop. Errors: NetnsError."""
        net, core, number = network_of(prefix), self._network.core, next(self._numbers)
        device, table = f"slow{number}", 1000 + number
        delay = Delay(core, device, seconds)
        ip_batch(core, [f"link set {device} up", f"route add {net} dev {device} table {table}"])
        rule = f"iif {OWN} to {net} lookup {table} pref {table}"
        ip_batch(core, [f"rule add {rule}"], version=net.version)
        self._detours[number] = Detour(delay, rule, net.version)
        return Fault(number, core, slow=True)

    def undo(self, fault: Fault) -> None:
        """As it was before. Errors: NetnsError where it was undone already."""
        if not fault.slow:
            nft(fault.namespace, f"delete table inet lab{fault.number}\n")
            return
        detour = self._detours.pop(fault.number, None)
        if detour is None:
            raise NetnsError(f"lab: slow{fault.number}: is not there any more; it was undone before")
        ip_batch(fault.namespace, [f"rule del {detour.rule}"], version=detour.version)
        detour.delay.close()

    def close(self) -> None:
        """End what still holds packets back; the rest goes with the namespaces."""
        for detour in self._detours.values():
            detour.delay.close()
        self._detours.clear()

    def _filter(self, what: str, verdict: str) -> Fault:
        """A line by the device it leaves on; a prefix by its addresses, on the way in, wherever it lives."""
        if self._network.has_line(what):
            near, _ = self._network.ends(what)
            namespace, hook, match = near.namespace, "postrouting", f'oifname "{near.device}"'
        else:
            net = network_of(what)
            version = "ip6" if net.version == 6 else "ip"
            namespace, hook, match = self._network.core, "prerouting", f'iifname "{OWN}" {version} daddr {net}'
        fault = Fault(next(self._numbers), namespace)
        chain = f"type filter hook {hook} priority 0; policy accept\n{match} {verdict}"
        nft(namespace, f"table inet lab{fault.number} {{\nchain on_the_way {{\n{chain}\n}}\n}}\n")
        return fault
