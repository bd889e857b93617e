"""The lab's city in network namespaces of its own: routers, lines and whole prefixes, and how they break."""

from agent.lab.netns.faults import Fault, Faults
from agent.lab.netns.namespaces import Namespaces, sweep
from agent.lab.netns.needs import NetnsError, need_netns
from agent.lab.netns.network import UPLINK, Network, network
from agent.lab.netns.plan import CORE, Joint, LinePlan, NetPlan, PlacePlan

__all__ = [
    "CORE",
    "UPLINK",
    "Fault",
    "Faults",
    "Joint",
    "LinePlan",
    "Namespaces",
    "NetPlan",
    "NetnsError",
    "Network",
    "PlacePlan",
    "need_netns",
    "network",
    "sweep",
]
