"""What breaks besides cut lines: silence, loss, one IP version, slowness. Each can be undone by itself.

All stand on the way from the agent: at the near end of the line they are about, or at the core for a prefix. Loss is
counted, not drawn: of each twenty packets exactly so many go, evenly spread.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.lab.netns.commands import ip_batch, nft
from agent.lab.netns.delay import Delay
from agent.lab.netns.needs import NetnsError
from agent.lab.netns.network import OWN, Network
from agent.lab.netns.plan import network_of

LOSS_STEPS = 20
"""Loss comes in steps of one packet in so many."""

SLOW_TABLE = 1000
"""The routing table of the first slow thing; the next ones follow."""


class Fault(NamedTuple):
    """Something that was done and can be undone: a table of a firewall, or a detour through a delay."""

    number: int
    namespaces: tuple[str, ...]
    slow: bool = False


class Detour(NamedTuple):
    """What takes packets to a delay: the device, and the rule that leads there."""

    delay: Delay
    rule: str
    versions: tuple[int, ...]


class Faults:
    """Makes and undoes them in one network."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._numbers = itertools.count(1)
        self._detours: dict[int, Detour] = {}

    def silence(self, *where: str) -> Fault:
        """Nothing gets through to lines or prefixes, and nobody says so. Errors: NetnsError."""
        return self._filter(where, "drop")

    def lose(self, *where: str, ratio: float) -> Fault:
        """A share of the packets to lines or prefixes is lost. Errors: NetnsError."""
        lost = round(ratio * LOSS_STEPS)
        if not 0 < lost <= LOSS_STEPS:
            raise NetnsError(f"lab: loss {ratio:g}: wanted a share from {1 / LOSS_STEPS:g} to 1, such as 0.6")
        # spread as evenly as it goes: of any run of packets the share is lost, give or take one
        spread = [step for step in range(LOSS_STEPS) if (step + 1) * lost // LOSS_STEPS > step * lost // LOSS_STEPS]
        return self._filter(where, f"numgen inc mod {LOSS_STEPS} {{ {', '.join(map(str, spread))} }} drop")

    def drop_version(self, *where: str, version: int) -> Fault:
        """One IP version gets through no more, on lines. Errors: NetnsError."""
        return self._filter(where, f"meta nfproto {'ipv6' if version == 6 else 'ipv4'} drop")

    def slow(self, *prefixes: str, seconds: float) -> Fault:
        """What goes to prefixes arrives so much later; needs a running loop. Errors: NetnsError."""
        nets = [network_of(prefix) for prefix in prefixes]
        core, number = self._network.core, next(self._numbers)
        device, table = f"slow{number}", SLOW_TABLE + number
        delay = Delay(core, device, seconds)
        routes = [f"route add {net} dev {device} table {table}" for net in nets]
        ip_batch(core, [f"link set {device} up", *routes])
        rule, versions = f"iif {OWN} lookup {table} pref {number}", sorted({net.version for net in nets})
        for version in versions:
            ip_batch(core, [f"rule add {rule}"], version=version)
        self._detours[number] = Detour(delay, rule, tuple(versions))
        return Fault(number, (core,), slow=True)

    def undo(self, fault: Fault) -> None:
        """As it was before. Errors: NetnsError where it was undone already."""
        if not fault.slow:
            for namespace in fault.namespaces:
                nft(namespace, f"delete table inet lab{fault.number}\n")
            return
        detour = self._detours.pop(fault.number, None)
        if detour is None:
            raise NetnsError(f"lab: slow{fault.number}: is not there any more; it was undone before")
        for version in detour.versions:
            ip_batch(self._network.core, [f"rule del {detour.rule}"], version=version)
        detour.delay.close()

    def close(self) -> None:
        """End what still holds packets back; the rest goes with the namespaces."""
        for detour in self._detours.values():
            detour.delay.close()
        self._detours.clear()

    def _filter(self, where: Sequence[str], verdict: str) -> Fault:
        """In each namespace that they are about one table, to be deleted as a whole."""
        chains: dict[tuple[str, str], list[str]] = {}
        for place, match in self._matches(where):
            chains.setdefault(place, []).append(f"{match} {verdict}")
        fault = Fault(next(self._numbers), tuple(dict.fromkeys(namespace for namespace, _ in chains)))
        for (namespace, hook), rules in chains.items():
            chain = "\n".join([f"type filter hook {hook} priority 0; policy accept", *rules])
            nft(namespace, f"table inet lab{fault.number} {{\nchain {hook}_lab {{\n{chain}\n}}\n}}\n")
        return fault

    def _matches(self, where: Sequence[str]) -> Iterator[tuple[tuple[str, str], str]]:
        """A line by the device it leaves on; prefixes by their addresses, on the way in, wherever they live."""
        nets: dict[int, list[str]] = {}
        for what in where:
            if self._network.has_line(what):
                near, _ = self._network.ends(what)
                yield (near.namespace, "postrouting"), f'oifname "{near.device}"'
            else:
                net = network_of(what)
                nets.setdefault(net.version, []).append(str(net))
        for version, found in nets.items():
            name = "ip6" if version == 6 else "ip"
            match = f'iifname "{OWN}" {name} daddr {{ {", ".join(found)} }}'
            yield (self._network.core, "prerouting"), match
