"""Which world a form is."""

from agent.lab.addresses import Plan
from agent.lab.city import City
from agent.lab.loopback import LoopbackWorld
from agent.lab.netns.world import NetnsWorld
from agent.lab.peers.certificates import Authority
from agent.lab.peers.staff import Clocks
from agent.lab.world import World


def make_world(city: City, plan: Plan, ca: Authority, clocks: Clocks) -> World:
    """The world of a plan's form, not started yet. Errors: NetnsError where this host does not let us."""
    if plan.form == "loopback":
        return LoopbackWorld(city, plan, ca, clocks)
    return NetnsWorld(city, plan, ca, clocks)
