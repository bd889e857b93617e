"""The network of a plan, built: links, routes, whole prefixes made local; and each line cut and mended.

A line is cut by setting both its ends down, as routers see a cut fibre: both take the other line by the next best
route at once, as static routes with a reserve do. A far address is reached over its own line alone, both ways: the
place answers from it by a table of its own.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from agent.lab.netns.commands import ip, ip_batch
from agent.lab.netns.namespaces import Namespaces
from agent.lab.netns.needs import NetnsError, need_netns
from agent.lab.netns.plan import CORE, Joint, NetPlan, PlacePlan

VANTAGE = "vantage"
UPLINK = "@uplink"
"""The agent's own uplink among the lines; no id of a register begins so."""

OWN = "uplink"
"""The device at both ends of it."""

MAIN_METRIC, METRIC_STEP = 100, 100
LINE_TABLE = 100
"""The routing table of a place's first line; the next ones follow."""

LOCAL_RULE = 30_000
"""Where the core looks up what is its own."""


class End(NamedTuple):
    """One end of a line as built: where it is, its device, and the routes that go when it goes down."""

    namespace: str
    device: str
    routes: tuple[str, ...]


class Network:
    """Namespaces and links of one plan, while they stand."""

    def __init__(self, plan: NetPlan, names: Namespaces) -> None:
        self.plan = plan
        self._names = names
        self._places = {CORE: CORE} | {place.id: f"p{number}" for number, place in enumerate(plan.places, 1)}
        self._links: dict[str, tuple[End, End]] = {}
        self._down: set[str] = set()

    @property
    def vantage(self) -> str:
        """The namespace that the agent is started in."""
        return self._names.name(VANTAGE)

    @property
    def core(self) -> str:
        """The namespace of the core's router, and of what stands at the core."""
        return self.place(CORE)

    def place(self, id_: str) -> str:
        """The namespace of a place. Errors: NetnsError for an unknown one."""
        if id_ not in self._places:
            raise NetnsError(f"lab: no place {id_}; there are {_some(self._places)}")
        return self._names.name(self._places[id_])

    def ends(self, line: str) -> tuple[End, End]:
        """A line as built, the near end first. Errors: NetnsError for an unknown one."""
        if line not in self._links:
            raise NetnsError(f"lab: no line {line}; there are {_some(self._links)}")
        return self._links[line]

    def has_line(self, id_: str) -> bool:
        """Whether it is one of the lines, the agent's own among them."""
        return id_ in self._links

    def build(self) -> None:
        """Make it all. Errors: NetnsError."""
        self.plan.check()
        self._names.add(VANTAGE, routes=False)
        for name in self._places.values():
            self._names.add(name)
        _make_local(self.core, self.plan.prefixes)
        _leave_room_before_local(self.core)
        self._build_uplink()
        for place in self.plan.places:
            self._build_place(place)

    def names(self, addresses: Mapping[str, Iterable[str]]) -> None:
        """What the agent's own resolver says, for what is started at the vantage after this."""
        lines = [f"{address} {name}" for name, of_it in addresses.items() for address in of_it]
        self._names.give(VANTAGE, "hosts", "\n".join(["127.0.0.1 localhost", "::1 localhost", *lines]) + "\n")

    def cut(self, line: str) -> None:
        """The line is dead; cutting it again changes nothing. Errors: NetnsError."""
        for end in self._ends_to_set(line):
            ip("-n", end.namespace, "link", "set", end.device, "down")
        self._down.add(line)

    def mend(self, line: str) -> None:
        """The line is back, with the routes that its ends forgot, the near end's last. Errors: NetnsError."""
        for end in self._ends_to_set(line):
            ip("-n", end.namespace, "link", "set", end.device, "up")
        for end in reversed(self.ends(line)):
            ip_batch(end.namespace, end.routes)
        self._down.discard(line)

    def cut_lines(self) -> frozenset[str]:
        """Lines that are cut now."""
        return frozenset(self._down)

    def _ends_to_set(self, line: str) -> tuple[End, ...]:
        """Of the agent's own uplink the core's end alone: a host keeps its routes when its cable is dead."""
        return self.ends(line)[:1] if line == UPLINK else self.ends(line)

    def _build_uplink(self) -> None:
        joints = self.plan.uplink
        self._join(self.core, OWN, self.vantage, OWN, joints)
        back = (*_peers(OWN, joints), *(_back(joint, OWN) for joint in joints))
        self._routed(UPLINK, End(self.core, OWN, _routes(OWN, joints, (), 0)), End(self.vantage, OWN, back))

    def _build_place(self, place: PlacePlan) -> None:
        name, parent = self.place(place.id), self.place(place.parent)
        for number, line in enumerate(place.lines):
            near, far = f"{self._places[place.id]}l{number + 1}", f"l{number + 1}"
            metric = MAIN_METRIC + number * METRIC_STEP
            self._join(parent, near, name, far, line.joints)
            there = _routes(near, line.joints, self.plan.within[place.id], metric)
            back = (*_peers(far, line.joints), *_ways_back(far, line.joints, number))
            self._routed(line.id, End(parent, near, there), End(name, far, back))
            for joint in line.joints:
                _answer_over_it(name, joint, number)
        _make_local(name, place.prefixes)

    def _routed(self, line: str, near: End, far: End) -> None:
        self._links[line] = (near, far)
        for end in (near, far):
            ip_batch(end.namespace, end.routes)

    def _join(self, here: str, near: str, there: str, far: str, joints: tuple[Joint, ...]) -> None:
        """A pair of devices between two namespaces, with their addresses."""
        addresses = [f"addr add {joint.near}/{joint.length} dev {near}" for joint in joints]
        ip_batch(here, [f"link add {near} type veth peer name {far} netns {there}", *addresses, f"link set {near} up"])
        addresses = [f"addr add {joint.far}/{joint.length} dev {far}" for joint in joints]
        ip_batch(there, [*addresses, f"link set {far} up"])


def _answer_over_it(name: str, joint: Joint, number: int) -> None:
    """From the far address the way back is its own line's table."""
    # without the second rule a line that is down would be answered for by the other one
    words = (f"lookup {LINE_TABLE + number} pref 1000", "unreachable pref 1001")
    ip_batch(name, [f"rule add from {joint.far} {each}" for each in words], version=joint.version)


def _peers(device: str, joints: tuple[Joint, ...]) -> tuple[str, ...]:
    return tuple(f"route replace {joint.near}/{joint.length} dev {device}" for joint in joints)


def _ways_back(device: str, joints: tuple[Joint, ...], number: int) -> Iterator[str]:
    """By metric for all, and by a table of its own for what answers from the far address."""
    for joint in joints:
        back = _back(joint, device)
        yield f"{back} metric {MAIN_METRIC + number * METRIC_STEP}"
        yield f"{back} table {LINE_TABLE + number}"


def _routes(device: str, joints: tuple[Joint, ...], prefixes: tuple[str, ...], metric: int) -> tuple[str, ...]:
    """What the near end reaches over a device: the far end, and behind it each prefix of that version."""
    ends = [f"route replace {joint.far}/{joint.length} dev {device}" for joint in joints]
    behind = [
        f"route replace {prefix} via {joint.far} dev {device} metric {metric}"
        for joint in joints
        for prefix in prefixes
        if ipaddress.ip_network(prefix).version == joint.version
    ]
    return (*ends, *behind)


def _back(joint: Joint, device: str) -> str:
    return f"route replace {joint.default} via {joint.near} dev {device}"


def _leave_room_before_local(name: str) -> None:
    """What is the core's own can be sent on a detour too: rules up to LOCAL_RULE come before what is local."""
    for version in (4, 6):
        ip_batch(name, [f"rule add lookup local pref {LOCAL_RULE}", "rule del pref 0"], version=version)


def _make_local(name: str, prefixes: tuple[str, ...]) -> None:
    """Every address of a prefix is this namespace's own: one listener answers for thousands."""
    if prefixes:
        ip_batch(name, [f"route add local {prefix} dev lo" for prefix in prefixes])


def _some(names: Iterable[str]) -> str:
    """The first of them, for a message."""
    found = list(names)
    return ", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")


@contextmanager
def network(plan: NetPlan) -> Iterator[Network]:
    """A network that stands within `with` and is gone after it. Errors: NetnsError naming what the host lacks."""
    need_netns()
    with Namespaces() as names:
        made = Network(plan, names)
        made.build()
        yield made
